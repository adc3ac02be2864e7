# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's segments and containers while the network is being drawn. Pure, no podman here."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tools.lab.errors import LabError
from tools.lab.inventory import Address, Network
from tools.lab.network import Leg


@dataclass(slots=True)
class Segment:
    """A segment while the network is being drawn: its prefixes and the addresses in use."""

    name: str
    networks: list[Network]
    used: set[Address] = field(default_factory=set)

    def holds(self, address: Address) -> Network | None:
        """The prefix that an address is in; None for none of them."""
        return next((network for network in self.networks if address in network), None)

    def first_free(self, network: Network, reserved: Collection[Address] = ()) -> Address:
        """Take the first address of a network that is neither in use nor reserved.

        Raises:
            LabError: there is none.
        """
        taken = self.used.union(reserved)
        address = next((host for host in network.hosts() if host not in taken), None)
        if address is None:
            raise LabError(f"network {network} of {self.name} has no free address left: use a larger one")
        self.used.add(address)
        return address


@dataclass(slots=True)
class Draft:
    """A container while the network is being drawn."""

    legs: dict[str, list[ipaddress.IPv4Interface | ipaddress.IPv6Interface]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    routes: dict[Network, Address] = field(default_factory=dict)
    # By IP version: the address that a router's own packets to the outside wear, where its outer side has only a link.
    own: dict[int, Address] = field(default_factory=dict)

    def join(self, segment: Segment, address: Address, network: Network, *, outer: bool = False) -> None:
        """Give the container an address in a segment; *outer*: on the side that faces the outside."""
        interface = ipaddress.ip_interface(f"{address}/{network.prefixlen}")
        on_segment = self.legs.setdefault(segment.name, [])
        if interface not in on_segment:
            on_segment.append(interface)
        segment.used.add(address)
        if outer:
            self.outer.add(segment.name)

    def address_in(self, network: Network, segment: str) -> Address | None:
        """Its address in a network of a segment; None without one."""
        return next((leg.ip for leg in self.legs.get(segment, []) if leg.ip in network), None)

    def facing(self, legs: Iterable[Leg]) -> tuple[Leg, Address]:
        """Which of another container's legs leads here, and the IPv4 address to be met there."""
        leg = next(leg for leg in legs if leg.segment in self.legs)
        return leg, next(item.ip for item in self.legs[leg.segment] if item.version == 4)
