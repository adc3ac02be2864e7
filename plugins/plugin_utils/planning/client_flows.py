# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows between a client of the inventory and its server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..basics.findings import Finding
from ..basics.ports import PortRange
from ..catalog.profile import Exchange, Profile
from ..inventory.intent import Intent, Offer, Switches, Use
from ..inventory.offers import offer_ports, offer_source_ports
from ..policies.policy import SourcePorts
from .callbacks.ranges import CallbackRange
from .flow import Connection, Flow
from .routes import Path, Routes


class _Riders:
    """A server's datagrams to a port that the client chose: how those of one connection fare at a NAT in between."""

    def __init__(self, connection: Connection, profile: Profile, path: Path) -> None:
        # A client that wears its public address itself is met at its own ports: nothing has to be forwarded.
        self.translated = any(step.translates_from is not None for step in path.steps)
        self.idle: dict[str, int] = {}
        if self.translated:
            for exchange in profile.exchanges:
                if exchange.rides_on and connection.use.takes(exchange, connection.offer):
                    self.idle[exchange.rides_on] = max(exchange.idle, self.idle.get(exchange.rides_on, 0))

    def concerns(self, exchange: Exchange) -> bool:
        """Whether an exchange cannot have rules of its own."""
        return self.translated and exchange.initiator == "server" and exchange.to_any_port


class _Taken(NamedTuple):
    """An exchange that a use takes of an offer.

    Attributes:
        prefix: how the ids of its flows begin.
        on: False where it is switched off.
        ports: destination ports; None where each client has its own, or where a setting is in error.
    """

    exchange: Exchange
    prefix: str
    from_server: bool
    on: bool
    ports: PortRange | None
    source_ports: SourcePorts


class TakenExchanges:
    """What uses take of offers; remembered, for thousands of uses say the same of one offer."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, Switches], tuple[_Taken, ...]] = {}

    def of(self, use: Use, offer: Offer, profile: Profile) -> tuple[_Taken, ...]:
        """Return the exchanges of a use with what is the same for all uses of the offer that say as much."""
        key = (offer.host, offer.service, use.switches)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(
                _Taken(
                    exchange,
                    f"{profile.name}.{exchange.name}/",
                    exchange.initiator == "server",
                    taken,
                    None if exchange.is_callback else offer_ports(exchange, offer),
                    offer_source_ports(exchange, offer) or (),
                )
                for exchange in profile.exchanges
                if exchange.with_clients and (taken := use.takes(exchange, offer)) is not None
            )
        return known


def client_flows(
    intent: Intent,
    routes: Routes,
    connection: Connection,
    taken: TakenExchanges,
    ranges: Mapping[str, CallbackRange],
    findings: list[Finding],
) -> list[Flow]:
    """Return the flows of one use and IP version; what cannot be is noted in *findings*."""
    use, offer, version, route_there, route_back = connection
    profile: Profile = intent.catalog.profiles[use.service]
    on = use.enabled and offer.enabled
    there = routes.walk(use.host, use.server, version, route_there)
    back = routes.walk(use.server, use.host, version, route_back)
    near: bool | None = None
    riders = _Riders(connection, profile, back)
    ends = f"{use.host}>{use.server}", f"{use.server}>{use.host}"
    suffix = "/6" if version == 6 else ""
    flows = []
    for exchange, prefix, from_server, exchange_on, offered_ports, source_ports in taken.of(use, offer, profile):
        if exchange.one_network:
            if near is None:
                # IPv6 has no broadcast (RFC 4291, 2).
                near = version == 4 and routes.share_broadcasts(use.host, use.server)
            if not near:
                continue
        ports = offered_ports
        if exchange.is_callback:
            callback = ranges.get(f"{use.host}/{use.service}")
            ports = None if callback is None else callback.ports
        if ports is None:
            continue  # a range or a setting in error; the finding is noted
        carried_by = ""
        if on and exchange_on and riders.concerns(exchange):
            ridden = exchange.rides_on and use.takes(profile.exchange(exchange.rides_on), offer)
            findings.append(_impassable(intent, use, exchange, bool(ridden)))
            if not ridden:
                continue  # what cannot be is in nobody's way
            carried_by = _id(use, profile.exchange(exchange.rides_on), version)
        flows.append(
            Flow(
                f"{prefix}{ends[from_server]}{suffix}",
                use.service,
                exchange.name,
                use.server if from_server else use.host,
                use.host if from_server else use.server,
                version,
                exchange.transport,
                source_ports,
                ports,
                exchange.is_callback,
                on and exchange_on,
                max(0 if exchange.rides_on else exchange.idle, riders.idle.get(exchange.name, 0)),
                exchange.helper,
                carried_by,
                back if from_server else there,
            )
        )
    return flows


def _id(use: Use, exchange: Exchange, version: int) -> str:
    source, destination = (use.server, use.host) if exchange.initiator == "server" else (use.host, use.server)
    return f"{use.service}.{exchange.name}/{source}>{destination}{'/6' if version == 6 else ''}"


def _impassable(intent: Intent, use: Use, exchange: Exchange, ridden: bool) -> Finding:
    """What to say of a server's datagrams to a client behind NAT, at a port that nobody can know."""
    variable = f"faxnet_uses[{use.index}].exchanges.{exchange.name}"
    off = f"switch it off (exchanges: {{{exchange.name}: false}})"
    if not ridden:
        message = f"the client stands behind NAT and chooses the port of {exchange.title}: it cannot be forwarded"
        other = (
            f"switch {exchange.rides_on} on, whose mapping lets it through"
            if exchange.rides_on
            else ("route between the sites without translation")
        )
        return Finding("FXN407", (use.host,), variable, "on", message, f"{off}, or {other}")
    title = intent.catalog.profiles[use.service].exchange(exchange.rides_on).title
    message = (
        f"the client stands behind NAT: {exchange.title} passes only to the port that it sent a {title} from, "
        f"while the devices in between remember that; the plan asks for {exchange.idle} s of each"
    )
    return Finding(
        "FXN405", (use.host,), variable, "on", message, f"keep it where the client asks before it waits; else {off}"
    )
