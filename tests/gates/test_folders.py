# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house: a folder imports only from those before it in the order of the data, nothing in a circle, files short.

The order is the table of the engine's folders in docs/architecture.md, from top to bottom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

from tests.gates.imports import circle, imports

#: Imports against the order that are still to be cut: (file, file it imports). One that is gone must go here too.
KNOWN: set[tuple[str, str]] = set()

LONGEST = 400  # lines
#: Files in plugins/ that are longer, each with the reason.
LONG: Mapping[str, str] = {
    "plugin_utils/catalog/products/communigate.yml": "one product with forty exchanges: a profile is one file",
}

#: What the other folders of module_utils may import from: few lines, for a module takes them along to every host.
SHARED = {"_listening", "_placing"}

ENGINE, HOSTS = "plugin_utils/", "module_utils/"


def order_of_folders(page: str) -> list[str]:
    """Return the engine's folders as docs/architecture.md lists them, `planning/checks` behind `planning`."""
    table = page.partition("### The engine")[2].partition("\n### ")[0]
    return re.findall(r"^\| `([\w/]+)/` \|", table, re.MULTILINE)


@pytest.fixture(scope="module")
def order(root: Path) -> list[str]:
    return order_of_folders((root / "docs/architecture.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def graph(root: Path) -> dict[str, set[str]]:
    return imports(root / "plugins")


def within(graph: Mapping[str, set[str]], top: str) -> dict[str, set[str]]:
    """Return the imports among the files below one folder, by path in it."""
    return {
        file.removeprefix(top): {other.removeprefix(top) for other in others if other.startswith(top)}
        for file, others in graph.items()
        if file.startswith(top)
    }


def against(order: list[str], graph: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yield the imports that go against the order, as (file, file it imports).

    A folder and its own sub-folder are one stage, where either may import from the other as long as no files go in a
    circle; two sub-folders of one stage stand in the order like any others.
    """
    for file, others in sorted(graph.items()):
        folder = PurePosixPath(file).parent
        for other in sorted(others):
            theirs = PurePosixPath(other).parent
            one_stage = folder.is_relative_to(theirs) or theirs.is_relative_to(folder)
            if not one_stage and order.index(str(theirs)) >= order.index(str(folder)):
                yield file, other


def test_the_page_lists_every_folder_of_the_engine_once(order: list[str], graph: dict[str, set[str]]) -> None:
    folders = {str(PurePosixPath(file).parent) for file in within(graph, ENGINE)}
    assert sorted(order) == sorted(folders)


def test_folders_import_from_those_before_them(order: list[str], graph: dict[str, set[str]]) -> None:
    found = set(against(order, within(graph, ENGINE)))
    assert found - KNOWN == set(), "a later folder is imported; docs/architecture.md has their order"
    assert KNOWN - found == set(), "no longer needed: take it out of KNOWN"


def test_no_files_import_each_other_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert sum(len(others) for others in graph.values()) > len(graph)
    assert circle(graph) == []


def test_only_the_faces_reach_over_to_the_managed_hosts_side(graph: dict[str, set[str]]) -> None:
    crossing = {
        (file, other)
        for file, others in graph.items()
        for other in others
        if (file.startswith(ENGINE) and not file.startswith(f"{ENGINE}faces/") and not other.startswith(ENGINE))
        or (file.startswith((HOSTS, "modules/")) and not other.startswith(HOSTS))
    }
    assert crossing == set()


def test_private_folders_of_the_managed_hosts_side_know_nothing_of_each_other_but_what_is_shared(
    graph: dict[str, set[str]],
) -> None:
    """A module takes along what it imports: a folder that reached into another would send both to every host."""
    side = within(graph, HOSTS)
    assert {PurePosixPath(file).parts[0] for file in side if "/" in file} >= {"_firewall", "_probing"}
    assert {
        (file, other)
        for file, others in side.items()
        for other in others
        if PurePosixPath(file).parts[0] != PurePosixPath(other).parts[0] and PurePosixPath(other).parts[0] not in SHARED
    } == set()


def test_no_file_of_the_plugins_outgrows_its_idea(root: Path) -> None:
    lines = {
        path.relative_to(root / "plugins").as_posix(): path.read_bytes().count(b"\n")
        for path in sorted((root / "plugins").rglob("*"))
        if path.is_file()
    }
    too_long = {name for name, count in lines.items() if count > LONGEST}
    assert max(lines.values()) > LONGEST // 2
    assert too_long == set(LONG), f"at most {LONGEST} lines: find the two ideas in it, or say beside it why not"
    assert all(LONG.values())


ORDER = ["basics", "planning", "planning/early", "planning/late", "report"]


@pytest.mark.parametrize(
    ("file", "other", "wrong"),
    [
        ("planning/plan.py", "basics/ports.py", False),
        ("basics/ports.py", "planning/plan.py", True),
        ("planning/plan.py", "planning/late/x.py", False),
        ("planning/late/x.py", "planning/plan.py", False),
        ("planning/late/x.py", "planning/early/x.py", False),
        ("planning/early/x.py", "planning/late/x.py", True),
        ("planning/early/x.py", "report/page.py", True),
    ],
)
def test_an_import_against_the_order_is_seen(file: str, other: str, wrong: bool) -> None:
    assert list(against(ORDER, {file: {other}})) == ([(file, other)] if wrong else [])


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}) == ["b", "d", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from . import ports", {"plugin_utils/basics/ports.py"}),
        ("from .ports import Ports", {"plugin_utils/basics/ports.py"}),
        ("from ..report import page, Word", {"plugin_utils/report/page.py", "plugin_utils/report/__init__.py"}),
        ("def f():\n    from ...module_utils import _listening", {"module_utils/_listening.py"}),
        ("import ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page", {"plugin_utils/report/page.py"}),
        (
            "from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics import ports",
            {"plugin_utils/basics/ports.py"},
        ),
        ("import json\nfrom collections import abc", set()),
    ],
)
def test_an_import_is_found_however_it_is_written(tmp_path: Path, source: str, found: set[str]) -> None:
    for name in ("basics/ports.py", "report/page.py", "report/__init__.py", "basics/__init__.py"):
        (tmp_path / "plugin_utils" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plugin_utils" / name).touch()
    (tmp_path / "module_utils").mkdir()
    (tmp_path / "module_utils/_listening.py").touch()
    (tmp_path / "plugin_utils/basics/it.py").write_text(f"{source}\n", encoding="utf-8")
    assert imports(tmp_path)["plugin_utils/basics/it.py"] == found
