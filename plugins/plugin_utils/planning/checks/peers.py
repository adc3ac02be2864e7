# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a name that stands for several machines is asked for what only one can be: a router, a holder of rules."""

from __future__ import annotations

from collections.abc import Iterator

from ...basics.addresses import Address, prefix_of
from ...basics.findings import Finding
from ...inventory.intent import Intent, Offer
from ...platforms.registry import PLATFORMS

_VARIABLE = "faxnet_address"


def check_peers(intent: Intent, findings: list[Finding]) -> None:
    """Note peers that should be one machine."""
    for offer in intent.offers.values():
        if offer.addresses and offer.host in intent.hosts:
            findings += _wrong_addresses(intent, offer)
    several = {name: host for name, host in intent.hosts.items() if host.members}
    if not several:
        return
    gateways = {gateway.host: site.name for site in intent.sites.values() for gateway in site.gateways}
    offering: dict[str, str] = {}
    for offer in intent.offers.values():
        offering.setdefault(offer.host, offer.service)
    for name, host in several.items():
        said = ", ".join(end.text for end in host.members)
        platform = PLATFORMS.get(host.platform)
        if name in gateways:
            message = f"is several machines, and {name} is a gateway of site {gateways[name]}"
            cure = "name the one address that the router has in its site"
            findings.append(Finding("FXN160", (name,), _VARIABLE, said, message, cure))
        elif platform is not None and platform.traits.holds_rules:
            message = f"is several machines, and the platform {host.platform} sets the rules of one"
            cure = "name the host's own address, or set faxnet_platform to unmanaged if nobody here sets its rules"
            findings.append(Finding("FXN160", (name,), _VARIABLE, said, message, cure))
        if name in offering and not host.addresses:
            message = f"names networks alone, and no client of {offering[name]} can dial one"
            cure = "name the server's address, too, or give the server its own host"
            findings.append(Finding("FXN160", (name,), _VARIABLE, said, message, cure))


def _wrong_addresses(intent: Intent, offer: Offer) -> Iterator[Finding]:
    """What an offer says of its exchanges' addresses that cannot be."""
    host, where = intent.hosts[offer.host], f"faxnet_offers[{offer.position}].addresses"
    held = [prefix_of(end) for end in host.members or host.addresses]
    for name, ends in offer.addresses.items():
        for end in ends:
            if not any(network.contains(prefix_of(end)) for network in held):
                message = f"is none of what {host.name} stands for ({', '.join(item.text for item in held)})"
                cure = "add it to the host's faxnet_address, or correct it"
                yield Finding("FXN219", (host.name,), f"{where}.{name}", end.text, message, cure)
    exchanges = intent.catalog.profiles[offer.service].exchanges
    started = [item for item in exchanges if item.initiator == "client" and item.with_clients and offer.runs(item)]
    dialled = [offer.addresses.get(item.part_of or item.name, host.members or host.addresses) for item in started]
    if dialled and not any(isinstance(end, Address) for ends in dialled for end in ends):
        message = "leaves networks alone to what clients start, and none can be dialled"
        value = ", ".join(offer.addresses)
        yield Finding("FXN160", (host.name,), where, value, message, "name an address for what clients call first")
