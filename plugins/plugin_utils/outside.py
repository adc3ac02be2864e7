# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows between a server and ends that are no hosts of the inventory: the Internet at large, or a named address."""

from __future__ import annotations

from collections.abc import Iterator

from .addresses import Address, is_loopback, is_unrouted
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
        exchanges = [item for item in intent.catalog.profiles[offer.service].exchanges if offer.runs(item) is not None]
        if offer.public:
            public = [exchange for exchange in exchanges if exchange.with_internet]
            yield from _with_internet(intent, routes, offer, public, findings)
        for exchange in exchanges:
            named = offer.settings.get(exchange.parties)
            for address in named if named is not None else ():
                if isinstance(address, Address) and not is_loopback(address):
                    yield from _to_address(intent, routes, offer, exchange, address, holders, findings)


def _with_internet(
    intent: Intent, routes: Routes, offer: Offer, exchanges: list[Exchange], findings: list[Finding]
) -> Iterator[Flow]:
    problems: list[NoRoute] = []
    reached = False
    for address in intent.hosts[offer.host].addresses:
        version = address.version
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
        cure = f"{problem.cure.partition(',')[0]}, or leave 'public' away"
        findings.append(Finding("FXN401", offer.host, problem.variable, "not set", message, cure))


def _to_address(
    intent: Intent,
    routes: Routes,
    offer: Offer,
    exchange: Exchange,
    address: Address,
    holders: dict[Address, str],
    findings: list[Finding],
) -> Iterator[Flow]:
    version = address.version
    own = intent.hosts[offer.host].address_of(version)
    if own == address:
        return  # the server asks itself, which passes no device
    holder = holders.get(address)
    problem = ""
    if own is None:
        problem = f"{offer.host} has no IPv{version} address to reach it from"
    elif holder is not None:
        route = routes.route(offer.host, holder, version)
        path = None if isinstance(route, NoRoute) else routes.walk(offer.host, holder, version, route)
        if path is not None and path.dial == address:
            yield from _flow(offer, exchange, offer.host, holder, version, path)
            return
        problem = f"it is {holder}'s own address, in another realm" + (
            f", where {path.dial.text} is dialled for it" if path is not None else ""
        )
    elif is_unrouted(address) and not routes.is_inside(offer.host, address):
        problem = "it is in no site of the inventory, and the Internet does not route it"
    if problem:
        setting = f"faxnet_offers[{offer.index}].{exchange.parties}"
        cure = "name an address that the server can reach, or add its network to faxnet_sites"
        findings.append(Finding("FXN408", offer.host, setting, address.text, problem, cure))
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
