#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: communigate_network_info
version_added: "0.1.0"
short_description: Read the network settings of a CommuniGate Pro server
description:
  - Reads a server's version, its network address lists, its network, media and resolver settings, and the listeners of
    its modules, over its command line interface (PWD).
  - Nothing is changed. M(faxnet.deploy.communigate_network) changes the lists and settings.
options:
  subjects:
    description: What to read. All of it by default; what the server's version does not know is then in RV(refused).
    type: list
    elements: str
    choices: &subjects
      - lan_ips
      - client_ips
      - nated_ips
      - nat_site_ips
      - debug_ips
      - denied_ips
      - blacklisted_ips
      - white_hole_ips
      - network
      - media
      - resolver
    default: *subjects
  modules:
    description: Modules of the server, such as V(SIP) or V(SMTP), whose listeners are to be read.
    type: list
    elements: str
    default: []
  addresses:
    description: Addresses to ask the server about; it says which of its lists they are in, as it reads them itself.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - faxnet.deploy.communigate
  - faxnet.deploy.attributes.reads_on_host
attributes:
  platform:
    details:
      - The host need not be the server itself.
seealso:
  - module: faxnet.deploy.communigate_network
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Read the server's LANs and where SIP and SMTP listen
  faxnet.deploy.communigate_network_info:
    login: postmaster
    password: "{{ vault_communigate_password }}"
    subjects: [lan_ips, network]
    modules: [SIP, SMTP]
  register: communigate

- name: Show the ports
  ansible.builtin.debug:
    msg: "{{ item.key }} listens on {{ item.value | map(attribute='port') | join(', ') }}"
  loop: "{{ communigate.listeners | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
version:
  description: The server's version in its own words, empty if it does not say.
  returned: success
  type: str
  sample: 6.3.12
grammar:
  description: The grammar that network address lists may be written in for that version.
  returned: success
  type: str
  sample: "5.2"
greeting:
  description: The server's greeting.
  returned: success
  type: str
  sample: fax.example.com CommuniGate Pro PWD Server 6.3.12 ready <1.1381912847@fax.example.com>
lists:
  description: >-
    The lists by option of M(faxnet.deploy.communigate_network), each with its C(text), its C(entries) (C(line),
    C(value), C(excluded), C(first), C(last), C(comment)), and the C(problems) of lines that can't be read.
  returned: success
  type: dict
  sample:
    lan_ips:
      text: "10.0.0.0-10.0.255.255 ; office"
      entries:
        - line: 1
          value: 10.0.0.0-10.0.255.255
          excluded: false
          first: 10.0.0.0
          last: 10.0.255.255
          comment: office
      problems: []
settings:
  description: The dictionaries by option of M(faxnet.deploy.communigate_network), with the server's own keys.
  returned: success
  type: dict
  sample: {network: {}}
listeners:
  description: >-
    The listeners by module. Each has the C(port) (V(null) if the server names none), C(under) which of the module's
    settings it stood, and its own C(settings).
  returned: success
  type: dict
  sample:
    SIP:
      - under: Listener
        port: 5060
        settings: {Port: 5060}
ip_states:
  description: What the server says of each of the O(addresses).
  returned: success
  type: dict
  sample: {10.0.1.12: LAN}
refused:
  description: What the server would not tell, with its own words.
  returned: success
  type: dict
  sample: {nat_site_ips: 500 Unknown command}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.facts import SUBJECTS, gathered
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.network import (
    SettingsError,
    connection_spec,
    readable_password,
    target_of,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import PwdError, Session


def main() -> None:
    spec = connection_spec()
    spec.update(
        subjects={"type": "list", "elements": "str", "choices": list(SUBJECTS), "default": list(SUBJECTS)},
        modules={"type": "list", "elements": "str", "default": []},
        addresses={"type": "list", "elements": "str", "default": []},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    try:
        target = target_of(params)
        warning = readable_password(target)
        if warning:
            module.warn(warning)
        with Session(target) as session:
            found = gathered(session, params["subjects"], params["modules"], params["addresses"])
    except (PwdError, SettingsError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
