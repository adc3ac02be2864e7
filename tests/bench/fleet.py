# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of any size as inventory variables: offices of 100 fax clients behind NAT, fax servers behind NAT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Clients behind one NAT router; with call-back ranges of 100 ports they fill half of the pool on its address.
OFFICE = 100
#: One server site for so many clients.
CLIENTS_A_SERVER = 1000
#: Every client uses two servers, and so many in eight a third one: 2.375 uses, two flows each, 4.75 flows a client.
THIRD_SERVER_IN_EIGHT = 3
SERVICE = "netcfax"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Raw variables as an inventory holds them.

    Attributes:
        sites: ``faxnet_sites``.
        hosts: each host's own ``faxnet_*`` variables.
        clients: number of fax clients among the hosts.
    """

    sites: dict[str, Any]
    hosts: dict[str, dict[str, Any]]
    clients: int


def make_fleet(clients: int) -> Fleet:
    """Return a fleet with that many clients: every client its own address, every site its router and public address."""
    sites: dict[str, Any] = {}
    hosts: dict[str, dict[str, Any]] = {}
    servers = [f"fax-{number:03}" for number in range(max(3, clients // CLIENTS_A_SERVER))]
    for number, server in enumerate(servers):
        site = f"centre-{number:03}"
        network = f"172.16.{number}"
        _add_site(sites, hosts, site, network, f"198.51.{number // 256 + 100}.{number % 256}")
        hosts[server] = {
            "faxnet_site": site,
            "faxnet_address": f"{network}.10",
            "faxnet_offers": [{"service": SERVICE, "primary_port": 7488}],
        }
    for number in range(clients):
        office, place = divmod(number, OFFICE)
        site = f"office-{office:04}"
        network = f"10.{office // 256}.{office % 256}"
        if place == 0:
            _add_site(sites, hosts, site, network, f"203.{office // 256}.113.{office % 256}")
        wanted = 3 if number % 8 < THIRD_SERVER_IN_EIGHT else 2
        hosts[f"pc-{number:05}"] = {
            "faxnet_site": site,
            "faxnet_address": f"{network}.{place + 10}",
            "faxnet_uses": [
                {"service": SERVICE, "server": servers[(number + step) % len(servers)]} for step in range(wanted)
            ],
        }
    return Fleet(sites, hosts, clients)


def _add_site(sites: dict[str, Any], hosts: dict[str, dict[str, Any]], site: str, network: str, public: str) -> None:
    router = f"{site}-router"
    sites[site] = {"networks": [f"{network}.0/24"], "gateway": router, "public_address": public}
    hosts[router] = {"faxnet_site": site, "faxnet_address": f"{network}.1"}
