# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the sites: their networks, their gateways, and the addresses that they wear outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..basics.addresses import Prefix
from ..basics.findings import Finding, short
from .mapped_networks import check_mapped, read_mapped
from .nesting import nest
from .public_addresses import PUBLIC_KEYS, check_chain, check_public, read_public
from .reader import Reader
from .side_by_side import check_side_by_side
from .site import Gateway, Site

SITE_KEYS = frozenset(("networks", "gateway", "gateways", *PUBLIC_KEYS, "realm", "mapped_as"))
_ONE_SITE_EACH = (
    "give each address to one site of a realm; sites behind different NAT routers may repeat them, and so may sites "
    "whose networks a VPN maps one to one to others: say to which with mapped_as"
)
GATEWAY_KEYS = ("host", *PUBLIC_KEYS)


def read_sites(raw: object, hosts: Mapping[str, Mapping[str, object]], findings: list[Finding]) -> dict[str, Site]:
    """Return the sites of ``faxnet_sites``, sorted by name.

    Args:
        hosts: what the inventory says of every host, as it is written.
    """
    reader = Reader("", findings)
    if raw is None:
        reader.note("FXN103", "faxnet_sites", "", "is missing", "name the sites, their networks and gateways")
        return {}
    entries = reader.mapping(raw, "faxnet_sites")
    known_hosts = set(hosts)
    sites: dict[str, Site] = {}
    for name in sorted(entries or {}, key=str):
        variable = f"faxnet_sites.{short(name, 60)}"
        if reader.name(name, variable) is None:
            continue
        site = _read_site(reader, str(name), (entries or {})[name], variable, known_hosts)
        if site is not None:
            sites[site.name] = site
    sites = nest(reader, sites, hosts)
    _check_overlaps(reader, sites)
    check_mapped(reader, sites)
    _check_routers(reader, sites)
    check_public(reader, sites)
    for site in sites.values():
        check_side_by_side(reader, site)
    return sites


def _read_site(reader: Reader, name: str, raw: object, variable: str, hosts: set[str]) -> Site | None:
    entry = reader.mapping(raw, variable, SITE_KEYS)
    if entry is None:
        return None
    networks = reader.prefixes(entry.get("networks"), f"{variable}.networks")
    if entry.get("networks") in (None, [], ()):
        reader.note("FXN103", f"{variable}.networks", "", "a site needs networks", "list its networks in CIDR notation")
    realm = reader.name(entry["realm"], f"{variable}.realm") if entry.get("realm") is not None else None
    mapped = read_mapped(reader, entry, variable, networks, realm)
    return Site(name, networks, _read_gateways(reader, entry, variable, hosts), realm, mapped=mapped)


def _read_gateways(reader: Reader, entry: Mapping[str, Any], variable: str, hosts: set[str]) -> tuple[Gateway, ...]:
    if entry.get("gateway") is not None and entry.get("gateways") is not None:
        reader.note(
            "FXN101",
            f"{variable}.gateways",
            entry["gateways"],
            "'gateway' and 'gateways' exclude each other",
            "use 'gateway' for one router, 'gateways' for a chain of them, inside first",
        )
        return ()
    public = read_public(reader, entry, variable)
    if entry.get("gateways") is not None:
        chain: list[Gateway] = []
        for index, item in enumerate(reader.items(entry["gateways"], f"{variable}.gateways")):
            where = f"{variable}.gateways[{index}]"
            hop = reader.mapping(item, where, GATEWAY_KEYS)
            host = _gateway_host(reader, hop.get("host"), f"{where}.host", hosts) if hop is not None else None
            if hop is None or host is None:
                continue
            if any(gateway.host == host for gateway in chain):
                reader.note("FXN101", f"{where}.host", host, "stands in this chain twice", "name each router once")
                continue
            chain.append(Gateway(host, read_public(reader, hop, where)))
        if chain and public:
            chain[-1] = Gateway(chain[-1].host, public)
        check_chain(reader, chain, variable)
        return tuple(chain)
    if entry.get("gateway") is not None:
        host = _gateway_host(reader, entry["gateway"], f"{variable}.gateway", hosts)
        return (Gateway(host, public),) if host is not None else ()
    if public:
        reader.note(
            "FXN103",
            f"{variable}.gateway",
            "",
            "a public_address needs a gateway that translates it",
            "name the router's inventory host as 'gateway'",
        )
    return ()


def _gateway_host(reader: Reader, value: object, variable: str, hosts: set[str]) -> str | None:
    name = reader.name(value, variable)
    if name is not None and name not in hosts:
        reader.note(
            "FXN110",
            variable,
            name,
            "is not a host of this inventory",
            "add the router as a host; one that nobody can automate gets faxnet_platform: worksheet",
        )
        return None
    return name


def _check_overlaps(reader: Reader, sites: Mapping[str, Site]) -> None:
    # Sorted by first address, a network can only overlap the one that reaches furthest so far. Networks behind
    # different public addresses may repeat (every second office is 192.168.1.0/24), except inside one realm:
    # there, what they are mapped to must not.
    realms: dict[int, dict[str, list[tuple[Prefix, str, int]]]] = {4: {}, 6: {}}
    for site in sites.values():
        for index, network in enumerate(site.shown):
            placed = realms[network.version].setdefault(site.met_in(network.version), [])
            placed.append((network, site.name, index))
    for of_version in realms.values():
        for placed in of_version.values():
            placed.sort()
            furthest: tuple[Prefix, str, int] | None = None
            for item in placed:
                network, name, index = item
                if furthest is not None and furthest[0].last >= network.first:
                    other = f"{furthest[0].text} of site {furthest[1]}"
                    own = sites[name].networks[index]
                    variable = f"networks[{index}]" if own == network else f"mapped_as.{own.text}"
                    reader.note(
                        "FXN109", f"faxnet_sites.{name}.{variable}", network.text, f"overlaps {other}", _ONE_SITE_EACH
                    )
                if furthest is None or network.last > furthest[0].last:
                    furthest = item


def _check_routers(reader: Reader, sites: Mapping[str, Site]) -> None:
    # A packet between two sites of one router passes its translation hooks once, not once for each site: with two
    # realms in one box, which translation comes first would decide. Inside one realm nothing is translated.
    first_site: dict[str, Site] = {}
    for site in sites.values():
        for gateway in site.own_gateways:
            first = first_site.setdefault(gateway.host, site)
            if first is not site and any(first.met_in(version) != site.met_in(version) for version in (4, 6)):
                reader.note(
                    "FXN119",
                    f"faxnet_sites.{site.name}.realm",
                    site.realm or "",
                    f"router {gateway.host} serves site {first.name} too, in another realm",
                    "give both sites the same realm: behind one router they route to each other without translation",
                )
