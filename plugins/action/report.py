# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report of a plan and of what was proven of it: a page, JSON, JUnit XML, tables and the drawing."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import yaml
from ansible.release import __version__ as ansible_version

from ..plugin_utils.basics.findings import Finding, Severity, sort_findings
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.inventory.approval import Approval
from ..plugin_utils.plan_files.directory import written_digest
from ..plugin_utils.plan_files.terminal_text import remark_texts
from ..plugin_utils.report.document import report_json
from ..plugin_utils.report.drawing_file import drawing_file
from ..plugin_utils.report.exports import DRAWING, table_names, tables
from ..plugin_utils.report.folder import replace_files
from ..plugin_utils.report.junit import junit_xml
from ..plugin_utils.report.model import Report, is_notification, make_report, notification_kind
from ..plugin_utils.report.page import report_page
from ..plugin_utils.report.scene import make_scene
from ..plugin_utils.report.source import Source, read_source
from ..plugin_utils.verification.judgement import FAILED, PASSED, UNPROVEN
from ..plugin_utils.verification.run_files import REPORT

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "fail_on": {"type": "list", "elements": "str", "choices": ["failed", "not proven", "not tested"], "default": []},
}

_MISTAKEN = "The report is written, and without what cannot be in faxnet_approval:"

#: How many lines a failure prints; the report has them all.
MOST_LINES = 15


class ActionModule(EngineAction):
    """The face of the report for plays."""

    argument_spec = ARGUMENTS
    BYPASS_HOST_LOOP = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Judge, write, and fail where that was asked for."""
        plan = self.locations(options, variables).plan
        if self.check_mode and not written_digest(plan):
            return {"skipped": True, "msg": f"Check mode: {plan} holds no plan yet."}
        approval, mistakes = self.approval(variables)
        places_of = self.approval_places(variables)
        report = make_report(_source(plan, approval, mistakes))
        for text in remark_texts(report.signature.findings(), Severity.WARNING, places_of):
            self._display.warning(text)
        pages = _write(report, plan.parent / REPORT, check_mode=self.check_mode)
        result = {**_summary(report), **pages}
        if mistakes:
            # What was tested is worth a report though somebody mistyped a date.
            told = [finding.text(places_of(finding)) for finding in sort_findings(mistakes)]
            result["failed"] = True
            result["msg"] = "\n\n".join([f"{_MISTAKEN} Report: {pages['page']}", *told])
        wanted = _complaints(report, options["fail_on"])
        if wanted:
            # The message says the first of them, the report all: a terminal need not hold thousands twice.
            result["failures"] = result["failures"][:MOST_LINES]
            result["failed"] = True
            lines = [f"{report.headline}. {report.sentence}", *wanted, f"Report: {pages['page']}"]
            result["msg"] = "\n".join([*lines, *([f"\n{result['msg']}"] if mistakes else [])])
        return result


def _source(plan: Path, approval: Approval, mistakes: Iterable[Finding]) -> Source:
    time = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    versions = {"faxnet.deploy": _collection_version(), "ansible-core": ansible_version}
    return read_source(plan, time, versions, approval, mistakes)


def _collection_version() -> str:
    """The collection's version, from whichever of its two descriptions is there: built or a checkout."""
    root = Path(__file__).resolve().parents[2]
    for name in ("MANIFEST.json", "galaxy.yml"):
        try:
            described = yaml.safe_load((root / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        return str(described.get("collection_info", described)["version"])
    return "of unknown version"


#: What is written: a file's name, and what makes its text, piece by piece.
_DOCUMENTS: dict[str, tuple[str, Callable[[Report], Iterable[str]]]] = {
    "page": ("index.html", lambda report: [report_page(report)]),
    "document": ("report.json", report_json),
    "junit": ("junit.xml", junit_xml),
    "drawing": (DRAWING, lambda report: [drawing_file(make_scene(report.view))]),
}


def _write(report: Report, directory: Path, *, check_mode: bool) -> dict[str, Any]:
    documents = dict(_DOCUMENTS.values())
    if not check_mode:
        replace_files(directory, {name: render(report) for name, render in documents.items()}, tables(report))
    written = {key: str(directory / name) for key, (name, _render) in _DOCUMENTS.items()}
    return {**written, "tables": [str(directory / name) for name in table_names()]}


def _summary(report: Report) -> dict[str, Any]:
    counts = report.counts()
    return {
        "verdict": report.verdict,
        "approved": report.source.since.is_this,
        "signed": str(report.signature.signed),
        "headline": report.headline,
        "sentence": report.sentence,
        "passed": counts[PASSED],
        "failed_checks": counts[FAILED],
        "unproven": counts[UNPROVEN],
        "untested": list(report.untested),
        "sampled": report.sampled(),
        "failures": [_line(check) for check in report.of_verdict(FAILED)],
    }


def _complaints(report: Report, fail_on: list[str]) -> list[str]:
    counts = report.counts()
    lines: list[Iterable[str]] = []
    number = 0
    for words, verdict in (("failed", FAILED), ("not proven", UNPROVEN)):
        if words in fail_on:
            lines.append(map(_line, report.of_verdict(verdict)))
            number += counts[verdict]
    if "not tested" in fail_on:
        untested = [f"{host} was not tested" for host in report.untested]
        if not report.checks:
            untested.append("Nothing was tested.")
        lines.append(untested)
        number += len(untested)
    first = list(islice(chain.from_iterable(lines), MOST_LINES))
    return first if number <= MOST_LINES else [*first, f"... and {number - MOST_LINES} more"]


def _line(check: Mapping[str, Any]) -> str:
    if is_notification(check):
        return f"{notification_kind(check)} of {check['server']} to {check['instance']}: {check['text']}"
    where = check["id"].partition(">")[2]
    return f"{check['host']} to {check['target'] or 'nobody'} ({where}), {check['kind']}: {check['text']}"
