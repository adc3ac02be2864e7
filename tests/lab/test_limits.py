# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that this machine has no room for is refused before it half works."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tools.lab import limits
from tools.lab.errors import LabError
from tools.lab.progress import Progress


def test_a_lab_with_room_is_let_through() -> None:
    limits.check(10, limit=128, used=128 - 10 * limits.INSTANCES_EACH)


def test_a_lab_without_room_is_refused_with_the_setting_to_change() -> None:
    with pytest.raises(
        LabError, match=r"30 more containers need 120 .* 5 are in use and this machine allows 124: .*=1024"
    ):
        limits.check(30, limit=124, used=5)


def test_instances_of_every_process_are_counted(tmp_path: Path) -> None:
    for process, targets in {
        "1": ["anon_inode:inotify", "/dev/null"],
        "22": ["anon_inode:inotify"],
        "self": [],
    }.items():
        descriptors = tmp_path / process / "fd"
        descriptors.mkdir(parents=True)
        for number, target in enumerate(targets):
            (descriptors / str(number)).symlink_to(target)
    assert limits.in_use(tmp_path) == 2 * (tmp_path.stat().st_uid == 0)


def test_a_lab_waits_for_room_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    used = [5, 5, 0]
    monkeypatch.setattr(limits, "in_use", lambda: used.pop(0))
    monkeypatch.setattr(limits, "_LIMIT", Path(__file__).with_name("no-such-file"))
    monkeypatch.setattr(Path, "read_text", lambda _path, **_options: "43")
    monkeypatch.setattr(limits, "_PAUSE", 0)
    monkeypatch.setenv(limits.PATIENCE, "60")
    told = io.StringIO()
    limits.make_sure(10, Progress(told))
    assert used == []
    assert told.getvalue().count("waiting until other labs have made room") == 1


def test_nobody_waits_for_room_without_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(limits.PATIENCE, raising=False)
    monkeypatch.setattr(limits, "in_use", lambda: 10**6)
    with pytest.raises(LabError, match="10 more containers need 40"):
        limits.make_sure(10, Progress(io.StringIO()))
