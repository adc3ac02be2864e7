#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hylafax_info
short_description: Look at a HylaFAX server, its modems and the test pages that it received
version_added: "0.1.0"
description:
  - Says whether C(hfaxd) greets, which modems there are and whether a C(faxgetty) answers for each, whether a software
    modem was refused by its exchange, how much room the spool has, what became of a job, and which test pages of
    M(faxnet.deploy.fax_send) arrived.
  - Run it with the rights to read the spool, such as root's. Received faxes are read with the rights of their owner.
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads
options:
  spool:
    description: The spool's folder.
    type: path
    default: /var/spool/hylafax
  address:
    description: Address at which C(hfaxd) should greet.
    type: str
    default: 127.0.0.1
  port:
    description: Its control port.
    type: int
    default: 4559
  job:
    description: Number of a job to look for.
    type: int
  since:
    description:
      - Seconds since 1970 of this host's clock, such as RV(now) of an earlier run. Faxes received later are read.
        Without it none is.
    type: float
  mark:
    description: Wait until a test page with this mark was received. It needs O(since).
    type: str
  patience:
    description: Seconds to wait for it, at most. That it has not come is no error.
    type: float
    default: 0.0
seealso:
  - module: faxnet.deploy.fax_send
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Look at a fax server
  faxnet.deploy.hylafax_info:
  become: true
  register: server

- name: Name modems for which nobody answers
  ansible.builtin.debug:
    msg: "{{ server.modems | rejectattr('answering') | map(attribute='name') }}"
"""

RETURN = r"""
greets:
  description: Whether hfaxd greets.
  returned: always
  type: bool
  sample: true
now:
  description: Seconds since 1970 of this host's clock.
  returned: always
  type: float
  sample: 1796071957.2
free:
  description: Bytes that may still be written to the spool.
  returned: always
  type: int
  sample: 21474836480
modems:
  description:
    - The modems, each with C(name), C(status) as C(faxgetty) says it, C(answering), whether one runs for it, C(there),
      whether its device exists, and of a software modem C(refused), whether its exchange refused it.
  returned: always
  type: list
  elements: dict
  sample: [{name: ttyIAX0, status: Running and idle, answering: true, there: true, refused: false}]
job:
  description: Of the job that was asked for C(state), C(status), C(dials) and C(pages); null where there is none.
  returned: always
  type: dict
  sample: {state: sleeping, status: "Busy signal detected", dials: 1, pages: 0}
received:
  description:
    - Faxes received since then, each with C(file), C(pages), C(failed), the log's own reason, and C(marks), a C(mark)
      and the share C(unlike) of its dots for each test page.
  returned: always
  type: list
  elements: dict
  sample: [{file: recvq/fax000000004.tif, pages: 1, failed: "", marks: [{mark: 9f86d081884c7d65, unlike: 0.0}]}]
picture:
  description: The test page that was waited for as it arrived, a PNG file, encoded by base64; empty without it.
  returned: always
  type: str
  sample: iVBORw0KGgo=
"""

import base64
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax import spool
from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.protocol import listens

_GREETING_SECONDS = 5
_LOOK_SECONDS = 1.0


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "spool": {"type": "path", "default": "/var/spool/hylafax"},
            "address": {"type": "str", "default": "127.0.0.1"},
            "port": {"type": "int", "default": 4559},
            "job": {"type": "int"},
            "since": {"type": "float"},
            "mark": {"type": "str"},
            "patience": {"type": "float", "default": 0.0},
        },
        required_by={"mark": ["since"]},
        supports_check_mode=True,
    )
    given = module.params
    folder = Path(given["spool"])
    if not (folder / "log").is_dir():
        module.fail_json(msg=f"{folder} is no spool of HylaFAX: it has no folder log. Name it with spool.")
    try:
        received = _received(folder, given)
        module.exit_json(
            changed=False,
            greets=listens(given["address"], given["port"], _GREETING_SECONDS),
            now=spool.now(),
            free=spool.free(folder),
            modems=spool.modems(folder),
            job=None if given["job"] is None else spool.job(folder, given["job"]),
            received=received,
            picture=_picture(folder, given["mark"], received),
        )
    except PermissionError as problem:
        module.fail_json(msg=f"{problem.filename} cannot be read: run this task with become: true.")


def _received(folder: Path, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The faxes that were asked for; waits for a page where one is waited for."""
    if given["since"] is None:
        return []
    until = time.monotonic() + given["patience"]
    while True:
        found = spool.received(folder, given["since"])
        there = given["mark"] in [page["mark"] for fax in found for page in fax["marks"]]
        if there or given["mark"] is None or time.monotonic() >= until:
            return found
        time.sleep(_LOOK_SECONDS)


def _picture(folder: Path, mark: str | None, received: list[dict[str, Any]]) -> str:
    """The page that was waited for, as people see it."""
    files = [fax["file"] for fax in received if mark and mark in [page["mark"] for page in fax["marks"]]]
    return base64.b64encode(spool.shown(folder, files[0])).decode("ascii") if files else ""


if __name__ == "__main__":
    main()
