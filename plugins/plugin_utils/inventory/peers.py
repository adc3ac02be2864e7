# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the addresses of a peer that is more than one machine: the clients of a DHCP network, a provider's servers.

One name of the inventory then stands for a set of addresses and networks of one IP version.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..basics.addresses import Address, AddressError, End, Prefix, end_of, parse_address, parse_prefix, prefix_of
from ..catalog.profile import Profile
from .reader import Reader


class Peer(NamedTuple):
    """What a host's address says.

    Attributes:
        addresses: those that are named one by one.
        members: all of the set, those named one by one first; empty for one machine.
    """

    addresses: tuple[Address, ...]
    members: tuple[End, ...] = ()


def read_peer(reader: Reader, value: object, variable: str) -> Peer:
    """Return the addresses of a host: of one machine, at most one of each IP version, or of several machines."""
    if isinstance(value, str) and "/" not in value:
        return Peer(reader.addresses(value, variable))  # as most have it
    items = value if isinstance(value, (list, tuple)) else (value,)
    if not (any(isinstance(item, str) and "/" in item for item in items) or _are_several(items)):
        return Peer(reader.addresses(value, variable))
    members = _read_ends(reader, value, variable)
    single = tuple(end for end in members if isinstance(end, Address))
    return Peer(single, members if len(members) > 1 or len(single) != len(members) else ())


def read_exchange_addresses(
    reader: Reader, value: object, variable: str, profile: Profile
) -> dict[str, tuple[End, ...]]:
    """Return which of a host's several machines an exchange alone is with, by the exchange's name."""
    if value is None:
        return {}
    entry = reader.mapping(value, variable, [exchange.name for exchange in profile.exchanges])
    found = {name: _read_ends(reader, item, f"{variable}.{name}") for name, item in (entry or {}).items()}
    return {name: ends for name, ends in found.items() if ends}


def _read_ends(reader: Reader, value: object, variable: str) -> tuple[End, ...]:
    """Addresses and networks of one IP version, addresses first."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    if not items:
        reader.note("FXN103", variable, value, "is an empty list", "name an address or a network, or omit it")
    found: dict[End, None] = {}
    for index, item in enumerate(items):
        where = f"{variable}[{index}]" if isinstance(value, (list, tuple)) else variable
        end = _read_end(reader, item, where)
        if end is not None and found and end.version != next(iter(found)).version:
            message = "is of another IP version than what stands before it"
            cure = "give the addresses of each IP version a host of its own"
            reader.note("FXN101", where, item, message, cure)
        elif end is not None:
            found[end] = None
    return (*(end for end in found if isinstance(end, Address)), *(end for end in found if isinstance(end, Prefix)))


def _read_end(reader: Reader, item: object, where: str) -> End | None:
    if not (isinstance(item, str) and "/" in item):
        return reader.address(item, where)
    network = reader.prefix(item, where)
    return None if network is None else end_of(network)


def _are_several(items: Sequence[object]) -> bool:
    """Whether a list has a second address of an IP version; what cannot be read is none."""
    return len(items) > 1 and len({address.version for address in _readable(items)}) < len(_readable(items))


def _readable(items: Sequence[object]) -> list[Address]:
    found = []
    for item in items:
        try:
            found.append(parse_address(item))
        except AddressError:
            continue
    return found


def networks_in(value: object) -> list[Prefix]:
    """Return what can be read of a host's address, each as a network; for what is found wrong elsewhere."""
    found = []
    for item in value if isinstance(value, (list, tuple)) else (value,):
        try:
            several = isinstance(item, str) and "/" in item
            found.append(parse_prefix(item) if several else prefix_of(parse_address(item)))
        except AddressError:
            continue
    return found
