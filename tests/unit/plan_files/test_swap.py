# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that takes another's place while hosts read theirs."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory, host_documents, swap
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import (
    is_planned,
    read_slice,
    write_plan,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from tests.unit.networks import two_offices


def documents(*without: str) -> PlanDocuments:
    net = two_offices()
    for host in without:
        del net.hosts[host]
    return PlanDocuments(net.plan())


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    write_plan(documents(), folder)
    return folder


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose folders do not change places in one step."""
    monkeypatch.setattr(swap, "exchange", lambda *_paths: False)


def between(monkeypatch: pytest.MonkeyPatch, plan: Path, act: Callable[[], None]) -> None:
    """Do something in the moment in which the old plan has gone and the new one is not there yet."""
    rename = Path.rename

    def watched(self: Path, target: Path) -> Path:
        renamed = rename(self, target)
        if self == plan:
            assert not plan.exists()
            act()
        return renamed

    monkeypatch.setattr(Path, "rename", watched)


def test_on_linux_there_is_no_moment_without_a_plan(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Path, target: Path) -> Path:
        raise AssertionError(f"{self} is renamed to {target}")

    monkeypatch.setattr(Path, "rename", none)
    monkeypatch.setattr(directory.NewFolder, "stream", lambda self, name, chunks: self.put(name, b"".join(chunks)))
    assert write_plan(documents("stranger"), plan) is True
    assert not is_planned(plan, "stranger")
    assert [path.name for path in plan.parent.iterdir()] == ["plan"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_knows_no_exchange_gets_two_renames(
    plan: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(swap.ctypes, "get_errno", lambda: number)
    assert swap.exchange(plan, plan.parent / "none") is False


def test_what_cannot_be_exchanged_is_said(plan: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        swap.exchange(plan, plan.parent / "none")


@pytest.mark.usefixtures("no_exchange")
def test_a_host_that_reads_between_two_renames_waits_for_the_plan(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, object] = {}
    waiting = threading.Event()
    monkeypatch.setattr(swap.time, "sleep", lambda _seconds: (waiting.set(), done.wait(0.01)))
    done = threading.Event()

    def read() -> None:
        found["planned"] = is_planned(plan, "uk-pc1")
        found["slice"] = read_slice(plan, "uk-pc1")["host"]
        found["stranger"] = is_planned(plan, "stranger")

    reader = threading.Thread(target=read)

    def start_reading() -> None:
        reader.start()
        assert waiting.wait(10), "the reader takes a missing plan for an answer"

    between(monkeypatch, plan, start_reading)
    assert write_plan(documents("stranger"), plan) is True
    reader.join(10)
    assert found == {"planned": True, "slice": "uk-pc1", "stranger": False}


def test_a_host_whose_plan_changes_its_files_meanwhile_is_found(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that has grown keeps slices as lines; who looked for a file in the new folder has to look again."""
    monkeypatch.setattr(directory, "MOST_FILES", 2)
    write_plan(documents(), plan)
    monkeypatch.undo()
    opened = host_documents._opened

    def after_a_swap(path: Path, at: int | None = None) -> object:
        if path == plan / "hosts":
            monkeypatch.undo()
            write_plan(documents("stranger"), plan)
        return opened(path, at)

    monkeypatch.setattr(host_documents, "_opened", after_a_swap)
    assert is_planned(plan, "uk-pc1")


@pytest.mark.usefixtures("no_exchange")
def test_what_a_killed_run_left_is_said_with_the_cure(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "PAUSE", 0)
    left = plan.parent / ".plan-old-killed"
    left.mkdir()
    plan.rename(left / "plan")
    with pytest.raises(PlanFileError, match=rf"plan is not there: .*one was killed: remove {left}, and run the playb"):
        is_planned(plan, "uk-pc1")
    shutil.rmtree(left)
    assert is_planned(plan, "uk-pc1"), "without any plan, reading the slice says so"
    with pytest.raises(PlanFileError, match=r"plan first"):
        read_slice(plan, "uk-pc1")
