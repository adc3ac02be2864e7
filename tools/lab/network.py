# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network as data: containers with legs and routes, segments between them, and what proves the wires."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from tools.lab.errors import LabError
from tools.lab.inventory import Address, Network


@dataclass(frozen=True, slots=True)
class Leg:
    """An interface of a container: the segment it is in, and its addresses with prefix length."""

    segment: str
    interface: str
    addresses: tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of a container; prefix length 0 is the default route.

    ``source``: the address that the container's own packets wear on it, where it is not that of the interface.
    """

    network: Network
    via: Address
    source: Address | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A network that a VPN's box maps one to one, towards everybody but the site itself.

    Attributes:
        own: what the site's machines have.
        shown: what others know them by.
        via: the site's outermost router, as the box reaches it.
        interface: the box's own, which leads there.
    """

    own: Network
    shown: Network
    via: Address
    interface: str


@dataclass(frozen=True, slots=True)
class Node:
    """A container.

    Attributes:
        name: in the lab.
        forwards: whether it passes packets on from the start.
        neighbours: names and addresses that it knows.
        mappings: the networks that it maps one to one.
    """

    name: str
    legs: tuple[Leg, ...]
    routes: tuple[Route, ...]
    forwards: bool = False
    neighbours: tuple[tuple[str, Address], ...] = ()
    mappings: tuple[Mapping, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """One step of the wiring proof: ``source`` gets an answer from ``address``."""

    source: str
    address: Address


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole lab: segments, containers, what the wiring proof tries, and remarks for the person who looks on."""

    segments: tuple[str, ...]
    nodes: tuple[Node, ...]
    reaches: tuple[Reach, ...]
    remarks: tuple[str, ...] = ()

    @property
    def uses_ipv6(self) -> bool:
        """Whether any container has an IPv6 address."""
        return any(address.version == 6 for node in self.nodes for leg in node.legs for address in leg.addresses)

    def node(self, name: str) -> Node:
        """The container of that name.

        Raises:
            LabError: there is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"the lab has no {name!r}; it has {', '.join(node.name for node in self.nodes)}")
