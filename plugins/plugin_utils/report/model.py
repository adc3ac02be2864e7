# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data: everything that the page, the JSON and the JUnit document say, judged once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from ..basics.findings import Finding
from ..basics.names import named
from ..plan_files.approved import DIRECTORY_NAME
from ..plan_files.sealed_json import PlanFileError
from ..plan_files.signature import Signature
from ..plan_files.view import PlanView
from ..verification.judgement import FAILED, PASSED, UNPROVEN, witnesses
from ..verification.notifications import judge_notifications
from ..verification.sent_pages import FOLDER, Unread
from .also_open import AlsoOpen, also_open
from .checks import Checks, Share
from .source import Source

#: The whole network's verdicts.
SOUND = "passed"
BROKEN = "failed"
INCOMPLETE = "incomplete"
UNTESTED = "not tested"

#: What is kept of each host's results; its probes are most of them, and are read anew whenever somebody goes through.
_TOLD = ("emulated", "notifications", "instances")


@dataclass(frozen=True, slots=True)
class Report:
    """A judged report.

    Attributes:
        view: the plan.
        checks: every probe with outcome, verdict, text and witness; going through them takes as long as judging them.
        notifications: every notification with verdict and text; None where no round was made.
        tested, untested: names of hosts that were to send probes; those whose results cannot be read are untested.
        also_open: what passes besides the flows, and what may be lost.
        signature: of the person whom the inventory names as the approver, held against the plan.
        findings: the plan's; before them one for each host whose results cannot be read, one for each such record of
            test pages, and what is to be said of the approval.
        verdict: one of the four above.
        headline, sentence: the verdict for people.
    """

    source: Source
    view: PlanView
    checks: Checks
    notifications: tuple[Mapping[str, Any], ...] | None
    tested: tuple[str, ...]
    untested: tuple[str, ...]
    also_open: AlsoOpen
    signature: Signature
    findings: tuple[Mapping[str, Any], ...]
    verdict: str
    headline: str
    sentence: str

    @property
    def lenient(self) -> dict[str, tuple[str, ...]]:
        """The hosts that hold rules and refuse nothing, by stance."""
        return lenient(self.view)

    def counts(self) -> dict[str, int]:
        """Verdict counts of everything that was judged."""
        return _counts(self.checks, self.notifications)

    def sampled(self) -> list[str]:
        """A sentence for each kind of check of which only some were made: how many of how many, and which."""
        alike: dict[tuple[str, str, bool], list[Mapping[str, Any]]] = {}
        for item in (self.source.expected or {}).get("left_out", ()):
            alike.setdefault((item["kind"], item["rule"], bool(item["host"])), []).append(item)
        found = []
        for (kind, rule, by_host), items in alike.items():
            kept, possible = (sum(item[key] for item in items) for key in ("kept", "possible"))
            what = f"packets of {named([item['host'] for item in items])}" if by_host else "pairs of hosts"
            found.append(f"{kind[:1].upper()}{kind[1:]}: {kept:,} of {possible:,} {what} were tried; {rule}.")
        return found

    def of_verdict(self, verdict: str) -> Iterator[Mapping[str, Any]]:
        """All probes and notifications with one verdict."""
        if self.counts()[verdict]:
            yield from (check for check in chain(self.checks, self.notifications or ()) if check["verdict"] == verdict)


def is_notification(check: Mapping[str, Any]) -> bool:
    """Whether a check is of a notification, and not of a probe."""
    return "instance" in check


def notification_kind(check: Mapping[str, Any]) -> str:
    """What a notification is: a call-back, an alert, or a log item."""
    return str(check.get("kind") or "call-back")


def make_report(source: Source) -> Report:
    """Judge everything and find the words for it."""
    view = source.view
    told: dict[str, dict[str, Any]] = {}
    unread: dict[str, Finding] = {}

    def probes_of(host: str) -> Iterator[Mapping[str, Any]]:
        try:
            result = source.results[host]
        except PlanFileError as error:
            unread[host] = _unread(host, str(error))
            return
        if result.get("plan") == view.digest and host not in view.hosts:
            unread[host] = _unread(host, f"{host} is no host of the plan that these results are of")
        elif result.get("plan") == view.digest:
            told[host] = {key: result[key] for key in _TOLD if key in result}
            yield from result["probes"]

    seen = witnesses(chain.from_iterable(map(probes_of, source.results)))
    emulated = frozenset(host for host, result in told.items() if result.get("emulated"))
    checks = Checks(source.results, told, replace(seen, emulated=emulated))
    asked = any(result.get("notifications") is not None for result in told.values())
    without = [name for name, host in view.hosts.items() if not host.traits.runs_python]
    judged = judge_notifications(view.uses, told, services=view.services, without=without)
    notifications = tuple(judged) if asked else None
    # Hosts with nothing to send are tested by others' probes: only senders can be left untested.
    senders = (source.expected or {}).get("hosts") or {}
    untested = tuple(sorted({*senders, *unread} - {*told}))
    signature = Signature(source.approval, view.digest)
    approval = (*source.mistakes, *signature.findings(), *_unread_approved(source.since.problem))
    kept = (*unread.values(), *map(_unread_page, source.unread_pages))
    verdict = _verdict(checks, notifications, untested)
    headline, sentence = _words(verdict, checks, notifications, untested, lenient(view))
    return Report(
        source=source,
        view=view,
        checks=checks,
        notifications=notifications,
        tested=tuple(sorted(told)),
        untested=untested,
        also_open=also_open(view),
        signature=signature,
        findings=(*(finding.as_dict() for finding in (*kept, *approval)), *view.findings),
        verdict=verdict,
        headline=headline,
        sentence=sentence,
    )


def lenient(view: PlanView) -> dict[str, tuple[str, ...]]:
    """The hosts of a plan that hold rules and refuse nothing, by stance."""
    found: dict[str, list[str]] = {}
    for name, host in view.hosts.items():
        if host.traits.holds_rules and not host.refuses:
            found.setdefault(host.stance, []).append(name)
    return {stance: tuple(names) for stance, names in sorted(found.items())}


def _unread(host: str, problem: str) -> Finding:
    cure = "run the playbook faxnet.deploy.verify again; or remove the file and make the report again without that host"
    return Finding("FXN601", (host,), f"results/{host}.json", "", problem, cure)


def _unread_page(unread: Unread) -> Finding:
    cure = "run the playbook faxnet.deploy.canary again; or remove the file"
    return Finding("FXN602", (), f"{FOLDER}/{unread.name}", "", unread.problem, cure)


def _unread_approved(problem: str) -> Iterator[Finding]:
    if problem:
        cure = "mend the copy from version control; or look at this plan, and have it approved (faxnet.deploy.approve)"
        yield Finding("FXN704", (), DIRECTORY_NAME, "", problem, cure)


def _counts(checks: Checks, notifications: tuple[Mapping[str, Any], ...] | None) -> dict[str, int]:
    found = checks.tally.verdicts()
    for notification in notifications or ():
        found[notification["verdict"]] += 1
    return found


def _verdict(checks: Checks, notifications: tuple[Mapping[str, Any], ...] | None, untested: tuple[str, ...]) -> str:
    counts = _counts(checks, notifications)
    if counts[FAILED]:
        return BROKEN
    if not counts[PASSED]:
        return UNTESTED
    return INCOMPLETE if untested or counts[UNPROVEN] else SOUND


def _words(
    verdict: str,
    checks: Checks,
    notifications: tuple[Mapping[str, Any], ...] | None,
    untested: tuple[str, ...],
    refusing_nothing: Mapping[str, tuple[str, ...]],
) -> tuple[str, str]:
    """Return the headline and the sentence below it."""
    if verdict == UNTESTED:
        return (
            "Planned, not tested yet",
            "This page shows what is meant to be open. Run the playbook faxnet.deploy.verify to prove it.",
        )
    parts = [
        f"{checks.tally.wanted} connections that must work do",
        f"{checks.tally.refused} that must be refused are",
    ]
    if notifications:
        arrived = Share(sum(item["verdict"] == PASSED for item in notifications), len(notifications))
        parts.append(f"{arrived} notifications reached the client they were meant for")
    sentence = f"{_join(parts)}."
    if refusing_nothing:
        listed = [f"{named(names)} ({stance})" for stance, names in refusing_nothing.items()]
        sentence += f" No refusal is claimed of {' and '.join(listed)}: nothing is refused there."
    counts = _counts(checks, notifications)
    if verdict == SOUND:
        return "The planned traffic passes" if refusing_nothing else "Exactly the planned traffic passes", sentence
    if verdict == BROKEN:
        failed = counts[FAILED]
        return f"Not as planned: {failed} {'check' if failed == 1 else 'checks'} failed", sentence
    unproven = counts[UNPROVEN]
    gaps = []
    if unproven:
        gaps.append(f"{unproven} {'check is' if unproven == 1 else 'checks are'} not proven")
    if untested:
        gaps.append(f"{named(untested)} {'was' if len(untested) == 1 else 'were'} not tested")
    return "As planned, as far as it was tested", f"{sentence} {_join(gaps)}."


def _join(parts: list[str]) -> str:
    joined = ", and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return joined[:1].upper() + joined[1:]
