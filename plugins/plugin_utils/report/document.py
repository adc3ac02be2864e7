# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for programs: one JSON document; its format is described in docs/guides/report.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from ..access.plans import SinceApproved
from ..access.words import told_changes
from ..verification.sent_pages import SentPage
from .model import Report

FORMAT = 1


def report_json(report: Report) -> Iterator[str]:
    """Return the report as JSON text, piece by piece: half a million checks are never held at one time.

    What there may be many of stands a line each.
    """
    begun = False
    for key, value in _members(report):
        yield f"{',' if begun else '{'}\n {json.dumps(key)}: "
        begun = True
        if value is None or isinstance(value, (str, int, dict)):
            yield _text(value)
        else:
            yield from _lines(value)
    yield "\n}\n"


def _members(report: Report) -> Iterator[tuple[str, Any]]:
    expected = report.source.expected or {}
    yield "format", FORMAT
    yield "plan", report.view.digest
    yield "time", report.source.time
    yield "versions", dict(report.source.versions)
    yield "verdict", report.verdict
    yield "headline", report.headline
    yield "sentence", report.sentence
    yield "counts", report.counts()
    yield "kinds", report.checks.tally.kinds
    yield "approval", {**asdict(report.source.approval), "signed": str(report.signature.signed)}
    yield "since_approved", _since(report.source.since)
    changes = report.source.since.changes
    yield "access_changes", (told._asdict() for told in (told_changes(changes.access) if changes is not None else ()))
    yield "hosts", {"tested": report.tested, "untested": report.untested}
    yield "refusing_nothing", report.lenient
    yield from report.also_open.members()
    yield "checks", report.checks
    yield "notifications", report.notifications
    yield "test_pages", (_without_picture(page) for page in report.source.sent_pages)
    for key in ("left_out", "shared_addresses", "not_probed", "by_reasoning"):
        yield key, expected.get(key, ())
    yield "findings", report.findings


def _without_picture(page: SentPage) -> dict[str, Any]:
    return {key: value for key, value in page._asdict().items() if key != "picture"}


def _since(since: SinceApproved) -> dict[str, Any]:
    changes = since.changes
    names = ("added", "removed", "moved", "others")
    hosts = {name: list(getattr(changes, name)) if changes is not None else [] for name in names}
    told = {"approved": since.digest or None, "approved_at": since.time or None, "is_this": since.is_this}
    return {**told, "problem": since.problem or None, **hosts}


def _lines(items: Iterable[Any]) -> Iterator[str]:
    begun = False
    for item in items:
        yield f"{',' if begun else '['}\n  {_text(item)}"
        begun = True
    yield "\n ]" if begun else "[]"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
