# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client of the emulator costs does not grow with how many there are."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator import cli
from tests.unit.module_utils.emulator_world import async_test, client, instances, notify, running, server, until

#: Nobody loses patience: on a busy machine, with each line counted, an answer may take its time.
_PATIENT = {"connect": 60.0, "answer": 60.0, "keep_alive": 60.0}


class Steps:
    """Counts the lines of the emulator that run, each round of a loop anew: unlike seconds, they are the code's own."""

    def __init__(self) -> None:
        self.count = 0
        self._code = str(Path(cli.__file__).parent)

    def __call__(self, frame: FrameType, event: str, _value: Any) -> Steps | None:
        if not frame.f_code.co_filename.startswith(self._code):
            return None
        self.count += event == "line"
        return self

    @contextlib.contextmanager
    def looked_away(self) -> Iterator[None]:
        """What runs in here is not counted."""
        sys.settrace(None)
        try:
            yield
        finally:
            sys.settrace(self)


async def _steps_of_many(folder: Path, count: int) -> int:
    """Log so many clients in and notify each; returns the steps that it took."""
    folder.mkdir()
    offices = server()
    callback = {"mode": "dynamic", "low": 20000, "high": 20000 + count - 1}
    office = client(offices["addresses"][0], instances=count, callback=callback)
    for host in (offices, office):
        host["timing"] |= _PATIENT
    steps = Steps()

    def logged_in() -> bool:
        with steps.looked_away():
            return all(one["connected"] for one in instances(clients))

    before = sys.gettrace()
    sys.settrace(steps)
    try:
        async with running(folder, offices, office) as (fax, clients):
            await until(logged_in)
            results = await notify(fax)
            with steps.looked_away():
                assert [one["outcome"] for one in results] == ["delivered"] * count
                assert all(one["notification_count"] == 1 for one in instances(clients))
    finally:
        sys.settrace(before)
    return steps.count


@async_test
async def test_a_client_costs_no_more_where_there_are_five_hundred(tmp_path: Path) -> None:
    few, many = 100, 500
    of_few = await _steps_of_many(tmp_path / "few", few)
    of_many = await _steps_of_many(tmp_path / "many", many)
    assert of_few > 100 * few
    assert of_many / many < 1.2 * of_few / few
