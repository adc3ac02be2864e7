# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several connections side by side: each call in a process of its own, results in order."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.connections import side_by_side


def answer(number: int) -> dict[str, Any]:
    return {"number": number, "pid": os.getpid()}


def silent() -> dict[str, Any]:
    raise AnsibleConnectionFailure("no route")


def broken() -> dict[str, Any]:
    raise AnsibleError("no such plugin")


def killed() -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def test_results_come_in_order_and_from_processes_of_their_own() -> None:
    said = side_by_side([functools.partial(answer, number) for number in range(25)], at_once=4)
    assert [one["number"] for one in said] == list(range(25))
    assert len({one["pid"] for one in said} | {os.getpid()}) == 26


def test_what_goes_wrong_in_one_is_told_and_harms_no_other() -> None:
    said = side_by_side([silent, functools.partial(answer, 1), broken, killed])
    assert said[0] == {"unreachable": True, "msg": "no route"}
    assert said[1]["number"] == 1
    assert said[2] == {"failed": True, "msg": "no such plugin"}
    assert said[3] == {"failed": True, "msg": "the process that spoke to the host has died"}


def test_a_long_answer_comes_whole() -> None:
    assert side_by_side([lambda: {"text": "x" * 1_000_000}])[0]["text"] == "x" * 1_000_000


def test_so_many_run_at_once_and_no_more(tmp_path: Path) -> None:
    def count(number: int) -> dict[str, Any]:
        mine = tmp_path / str(number)
        mine.touch()
        there = len(list(tmp_path.iterdir()))
        mine.unlink()
        return {"there": there}

    said = side_by_side([functools.partial(count, number) for number in range(20)], at_once=3)
    assert max(one["there"] for one in said) <= 3
