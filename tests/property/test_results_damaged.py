# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's result file, damaged in whatever way: one finding, and a report of all the others."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import seal
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.run_files import Results, write_result
from tests.unit.verification.offices import as_planned, planned, results_of, source_of, two_offices

PLAN, SLICES = planned(two_offices())
EXPECTED = expectations(PLAN, SLICES)
RESULTS = results_of(PLAN, EXPECTED, as_planned)
#: A server, which has notified, and a client, which has been.
HOSTS = ("fl-fax", "uk-ts1")

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=12)
    | st.sampled_from(["silent", "open", "icmp", "control", "flow", "uk-ts1", "fl-fax", ""]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=6), values, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A run's folder, with results of every host."""
    with tempfile.TemporaryDirectory(prefix="faxnet-results-") as folder:
        for name, result in RESULTS.items():
            write_result(Path(folder), name, result)
        yield Path(folder)


def report_with(base: Path, host: str, content: bytes) -> tuple[Report, dict[str, Any]]:
    """The report where one host's file holds that, all three documents made; and what report.json says."""
    damaged = base / "results" / f"{host}.json"
    damaged.write_bytes(content)
    report = make_report(source_of(PLAN, SLICES, EXPECTED, Results(base)))
    report_page(report)
    # As a file holds it: half a surrogate pair becomes an escape.
    ElementTree.fromstring("".join(junit_xml(report)).encode(errors="backslashreplace"))  # noqa: S314, made here
    text = "".join(report_json(report)).encode(errors="backslashreplace")
    write_result(base, host, RESULTS[host])
    return report, json.loads(text, parse_constant=pytest.fail)


def written(base: Path, host: str) -> bytes:
    return write_result(base, host, RESULTS[host]).read_bytes()


def is_one_finding(document: dict[str, Any], host: str) -> bool:
    """Whether the report says of this host, and of no other, that its results cannot be read."""
    found = [finding for finding in document["findings"] if finding["code"] == "FXN601"]
    if not found:
        return False
    assert [finding["hosts"] for finding in found] == [[host]]
    assert found[0]["variable"] == f"results/{host}.json"
    assert found[0]["message"]
    assert "faxnet.deploy.verify again" in found[0]["cure"]
    assert host in document["hosts"]["untested"]
    assert document["verdict"] in ("incomplete", "failed")
    assert {check["host"] for check in document["checks"]} == {*RESULTS} - {host}
    return True


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, float, float, bytes]:
    """Where in a file something is cut out, and what comes in instead."""
    host = draw(st.sampled_from(HOSTS))
    cut = draw(st.floats(0, 1)), draw(st.sampled_from([0.0, 0.0001, 0.01, 1.0]))
    return host, *cut, draw(st.binary(max_size=4) | st.sampled_from([b"NaN", b"[" * 100_000, b'"', b"9" * 5000]))


@settings(max_examples=100, derandomize=True)
@given(edit=edits())
def test_a_file_that_was_cut_or_edited_is_one_finding(base: Path, edit: tuple[str, float, float, bytes]) -> None:
    host, start, share, inserted = edit
    good = written(base, host)
    begin = int(start * len(good))
    content = good[:begin] + inserted + good[begin + int(share * len(good)) :]
    _report, document = report_with(base, host, content)
    assert is_one_finding(document, host) == (content != good)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, as keys and indexes."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], junk: Any, *, drop: bool) -> Any:
    """The document with something else in one place, or nothing at all there."""
    if not path:
        return junk
    copy = value.copy()
    if len(path) == 1 and drop:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], junk, drop=drop)
    return copy


@settings(max_examples=150, derandomize=True)
@given(host=st.sampled_from(HOSTS), where=st.floats(0, 1, exclude_max=True), junk=JUNK, drop=st.booleans())
def test_a_file_that_another_program_wrote_is_a_finding_or_counts(
    base: Path, host: str, where: float, junk: Any, drop: bool
) -> None:
    document = {"format": 1, **RESULTS[host]}
    every = list(places(document))
    path = every[int(where * len(every))]
    result = changed(document, path, junk, drop=drop)
    text = json.dumps(result)
    content = seal(text[:-1])[0] if text.endswith("}") else text.encode()
    _report, told = report_with(base, host, content)
    refused = is_one_finding(told, host)
    event(f"refused: {refused}")
    if not refused:
        assert host in told["hosts"]["tested"] or result["plan"] != PLAN["digest"]


def test_a_report_without_damage_has_no_such_finding(base: Path) -> None:
    report, told = report_with(base, HOSTS[0], written(base, HOSTS[0]))
    assert not is_one_finding(told, HOSTS[0])
    assert report.verdict == "passed"


def test_results_of_a_host_that_is_none_are_a_finding(base: Path) -> None:
    probe = {**RESULTS["fl-fax"]["probes"][0], "host": "ghost"}
    try:
        write_result(base, "ghost", {**RESULTS["fl-fax"], "host": "ghost", "probes": [probe]})
        _report, told = report_with(base, "fl-fax", written(base, "fl-fax"))
    finally:
        (base / "results" / "ghost.json").unlink()
    assert is_one_finding(told, "ghost")
