# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark runs and says what it measured. No test asserts how long anything took."""

from __future__ import annotations

import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from tests.bench.__main__ import PARTS
from tests.bench.fleet import make_fleet
from tests.bench.measure import Figure, Goal, Part, by_turns, part_of, ratio
from tests.bench.page import Result, read_results, save, write_page
from tests.bench.plot import growth
from tests.bench.rendering import make_permits, policy_of


def test_a_fleet_has_95_flows_for_20_clients_and_no_findings() -> None:
    fleet = make_fleet(400)
    planned = make_plan(Inputs(sites=fleet.sites, hosts=fleet.hosts))
    assert planned.findings == ()
    assert planned.plan is not None
    assert len(planned.plan.flows.flows) == 400 * 95 // 20


def test_permits_differ_in_their_sources() -> None:
    permits = make_permits(10_000)
    assert len({permit["source"] for permit in permits}) == 10_000
    assert len(policy_of(permits)["input"]) == 10_000


def test_cases_are_measured_by_turns() -> None:
    order: list[str] = []

    def case(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    taken = by_turns({"a": lambda: case("a", 2.0), "b": lambda: case("b", 1.0)}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert taken["a"].values == (2.0, 2.0, 2.0)
    assert ratio("a over b", taken["a"], taken["b"]).values == (2.0, 2.0, 2.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    over, under = Figure("over", "s", (2.0, 9.0, 8.0)), Figure("under", "s", (1.0, 3.0, 2.0))
    found = ratio("over / under", over, under)
    assert (found.low, found.median, found.high) == (2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("value", "at_least", "met"), [(20.0, True, True), (19.9, True, False), (1.0, False, True), (21.0, False, False)]
)
def test_a_goal_is_met_on_the_right_side_of_its_aim(value: float, at_least: bool, met: bool) -> None:
    assert Goal(Figure("x", "x", (value,)), 20.0, at_least).met is met


def test_the_page_is_made_from_the_result_files_alone(tmp_path: Path) -> None:
    figures = tuple(
        Figure(f"{clients:,} clients, 3 hosts, 4 flows: {name}", "s", (1.0, 3.0, 2.0))
        for clients in (100, 1000)
        for name in ("plan", "slices")
    )
    goal = Goal(Figure("planned <fast>", "s", (1.0, 3.0, 2.0)), 1.0, at_least=False)
    save(
        Result(Part("planning", "Planning", "About.", figures, (goal,)), "a machine", "2026-01-01", 0.5), tmp_path / "b"
    )
    results = read_results(tmp_path / "b", ["missing", "planning"])
    assert part_of(results[0].part.as_dict()) == results[0].part
    write_page(results, tmp_path / "page.md", tmp_path / "b")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| planned <fast> | at most 1 s | 1 | 2 | 3 | **no** |" in page
    assert "a machine" in page
    for name in ("goals.svg", "growth.svg"):
        assert f"(b/{name})" in page
        ET.parse(tmp_path / "b" / name)  # noqa: S314, made by this very test


def test_a_plot_with_equal_cost_a_client_is_a_straight_line() -> None:
    lines = {"plan": [Figure("plan", "s", (clients / 1000,)) for clients in (100, 200, 400)]}
    drawn = ET.fromstring(growth("Growth", [100, 200, 400], lines))  # noqa: S314, made by this very test
    polyline = drawn.find("{http://www.w3.org/2000/svg}polyline")
    assert polyline is not None
    points = [tuple(map(float, point.split(","))) for point in polyline.attrib["points"].split()]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in itertools.pairwise(points)]
    assert slopes[0] == pytest.approx(slopes[1], rel=0.01)


#: What one client more costs is a difference of two runs, which a busy machine may turn round in a quick measurement.
DIFFERENCES = {"verifying"}


#: A demonstration, three times: as long as a scenario, and it tries nothing that those do not. The others take long.
LONG = {"rehearsing": [pytest.mark.lab, pytest.mark.slow], "applying": pytest.mark.labs, "verifying": pytest.mark.labs}


@pytest.mark.parametrize("part", [pytest.param(part, marks=LONG.get(part, ())) for part in PARTS])
def test_each_part_measures_something(part: str, root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--only", part, "--output", tmp_path],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = read_results(tmp_path / "bench", [part])
    values = [value for figure in result.part.figures for value in figure.values]
    assert values
    assert all(value > 0 or (part in DIFFERENCES and value != 0) for value in values)
    assert result.part.goals
    assert result.part.title in (tmp_path / "bench.md").read_text(encoding="utf-8")
