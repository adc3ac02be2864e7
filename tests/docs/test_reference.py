# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference pages say what the engine's tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import KINDS
from tools import finding_words, reference


def test_every_code_of_the_engines_source_is_in_the_table_and_every_code_of_the_table_is_used(root: Path) -> None:
    sources = [path for path in (root / "plugins" / "plugin_utils").rglob("*.py") if path.name != "findings.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = {text[place : place + 6] for place in range(len(text)) if text.startswith("FXN", place)}
    assert used == set(KINDS)


@pytest.fixture(scope="module")
def page() -> str:
    return reference.findings_page()


@pytest.fixture(scope="module")
def words(root: Path) -> dict[str, list[tuple[str, str]]]:
    return finding_words.said(root)


@pytest.mark.parametrize("code", KINDS)
def test_every_code_is_on_the_page_with_a_section_of_its_own(page: str, code: str) -> None:
    kind = KINDS[code]
    assert f"| [{code}](#{code.lower()}) | {kind.severity.value} | {kind.title} |" in page
    assert f"\n### {code}\n\n{kind.title} ({kind.severity.value}).\n" in page


def test_of_every_code_the_page_has_what_it_says(words: dict[str, list[tuple[str, str]]]) -> None:
    assert set(words) == set(KINDS)


def test_what_is_said_is_what_the_source_says(words: dict[str, list[tuple[str, str]]]) -> None:
    assert ("the host is in no site", "set faxnet_site to one of: \u2026") in words["FXN106"]
    assert ("is not known", "use one of: \u2026") in words["FXN117"]
    assert len(words["FXN135"]) == 2
    assert [message for message, _cure in words["FXN401"] if "\u2026" in message]
    # Why there is no way: noted with the code, told by whoever wanted one.
    assert [message.endswith("nobody outside knows it") for message, _cure in words["FXN154"]] == [True]
    # A function's pair of both, the cure from a table.
    assert len({cure for _message, cure in words["FXN216"]}) == 2


def test_a_cure_is_that_of_the_file_that_finds_it(words: dict[str, list[tuple[str, str]]]) -> None:
    """Several files call theirs by the same name."""
    assert len({cure for message, cure in words["FXN127"] if message.startswith("is no host, site or group")}) == 1
    assert len({cure for message, cure in words["FXN122"] if message == "is no network in CIDR notation"}) == 1


def test_a_section_shows_a_whole_finding(page: str) -> None:
    section = page.partition("### FXN108\n")[2].partition("### ")[0]
    assert "```text\nFXN108 Address outside its site's networks\n  host      pc1\n" in section
