# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites whose networks a VPN maps one to one (``mapped_as``), so that two sites with equal networks can share a realm.

The box that maps stands beyond the site's outermost router and is none of the inventory's: all routers of the site see
their own hosts by their own addresses, and others by those that they are mapped to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ..basics.addresses import Prefix
from ..basics.mapped_networks import Mapped
from .reader import Reader
from .site import Site

_CODE = "FXN157"


def read_mapped(
    reader: Reader, entry: Mapping[str, Any], variable: str, networks: tuple[Prefix, ...], realm: str | None
) -> tuple[Mapped, ...]:
    """Return what a site's entry says its networks are mapped to, in the order of its networks."""
    raw, where = entry.get("mapped_as"), f"{variable}.mapped_as"
    said = reader.mapping(raw, where) if raw is not None else None
    if said is None:
        return ()
    if not said:
        reader.note("FXN103", where, raw, "is empty", "name a network and what it is mapped to, or omit it")
    elif realm is None:
        message = "says how other sites of a realm know this one, and the site names no realm"
        reader.note(_CODE, where, raw, message, "name the realm that the VPN joins, here and at its other sites")
    found = {}
    for key, value in said.items():
        own, shown = reader.prefix(key, where), reader.prefix(value, f"{where}.{key}")
        if own is not None and shown is not None and _is_sound(reader, f"{where}.{key}", own, shown, networks):
            found[own] = shown
    return tuple([Mapped(own, found[own]) for own in networks if own in found]) if realm is not None else ()


def _is_sound(reader: Reader, where: str, own: Prefix, shown: Prefix, networks: tuple[Prefix, ...]) -> bool:
    """Whether a network of a site can be mapped so; notes why not."""
    if own not in networks:
        listed = ", ".join(network.text for network in networks)
        reader.note(_CODE, where, shown.text, f"{own.text} is no network of this site", f"map one of these: {listed}")
        return False
    if own.version != 4 or shown.version != 4:
        cure = "omit it: IPv6 has networks enough for each site to have its own"
        reader.note(_CODE, where, shown.text, "only IPv4 networks are mapped", cure)
        return False
    if own.length != shown.length:
        message = f"has another size than {own.text}: each host must have its place in it"
        reader.note(_CODE, where, shown.text, message, f"name a network with /{own.length}")
        return False
    inside = next((network for network in networks if network.overlaps(shown)), None)
    if inside is not None:
        message = f"overlaps the site's own network {inside.text}"
        reader.note(_CODE, where, shown.text, message, "name the network that the other sites know it as")
    return inside is None


def check_mapped(reader: Reader, sites: Mapping[str, Site]) -> None:
    """Note mapped sites that cannot be: routers of theirs serve others, or sites are nested; and who is taken for whom.

    Networks of one realm, as its sites know each other, do not overlap (sites.py); what remains is a site whose own
    addresses somebody else is known by.
    """
    mapped = [site for site in sites.values() if site.mapped]
    if not mapped:
        return
    serves: dict[str, list[str]] = defaultdict(list)
    nested: dict[str, str] = {}
    realms: dict[str, list[tuple[Prefix, str]]] = defaultdict(list)
    for site in sites.values():
        for gateway in site.own_gateways:
            serves[gateway.host].append(site.name)
        if site.outer is not None:
            nested[site.outer.name] = site.name
        realms[site.met_in(4)] += [(network, site.name) for network in site.shown if network.version == 4]
    firsts: dict[str, list[int]] = {}
    for realm, placed in realms.items():
        placed.sort()
        firsts[realm] = [network.first for network, _name in placed]
    for site in mapped:
        _check_place(reader, site, serves, nested)
        for index, network in enumerate(site.networks):
            placed = realms[site.met_in(4)]
            place = bisect_right(firsts[site.met_in(4)], network.last) - 1 if network.version == 4 else -1
            other, name = placed[place] if place >= 0 else (network, site.name)
            if name != site.name and other.overlaps(network):
                message = f"overlaps {other.text}, by which it would know site {name}: packets there would never leave"
                cure = f"have the VPN map that network of {name} to another one, and say so with its mapped_as"
                reader.note("FXN109", f"faxnet_sites.{site.name}.networks[{index}]", network.text, message, cure)


def _check_place(reader: Reader, site: Site, serves: Mapping[str, list[str]], nested: Mapping[str, str]) -> None:
    where = f"faxnet_sites.{site.name}.mapped_as"
    said = ", ".join(f"{item.own.text}: {item.shown.text}" for item in site.mapped)
    for gateway in site.own_gateways:
        others = [name for name in serves[gateway.host] if name != site.name]
        if others:
            message = f"router {gateway.host} serves site {others[0]} too, and nothing is mapped between the two"
            reader.note(_CODE, where, said, message, "make one site of them, or give each a router of its own")
    around, inner = site.outer, nested.get(site.name)
    if around is not None or inner is not None:
        ties = f"stands in {around.name}" if around is not None else f"has site {inner} in its networks"
        message = f"nested sites cannot be mapped, and this one {ties}"
        cure = "map the networks of a site that stands alone, or number the networks so that none repeats in the realm"
        reader.note(_CODE, where, said, message, cure)
