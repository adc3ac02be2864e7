# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Below a grid of sites: each site's hosts, whom each may call and who may call it, and how its packets came out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from ..basics.names import named
from ..plan_files.view import FlowView, HostView
from ..verification.judgement import FAILED, NOTED, PASSED, UNPROVEN
from .flow_words import port_words
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge, number, table

#: Of a larger network nobody reads such lists; its flows are in flows.csv.
MOST_HOSTS = 500

#: Ports with those who use them, in a cell.
MOST_WAYS = 4

_HEAD = ("Host", "Address", "May connect to", "May be reached by", "Checks", "Result")
_ORDER = ((FAILED, "bad"), (UNPROVEN, "doubt"), (PASSED, "good"))


def hosts_by_site(report: Report) -> list[Markup]:
    """Return a folded list for each site; none where there are too many hosts."""
    view = report.view
    if len(view.hosts) > MOST_HOSTS:
        return []
    outward, inward = _flows(report.view.flows)
    verdicts = _verdicts(report)
    members: dict[str, list[HostView]] = defaultdict(list)
    for host in view.hosts.values():
        members[host.site].append(host)
    return [
        tag(
            "details",
            tag("summary", tag("strong", site), f" {number(len(hosts), 'host')}"),
            table(
                _HEAD,
                [_row(host, outward[host.name], inward[host.name], verdicts[host.name]) for host in hosts],
                numeric={4},
                names={0},
                label=f"Hosts of {site}",
                stacked=True,
            ),
            class_="sheet",
        )
        for site, hosts in sorted(members.items())
    ]


def _flows(flows: Iterable[FlowView]) -> tuple[dict[str, list[FlowView]], dict[str, list[FlowView]]]:
    outward: dict[str, list[FlowView]] = defaultdict(list)
    inward: dict[str, list[FlowView]] = defaultdict(list)
    for flow in flows:
        if flow.enabled:
            outward[flow.source].append(flow)
            inward[flow.destination].append(flow)
    return outward, inward


def _verdicts(report: Report) -> dict[str, Counter[str]]:
    """How often each verdict was given to what a host sent, and to what others sent to it."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for check in report.checks:
        if check["verdict"] != NOTED:
            for host in dict.fromkeys((check["host"], check["target"])):
                found[host][check["verdict"]] += 1
    return found


def _row(
    host: HostView, outward: list[FlowView], inward: list[FlowView], verdicts: Mapping[str, int]
) -> tuple[Content, ...]:
    worst = next(((verdict, style) for verdict, style in _ORDER if verdicts[verdict]), None)
    return (
        tag("strong", host.name),
        tag("code", ", ".join((*host.dns_names, *host.met_at))),
        _ends(outward, "destination"),
        _ends(inward, "source"),
        sum(verdicts.values()),
        badge(*worst) if worst else badge("not tested", "untested"),
    )


def _ends(flows: list[FlowView], far: str) -> Content:
    """``fl-fax on 7488 tcp``: those that flows lead to or come from, and the ports, alike ones together."""
    by_end: dict[str, list[FlowView]] = defaultdict(list)
    for flow in flows:
        by_end[getattr(flow, far)].append(flow)
    alike: dict[str, list[str]] = defaultdict(list)
    for end, listed in sorted(by_end.items()):
        alike[port_words(listed)].append(end)
    said = [f"{named(ends)} on {ports}" for ports, ends in alike.items()]
    more = f"; and {len(said) - MOST_WAYS} more" if len(said) > MOST_WAYS else ""
    return "; ".join(said[:MOST_WAYS]) + more or "nobody"
