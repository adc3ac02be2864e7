# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a client that looks for its server by broadcast finds it: neither beyond a router nor through rules."""

from __future__ import annotations

from collections.abc import Iterable

from ...basics.addresses import prefix_of
from ...basics.findings import Finding
from ...catalog.catalog import Catalog
from ...inventory.intent import EXCLUSIVE, Host, Intent, Opening
from ...inventory.offers import texts_of
from ...platforms.registry import PLATFORMS
from ..flow import Connection
from ..routes import Routes


def check_broadcasts(
    intent: Intent, routes: Routes, connections: Iterable[Connection], findings: list[Finding]
) -> None:
    """Advise where a broadcast does not reach the server: in another network, or dropped by the rules that it gets."""
    told: set[tuple[str, str, str]] = set()
    for use, offer, _version, there, _back in connections:
        broadcast = intent.catalog.profiles[use.service].broadcast
        key = (use.host, use.service, use.server)
        if broadcast is None or key in told or not (use.enabled and offer.enabled):
            continue
        told.add(key)
        dial = there.dial.text
        if not routes.share_broadcasts(use.host, use.server):
            message = f"{broadcast.title} asks by broadcast and finds nothing beyond the client's own network"
            cure = broadcast.far.format_map({"dial": dial, "server": use.server, **texts_of(offer)}).removesuffix(".")
            cure = cure[:1].lower() + cure[1:]
        elif _drops(intent, intent.hosts[use.server], intent.hosts[use.host]):
            message = f"{broadcast.title} asks by broadcast, on a port that no document names: {use.server} drops it"
            cure = f"enter the address {dial} at the client, or name the port in the faxnet_permits of {use.server}"
        else:
            continue
        findings.append(
            Finding("FXN406", (use.host,), f"faxnet_uses[{use.position}].server", use.server, message, cure)
        )


def _drops(intent: Intent, server: Host, client: Host) -> bool:
    """Whether the rules of a server let in no broadcast of a client, as far as permits can tell."""
    platform = PLATFORMS.get(server.platform)
    if platform is None or not platform.traits.holds_rules or server.stance != EXCLUSIVE:
        return False
    return not any(_may_hold(opening, client, intent.catalog) for opening in server.openings)


def _may_hold(opening: Opening, client: Host, catalog: Catalog) -> bool:
    """Whether a permit may be the one for the broadcast: for UDP from the client, on a port not known as another's."""
    ends = [prefix_of(end) for end in client.ends_of(4)]
    if not ends or not all(any(source.contains(end) for source in opening.sources) for end in ends):
        return False
    if not opening.ports:
        return opening.takes("udp", 1)
    return any(opening.takes("udp", ports.low) and ports.low not in catalog.well_known for ports in opening.ports)
