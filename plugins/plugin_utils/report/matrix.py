# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to whom, as a grid: hosts by hosts where that fits on a page, else sites by sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..judgement import FAILED, NOTED, PASSED, UNPROVEN
from ..plan_view import FlowView
from .model import Report

#: More names than this make no readable grid of hosts, or of sites.
MOST_HOSTS = 16
MOST_SITES = 24

#: Worst first: a cell shows the worst of what was found in it.
_ORDER = (FAILED, UNPROVEN, PASSED)


@dataclass(frozen=True, slots=True)
class Cell:
    """From one to another: the flows that may pass (none: nothing may), and how their probes came out.

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
        left_out: how many names found no room.
        cells: by source and destination; a missing one had neither flows nor probes.
    """

    names: tuple[str, ...]
    by_site: bool
    left_out: int
    cells: Mapping[tuple[str, str], Cell]


def make_matrix(report: Report) -> Matrix:
    """Return the grid of a report."""
    view = report.view
    gateways = {gateway.host for site in view.sites.values() for gateway in site.gateways}
    ends = {host for flow in view.flows for host in (flow.source, flow.destination)}
    hosts = [name for name in view.hosts if name not in gateways or name in ends]
    by_site = len(hosts) > MOST_HOSTS
    key = {name: view.hosts[name].site if by_site else name for name in view.hosts}
    flows: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
    for flow in view.flows:
        if flow.enabled:
            flows[key[flow.source], key[flow.destination]].append(flow)
    verdicts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for check in report.checks:
        if check["verdict"] != NOTED and check["target"] in key:
            verdicts[key[check["host"]], key[check["target"]]].append(check["verdict"])
    names = _names(report, hosts, by_site)
    shown = set(names)
    cells = {
        pair: Cell(tuple(flows.get(pair, ())), len(verdicts.get(pair, ())), _worst(verdicts.get(pair, [])))
        for pair in sorted({*flows, *verdicts})
        if pair[0] in shown and pair[1] in shown
    }
    return Matrix(names, by_site, (len(view.sites) if by_site else len(hosts)) - len(names), cells)


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


def _worst(verdicts: list[str]) -> str:
    return next((verdict for verdict in _ORDER if verdict in verdicts), "")


def summary_of(cell: Cell, source: str, target: str) -> str:
    """One sentence about a cell, for those who hear the page or point at the cell."""
    what: dict[str, Any] = {FAILED: "not as planned", UNPROVEN: "not proven", PASSED: "as planned", "": "not tested"}
    if cell.flows:
        return f"{source} may connect to {target}: {what[cell.verdict]}"
    if cell.probes:
        return f"nothing may pass from {source} to {target}: {cell.probes} probes, {what[cell.verdict]}"
    return f"nothing may pass from {source} to {target}: not tested"
