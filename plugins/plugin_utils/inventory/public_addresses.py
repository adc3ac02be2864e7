# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what gateways wear outside: fixed addresses, such as another device translates one to one, changing ones.

And whether the gateways of all sites agree about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..basics.addresses import Address, Prefix, collapse
from .reader import Reader
from .site import Gateway, PublicAddress, Site

PUBLIC_KEYS = ("public_address", "outside_address", "public_networks")

#: The word for an IPv4 address that the provider changes.
DYNAMIC = "dynamic"


def read_public(reader: Reader, entry: Mapping[str, Any], variable: str) -> tuple[PublicAddress, ...]:
    """Return what is worn beyond a gateway, by a site's or a gateway's entry; at most one of each IP version.

    Args:
        variable: where the entry stands.
    """
    worn, at = entry.get("public_address"), f"{variable}.public_address"
    changes = worn == DYNAMIC or (isinstance(worn, (list, tuple)) and DYNAMIC in worn)
    # Who lists the networks that an address comes from, and no address, says that it changes.
    changes = changes or (worn is None and entry.get("public_networks") is not None)
    fixed: tuple[Address, ...] = ()
    if changes and isinstance(worn, (list, tuple)):
        fixed = _beside(reader, worn, at)
    elif worn is not None and not changes:
        fixed = reader.addresses(worn, at)
    outside = _outside(reader, entry, variable, {4} if changes else set(), fixed)
    networks = _networks(reader, entry, variable, changes)
    found = [PublicAddress(item.version, item, outside.get(item.version, item)) for item in fixed]
    if changes:
        found.append(PublicAddress(4, None, outside.get(4), networks))
    return tuple(sorted(found, key=lambda item: item.version))


def _beside(reader: Reader, worn: Iterable[object], variable: str) -> tuple[Address, ...]:
    """The IPv6 address beside the word for an IPv4 address that changes."""
    fixed: list[Address] = []
    words = 0
    for index, item in enumerate(worn):
        address = reader.address(item, f"{variable}[{index}]") if item != DYNAMIC else None
        words += item == DYNAMIC
        if words > 1 or (address is not None and (address.version == 4 or fixed)):
            version = address.version if address is not None else 4
            cure = f"name one address of each IP version; {DYNAMIC} is one of IPv4"
            reader.note("FXN101", f"{variable}[{index}]", item, f"is a second IPv{version} address", cure)
        elif address is not None:
            fixed.append(address)
    return tuple(fixed)


def _outside(
    reader: Reader, entry: Mapping[str, Any], variable: str, changing: set[int], fixed: Iterable[Address]
) -> dict[int, Address]:
    """What the router itself has outside, by IP version."""
    if entry.get("outside_address") is None:
        return {}
    where = f"{variable}.outside_address"
    worn = changing | {address.version for address in fixed}
    found = {}
    for address in reader.addresses(entry["outside_address"], where):
        if address.version in worn:
            found[address.version] = address
        else:
            message = f"stands beside no IPv{address.version} public_address that it would be translated to"
            cure = "name the address that others know in public_address beside it, or omit it"
            reader.note("FXN151", where, address.text, message, cure)
    return found


def _networks(reader: Reader, entry: Mapping[str, Any], variable: str, changes: bool) -> tuple[Prefix, ...]:
    """Where a changing address always lies."""
    raw, where = entry.get("public_networks"), f"{variable}.public_networks"
    if raw is None:
        return ()
    networks = reader.prefixes(raw, where)
    if not changes:
        message = f"says where a changing address lies, and public_address is not {DYNAMIC}"
        reader.note("FXN152", where, raw, message, f"omit it, or write public_address: {DYNAMIC}")
        return ()
    if raw in ([], ()):
        reader.note("FXN103", where, raw, "is an empty list", "list networks in CIDR notation, or omit it")
    for index, network in enumerate(networks):
        if network.version != 4:
            message = f"is IPv6, and {DYNAMIC} stands for an IPv4 address"
            reader.note("FXN152", f"{where}[{index}]", network.text, message, "list IPv4 networks")
    return collapse(network for network in networks if network.version == 4)


def check_chain(reader: Reader, chain: Iterable[Gateway], variable: str) -> None:
    """Note inner routers of a row whose addresses change in networks that nobody names.

    The routers further out are behind them and have to know what comes from there.
    """
    for index, gateway in enumerate(tuple(chain)[:-1]):
        if any(public.address is None and not public.networks for public in gateway.public):
            message = f"is missing: the address of {gateway.host} changes, and the next router cannot know its packets"
            cure = "list the networks that the next router gives it its address from, or give it a fixed public_address"
            reader.note("FXN153", f"{variable}.gateways[{index}].public_networks", "", message, cure)


def check_public(reader: Reader, sites: Mapping[str, Site]) -> None:
    """Note public addresses that cannot be: of two routers, inside the site itself, or another one in each site."""
    worn: dict[tuple[str, Address], tuple[str, str]] = {}
    had: dict[tuple[str, int], tuple[str, PublicAddress]] = {}
    for site in sites.values():
        for gateway in site.own_gateways:
            for public in gateway.public:
                if public.address is not None:
                    _check_owner(reader, site, gateway, public.address, worn)
                    _check_place(reader, site, "public_address", public.address)
                if public.own is not None and public.own != public.address:
                    _check_place(reader, site, "outside_address", public.own)
                name, other = had.setdefault((gateway.host, public.version), (site.name, public))
                if other is public:
                    continue
                # One router may wear two fixed addresses, one for each site.
                apart = None not in (other.address, public.address) and other.address != public.address
                if other != public and not (apart and other.own != public.own):
                    said = public.own.text if public.own is not None else DYNAMIC
                    message = f"router {gateway.host} has another address outside in site {name}"
                    cure = "say the same of it in both: public_address, outside_address and public_networks"
                    reader.note("FXN151", f"faxnet_sites.{site.name}.outside_address", said, message, cure)


def _check_owner(
    reader: Reader, site: Site, gateway: Gateway, address: Address, worn: dict[tuple[str, Address], tuple[str, str]]
) -> None:
    # In a network of another site, an address is one machine's there; everywhere else, of the Internet.
    around = site.outer.name if site.outer is not None and gateway is site.own_gateways[-1] else ""
    first = worn.setdefault((around, address), (site.name, gateway.host))
    # Sites behind one router share its address; whether they may is a matter of realms (FXN119).
    if first[1] != gateway.host:
        reader.note(
            "FXN113",
            f"faxnet_sites.{site.name}.public_address",
            address.text,
            f"is worn by router {first[1]} of site {first[0]} too",
            "give each router an address of its own",
        )


def _check_place(reader: Reader, site: Site, key: str, address: Address) -> None:
    inside = next((network for network in site.networks if network.holds(address)), None)
    if inside is not None:
        reader.note(
            "FXN118",
            f"faxnet_sites.{site.name}.{key}",
            address.text,
            f"lies inside the site's own network {inside.text}",
            f"name the address that the router wears outside, or omit {key}",
        )
