# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to whom, as a grid: hosts by hosts where that fits on a page, else sites by sites."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..plan_files.view import INTERNET, FlowView
from ..verification.judgement import FAILED, NOTED, PASSED, UNPROVEN
from ..verification.probes import SILENT, tried_ports
from .flow_words import outside_ends
from .model import Report

#: More names than this make no readable grid of hosts, or of sites.
MOST_HOSTS = 16
MOST_SITES = 24

#: Worst first: a cell shows the worst of what was found in it.
_ORDER = (FAILED, UNPROVEN, PASSED)


@dataclass(frozen=True, slots=True)
class Cell:
    """From one to another: the flows that may pass, and how their probes came out.

    Attributes:
        flows: enabled flows.
        probes: how many probes were judged.
        verdict: the worst of them; empty where there was none.
    """

    flows: tuple[FlowView, ...]
    probes: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The grid.

    Attributes:
        by_site: whether names are sites and not hosts.
        rows, columns: who may start something, and who may be its target.
        left_out: how many hosts or sites found no room.
        cells: by source and destination; a missing one had neither flows nor probes.
        public: destinations of which something is open to everybody.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    by_site: bool
    left_out: int
    cells: Mapping[tuple[str, str], Cell]
    public: frozenset[str]


def make_matrix(report: Report) -> Matrix:
    """Return the grid of a report."""
    view = report.view
    ends = {host for flow in view.flows for host in (flow.source, flow.destination)}
    hosts = [name for name in view.hosts if name not in view.gateways or name in ends]
    by_site = len(hosts) > MOST_HOSTS
    outside = outside_ends(view)
    key = {name: view.hosts[name].site if by_site else name for name in view.hosts} | outside
    flows: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
    for flow in view.flows:
        if flow.enabled:
            flows[key[flow.source], key[flow.destination]].append(flow)
    verdicts = _verdicts(report, key, outside)
    names = _names(report, hosts, by_site)
    enabled = [flow for flow in view.flows if flow.enabled]
    sources = (*names, *_shown(outside, {flow.source for flow in enabled}))
    targets = (*names, *_shown(outside, {flow.destination for flow in enabled}))
    shown = {*sources, *targets}
    cells = {
        pair: Cell(tuple(flows.get(pair, ())), sum(verdicts.get(pair, {}).values()), _worst(verdicts.get(pair, {})))
        for pair in sorted({*flows, *verdicts})
        if pair[0] in shown and pair[1] in shown
    }
    public = frozenset(key[flow.destination] for flow in enabled if flow.source == INTERNET)
    left_out = (len(view.sites) if by_site else len(hosts)) - len(names)
    return Matrix(sources, targets, by_site, left_out, cells, public)


def _verdicts(
    report: Report, key: Mapping[str, str], outside: Mapping[str, str]
) -> dict[tuple[str, str], Counter[str]]:
    """How often each verdict was given, by cell.

    What stands for the Internet in a test is shown where the flow is, and not as a right of that one host; and a
    client's own packet to what is public shows that it is, too.
    """
    shown_at: dict[str, tuple[str, str]] = {}
    opened: dict[tuple[str, str, int], tuple[str, str]] = {}
    for flow in report.view.flows:
        if flow.enabled and (flow.source in outside or flow.destination in outside):
            shown_at[flow.id] = pair = (key[flow.source], key[flow.destination])
            if flow.source == INTERNET:
                opened.update({(flow.dial, flow.transport, port): pair for port in tried_ports(flow.ports)})
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for check in report.checks:
        if check["verdict"] != NOTED and check["target"] in key:
            pair = shown_at.get(check.get("flow", ""), (key[check["host"]], key[check["target"]]))
            if check["expect"] == SILENT:
                pairs = [(key[check["host"]], key[check["target"]])]
            else:
                pairs = [pair, opened.get((check["address"], check["transport"], check["port"]), pair)]
            for where in dict.fromkeys(pairs):
                found[where][check["verdict"]] += 1
    return found


def _shown(outside: Mapping[str, str], ends: set[str]) -> dict[str, None]:
    """As what those of *ends* are shown that are no hosts."""
    return dict.fromkeys(words for end, words in outside.items() if end in ends)


def _names(report: Report, hosts: list[str], by_site: bool) -> tuple[str, ...]:
    view = report.view
    if not by_site:
        serving = {host.site for host in view.hosts.values() if "server" in host.roles}
        busy = {host for flow in view.flows for host in (flow.source, flow.destination)}

        def order(name: str) -> tuple[bool, bool, str, bool, str]:
            site = view.hosts[name].site
            return name not in busy, site not in serving, site, "server" not in view.hosts[name].roles, name

        return tuple(sorted(hosts, key=order))
    sizes: dict[str, int] = defaultdict(int)
    servers: dict[str, int] = defaultdict(int)
    for host in view.hosts.values():
        sizes[host.site] += 1
        servers[host.site] += "server" in host.roles
    ranked = sorted(view.sites, key=lambda name: (-servers[name], -sizes[name], name))
    return tuple(sorted(ranked[:MOST_SITES], key=lambda name: (not servers[name], name)))


def _worst(verdicts: Mapping[str, int]) -> str:
    return next((verdict for verdict in _ORDER if verdict in verdicts), "")


def summary_of(cell: Cell, source: str, target: str, *, public: bool = False) -> str:
    """One sentence about a cell, for those who hear the page or point at it.

    *public*: something of the target is open to everybody.
    """
    what: dict[str, Any] = {FAILED: "not as planned", UNPROVEN: "not proven", PASSED: "as planned", "": "not tested"}
    if cell.flows:
        return f"{source} may connect to {target}: {what[cell.verdict]}"
    nothing = "no fax flow but what is open to everybody" if public else "no fax flow"
    if cell.probes:
        return f"{nothing} from {source} to {target}: {cell.probes} probes, {what[cell.verdict]}"
    return f"{nothing} from {source} to {target}: not tested"
