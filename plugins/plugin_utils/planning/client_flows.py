# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows between a client of the inventory and its server."""

from __future__ import annotations

from collections.abc import Mapping

from ..basics.findings import Finding
from ..catalog.profile import Exchange, Profile
from ..inventory.intent import Intent, Use
from ..inventory.offers import offer_ports, offer_source_ports
from .callbacks.grants import Grant
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


def client_flows(
    intent: Intent, routes: Routes, connection: Connection, grants: Mapping[str, Grant], findings: list[Finding]
) -> list[Flow]:
    """Return the flows of one use and IP version; what cannot be is noted in *findings*."""
    use, version = connection.use, connection.version
    profile: Profile = intent.catalog.profiles[use.service]
    on = use.enabled and connection.offer.enabled
    there = routes.walk(use.host, use.server, version, connection.there)
    back = routes.walk(use.server, use.host, version, connection.back)
    # IPv6 has no broadcast (RFC 4291, 2).
    near = (
        version == 4
        and any(item.one_network for item in profile.exchanges)
        and routes.share_broadcasts(use.host, use.server)
    )
    riders = _Riders(connection, profile, back)
    ids = {exchange.name: _id(use, exchange, version) for exchange in profile.exchanges}
    flows = []
    for exchange in profile.exchanges:
        taken = use.takes(exchange, connection.offer)
        if taken is None or not exchange.with_clients or (exchange.one_network and not near):
            continue
        if exchange.is_callback:
            grant = grants.get(f"{use.host}/{use.service}")
            ports = None if grant is None else grant.ports
        else:
            ports = offer_ports(exchange, connection.offer)
        if ports is None:
            continue  # a grant or a setting in error; the finding is noted
        from_server = exchange.initiator == "server"
        carried_by = ""
        if on and taken and riders.concerns(exchange):
            ridden = exchange.rides_on and use.takes(profile.exchange(exchange.rides_on), connection.offer)
            findings.append(_impassable(intent, use, exchange, bool(ridden)))
            if not ridden:
                continue  # what cannot be is in nobody's way
            carried_by = ids[exchange.rides_on]
        flows.append(
            Flow(
                ids[exchange.name],
                use.service,
                exchange.name,
                use.server if from_server else use.host,
                use.host if from_server else use.server,
                version,
                exchange.transport,
                offer_source_ports(exchange, connection.offer) or (),
                ports,
                exchange.is_callback,
                on and taken,
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
