# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology: which device of a plan a packet meets next, told by where it is and where it is going.

A site's gateways stand in a row. Between them lie segments: segment 0 is the site's own networks, segment n is the
outside, which all sites share. A packet is always on one segment, and its destination alone decides where it goes.

Where a device beyond a gateway translates one to one, that device is part of the gateway here: packets on the segment
beyond wear the public address, and what reaches the gateway the other one. A public address that changes is taken to be
one of those that it can be (changing.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..basics.addresses import Address, Prefix, is_unrouted, parse_address, parse_prefix
from ..inventory.intent import INTERNET
from .changing import NOBODYS, changing_addresses
from .peers import Peers

#: So many addresses of each of nobody's networks are tried.
_TRIED = 254


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


@dataclass(frozen=True, slots=True)
class _Site:
    networks: tuple[Prefix, ...]
    gateways: tuple[str, ...]
    public: tuple[tuple[Address, ...], ...]
    outside: tuple[Mapping[Address, Address], ...]
    realm: Mapping[int, str]

    def holds(self, address: Address) -> bool:
        return any(network.holds(address) for network in self.networks)

    def outermost(self, version: int, since: int = 0, until: int | None = None) -> Address | None:
        """The address that the gateways from index *since* to before *until* show to what is further out."""
        worn = [address for public in self.public[since:until] for address in public if address.version == version]
        return worn[-1] if worn else None


class Topology:
    """The devices of one plan document and the segments between them."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.hosts: Mapping[str, Mapping[str, Any]] = plan["hosts"]
        changing = changing_addresses(plan)
        self._sites = {name: _site(data, changing) for name, data in plan["sites"].items()}
        self._peers = Peers(plan)
        self._made_up = frozenset((*changing.values(), *self._peers.examples.values()))
        self._addresses: dict[str, dict[int, Address]] = {}
        self._positions: dict[str, list[tuple[str, int]]] = {}
        for name, site in self._sites.items():
            for index, host in enumerate(site.gateways):
                self._positions.setdefault(host, []).append((name, index))
        self._networks: dict[tuple[str, int], list[Prefix]] | None = None
        self._owners = {(host["site"], text): name for name, host in self.hosts.items() for text in host["addresses"]}
        for router, positions in self._positions.items():
            for text in self.hosts[router]["addresses"]:
                self._owners.update({(site, text): router for site, _index in positions})

    def addresses_of(self, host: str) -> dict[int, Address]:
        """A host's own addresses by IP version, IPv4 first."""
        found = self._addresses.get(host)
        if found is None:
            found = self._addresses[host] = {}
            for address in map(parse_address, self.hosts[host]["addresses"]):
                found.setdefault(address.version, address)  # of several machines, the first is dialled
            if not found and host in self._peers.examples:
                found[self._peers.examples[host].version] = self._peers.examples[host]
        return found

    def holders(self, address: Address) -> list[Place]:
        """The places where a machine with this address can be."""
        return [
            Place(name, 0, network)
            for name, site in self._sites.items()
            for network in site.networks
            if network.holds(address)
        ]

    def stranger(self, version: int) -> Address | None:
        """An address that no site holds and no gateway wears: some machine of the Internet. None where all are taken.

        Plans that are made up, as in documentation, use the networks that are kept for it; so a free one is looked for.
        """
        worn = {address for site in self._sites.values() for public in site.public for address in public}
        for network in map(parse_prefix, NOBODYS):
            for value in range(network.first + 1, network.first + _TRIED + 1) if network.version == version else ():
                address = Address(version, value)
                if address not in worn and not self.holders(address):
                    return address
        return None

    def dialled(self, site: str, host: str, version: int, sender: str = "") -> Address:
        """The address under which a machine in *site* (empty: a stranger) reaches *host*.

        Where the machine is the host *sender*, and a gateway of that site, it stands further out than what is inside.
        """
        home = self.hosts[host]["site"]
        own = self.addresses_of(host)[version]
        there = self._sites[home]
        since = self._position(home, host)
        if home == site:
            until = self._position(home, sender)
            return there.outermost(version, max(since, 0), until) or own if until > since else own
        if there.realm[version] == self._realm(site, version):
            return own
        return there.outermost(version, max(since, 0)) or own

    def shown(self, host: str, other: str, version: int) -> Address | None:
        """The address that *host* has where *other* stands: what that one dials, and what *host*'s packets to it wear.

        None where one of the two has no address of that IP version.
        """
        if version not in self.addresses_of(host) or version not in self.addresses_of(other):
            return None
        return self.dialled(self.hosts[other]["site"], host, version, other)

    def public_address(self, host: str, version: int) -> Address | None:
        """The address that a host's packets wear outside all routers of its site; None where none translates them."""
        home = self.hosts[host]["site"]
        return self._sites[home].outermost(version, max(self._position(home, host), 0))

    def is_made_up(self, address: Address) -> bool:
        """Whether an address stands for one that changes: nobody knows which machine has it now."""
        return address in self._made_up

    def worn_beyond(self, site: str, index: int, version: int) -> Address | None:
        """The address that packets wear beyond a site's gateway of that index; None where it does not translate."""
        return next((item for item in self._sites[site].public[index] if item.version == version), None)

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

    def realm(self, host: str, version: int) -> str:
        """The realm of a host's site: the sites among which addresses of that IP version are not translated."""
        return self._realm(self.hosts[host]["site"], version)

    def same_realm(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts are in one site, or in sites of one realm."""
        return self.in_realm_of(one, self.hosts[other]["site"], version)

    def in_realm_of(self, host: str, site: str, version: int) -> bool:
        """Whether a host is in *site*, or in a site of its realm: they meet under their own addresses."""
        here = self.hosts[host]["site"]
        return here == site or self._realm(here, version) == self._realm(site, version)

    def worn_outside(self, site: str, version: int) -> Address | None:
        """The address that packets from inside *site* wear outside all of its routers; None where none translates."""
        return self._sites[site].outermost(version)

    def is_local(self, host: str, address: Address) -> bool:
        """Whether an address lies in a network of the realm that a host's site is in."""
        networks = self._networks_of(self.realm(host, address.version), address.version)
        return any(network.holds(address) for network in networks)

    def _networks_of(self, realm: str, version: int) -> Sequence[Prefix]:
        """The networks of all sites of a realm."""
        if self._networks is None:
            self._networks = {}
            for site in self._sites.values():
                for network in site.networks:
                    self._networks.setdefault((site.realm[network.version], network.version), []).append(network)
        return self._networks.get((realm, version), ())

    def routers_in(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The routers of *target*'s site that a packet of *sender* to it passes, the innermost first."""
        here, home = self.hosts[sender]["site"], self.hosts[target]["site"]
        gateways, since = self._sites[home].gateways, self._position(home, target) + 1
        until = self._position(home, sender)
        if until >= 0:
            return gateways[since:until]
        if here != home:
            return gateways[since:]
        # To a router of its own site a packet goes outward; between its networks the innermost router stands.
        return () if since or self._in_one_network(sender, target, version) else gateways[:1]

    def routers_out(self, sender: str, version: int) -> tuple[str, ...]:
        """The routers of its site that a packet of *sender* leaves through with its own address, the innermost first.

        Further out, everybody behind a router that translates has that router's address.
        """
        home = self.hosts[sender]["site"]
        site, since = self._sites[home], self._position(home, sender)
        found: list[str] = []
        for index in range(max(since, 0), len(site.gateways)):
            if index > since:
                found.append(site.gateways[index])
            if any(address.version == version for address in site.public[index]):
                break
        return tuple(found)

    def further_out(self, host: str) -> tuple[str, ...]:
        """All routers of a host's site that stand between it and the outside, the innermost first."""
        home = self.hosts[host]["site"]
        return self._sites[home].gateways[self._position(home, host) + 1 :]

    def _in_one_network(self, one: str, other: str, version: int) -> bool:
        """Whether a network of the first one's site holds both."""
        here, there = self.addresses_of(one).get(version), self.addresses_of(other).get(version)
        if here is None or there is None:
            return False
        networks = self._sites[self.hosts[one]["site"]].networks
        return any(network.holds(here) and network.holds(there) for network in networks)

    def _position(self, site: str, host: str) -> int:
        """Where a host stands in a site's row of gateways; -1 inside."""
        return next((index for name, index in self._positions.get(host, ()) if name == site), -1)

    def departure(self, host: str, destination: Address) -> tuple[Address, Place]:
        """The address that a host's own packets to *destination* wear, and where they set out."""
        own = self.addresses_of(host)[destination.version]
        home = self.hosts[host]["site"]
        positions = self._positions.get(host, [])
        if not positions:
            return own, Place(home, 0, next((item for item in self._sites[home].networks if item.holds(own)), None))
        inside = self._inward(host, destination)
        if inside is not None:
            return own, inside
        site, index = next((position for position in positions if position[0] == home), positions[0])
        realm = self._realm(site, destination.version)
        # To a router of its own row it shows what it wears outside.
        routers = (other for name, other in self._sites.items() if name != home and self._router_at(name, destination))
        if any(network.holds(destination) for network in self._networks_of(realm, destination.version)) or any(
            other.realm[destination.version] == realm for other in routers
        ):
            return own, Place(site, index + 1)
        public = [item for item in self._sites[site].public[index] if item.version == destination.version]
        return (public[0] if public else own), Place(site, index + 1)

    def next_device(self, place: Place, destination: Address) -> Device | None:
        """The device that a packet at *place* meets next; None where no host of the plan does."""
        site = self._sites.get(place.site)
        if site is not None:
            if site.holds(destination):
                owner = self._owner(place.site, destination)
                if place.level > 0:
                    return self._device(site.gateways[place.level - 1])
                if place.network is None or place.network.holds(destination) or not site.gateways:
                    return self._device(owner, destination) if owner is not None else None
                return self._device(site.gateways[0])
            if place.level > 0 and destination in site.public[place.level - 1]:
                return self._device(site.gateways[place.level - 1])
            if place.level < len(site.gateways):
                return self._device(site.gateways[place.level])
        return self._from_outside(place, destination)

    def _owner(self, site: str, address: Address) -> str | None:
        """The host of a site that has an address: its own, or as one of several machines."""
        return self._owners.get((site, address.text)) or self._peers.holder(site, address)

    def beyond(self, device: Device, place: Place, destination: Address) -> Place:
        """Where a packet is after *device* passed it on."""
        inside = self._inward(device.host, destination)
        if inside is not None:
            return inside
        positions = self._positions[device.host]
        site, index = next((position for position in positions if position[0] == place.site), positions[0])
        return Place(site, index + 1)

    def is_stray(self, place: Place, destination: Address) -> bool:
        """Whether nobody routes *destination* at *place*: a private address on the outside."""
        site = self._sites.get(place.site)
        inside = site is not None and site.holds(destination)
        return not inside and is_unrouted(destination)

    def _from_outside(self, place: Place, destination: Address) -> Device | None:
        realm = self._realm(place.site, destination.version)
        for name, site in self._sites.items():
            bare = site.outermost(destination.version) is None and not is_unrouted(destination)
            near = site.realm[destination.version] == realm
            routed = (bare or near) and self._reaches(name, site, destination)
            if routed and not site.gateways:
                owner = self._owner(name, destination)
                return self._device(owner, destination) if owner is not None else None
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

    def _reaches(self, name: str, site: _Site, destination: Address, before: int | None = None) -> bool:
        """Whether an address is one of a site: of its networks, or of a router between them and index *before*."""
        return site.holds(destination) or self._router_at(name, destination, before)

    def _router_at(self, name: str, destination: Address, before: int | None = None) -> bool:
        """Whether a router of a site's chain, one before index *before*, has an address for its own."""
        return any(
            self.hosts[router]["site"] == name and destination.text in self.hosts[router]["addresses"]
            for router in self._sites[name].gateways[:before]
        )

    def _realm(self, site: str, version: int) -> str:
        return self._sites[site].realm[version] if site else INTERNET

    def _device(self, host: str, *met: Address) -> Device:
        """A host, which has the addresses that it is met at besides its own."""
        positions = self._positions.get(host, [])
        worn = (outside.get(item, item) for name, index in positions for item, outside in self._worn_at(name, index))
        return Device(host, frozenset((*self.addresses_of(host).values(), *worn, *met)), bool(positions))


def _site(data: Mapping[str, Any], changing: Mapping[str, Address]) -> _Site:
    public, outside = [], []
    for gateway in data["gateways"]:
        worn = [*map(parse_address, gateway["public"])]
        worn += [changing[gateway["host"]]] if gateway["dynamic"] else []
        own = {address.version: address for address in map(parse_address, gateway["outside"])}
        public.append(tuple(sorted(worn)))
        outside.append({address: own[address.version] for address in worn if address.version in own})
    return _Site(
        tuple(map(parse_prefix, data["networks"])),
        tuple(gateway["host"] for gateway in data["gateways"]),
        tuple(public),
        tuple(outside),
        {int(version): realm for version, realm in data["realm"].items()},
    )
