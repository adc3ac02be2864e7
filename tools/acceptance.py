# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map from acceptance lines to the tests that prove them: docs/acceptance.md, written by `make docs`.

The lines stand in tests/acceptance.yml. A test claims lines by `@pytest.mark.acceptance("NR-05", ...)` (claims.py), a
molecule play by a comment `# acceptance: NR-05` above the task that proves it. A test that is skipped, expected to
fail, or left out of `make test` as slow proves nothing and is not counted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.claims import Claim, Scan, claims_of
from tools.made import ROOT, Generator

LINES = Path("tests/acceptance.yml")
MAP = Path("docs/acceptance.md")
TESTS = ("tests", "molecule")
UNCOUNTED = frozenset({"skip", "skipif", "xfail", "slow"})


@dataclass(frozen=True, slots=True)
class AcceptanceLine:
    """One acceptance line: ID, sentence, the document that says so, and whether an emulator alone can show it."""

    id: str
    sentence: str
    document: str
    emulated: bool = False


def read_lines(root: Path) -> list[AcceptanceLine]:
    """Return the acceptance lines in the order of tests/acceptance.yml."""
    data = yaml.safe_load((root / LINES).read_text(encoding="utf-8"))
    return [
        AcceptanceLine(identifier, sentence, group["document"], identifier in data.get("emulated_only", ()))
        for group in data["groups"]
        for identifier, sentence in group["lines"].items()
    ]


def scan(root: Path) -> Scan:
    """Return every claim in the tests below `root`, sorted, and the markers that stand where they claim nothing."""
    claims: set[Claim] = set()
    faults: list[str] = []
    for top in TESTS:
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix == ".py":
                module = ast.parse(path.read_text(encoding="utf-8"), name)
                found, wrong = claims_of(module, name, "acceptance", UNCOUNTED)
                claims |= found
                faults += wrong
            elif path.suffix in (".yml", ".yaml") and top == "molecule":
                claims |= set(_yaml_claims(path.read_text(encoding="utf-8"), name))
    return Scan(tuple(sorted(claims)), tuple(faults))


def _yaml_claims(text: str, name: str) -> Iterator[Claim]:
    """Yield the claims of a play: each tag counts for the next task's name."""
    waiting: list[str] = []
    for line in text.splitlines():
        tag = re.match(r"\s*# acceptance: *([A-Z]{2}-\d\d(?:[, ]+[A-Z]{2}-\d\d)*)\s*$", line)
        task = re.match(r"\s*- name: *(.+?)\s*$", line)
        if tag:
            waiting += re.findall(r"[A-Z]{2}-\d\d", tag.group(1))
        elif task and waiting:
            yield from (Claim(identifier, f"{name}::{task.group(1)}") for identifier in waiting)
            waiting = []


def render(lines: list[AcceptanceLine], found: Scan) -> str:
    """Return the text of docs/acceptance.md."""
    parts = [
        "# Acceptance map",
        "",
        "Made by `make docs` from the tests; `make test` fails when it is stale or a line has lost its test.",
        "**Emulated only** stands where a line tells what a product does inside itself: its emulator, written from the",
        "same document, is all that could show it here.",
    ]
    for document in dict.fromkeys(line.document for line in lines):
        parts += ["", f"## {document}", "", "| ID | What the document says | Shown by |", "| --- | --- | --- |"]
        for line in (line for line in lines if line.document == document):
            tests = "<br>".join(f"`{claim.test}`" for claim in found.claims if claim.id == line.id)
            emulated = "**emulated only**: " if line.emulated else ""
            parts.append(f"| {line.id} | {line.sentence} | {emulated}{tests or '**no test**'} |")
    return "\n".join(parts) + "\n"


def faults(root: Path) -> list[str]:
    """Return what is wrong with the map, one sentence each; an empty list is a good map."""
    lines, found = read_lines(root), scan(root)
    known = {line.id for line in lines}
    proven = {claim.id for claim in found.claims}
    wrong = list(found.faults)
    wrong += [f"{line.id} has no test: {line.sentence}" for line in lines if line.id not in proven]
    wrong += [
        f"{claim.test} claims {claim.id}, which {LINES} does not know"
        for claim in found.claims
        if claim.id not in known
    ]
    return wrong


def _page() -> dict[str, str]:
    return {MAP.as_posix(): render(read_lines(ROOT), scan(ROOT))}


GENERATOR = Generator(_page)
