# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows between a server and ends that are no hosts of the inventory: the Internet at large, or a named address."""

from __future__ import annotations

from collections.abc import Iterator

from .addresses import Address
from .findings import Finding
from .flow import Flow
from .intent import INTERNET, Intent, Offer
from .paths import NoRoute, Path, Routes
from .profile import Exchange
from .read_offers import offer_ports, offer_source_ports


def outside_flows(intent: Intent, routes: Routes, findings: list[Finding]) -> Iterator[Flow]:
    """Yield the flows that offers have with others than the inventory's clients.

    A public offer meets the Internet in every exchange that is meant for it. An exchange with a setting's addresses
    (the DNS servers of a mail server) leads to each of them. What cannot be reached is noted in *findings*.
    """
    holders = {address: host.name for host in intent.hosts.values() for address in host.addresses}
    for offer in intent.offers.values():
        if offer.host not in intent.hosts:
            continue
        cut: set[int] = set()
        for exchange in intent.catalog.profiles[offer.service].exchanges:
            if offer.runs(exchange) is None:
                continue
            if exchange.with_internet and offer.public:
                yield from _with_internet(intent, routes, offer, exchange, cut, findings)
            named = offer.settings.get(exchange.parties)
            for address in named if named is not None else ():
                if isinstance(address, Address):
                    yield from _to_address(intent, routes, offer, exchange, address, holders)


def _with_internet(
    intent: Intent, routes: Routes, offer: Offer, exchange: Exchange, cut: set[int], findings: list[Finding]
) -> Iterator[Flow]:
    for address in intent.hosts[offer.host].addresses:
        version = address.version
        if exchange.initiator == "server":
            path = routes.to_outside(offer.host, version)
            yield from _flow(offer, exchange, offer.host, INTERNET, version, path)
            continue
        found = routes.from_outside(offer.host, version)
        if not isinstance(found, NoRoute):
            yield from _flow(offer, exchange, INTERNET, offer.host, version, found)
        elif version not in cut:
            cut.add(version)
            message = f"{found.reason}: the Internet cannot reach this public offer"
            cure = f"{found.cure.partition(',')[0]}, or leave 'public' away"
            findings.append(Finding("FXN401", offer.host, found.variable, "not set", message, cure))


def _to_address(
    intent: Intent, routes: Routes, offer: Offer, exchange: Exchange, address: Address, holders: dict[Address, str]
) -> Iterator[Flow]:
    version = address.version
    own = intent.hosts[offer.host].address_of(version)
    if own is None or own == address:
        return  # no way of this IP version; or the server asks itself, which passes no device
    holder = holders.get(address)
    if holder is not None:
        route = routes.route(offer.host, holder, version)
        if not isinstance(route, NoRoute):
            path = routes.walk(offer.host, holder, version, route)
            if path.dial == address:
                yield from _flow(offer, exchange, offer.host, holder, version, path)
                return
    yield from _flow(offer, exchange, offer.host, address.text, version, routes.to_address(offer.host, address))


def _flow(offer: Offer, exchange: Exchange, source: str, destination: str, version: int, path: Path) -> Iterator[Flow]:
    ports = offer_ports(exchange, offer)
    if ports is None:
        return  # a setting in error; the finding is noted
    # An IPv6 address in an id would not be a name that every configuration can hold.
    end = destination.replace(":", ".")
    suffix = "/6" if version == 6 else ""
    yield Flow(
        f"{offer.service}.{exchange.name}/{source}>{end}{suffix}",
        offer.service,
        exchange.name,
        source,
        destination,
        version,
        exchange.transport,
        offer_source_ports(exchange, offer) or (),
        ports,
        False,
        offer.enabled and bool(offer.runs(exchange)),
        exchange.idle,
        exchange.helper,
        "",
        path,
    )
