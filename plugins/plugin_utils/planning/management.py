# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management on its way: what routers let through so that whoever administers a host still gets in.

A host that Ansible logs in to names who may administer it (``faxnet_management``, else anybody). Each of these sources
is let through by every router on its way to the host, where packets are routed: from anywhere to a site that wears its
own addresses outside, from its realm to a site behind NAT, and between a site's own networks. Nobody is let out to the
Internet at large for it: from anywhere, ``faxnet_outbound`` decides.

Permits are for networks and not for hosts: a site's sources and hosts that say the same share them. A router therefore
has as many as it has networks behind it, however many hosts stand there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, collapse, prefix_of
from ..basics.findings import Finding
from ..basics.mapped_networks import own_address, own_of, shown_as
from ..inventory.intent import Host, Intent, Opening
from ..inventory.permits import ANYWHERE
from ..inventory.reader import listed
from ..inventory.site import Gateway, Site
from ..platforms.registry import PLATFORMS
from ..policies.policy import MANAGEMENT, Permit
from .few_networks import MOST_PARTS, by_network, common, summary

ManagementPermits = Mapping[str, Mapping[Permit, list[str]]]
"""What each router lets through, by its name, with the ids that say why."""


class Together(NamedTuple):
    """Hosts of one place that let the same in.

    Attributes:
        router: the gateway that they are, all one; empty for hosts inside the site.
        both: whether they have addresses of both IP versions, so that one suffices.
    """

    site: str
    router: str
    both: bool
    openings: tuple[Opening, ...]


class _Part(NamedTuple):
    """A part of a source that lies in a network of a site."""

    site: str
    prefix: Prefix


@dataclass(frozen=True, slots=True)
class _InRealm:
    """What a source has in common with a realm's networks: thousands of sites ask for their own part of it.

    These are the networks as the sites of the realm know each other.
    """

    source: Prefix
    parts: tuple[_Part, ...]
    of_site: Mapping[str, list[Prefix]]

    def near(self, site: Site) -> list[Prefix]:
        """What lies in a site itself."""
        if site.mapped:
            # Inside, nobody has the addresses by which the others know the site.
            return [common(network, self.source) for network in site.networks if network.overlaps(self.source)]
        return self.of_site.get(site.name, [])

    def has_others(self, site: Site) -> bool:
        """Whether some of it lies in other sites."""
        return len(self.of_site) > (site.name in self.of_site)


def management_permits(intent: Intent) -> ManagementPermits:
    """Return what routers let through so that each managed host can be administered from where it names."""
    made = OnTheWay(intent)
    for group, addresses in _managed(intent).items():
        for version in (4, 6):
            own = [address for address in addresses if address.version == version]
            for opening in group.openings if own else ():
                made.add(group, opening, version, own)
    made.let_out()
    return made.permits


def _managed(intent: Intent) -> dict[Together, list[Address]]:
    """The addresses of the hosts that Ansible logs in to.

    One that it logs in to at another address has that too, where it lies in the host's site, or the host is a router
    and it is of the wire between two. A router has those that it wears as well, which others further out stand before.
    Another host's public address is translated by somebody else's rule, and any other lies in a network for
    administrators alone, which none of these routers stands before.
    """
    gateways = {gateway.host for site in intent.sites.values() for gateway in site.gateways}
    public: set[Address] | None = None
    found: dict[Together, list[Address]] = defaultdict(list)
    for host in intent.hosts.values():
        if is_managed(host):
            both = len(host.addresses) > 1
            router = host.name if host.name in gateways else ""
            of_host = found[Together(host.site, router, both, host.management)]
            of_host += host.addresses
            for gateway in intent.sites[host.site].gateways[:-1] if router else ():
                of_host += gateway.fixed if gateway.host == host.name else ()
            dialled = host.login.address if host.login is not None else None
            if dialled is None or dialled in host.addresses:
                continue
            if public is None:  # not before a host needs it: sites are many, and mostly a host is dialled at its own
                rows = (gateway for site in intent.sites.values() for gateway in site.gateways)
                public = {address for gateway in rows for address in gateway.fixed}
            if dialled in public:
                continue
            site = intent.sites[host.site]
            dialled = own_address(dialled, site.mapped)
            if dialled not in host.addresses and (router or any(network.holds(dialled) for network in site.networks)):
                of_host.append(dialled)
    return found


def note_anywhere(intent: Intent, findings: list[Finding]) -> None:
    """Advise, once for all of them, of hosts that name no sources and that routers let everybody through to.

    Who writes 0.0.0.0/0 for a source has named everybody, and is told nothing.
    """
    hosts: list[str] = []
    routers: dict[str, None] = {}
    for host in intent.hosts.values():
        if not is_managed(host) or not any(opening.sources is ANYWHERE for opening in host.management):
            continue
        through = open_to_all(intent, host)
        if through:
            hosts.append(host.name)
            routers.update(dict.fromkeys(through))
    if hosts:
        message = f"names no sources: anybody is let through to it from anywhere, by {listed(routers)}"
        cure = (
            "name the networks of those who administer, once in the group all, as "
            "faxnet_management: [{ports: 22, sources: [192.0.2.0/28]}]; 0.0.0.0/0 among them stands for everybody"
        )
        findings.append(Finding("FXN123", tuple(hosts), "faxnet_management", "no sources", message, cure))


def open_to_all(intent: Intent, host: Host) -> list[str]:
    """Return the routers that let everybody through to a host that names no sources; none where all translate."""
    gateways = intent.sites[host.site].gateways
    beyond = gateways[_place_of(host.name, gateways) + 1 :]
    if not beyond:
        return []
    translated = all(any(item.public_of(address.version) for item in beyond) for address in host.addresses)
    return [] if translated else [item.host for item in beyond if _holds_rules(intent.hosts.get(item.host))]


def _place_of(router: str, gateways: Sequence[Gateway]) -> int:
    """A router's place in a site's row; -1 for a host inside."""
    for place, gateway in enumerate(gateways):
        if gateway.host == router:
            return place
    return -1


def _holds_rules(router: Host | None) -> bool:
    platform = PLATFORMS.get(router.platform) if router is not None else None
    return platform is not None and platform.traits.holds_rules


def is_managed(host: Host) -> bool:
    """Whether Ansible logs in to a host over the network."""
    platform = PLATFORMS.get(host.platform)
    return platform is not None and platform.traits.logged_in and host.login is not None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is let in somewhere of a realm from one source: the places, each with its site."""

    version: int
    realm: str
    source: Prefix
    transport: str
    opening: Opening
    targets: list[tuple[str, Prefix]] = field(default_factory=list)


class OnTheWay:
    """What routers let through to hosts that name somebody: permits so far."""

    def __init__(self, intent: Intent) -> None:
        self.permits: dict[str, dict[Permit, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._intent = intent
        self._nested = any(site.outer is not None for site in intent.sites.values())
        self._networks: dict[tuple[str, int], list[_Part]] = defaultdict(list)
        for site in intent.sites.values():
            for network in site.shown:
                self._networks[site.met_in(network.version), network.version].append(_Part(site.name, network))
        self._known: dict[tuple[str, Prefix], _InRealm] = {}
        self._fewer: dict[tuple[str, Prefix], tuple[Prefix, ...]] = {}
        self._wanted: dict[tuple[str, Prefix, Opening], _Wanted] = {}

    def add(self, group: Together, opening: Opening, version: int, addresses: list[Address]) -> None:
        """Let one opening's sources through to hosts of one place."""
        site = self._intent.sites[group.site]
        place = _place_of(group.router, site.gateways) if group.router else -1
        beyond = site.gateways[place + 1 :]
        target = group.router or group.site
        translated = any(gateway.public_of(version) for gateway in beyond)
        if (translated or not beyond) and place <= 0 and self._is_alone(site, version):
            return  # as behind most routers that translate: nobody is there to be let through
        for source in (item for item in opening.sources if item.version == version):
            realm = self._in_realm(site, source)
            near = realm.near(site)
            entries = self._entries(site, place, source, realm, translated)
            within = near + [prefix for inner, held in self._nested_in(site, realm) for prefix in held]
            apart = within and (len(site.networks) > 1 or (place > 0 and source.length))
            if not (entries or apart or (source.length and realm.has_others(site))):
                continue
            for network, held in by_network(site, addresses):
                for destination in held:
                    way = Way(opening, source, destination, target, group.both)
                    if network is not None and place < 0:
                        # Between the site's own networks the innermost router stands.
                        for prefix in (item for item in near if not network.overlaps(item)):
                            self._permit(beyond[:1], way, prefix, "in")
                    if place > 0 and source.length:
                        self._outward(site, place, way, within)
                    for gateways, prefixes in entries:
                        for prefix in prefixes:
                            self._permit(gateways, way, prefix, "in")
                    if source.length and realm.has_others(site):
                        self._note(site, way, opening)

    def _is_alone(self, site: Site, version: int) -> bool:
        """Whether a site is one network, and its realm has no other."""
        parts = self._networks.get((site.met_in(version), version), ())
        others = len(parts) > 1 or (parts and parts[0].site != site.name)
        return not (self._nested or others) and len(site.networks) == 1

    def _entries(
        self, site: Site, place: int, source: Prefix, realm: _InRealm, translated: bool
    ) -> list[tuple[tuple[Gateway, ...], Iterable[Prefix]]]:
        """The networks from which a source comes in to what stands behind a site's gateway, each with its routers."""
        beyond = site.gateways[place + 1 :]
        found: list[tuple[tuple[Gateway, ...], Iterable[Prefix]]] = []
        related = self._related(site, realm)
        for other, held in related:
            common = site.common(other)
            if common is not None:
                found.append(((*site.below(common)[place + 1 :], *_turn(common, source.version)), held))
        prefixes = self._from(site, source, realm, translated, frozenset(other.name for other, _held in related))
        return [*found, (beyond, prefixes)] if prefixes else found

    def _related(self, site: Site, realm: _InRealm) -> list[tuple[Site, list[Prefix]]]:
        """The parts of a source in other sites that are nested in one site with this one, or are it."""
        others = ((self._intent.sites[name], held) for name, held in realm.of_site.items() if name != site.name)
        return [item for item in others if site.common(item[0]) is not None] if self._nested else []

    def _nested_in(self, site: Site, realm: _InRealm) -> list[tuple[Site, list[Prefix]]]:
        """The same of the sites that are nested in it alone."""
        return [item for item in self._related(site, realm) if site in item[0].levels]

    def _from(
        self, site: Site, source: Prefix, realm: _InRealm, translated: bool, related: frozenset[str]
    ) -> Iterable[Prefix]:
        """The networks from which a source comes in from outside of a site, and of those around it."""
        if not translated:
            networks = [*site.networks, *(item for name in related for item in self._intent.sites[name].networks)]
            within = any(network.first <= source.first and source.last <= network.last for network in networks)
            return () if within and source.length else (source,)
        if len(realm.of_site) - len(related) <= (site.name in realm.of_site):
            return ()
        if len(realm.parts) <= MOST_PARTS:
            return collapse(part.prefix for part in realm.parts if part.site not in (site.name, *related))
        key = (site.met_in(source.version), source)
        if key not in self._fewer:
            self._fewer[key] = summary(part.prefix for part in realm.parts)
        return self._fewer[key]

    def _in_realm(self, site: Site, source: Prefix) -> _InRealm:
        """What a source has in common with the networks of a site's realm."""
        realm = site.met_in(source.version)
        known = self._known.get((realm, source))
        if known is None:
            of_site: dict[str, list[Prefix]] = defaultdict(list)
            for part in self._networks[realm, source.version]:
                if part.prefix.overlaps(source):
                    of_site[part.site].append(common(part.prefix, source))
            parts = tuple(_Part(name, prefix) for name, held in of_site.items() for prefix in held)
            known = self._known[realm, source] = _InRealm(source, parts, dict(of_site))
        return known

    def _outward(self, site: Site, place: int, way: Way, sources: list[Prefix]) -> None:
        """Let a site's own networks through to one of its outer routers."""
        for prefix in sources:
            worn: tuple[End, ...] = (prefix,)
            for gateway in site.gateways[:place]:
                for end in worn:
                    self._permit((gateway,), way, end, "out")
                public = gateway.public_of(prefix.version)
                if public is not None:
                    worn = public.networks if public.address is None else (public.address,)

    def _note(self, site: Site, way: Way, opening: Opening) -> None:
        """Remember what the source's own routers let out to: of all sites together, at the end."""
        realm = site.met_in(way.source.version)
        key = (realm, way.source, opening)
        if key not in self._wanted:
            self._wanted[key] = _Wanted(way.source.version, realm, way.source, opening.transport, opening)
        self._wanted[key].targets.append((site.name, prefix_of(shown_as(way.destination, site.mapped))))

    def let_out(self) -> None:
        """Let out, at the routers of those sites where named sources are, what goes to other sites of the realm."""
        for wanted in self._wanted.values():
            every = [prefix for _site, prefix in wanted.targets]
            many = summary(every) if len(every) > MOST_PARTS else ()
            for part in self._known[wanted.realm, wanted.source].parts:
                site = self._intent.sites[part.site]
                others: dict[tuple[Gateway, ...], list[Prefix]] = defaultdict(list)
                for name, prefix in wanted.targets:
                    if name != part.site:
                        others[self._gateways_to(site, name, wanted.version)].append(prefix)
                for gateways, destinations in others.items():
                    for destination in many if many and gateways is site.gateways else collapse(destinations):
                        way = Way(wanted.opening, wanted.source, destination, wanted.realm, False)
                        self._permit(gateways, way, own_of(part.prefix, site.mapped), "out")

    def _gateways_to(self, site: Site, other: str, version: int) -> tuple[Gateway, ...]:
        """The gateways that packets pass out of a site towards another one."""
        common = site.common(self._intent.sites[other]) if self._nested else None
        return site.gateways if common is None else (*site.below(common), *_turn(common, version))

    def _permit(self, gateways: Iterable[Gateway], way: Way, source: End, direction: str) -> None:
        for gateway in gateways:
            host = self._intent.hosts.get(gateway.host)
            if host is None or (way.spare and lacks(host, way.source.version)):
                continue
            self._let(gateway.host, way, source, direction)

    def _let(self, router: str, way: Way, source: End, direction: str, /) -> None:
        """Let a router pass what comes that way."""
        for permit in way.permits(source, direction):
            ids = self.permits[router][permit]
            if way.id not in ids:
                ids.append(way.id)


@dataclass(frozen=True, slots=True)
class Way:
    """An opening's way from one of its sources.

    Attributes:
        target: who is meant, for the id: a site, a router, a realm.
        spare: whether the hosts have the other IP version as well.
    """

    opening: Opening
    source: Prefix
    destination: Prefix
    target: str
    spare: bool

    @property
    def id(self) -> str:
        """As flows have one: ``management/10.1.0.0/24>florida``."""
        suffix = "/6" if self.source.version == 6 else ""
        start = self.source.text.replace(":", ".") if self.source.length else "anywhere"
        return f"{MANAGEMENT}/{start}>{self.target.replace(' ', '.')}{suffix}"

    def permits(self, source: End, direction: str) -> Iterator[Permit]:
        """A permit for each range of ports."""
        version = self.source.version
        ends = (plain(source), plain(self.destination))
        for ports in self.opening.ports:
            yield Permit(version, *ends, self.opening.transport, ports, True, direction, (), 0, "")


def _turn(site: Site, version: int) -> tuple[Gateway, ...]:
    """The router between the networks of a site that others are nested in, where it has several."""
    several = sum(network.version == version for network in site.networks) > 1
    return site.own_gateways[:1] if several else ()


def plain(end: End) -> End:
    """An end as an address where it is only one."""
    return Address(end.version, end.first) if isinstance(end, Prefix) and end.first == end.last else end


def lacks(router: Host, version: int) -> bool:
    """Whether a router's platform cannot hold rules of an IP version."""
    platform = PLATFORMS.get(router.platform)
    return version == 6 and platform is not None and not platform.traits.abilities.ipv6
