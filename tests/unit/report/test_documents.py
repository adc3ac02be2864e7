# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON and JUnit XML: the same figures as on the page, in the shapes that programs expect."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.verification.offices import (
    Answer,
    as_planned,
    dead,
    planned,
    reported,
    results_of,
    source_of,
    two_offices,
    wide_open,
)

# Jenkins' junit-10.xsd (github.com/jenkinsci/xunit-plugin): elements, the attributes each may have, its children.
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        },
        {"testcase", "properties", "system-out", "system-err", "testsuite"},
    ),
    "testcase": ({"name", "assertions", "time", "classname", "status"}, {"skipped", "error", "failure"}),
    "failure": ({"message", "type"}, set()),
    "skipped": ({"message", "type"}, set()),
}
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}


def parsed(report: Report) -> ET.Element:
    return ET.fromstring("".join(junit_xml(report)))  # noqa: S314, reads what the collection itself has written


@pytest.mark.parametrize("answer", [as_planned, wide_open, dead, None])
def test_junit_has_the_elements_and_attributes_of_the_schema(answer: Answer | None) -> None:
    root = parsed(reported(two_offices(), answer))
    elements = list(root.iter())
    assert len(elements) > 10
    for element in elements:
        attributes, children = SCHEMA[element.tag]
        assert set(element.attrib) <= attributes
        assert REQUIRED.get(element.tag, set()) <= set(element.attrib)
        assert {child.tag for child in element} <= children


def test_junit_counts_what_it_holds() -> None:
    suites = list(parsed(reported(two_offices(), wide_open)))
    assert any(len(suite) for suite in suites)
    for suite in suites:
        cases = list(suite)
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == sum(case.find("failure") is not None for case in cases)


def test_junit_skips_what_is_not_proven_and_what_was_not_tested() -> None:
    limited = parsed(reported(two_offices(), as_planned, only="fl-"))
    suite = limited.find("testsuite[@name='uk-ts1']")
    assert suite is not None
    assert [case.find("skipped") is not None for case in suite] == [True]
    unproven = parsed(reported(two_offices(), dead, notify=False))
    messages = {item.get("message") for item in unproven.iter("skipped")}
    assert messages == {"not proven: silent, but nothing shows that the line was alive"}


def test_junit_names_every_failure_with_what_happened() -> None:
    failures = list(parsed(reported(two_offices(), wide_open)).iter("failure"))
    assert failures
    assert {item.get("message") for item in failures} == {
        "got through: the far end itself said that nothing listens there"
    }


def test_json_says_what_the_page_says() -> None:
    report = reported(two_offices(), wide_open)
    document = json.loads("".join(report_json(report)))
    assert (document["format"], document["plan"], document["verdict"]) == (1, report.view.digest, "failed")
    assert document["counts"]["failed"] == len([check for check in document["checks"] if check["verdict"] == "failed"])
    assert set(document["kinds"]["neighbour port"]) == {"failed", "not proven", "passed", "noted"}
    assert document["hosts"]["untested"] == []


class OneAtATime(Mapping[str, Mapping[str, Any]]):
    """Results that are read when they are asked for; notes how many documents anybody held at one time."""

    def __init__(self, results: Mapping[str, Mapping[str, Any]]) -> None:
        self._texts = {host: json.dumps(result) for host, result in results.items()}
        self.held: weakref.WeakSet[Result] = weakref.WeakSet()
        self.most = 0

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        result = Result(json.loads(self._texts[host]))
        self.held.add(result)
        self.most = max(self.most, len(self.held))
        return result

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class Result(dict[str, Any]):
    """A document that can be watched."""

    # A dict has none.
    __hash__ = object.__hash__  # type: ignore[assignment]


def test_no_document_is_held_as_a_whole_and_no_more_than_one_hosts_results_at_a_time() -> None:
    plan, slices = planned(two_offices())
    expects = expectations(plan, slices)
    results = OneAtATime(results_of(plan, expects, as_planned))
    report = make_report(source_of(plan, slices, expects, results))
    for pieces in (report_json(report), junit_xml(report)):
        parts = list(pieces)
        assert len(parts) > len(results)
        assert max(map(len, parts)) < sum(map(len, parts)) / 4
    assert len(results) > 4
    assert results.most == 1
    assert report_page(report)
