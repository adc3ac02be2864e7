# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's documents take the place of the last ones together, or none of them does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.folder import replace_files

NAMES = ("index.html", "report.json", "junit.xml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report's folder, with a report in it."""
    replace_files(tmp_path / "report", {name: ["old"] for name in NAMES})
    return tmp_path / "report"


def texts(folder: Path) -> list[str]:
    return [(folder / name).read_text(encoding="utf-8") for name in NAMES]


def test_while_the_new_documents_are_written_a_reader_finds_all_the_old_ones(folder: Path) -> None:
    seen = []

    def pieces() -> Iterator[str]:
        for piece in ("n", "ew"):
            seen.append(texts(folder))
            yield piece

    replace_files(folder, {name: pieces() for name in NAMES})
    assert seen == [["old"] * 3] * 6
    assert texts(folder) == ["new"] * 3


@pytest.mark.parametrize("failing", NAMES)
def test_where_one_cannot_be_made_all_stay_as_they_were(folder: Path, failing: str) -> None:
    def broken() -> Iterator[str]:
        yield "half"
        raise PlanFileError("a result cannot be read")

    with pytest.raises(PlanFileError, match="a result cannot be read"):
        replace_files(folder, {name: broken() if name == failing else ["new"] for name in NAMES})
    assert texts(folder) == ["old"] * 3
    assert [path.name for path in folder.parent.iterdir()] == ["report"]


def test_what_somebody_else_put_there_stays_and_what_a_killed_run_left_goes(folder: Path) -> None:
    (folder / "logo.svg").write_text("a logo", encoding="utf-8")
    (folder / "notes").mkdir()
    (folder / "notes" / "monday").write_text("a note", encoding="utf-8")
    (folder / "latest").symlink_to("index.html")
    (folder / ".report.json-x1y2").write_text("half", encoding="utf-8")
    replace_files(folder, {name: ["new"] for name in NAMES})
    assert {path.name for path in folder.iterdir()} == {*NAMES, "logo.svg", "notes", "latest"}
    assert (folder / "notes" / "monday").read_text(encoding="utf-8") == "a note"
    assert (folder / "latest").readlink() == Path("index.html")


def test_a_link_leads_to_the_new_report_and_the_folder_keeps_its_mode(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0o750)
    link = tmp_path / "link"
    link.symlink_to(folder)
    replace_files(link, {name: ["new"] for name in NAMES})
    assert link.is_symlink()
    assert texts(folder) == ["new"] * 3
    assert folder.stat().st_mode & 0o7777 == 0o750


def test_a_place_that_is_no_folder_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine", encoding="utf-8")
    with pytest.raises(PlanFileError, match=r"report cannot be written"):
        replace_files(tmp_path / "report", {name: ["new"] for name in NAMES})
    assert (tmp_path / "report").read_text(encoding="utf-8") == "mine"
