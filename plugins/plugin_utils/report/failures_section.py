# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section about what is not as planned: what happened the same way stands together, with where to look.

A rule that is missing on one router lets hundreds of packets through; who mends it wants to read of it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..basics.names import named
from ..verification.judgement import FAILED
from ..verification.probes import SILENT
from .markup import Markup, tag
from .model import Report, is_notification, notification_kind
from .parts import badge, number, section
from .proof_sections import checks_table

#: Longer lists are cut on the page; report.json holds every check.
MOST_CAUSES = 30
MOST_CHECKS = 100

#: So many checks are shown at once, with nothing folded away.
_FEW = 20

_REFUSED = "Are the plan's rules in force on {targets}, and on the routers before it?"
_WANTED = "Does {targets} run the program that listens there, and does every device on the way hold the plan's rules?"
_NOTIFIED = "Do the programs of {targets} run, and are their call-back ports set as planned?"


@dataclass(slots=True)
class _Cause:
    """Checks that came out wrong in the same way."""

    count: int = 0
    first: list[Mapping[str, Any]] = field(default_factory=list)
    senders: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    def add(self, check: Mapping[str, Any], sender: str, target: str) -> None:
        """Count one check; of many only the first are kept."""
        self.count += 1
        self.senders.add(sender)
        self.targets.add(target)
        if len(self.first) < MOST_CHECKS:
            self.first.append(check)


def failures_section(report: Report) -> Markup | None:
    """What is not as planned, right below the verdict; None where nothing failed."""
    failed = report.counts()[FAILED]
    if not failed:
        return None
    causes: dict[tuple[str, str, str], _Cause] = {}
    for check in report.of_verdict(FAILED):
        if is_notification(check):
            key = _NOTIFIED, notification_kind(check), check["text"]
            ends = check["server"], check["client"]
        else:
            key = _REFUSED if check["expect"] == SILENT else _WANTED, check["kind"], check["text"]
            ends = check["host"], check["target"] or "nobody"
        causes.setdefault(key, _Cause()).add(check, *ends)
    ranked = sorted(causes.items(), key=lambda item: (-item[1].count, item[0]))
    shown = [_cause(*key, cause, opened=failed <= _FEW) for key, cause in ranked[:MOST_CAUSES]]
    more = (
        f"{len(ranked) - MOST_CAUSES} more kinds of failures are in report.json." if len(ranked) > MOST_CAUSES else None
    )
    ways = "in one way" if len(causes) == 1 else f"in {len(causes)} ways"
    intro = f"{number(failed, 'check')} failed, {ways}; what failed alike stands together."
    return section("failures", "What is not as planned", intro, shown, more)


def _cause(look: str, kind: str, text: str, cause: _Cause, *, opened: bool) -> Markup:
    targets = named(sorted(cause.targets))
    ends = f"From {named(sorted(cause.senders))} to {targets}. "
    more = f"{cause.count - MOST_CHECKS} more are in report.json." if cause.count > MOST_CHECKS else None
    return tag(
        "details",
        tag("summary", badge(number(cause.count, "check"), "bad"), " ", tag("strong", kind), f": {text}"),
        tag("p", ends, tag("strong", "Where to look: "), look.format(targets=targets), class_="cause"),
        checks_table(cause.first, f"{kind}: {text}"),
        tag("p", more) if more else None,
        class_="sheet",
        open=opened,
    )
