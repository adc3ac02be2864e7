# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested sites: which sites' routers stand in a network of another site, and so behind that one's routers.

Two things tell it: a site's public address lies in the other's networks (a router behind a provider's box, containers
that are masqueraded), or a site without a public address has a router that is a host of the other (a subnet that is
routed, containers that are not masqueraded). Whatever comes from the inner site to somebody beyond the outer one passes
both sites' routers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..basics.addresses import Address, Prefix, is_unrouted
from .reader import Reader, listed
from .site import PublicAddress, Site


class _Networks:
    """Which sites have a network that holds an address, without a look at every site."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites: dict[tuple[int, int, int], list[str]] = defaultdict(list)
        self._lengths: dict[tuple[int, int], None] = {}
        for site in sites:
            for network in site.networks:
                self._sites[network.version, network.length, network.first].append(site.name)
                self._lengths[network.version, network.length] = None

    def around(self, address: Address) -> set[str]:
        """The sites with a network around an address."""
        bits = 32 if address.version == 4 else 128
        return {
            name
            for version, length in self._lengths
            if version == address.version
            for name in self._sites.get((version, length, address.value >> (bits - length) << (bits - length)), ())
        }


def nest(reader: Reader, sites: Mapping[str, Site], hosts: Mapping[str, Mapping[str, object]]) -> dict[str, Site]:
    """Return the sites, each with the one that it is nested in; what contradicts itself is noted, and stands alone.

    Args:
        hosts: what the inventory says of every host, as it is written.
    """
    networks = _Networks(sites.values())
    outer: dict[str, str] = {}
    for site in sites.values():
        around = _outer(reader, site, sites, networks, hosts) if site.gateways else ""
        if around:
            outer[site.name] = around
    if not outer:
        return dict(sites)
    for name in _in_circles(outer):
        message = f"{name} and {outer[name]} would each stand behind the other"
        cure = "name the address that the outer one's router has outside of both, and each site's real networks"
        reader.note("FXN156", f"faxnet_sites.{name}.public_address", _worn(sites[name]), message, cure)
    nested: dict[str, Site] = {}
    for name in sites:
        _nested(name, sites, outer, nested, reader)
    found = {name: nested[name] for name in sites}
    _check_realms(reader, found)
    _check_reach(reader, found)
    return found


def _outer(
    reader: Reader,
    site: Site,
    sites: Mapping[str, Site],
    networks: _Networks,
    hosts: Mapping[str, Mapping[str, object]],
) -> str:
    """The site in which a site's outermost router stands; empty for none."""
    router = site.gateways[-1]
    said = hosts.get(router.host, {}).get("faxnet_site")
    home = said if isinstance(said, str) and said in sites and said != site.name else ""
    if home and any(gateway.host == router.host for gateway in sites[home].gateways):
        home = ""  # one router before both
    if not router.public:
        return home
    if home and all(_is_around(sites[home], public) for public in router.public):
        return home  # of however many sites that use the network, as boxes and container engines come with it
    around = [
        {name for name in _around(public, networks) - {site.name} if name == home or not _borrows(sites[name], public)}
        for public in router.public
    ]
    some = [names for names in around if names]
    if not some:
        return ""  # it wears an address of the Internet, or one between routers that have no site
    variable = f"faxnet_sites.{site.name}.public_address"
    both = set.intersection(*some)
    if len(some) < len(around) or not both:
        message = f"lies in part in a network of {listed(sorted(set.union(*some)))}, and in part elsewhere"
        cure = f"name the addresses that {router.host} has in one site, or add the other address's network to that site"
    elif len(both) == 1:
        return both.pop()
    else:
        message = f"lies in networks of several sites: {listed(sorted(both))}"
        cure = f"say with faxnet_site of {router.host} in which of them it stands"
    reader.note("FXN156", variable, _worn(site), message, cure)
    return ""


def _around(public: PublicAddress, networks: _Networks) -> set[str]:
    """The sites that hold what is worn: an address, or every network in which a changing one lies."""
    ends = _ends(public)
    return set.intersection(*map(networks.around, ends)) if ends else set()


def _is_around(site: Site, public: PublicAddress) -> bool:
    """The same of one site."""
    ends = _ends(public)
    return bool(ends) and all(any(network.holds(end) for network in site.networks) for end in ends)


def _ends(public: PublicAddress) -> list[Address]:
    """What is worn: an address, or the first and the last one of each network in which a changing one lies."""
    if public.address is not None:
        return [public.address]
    return [Address(network.version, value) for network in public.networks for value in (network.first, network.last)]


def _borrows(site: Site, public: PublicAddress) -> bool:
    """Whether a site hides IPv4 networks of the Internet behind another address: who wears one there stands elsewhere.

    Unless the inventory says of the router that it is of that site.
    """
    worn = public.address if public.version == 4 else None
    hidden = any(gateway.public_of(4) is not None for gateway in site.gateways)
    return hidden and worn is not None and not is_unrouted(worn)


def _worn(site: Site) -> str:
    public = site.own_gateways[-1].public if site.own_gateways else ()
    return ", ".join(item.address.text if item.address is not None else "dynamic" for item in public)


def _in_circles(outer: dict[str, str]) -> list[str]:
    """The sites whose ties lead back to themselves; each is looked at once."""
    state: dict[str, int] = {}
    found: list[str] = []
    for number, start in enumerate(outer):
        name, way = start, []
        while name in outer and name not in state:
            state[name] = number
            way.append(name)
            name = outer[name]
        if state.get(name) == number and name in way:
            found += way[way.index(name) :]
    return found


def _nested(
    name: str, sites: Mapping[str, Site], outer: Mapping[str, str], done: dict[str, Site], reader: Reader
) -> None:
    """Add a site and those around it to *done*."""
    way = []
    while name not in done:
        way.append(name)
        if name not in outer or outer[name] in way:
            break
        name = outer[name]
    for inner in reversed(way):
        site, around = sites[inner], done.get(outer.get(inner, ""))
        if around is not None:
            twice = {gateway.host for gateway in site.gateways} & {gateway.host for gateway in around.gateways}
            if twice:
                message = f"{listed(sorted(twice))} would stand behind {around.name}, which it is a router of"
                cure = "give both sites the same realm and the address that the router has outside of both"
                reader.note("FXN156", f"faxnet_sites.{inner}.public_address", _worn(site), message, cure)
            else:
                site = replace(site, gateways=(*site.gateways, *around.gateways), outer=around)
        done[inner] = site


def nested_anew(sites: Mapping[str, Site]) -> dict[str, Site]:
    """Return the sites, each nested in the one around it as that is now."""
    if all(site.outer is None for site in sites.values()):
        return dict(sites)
    done: dict[str, Site] = {}
    for site in sites.values():
        for level in reversed(site.levels):
            if level.name not in done:
                own, around = sites[level.name], done[level.outer.name] if level.outer is not None else None
                further = around.gateways if around is not None else ()
                done[own.name] = replace(own, gateways=(*own.own_gateways, *further), outer=around)
    return {name: done[name] for name in sites}


def _check_realms(reader: Reader, sites: Mapping[str, Site]) -> None:
    """Note realms whose sites could only meet through sites of another one, which would translate or not know them."""
    tops: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for site in sites.values():
        if site.realm is None:
            continue
        outer = site.outer
        if outer is None:
            tops[site.realm]["", ""] = site.name
        elif any(outer.realm_of(network.version) != site.realm for network in site.networks):
            bare = [
                version
                for version in {network.version for network in site.networks}
                if not any(gateway.public_of(version) for gateway in site.own_gateways)
                and outer.realm_of(version) != site.realm
            ]
            if bare:
                message = f"{site.name} is routed through {outer.name} without translation, which is in another realm"
                cure = f"omit it, or give {outer.name} the same realm"
                reader.note("FXN156", f"faxnet_sites.{site.name}.realm", site.realm, message, cure)
            tops[site.realm][outer.name, site.own_gateways[-1].host] = site.name
    for realm, places in tops.items():
        for name in list(places.values())[1:]:
            other = next(iter(places.values()))
            message = f"{other} and {name} could only meet through a site that is not in this realm"
            cure = "give the sites around them the same realm, or each of them a realm of its own"
            reader.note("FXN156", f"faxnet_sites.{name}.realm", realm, message, cure)


def _check_reach(reader: Reader, sites: Mapping[str, Site]) -> None:
    """Note nested sites with addresses that somebody has whom they reach: packets to him would never leave."""
    realms: dict[tuple[str, int], list[tuple[Prefix, str]]] = defaultdict(list)
    for site in sites.values() if any(site.outer for site in sites.values()) else ():
        for network in site.shown:
            realms[site.met_in(network.version), network.version].append((network, site.name))
    for placed in realms.values():
        placed.sort()
    firsts = {key: [network.first for network, _name in placed] for key, placed in realms.items()}
    for site in sites.values():
        for index, network in enumerate(site.networks):
            for realm in _realms_around(site, network.version):
                placed = realms[realm, network.version]
                # Networks of one realm do not overlap (FXN109): the one before the last that begins in time matters.
                place = bisect_right(firsts[realm, network.version], network.last) - 1
                if place >= 0 and placed[place][0].overlaps(network):
                    other, name = placed[place]
                    message = f"overlaps {other.text} of site {name}, which it reaches through its own routers"
                    cure = "give one of them other addresses: packets from here to there would never leave"
                    reader.note("FXN109", f"faxnet_sites.{site.name}.networks[{index}]", network.text, message, cure)


def _realms_around(site: Site, version: int) -> Iterator[str]:
    """The realms that a site reaches on its way out, but its own."""
    own = site.met_in(version)
    return (realm for realm in dict.fromkeys(item.met_in(version) for item in site.levels[1:]) if realm != own)
