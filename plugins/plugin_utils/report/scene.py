# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn: which sites, which devices of each, and which lines between them; no coordinates yet.

A drawing helps as long as it can be taken in. Beyond a dozen devices a site's clients become one row, and beyond a
handful of sites the smaller ones become one card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..plan_view import FlowView, PlanView, SiteView
from ..ports import PortRange, merge_ranges, ports_text

MOST_DEVICES = 12
MOST_SITES = 8
MOST_PORTS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A device, or many alike: a line in a site's card; ``count`` says how many clients share its address."""

    key: str
    title: str
    subtitle: str
    role: str
    note: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway: name and public addresses."""

    host: str
    public: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A site, or the sites for which there is no room."""

    name: str
    networks: tuple[str, ...]
    rows: tuple[Row, ...]
    doors: tuple[Door, ...]
    serves: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Flows of one direction between two rows, drawn as one arrow."""

    source: str
    target: str
    callback: bool
    label: str


@dataclass(frozen=True, slots=True)
class Trunk:
    """All flows of one direction between two cards, with the label that stands in the middle."""

    source: str
    target: str
    callback: bool
    label: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole drawing."""

    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    trunks: tuple[Trunk, ...]


@dataclass(slots=True)
class _Places:
    """Where each host is drawn: its card and its row."""

    card: dict[str, str] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)


def make_scene(view: PlanView) -> Scene:
    """Return what to draw of a plan."""
    flows = [flow for flow in view.flows if flow.enabled]
    gateways = {gateway.host for site in view.sites.values() for gateway in site.gateways}
    members: dict[str, list[str]] = defaultdict(list)
    for name, host in view.hosts.items():
        if name not in gateways:
            members[host.site].append(name)
    places = _Places()
    chosen = _chosen_sites(view, members)
    cards = [_card(view, view.sites[name], members[name], flows, places) for name in chosen]
    rest = [name for name in view.sites if name not in chosen]
    if rest:
        cards.append(_rest_card(view, rest, members, places))
    # Sites that take part come first; those that are only there to be kept out stand below them.
    busy = {places.card[host] for flow in flows for host in (flow.source, flow.destination) if host in places.card}
    cards.sort(key=lambda card: card.name not in busy)
    return Scene(tuple(cards), _lines(flows, places), _trunks(flows, places))


def ports_label(ports: Iterable[PortRange], most: int = MOST_PORTS) -> str:
    """Return ports as people write them, with an en dash; where they are many, how many and between which."""
    merged = merge_ranges(ports)
    if len(merged) > most:
        return f"{len(merged)} ranges in {merged[0].low}\u2013{merged[-1].high}"
    return ports_text(merged, ", ").replace("-", "\u2013")


def _chosen_sites(view: PlanView, members: dict[str, list[str]]) -> list[str]:
    if len(view.sites) <= MOST_SITES:
        return sorted(view.sites)

    def weight(name: str) -> tuple[int, int, str]:
        servers = sum("server" in view.hosts[host].roles for host in members[name])
        return -servers, -len(members[name]), name

    return sorted(sorted(view.sites, key=weight)[: MOST_SITES - 1])


def _card(view: PlanView, site: SiteView, names: list[str], flows: list[FlowView], places: _Places) -> Card:
    served: dict[str, set[PortRange]] = defaultdict(set)
    called: dict[str, set[PortRange]] = defaultdict(set)
    for flow in flows:
        (called if flow.callback else served)[flow.destination].update(flow.ports)
    instances: dict[str, int] = defaultdict(int)
    for use in view.uses:
        instances[use["host"]] += use["instances"] if use["enabled"] else 0
    names = sorted(names, key=lambda name: ("server" not in view.hosts[name].roles, name))
    single, many = names, []
    if len(names) > MOST_DEVICES:
        servers = [name for name in names if "server" in view.hosts[name].roles]
        single = servers[: MOST_DEVICES - 1]
        many = [name for name in names if name not in single]
    rows = []
    for name in single:
        notes = []
        if served[name]:
            notes.append(f"serves {ports_label(served[name])}")
        if called[name]:
            notes.append(f"called back on {ports_label(called[name], 2)}")
        count = f"{instances[name]} clients" if instances[name] > 1 else ""
        rows.append(Row(name, name, _addresses(view, name), _role(view, name), ", ".join(notes), count))
        places.row[name] = name
    if many:
        key = f"{site.name}/others"
        clients = sum("client" in view.hosts[name].roles for name in many)
        title = f"{clients} clients" if clients == len(many) else f"{len(many)} hosts, {clients} of them clients"
        ports = merge_ranges(item for name in many for item in called[name])
        note = f"call-backs: {ports_label(ports, 2)}" if ports else ""
        rows.append(Row(key, title, "one address each", "clients", note))
        places.row.update(dict.fromkeys(many, key))
    for name in (*names, *(gateway.host for gateway in site.gateways)):
        places.card.setdefault(name, site.name)
    doors = tuple(Door(gateway.host, gateway.public) for gateway in site.gateways)
    return Card(site.name, site.networks, tuple(rows), doors, any("server" in view.hosts[name].roles for name in names))


def _rest_card(view: PlanView, sites: list[str], members: dict[str, list[str]], places: _Places) -> Card:
    name = f"{len(sites)} more sites"
    hosts = [host for site in sites for host in members[site]]
    clients = sum("client" in view.hosts[host].roles for host in hosts)
    key = f"{name}/hosts"
    for host in hosts:
        places.card[host], places.row[host] = name, key
    networks = [network for site in sites for network in view.sites[site].networks]
    more = () if len(networks) <= 2 else (f"and {len(networks) - 2} more",)
    row = Row(key, f"{len(hosts)} hosts", f"{clients} of them clients", "clients")
    public = {view.sites[site].public(4) or view.sites[site].public(6) for site in sites} - {None}
    doors = (Door(f"{len(public)} routers", ()),) if public else ()
    serves = any("server" in view.hosts[host].roles for host in hosts)
    return Card(name, (*networks[:2], *more), (row,), doors, serves)


def _lines(flows: list[FlowView], places: _Places) -> tuple[Line, ...]:
    grouped: dict[tuple[str, str, bool], set[PortRange]] = defaultdict(set)
    for flow in flows:
        ends = places.row.get(flow.source), places.row.get(flow.destination)
        if ends[0] and ends[1] and ends[0] != ends[1]:
            grouped[ends[0], ends[1], flow.callback].update(flow.ports)
    return tuple(Line(*key, ports_label(ports)) for key, ports in sorted(grouped.items()))


def _trunks(flows: list[FlowView], places: _Places) -> tuple[Trunk, ...]:
    grouped: dict[tuple[str, str, bool], set[PortRange]] = defaultdict(set)
    transports: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for flow in flows:
        ends = places.card.get(flow.source), places.card.get(flow.destination)
        if ends[0] and ends[1] and ends[0] != ends[1]:
            grouped[ends[0], ends[1], flow.callback].update(flow.ports)
            transports[ends[0], ends[1], flow.callback].add(flow.transport)
    return tuple(
        Trunk(*key, f"{ports_label(ports, 4)} {'/'.join(sorted(transports[key]))}")
        for key, ports in sorted(grouped.items())
    )


def _addresses(view: PlanView, name: str) -> str:
    return ", ".join(view.hosts[name].addresses)


def _role(view: PlanView, name: str) -> str:
    roles = view.hosts[name].roles
    return next((role for role in ("server", "client") if role in roles), "endpoint")
