# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of many hosts: their slices stand in one file, and each is found by an index."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import (
    is_current,
    is_planned,
    read_slice,
    write_plan,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from tests.unit.networks import two_offices
from tests.unit.plan_files.test_files import everything_in, written


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of more hosts than get a file of their own."""
    monkeypatch.setattr(directory, "MOST_FILES", 2)


@pytest.mark.usefixtures("many")
def test_many_slices_stand_in_one_file_and_each_is_found(plan: Path) -> None:
    text = written(two_offices())
    assert write_plan(text, plan) is True
    assert sorted(everything_in(plan)) == [
        "digest",
        "findings.json",
        "hosts/lines.index",
        "hosts/lines.jsonl",
        "plan.json",
    ]
    for part in text.slices:
        assert read_slice(plan, part.host) == read_slice_document(part.content, "", "")
    for stranger in ("a", "fl-fax2", "zz", "uk"):
        assert not is_planned(plan, stranger)
        with pytest.raises(PlanFileError, match=f"no slice of {stranger} .*faxnet_site"):
            read_slice(plan, stranger)
    assert is_current(text, plan)
    assert write_plan(text, plan) is False


@pytest.mark.usefixtures("many")
def test_a_task_reads_its_own_line_and_a_few_rows_of_the_index(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = two_offices().site("field", "10.9.0.0/16")
    for number in range(500):
        net.host(f"desk-{number}", "field", f"10.9.{number // 250}.{number % 250 + 1}")
    write_plan(written(net), plan)
    read: list[int] = []
    pread = os.pread

    def counting(descriptor: int, length: int, offset: int) -> bytes:
        read.append(length)
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", counting)
    part = read_slice(plan, "desk-377")
    assert part["host"] == "desk-377"
    assert len(read) <= 13
    assert sum(read) < 10_000


@pytest.mark.usefixtures("many")
def test_a_line_that_was_edited_by_hand_is_refused_and_the_others_are_not(plan: Path) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    lines = plan / "hosts" / "lines.jsonl"
    lines.write_bytes(lines.read_bytes().replace(b'"host":"uk-pc1"', b'"host":"uk-pc7"'))
    with pytest.raises(PlanFileError, match=r"lines.jsonl \(the line of uk-pc1\) is not as it was written"):
        read_slice(plan, "uk-pc1")
    assert read_slice(plan, "uk-pc2")["host"] == "uk-pc2"
    assert write_plan(text, plan) is True
    assert read_slice(plan, "uk-pc1")["host"] == "uk-pc1"


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("index", [b"", b"uk-pc1\n", b"\xff 0 0\n", b"uk-pc1 x 5\n", b"uk-pc1 0 5\n"])
def test_an_index_that_was_spoilt_shows_nobody_anothers_slice(plan: Path, index: bytes) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    (plan / "hosts" / "lines.index").write_bytes(index)
    with pytest.raises(PlanFileError, match=r"plan first|plan again"):
        read_slice(plan, "uk-pc1")
    assert write_plan(text, plan) is True


def test_a_slice_under_another_hosts_name_is_refused(plan: Path) -> None:
    write_plan(written(two_offices()), plan)
    (plan / "hosts" / "uk-pc1.json").rename(plan / "hosts" / "uk-pc2.json")
    with pytest.raises(PlanFileError, match=r"is the slice of uk-pc1 and not of uk-pc2; .*plan again"):
        read_slice(plan, "uk-pc2")


def test_a_network_that_grows_and_shrinks_changes_its_files(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    small = everything_in(plan)
    monkeypatch.setattr(directory, "MOST_FILES", 2)
    assert not is_current(text, plan)
    assert write_plan(text, plan) is True
    monkeypatch.undo()
    assert write_plan(text, plan) is True
    assert everything_in(plan) == small
