# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server's operating system does what the product counts on."""

from __future__ import annotations

from ...basics.findings import Finding
from ...catalog.profile import Profile, System
from ...inventory.intent import Intent

_CURES = {
    "by_setting": "let the system map IPv4 (net.inet6.ip6.v6only=0), or give the host its IPv4 address alone and start "
    "the server with IPv6 off",
    "never": "give the host its IPv4 address alone and start the server with IPv6 off",
}


def unmapped(profile: Profile, system: System) -> tuple[str, str] | None:
    """Return what is wrong and the cure where a product's IPv6 sockets do not take IPv4 on a system; else None.

    The systems' behaviour is in ``products/_systems.yml``, with its sources.
    """
    if not profile.mapped_ipv4 or system.mapped_ipv4 not in _CURES:
        return None
    off = "has no IPv4-mapped addresses" if system.mapped_ipv4 == "never" else "leaves IPv4-mapped addresses off"
    message = f"{system.title} {off}: the IPv6 sockets of {profile.title} would not take IPv4 there"
    return message, _CURES[system.mapped_ipv4]


def check_systems(intent: Intent, findings: list[Finding]) -> None:
    """Warn where a server with both IP versions serves IPv4 through IPv6 sockets, and its system does not map IPv4."""
    for offer in intent.offers.values():
        host = intent.hosts.get(offer.host)
        if host is None or host.system is None or not (host.address_of(4) and host.address_of(6)):
            continue
        remark = unmapped(intent.catalog.profiles[offer.service], intent.catalog.systems[host.system])
        if offer.enabled and remark:
            findings.append(Finding("FXN216", (host.name,), "faxnet_system", host.system, *remark))
