# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn: which sites, which devices of each, and which lines between them; no coordinates yet.

A drawing helps as long as it can be taken in. Beyond a dozen devices a site's clients become one row, and beyond a
handful of sites the smaller ones become one card.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..basics.ports import merge_ranges
from ..plan_files.view import INTERNET, FlowView, HostView, PlanView, SiteView
from .flow_words import kept_open, outside_ends, port_words, ports_label, wrapped

MOST_DEVICES = 12
MOST_SITES = 8
#: In the line below a device's address.
MOST_NOTED = 34
#: In a line of text in the Internet.
MOST_LETTERS = 46
#: Beyond so many arrows through the Internet, those of different services are drawn as one.
MOST_TRUNKS = 12

#: The three kinds of lines: who starts, and whether there is a rule for it.
CLIENT = "login"
SERVER = "callback"
CARRIED = "carried"

_T = TypeVar("_T")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Row:
    """A device, or many alike: a line in a site's card; ``count`` says how many clients share its address."""

    key: str
    title: str
    subtitle: str
    role: str
    note: str = ""
    count: str = ""
    managed: bool = True


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway: name and public addresses; ``about``: more of these; ``note``: what it serves itself."""

    host: str
    public: tuple[str, ...]
    about: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A site with those that are nested in it, or the sites for which there is no room.

    Attributes:
        realm: the one that it shares with others.
    """

    name: str
    networks: tuple[str, ...]
    rows: tuple[Row, ...]
    doors: tuple[Door, ...]
    serves: bool
    realm: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """Flows of one kind and direction between two rows, cards or outside ends, drawn as one arrow.

    Attributes:
        kind: :data:`CLIENT`, :data:`SERVER` or :data:`CARRIED`.
        transport: ``tcp``, ``udp`` or ``both``.
        label: ports, protocols and source ports.
        words: the label and what else is to be said, in lines as long as the drawing has room for.
        verb: what the source does to the target, in words.
        service: whose flows these are; empty where they are several services'.
        realm: inside which they run from site to site, by a line or a VPN; empty where they cross the Internet.
        idle: how long devices on the way keep it open though nothing passes, in words; empty where they decide that.
        turned_by: the router that they go to and come back from, for they dial its address; empty for none.
    """

    source: str
    target: str
    kind: str
    transport: str
    label: str
    words: tuple[str, ...]
    verb: str
    idle: str
    service: str
    realm: str = ""
    turned_by: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole drawing.

    Attributes:
        lines: between rows.
        trunks: between cards; one end may stand outside.
        outside: what is drawn in the Internet besides lines: addresses that are no hosts, and everybody.
        public: whether anything is open to everybody.
        internet: whether any site meets the Internet.
    """

    cards: tuple[Card, ...]
    lines: tuple[Arrow, ...]
    trunks: tuple[Arrow, ...]
    outside: tuple[str, ...]
    public: bool
    internet: bool


@dataclass(slots=True)
class _DrawnAt:
    """Where each host is drawn: its card and its row; an end that is no host is drawn outside."""

    card: dict[str, str] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)


def make_scene(view: PlanView) -> Scene:
    """Return what to draw of a plan."""
    flows = [flow for flow in view.flows if flow.enabled]
    around = {name: view.outermost(name) for name in view.sites}
    routers = {gateway.host for name in around.values() for gateway in view.sites[name].gateways}
    members: dict[str, list[str]] = defaultdict(list)
    for name, host in view.hosts.items():
        if name not in routers:
            members[around[host.site]].append(name)
    outside = outside_ends(view)
    drawn_at = _DrawnAt(dict(outside), dict(outside))
    sites = sorted(set(around.values()))
    chosen = _chosen_sites(view, sites, members)
    by_target = _grouped(flows, lambda flow: flow.destination)
    behind = _behind_routers(view)
    cards = [_card(view, view.sites[name], members[name], behind, by_target, drawn_at) for name in chosen]
    rest = [name for name in sites if name not in chosen]
    if rest:
        cards.append(_rest_card(view, rest, members, drawn_at))
    realms = _shared_realms(view, sites)
    cards = [replace(card, realm=realms.get(card.name, "")) for card in cards]
    # Sites that take part come first; those that are only there to be kept out stand below them.
    busy = {drawn_at.card[host] for flow in flows for host in (flow.source, flow.destination) if host in drawn_at.card}
    cards.sort(key=lambda card: card.name not in busy)
    return Scene(
        cards=tuple(cards),
        lines=_lines(view, flows, drawn_at.row),
        trunks=_trunks(view, flows, drawn_at.card),
        outside=tuple(dict.fromkeys(outside.values())),
        public=any(flow.source == INTERNET for flow in flows),
        internet=bool(outside) or any(map(_meets_the_internet, view.sites.values())),
    )


def kind_of(flow: FlowView) -> str:
    """Which of the three kinds of lines a flow is drawn as."""
    return CARRIED if flow.carried_by else SERVER if flow.from_server else CLIENT


def _chosen_sites(view: PlanView, sites: list[str], members: dict[str, list[str]]) -> list[str]:
    if len(sites) <= MOST_SITES:
        return sites

    def weight(name: str) -> tuple[int, int, str]:
        servers = sum("server" in view.hosts[host].roles for host in members[name])
        return -servers, -len(members[name]), name

    return sorted(sorted(sites, key=weight)[: MOST_SITES - 1])


def _card(
    view: PlanView,
    site: SiteView,
    names: list[str],
    behind: Mapping[str, list[str]],
    by_target: dict[str, list[FlowView]],
    drawn_at: _DrawnAt,
) -> Card:
    instances: dict[str, int] = defaultdict(int)
    for use in view.uses:
        instances[use["host"]] = max(instances[use["host"]], use["instances"] if use["enabled"] else 0)
    places = {name: _nested_place(view.hosts[name], site, behind.get(name, [])) for name in names}
    # What is nested stands together, its router on top.
    names = sorted(
        names,
        key=lambda name: ("server" not in view.hosts[name].roles, places[name][0], name not in view.gateways, name),
    )
    single, many = names, []
    if len(names) > MOST_DEVICES:
        servers = [name for name in names if "server" in view.hosts[name].roles]
        single = servers[: MOST_DEVICES - 1]
        many = [name for name in names if name not in single]
    rows = []
    for name in single:
        host = view.hosts[name]
        count = f"{instances[name]} clients" if instances[name] > 1 else ""
        note = _note(by_target.get(name, []), places[name][1], _held_by(host))
        rows.append(Row(name, name, ", ".join(host.met_at), _role(view, name), note, count, host.traits.holds_rules))
        drawn_at.row[name] = name
    if many:
        key = f"{site.name}/others"
        rows.append(_many(view, key, many, by_target))
        drawn_at.row.update(dict.fromkeys(many, key))
    for name in (*names, *(gateway.host for gateway in site.gateways)):
        drawn_at.card.setdefault(name, site.name)
    for gateway in site.gateways:
        drawn_at.row.setdefault(gateway.host, gateway.host)
    doors = []
    for gateway in site.gateways:
        held_by = _held_by(view.hosts.get(gateway.host), gateway=True)
        note = _note(by_target.get(gateway.host, []), held_by)
        doors.append(Door(gateway.host, gateway.worn, gateway.about, note))
    serves = any("server" in view.hosts[name].roles for name in names)
    return Card(site.name, site.networks, tuple(rows), tuple(doors), serves)


def _nested_place(host: HostView, site: SiteView, behind: list[str]) -> tuple[str, str]:
    """The nested site that a host of a card is in, or is a router of, and that in words; empty of one in neither."""
    if behind:
        return behind[0], f"router of {', '.join(behind)}"
    return (host.site, f"in {host.site}") if host.site != site.name else ("", "")


def _behind_routers(view: PlanView) -> dict[str, list[str]]:
    """The nested sites behind each of their own routers."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, site in view.sites.items():
        further = len(view.sites[site.within].gateways) if site.within else len(site.gateways)
        for gateway in site.gateways[: len(site.gateways) - further]:
            found[gateway.host].append(name)
    return found


def _held_by(host: HostView | None, *, gateway: bool = False) -> str:
    """What must be known of a device's rules; empty where they are ours, and refuse what nothing names."""
    if host is None or host.refuses:
        return ""
    if not host.traits.holds_rules:
        return "" if gateway else "set by others"
    return f"refuses nothing ({host.stance})"


def _note(flows: list[FlowView], *known: str) -> str:
    """What is known of a device and what it listens for, in the few words that its row has room for."""
    notes = list(filter(None, known))
    served = [flow for flow in flows if kind_of(flow) == CLIENT]
    called = [item for flow in flows if flow.callback for item in flow.ports]
    alerts = [flow for flow in flows if kind_of(flow) == SERVER and not flow.callback]
    if served:
        notes.append(f"serves {port_words(served)}")
    if called:
        notes.append(f"called back on {ports_label(called, 2)}")
    if alerts:
        notes.append(f"takes {port_words(alerts, 2)}")
    return ", ".join(notes)


def _many(view: PlanView, key: str, names: list[str], by_target: dict[str, list[FlowView]]) -> Row:
    clients = sum("client" in view.hosts[name].roles for name in names)
    title = f"{clients} clients" if clients == len(names) else f"{len(names)} hosts, {clients} of them clients"
    called = [flow for name in names for flow in by_target.get(name, ()) if flow.callback]
    ports = merge_ranges(item for flow in called for item in flow.ports)
    note = f"call-backs: {ports_label(ports, 2)}" if ports else ""
    if len(note) > MOST_NOTED:
        note = f"call-backs on {len(ports)} ranges"
    return Row(key, title, "one address each", "clients", note)


def _rest_card(view: PlanView, sites: list[str], members: dict[str, list[str]], drawn_at: _DrawnAt) -> Card:
    name = f"{len(sites)} more sites"
    hosts = [host for site in sites for host in members[site]]
    clients = sum("client" in view.hosts[host].roles for host in hosts)
    key = f"{name}/hosts"
    for host in hosts:
        drawn_at.card[host], drawn_at.row[host] = name, key
    networks = [network for site in sites for network in view.sites[site].networks]
    more = () if len(networks) <= 2 else (f"and {len(networks) - 2} more",)
    row = Row(key, f"{len(hosts)} hosts", f"{clients} of them clients", "clients")
    public = {gateway.host for site in sites for gateway in view.sites[site].gateways[-1:] if gateway.worn}
    doors = (Door(f"{len(public)} routers", ()),) if public else ()
    serves = any("server" in view.hosts[host].roles for host in hosts)
    return Card(name, (*networks[:2], *more), (row,), doors, serves)


def _meets_the_internet(site: SiteView) -> bool:
    return INTERNET in site.realms.values() or any(gateway.worn for gateway in site.gateways)


def _shared_realms(view: PlanView, sites: Iterable[str]) -> dict[str, str]:
    """The realms that a site shares with others, by the site's name; most share none."""
    realms = {name: {*view.sites[name].realms.values()} for name in sites}
    members = Counter(realm for several in realms.values() for realm in several - {INTERNET})
    return {
        name: ", ".join(realm for realm in sorted(several) if members[realm] > 1) for name, several in realms.items()
    }


def _trunks(view: PlanView, flows: list[FlowView], drawn_at: dict[str, str]) -> tuple[Arrow, ...]:
    apart = _lines(view, flows, drawn_at, lambda flow: (flow.service, _realm_between(view, flow)))
    if len(apart) <= MOST_TRUNKS:
        return apart
    return _lines(view, flows, drawn_at, lambda flow: ("", _realm_between(view, flow)))


def _realm_between(view: PlanView, flow: FlowView) -> str:
    """The realm inside which a flow runs from one site to another; empty where it crosses the Internet."""
    if flow.source not in view.hosts or flow.destination not in view.hosts:
        return ""
    one, other = (view.sites[view.hosts[end].site] for end in (flow.source, flow.destination))
    realm = one.met_in(flow.version)
    if realm != other.met_in(flow.version) or realm == INTERNET:
        return ""
    # A client that dials a public address meets its server in the Internet all the same (dials: public).
    public = flow.dial != flow.destination_address and any(flow.dial in item.public for item in other.gateways)
    return "" if public else realm


def _anyhow(_flow: FlowView) -> tuple[str, str]:
    return "", ""


def _lines(
    view: PlanView,
    flows: list[FlowView],
    drawn_at: dict[str, str],
    apart: Callable[[FlowView], tuple[str, str]] = _anyhow,
) -> tuple[Arrow, ...]:
    """Flows between what is drawn as arrows; *apart*: of whose service, and in which realm, they are drawn apart."""

    def way(flow: FlowView) -> tuple[str, str, str, str, str]:
        source, target = drawn_at.get(flow.source, ""), drawn_at.get(flow.destination, "")
        return source, target, kind_of(flow), *apart(flow)

    grouped = sorted(_grouped(flows, way).items())
    return tuple(
        _line(source, target, kind, realm, alike, {_turned_by(view, flow) for flow in alike})
        for (source, target, kind, _service, realm), alike in grouped
        if source and target and source != target
    )


def _line(source: str, target: str, kind: str, realm: str, flows: list[FlowView], turns: set[str]) -> Arrow:
    transports = {flow.transport for flow in flows}
    transport = transports.pop() if len(transports) == 1 else "both"
    services = {flow.service for flow in flows}
    service = services.pop() if len(services) == 1 else ""
    label, idle = port_words(flows), kept_open(flows)
    words = wrapped(f"{label}, {idle}" if idle else label, MOST_LETTERS)
    turned_by = turns.pop() if len(turns) == 1 else ""
    return Arrow(source, target, kind, transport, label, words, _verb(kind, flows), idle, service, realm, turned_by)


def _turned_by(view: PlanView, flow: FlowView) -> str:
    """The router in the middle of the way of a flow inside one site that is sent to another address; else empty."""
    ends = [view.hosts[end].site if end in view.hosts else end for end in (flow.source, flow.destination)]
    if flow.dial == flow.destination_address or not flow.via or ends[0] != ends[1]:
        return ""
    return flow.via[len(flow.via) // 2]


def _verb(kind: str, flows: list[FlowView]) -> str:
    if kind == CLIENT:
        return "connects to"
    if all(flow.callback for flow in flows):
        return "calls back"
    return "alerts" if all(flow.kind == "alert" for flow in flows) else "connects to"


def _grouped(items: Iterable[_T], key: Callable[[_T], _Key]) -> dict[_Key, list[_T]]:
    found: dict[_Key, list[_T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _role(view: PlanView, name: str) -> str:
    roles = view.hosts[name].roles
    return next((role for role in ("server", "client") if role in roles), "endpoint")
