# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walks of docs/architecture.md: short enough, and where a value goes when the engine runs it goes along them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.collecting import collect
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import render
from tests.docs.walking import ROOT, Steps, follow
from tests.gates.imports import imports

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("\n## Walks\n")[2].partition("\n## ")[0]
SECTIONS = dict(re.findall(r"^### (.+)\n\n((?:(?!^### ).*\n?)+)", PAGE, re.MULTILINE))
PORT, RANGE = (
    "`primary_port`, from the inventory to nft's text",
    "A call-back range, from the wish to the client's sheet",
)
MOST = {PORT: 20, RANGE: 12, "A new platform": 5, "A new product": 8, "A new finding": 4}

#: A server behind a router, a client elsewhere; its port and the range are numbers that nothing else has.
INVENTORY: Mapping[str, Mapping[str, Any]] = {
    "router": {"faxnet_site": "florida", "faxnet_address": "10.1.0.1"},
    "fax": {
        "faxnet_site": "florida",
        "faxnet_address": "10.1.0.10",
        "faxnet_offers": [{"service": "netcfax", "primary_port": 7493}],
    },
    "pc": {
        "faxnet_site": "sheffield",
        "faxnet_address": "192.0.2.10",
        "faxnet_uses": [{"service": "netcfax", "server": "fax", "callback": {"low": 23450, "high": 23489}}],
    },
}
SITES = {
    "florida": {"networks": ["10.1.0.0/24"], "gateway": "router", "public_address": "198.51.100.10"},
    "sheffield": {"networks": ["192.0.2.0/24"]},
}


def steps_of(title: str) -> list[str]:
    """Return the files of a walk in order; a step that is a kind of file is left out."""
    return re.findall(r"^\d+\. `([^`]+)`", SECTIONS[title], re.MULTILINE)


def beside(title: str) -> list[str]:
    """Return the files beside a walk."""
    return re.findall(r"`([^`]+)`", SECTIONS[title].partition("Beside the way:")[2])


def walked(words: set[str], folder: Path, end: Callable[[Path], str]) -> Steps:
    """Plan the inventory, write the plan, let `end` read it; follow the words, which the outcome holds."""
    assert builtin_catalog().profiles["netcfax"]  # the profile is read once, and not on the way
    said: list[str] = []

    def run() -> None:
        variables = {host: {**own, "faxnet_sites": SITES} for host, own in INVENTORY.items()}
        collected = collect(variables, variables.__getitem__, lambda raw, _variables: raw)
        planned = make_plan(
            Inputs(sites=collected.network["faxnet_sites"], services=None, hosts=collected.hosts, lock="")
        )
        assert planned.plan is not None
        directory.write_plan(PlanDocuments(planned.plan), folder / "plan")
        said.append(end(folder / "plan"))

    steps = follow(words, run)
    assert all(word in said[0] for word in words)
    return steps


def rules(plan: Path) -> str:
    return render_slice(directory.read_slice(plan, "fax")) + render_slice(directory.read_slice(plan, "router"))


def sheet(plan: Path) -> str:
    (made,) = render(directory.read_slice(plan, "pc"), definitions())
    return made.text


@pytest.mark.parametrize("title", MOST)
def test_a_walk_is_short_and_its_files_are_there(title: str) -> None:
    numbers = re.findall(r"^(\d+)\. ", SECTIONS[title], re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert 0 < len(numbers) <= MOST[title]
    assert steps_of(title)
    assert [name for name in steps_of(title) + beside(title) if not (ROOT / name).is_file()] == []


def test_the_page_has_these_walks_and_no_others() -> None:
    assert set(SECTIONS) == set(MOST)


@pytest.mark.parametrize(
    ("title", "words", "end"), [(PORT, {"7493"}, rules), (RANGE, {"23450", "23489"}, sheet)], ids=["port", "range"]
)
def test_the_value_goes_where_the_walk_says(
    title: str, words: set[str], end: Callable[[Path], str], tmp_path: Path
) -> None:
    found = walked(words, tmp_path, end)
    assert found.held
    told = {*steps_of(title), *beside(title)}
    assert found.held - told == set(), "the value is in hand there, and the walk does not say so"
    # Data classes run no line of their own: what runs imports them.
    known = {
        f"plugins/{other}"
        for file, others in imports(ROOT / "plugins").items()
        if f"plugins/{file}" in found.ran
        for other in others
    }
    assert {step for step in told if step.endswith((".py", ".j2"))} - found.ran - known == set()


def test_a_product_that_needs_no_sheet_stands_in_the_first_three_files_alone() -> None:
    """T38modem came so; what is made names it too."""
    made = {"docs/reference", "docs/acceptance.md", "changelogs", "expected", "roles/plan/meta/argument_specs.yml"}
    found = {
        path.relative_to(ROOT).as_posix()
        for top in ("README.md", "docs", "inventories", "playbooks", "plugins", "roles", "tests")
        for path in ([ROOT / top] if top.endswith(".md") else sorted((ROOT / top).rglob("*")))
        if path.is_file()
        and path.suffix in {".md", ".py", ".yml", ".j2"}
        and path != Path(__file__)
        and not any(word in path.relative_to(ROOT).as_posix() for word in made)
        and "t38modem" in path.read_text(encoding="utf-8")
    }
    first, *others = steps_of("A new product")[:3]
    assert found == {first.replace("netcfax", "t38modem"), *others}
