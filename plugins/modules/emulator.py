# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: emulator
short_description: Put the emulator of a host's fax software in place
version_added: "0.1.0"
description:
  - Writes the emulator, what the plan says that this host offers and uses, and a service of systemd that runs it. Role
    P(faxnet.deploy.emulator#role) also runs it, and lets what runs take up what changed.
  - The emulator is standard Python, as one file with the same bytes wherever it is made. Before anything is written the
    host's interpreter runs it, and it checks its settings.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes
options:
  state:
    description:
      - V(present) writes the files. It starts nothing.
      - V(absent) stops the service if it is there, and removes the files. The host need not be in the plan.
    type: str
    choices: [present, absent]
    default: present
  python:
    description: The Python interpreter on the host that is to run it, 3.9 or later.
    type: str
    default: /usr/bin/python3
  timing:
    description: How patient it is; the keys are those of the role's C(emulator_timing).
    type: dict
    default: {}
  broadcast:
    description:
      - The UDP port by which clients look for servers, for each service, as in the role's C(emulator_broadcast).
    type: dict
    default: {}
  program:
    description: The emulator's own file on the host.
    type: str
    default: /usr/local/lib/faxnet/emulator.pyz
  settings:
    description: The file on the host with what it is to do there.
    type: str
    default: /etc/faxnet/emulator.json
  service:
    description: The unit file on the host; its name is the service's.
    type: str
    default: /etc/systemd/system/faxnet-emulator.service
requirements:
  - netaddr and PyYAML on the controller
attributes:
  check_mode:
    support: full
    details:
      - The emulator checks its settings in check mode, too.
  diff_mode:
    support: full
    details:
      - Of the emulator itself the digest.
  action:
    support: full
  bypass_host_loop:
    support: none
  connection:
    support: full
    details:
      - One module call.
seealso:
  - module: faxnet.deploy.emulator_info
  - module: faxnet.deploy.emulator_notify
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Put the emulator in place, and run it
  ansible.builtin.include_role:
    name: faxnet.deploy.emulator

- name: Write its files alone, with a patience of two seconds
  faxnet.deploy.emulator:
    timing:
      connect: 2
      answer: 2
  become: true

- name: Remove it
  faxnet.deploy.emulator:
    state: absent
  become: true
"""

RETURN = r"""
written:
  description: >-
    Which files were not as they are to be: C(program), C(settings), C(service). After a change of the first or the last
    the service needs a restart, and systemd has to read its units; settings are read when it is told to reload.
  returned: success
  type: list
  elements: str
  sample: [settings]
removed:
  description: Which files were there and are not to be.
  returned: success
  type: list
  elements: str
  sample: []
serves:
  description: Whether the host offers anything. Servers take up a change before clients do.
  returned: when O(state=present)
  type: bool
  sample: true
"""
