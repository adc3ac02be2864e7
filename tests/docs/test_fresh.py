# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program makes below docs/ is committed as it is made today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import made
from tools.docs import GENERATORS


@pytest.mark.parametrize("name", GENERATORS)
def test_the_committed_pages_are_those_of_today(name: str) -> None:
    changes = made.differences(GENERATORS[name])
    assert not changes, "\n".join([*changes[:80], "stale: run `make docs` and commit it"])


@pytest.fixture
def generator(tmp_path: Path) -> made.Generator:
    """Return a generator of two pages, which are there as it makes them."""
    pages = made.Generator(lambda: {"docs/a.md": "one\n", "docs/made/b.md": "two\n"}, owned=("docs/made/*",))
    made.write(pages, tmp_path)
    return pages


def test_what_is_written_is_fresh(generator: made.Generator, tmp_path: Path) -> None:
    assert made.differences(generator, tmp_path) == []
    assert made.write(generator, tmp_path) == []


@pytest.mark.parametrize("text", ["one\ntyped by hand\n", "one", ""])
def test_a_changed_page_is_stale_and_written_again(generator: made.Generator, tmp_path: Path, text: str) -> None:
    (tmp_path / "docs/a.md").write_text(text, encoding="utf-8")
    assert made.differences(generator, tmp_path)
    assert made.write(generator, tmp_path) == ["docs/a.md"]
    assert made.differences(generator, tmp_path) == []


def test_a_missing_and_a_left_over_page_are_stale(generator: made.Generator, tmp_path: Path) -> None:
    (tmp_path / "docs/a.md").unlink()
    (tmp_path / "docs/made/gone.md").write_text("", encoding="utf-8")
    (tmp_path / "docs/theirs.md").touch()
    assert list(made.changes(generator, tmp_path)) == ["docs/a.md", "docs/made/gone.md"]
    assert len(made.differences(generator, tmp_path)) >= 2
    assert made.write(generator, tmp_path) == ["docs/a.md", "docs/made/gone.md"]
    assert sorted(path.name for path in (tmp_path / "docs").rglob("*.md")) == ["a.md", "b.md", "theirs.md"]
