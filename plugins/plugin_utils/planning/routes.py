# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: which gateways packets pass between two hosts, and between a host and the outside.

Between sites of one realm nothing is translated. Inside one site the innermost gateway routes between the site's
networks. Out of a nested site packets come into the network of the one around it; whoever is there, or nested there as
well, is met there, and further out they go through that site's gateways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, end_of, first_of, network_of, prefix_of
from ..basics.mapped_networks import own_of
from ..inventory.intent import Host, Intent
from ..inventory.site import Gateway, PublicAddress, Site
from .gateway_rows import bare, hops_of, own_public, position_of, translating, turn_at_shared, worn_at
from .obstacles import changing, unmapped, unnamed, unreachable
from .realm_networks import RealmNetworks
from .route import ANYWHERE, STRAIGHT, Hop, NoRoute, Path, Route, route_through


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


class _Stand(NamedTuple):
    """Where a way begins or ends.

    Attributes:
        place: in the row of the site's gateways; -1 inside.
        host: empty for a machine that is no host of the inventory.
        network: the site's network that it is in; None where it is in none, or in any.
    """

    site: Site
    place: int
    host: str
    network: Prefix | None


class Routes:
    """Finds routes in one intent; remembers them by pair of sites, for thousands of hosts share a pair."""

    def __init__(self, intent: Intent) -> None:
        self._hosts = intent.hosts
        self._sites = intent.sites
        self._gateways = {gateway.host for site in intent.sites.values() for gateway in site.gateways}
        self._routes: dict[tuple[object, ...], Route | NoRoute] = {}
        self._borders: dict[tuple[str, str, int], _Border] = {}
        self.realms = RealmNetworks(intent.sites.values())
        nested = [site for site in intent.sites.values() if site.outer is not None]
        self._nested = bool(nested)
        self._worn = {(site.outer.name, item) for site in nested if site.outer for item in site.own_gateways[-1].fixed}

    def route(self, source: str, destination: str, version: int) -> Route | NoRoute:
        """Return the route between two hosts, or why there is none. Both have an address of that IP version."""
        start, end = self._hosts[source], self._hosts[destination]
        if start.site == end.site and not self._gateways & {source, destination}:
            return self._around(self._sites[start.site], self._share_network(source, destination, version))
        # Between the networks of a site that another is nested in, its innermost gateway stands.
        if not self._nested:
            return self._found(start, end, version, None, None)
        return self._found(start, end, version, self._network_of(start, version), self._network_of(end, version))

    def of_ends(self, source: str, destination: str, here: End, there: End) -> Route | NoRoute:
        """Return the route between two hosts, for these of the addresses and networks that each may stand for."""
        start, end = self._hosts[source], self._hosts[destination]
        sites = self._sites[start.site], self._sites[end.site]
        if start.site == end.site and not self._gateways & {source, destination}:
            return self._around(sites[0], _in_one(sites[0], here, there))
        if not self._nested:
            return self._found(start, end, here.version, None, None)
        networks = (_network_around(sites[0], first_of(here)), _network_around(sites[1], first_of(there)))
        return self._found(start, end, here.version, *networks)

    @staticmethod
    def _around(site: Site, one_network: bool) -> Route:
        """The route between two hosts inside of one site: the innermost router stands between its networks."""
        gateways = site.own_gateways[:1]
        return STRAIGHT if one_network or not gateways else route_through(bare(gateways), ())

    def _found(
        self, start: Host, end: Host, version: int, here: Prefix | None, there: Prefix | None
    ) -> Route | NoRoute:
        """The route between two hosts in these of their sites' networks."""
        source = start.name if start.name in self._gateways else ""
        destination = end.name if end.name in self._gateways else ""
        key = (start.site, end.site, source, destination, version, here, there)
        found = self._routes.get(key)
        if found is None:
            stands = self._stand(start, here), self._stand(end, there)
            found = self._routes[key] = self._way(*stands, version)
        return found

    def _stand(self, host: Host, network: Prefix | None) -> _Stand:
        site = self._sites[host.site]
        place = position_of(site, host.name) if host.name in self._gateways else -1
        return _Stand(site, place, host.name, network if place < 0 else None)

    def _stand_of(self, host: str, version: int) -> _Stand:
        """Where a host stands with its address."""
        return self._stand(self._hosts[host], self._network_of(self._hosts[host], version))

    def _network_of(self, host: Host, version: int) -> Prefix | None:
        """The network of its site that a host is in."""
        ends = host.ends_of(version)
        return _network_around(self._sites[host.site], first_of(ends[0])) if ends else None

    def _way(self, start: _Stand, end: _Stand, version: int) -> Route | NoRoute:
        through = position_of(start.site, end.host) if end.host in self._gateways else -1
        if through > start.place:
            # A service on a router of its own row: the inner ones stand in between, and translate; an inner router
            # itself wears its own public address towards it.
            outward = hops_of(start.site, start.place + 1, through, end.site, version)
            return route_through(outward, (), worn_at(start.site, start.place, end.site, version))
        through = position_of(end.site, start.host) if start.host in self._gateways else -1
        if through > end.place:
            inward = hops_of(end.site, end.place + 1, through, start.site, version)
            own = worn_at(end.site, end.place, start.site, version)
            return changing(end.site, inward, own) or route_through((), inward, None, own)
        for inner in start.site.levels:
            realm = inner.met_in(version)
            for other in end.site.levels:
                if other.met_in(version) == realm:
                    return self._in_realm(start, inner, end, other, version)
        return self._over_the_internet(start, end, version)

    def _in_realm(self, start: _Stand, inner: Site, end: _Stand, other: Site, version: int) -> Route | NoRoute:
        """The way between two ends that meet in a realm: in its site *inner*, in which the one's site is nested or
        which it is, and *other* of the other one.
        """
        leaving = translating(_up_to(start, inner), version)
        entering = translating(_up_to(end, other), version)
        worn = own_public(start.site, start.host, version) if inner is not start.site else None
        own = own_public(end.site, end.host, version) if other is not end.site else None
        problem = changing(end.site, entering, own) or unnamed(start.site, leaving, worn)
        if problem is not None:
            return problem
        outward, inward = self._between(start, inner, end, other, version)
        route = route_through((*leaving, *bare(outward)), (*entering, *bare(inward)), worn, own)
        if other is not end.site and own is None and route.dialled is None:
            problem = self._unreachable(end, None, version)
        if problem is None and inner is not start.site and worn is None and route.worn is None:
            problem = self._unreachable(start, None, version)
        if version == 4 and inner.name != other.name and (inner.mapped or other.mapped):
            problem = problem or self._unmapped(start, inner) or self._unmapped(end, other)
            route = route.mapped(inner.mapped, other.mapped)
        return problem or route

    def _unmapped(self, stand: _Stand, level: Site) -> NoRoute | None:
        """Why a router of a mapped site is not met from another one: its address is in none of the site's networks."""
        host = self._hosts.get(stand.host) if level is stand.site and level.mapped else None
        own = host.address_of(4) if host is not None else None
        return unmapped(level, own) if own is not None and _network_around(level, own) is None else None

    def _between(
        self, start: _Stand, inner: Site, end: _Stand, other: Site, version: int
    ) -> tuple[tuple[Gateway, ...], tuple[Gateway, ...]]:
        """The gateways out of one site of a realm and into another one, or between the networks of one."""
        outward = inner.gateways[start.place + 1 :] if inner is start.site else inner.gateways
        inward = other.gateways[end.place + 1 :] if other is end.site else other.gateways
        common = inner.common(other)
        if common is None:
            return turn_at_shared(outward, inward)
        outward, inward = (row[: len(row) - len(common.gateways)] for row in (outward, inward))
        turned = turn_at_shared(outward, inward)
        if turned != (outward, inward):
            return turned
        here, there = (self._standing(stand, common, version) for stand in (start, end))
        if here != there and None not in (here, there):
            return (*outward, *common.own_gateways[:1]), inward
        return outward, inward

    def _standing(self, stand: _Stand, common: Site, version: int) -> Prefix | None:
        """The network of a site that an end is in, or the router through which it comes from a nested one."""
        levels = stand.site.levels
        depth = levels.index(common)
        if not depth:
            return stand.network
        nested = levels[depth - 1]
        router = self._hosts.get(nested.own_gateways[-1].host)
        found = nested.standing(version)
        if found is None and router is not None and router.site == common.name:
            return self._network_of(router, version)
        return found

    def _over_the_internet(self, start: _Stand, end: _Stand, version: int) -> Route | NoRoute:
        leaving, entering = self._border(start, version), self._border(end, version)
        if entering.shut is not None:
            return entering.shut
        route = route_through(leaving.hops, entering.hops, leaving.own, entering.own)
        problem = self._unreachable(end, route.met_at[0] if route.met_at else None, version)
        problem = problem or self._unreachable(start, route.worn or route.start_own, version)
        if problem is None and leaving.unnamed is not None:
            return replace(leaving.unnamed, anyway=route)
        return problem or route

    def _unreachable(self, stand: _Stand, shown: End | None, version: int) -> NoRoute | None:
        """Why what an end shows outside, or its own address, leads nobody there."""
        outermost = stand.site.own_gateways[-1:]
        named = any(worn.version == version for gateway in outermost for worn in gateway.public)
        if shown is not None and stand.site.outer is None and (named or not outermost):
            return None  # the public address that the inventory names, whatever it is
        host = self._hosts.get(stand.host)
        own = next(iter(host.ends_of(version)), None) if host is not None else None
        return unreachable(stand.site, shown or own, version)

    def _border(self, stand: _Stand, version: int) -> _Border:
        """What a host has between itself and the outside: a server's is asked for by each of thousands of sites."""
        site = stand.site
        key = (site.name, stand.host if stand.place >= 0 else "", version)
        found = self._borders.get(key)
        if found is None:
            gateways = site.gateways[stand.place + 1 :]
            hops, own = tuple(translating(gateways, version)), own_public(site, stand.host, version)
            found = _Border(gateways, hops, own, changing(site, hops, own), unnamed(site, hops, own))
            self._borders[key] = found
        return found

    def walk(self, source: str, destination: str, version: int, route: Route) -> Path:
        """Return the addresses that a packet wears on *route*."""
        here = self._hosts[source].address_of(version)
        there = self._hosts[destination].address_of(version)
        if here is None or there is None:
            raise ValueError(f"{source} and {destination} do not both have an IPv{version} address")
        return Path.along(route, here, there)

    def over_the_internet(self, source: str, destination: str, version: int) -> Route | NoRoute:
        """Return the route between two hosts that meet by what they show outside, whatever realm they are in."""
        return self._over_the_internet(self._stand_of(source, version), self._stand_of(destination, version), version)

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
        stand = self._stand_of(host, version)
        border = self._border(stand, version)
        if border.shut is not None:
            return border.shut
        route = route_through((), border.hops, None, border.own)
        problem = self._unreachable(stand, route.met_at[0] if route.met_at else None, version)
        if problem is not None:
            return problem
        return Path.along(route, ANYWHERE[version], self._own(host, version))

    def to_outside(self, host: str, version: int) -> Path | NoRoute:
        """Return the way from a host to the Internet at large, or why no answer could come back."""
        stand = self._stand_of(host, version)
        border = self._border(stand, version)
        way = self._out(host, version, ANYWHERE[version])
        worn = way.arrives_from if border.own is not None or any(hop.public for hop in border.hops) else None
        return self._unreachable(stand, worn, version) or way

    def is_network_end(self, address: Address) -> bool:
        """Whether an address is an IPv4 network's own or its broadcast address (RFC 1122, 3.2.1.3)."""
        return address in self.realms.ends

    def is_inside(self, host: str, address: Address) -> bool:
        """Whether an address lies in a network that a host reaches without the Internet, or between its routers."""
        levels = self._sites[self._hosts[host].site].levels
        # What lies between two routers of a chain has no networks of its own in the inventory.
        return any(len(level.own_gateways) > 1 or self._site_at(level, address) is not None for level in levels)

    def _site_at(self, site: Site, address: Address) -> Site | None:
        """The site that an address means to whoever is in *site*; None where it means none."""
        if _network_around(site, address) is not None:
            return site
        found = self.realms.site_of(site.met_in(address.version), address)
        return None if found is not None and found.name == site.name else found  # nobody calls himself by what is shown

    def to_address(self, host: str, address: Address) -> Path:
        """Return the way from a host to an address that no host has: near, in a realm, or outside."""
        version = address.version
        start, own = self._stand_of(host, version), self._own(host, version)
        if _network_around(start.site, address) is not None:
            one_network = any(network.holds(address) and network.holds(own) for network in start.site.networks)
            turn = () if one_network else start.site.own_gateways[:1]
            return Path.along(route_through(bare(turn), ()), own, address)
        for level in start.site.levels:
            other = self._site_at(level, address)
            if other is not None:
                end = own_of(address, other.mapped)
                route = self._way(start, _some(other, end), version)
                if isinstance(route, Route):
                    return Path.along(route, own, end)
        return self._out(host, version, address)

    def parts_of(self, host: str, network: Prefix) -> Iterator[tuple[Prefix, Site]]:
        """The parts of a network that lie in sites of a host's realm, or of those it is nested in; the site of each."""
        home = self._sites[self._hosts[host].site]
        for realm in dict.fromkeys(level.met_in(network.version) for level in home.levels):
            parts = self.realms.parts_of(realm, network)
            yield from (item for item in parts if item[1].name != home.name) if home.mapped else parts
        for own in home.networks if home.mapped else ():
            if own.overlaps(network):
                yield max(own, network, key=lambda item: item.length), home

    def inner_networks(self, host: str, network: Prefix) -> tuple[Prefix, ...] | None:
        """The networks of a router's own site whose packets come to it as from *network*; None where none does.

        A router further in gives them that address. Where it has several, its first one stands for all of them.
        """
        home = self._sites[self._hosts[host].site]
        for gateway in home.own_gateways:
            if gateway.host == host:
                return None
            shown = [*map(network_of, gateway.fixed), *(item for worn in gateway.public for item in worn.networks)]
            alike = [item for item in shown if item.version == network.version]
            if network in alike:
                within = (item for item in home.networks if item.version == network.version)
                return tuple(within) if network == alike[0] else ()
        return None

    def from_inside(self, host: str, network: Prefix) -> Path | NoRoute:
        """The way of machines of such a network of a router's own site to it."""
        return self.from_near(self._sites[self._hosts[host].site], end_of(network), host)

    def from_near(self, other: Site, end: End, host: str) -> Path | NoRoute:
        """Return the way of machines of such a site, at some of its addresses, to the host, or why there is none."""
        version = end.version
        own = self._own_of(other, end, host)
        route = self._way(_some(other, own), self._stand_of(host, version), version)
        return route if isinstance(route, NoRoute) else Path.along(route, own, self._own(host, version))

    def to_near(self, host: str, other: Site, end: End) -> Path | None:
        """Return the way from a host to such machines; None where a router translates, in between or one of them."""
        version = end.version
        if (other.name, end) in self._worn:
            return None  # whoever is nested behind it can only be answered
        own = self._own_of(other, end, host)
        route = self._way(self._stand_of(host, version), _some(other, own), version)
        if isinstance(route, NoRoute) or route.met_at:
            return None
        return Path.along(route, self._own(host, version), own)

    def _own_of(self, other: Site, end: End, host: str) -> End:
        """The addresses in a site that *end* means to a host."""
        return end if other.name == self._hosts[host].site else own_of(end, other.mapped)

    def _out(self, host: str, version: int, end: End) -> Path:
        border = self._border(self._stand_of(host, version), version)
        return Path.along(route_through(border.hops, (), border.own), self._own(host, version), end)

    def _own(self, host: str, version: int) -> Address:
        address = self._hosts[host].address_of(version)
        if address is None:
            raise ValueError(f"{host} has no IPv{version} address")
        return address


def _some(site: Site, end: End) -> _Stand:
    """Where machines of a site are that are no hosts of the inventory."""
    return _Stand(site, -1, "", _network_around(site, first_of(end)))


def _in_one(site: Site, here: End, there: End) -> bool:
    """Whether a network of a site holds both of two ends."""
    one, other = prefix_of(here), prefix_of(there)
    return any(network.contains(one) and network.contains(other) for network in site.networks)


def _network_around(site: Site, address: Address) -> Prefix | None:
    """The network of a site that holds an address."""
    return next((network for network in site.networks if network.holds(address)), None)


def _up_to(stand: _Stand, level: Site) -> tuple[Gateway, ...]:
    """The gateways between an end and a site that its own one is nested in, inside first; none where it is its own."""
    return stand.site.below(level)[stand.place + 1 :]
