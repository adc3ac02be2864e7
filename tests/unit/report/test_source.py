# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is made of, read from files; and how much of it is in memory at one time."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import (
    read_plan,
    write_pieces,
    write_plan,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.source import read_source
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.run_files import (
    Slices,
    start_run,
    write_result,
)
from tests.bench.fleet import make_fleet
from tests.bench.reading import AIM_REPORT
from tests.unit.verification.offices import TIME, as_planned, results_of


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the plan of 200 clients and what a run found that came out as planned."""
    base = tmp_path_factory.mktemp("faxnet")
    fleet = make_fleet(200)
    made = make_plan(Inputs(sites=fleet.sites, hosts=fleet.hosts))
    assert made.plan is not None
    write_plan(PlanDocuments(made.plan), base / "plan")
    document = read_plan(base / "plan")
    expected = expectations(document, Slices(base / "plan", document["hosts"]))
    start_run(base, expected)
    for host, result in results_of(document, expected, as_planned).items():
        write_result(base, host, result)
    return base


def test_all_is_read_that_a_report_says(verified: Path) -> None:
    source = read_source(verified / "plan", TIME, {"faxnet.deploy": "0.1.0"})
    assert source.view.digest == read_plan(verified / "plan")["digest"]
    assert source.expected is not None
    assert source.expected["plan"] == source.view.digest
    assert source.slices["pc-00000"]["host"] == "pc-00000"
    report = make_report(source)
    assert report.verdict == "passed"
    assert len(report.tested) == len(source.results) > 200


def test_texts_of_a_plan_that_are_equal_are_held_once(verified: Path) -> None:
    plan = read_plan(verified / "plan")
    texts = [value for flow in plan["flows"] for value in (*flow.values(), *flow["via"]) if isinstance(value, str)]
    texts += [name for use in plan["uses"] for name in (use["host"], use["server"], *use["exchanges"])]
    assert len({id(text) for text in texts}) == len(set(texts)) < len(texts) / 5


def test_a_report_takes_little_more_memory_than_its_size_to_be_written(verified: Path, tmp_path: Path) -> None:
    """Of a large network it is hundreds of megabytes; docs/bench.md has the figures of the whole process."""
    gc.collect()
    tracemalloc.start()
    try:
        report = make_report(read_source(verified / "plan", TIME, {}))
        write_pieces(report_json(report), tmp_path / "report.json")
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / (tmp_path / "report.json").stat().st_size < AIM_REPORT
