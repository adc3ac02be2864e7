# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the lab's network: which container has which leg in which segment, and which routes. Pure, no podman here.

    site's hosts -- site segment -- gateway -- (transit segment -- gateway --) provider segment -- internet

The outermost gateway of a nested site has its outer leg in the segment of the site around it, whose hosts know the way
to what is behind it.

The internet router has a leg in every provider segment. It also knows the way to the private networks behind the
gateways, as a hostile neighbour of a provider may: a refused packet from there was refused by a rule, and did not just
lack a route.

Each IP version has a way of its own: where a gateway translates IPv4 and routes IPv6, its outer side has its public
IPv4 address and one of a link for IPv6.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from tools.lab.draft import Draft, Segment
from tools.lab.errors import LabError
from tools.lab.inventory import Address, Gateway, Host, Inventory, Network, Site
from tools.lab.network import Leg, Mapping, Node, Reach, Route, Topology

INTERNET = "internet"
# Around a public address stands its provider's network, of the size that providers commonly hand out.
_PROVIDER_LENGTH = {4: 24, 6: 64}
# Where a gateway routes an IP version (no public address) the inventory has no network on its outer side; links for it
# come out of the blocks set aside for network tests. Source: RFC 2544, appendix C.2.2, and RFC 5180, section 8.
_LINKS = {4: ("198.18.0.0/15", 26), 6: ("2001:2::/48", 64)}


def topology(inventory: Inventory) -> Topology:
    """Draw the lab's network from an inventory.

    Raises:
        LabError: a host's address is missing, in no network of its site or taken; a network is full.
    """
    return _Drawing(inventory).drawn()


class _Drawing:
    """Draws in one order: what the inventory states first, then what it leaves open."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.hosts = {host.name: host for host in inventory.hosts}
        self.drafts: dict[str, Draft] = {}
        self.segments: dict[str, Segment] = {}
        self.remarks: list[str] = []
        self.reaches: list[Reach] = []
        self.behind: list[tuple[Network, str]] = []
        self.nested: dict[str, list[tuple[Network, str]]] = {site.name: [] for site in inventory.sites}
        self.links: dict[int, Iterator[Network]] = {
            version: ipaddress.ip_network(block).subnets(new_prefix=length)
            for version, (block, length) in _LINKS.items()
        }
        self.link_of: dict[tuple[str, int], Network] = {}
        self.of_site = {site.name: self._site_segments(site) for site in inventory.sites}

    def drawn(self) -> Topology:
        if INTERNET in self.hosts:
            raise LabError(f"host {INTERNET}: the lab needs this name for the router between sites: rename the host")
        for host in self.inventory.hosts:
            self._place(host)
        for host in self.inventory.hosts:
            self._place_anyone(host)
        providers = self._providers()
        for site in self._inside_out():
            self._connect(site, providers)
        self._ways_to_nested()
        self._routes_of_internet()
        self._reach_hosts()
        self._reach_gateways()
        nodes = tuple(self._node(name, draft) for name, draft in self.drafts.items())
        return Topology(tuple(self.segments), nodes, tuple(self.reaches), tuple(self.remarks))

    def _draft(self, name: str) -> Draft:
        return self.drafts.setdefault(name, Draft())

    def _segment(self, name: str, networks: Iterable[Network]) -> Segment:
        segment = Segment(name, list(networks))
        self.segments[name] = segment
        return segment

    def _site_segments(self, site: Site) -> tuple[Segment, ...]:
        """The k-th IPv4 and the k-th IPv6 network of a site share one segment, as they do on a dual-stack LAN."""
        four = [network for network in site.networks if network.version == 4]
        six = [network for network in site.networks if network.version == 6]
        pairs = [[net for net in pair if net is not None] for pair in zip_longest(four, six)]
        return tuple(
            self._segment(site.name if number == 1 else f"{site.name}-{number}", networks)
            for number, networks in enumerate(pairs, start=1)
        )

    def _place(self, host: Host) -> None:
        """Give a host its legs in its site. A gateway may stand in a site by its name there alone."""
        sites = [site for site in self.inventory.sites if any(way.host == host.name for way in site.gateways)]
        if host.site is None and not sites:
            self.remarks.append(f"{host.name} has no faxnet_site and is no gateway: it gets no container")
            return
        draft = self._draft(host.name)
        if sites and (host.site is None or all(site.outer != host.site for site in sites)):
            return  # a gateway's legs follow from its place in the chain
        if not host.addresses and not host.anyone_in:
            raise LabError(
                f"host {host.name}: it has no address: set faxnet_address (or ansible_host) to one in a network of "
                f"site {host.site}"
            )
        segments = self.of_site[str(host.site)]
        for address in host.addresses:
            segment, network = self._home(host.name, str(host.site), address, segments)
            if address in segment.used:
                raise LabError(f"host {host.name}: address {address} is taken by another host of site {host.site}")
            draft.join(segment, address, network, outer=bool(sites))

    def _place_anyone(self, host: Host) -> None:
        """Give a host that stands for whole networks an address in each that nobody has, or is to have."""
        stated = {address for other in self.inventory.hosts for address in other.addresses}
        stated.update(each for site in self.inventory.sites for gateway in site.gateways for each in gateway.public)
        for anyone_in in host.anyone_in:
            segments = self.of_site[str(host.site)]
            segment, network = self._home(host.name, str(host.site), anyone_in.network_address, segments)
            self._draft(host.name).join(segment, segment.first_free(anyone_in, stated), network)

    @staticmethod
    def _home(host: str, site: str, address: Address, segments: Iterable[Segment]) -> tuple[Segment, Network]:
        for segment in segments:
            network = segment.holds(address)
            if network is not None:
                return segment, network
        networks = ", ".join(str(network) for segment in segments for network in segment.networks)
        raise LabError(
            f"host {host}: address {address} is in no network of its site {site} ({networks}): "
            "correct faxnet_address or faxnet_site"
        )

    def _providers(self) -> list[Segment]:
        """One segment for each provider: networks around public addresses; those that share one are one segment."""
        groups: list[set[Network]] = []
        worn: set[Address] = set()
        for site in self.inventory.sites:
            if not site.gateways or not site.gateways[-1].public or site.outer is not None:
                continue
            worn.update(site.gateways[-1].public)
            around = {_around(address) for address in site.gateways[-1].public}
            for group in [group for group in groups if group & around]:
                around |= group
                groups.remove(group)
            groups.append(around)
        providers = []
        for group in groups:
            networks = sorted(group, key=lambda network: (network.version, network))
            segment = self._segment("wan-" + str(networks[0].network_address).replace(":", "-"), networks)
            segment.used.update(address for address in worn if segment.holds(address))
            for network in networks:
                self._draft(INTERNET).join(segment, segment.first_free(network), network)
            providers.append(segment)
        return providers

    def _link(self, segment: Segment, version: int) -> Network:
        """The segment's network of an IP version that is not translated there; made when it has none."""
        if (segment.name, version) not in self.link_of:
            self.link_of[segment.name, version] = link = next(self.links[version])
            segment.networks.append(link)
        return self.link_of[segment.name, version]

    def _inside_out(self) -> list[Site]:
        """The sites, each before the one that it is nested in."""
        named = {site.name: site for site in self.inventory.sites}

        def depth(site: Site) -> int:
            levels = [site]
            while levels[-1].outer is not None:
                levels.append(named[levels[-1].outer])
                if levels[-1] in levels[:-1]:
                    raise LabError(
                        f"site {site.name} stands behind itself: {' in '.join(each.name for each in levels)}"
                    )
            return len(levels)

        return sorted(self.inventory.sites, key=depth, reverse=True)

    def _connect(self, site: Site, providers: list[Segment]) -> None:
        """Draw a site's way out: its gateways from the inside out, or straight to the internet router."""
        inner = self.of_site[site.name]
        if not site.gateways:
            self.behind.extend(self.nested[site.name])
            for segment in inner:
                for network in segment.networks:
                    self._draft(INTERNET).join(segment, segment.first_free(network), network)
            self._default_routes(self._members(inner), INTERNET, inner)
            return
        members, previous = self._members(inner), None
        behind = [network for network, _router in self.nested[site.name]]
        for number, gateway in enumerate(site.gateways):
            self._inner_legs(gateway, inner, stated=number == 0)
            self._default_routes(members, gateway.host, inner)
            if previous is not None:
                self._ways_back(gateway.host, behind, previous, inner[0])
            behind.extend(network for segment in inner for network in segment.networks)
            outermost = number == len(site.gateways) - 1
            if outermost and site.outer is not None:
                self._stand_in(site, gateway, self.of_site[site.outer])
                self.nested[site.outer].extend((network, gateway.host) for network in behind)
                return
            outer = self._outer_segment(site, gateway, providers, outermost=outermost)
            members, inner, previous = [gateway.host], (outer,), gateway
        self._default_routes(members, INTERNET, inner)
        self.behind.extend((network, site.gateways[-1].host) for network in behind)

    def _stand_in(self, site: Site, gateway: Gateway, around: tuple[Segment, ...]) -> None:
        """Give a nested site's outermost gateway its leg in the site around: what it wears there, or has."""
        draft = self._draft(gateway.host)
        for address in gateway.public:
            segment, network = self._home(gateway.host, str(site.outer), address, around)
            draft.join(segment, address, network, outer=True)
        for version in {network.version for network in site.networks} - {item.version for item in gateway.public}:
            segment = next((each for each in around if each.name in draft.legs), around[0])
            routed = next((each for each in segment.networks if each.version == version), None)
            if routed is not None and draft.address_in(routed, segment.name) is None:
                draft.join(segment, segment.first_free(routed), routed, outer=True)
            for own in self.hosts[gateway.host].addresses:
                if own.version == version:
                    draft.own.setdefault(version, own)

    def _ways_to_nested(self) -> None:
        """The way to what is behind nested routers, for all who stand in the network around."""
        for name, behind in self.nested.items():
            for segment in self.of_site[name]:
                for network, router in behind:
                    via = self._leg_address(router, segment, network.version)
                    if via is not None:  # else the router stands in another network of the site
                        for member in {*self._members((segment,))} - {router}:
                            self.drafts[member].routes.setdefault(network, via)

    def _members(self, segments: Iterable[Segment]) -> list[str]:
        names = {segment.name for segment in segments}
        return [name for name, draft in self.drafts.items() if names & set(draft.legs)]

    def _inner_legs(self, gateway: Gateway, segments: Iterable[Segment], *, stated: bool) -> None:
        """The gateway's own addresses where the inventory states them, else the first free one of each network."""
        draft = self._draft(gateway.host)
        for segment in segments:
            for network in segment.networks:
                own = self.hosts[gateway.host].addresses if stated else ()
                known = [address for address in own if address in network]
                taken = [address for address in known if address in segment.used and not draft.legs.get(segment.name)]
                if taken:
                    raise LabError(f"gateway {gateway.host}: address {taken[0]} is taken by another host of the site")
                for address in known or [segment.first_free(network)]:
                    draft.join(segment, address, network)

    def _outer_segment(self, site: Site, gateway: Gateway, providers: list[Segment], *, outermost: bool) -> Segment:
        """The segment on a gateway's outer side, with the gateway in it; links for the IP versions that it routes."""
        draft = self._draft(gateway.host)
        if outermost and gateway.public:
            segment = next(provider for provider in providers if provider.holds(gateway.public[0]))
        else:
            kind = "transit" if gateway.public else "link"
            around = dict.fromkeys(_around(address) for address in gateway.public)
            segment = self._segment(f"{kind}-{site.name}-{gateway.host}", around)
        for address in gateway.public:
            network = segment.holds(address)
            if network is None:  # _around made the segment's networks of these very addresses
                raise AssertionError(f"{address} outside {segment}")
            draft.join(segment, address, network, outer=True)
        translated = {address.version for address in gateway.public}
        for version in sorted({network.version for network in site.networks} - translated):
            link = self._link(segment, version)
            if outermost and self._draft(INTERNET).address_in(link, segment.name) is None:
                self._draft(INTERNET).join(segment, segment.first_free(link), link)
            if draft.address_in(link, segment.name) is None:
                draft.join(segment, segment.first_free(link), link, outer=True)
            self.remarks.append(f"{gateway.host} has no public IPv{version} address: {link} links its outer side")
            for address in self.hosts[gateway.host].addresses:
                if address.version == version:
                    draft.own.setdefault(version, address)
        return segment

    def _default_routes(self, names: Iterable[str], router: str, segments: Iterable[Segment]) -> None:
        for name in names:
            if name == router:
                continue
            for segment in segments:
                for network in segment.networks:
                    via = self.drafts[router].address_in(network, segment.name)
                    if via is not None and self.drafts[name].address_in(network, segment.name) is not None:
                        self.drafts[name].routes.setdefault(_default(network.version), via)

    def _ways_back(self, outer: str, behind: list[Network], inner: Gateway, segment: Segment) -> None:
        for network in behind:
            via = next((address for address in inner.public if address.version == network.version), None)
            via = via or self._leg_address(inner.host, segment, network.version)
            if via is not None:
                self.drafts[outer].routes.setdefault(network, via)

    def _leg_address(self, name: str, segment: Segment, version: int) -> Address | None:
        legs = self.drafts[name].legs.get(segment.name, [])
        return next((leg.ip for leg in legs if leg.version == version), None)

    def _routes_of_internet(self) -> None:
        """The way to the networks behind each outermost gateway, unless two sites use the same network."""
        routes = self._draft(INTERNET).routes
        for network, gateway in self.behind:
            if any(other.overlaps(network) for other, way in self.behind if way != gateway):
                remark = f"{network} is used behind more than one gateway: the internet has no route to it"
                if remark not in self.remarks:
                    self.remarks.append(remark)
                continue
            via = self._outer_address(gateway, network.version)
            if via is not None:
                routes[network] = via

    def _outer_address(self, gateway: str, version: int) -> Address | None:
        internet = self.drafts[INTERNET]
        for segment, legs in self.drafts[gateway].legs.items():
            if segment in internet.legs:
                return next((leg.ip for leg in legs if leg.version == version), None)
        return None

    def _reach_hosts(self) -> None:
        for name, draft in self.drafts.items():
            self.reaches.extend(Reach(name, via) for network, via in draft.routes.items() if network.prefixlen == 0)

    def _reach_gateways(self) -> None:
        """Each outermost gateway reaches each other one across the internet router, by each IP version."""
        worn = [
            (gateway.host, (*gateway.public, *self._routed_address(gateway.host)))
            for gateway in (site.gateways[-1] for site in self.inventory.sites if site.gateways and site.outer is None)
        ]
        reached = {
            (name, address)
            for name, _own in worn
            for other, public in worn
            if other != name
            for address in public
            if _default(address.version) in self.drafts[name].routes
        }
        self.reaches.extend(Reach(name, address) for name, address in sorted(reached, key=str))

    def _routed_address(self, gateway: str) -> Iterator[Address]:
        """A gateway's own addresses that the internet router has a way to."""
        known = self.drafts[INTERNET].routes
        for address in self.drafts[gateway].own.values():
            if any(address in network for network in known):
                yield address

    def _node(self, name: str, draft: Draft) -> Node:
        counts: Counter[str] = Counter()
        legs = []
        for segment, addresses in draft.legs.items():
            kind = "net" if name == INTERNET else "wan" if segment in draft.outer else "lan"
            legs.append(Leg(segment, f"{kind}{counts[kind]}", tuple(addresses)))
            counts[kind] += 1
        routes = tuple(
            Route(network, via, draft.own.get(network.version) if network.prefixlen == 0 else None)
            for network, via in draft.routes.items()
        )
        mappings = tuple(self._mappings(legs)) if name == INTERNET else ()
        return Node(name, tuple(legs), routes, name == INTERNET, tuple(self._neighbours(draft)), mappings)

    def _mappings(self, legs: Iterable[Leg]) -> Iterator[Mapping]:
        """What the VPN's boxes map, beyond the outermost router of each mapped site."""
        before: dict[tuple[Network, str], str] = {}
        for site in (site for site in self.inventory.sites if site.mapped and site.gateways):
            outermost = self.drafts[site.gateways[-1].host]
            leg, via = outermost.facing(legs)
            for own, shown in site.mapped:
                first = before.setdefault((own, leg.segment), site.name)
                if first != site.name:
                    raise LabError(
                        f"site {site.name}: a lab cannot tell its packets from those of site {first}, with the same "
                        "network and the same provider: give one of them a public address of another provider"
                    )
                yield Mapping(own, shown, via, leg.interface)

    def _neighbours(self, draft: Draft) -> Iterator[tuple[str, Address]]:
        """Names that mean the same address wherever they are used: the container's own, and those of its segments."""
        for other, theirs in self.drafts.items():
            for segment in draft.legs:
                for leg in theirs.legs.get(segment, []):
                    yield other, leg.ip


def _around(address: Address) -> Network:
    return ipaddress.ip_network(f"{address}/{_PROVIDER_LENGTH[address.version]}", strict=False)


def _default(version: int) -> Network:
    return ipaddress.ip_network("0.0.0.0/0" if version == 4 else "::/0")
