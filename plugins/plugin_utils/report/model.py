# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data: everything that the page, the JSON and the JUnit document say, judged once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..plan_files.view import PlanView, view_plan
from ..verification.judgement import FAILED, NOTED, PASSED, UNPROVEN, VERDICTS, judge, witnesses
from ..verification.notifications import judge_notifications
from ..verification.probes import KINDS, SILENT, named

#: The whole network's verdicts.
SOUND = "passed"
BROKEN = "failed"
INCOMPLETE = "incomplete"
UNTESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is made of.

    Attributes:
        plan: content of ``plan.json``.
        slices: contents of ``hosts/<host>.json``; only those of routers and of clients on the page are asked for.
        expected: content of ``probes.json``; None before anything was expected.
        results: each tested host's result document.
        time: when the report is made (ISO 8601, UTC).
        versions: names and versions of what took part.
    """

    plan: Mapping[str, Any]
    slices: Mapping[str, Mapping[str, Any]]
    expected: Mapping[str, Any] | None
    results: Mapping[str, Mapping[str, Any]]
    time: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A judged report.

    Attributes:
        view: the plan.
        checks: every probe with outcome, verdict, text and witness.
        notifications: every notification with verdict and text; None where no round was made.
        tested, untested: names of hosts that were to send probes.
        verdict: one of the four above.
        headline, sentence: the verdict for people.
    """

    source: Source
    view: PlanView
    checks: tuple[Mapping[str, Any], ...]
    notifications: tuple[Mapping[str, Any], ...] | None
    tested: tuple[str, ...]
    untested: tuple[str, ...]
    verdict: str
    headline: str
    sentence: str

    def kinds(self) -> dict[str, dict[str, int]]:
        """Verdict counts of the probes by kind, in the order of :data:`KINDS`."""
        found = {kind: dict.fromkeys(VERDICTS, 0) for kind in KINDS}
        for check in self.checks:
            found[check["kind"]][check["verdict"]] += 1
        return found

    def counts(self) -> dict[str, int]:
        """Verdict counts of everything that was judged."""
        found = dict.fromkeys(VERDICTS, 0)
        for check in (*self.checks, *(self.notifications or ())):
            found[check["verdict"]] += 1
        return found

    def of_verdict(self, verdict: str) -> list[Mapping[str, Any]]:
        """All probes and notifications with one verdict."""
        return [check for check in (*self.checks, *(self.notifications or ())) if check["verdict"] == verdict]


def is_notification(check: Mapping[str, Any]) -> bool:
    """Whether a check is of a notification, and not of a probe."""
    return "instance" in check


def notification_kind(check: Mapping[str, Any]) -> str:
    """What a notification is: a call-back, an alert, or a log item."""
    return str(check.get("kind") or "call-back")


def make_report(source: Source) -> Report:
    """Judge everything and find the words for it."""
    view = view_plan(source.plan)
    results = {host: result for host, result in source.results.items() if result.get("plan") == view.digest}
    tried = [probe for _host, result in sorted(results.items()) for probe in result["probes"]]
    seen = witnesses(tried, (host for host, result in results.items() if result.get("emulated")))
    checks = tuple({**probe, **judge(probe, seen).as_dict()} for probe in tried)
    asked = any(result.get("notifications") is not None for result in results.values())
    without = [name for name, host in view.hosts.items() if not host.traits.runs_python]
    judged = judge_notifications(view.uses, results, services=source.plan["services"], without=without)
    notifications = tuple(judged) if asked else None
    # Hosts with nothing to send are tested by others' probes: only senders can be left untested.
    senders = (source.expected or {}).get("hosts") or {}
    untested = tuple(sorted(host for host in senders if host not in results))
    verdict = _verdict(checks, notifications, untested)
    headline, sentence = _words(verdict, checks, notifications, untested)
    return Report(
        source=source,
        view=view,
        checks=checks,
        notifications=notifications,
        tested=tuple(sorted(results)),
        untested=untested,
        verdict=verdict,
        headline=headline,
        sentence=sentence,
    )


def _verdict(
    checks: Iterable[Mapping[str, Any]], notifications: Iterable[Mapping[str, Any]] | None, untested: tuple[str, ...]
) -> str:
    found = {check["verdict"] for check in (*checks, *(notifications or ()))} - {NOTED}
    if FAILED in found:
        return BROKEN
    if PASSED not in found:
        return UNTESTED
    return INCOMPLETE if untested or UNPROVEN in found else SOUND


def _words(
    verdict: str,
    checks: tuple[Mapping[str, Any], ...],
    notifications: tuple[Mapping[str, Any], ...] | None,
    untested: tuple[str, ...],
) -> tuple[str, str]:
    """Return the headline and the sentence below it."""
    if verdict == UNTESTED:
        return (
            "Planned, not tested yet",
            "This page shows what is meant to be open. Run the playbook faxnet.deploy.verify to prove it.",
        )
    wanted = [check for check in checks if check["expect"] != SILENT and check["verdict"] != NOTED]
    refused = [check for check in checks if check["expect"] == SILENT]
    parts = [
        f"{_share(wanted)} connections that must work do",
        f"{_share(refused)} that must be refused are",
    ]
    if notifications:
        parts.append(f"{_share(notifications)} notifications reached the client they were meant for")
    sentence = f"{_join(parts)}."
    if verdict == SOUND:
        return "Exactly the planned traffic passes", sentence
    if verdict == BROKEN:
        failed = sum(check["verdict"] == FAILED for check in (*checks, *(notifications or ())))
        return f"Not as planned: {failed} {'check' if failed == 1 else 'checks'} failed", sentence
    unproven = sum(check["verdict"] == UNPROVEN for check in (*checks, *(notifications or ())))
    gaps = []
    if unproven:
        gaps.append(f"{unproven} {'check is' if unproven == 1 else 'checks are'} not proven")
    if untested:
        gaps.append(f"{named(untested)} {'was' if len(untested) == 1 else 'were'} not tested")
    return "As planned, as far as it was tested", f"{sentence} {_join(gaps)}."


def _share(checks: Iterable[Mapping[str, Any]]) -> str:
    judged = list(checks)
    good = sum(check["verdict"] == PASSED for check in judged)
    return f"all {good}" if good == len(judged) else f"{good} of {len(judged)}"


def _join(parts: list[str]) -> str:
    joined = ", and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return joined[:1].upper() + joined[1:]
