# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock file under its former name is taken over, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import lock_file
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.locations import Locations, locations_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.lock_file import read_lock_file
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError


@pytest.fixture
def where(tmp_path: Path) -> Locations:
    return locations_of({}, {}, tmp_path)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "faxnet.lock.json"
    path.write_text("ranges\n", encoding="utf-8")
    return path


def test_the_former_file_is_taken_over_and_then_removed(where: Locations, old: Path) -> None:
    found = read_lock_file(where)
    assert (found.text, found.read_from) == ("ranges\n", old)
    assert str(old) in found.remark
    assert not found.is_current("ranges\n")
    assert found.write("ranges\n") is True
    assert (where.lock.read_text(encoding="utf-8"), old.exists()) == ("ranges\n", False)
    after = read_lock_file(where)
    assert (after.remark, after.is_current("ranges\n"), after.write("ranges\n")) == ("", True, False)


def test_the_former_file_stays_while_the_new_one_cannot_be_written(
    where: Locations, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> bool:
        raise PlanFileError("no space")

    monkeypatch.setattr(lock_file, "write_text", full)
    with pytest.raises(PlanFileError, match="no space"):
        read_lock_file(where).write("more\n")
    assert old.read_text(encoding="utf-8") == "ranges\n"


def test_where_both_are_there_the_former_one_is_neither_read_nor_removed(where: Locations, old: Path) -> None:
    where.lock.write_text("newer\n", encoding="utf-8")
    found = read_lock_file(where)
    assert (found.text, found.is_current("newer\n")) == ("newer\n", True)
    assert found.remark == f"{old} is not read, for there is {where.lock}. Remove it"
    found.write("newest\n")
    assert old.exists()


def test_a_file_that_the_user_names_is_the_only_one_looked_for(tmp_path: Path, old: Path) -> None:
    named = locations_of({"lock": str(old)}, {}, tmp_path)
    found = read_lock_file(named)
    assert (found.text, found.remark, found.is_current("ranges\n")) == ("ranges\n", "", True)


def test_a_former_file_that_cannot_be_read_or_removed_is_said(
    where: Locations, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read_lock_file(where)

    def refused(self: Path, missing_ok: bool) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(
        PlanFileError, match=rf"{old} cannot be removed: .*holds its call-back ranges now, so remove it"
    ):
        found.write("ranges\n")
    monkeypatch.undo()
    where.lock.unlink()
    old.write_bytes(b"\xff")
    with pytest.raises(PlanFileError, match=rf"{old} cannot be read: .* or set faxnet_lock"):
        read_lock_file(where)
