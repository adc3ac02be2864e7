# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a name that stands for several machines is asked for what only one can be: a router, a holder of rules."""

from __future__ import annotations

from ...basics.findings import Finding
from ...inventory.intent import Host, Intent
from ...platforms.registry import PLATFORMS

_VARIABLE = "faxnet_address"


def check_peers(intent: Intent, findings: list[Finding]) -> None:
    """Note peers that should be one machine."""
    several = {name: host for name, host in intent.hosts.items() if host.members}
    if not several:
        return
    gateways = {gateway.host: site.name for site in intent.sites.values() for gateway in site.gateways}
    offering: dict[str, str] = {}
    for offer in intent.offers.values():
        offering.setdefault(offer.host, offer.service)
    for name, host in several.items():
        platform = PLATFORMS.get(host.platform)
        if name in gateways:
            message = f"is several machines, and {name} is a gateway of site {gateways[name]}"
            findings.append(_finding(host, message, "name the one address that the router has in its site"))
        elif platform is not None and platform.traits.holds_rules:
            message = f"is several machines, and the platform {host.platform} sets the rules of one"
            cure = "name the host's own address, or set faxnet_platform to unmanaged if nobody here sets its rules"
            findings.append(_finding(host, message, cure))
        if name in offering and not host.addresses:
            message = f"names networks alone, and no client of {offering[name]} can dial one"
            findings.append(_finding(host, message, "name the server's address, too, or give the server its own host"))


def _finding(host: Host, message: str, cure: str) -> Finding:
    return Finding("FXN160", (host.name,), _VARIABLE, ", ".join(end.text for end in host.members), message, cure)
