# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: slice
short_description: Read this host's part of the plan
version_added: "0.1.0"
description:
  - Returns the part of a written plan that concerns the host at hand. It reads that host's own file and nothing else,
    so that a play over thousands of hosts costs each of them the same.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes.reads
options:
  host:
    description: Name of the host in the inventory.
    type: str
    default: "{{ inventory_hostname }}"
  missing:
    description:
      - What to do when the plan holds no part for this host.
      - V(fail) fails, and says how to make a plan.
      - V(empty) returns a slice with no roles, for plays over hosts that may have nothing to do with fax. It still
        fails when there is no plan at all.
    type: str
    choices: [fail, empty]
    default: fail
seealso:
  - module: faxnet.deploy.plan
  - plugin: faxnet.deploy.slice
    plugin_type: lookup
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Read this host's slice
  faxnet.deploy.slice:
  register: mine

- name: Show which ports the fax clients of this host listen on
  ansible.builtin.debug:
    msg: "{{ mine.slice | faxnet.deploy.callback_ranges }}"
"""

RETURN = r"""
directory:
  description: The plan's directory on the controller.
  returned: always
  type: str
  sample: /srv/network/.faxnet/plan
slice:
  description: The host's part of the plan, as documented in the guide to plans.
  returned: always
  type: dict
  sample: {format: 1, host: uk-ts1, site: sheffield, roles: [client], addresses: [10.2.0.10]}
roles:
  description: "Its roles: any of V(router), V(server), V(client), or V(endpoint) for a host that is only guarded."
  returned: always
  type: list
  elements: str
  sample: [client]
groups:
  description:
    - "Names of groups to sort the host into: C(faxnet_planned), one for each role such as C(faxnet_client), and one for
      each service with the host's side of it, such as C(faxnet_netcfax_client). Empty for a host that is not planned."
  returned: always
  type: list
  elements: str
  sample: [faxnet_planned, faxnet_client, faxnet_netcfax_client]
"""
