#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: program_info
version_added: "0.1.0"
short_description: See whether a running program is the one that is installed, with its options
description:
  - Finds the processes of a program and compares them with what is on the disk. A run that failed between an upgrade
    and the restart leaves the old process, and the next run, which finds everything in its place, would not notice.
  - A process is old (RV(stale)) if the program's file was replaced after it began, if one of O(files) was, or if it
    lacks O(options).
  - It tells which of them are not in O(unit), so that they would not be stopped or started with it.
options:
  program:
    description: The program's file, a whole path. An interpreter that was given it counts as the program.
    type: path
    required: true
  unit:
    description: The systemd unit that ought to run it.
    type: str
    required: true
  files:
    description: Files that it reads when it begins.
    type: list
    elements: path
    default: []
  options:
    description: Command line options that it ought to have, one behind the other.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads_on_host
attributes:
  platform:
    platforms: linux
seealso:
  - module: faxnet.deploy.listeners_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: See whether the mail server is the one that was installed
  faxnet.deploy.program_info:
    program: /opt/kerio/mailserver/mailserver
    unit: kerio-connect.service
  register: mail
  become: true

- name: Start it again if it is not
  ansible.builtin.systemd_service:
    name: kerio-connect.service
    state: restarted
  when: mail.stale | length > 0
  become: true
"""

RETURN = r"""
processes:
  description: The program's processes, the oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    pid:
      description: Its number.
      returned: always
      type: int
      sample: 812
    unit:
      description: Its systemd unit, empty where it has none.
      returned: always
      type: str
      sample: kerio-connect.service
    arguments:
      description: Its command line.
      returned: always
      type: list
      elements: str
      sample: [/opt/kerio/mailserver/mailserver]
stale:
  description: Why the oldest process in the unit has to be started again; empty where it has not, or where none runs.
  returned: success
  type: list
  elements: str
  sample: [/opt/kerio/mailserver/mailserver is another file now]
outside:
  description: Numbers of the processes that are not in the unit.
  returned: success
  type: list
  elements: int
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._listening.processes import lacks, processes_of


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "program": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "options": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    options = module.params["options"]
    found = processes_of(module.params["program"], module.params["files"])
    inside = [process for process in found if process.unit == module.params["unit"]]
    stale = list(inside[0].reasons) if inside else []
    if inside and lacks(inside[0].arguments, options):
        stale.append(f"it runs without {' '.join(options)}")
    module.exit_json(
        changed=False,
        processes=[{"pid": process.pid, "unit": process.unit, "arguments": process.arguments} for process in found],
        stale=stale,
        outside=[process.pid for process in found if process not in inside],
    )


if __name__ == "__main__":
    main()
