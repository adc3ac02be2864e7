# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: which gateways packets pass between two hosts, and between a host and the outside.

Between sites of one realm nothing is translated. Inside one site the innermost gateway routes between the site's
networks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, first_of, is_unrouted, prefix_of
from ..inventory.intent import Gateway, Host, Intent, PublicAddress, Site
from .route import ANYWHERE, CHANGING, STRAIGHT, Hop, NoRoute, Path, Route, route_through


class _RealmNetworks:
    """Which site of a realm an address lies in, found without a look at every site.

    Networks of one realm do not overlap, else the plan is refused (FXN109).
    """

    def __init__(self, sites: Iterable[Site]) -> None:
        self._networks: dict[tuple[str, int], list[tuple[Prefix, Site]]] = {}
        #: The first and last addresses of IPv4 networks, which no host has (RFC 1122, 3.2.1.3; RFC 3021).
        self.ends: set[Address] = set()
        for site in sites:
            for network in site.networks:
                key = (site.realm_of(network.version), network.version)
                self._networks.setdefault(key, []).append((network, site))
                if network.version == 4 and network.length < 31:
                    self.ends |= {Address(4, network.first), Address(4, network.last)}
        for placed in self._networks.values():
            placed.sort(key=lambda item: item[0])
        self._firsts = {key: [network.first for network, _site in placed] for key, placed in self._networks.items()}

    def site_of(self, realm: str, address: Address) -> Site | None:
        """The site of a realm whose network holds an address; None where none does."""
        key = (realm, address.version)
        place = bisect_right(self._firsts.get(key, ()), address.value) - 1
        if place < 0:
            return None
        network, site = self._networks[key][place]
        return site if network.holds(address) else None

    def parts_of(self, realm: str, wanted: Prefix) -> Iterator[tuple[Prefix, Site]]:
        """The parts of a network that lie in networks of a realm's sites, and the site of each."""
        key = (realm, wanted.version)
        place = max(bisect_right(self._firsts.get(key, ()), wanted.first) - 1, 0)
        for network, site in self._networks.get(key, ())[place:]:
            if network.first > wanted.last:
                break
            if network.overlaps(wanted):
                yield max(network, wanted, key=lambda item: item.length), site


class _Border(NamedTuple):
    """What stands between a site's hosts, or one of its routers, and the outside, for one IP version.

    Attributes:
        gateways: the routers, inside out.
        hops: the same as packets meet them that wear the public addresses.
        own: what that router itself wears.
        shut: why nothing can be sent in, if nothing can.
        unnamed: why no device beyond can permit what comes out, if none can.
    """

    gateways: tuple[Gateway, ...]
    hops: tuple[Hop, ...]
    own: PublicAddress | None
    shut: NoRoute | None
    unnamed: NoRoute | None


class Routes:
    """Finds routes in one intent; remembers them by pair of sites, for thousands of hosts share a pair."""

    def __init__(self, intent: Intent) -> None:
        self._hosts = intent.hosts
        self._sites = intent.sites
        self._gateways = {gateway.host for site in intent.sites.values() for gateway in site.gateways}
        self._routes: dict[tuple[str, str, str, str, int], Route | NoRoute] = {}
        self._borders: dict[tuple[str, str, int], _Border] = {}
        self._realms = _RealmNetworks(intent.sites.values())

    def route(self, source: str, destination: str, version: int) -> Route | NoRoute:
        """Return the route between two hosts, or why there is none. Both have an address of that IP version."""
        start, end = self._hosts[source], self._hosts[destination]
        if start.site == end.site:
            return self._inside(start, end, version)
        key = (
            start.site,
            end.site,
            source if source in self._gateways else "",
            destination if destination in self._gateways else "",
            version,
        )
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = self._between(start, end, version)
        return found

    def _inside(self, start: Host, end: Host, version: int) -> Route | NoRoute:
        site = self._sites[start.site]
        here, there = _position(site, start.name), _position(site, end.name)
        if here < there:
            # A service on an outer router: the inner ones stand in between, and translate; an inner router itself wears
            # its own public address towards it.
            outward = _translating(site.gateways[here + 1 : there], version)
            return route_through(outward, (), _own_public(site, start.name, version))
        if here > there:
            inward = _translating(site.gateways[there + 1 : here], version)
            own = _own_public(site, end.name, version)
            return _changing(site, inward, own) or route_through((), inward, None, own)
        return self._around(site, self._share_network(start.name, end.name, version))

    def of_ends(self, source: str, destination: str, here: End, there: End) -> Route | NoRoute:
        """Return the route between two hosts, for these of the addresses and networks that each may stand for."""
        start, end = self._hosts[source], self._hosts[destination]
        if start.site == end.site and not self._gateways & {source, destination}:
            site = self._sites[start.site]
            return self._around(site, _in_one(site, here, there))
        return self.route(source, destination, here.version)

    @staticmethod
    def _around(site: Site, one_network: bool) -> Route:
        """The route between two hosts inside of one site: the innermost router stands between its networks."""
        return STRAIGHT if one_network or not site.gateways else route_through(_bare(site.gateways[:1]), ())

    def _between(self, start: Host, end: Host, version: int) -> Route | NoRoute:
        here, there = self._sites[start.site], self._sites[end.site]
        leaving, entering = self._border(here, start.name, version), self._border(there, end.name, version)
        if here.realm_of(version) == there.realm_of(version):
            outward, inward = _turn_at_shared(leaving.gateways, entering.gateways)
            return route_through(_bare(outward), _bare(inward))
        if entering.shut is not None:
            return entering.shut
        problem = None
        route = route_through(leaving.hops, entering.hops, leaving.own, entering.own)
        if entering.own is None and route.dialled is None:
            problem = _unreachable(there, end, version)
        if problem is None and leaving.own is None and route.worn is None:
            problem = _unreachable(here, start, version)
        if problem is None and leaving.unnamed is not None:
            return replace(leaving.unnamed, anyway=route)
        return problem or route

    def _border(self, site: Site, host: str, version: int) -> _Border:
        """What a host has between itself and the outside: a server's is asked for by each of thousands of sites."""
        key = (site.name, host if host in self._gateways else "", version)
        found = self._borders.get(key)
        if found is None:
            gateways = _outside_of(site, host)
            hops, own = tuple(_translating(gateways, version)), _own_public(site, host, version)
            found = _Border(gateways, hops, own, _changing(site, hops, own), _unnamed(site, hops, own))
            self._borders[key] = found
        return found

    def walk(self, source: str, destination: str, version: int, route: Route) -> Path:
        """Return the addresses that a packet wears on *route*."""
        here = self._hosts[source].address_of(version)
        there = self._hosts[destination].address_of(version)
        if here is None or there is None:
            raise ValueError(f"{source} and {destination} do not both have an IPv{version} address")
        return Path.along(route, here, there)

    def share_broadcasts(self, one: str, other: str) -> bool:
        """Whether two hosts are in reach of each other's broadcasts, which only IPv4 has (RFC 4291, 2)."""
        return self._share_network(one, other, 4)

    def _share_network(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts are in one network of one site."""
        first, second = self._hosts[one], self._hosts[other]
        here, there = first.ends_of(version)[:1], second.ends_of(version)[:1]
        if first.site != second.site or not here or not there:
            return False
        return _in_one(self._sites[first.site], here[0], there[0])

    def from_outside(self, host: str, version: int) -> Path | NoRoute:
        """Return the way from the Internet at large to a host, or why there is none. It has an address of *version*."""
        end, site = self._hosts[host], self._sites[self._hosts[host].site]
        own, inward = _own_public(site, host, version), _translating(_outside_of(site, host), version)
        problem = _changing(site, inward, own)
        if problem is not None:
            return problem
        route = route_through((), inward, None, own)
        if own is None and route.dialled is None:
            problem = _unreachable(site, end, version)
            if problem is not None:
                return problem
        return Path.along(route, ANYWHERE[version], self._own(host, version))

    def to_outside(self, host: str, version: int) -> Path | NoRoute:
        """Return the way from a host to the Internet at large, or why no answer could come back."""
        site = self._sites[self._hosts[host].site]
        outward = _outside_of(site, host)
        if _own_public(site, host, version) is None and not any(gateway.public_of(version) for gateway in outward):
            problem = _unreachable(site, self._hosts[host], version)
            if problem is not None:
                return problem
        return self._out(host, version, ANYWHERE[version])

    def is_network_end(self, address: Address) -> bool:
        """Whether an address is an IPv4 network's own or its broadcast address (RFC 1122, 3.2.1.3)."""
        return address in self._realms.ends

    def is_inside(self, host: str, address: Address) -> bool:
        """Whether an address lies in a network that a host reaches without translation, or between its routers."""
        here = self._sites[self._hosts[host].site]
        # What lies between two routers of a chain has no networks of its own in the inventory.
        return len(here.gateways) > 1 or self._realms.site_of(here.realm_of(address.version), address) is not None

    def to_address(self, host: str, address: Address) -> Path:
        """Return the way from a host to an address that no host has: near, in the realm, or outside."""
        version = address.version
        site = self._sites[self._hosts[host].site]
        own = self._own(host, version)
        if any(network.holds(address) for network in site.networks):
            one_network = any(network.holds(address) and network.holds(own) for network in site.networks)
            turn = () if one_network else site.gateways[:1]
            return Path.along(route_through(_bare(turn), ()), own, address)
        other = self._realms.site_of(site.realm_of(version), address)
        if other is not None:
            outward, inward = _turn_at_shared(_outside_of(site, host), other.gateways)
            return Path.along(route_through(_bare(outward), _bare(inward)), own, address)
        return self._out(host, version, address)

    def parts_of(self, host: str, network: Prefix) -> Iterator[tuple[Prefix, Site]]:
        """The parts of a network that lie in sites of a host's realm, and the site of each."""
        return self._realms.parts_of(self._sites[self._hosts[host].site].realm_of(network.version), network)

    def from_near(self, other: Site, end: End, host: str) -> Path:
        """Return the way of machines of a site of a host's realm, at some of the site's addresses, to the host."""
        site, version = self._sites[self._hosts[host].site], end.version
        if other.name == site.name:
            inner = site.gateways[: max(_position(site, host), 0)]
            turn = self._turn(site, end, host)
            route = route_through(_bare(turn) if turn else _translating(inner, version), ())
        else:
            outward, inward = _turn_at_shared(other.gateways, _outside_of(site, host))
            route = route_through(_bare(outward), _bare(inward))
        return Path.along(route, end, self._own(host, version))

    def to_near(self, host: str, other: Site, end: End) -> Path | None:
        """Return the way from a host to such machines; None where a router in between translates them."""
        site, version = self._sites[self._hosts[host].site], end.version
        if other.name == site.name:
            inner = site.gateways[: max(_position(site, host), 0)]
            if any(gateway.public_of(version) for gateway in inner):
                return None
            turn = self._turn(site, end, host)
            route = route_through((), _bare(inner)) if not turn else route_through(_bare(turn), ())
        else:
            outward, inward = _turn_at_shared(_outside_of(site, host), other.gateways)
            route = route_through(_bare(outward), _bare(inward))
        return Path.along(route, self._own(host, version), end)

    def _turn(self, site: Site, end: End, host: str) -> tuple[Gateway, ...]:
        """The router between the networks of a site, where a host inside and an end are not in one of them."""
        if _position(site, host) >= 0:
            return ()
        own, first = self._own(host, end.version), first_of(end)
        one_network = any(network.holds(first) and network.holds(own) for network in site.networks)
        return () if one_network else site.gateways[:1]

    def _out(self, host: str, version: int, end: End) -> Path:
        site = self._sites[self._hosts[host].site]
        route = route_through(_translating(_outside_of(site, host), version), (), _own_public(site, host, version))
        return Path.along(route, self._own(host, version), end)

    def _own(self, host: str, version: int) -> Address:
        address = self._hosts[host].address_of(version)
        if address is None:
            raise ValueError(f"{host} has no IPv{version} address")
        return address


def _translating(gateways: Iterable[Gateway], version: int) -> list[Hop]:
    """Gateways as packets meet them that wear their public addresses."""
    return [Hop(gateway.host, gateway.public_of(version)) for gateway in gateways]


def _bare(gateways: Iterable[Gateway]) -> list[Hop]:
    """Gateways as packets meet them that none of them translates."""
    return [Hop(gateway.host, None) for gateway in gateways]


def _in_one(site: Site, here: End, there: End) -> bool:
    """Whether a network of a site holds both of two ends."""
    one, other = prefix_of(here), prefix_of(there)
    return any(network.contains(one) and network.contains(other) for network in site.networks)


def _position(site: Site, host: str) -> int:
    """A host's place in the chain of its site's gateways; -1 for a host inside."""
    return next((index for index, gateway in enumerate(site.gateways) if gateway.host == host), -1)


def _own_public(site: Site, host: str, version: int) -> PublicAddress | None:
    """What it wears outside, of a host that is itself a gateway of its site."""
    for gateway in site.gateways:
        if gateway.host == host:
            return gateway.public_of(version)
    return None


def _outside_of(site: Site, host: str) -> tuple[Gateway, ...]:
    """The gateways beyond *host*, inside out: all of them, unless the host is one of them."""
    for index, gateway in enumerate(site.gateways):
        if gateway.host == host:
            return site.gateways[index + 1 :]
    return site.gateways


def _turn_at_shared(
    outward: tuple[Gateway, ...], inward: tuple[Gateway, ...]
) -> tuple[tuple[Gateway, ...], tuple[Gateway, ...]]:
    """Cut both chains at the first router that they share: the packet turns there and does not go further out."""
    names = [gateway.host for gateway in inward]
    for index, gateway in enumerate(outward):
        if gateway.host in names:
            return outward[: index + 1], inward[: names.index(gateway.host)]
    return outward, inward


def _changing(site: Site, inward: Iterable[Hop], own: PublicAddress | None) -> NoRoute | None:
    """Why nothing can be sent into a site: a public address on the way changes."""
    changing = [item for item in (own, *(hop.public for hop in inward)) if item is not None and item.address is None]
    if not changing:
        return None
    if any(public.unsaid for public in changing):
        code, value, said = "", "not set", f"nobody says the public address of site {site.name}"
    else:
        code, value = CHANGING, "dynamic"
        said = f"the public address of site {site.name} changes, so that nobody outside knows it"
    cure = "have the provider give the site a fixed address and name it, or put both sites into one realm over a VPN"
    return NoRoute(site.name, said, f"faxnet_sites.{site.name}.public_address", cure, code, value, answers=True)


def _unnamed(site: Site, outward: Iterable[Hop], start: PublicAddress | None) -> NoRoute | None:
    """Why no device can permit what a site sends: its public address changes, and nobody says where it lies."""
    worn = (start, *(hop.public for hop in outward))
    if any(public is not None and public.address is None and not public.networks for public in worn):
        return NoRoute(
            site.name,
            f"nobody says where the public address of site {site.name} lies",
            f"faxnet_sites.{site.name}.public_networks",
            "list the networks that the provider gives the site its address from; 0.0.0.0/0 says that any is meant",
            "FXN153",
        )
    return None


def _unreachable(site: Site, host: Host, version: int) -> NoRoute | None:
    address = next(map(first_of, host.ends_of(version)), None)
    if address is None or not is_unrouted(address):
        return None
    return NoRoute(
        site.name,
        f"site {site.name} has no IPv{version} public_address, and {address.text} is not routed on the Internet",
        f"faxnet_sites.{site.name}.public_address",
        "set the site's public_address, or put both sites into one realm if they route to each other",
    )
