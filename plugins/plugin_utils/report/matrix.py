# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to whom, as a grid: hosts by hosts where that fits on a page, else sites by sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..basics.ports import PortRange
from ..plan_files.view import INTERNET, FlowView
from ..verification.judgement import NOTED, PASSED
from ..verification.probes import SILENT, tried_ports
from .flow_words import outside_ends
from .model import Report, notification_kind
from .tried import Tried

#: More names than this make no readable grid of hosts, or of sites.
MOST_HOSTS = 20
MOST_SITES = 24

#: What the ends are called together that belong to no site.
OUTSIDE = "outside"

_ROLES = ("server", "client", "endpoint")
_NOTHING = Tried()

#: Names under what they are called together.
Groups = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """From one to another: the flows that may pass, and what was tried."""

    flows: tuple[FlowView, ...]
    tried: Tried

    @property
    def probes(self) -> int:
        """How many probes were judged."""
        return self.tried.probes

    @property
    def verdict(self) -> str:
        """The worst of what was tried; empty where nothing was, or nothing that a flow should let through."""
        worst = self.tried.verdict
        return "" if worst == PASSED and self.flows and not self.tried.connected else worst

    @property
    def untried(self) -> int:
        """Of how many flows no packet was tried, nor one that would have shown the same."""
        left = [flow for flow in self.flows if not self._shown(flow)]
        if not left:
            return 0
        known = {_question(flow) for flow in self.flows if flow.id in self.tried.flows}
        return sum(_question(flow) not in known for flow in left)

    def _shown(self, flow: FlowView) -> bool:
        kind = "call-back" if flow.callback else flow.kind
        return flow.id in self.tried.flows or (flow.source, flow.destination, kind) in self.tried.notified


@dataclass(frozen=True, slots=True)
class Matrix:
    """The grid.

    Attributes:
        by_site: whether names are sites and not hosts.
        sources, targets: who may start something, and who may be its target; hosts by site, then what stands outside.
        left_out: how many hosts or sites found no room.
        cells: by source and destination; a missing one had neither flows nor probes.
        public: destinations of which something is open to everybody.
    """

    by_site: bool
    sources: Groups
    targets: Groups
    left_out: int
    cells: Mapping[tuple[str, str], Cell]
    public: frozenset[str]

    @property
    def rows(self) -> tuple[str, ...]:
        """All sources."""
        return tuple(name for _group, names in self.sources for name in names)

    @property
    def columns(self) -> tuple[str, ...]:
        """All targets."""
        return tuple(name for _group, names in self.targets for name in names)

    def cell(self, source: str, target: str) -> Cell:
        """What may pass from one to another, and what was tried."""
        return self.cells.get((source, target)) or Cell((), _NOTHING)


def make_matrix(report: Report) -> Matrix:
    """Return the grid of a report."""
    view = report.view
    by_site = len(view.hosts) > MOST_HOSTS
    outside = outside_ends(view)
    key = {name: view.hosts[name].site if by_site else name for name in view.hosts} | outside
    enabled = [flow for flow in view.flows if flow.enabled]
    names = _sites(report) if by_site else _hosts(report)
    sources = (*names, *_outside(outside, {flow.source for flow in enabled}))
    targets = (*names, *_outside(outside, {flow.destination for flow in enabled}))
    shown = frozenset(name for _group, listed in (*sources, *targets) for name in listed)
    flows: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
    for flow in enabled:
        flows[key[flow.source], key[flow.destination]].append(flow)
    tried = _tried(report, key, outside, shown)
    cells = {
        pair: Cell(tuple(flows.get(pair, ())), tried.get(pair, _NOTHING))
        for pair in sorted({*flows, *tried})
        if shown.issuperset(pair)
    }
    public = frozenset(key[flow.destination] for flow in enabled if flow.source == INTERNET)
    left_out = max(0, len(view.sites) - MOST_SITES) if by_site else 0
    return Matrix(by_site, sources, targets, left_out, cells, public)


def _tried(
    report: Report, key: Mapping[str, str], outside: Mapping[str, str], shown: frozenset[str]
) -> dict[tuple[str, str], Tried]:
    """What was tried, by cell that is shown.

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
    found: dict[tuple[str, str], Tried] = defaultdict(Tried)
    for check in report.checks:
        if check["verdict"] != NOTED and check["target"] in key:
            pair = (key[check["host"]], key[check["target"]])
            pairs = {pair: None}
            if check["expect"] != SILENT:
                pair = shown_at.get(check.get("flow", ""), pair)
                pairs = {pair: None, opened.get((check["address"], check["transport"], check["port"]), pair): None}
            for where in pairs:
                if shown.issuperset(where):
                    found[where].add(check)
    for item in report.notifications or ():
        where = key.get(item["server"], ""), key.get(item["client"], "")
        if shown.issuperset(where):
            found[where].notifications[item["verdict"]] += 1
            found[where].notified.add((item["server"], item["client"], notification_kind(item)))
    return found


def _question(flow: FlowView) -> tuple[str, str, str, tuple[PortRange, ...], tuple[PortRange, ...]]:
    """What a probe of a flow asks: equal questions are asked once."""
    return flow.source, flow.dial, flow.transport, flow.ports, flow.source_ports


def _outside(outside: Mapping[str, str], ends: set[str]) -> Groups:
    """As what those of *ends* are shown that are no hosts."""
    names = tuple(dict.fromkeys(words for end, words in outside.items() if end in ends))
    return ((OUTSIDE, names),) if names else ()


def _hosts(report: Report) -> Groups:
    """All hosts by site: sites with servers first, then those that take part at all; routers last in each."""
    view = report.view
    busy = {view.hosts[end].site for flow in view.flows for end in (flow.source, flow.destination) if end in view.hosts}
    serving = {host.site for host in view.hosts.values() if "server" in host.roles}

    def order(name: str) -> tuple[int, str]:
        roles = view.hosts[name].roles
        return next((index for index, role in enumerate(_ROLES) if role in roles), len(_ROLES)), name

    members: dict[str, list[str]] = defaultdict(list)
    for name, host in view.hosts.items():
        members[host.site].append(name)
    ranked = sorted(members, key=lambda site: (site not in serving, site not in busy, site))
    return tuple((site, tuple(sorted(members[site], key=order))) for site in ranked)


def _sites(report: Report) -> Groups:
    """The largest sites, those with servers first."""
    view = report.view
    sizes: dict[str, int] = defaultdict(int)
    servers: dict[str, int] = defaultdict(int)
    for host in view.hosts.values():
        sizes[host.site] += 1
        servers[host.site] += "server" in host.roles
    ranked = sorted(view.sites, key=lambda name: (-servers[name], -sizes[name], name))
    return (("sites", tuple(sorted(ranked[:MOST_SITES], key=lambda name: (not servers[name], name)))),)


def summary_of(cell: Cell, source: str, target: str, *, public: bool = False) -> str:
    """Say in one line what a cell shows, for those who hear the page or point at it.

    *public*: something of the target is open to everybody.
    """
    nothing = "no fax flow but what is open to everybody" if public else "no fax flow"
    begin = f"{source} may connect to {target}" if cell.flows else f"{nothing} from {source} to {target}"
    return ": ".join((begin, ". ".join(proof_of(cell))))


def proof_of(cell: Cell) -> Iterator[str]:
    """Say in sentences what was tried in a cell and what was not; no more than packets showed."""
    said = tuple(cell.tried.sentences())
    yield from said or ("not tested",)
    if said and cell.untried:
        yield f"{cell.untried} of {len(cell.flows)} flows not tried"
