# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for programs: one JSON document; its format is described in docs/guides/report.md."""

from __future__ import annotations

import json
from typing import Any

from .model import Report

FORMAT = 1


def report_document(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    expected = report.source.expected or {}
    return {
        "format": FORMAT,
        "plan": report.view.digest,
        "time": report.source.time,
        "versions": dict(report.source.versions),
        "verdict": report.verdict,
        "headline": report.headline,
        "sentence": report.sentence,
        "counts": report.counts(),
        "kinds": report.kinds(),
        "hosts": {"tested": list(report.tested), "untested": list(report.untested)},
        "checks": [dict(check) for check in report.checks],
        "notifications": None if report.notifications is None else [dict(item) for item in report.notifications],
        "left_out": list(expected.get("left_out", ())),
        "inseparable": list(expected.get("inseparable", ())),
        "not_probed": list(expected.get("not_probed", ())),
        "findings": [dict(finding) for finding in report.view.findings],
    }


def report_json(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(report_document(report), indent=1, ensure_ascii=False) + "\n"
