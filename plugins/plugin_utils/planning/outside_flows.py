# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows between a server and ends that are no hosts of the inventory: the Internet at large, or a named address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ..basics.addresses import Address, is_loopback, is_unrouted
from ..basics.findings import Finding
from ..basics.mapped_networks import shown_address
from ..catalog.profile import Exchange
from ..inventory.intent import Intent, Offer
from ..inventory.offers import offer_ports, offer_source_ports
from ..inventory.site import INTERNET
from .flow import Flow, each_range
from .network_ways import meetings
from .route import NoRoute, Path
from .routes import Routes


def outside_flows(intent: Intent, routes: Routes, findings: list[Finding]) -> Iterator[Flow]:
    """Yield the flows that offers have with others than the inventory's clients.

    A public offer meets the Internet, or those of it that the offer names, in every exchange that is meant for it. An
    exchange with a setting's addresses (the DNS servers of a mail server) leads to each of them. What cannot be reached
    is noted in *findings*.
    """
    named = _NamedAddresses(intent, routes, findings)
    for offer in intent.offers.values():
        if offer.host not in intent.hosts:
            continue
        exchanges = [item for item in intent.catalog.profiles[offer.service].exchanges if offer.runs(item) is not None]
        if offer.public:
            if offer.sources:
                some = [exchange for exchange in exchanges if exchange.with_named]
                yield from _with_sources(routes, offer, some, findings)
            else:
                public = [exchange for exchange in exchanges if exchange.with_internet]
                yield from _with_internet(intent, routes, offer, public, findings)
        for exchange in exchanges:
            for index, address in enumerate(offer.settings.get(exchange.parties, ())):
                if isinstance(address, Address) and not is_loopback(address):
                    yield from named.flows(offer, exchange, index, address)


def _with_internet(
    intent: Intent, routes: Routes, offer: Offer, exchanges: list[Exchange], findings: list[Finding]
) -> Iterator[Flow]:
    problems: list[NoRoute] = []
    reached = False
    for version in intent.hosts[offer.host].versions:
        inward, outward = routes.from_outside(offer.host, version), routes.to_outside(offer.host, version)
        if isinstance(inward, NoRoute) or isinstance(outward, NoRoute):
            problems += [problem for problem in (inward, outward) if isinstance(problem, NoRoute)]
            continue
        reached = True
        for exchange in exchanges:
            if exchange.initiator == "server":
                yield from _flow(offer, exchange, offer.host, INTERNET, version, outward)
            else:
                yield from _flow(offer, exchange, INTERNET, offer.host, version, inward)
    if problems and not reached:
        # Where one IP version works, the other may be missing.
        problem = problems[0]
        message = f"{problem.reason}: this public offer and the Internet cannot reach each other"
        cure = f"{problem.cure.partition(',')[0]}, or omit 'public'"
        code = problem.code or "FXN401"
        findings.append(Finding(code, (offer.host,), problem.variable, problem.value, message, cure))


def _with_sources(routes: Routes, offer: Offer, exchanges: list[Exchange], findings: list[Finding]) -> Iterator[Flow]:
    """The flows of an offer that is public to some: from each network of theirs that has a way of its own.

    What the server starts goes to anybody all the same, where some of them are of the Internet: a mail server that
    takes mail from its provider alone delivers to everybody.
    """
    position = f"faxnet_offers[{offer.position}].public"
    beyond: dict[int, Path | NoRoute] = {}
    for meeting in (meeting for network in offer.sources for meeting in meetings(routes, offer.host, network)):
        end, inward, outward = meeting.end, meeting.inward, meeting.outward
        if not meeting.near:
            beyond.setdefault(end.version, routes.to_outside(offer.host, end.version))
        for exchange in exchanges:
            if exchange.initiator == "client" and isinstance(inward, Path):
                yield from _flow(offer, exchange, end.text, offer.host, end.version, inward)
            elif exchange.initiator == "server" and isinstance(outward, Path):
                yield from _flow(offer, exchange, offer.host, end.text, end.version, outward)
        if isinstance(inward, NoRoute):
            where, value = (inward.variable, inward.value) if inward.variable else (position, end.text)
            message = f"{inward.reason}: {end.text} and this offer cannot reach each other"
            findings.append(Finding(inward.code or "FXN401", (offer.host,), where, value, message, inward.cure))
    for version, way in beyond.items():
        for exchange in exchanges:
            if exchange.initiator == "server" and exchange.with_internet and isinstance(way, Path):
                yield from _flow(offer, exchange, offer.host, INTERNET, version, way)


class _NamedAddresses:
    """Finds the flows to addresses that offers name; notes those that cannot be reached."""

    def __init__(self, intent: Intent, routes: Routes, findings: list[Finding]) -> None:
        self._intent = intent
        self._routes = routes
        self._findings = findings

    # Both are gathered when an offer first names an address: most name none.

    @cached_property
    def _holders(self) -> dict[Address, dict[str, str]]:
        """Hosts by their address and realm: networks behind different routers may have the same private addresses.

        One whose network is mapped has another address for the other sites of its realm.
        """
        found: dict[Address, dict[str, str]] = {}
        for host in self._intent.hosts.values():
            for address in host.addresses:
                site = self._intent.sites[host.site]
                found.setdefault(address, {})[site.realm_of(address.version)] = host.name
                if site.mapped:
                    found.setdefault(shown_address(address, site.mapped), {})[site.met_in(address.version)] = host.name
        return found

    @cached_property
    def _public(self) -> set[Address]:
        sites = self._intent.sites.values()
        return {address for site in sites for gateway in site.gateways for address in gateway.fixed}

    def flows(self, offer: Offer, exchange: Exchange, index: int, address: Address) -> Iterator[Flow]:
        """Yield the flow to the address at *index* of the exchange's setting; nothing to the server itself."""
        version = address.version
        own = self._intent.hosts[offer.host].address_of(version)
        if own == address:
            return  # the server asks itself, which passes no device
        if own is None:
            problem = f"{offer.host} has no IPv{version} address"
        else:
            holder, problem = self._holder(offer, address)
            if holder:
                route = self._routes.route(offer.host, holder, version)
                if not isinstance(route, NoRoute):
                    path = self._routes.walk(offer.host, holder, version, route)
                    yield from _flow(offer, exchange, offer.host, holder, version, path)
                    return
                if route.code:
                    message = f"{route.reason}: {offer.host} and {holder} ({address.text}) cannot meet"
                    found = Finding(route.code, (offer.host,), route.variable, route.value, message, route.cure)
                    self._findings.append(found)
                    return
        if problem:
            variable = f"faxnet_offers[{offer.position}].{exchange.parties}[{index}]"
            cure = "name an address that the server can reach, or add its network to faxnet_sites"
            self._findings.append(Finding("FXN408", (offer.host,), variable, address.text, problem, cure))
            return
        path = self._routes.to_address(offer.host, address)
        yield from _flow(offer, exchange, offer.host, address.text, version, path)

    def _holder(self, offer: Offer, address: Address) -> tuple[str, str]:
        """The host that the server meets at an address, if it is one of the inventory's; and why none can be met."""
        site = self._intent.sites[self._intent.hosts[offer.host].site]
        holders = self._holders.get(address, {})
        if site.realm_of(address.version) in holders:
            return holders[site.realm_of(address.version)], ""
        near = holders.get(site.met_in(address.version), "")
        if near and self._intent.hosts[near].site != site.name:
            return near, ""
        if self._routes.is_network_end(address):
            return "", "it is the first or last address of a network, which no host has"
        if self._routes.is_inside(offer.host, address):
            return "", ""
        return self._beyond(address, next(iter(holders.values()), ""))

    def _beyond(self, address: Address, holder: str) -> tuple[str, str]:
        """The same of an address beyond the server's own realm, which *holder* has there, if anybody."""
        if address in self._public:
            return "", "it is a router's public address, and this plan forwards nothing there for it"
        if not is_unrouted(address):
            return holder, ""
        if holder:
            return "", f"it is {holder}'s own address, in another realm that routers translate"
        return "", "it is in no site of the inventory, and the Internet does not route it"


def _flow(offer: Offer, exchange: Exchange, source: str, destination: str, version: int, path: Path) -> Iterator[Flow]:
    # Without ports, a setting is in error; the finding is noted.
    # An IPv6 address or a network in an id would not be a name that every configuration can hold.
    ends = ">".join(end.replace(":", ".").replace("/", "-") for end in (source, destination))
    ends += "/6" if version == 6 else ""
    for named, sent_from, sent_to in each_range(
        ends, offer_source_ports(exchange, offer), offer_ports(exchange, offer)
    ):
        yield Flow(
            f"{offer.service}.{exchange.name}/{named}",
            offer.service,
            exchange.name,
            source,
            destination,
            version,
            exchange.transport,
            sent_from,
            sent_to,
            False,
            offer.enabled and bool(offer.runs(exchange)),
            exchange.idle,
            exchange.helper,
            "",
            path,
        )
