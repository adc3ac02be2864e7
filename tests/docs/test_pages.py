# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that people read first: their links lead somewhere, their example plans, their tables match the tree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.picture import INVENTORY, PICTURE, plan_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file or no heading; links to the Internet are left alone."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _hash, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    links = "[a](#a-title) [b](#gone) [c](gone.md) [d](https://x) [e](page.md#a-title)"
    page.write_text(f"# A title\n{links}\n", encoding="utf-8")
    assert broken_links(page) == ["#gone", "gone.md"]


def test_the_readme_names_every_playbook_and_no_other() -> None:
    named = re.findall(r"^\| `faxnet\.deploy\.(\w+)`", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def test_the_readmes_inventory_plans_without_a_word_against_it(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(example, encoding="utf-8")
    plan = plan_of(inventory)
    assert plan["findings"] == []
    assert {use["host"]: use["instances"] for use in plan["uses"]} == {"reception": 1, "terminals": 40}


def test_the_picture_shows_every_host_and_port_of_the_example() -> None:
    drawn = PICTURE.read_text(encoding="utf-8")
    plan = plan_of(INVENTORY)
    wanted = {*plan["hosts"], *plan["sites"]} | {flow["ports"].replace("-", "\N{EN DASH}") for flow in plan["flows"]}
    assert "7488" in wanted
    assert [word for word in sorted(wanted) if f">{word}" not in drawn and f" {word}" not in drawn] == []


def test_the_architecture_names_every_module_of_the_engine() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)\.py`", page))
    folder = ROOT / "plugins/plugin_utils"
    there = {path.stem for path in folder.rglob("*.py")} - {"__init__"}
    assert there
    assert there - named == set()
    known = {path.stem for top in ("plugins", "tools", "tests") for path in (ROOT / top).rglob("*.py")}
    assert named - known == set()


def test_pages_name_targets_of_make_that_are_there() -> None:
    listed = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^make ([a-z-]+)", listed, re.MULTILINE))
    # In code only: prose may say "make sure".
    used = {
        name for page in PAGES for name in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert used
    assert used <= targets
