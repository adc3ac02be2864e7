# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the network's half of the intent: sites, gateways, hosts, addresses, openings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from .addresses import Address, AddressError, Prefix, parse_address, parse_prefix
from .catalog import Catalog
from .findings import Finding, short
from .intent import Gateway, Host, Opening, Site
from .names import NAME_CURE, name_problem
from .ports import parse_range
from .reading import Reader

SITE_KEYS = ("networks", "gateway", "gateways", "public_address", "realm")
OPENING_KEYS = ("name", "transport", "ports", "sources")
ANYWHERE = (parse_prefix("0.0.0.0/0"), parse_prefix("::/0"))
#: Where ansible reaches a host unless ``ansible_port`` says otherwise (ansible's own default: ssh).
SSH_PORT = 22
OUTBOUND = ("any", "flows")
DEFAULT_PLATFORM = "nftables"


def read_sites(raw: object, hosts: Iterable[str], findings: list[Finding]) -> dict[str, Site]:
    """Return the sites of ``faxnet_sites``, sorted by name."""
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
    _check_overlaps(reader, sites)
    _check_public(reader, sites)
    return sites


def _read_site(reader: Reader, name: str, raw: object, variable: str, hosts: set[str]) -> Site | None:
    entry = reader.mapping(raw, variable, SITE_KEYS)
    if entry is None:
        return None
    networks = reader.prefixes(entry.get("networks"), f"{variable}.networks")
    if not entry.get("networks"):
        reader.note("FXN103", f"{variable}.networks", "", "a site needs networks", "list its networks in CIDR notation")
    realm = reader.name(entry["realm"], f"{variable}.realm") if entry.get("realm") is not None else None
    return Site(name, networks, _read_gateways(reader, entry, variable, hosts), realm)


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
    public = (
        reader.addresses(entry["public_address"], f"{variable}.public_address") if entry.get("public_address") else ()
    )
    if entry.get("gateways") is not None:
        chain = []
        for index, item in enumerate(reader.items(entry["gateways"], f"{variable}.gateways")):
            where = f"{variable}.gateways[{index}]"
            hop = reader.mapping(item, where, ("host", "public_address"))
            host = _gateway_host(reader, hop.get("host"), f"{where}.host", hosts) if hop is not None else None
            if hop is None or host is None:
                continue
            worn = hop.get("public_address")
            chain.append(Gateway(host, reader.addresses(worn, f"{where}.public_address") if worn else ()))
        if chain and public:
            chain[-1] = Gateway(chain[-1].host, public)
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
    # different public addresses may repeat (every second office is 192.168.1.0/24), except inside one realm.
    for version in (4, 6):
        realms: dict[str, list[tuple[Prefix, str, int]]] = {}
        for site in sites.values():
            for index, network in enumerate(site.networks):
                if network.version == version:
                    realms.setdefault(site.realm_of(version), []).append((network, site.name, index))
        for placed in realms.values():
            placed.sort()
            furthest: tuple[Prefix, str, int] | None = None
            for item in placed:
                network, name, index = item
                if furthest is not None and furthest[0].last >= network.first:
                    other = f"{furthest[0].text} of site {furthest[1]}"
                    reader.note(
                        "FXN109",
                        f"faxnet_sites.{name}.networks[{index}]",
                        network.text,
                        f"overlaps {other}",
                        "give each address to one site of a realm; sites behind different NAT routers may repeat them",
                    )
                if furthest is None or network.last > furthest[0].last:
                    furthest = item


def _check_public(reader: Reader, sites: Mapping[str, Site]) -> None:
    worn: dict[Address, tuple[str, str, str | None]] = {}
    networks = sorted((network.version, network.first, network) for site in sites.values() for network in site.networks)
    starts = [(version, first) for version, first, _network in networks]
    for site in sites.values():
        for gateway in site.gateways:
            for address in gateway.public:
                variable = f"faxnet_sites.{site.name}.public_address"
                owner = (site.name, gateway.host, site.realm)
                first = worn.setdefault(address, owner)
                one_router = first[1] == gateway.host and site.realm is not None and first[2] == site.realm
                if first[0] != site.name and not one_router:
                    reader.note(
                        "FXN113",
                        variable,
                        address.text,
                        f"is the public address of site {first[0]} too",
                        "give each site its own, or put sites behind one router into one realm",
                    )
                place = bisect_right(starts, (address.version, address.value)) - 1
                if place >= 0 and networks[place][2].holds(address) and networks[place][2] in site.networks:
                    reader.note(
                        "FXN118",
                        variable,
                        address.text,
                        f"lies inside the site's own network {networks[place][2].text}",
                        "name the address that the router wears outside, or leave public_address away",
                    )


def read_hosts(
    variables: Mapping[str, Mapping[str, object]], sites: Mapping[str, Site], catalog: Catalog, findings: list[Finding]
) -> dict[str, Host]:
    """Return the hosts that take part, sorted by name: those with a site, an offer, a use, or that are a gateway."""
    gateways: dict[str, list[str]] = {}
    for site in sites.values():
        for gateway in site.gateways:
            gateways.setdefault(gateway.host, []).append(site.name)
    hosts: dict[str, Host] = {}
    owners: dict[tuple[str, Address], str] = {}
    for name in sorted(variables):
        own = variables[name]
        takes_part = own.get("faxnet_site") is not None or own.get("faxnet_offers") or own.get("faxnet_uses")
        if not takes_part and name not in gateways:
            continue
        reader = Reader(name, findings)
        problem = name_problem(name)
        if problem:
            reader.note("FXN104", "inventory_hostname", name, f"the name {problem}", NAME_CURE)
            continue
        host = _read_host(reader, own, sites, gateways.get(name, []), catalog)
        if host is None:
            continue
        hosts[name] = host
        for address in host.addresses:
            realm = sites[host.site].realm_of(address.version)
            first = owners.setdefault((realm, address), name)
            if first != name:
                reader.note(
                    "FXN112",
                    "faxnet_address",
                    address.text,
                    f"is the address of host {first} too",
                    "give each host its own address",
                )
    return hosts


def _read_host(
    reader: Reader, own: Mapping[str, object], sites: Mapping[str, Site], gateway_of: list[str], catalog: Catalog
) -> Host | None:
    site = _site_of(reader, own.get("faxnet_site"), sites, gateway_of)
    system = own.get("faxnet_system")
    if system is not None:
        system = reader.choice(system, "faxnet_system", catalog.systems, "FXN117")
    platform = own.get("faxnet_platform", DEFAULT_PLATFORM)
    outbound = reader.choice(own.get("faxnet_outbound", "any"), "faxnet_outbound", OUTBOUND)
    management = _management(reader, own)
    extras = read_openings(reader, own.get("faxnet_permits"), "faxnet_permits")
    if site is None:
        return None
    # A router between two sites has a leg in each: its address may lie in any of them.
    networks = [network for name in (site.name, *gateway_of) for network in sites[name].networks]
    addresses = _addresses(reader, own, site, networks)
    if not isinstance(platform, str):
        reader.note("FXN501", "faxnet_platform", platform, "is not a text", "name a platform")
        platform = DEFAULT_PLATFORM
    return Host(
        reader.host,
        site.name,
        addresses,
        str(system) if system else None,
        platform,
        outbound or "any",
        management,
        extras,
    )


def _site_of(reader: Reader, value: object, sites: Mapping[str, Site], gateway_of: list[str]) -> Site | None:
    if value is None and gateway_of:
        return sites[gateway_of[0]]
    if value is None:
        reader.note(
            "FXN106", "faxnet_site", "", "the host is in no site", f"set faxnet_site to one of: {', '.join(sites)}"
        )
        return None
    if not isinstance(value, str) or value not in sites:
        reader.note("FXN107", "faxnet_site", value, "is not a site", f"use one of: {', '.join(sites)}")
        return None
    return sites[value]


def _addresses(reader: Reader, own: Mapping[str, object], site: Site, networks: list[Prefix]) -> tuple[Address, ...]:
    variable = "faxnet_address"
    if own.get("faxnet_address") is not None:
        addresses = reader.addresses(own["faxnet_address"], variable)
        noted = not addresses
    else:
        variable, noted = "ansible_host", False
        try:
            addresses = (parse_address(own.get("ansible_host")),)
        except AddressError:
            addresses = ()
    if not addresses and not noted:
        reader.note(
            "FXN111",
            "faxnet_address",
            short(own.get("ansible_host", "")),
            "the host has no address",
            "set faxnet_address to its address inside the site; a host name in ansible_host is not enough",
        )
    for address in addresses:
        if networks and not any(network.holds(address) for network in networks):
            inside = ", ".join(network.text for network in networks)
            reader.note(
                "FXN108",
                variable,
                address.text,
                f"is outside the networks of site {site.name} ({inside})",
                "correct the address or the site, or set faxnet_address where ansible connects to another one",
            )
    return addresses


def _management(reader: Reader, own: Mapping[str, object]) -> tuple[Opening, ...]:
    raw = own.get("faxnet_management")
    if raw is None:
        port = own.get("ansible_port")
        read = reader.port(port, "ansible_port") if port is not None else SSH_PORT
        ports = (parse_range(read),) if read is not None else ()
        return (Opening("management", "tcp", ports, ANYWHERE),) if ports else ()
    openings = read_openings(reader, raw, "faxnet_management", "management")
    if not raw:
        reader.note(
            "FXN116",
            "faxnet_management",
            raw,
            "an empty list would shut out whoever administers the host",
            "name at least the port that ansible connects to, or leave the variable away",
        )
    return openings


def read_openings(reader: Reader, raw: object, variable: str, default_name: str | None = None) -> tuple[Opening, ...]:
    """Return the openings of ``faxnet_permits`` or ``faxnet_management``."""
    openings = []
    for index, item in enumerate(reader.items(raw, variable)):
        where = f"{variable}[{index}]"
        entry = reader.mapping(item, where, OPENING_KEYS)
        if entry is None:
            continue
        name = reader.name(entry.get("name", default_name), f"{where}.name")
        transport = reader.choice(entry.get("transport", "tcp"), f"{where}.transport", ("tcp", "udp"))
        ports = reader.ports(entry.get("ports"), f"{where}.ports")
        sources = reader.prefixes(entry["sources"], f"{where}.sources") if "sources" in entry else ANYWHERE
        if name is not None and transport is not None and ports and sources:
            openings.append(Opening(name, transport, ports, sources))
        elif "sources" in entry and not entry["sources"]:
            reader.note("FXN103", f"{where}.sources", entry["sources"], "is empty", "list networks, or leave it away")
    return tuple(openings)
