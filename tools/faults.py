# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of faults in docs/architecture.md, made by `make docs` from the tests that bring each fault about.

The faults stand in tests/faults.yml, with what happens then. A test claims one by `@pytest.mark.fault("shut out")`
(tools/claims.py). One without a test is a fault of the table. A slow test counts, for a fault may take its time; the
table says that `make test-full` runs it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

from tools.claims import Claim, Scan, claims_of
from tools.made import ROOT, Generator

LINES = Path("tests/faults.yml")
PAGE = Path("docs/architecture.md")
BEGIN = "<!-- Made by `make docs` from tests/faults.yml and the tests that claim its lines. -->"
END = "<!-- Until here. -->"
UNCOUNTED = frozenset({"skip", "skipif", "xfail"})


def read_lines(root: Path) -> dict[str, tuple[str, str]]:
    """Return each fault and what happens then, by the name that tests give it."""
    data = yaml.safe_load((root / LINES).read_text(encoding="utf-8"))
    return {name: (line["fault"], line["then"]) for name, line in data.items()}


def scan(root: Path) -> Scan:
    """Return every claim in the tests below `root`, sorted, and the markers that stand where they claim nothing."""
    claims: set[Claim] = set()
    wrong: list[str] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        found, stray = claims_of(ast.parse(path.read_text(encoding="utf-8"), name), name, "fault", UNCOUNTED)
        claims |= found
        wrong += stray
    return Scan(tuple(sorted(claims)), tuple(wrong))


def faults(root: Path) -> list[str]:
    """Return what is wrong with the table, one sentence each; an empty list is a good one."""
    lines, found = read_lines(root), scan(root)
    shown = {claim.id for claim in found.claims}
    return [
        *found.faults,
        *(f"{name!r} in {LINES} has no test" for name in lines if name not in shown),
        *(
            f"{claim.test} claims {claim.id!r}, which {LINES} does not know"
            for claim in found.claims
            if claim.id not in lines
        ),
    ]


def render(root: Path) -> str:
    """Return the table."""
    claims = scan(root).claims
    rows = ["| fault | what happens | shown by |", "|---|---|---|"]
    for name, (fault, then) in read_lines(root).items():
        tests = "<br>".join(map(_test, (claim for claim in claims if claim.id == name)))
        rows.append(f"| {fault} | {then} | {tests or '**no test**'} |")
    return "\n".join(rows)


def _test(claim: Claim) -> str:
    file, _colons, function = claim.test.partition("::")
    return f"`{Path(file).relative_to('tests')}`: {function.removeprefix('test_').replace('_', ' ')}" + (
        " (`make test-full`)" if claim.slow else ""
    )


def _page() -> dict[str, str]:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return {PAGE.as_posix(): f"{before}{BEGIN}\n\n{render(ROOT)}\n\n{END}{after}"}


GENERATOR = Generator(_page)
