# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that stand for public ones that change, so that packets from there can be followed.

Each is in the networks that the plan names for it; where it names none, in one that is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix

#: Networks that are nobody's: documentation (RFC 5737, RFC 3849, RFC 9637) and benchmarks (RFC 2544). A stranger gets
#: an address in the first of them that the plan leaves free.
NOBODYS = (
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
    *("2001:db8:ffff:ffff::/64", "2001:db8::/64", "3fff::/64"),
)

#: So many addresses of a network are looked at: there may be as many routers in it, and as many hosts.
_MOST = 2**16


def changing_addresses(plan: Mapping[str, Any]) -> dict[str, Address]:
    """Return an IPv4 address for each router of a plan document whose public address changes, each its own if possible.

    None of them is a host's or another router's; in a network without a free one, routers share its last.
    """
    routers = {
        gateway["host"]: tuple(gateway["public_networks"])
        for site in plan["sites"].values()
        for gateway in site["gateways"]
        if gateway["dynamic"]
    }
    if not routers:
        return {}
    hosts = (text for host in plan["hosts"].values() for text in host["addresses"])
    worn = (text for site in plan["sites"].values() for gateway in site["gateways"] for text in gateway["public"])
    taken = frozenset(map(parse_address, chain(hosts, worn)))
    free: dict[tuple[str, ...], Iterator[Address]] = {}
    last: dict[tuple[str, ...], Address] = {}
    given: set[Address] = set()
    found = {}
    for router, networks in routers.items():
        if networks not in free:
            free[networks] = _candidates([*map(parse_prefix, networks)])
        for address in free[networks]:
            last.setdefault(networks, address)
            if address not in taken and address not in given:
                last[networks] = address
                break
        found[router] = last[networks]
        given.add(last[networks])
    return found


def _candidates(networks: list[Prefix]) -> Iterator[Address]:
    """Addresses of some networks, or nobody's; of nobody's first, for what is made up should not mean somebody."""
    nobodys = [network for network in map(parse_prefix, NOBODYS) if network.version == 4]
    within = [item for item in nobodys if not networks or any(_holds(network, item) for network in networks)]
    return chain.from_iterable(map(_hosts, chain(within, networks)))


def _holds(outer: Prefix, inner: Prefix) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last


def _hosts(network: Prefix) -> Iterable[Address]:
    """The first addresses of a network that a host may have, or all of one or two."""
    ends = 1 if network.length < 31 else 0
    values = range(network.first + ends, network.last + 1 - ends)
    return (Address(network.version, value) for value in islice(values, _MOST))
