# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows between a client of the inventory and its server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..basics.findings import Finding
from ..basics.named_tuples import made
from ..basics.names import HostService
from ..basics.ports import PortRange
from ..catalog.profile import Exchange, Profile
from ..inventory.intent import Intent, Offer, Switches, Use
from ..inventory.offers import offer_ports, offer_source_ports
from .callbacks.ranges import CallbackRange
from .flow import Connection, Flow, each_range
from .peers import way_there, with_some
from .route import Path
from .routes import Routes


class _Taken(NamedTuple):
    """An exchange that a use takes of an offer, with what is the same for all uses of the offer that say as much.

    Attributes:
        prefix: how the ids of its flows begin.
        on: False where it is switched off.
        ports: destination ports; none where each client has its own, or where a setting is in error.
        idle: seconds that the devices on its way remember it.
        idle_ridden: the same where a NAT stands in between, and datagrams of the server ride on it.
        rides_on: for datagrams of the server to a port that the client chose: how the ids of the flows begin whose
            mapping they ride on through a NAT; empty where they cannot; None for every other exchange.
    """

    exchange: Exchange
    callback: bool
    prefix: str
    from_server: bool
    on: bool
    ports: tuple[PortRange, ...]
    source_ports: tuple[PortRange, ...]
    idle: int
    idle_ridden: int
    rides_on: str | None

    @property
    def calls(self) -> bool:
        """Whether the server starts it, towards clients in other networks, with nothing of theirs to answer."""
        near = self.exchange.one_network or self.exchange.untranslated
        return self.on and self.from_server and not near and self.rides_on is None


class TakenExchanges:
    """What uses take of offers; remembered, for thousands of uses say the same of one offer."""

    def __init__(self) -> None:
        self._known: dict[tuple[HostService, Switches, object], tuple[_Taken, ...]] = {}

    def of(self, use: Use, offer: Offer, profile: Profile) -> tuple[_Taken, ...]:
        """Return the exchanges that a use takes."""
        key = (use.offered, use.switches, use.settings)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(_taken(use, use.seen(offer), profile))
        return known


def _taken(use: Use, offer: Offer, profile: Profile) -> Iterator[_Taken]:
    ridden: dict[str, int] = {}
    for exchange in profile.exchanges:
        if exchange.rides_on and use.takes(exchange, offer):
            ridden[exchange.rides_on] = max(exchange.idle, ridden.get(exchange.rides_on, 0))
    for exchange in profile.exchanges:
        on = use.takes(exchange, offer)
        if on is None or not exchange.with_clients:
            continue
        from_server = exchange.initiator == "server"
        rides_on = None
        if from_server and exchange.to_any_port:
            carrier = exchange.rides_on
            carried = bool(carrier) and use.takes(profile.exchange(carrier), offer)
            rides_on = _prefix(profile, carrier) if carried else ""
        idle = 0 if exchange.rides_on else exchange.idle
        yield _Taken(
            exchange,
            exchange.is_callback,
            _prefix(profile, exchange.name),
            from_server,
            on,
            () if exchange.is_callback else offer_ports(exchange, offer),
            offer_source_ports(exchange, offer),
            idle,
            max(idle, ridden.get(exchange.name, 0)),
            rides_on,
        )


def _prefix(profile: Profile, exchange: str) -> str:
    return f"{profile.name}.{exchange}/"


def client_flows(
    intent: Intent,
    routes: Routes,
    connection: Connection,
    taken: TakenExchanges,
    ranges: Mapping[HostService, CallbackRange],
    findings: list[Finding],
) -> list[Flow]:
    """Return the flows of one use and IP version; what cannot be is noted in *findings*."""
    use, offer, version, there, back = connection
    client, server = use.host, use.server
    profile = intent.catalog.profiles[use.service]
    on = use.enabled and offer.enabled
    near: bool | None = None
    # A client that wears its public address itself is met at its own ports: nothing has to be forwarded.
    forwarded = back is None or back.route.forwards
    suffix = "/6" if version == 6 else ""
    from_client, to_client = f"{client}>{server}{suffix}", f"{server}>{client}{suffix}"
    flows = []
    for item in taken.of(use, offer, profile):
        exchange = item.exchange
        if exchange.one_network:
            if near is None:
                # IPv6 has no broadcast (RFC 4291, 2).
                near = version == 4 and routes.share_broadcasts(client, server)
            if not near:
                continue
        if exchange.untranslated and forwarded:
            continue  # what the client has sent first opens the way, where it has
        ports = _ports(item, ranges.get(use.client))
        if not ports:
            continue  # a range or a setting in error; the finding is noted
        carried_by = ""
        # Within one network nothing is forwarded, and whoever is there is met.
        if forwarded and not exchange.one_network and item.rides_on is not None and on and item.on:
            findings.append(_impassable(intent, use, exchange, bool(item.rides_on)))
            if not item.rides_on:
                continue  # what cannot be is in nobody's way
            carried_by = item.rides_on + from_client
        source, destination, ends, path = client, server, from_client, there
        if item.from_server:
            if back is None and not carried_by and not exchange.one_network:
                continue  # what has no address to come to is switched off, or a finding
            source, destination, ends, path = server, client, to_client, back or there.answering()
        path = _straight(intent, routes, connection, item) if use.dials and exchange.one_network else path
        findings += _unmapped_inside(use, exchange, path) if exchange.helper and on and item.on else ()
        some = _with_its_own(offer, item, path) if offer.addresses else path
        if some is None:
            continue  # addresses in error, or of the other IP version
        enabled, idle = on and item.on, item.idle_ridden if forwarded else item.idle
        flows += [
            made(
                Flow,
                (
                    item.prefix + named, use.service, exchange.name, source, destination, version, exchange.transport,
                    sent_from, sent_to, item.callback, enabled, idle, exchange.helper, carried_by, some,
                ),
            )
            for named, sent_from, sent_to in each_range(ends, item.source_ports, ports)
        ]  # fmt: skip
    return flows


def _straight(intent: Intent, routes: Routes, connection: Connection, item: _Taken) -> Path:
    """The way of a broadcast or its answer: they turn nowhere, whatever else the client dials."""
    use = connection.use
    way = way_there(routes, intent.hosts[use.host], intent.hosts[use.server], connection.version)
    there = way if isinstance(way, Path) else connection.there
    return there.answering() if item.from_server else there


def _ports(item: _Taken, callback: CallbackRange | None) -> tuple[PortRange, ...]:
    """The destination ports of an exchange: of a call-back those that this client has, if any."""
    if not item.callback:
        return item.ports
    return () if callback is None else (callback.ports,)


def _with_its_own(offer: Offer, item: _Taken, path: Path) -> Path | None:
    """The path for the addresses that an exchange alone is with, if it has any."""
    own = offer.addresses.get(item.exchange.part_of or item.exchange.name)
    return with_some(path, own, of_source=item.from_server) if own else path


def _unmapped_inside(use: Use, exchange: Exchange, path: Path) -> Iterator[Finding]:
    """What to say of a protocol that speaks of addresses, where a box that the plan does not know maps them."""
    if not (path.route.leaves or path.route.enters):
        return
    helper = exchange.helper.upper()
    message = (
        f"{exchange.title} says addresses inside its packets, and the VPN between {use.host} and {use.server} maps "
        f"them: only a helper (ALG) for {helper} on the box that maps rewrites what is said"
    )
    cure = f"have that box run one on the service's port (Linux: nf_nat_{exchange.helper}); over TLS none can read it"
    variable = f"faxnet_uses[{use.position}].exchanges.{exchange.name}"
    yield Finding("FXN412", (use.host,), variable, "on", message, cure)


def _impassable(intent: Intent, use: Use, exchange: Exchange, ridden: bool) -> Finding:
    """What to say of a server's datagrams to a client behind NAT, at a port that nobody can know."""
    variable = f"faxnet_uses[{use.position}].exchanges.{exchange.name}"
    off = f"switch it off (exchanges: {{{exchange.name}: false}})"
    stands = "is any machine of a network" if intent.hosts[use.host].members else "stands behind NAT"
    if not ridden:
        message = f"the client {stands} and chooses the port of {exchange.title}: it cannot be forwarded"
        other = (
            f"switch {exchange.rides_on} on, whose mapping lets it through"
            if exchange.rides_on
            else ("route between the sites without translation")
        )
        return Finding("FXN407", (use.host,), variable, "on", message, f"{off}, or {other}")
    title = intent.catalog.profiles[use.service].exchange(exchange.rides_on).title
    message = (
        f"the client {stands}: {exchange.title} passes only to the port that it sent a {title} from, "
        f"while the devices in between remember that; the plan asks for {exchange.idle} s of each"
    )
    return Finding(
        "FXN405", (use.host,), variable, "on", message, f"keep it where the client asks before it waits; else {off}"
    )
