# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether products listen on ports, or send from ports, that others hold on their host (``faxnet_reserved_ports``).

Call-back ranges are kept clear of these where they are chosen (planning/callbacks), and a router's forwards are held
against them in checks/forwards.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ...basics.findings import Finding
from ...basics.names import HostService
from ...basics.ports import PortRange, ReservedPorts
from ...catalog.profile import Exchange, Profile
from ...inventory.intent import Intent, Offer, Switches, Use
from ...inventory.offers import offer_ports, offer_source_ports
from ...inventory.reader import listed


class _Bound(NamedTuple):
    """Ports that a product binds on a host: it listens there, or sends from there.

    Attributes:
        title: what it does there.
        exchange: by which it is switched off.
        setting: the key that says the ports; empty where they are the product's fixed ones.
    """

    transport: str
    ports: PortRange
    title: str
    exchange: str
    setting: str


def check_reserved(intent: Intent, findings: list[Finding]) -> None:
    """Note which ports of offers, and of clients' own, are reserved for others on their host; a pool is warned of."""
    for offer in intent.offers.values():
        held = _held(intent, offer.host) if offer.enabled else ()
        if held:
            profile = intent.catalog.profiles[offer.service]
            bound = _each_once(_of_server(offer, profile))
            _note(offer.host, f"faxnet_offers[{offer.position}]", profile, bound, held, findings)
    # Thousands of uses say the same of one offer.
    known: dict[tuple[HostService, Switches, object], Collection[_Bound]] = {}
    for use in intent.uses:
        held = _held(intent, use.host) if use.enabled else ()
        if held:
            profile = intent.catalog.profiles[use.service]
            key = (use.offered, use.switches, use.settings)
            if key not in known:
                known[key] = _each_once(_of_client(use, use.seen(intent.offer_of(use)), profile))
            _note(use.host, f"faxnet_uses[{use.position}]", profile, known[key], held, findings)


def _held(intent: Intent, host: str) -> tuple[ReservedPorts, ...]:
    """What is reserved on a host: by its own word, and by the system that it names."""
    here = intent.hosts.get(host)
    if here is None:
        return ()
    return here.reserved if here.system is None else here.reserved + intent.catalog.systems[here.system].reserved


def _of_server(offer: Offer, profile: Profile) -> Iterator[_Bound]:
    for exchange in profile.exchanges:
        if offer.runs(exchange):
            yield from _bound(exchange, offer, receives=exchange.initiator == "client")


def _of_client(use: Use, offer: Offer, profile: Profile) -> Iterator[_Bound]:
    for exchange in profile.exchanges:
        if exchange.with_clients and use.takes(exchange, offer):
            yield from _bound(exchange, offer, receives=exchange.initiator == "server")


def _bound(exchange: Exchange, offer: Offer, receives: bool) -> Iterator[_Bound]:
    """The ports of one side of an exchange; none where it picks one of all, or has a call-back range."""
    if receives and exchange.to_any_port:
        return
    ports = offer_ports(exchange, offer) if receives else offer_source_ports(exchange, offer)
    setting = exchange.setting if receives else exchange.source_setting
    for item in ports:
        yield _Bound(exchange.transport, item, exchange.title, exchange.part_of or exchange.name, setting or "")


def _each_once(bound: Iterator[_Bound]) -> Collection[_Bound]:
    """Several exchanges may share a socket: the first of them names it."""
    found: dict[tuple[str, PortRange, str], _Bound] = {}
    for item in bound:
        found.setdefault((item.transport, item.ports, item.setting), item)
    return found.values()


def _note(
    host: str,
    variable: str,
    profile: Profile,
    bound: Collection[_Bound],
    held: tuple[ReservedPorts, ...],
    findings: list[Finding],
) -> None:
    for item in bound:
        shared = [other for other in held if other.transport == item.transport and other.ports.overlaps(item.ports)]
        if not shared:
            continue
        setting = profile.settings.get(item.setting)
        others = listed([f"{other.text}, {'' if other.variable else 'its system'}{other.variable}" for other in shared])
        value = f"{item.ports.text}/{item.transport}"
        where = f"{variable}.{item.setting or 'service'}"
        correct = f", or correct faxnet_reserved_ports of {host}" if any(other.variable for other in shared) else ""
        if setting is not None and setting.picks_free:
            message = f"{profile.title} takes for {item.title} what is free of it, and others hold {others}"
            cure = f"leave it, give it ports that leave those out{correct}"
            findings.append(Finding("FXN221", (host,), where, value, message, cure))
            continue
        message = f"{profile.title} needs it for {item.title}, and others hold {others}"
        other = (
            f"give it another port ({setting.name})"
            if setting is not None
            else f"switch it off (exchanges: {{{item.exchange}: false}})"
        )
        findings.append(Finding("FXN220", (host,), where, value, message, f"{other}{correct}"))
