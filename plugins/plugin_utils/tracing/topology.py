# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology: which device of a plan a packet meets next, told by where it is and where it is going.

A site's gateways stand in a row. Between them lie segments: segment 0 is the site's own networks, segment n is the
outside, which all sites share. Beyond the own gateways of a site that is nested in another one lie that one's networks.
A packet is always on one segment, and its destination alone decides where it goes.

Beyond all gateways of a site whose networks a VPN maps stands the device that maps them, towards its realm alone.

Where a device beyond a gateway translates one to one, that device is part of the gateway here: packets on the segment
beyond wear the public address, and what reaches the gateway the other one. A public address that changes is taken to be
one of those that it can be (changing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..basics.addresses import Address, Prefix, is_unrouted
from ..basics.mapped_networks import own_address, shown_address
from .meetings import Meetings
from .plan_sites import PlanSite


class Place(NamedTuple):
    """Where a packet is.

    Attributes:
        site: the site that it is in or came from; empty for a stranger's packet on the outside.
        level: the segment: 0 inside, the number of gateways passed otherwise.
        network: on segment 0 the network that it is on; None where it came from a router, which has a leg in each.
    """

    site: str
    level: int
    network: Prefix | None = None

    @classmethod
    def outside(cls) -> Place:
        """Where strangers are."""
        return cls("", 0)


@dataclass(frozen=True, slots=True)
class Device:
    """A host that a packet reaches: its own addresses, those that it wears included, and whether it is a router."""

    host: str
    addresses: frozenset[Address]
    forwards: bool


class Topology(Meetings):
    """The devices of one plan document and the segments between them."""

    def holders(self, address: Address) -> list[Place]:
        """The places where a machine with this address can be."""
        return [
            Place(name, 0, network)
            for name, site in self._sites.items()
            for network in site.networks
            if network.holds(address)
        ]

    def masqueraded(self, router: str, place: Place, version: int) -> Address | None:
        """The address that a router has outside which wears whatever it has there; None where it has a fixed one."""
        worn = (item for name, index in self._of_place(router, place) for item in self._sites[name].public[index])
        return next((item for item in worn if item.version == version and item in self._made_up), None)

    def outward(self, router: str, place: Place, source: Address) -> Address:
        """What becomes of a source address between a router and the segment outside of it."""
        for name, index in self._of_place(router, place):
            for address, outside in self._worn_at(name, index):
                if outside.get(address) == source:
                    return address
        return source

    def inward(self, router: str, place: Place, destination: Address) -> Address:
        """What becomes of a destination address between the segment outside of a router and the router."""
        positions = self._positions.get(router, ())
        if (place.site, place.level) in positions:
            return destination  # from inside, a packet comes as it is
        worn = (item for name, index in positions for item in self._worn_at(name, index))
        return next((outside.get(item, item) for item, outside in worn if item == destination), destination)

    def _of_place(self, router: str, place: Place) -> list[tuple[str, int]]:
        """Where a router stands, first in the row of the site that a packet comes from."""
        return sorted(self._positions.get(router, ()), key=lambda position: position[0] != place.site)

    def _worn_at(self, site: str, index: int) -> Iterator[tuple[Address, Mapping[Address, Address]]]:
        held = self._sites[site]
        return ((address, held.outside[index]) for address in held.public[index])

    def departure(self, host: str, destination: Address) -> tuple[Address, Place]:
        """The address that a host's own packets to *destination* wear, and where they set out."""
        own = self.addresses_of(host)[destination.version]
        home = self.hosts[host]["site"]
        positions = self._positions.get(host, [])
        inside = self._inward(host, destination) if positions else None
        if inside is not None:
            return own, inside
        if not positions or all(home in self._sites[site].levels[1:] for site, _index in positions):
            return own, Place(home, 0, self._sites[home].network_of(own))
        site, index = next((position for position in positions if position[0] == home), positions[0])
        realm = self._met_in(site, destination.version)
        # To a router of its own row it shows what it wears outside.
        routers = (other for name, other in self._sites.items() if name != home and self._router_at(name, destination))
        if any(network.holds(destination) for network in self._networks_of(realm, destination.version)) or any(
            other.realm[destination.version] == realm for other in routers
        ):
            return own, self._outward_of(site, index, destination.version)
        public = [item for item in self._sites[site].public[index] if item.version == destination.version]
        return (public[0] if public else own), self._outward_of(site, index, destination.version)

    def _outward_of(self, site: str, index: int, version: int) -> Place:
        """The segment beyond a gateway of a site; beyond the last one of a nested site, the networks around it."""
        held = self._sites[site]
        if index + 1 < held.own or len(held.levels) < 2:
            return Place(site, index + 1)
        return Place(held.levels[1], 0, self._standing(held, version))

    def mapped(self, place: Place, source: Address, destination: Address) -> tuple[Place, Address, Address]:
        """Where a packet at *place* is, and what it wears, after the devices of a VPN that map networks.

        A packet that is not beyond all gateways of a site, or is for nobody of its realm, passes none of them.
        """
        site = self._sites.get(place.site)
        if site is None or len(site.levels) > 1 or place.level < site.own or destination.version != 4:
            return place, source, destination
        if site.holds(destination):
            return place, source, destination
        realm = site.met_in[4]
        others = (other for other in self._sites.values() if other is not site and other.met_in[4] == realm)
        for other in others:
            own = own_address(destination, other.mapped)
            as_it_is = other.holds(destination) and shown_address(destination, other.mapped) == destination
            if other.mapped and (own != destination or as_it_is):
                return Place(other.name, other.own), shown_address(source, site.mapped), own
            if site.mapped and not other.mapped and self._reaches(other.name, other, destination):
                return place, shown_address(source, site.mapped), destination
        return place, source, destination

    def next_device(self, place: Place, destination: Address) -> Device | None:
        """The device that a packet at *place* meets next; None where no host of the plan does."""
        site = self._sites.get(place.site)
        if site is None:
            return self._from_outside(place, destination)
        nested = self._nested_with(site, destination)
        if place.level > 0:
            if site.holds(destination) or nested is not None or destination in site.public[place.level - 1]:
                return self._device(site.gateways[place.level - 1])
        elif site.holds(destination) or nested is not None:
            return self._in_networks(site, place, destination, nested)
        if place.level < site.own:
            return self._device(site.gateways[place.level])
        return self._from_outside(place, destination)

    def _in_networks(
        self, site: PlanSite, place: Place, destination: Address, nested: PlanSite | None
    ) -> Device | None:
        """The device for a packet in a site's own networks to somebody there, or in a site that is nested there."""
        network = site.network_of(destination)
        behind = nested if network is None else None
        if behind is not None:
            network = self._standing(behind, destination.version)
        if site.own and None not in (place.network, network) and place.network != network:
            return self._device(site.gateways[0])
        if behind is not None:
            return self._device(behind.gateways[behind.own - 1])
        owner = self._owner(site.name, destination)
        return self._device(owner, destination) if owner is not None else None

    def _owner(self, site: str, address: Address) -> str | None:
        """The host of a site that has an address: its own, or as one of several machines."""
        return self._owners.get((site, address.text)) or self._peers.holder(site, address)

    def _nested_with(self, site: PlanSite, destination: Address) -> PlanSite | None:
        """The site nested in another one, and of its realm, through which an address is reached from there."""
        version = destination.version
        inner = (self._sites[name] for name in site.nested)
        near = (item for item in inner if item.realm[version] == site.realm[version])
        return next((item for item in near if self._reaches(item.name, item, destination)), None)

    def beyond(self, device: Device, place: Place, destination: Address) -> Place:
        """Where a packet is after *device* passed it on."""
        inside = self._inward(device.host, destination)
        if inside is not None:
            return inside
        positions = self._positions[device.host]
        site, index = next((position for position in positions if position[0] == place.site), positions[0])
        return self._outward_of(site, index, destination.version)

    def is_stray(self, place: Place, destination: Address) -> bool:
        """Whether nobody routes *destination* at *place*: a private address on the outside."""
        site = self._sites.get(place.site)
        inside = site is not None and site.holds(destination)
        return not inside and is_unrouted(destination)

    def _from_outside(self, place: Place, destination: Address) -> Device | None:
        realm = self._met_in(place.site, destination.version)
        for name, site in self._sites.items():
            if len(site.levels) > 1:
                continue  # it is reached through the one around it
            bare = site.outermost(destination.version) is None and not is_unrouted(destination)
            near = site.realm[destination.version] == realm
            routed = (bare or near) and self._reaches(name, site, destination)
            if routed and not site.gateways:
                return self.next_device(Place(name, 0), destination)
            if routed or site.outermost(destination.version) == destination:
                return self._device(site.gateways[-1])
        return None

    def _inward(self, router: str, destination: Address) -> Place | None:
        """The segment inside of a router on which *destination* lies, or through which it is reached."""
        for name, index in self._positions[router]:
            site = self._sites[name]
            if self._reaches(name, site, destination, index) or (index > 0 and destination in site.public[index - 1]):
                return Place(name, index)
        return None

    def _reaches(self, name: str, site: PlanSite, destination: Address, before: int | None = None) -> bool:
        """Whether an address is one of a site: of its networks, or of a router between them and index *before*.

        What is nested in it, and of its realm, is reached there too.
        """
        within = site.holds(destination) or self._router_at(name, destination, before)
        return within or self._nested_with(site, destination) is not None

    def _router_at(self, name: str, destination: Address, before: int | None = None) -> bool:
        """Whether a router of a site's chain, one before index *before*, has an address for its own."""
        return any(
            self.hosts[router]["site"] == name and destination.text in self.hosts[router]["addresses"]
            for router in self._sites[name].gateways[: self._sites[name].own][:before]
        )

    def _device(self, host: str, *met: Address) -> Device:
        """A host, which has the addresses that it is met at besides its own."""
        positions = self._positions.get(host, [])
        worn = (outside.get(item, item) for name, index in positions for item, outside in self._worn_at(name, index))
        return Device(host, frozenset((*self.addresses_of(host).values(), *worn, *met)), bool(positions))
