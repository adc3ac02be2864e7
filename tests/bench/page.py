# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's page: docs/bench.md and its plots, made from the result files and from nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import plot
from tests.bench.measure import Figure, Goal, Part, part_of

HEAD = """<!--
Copyright (c) 2026, faxnet.deploy contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
<!-- Written by `make bench`; changes made by hand are lost in its next run. -->

# What it costs

Every figure on this page was measured by `make bench`. Where a figure is compared, both sides were measured in the same
run, by turns, and the ratio was taken round by round. Tables give the smallest value, the median and the largest of all
rounds. An aim is what the project set itself before it measured; it is no promise for another machine.

"""


@dataclass(frozen=True, slots=True)
class Result:
    """A part's result file.

    Attributes:
        machine: what it was measured on.
        when: date, ISO 8601, UTC.
        load: load of the machine for each core when the part began.
    """

    part: Part
    machine: str
    when: str
    load: float


def save(result: Result, folder: Path) -> None:
    """Write a part's result file into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "when": result.when,
        "machine": result.machine,
        "load": round(result.load, 2),
        "part": result.part.as_dict(),
    }
    path = folder / f"{result.part.key}.json"
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_results(folder: Path, order: Iterable[str]) -> list[Result]:
    """Return the results that lie in *folder*, in the order of their keys in *order*."""
    found = []
    for key in order:
        path = folder / f"{key}.json"
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
            found.append(Result(part_of(data["part"]), data["machine"], data["when"], data["load"]))
    return found


def write_page(results: list[Result], page: Path, folder: Path) -> None:
    """Write the page and its plots.

    Args:
        page: the Markdown file.
        folder: where the plots go; beside or below the page.
    """
    wanted = [goal for result in results for goal in result.part.goals]
    relative = folder.relative_to(page.parent).as_posix()
    (folder / "goals.svg").write_text(plot.goals("Goals: the median beside the aim", wanted), encoding="utf-8")
    text = [HEAD, "## Goals\n\n", f"![Every goal beside its aim]({relative}/goals.svg)\n\n", _goal_table(wanted)]
    for result in results:
        part = result.part
        text.append(f"\n## {part.title}\n\n{part.about}\n\n")
        if part.key == "planning":
            sizes, lines = _growth(part)
            (folder / "growth.svg").write_text(
                plot.growth("CPU seconds for growing fleets", sizes, lines), encoding="utf-8"
            )
            text.append(f"![Planning and slicing time over the number of clients]({relative}/growth.svg)\n\n")
        text.append(_table(part.figures))
        text.append(
            f"\n{result.when}; {result.machine}; load at the start {result.load:.1f} a core. "
            f"`make bench ARGS='--only {part.key}'`\n"
        )
    page.write_text("".join(text), encoding="utf-8")


def _goal_table(wanted: Iterable[Goal]) -> str:
    rows = ["| goal | aim | smallest | median | largest | met |\n|---|---|---|---|---|---|\n"]
    for goal in wanted:
        figure = goal.figure
        sign = "at least" if goal.at_least else "at most"
        met = "yes" if goal.met else "**no**"
        rows.append(f"| {figure.name} | {sign} {goal.aim:g} {figure.unit} | {_values(figure)} | {met} |\n")
    return "".join(rows)


def _table(figures: Iterable[Figure]) -> str:
    rows = ["| what | unit | smallest | median | largest | rounds |\n|---|---|---|---|---|---|\n"]
    rows += [f"| {figure.name} | {figure.unit} | {_values(figure)} | {len(figure.values)} |\n" for figure in figures]
    return "".join(rows)


def _values(figure: Figure) -> str:
    return " | ".join(_number(value) for value in (figure.low, figure.median, figure.high))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _growth(part: Part) -> tuple[list[int], dict[str, list[Figure]]]:
    lines: dict[str, list[Figure]] = {"plan": [], "slices": []}
    sizes = []
    for figure in part.figures:
        size, _colon, name = figure.name.partition(": ")
        if name in lines:
            lines[name].append(figure)
        if name == "plan":
            sizes.append(int(re.sub(r"\D", "", size.partition(" ")[0])))
    return sizes, lines
