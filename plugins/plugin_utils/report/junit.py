# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for continuous integration: JUnit XML, as Jenkins, GitLab and GitHub actions read it.

The elements and attributes are those of Jenkins' junit-10.xsd (github.com/jenkinsci/xunit-plugin). A suite is a sending
host, a class a kind of check. What is not proven is skipped, for it did not pass; a host that was not tested is a suite
with one skipped case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..verification.judgement import FAILED, NOTED, UNPROVEN
from .markup import Markup, closing, opening, tag, text
from .model import Report, is_notification, notification_kind


def junit_xml(report: Report) -> Iterator[str]:
    """Return the report as a JUnit document, piece by piece: no more than one host's checks are held at one time."""
    counts = report.counts()
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield opening(
        "testsuites",
        name="faxnet.deploy",
        tests=sum(counts.values()) - counts[NOTED] + len(report.untested),
        failures=counts[FAILED],
        errors=0,
    )
    yield "\n"
    for host, checks in groupby(report.checks, key=lambda check: str(check["host"])):
        judged = [check for check in checks if check["verdict"] != NOTED]
        if judged:
            yield from _suite(host, judged, report)
    for host in report.untested:
        yield _untested(host, report)
    if report.notifications is not None:
        yield from _suite("notifications", report.notifications, report)
    yield f"{closing('testsuites')}\n"


def _suite(name: str, checks: Sequence[Mapping[str, Any]], report: Report) -> Iterator[str]:
    yield opening(
        "testsuite",
        name=name,
        tests=len(checks),
        failures=_count(checks, FAILED),
        errors=0,
        skipped=_count(checks, UNPROVEN),
        timestamp=report.source.time.removesuffix("Z"),
    )
    yield "\n"
    yield from (_case(name, check) for check in checks)
    yield f"{closing('testsuite')}\n"


def _untested(host: str, report: Report) -> Markup:
    case = tag("testcase", tag("skipped", message=_why_untested(host, report)), name="all checks", classname=host)
    suite = tag(
        "testsuite",
        "\n",
        case,
        "\n",
        name=host,
        tests=1,
        failures=0,
        errors=0,
        skipped=1,
        timestamp=report.source.time.removesuffix("Z"),
    )
    return text((suite, "\n"))


def _why_untested(host: str, report: Report) -> str:
    for finding in report.findings:
        if finding["code"] == "FXN601" and host in finding["hosts"]:
            return f"the results of this host cannot be read: {finding['message']}"
    return "this host was not tested"


def _case(suite: str, check: Mapping[str, Any]) -> Markup:
    if is_notification(check):
        name, kind, seconds = f"{check['server']} notifies {check['instance']}", notification_kind(check), 0.0
    else:
        name = f"{check['id']} must be {check['expect']}"
        kind, seconds = check["kind"], (check.get("milliseconds") or 0) / 1000
    verdict = None
    if check["verdict"] == FAILED:
        verdict = tag("failure", check.get("reason"), message=check["text"], type=kind)
    elif check["verdict"] == UNPROVEN:
        verdict = tag("skipped", message=f"not proven: {check['text']}")
    case = tag("testcase", verdict, name=name, classname=f"{suite}.{kind}", time=f"{seconds:.4f}")
    return text((case, "\n"))


def _count(checks: Iterable[Mapping[str, Any]], verdict: str) -> int:
    return sum(check["verdict"] == verdict for check in checks)
