#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fax_send
short_description: Hand a test page to a HylaFAX server
version_added: "0.1.0"
description:
  - Draws a page with a mark of its own, large black and white cells that a received picture can be told by, and hands
    it to a HylaFAX server as its clients do, from the host that the task runs on.
  - What it returns says that the server took the page, and no more. Whether it arrived says
    M(faxnet.deploy.hylafax_info) on the server that it was sent to.
  - Where a step fails, it says which one, and whether there was no answer at all, as behind a firewall, or a refusal.
options:
  server:
    description: Address or name of the HylaFAX server.
    type: str
    required: true
  port:
    description: Its control port.
    type: int
    default: 4559
  user:
    description: Who sends.
    type: str
    required: true
  password:
    description: The password that goes with it, where the server asks for one.
    type: str
    default: ""
  number:
    description: What is dialled.
    type: str
    required: true
  passive:
    description: Whether this host opens the data connection (V(true)), or the server does.
    type: bool
    default: false
  words:
    description: Lines for whoever finds the page, printed below the cells.
    type: list
    elements: str
    default: ["Test page of the fax network. Nothing has to be done."]
  timeout:
    description: Seconds to wait for each answer of the server.
    type: float
    default: 20.0
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change without changing it.
    details:
      - Nothing is sent, and nobody is asked.
  diff_mode:
    support: none
    description: Returns in diff mode what changed, or in check mode what would.
seealso:
  - module: faxnet.deploy.hylafax_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Send a test page from this PC to the other office
  faxnet.deploy.fax_send:
    server: 10.1.0.10
    user: canary
    password: "{{ canary_password }}"
    number: "441145550101"
  register: sent
"""

RETURN = r"""
mark:
  description: The page's mark, 16 hexadecimal digits. In check mode it is empty.
  returned: always
  type: str
  sample: 9f86d081884c7d65
job:
  description: The job's number at the server; 0 where it took none.
  returned: always
  type: int
  sample: 12
step:
  description: The step that failed, V(connect), V(login), V(data) or V(job); empty where none did.
  returned: always
  type: str
  sample: data
silent:
  description: Whether the step that failed got no answer at all.
  returned: always
  type: bool
  sample: true
"""

import re
import secrets

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.page import MARK_BITS, postscript
from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.protocol import HandOver, HandOverError, hand_over

_STEPS = {
    "connect": "it is not reached",
    "login": "it does not let this user in",
    "data": "the data connection does not come about",
    "job": "it does not take the job",
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "server": {"type": "str", "required": True},
            "port": {"type": "int", "default": 4559},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "default": "", "no_log": True},
            "number": {"type": "str", "required": True},
            "passive": {"type": "bool", "default": False},
            "words": {
                "type": "list",
                "elements": "str",
                "default": ["Test page of the fax network. Nothing has to be done."],
            },
            "timeout": {"type": "float", "default": 20.0},
        },
        supports_check_mode=True,
    )
    given = module.params
    wrong = [
        f"{name}: {given[name]!r} has characters that the protocol cannot carry"
        for name, pattern in (("user", r"[^\s\"\\]+"), ("number", r"[0-9A-Za-z*#+,.@!-]+"))
        if not re.fullmatch(pattern, given[name])
    ]
    if not 1 <= given["port"] <= 65535:
        wrong.append(f"port: {given['port']} is not a port from 1 to 65535")
    if re.search(r"[\r\n]", given["password"]):
        wrong.append("password: it has a line's end, which the protocol cannot carry")
    if wrong:
        module.fail_json(msg="; ".join(wrong), mark="", job=0, step="", silent=False)
    if module.check_mode:
        module.exit_json(changed=True, mark="", job=0, step="", silent=False)
    mark = secrets.randbits(MARK_BITS)
    way = HandOver(given["server"], given["port"], given["user"], given["password"], given["passive"], given["timeout"])
    told = {"mark": f"{mark:016x}"}
    try:
        job = hand_over(way, given["number"], postscript(mark, tuple(given["words"])).encode("ascii"))
    except HandOverError as problem:
        where = f"{given['server']}, port {given['port']}"
        text = f"The HylaFAX server {where} has no test page: {_STEPS[problem.step]}: {problem}"
        module.fail_json(msg=text, job=0, step=problem.step, silent=problem.silent, **told)
    module.exit_json(changed=True, job=job, step="", silent=False, **told)


if __name__ == "__main__":
    main()
