#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: listeners_info
version_added: "0.1.0"
short_description: See which ports of a host listen, and which program holds them
description:
  - Compares the ports that ought to listen on the host, TCP and UDP, with those that do, by the kernel's own tables. No
    packet is sent, so that a packet filter makes no difference.
  - A socket on the loopback address alone does not count, for no other host can reach it.
  - It does not fail when something does not listen; RV(deaf) says so.
options:
  ports:
    description:
      - The ports that ought to listen. The filter P(faxnet.deploy.listening_ports#filter) gives those of a host's
        services.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What it is, for people.
        type: str
      transport:
        description: The transport protocol.
        type: str
        choices: [tcp, udp]
        default: tcp
      port:
        description: The port number, 1 to 65535.
        type: int
        required: true
      service:
        description: The service that it belongs to; returned as it is.
        type: str
      exchange:
        description: The service's exchange that it belongs to; returned as it is.
        type: str
  wait:
    description:
      - Seconds to wait until all of them listen, for a service that has just been started.
    type: float
    default: 0.0
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads_on_host
attributes:
  platform:
    platforms: linux
notes:
  - The names of programs can be read by root alone, unless they are the user's own.
seealso:
  - plugin: faxnet.deploy.listening_ports
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: See whether the mail server's ports listen
  faxnet.deploy.listeners_info:
    ports:
      - {name: SMTP, port: 25}
      - {name: log items, port: 44337, transport: udp}
    wait: 20
  register: mail
  failed_when: mail.deaf | length > 0
  become: true
"""

RETURN = r"""
listening:
  description: Those that listen.
  returned: success
  type: list
  elements: dict
  contains:
    name: &name
      description: What it is, as given.
      returned: always
      type: str
      sample: SMTP
    transport: &transport
      description: The transport protocol.
      returned: always
      type: str
      sample: tcp
    port: &port
      description: The port number.
      returned: always
      type: int
      sample: 25
    service: &service
      description: The service that it belongs to, as given.
      returned: always
      type: str
      sample: kerio_connect
    exchange: &exchange
      description: The service's exchange that it belongs to, as given.
      returned: always
      type: str
      sample: smtp
    addresses:
      description: The host's addresses that it listens on.
      returned: always
      type: list
      elements: str
      sample: ["::"]
    program: &program
      description: The program that holds it, empty where there is none or it cannot be read.
      returned: always
      type: str
      sample: mailserver
    unit: &unit
      description: The program's systemd unit, empty where there is none or it cannot be read.
      returned: always
      type: str
      sample: kerio-connect.service
    text:
      description: All of it in words.
      returned: always
      type: str
      sample: port 25/tcp (SMTP) is held by mailserver (kerio-connect.service)
deaf:
  description: Those that do not listen, or on the loopback address alone.
  returned: success
  type: list
  elements: dict
  contains:
    name: *name
    transport: *transport
    port: *port
    service: *service
    exchange: *exchange
    problem:
      description: What is the matter.
      returned: always
      type: str
      sample: nothing listens
    program: *program
    unit: *unit
    text:
      description: All of it in words.
      returned: always
      type: str
      sample: "port 25/tcp (SMTP): nothing listens"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._listening.wanted import wait_for


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "ports": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str"},
                    "transport": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
                    "port": {"type": "int", "required": True},
                    "service": {"type": "str"},
                    "exchange": {"type": "str"},
                },
            },
            "wait": {"type": "float", "default": 0.0},
        },
        supports_check_mode=True,
    )
    wrong = [str(each["port"]) for each in module.params["ports"] if not 1 <= each["port"] <= 65535]
    if wrong:
        module.fail_json(msg=f"no port has the number {', '.join(wrong)}: give one from 1 to 65535")
    listening, deaf = wait_for(module.params["ports"], module.params["wait"])
    module.exit_json(changed=False, listening=listening, deaf=deaf)


if __name__ == "__main__":
    main()
