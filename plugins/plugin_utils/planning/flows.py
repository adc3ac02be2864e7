# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows: who starts talking to whom, on which ports, and why: intent times catalogue."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..basics.addresses import Address, is_unrouted
from ..basics.findings import Finding
from ..basics.named_tuples import made
from ..basics.names import HostService
from ..inventory.intent import Host, Intent, Offer, Use
from ..inventory.offers import offer_ports
from ..inventory.site import INTERNET, Site
from .callbacks.lock import Lock
from .callbacks.port_space import PortOwner, RealmAddress, TakenPorts
from .callbacks.ranges import CallbackRange, choose_ranges
from .callbacks.requests import CalledAt, client_requests
from .checks.broadcasts import check_broadcasts
from .client_flows import TakenExchanges, client_flows
from .flow import Connection, Flow
from .hairpins import UNDIALLED, Hairpins
from .outside_flows import outside_flows
from .peers import way_back, way_from_anywhere, way_there
from .route import NoRoute, Path, Route
from .routes import Routes
from .unknown_clients import Anybody, Uncalled

#: Of clients that dial what leads to their server.
_USUAL = (None, None)

#: By a finding's code, the host that others cannot reach and why: these others.
_Cut = dict[tuple[str, str, NoRoute], list[str]]


@dataclass(frozen=True, slots=True)
class Flows:
    """What the intent comes to: flows, each client's call-back ports, and the lock for the next run."""

    flows: tuple[Flow, ...]
    callback_ranges: Mapping[HostService, CallbackRange]
    lock: Lock


def make_flows(intent: Intent, lock: Lock, findings: list[Finding]) -> Flows:
    """Return all flows of an intent; what is impossible is noted in *findings*."""
    routes = Routes(intent)
    taken = TakenExchanges()
    connections = _connections(intent, routes, taken, findings)
    addresses = _RealmAddresses(intent)
    requests = client_requests(intent, _called_at(addresses, connections), findings)
    taken_ports = _listening(intent, routes, addresses, connections)
    ranges, new_lock = choose_ranges(intent.catalog, requests, taken_ports, lock, findings)
    flows = []
    for connection in connections:
        flows.extend(client_flows(intent, routes, connection, taken, ranges, findings))
    flows.extend(outside_flows(intent, routes, findings))
    check_broadcasts(intent, routes, connections, findings)
    flows.sort(key=operator.attrgetter("id"))
    return Flows(tuple(flows), ranges, new_lock)


def _connections(intent: Intent, routes: Routes, taken: TakenExchanges, findings: list[Finding]) -> list[Connection]:
    found: list[Connection] = []
    uncalled, anybody = Uncalled(intent, taken), Anybody(intent, taken)
    hairpins = Hairpins(intent, routes)
    # One missing public address can cut off thousands of clients: one finding, and the hosts it concerns.
    cut: _Cut = {}
    for use in intent.uses:
        client, server = intent.hosts[use.host], intent.hosts[use.server]
        here, there = client.versions, server.versions
        versions = here if here == there else tuple([version for version in here if version in there])
        if not versions and here and there:
            message = "client and server have no common IP version"
            cure = "give both an IPv4 or both an IPv6 address"
            findings.append(
                Finding("FXN403", (use.host,), f"faxnet_uses[{use.position}].server", use.server, message, cure)
            )
        problems: list[NoRoute] = []
        before = len(found)
        for version in versions:
            turned = (hairpins.of(client, server, version) if use.dials else None) or _USUAL
            way = way_there(routes, client, server, version, turned[0])
            back = way_back(routes, server, client, version, turned[1])
            if isinstance(way, Path) and isinstance(back, Path):
                found.append(made(Connection, (use, intent.offers[use.offered], version, way, back)))
                continue  # as most are
            unsaid = way if isinstance(way, NoRoute) and way.anyway is not None else None
            if unsaid is not None:
                way = way_from_anywhere(routes, client, server, version, turned[0])
            if isinstance(way, NoRoute):
                problems.append(way)
            elif isinstance(back, Path):
                found.append(Connection(use, intent.offer_of(use), version, way, back))
            elif not back.answers:
                problems.append(back)
            elif not uncalled.note(use, back):
                found.append(Connection(use, intent.offer_of(use), version, way, None))
                if unsaid is not None:
                    anybody.note(use, unsaid)
        if problems and len(found) == before:
            # Where one IP version works, the other may be missing.
            findings += (_undialled(use, problem) for problem in problems if problem.code == UNDIALLED)
            _note_cut(use, client, (problem for problem in problems if problem.code != UNDIALLED), cut)
    findings += (_cut_off(*key, others) for key, others in cut.items())
    findings += uncalled.findings()
    findings += anybody.findings()
    return found


def _note_cut(use: Use, client: Host, problems: Iterable[NoRoute], cut: _Cut) -> None:
    for problem in problems:
        at_client = problem.site == client.site
        key = ("FXN402", use.host, problem) if at_client else ("FXN401", use.server, problem)
        cut.setdefault(key, []).append(use.server if at_client else use.host)


def _undialled(use: Use, problem: NoRoute) -> Finding:
    """What to say of a client that cannot dial the public address of its server."""
    variable = f"faxnet_uses[{use.position}].dials"
    message = f"the public address of {use.server} cannot be dialled from there: {problem.reason}"
    cure = f"omit 'dials', so that the client dials what leads to {use.server}"
    return Finding("FXN411", (use.host,), variable, use.dials, message, cure)


def _cut_off(code: str, host: str, problem: NoRoute, others: list[str]) -> Finding:
    """What to say of a host that those others cannot reach."""
    whom = "its clients" if code == "FXN401" else "its server"
    message = f"{problem.reason}: {whom} in another realm cannot reach the host"
    concerned = tuple(dict.fromkeys((host, *others)))
    return Finding(problem.code or code, concerned, problem.variable, problem.value, message, problem.cure)


class _RealmAddresses:
    """Where hosts and public addresses are met; remembered, for thousands of hosts share a site."""

    def __init__(self, intent: Intent) -> None:
        self._hosts = intent.hosts
        self._sites = intent.sites
        self._realms = {
            (name, version): site.realm_of(version) for name, site in intent.sites.items() for version in (4, 6)
        }
        self._worn: dict[tuple[str, Address], RealmAddress] = {}

    def own(self, host: str, version: int) -> RealmAddress | None:
        """A host's own address of an IP version."""
        here = self._hosts[host]
        address = here.address_of(version)
        return made(RealmAddress, (self._realms[here.site, version], address)) if address is not None else None

    def all_own(self, host: Host) -> list[RealmAddress]:
        """A host's own addresses, IPv4 first."""
        return [made(RealmAddress, (self._realms[host.site, address.version], address)) for address in host.addresses]

    def worn(self, host: str, address: Address) -> RealmAddress:
        """A public address in front of a host: it is one machine's everywhere.

        But a private one, between two routers of one site, only behind that site's outer router; and one in a network
        of the site that the host's own is nested in, in that one's realm.
        """
        return self.worn_before(self._hosts[host].site, address)

    def worn_before(self, site: str, address: Address) -> RealmAddress:
        """The same in front of a site."""
        found = self._worn.get((site, address))
        if found is None:
            found = self._worn[site, address] = RealmAddress(self._realm_of(self._sites[site], address), address)
        return found

    def _realm_of(self, site: Site, address: Address) -> str:
        for level in site.levels:
            gateway = next((item for item in level.own_gateways if address in item.fixed), None)
            if gateway is not None and level.outer is not None and gateway is level.own_gateways[-1]:
                return level.outer.realm_of(address.version)
            if gateway is not None:
                return f"behind {level.name}" if is_unrouted(address) else INTERNET
        # What turns in a router calls it by its own address, where its own services are as well.
        homes = (
            host.site for item in site.gateways if (host := self._hosts.get(item.host)) and address in host.addresses
        )
        home = next(homes, "")
        if home:
            return self._realms[home, address.version]
        return f"behind {site.name}" if is_unrouted(address) else INTERNET

    def met_at(self, host: str, route: Route) -> list[RealmAddress]:
        """The public addresses that packets to a host are sent to, one router after the other."""
        return [self.worn(host, address) for address in route.met_at]


def _called_at(addresses: _RealmAddresses, connections: list[Connection]) -> dict[HostService, CalledAt]:
    """For each client its own addresses, and each public address that its servers' call-backs pass through."""
    called: dict[HostService, tuple[dict[int, None], dict[Address, None]]] = {}
    for use, _offer, version, _there, back in connections:
        versions, public = called.setdefault(use.client, ({}, {}))
        versions[version] = None
        for address in back.route.met_at if back is not None else ():
            public[address] = None
    return {
        client: made(
            CalledAt,
            (
                tuple([own for version in versions if (own := addresses.own(client.host, version)) is not None]),
                tuple([addresses.worn(client.host, address) for address in public]),
            ),
        )
        for client, (versions, public) in called.items()
    }


def _listening(intent: Intent, routes: Routes, addresses: _RealmAddresses, connections: list[Connection]) -> TakenPorts:
    """Note where servers and guarded services listen and what is reserved, on their own and on public addresses."""
    taken_ports = TakenPorts()
    public_of = _public_of(intent)
    for host in intent.hosts.values():
        own = addresses.all_own(host)
        own += [addresses.worn_before(site, address) for site, address in public_of.get(host.name, ())]
        for opening in (*host.management, *host.openings):
            for ports in opening.ports:
                owner = made(PortOwner, (f"{opening.name} on {host.name}", None, ""))
                taken_ports.add(own, opening.transport, ports, owner)
        for item in host.reserved:
            taken_ports.add(own, item.transport, item.ports, PortOwner(item.text, None, host.name))
    for offer in intent.offers.values():
        if offer.host in intent.hosts:
            own = addresses.all_own(intent.hosts[offer.host])
            _note_server(intent, offer, own, taken_ports)
            if offer.public:
                for version in intent.hosts[offer.host].versions:
                    way = routes.from_outside(offer.host, version)
                    if not isinstance(way, NoRoute):
                        met = (*way.route.met_at, way.arrives_at)
                        worn = [addresses.worn(offer.host, item) for item in met if isinstance(item, Address)]
                        _note_server(intent, offer, worn, taken_ports)
    # By server and route: all clients of a site meet the server at the same public addresses.
    noted: set[tuple[HostService, Route]] = set()
    for use, offer, _version, there, _back in connections:
        key = (use.offered, there.route)
        if there.route.met_at and key not in noted:
            noted.add(key)
            _note_server(intent, offer, addresses.met_at(offer.host, there.route), taken_ports)
    return taken_ports


def _note_server(intent: Intent, offer: Offer, met: list[RealmAddress], taken_ports: TakenPorts) -> None:
    profile = intent.catalog.profiles[offer.service]
    owner = PortOwner(f"{profile.title} on {offer.host}", None)
    for exchange in profile.exchanges:
        for ports in offer_ports(exchange, offer):
            if exchange.initiator == "client" and offer.runs(exchange) is not None:
                taken_ports.add(met, exchange.transport, ports, owner)


def _public_of(intent: Intent) -> dict[str, list[tuple[str, Address]]]:
    """The public addresses that each gateway wears, each with the site that it is in front of."""
    worn: dict[str, list[tuple[str, Address]]] = {}
    for site in intent.sites.values():
        for gateway in site.own_gateways:
            worn.setdefault(gateway.host, []).extend((site.name, item) for item in gateway.fixed)
    return worn
