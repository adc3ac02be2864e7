# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's sections about the proof: what was tested with what result, and what was not tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..basics.names import named
from ..plan_files.view import FlowView
from ..verification.judgement import FAILED, NOTED, PASSED, UNPROVEN
from ..verification.probes import KINDS
from .markup import Content, Markup, tag
from .model import Report, is_notification, notification_kind
from .parts import badge, number, section, table

#: Longer lists are cut on the page, what failed last; report.json holds every check.
MOST_CHECKS = 150

_STYLES = {PASSED: "good", FAILED: "bad", UNPROVEN: "doubt", NOTED: "untested"}
_RANK = {FAILED: 0, UNPROVEN: 1, PASSED: 2, NOTED: 3}
_EXPECTED = {"open": "must answer", "through": "must get there", "silent": "must be refused"}


def tests_section(report: Report) -> Markup:
    """Counts by kind of check, and every check where there is room."""
    if not report.checks:
        words = "Nothing yet. The playbook faxnet.deploy.verify sends the packets and writes this page again."
        return section("tests", "What was tested", None, tag("p", words))
    kinds = report.checks.tally.kinds
    rows = []
    for kind, counts in kinds.items():
        total = sum(counts.values())
        if total and kind != "control":
            rows.append(_kind_row(kind, counts))
    head = ("Kind", "What it shows", "Checks", "Passed", "Failed", "Not proven")
    worst = _worst_of_each_kind(report)
    lists = [_kind_list(kind, worst[kind], sum(counts.values())) for kind, counts in kinds.items() if worst[kind]]
    intro = (
        "Real packets between the real hosts. A refused packet counts as refused only when the sender heard nothing, "
        "and when something else showed that the line was alive at that time."
    )
    return section(
        "tests",
        "What was tested",
        intro,
        table(head, rows, numeric={2, 3, 4, 5}, names={0}, label="Kinds of checks", stacked=True),
        lists,
    )


def _kind_row(kind: str, counts: Mapping[str, int]) -> tuple[Content, ...]:
    return (
        tag("strong", kind),
        KINDS[kind],
        sum(counts.values()),
        counts[PASSED],
        tag("b", counts[FAILED], class_="bad") if counts[FAILED] else 0,
        tag("b", counts[UNPROVEN], class_="doubt") if counts[UNPROVEN] else 0,
    )


def _worst_of_each_kind(report: Report) -> dict[str, list[Mapping[str, Any]]]:
    """As many checks of each kind as there is room for, what failed first; no more than twice as many are held."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for check in report.checks:
        kept = found[check["kind"]]
        kept.append(check)
        if len(kept) > 2 * MOST_CHECKS:
            kept.sort(key=_rank)
            del kept[MOST_CHECKS:]
    return defaultdict(list, {kind: sorted(kept, key=_rank)[:MOST_CHECKS] for kind, kept in found.items()})


def _rank(check: Mapping[str, Any]) -> tuple[int, str]:
    return _RANK[check["verdict"]], check["id"]


def _kind_list(kind: str, worst: list[Mapping[str, Any]], count: int) -> Markup:
    more = count - MOST_CHECKS
    return tag(
        "details",
        tag("summary", tag("strong", kind), f" {number(count, 'check')}"),
        checks_table(worst, f"Checks: {kind}"),
        tag("p", f"{more} more are in report.json.") if more > 0 else None,
        class_="sheet",
    )


def checks_table(checks: Iterable[Mapping[str, Any]], label: str) -> Markup:
    """Checks, a row each; *label* says for those who hear the page which ones."""
    head = ("Result", "From", "To", "Address and port", "Expected", "What happened", "Why")
    return table(head, [_check_row(check) for check in checks], names={1, 2}, label=label, stacked=True)


def _check_row(check: Mapping[str, Any]) -> tuple[Content, ...]:
    result = badge(check["verdict"], _STYLES[check["verdict"]])
    where = _address(check)
    if is_notification(check):
        kind = f"{notification_kind(check)}, a notification"
        return result, check["server"], check["instance"], where, "must arrive", check["text"], kind
    expected = _EXPECTED[check["expect"]] if check["verdict"] != NOTED else ""
    return result, check["host"], check["target"], where, expected, check["text"], check["reason"]


def _address(check: Mapping[str, Any]) -> Content:
    """Where to, and from which port where that was given."""
    address, port = check["address"], check["port"]
    if not address:
        return ""
    origin = f" from {check['source_port']}" if check.get("source_port") else ""
    return tag("code", address if port is None else f"{address} {port}/{check.get('transport') or 'tcp'}{origin}")


def notifications_section(report: Report) -> Markup | None:
    """Each client's notifications; None before anything was tested, and where no server sends any."""
    if not report.checks or not (report.notifications or any(map(_notifies, report.view.flows))):
        return None
    if report.notifications is None:
        words = (
            "Not tested: no emulator of a fax server answered. With real fax software in place, send a fax and watch "
            "each client."
        )
        return section("notifications", "Notifications", None, tag("p", words))
    by_client: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for check in report.notifications:
        by_client[check["server"], check["client"], notification_kind(check)].append(check)
    rows = [_client_row(*who, checks) for who, checks in sorted(by_client.items())]
    intro = (
        "The server sent every running client a notification of its own: a call-back over a connection, an alert or a "
        "log item in a datagram. It counts when it arrived once, at the client it was meant for, by both sides' word."
    )
    head = ("Server", "Client", "Kind", "Notifications", "Arrived", "Ports", "Result")
    more = f"{len(rows) - MOST_CHECKS} more rows are in report.json." if len(rows) > MOST_CHECKS else None
    listed = table(head, rows[:MOST_CHECKS], numeric={3, 4}, names={0, 1}, label="Notifications", stacked=True)
    return section("notifications", "Notifications", intro, listed, more)


def _notifies(flow: FlowView) -> bool:
    """Whether a server tells its clients something of its own accord through this flow."""
    return flow.enabled and (flow.callback or flow.kind in ("alert", "log_channel"))


def _client_row(server: str, client: str, kind: str, checks: list[Mapping[str, Any]]) -> tuple[Content, ...]:
    good = sum(check["verdict"] == PASSED for check in checks)
    worst = min((check["verdict"] for check in checks), key=_RANK.__getitem__)
    ports = sorted({check["port"] for check in checks if check["port"]})
    span = "" if not ports else str(ports[0]) if len(ports) == 1 else f"{ports[0]}\u2013{ports[-1]}"
    transports = sorted({check.get("transport") or "tcp" for check in checks})
    origins = sorted({check["source_port"] for check in checks if check.get("source_port")})
    words = f"{span} {'+'.join(transports)}" + (f" from {', '.join(map(str, origins))}" if origins else "")
    where = tag("code", words) if span else ""
    return server, tag("strong", client), kind, len(checks), good, where, badge(worst, _STYLES[worst])


def gaps_section(report: Report) -> Markup:
    """What the tests do not show."""
    expected = report.source.expected or {}
    items: list[Content] = []
    if report.untested:
        items.append(f"Hosts that sent nothing in this run: {', '.join(report.untested[:MOST_CHECKS])}.")
    unproven = report.checks.tally.verdicts()[UNPROVEN]
    if unproven:
        items.append(f"{number(unproven, 'check')} not proven: see the lists above for the reasons.")
    weak = report.checks.tally.by_both_ends
    if weak:
        items.append(
            f"{number(weak, 'refusal')} rest on two witnesses (sender and target were each heard of otherwise), for "
            "their address answers nobody from there."
        )
    items += report.sampled()
    items += [_not_probed_words(item) for item in expected.get("not_probed", ())[:MOST_CHECKS]]
    items += [_by_reasoning_words(item) for item in expected.get("by_reasoning", ())]
    if any(flow.carried_by and flow.enabled for flow in report.view.flows):
        items.append(
            "What passes only through the opening that a client keeps was not sent unasked; it is shown by the "
            "notifications, where emulators run."
        )
    if any(report.view.permits.values()):
        items.append("What hosts permit to others of their own network, where no router stands between, was not tried.")
    items.append("Ports between the ends of a range, and ports far from any opening, were not tried one by one.")
    items.append("Packets were tried between the hosts of the inventory; other machines on these networks were not.")
    return section("gaps", "What was not tested", None, tag("ul", [tag("li", item) for item in items]))


def _by_reasoning_words(item: Mapping[str, Any]) -> Content:
    permits = number(item["count"], "permit")
    some = named(item["permits"])
    return (tag("strong", "By reasoning only"), f", {permits} of routers not tried ({some}): {item['reason']}.")


def _not_probed_words(item: Mapping[str, Any]) -> Content:
    flows = number(item["count"], "flow")
    some = named(item["flows"])
    return (tag("strong", item["exchange"]), f", {flows} not tried ({some}): {item['reason']}.")
