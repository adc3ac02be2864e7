# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own tables say of its networks: where they are, whether it forwards, which devices are bridges."""

from __future__ import annotations

from functools import cached_property

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.links import Link, Route, links, routes
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.own_addresses import OwnAddresses
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import address_of

_FORWARDING = {4: "/proc/sys/net/ipv4/ip_forward", 6: "/proc/sys/net/ipv6/conf/all/forwarding"}
_SEEN_BRIDGES = {
    4: "/proc/sys/net/bridge/bridge-nf-call-iptables",
    6: "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
}

#: So many answers are kept: a busy router has a hundred thousand connections, each with another peer.
_MOST_KNOWN = 1 << 14


class NetworkView:
    """A host's networks, each table read once and only when it is asked for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._behind: dict[str, Route | None] = {}

    @cached_property
    def own(self) -> OwnAddresses:
        """The host's own addresses."""
        return OwnAddresses(self._machine)

    @cached_property
    def links(self) -> list[Link]:
        """The devices that are up, without the loopback."""
        return links()

    @cached_property
    def routes(self) -> list[Route]:
        """The routes to other hosts, in all routing tables."""
        return routes(self.links)

    def behind(self, address: str) -> Route | None:
        """The most exact route to an address; None where there is none."""
        if len(self._behind) >= _MOST_KNOWN:
            self._behind.clear()
        if address not in self._behind:
            self._behind[address] = self._look_up(address)
        return self._behind[address]

    def _look_up(self, address: str) -> Route | None:
        there = address_of(address)
        for length, held in self._by_length[there.version].items():
            route = held.get(int(there) >> (there.max_prefixlen - length))
            if route:
                return route
        return None

    @cached_property
    def _by_length(self) -> dict[int, dict[int, dict[int, Route]]]:
        """By IP version and length of the prefix, the longest first, the routes by the bits of their prefix.

        A busy router has thousands of routes and a hundred thousand connections: none is held against all others.
        """
        found: dict[int, dict[int, dict[int, Route]]] = {4: {}, 6: {}}
        for route in sorted(self.routes, key=lambda route: -route.network.prefixlen):
            network = route.network
            bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
            found[network.version].setdefault(network.prefixlen, {}).setdefault(bits, route)
        return found

    def outside(self, version: int) -> set[str]:
        """The devices that lead to everything else."""
        return {route.device for route in self.routes if route.default and route.network.version == version}

    def has_somebody(self, link: Link) -> bool:
        """Whether anybody can be behind a device: its cable is plugged in, and a bridge has a port."""
        return link.carries and (link.kind != "bridge" or any(port.master == link.index for port in self.links))

    def forwards(self, version: int) -> bool:
        """Whether this host forwards packets of an IP version now."""
        return (self._machine.read(_FORWARDING[version]) or "0").strip() not in ("", "0")

    def is_addressed(self, version: int) -> bool:
        """Whether hosts of other networks can address this one by an IP version; by IPv4 they can.

        The fourth word of /proc/net/if_inet6 is the scope: 0 is global, of unique local addresses too.
        """
        lines = (self._machine.read("/proc/self/net/if_inet6") or "").splitlines()
        return version == 4 or any(int(line.split()[3], 16) == 0 for line in lines)

    def bridges(self, version: int) -> list[Link]:
        """Bridges with several ports whose traffic of an IP version comes through the packet filter."""
        if (self._machine.read(_SEEN_BRIDGES[version]) or "0").strip() == "0":
            return []
        masters = [link.master for link in self.links]
        return [link for link in self.links if link.kind == "bridge" and masters.count(link.index) > 1]
