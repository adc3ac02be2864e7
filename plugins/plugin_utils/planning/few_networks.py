# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many addresses or networks as a few networks, so that a rule for them stays short."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ..basics.addresses import Address, Prefix, collapse, network_of, without_host_bits
from ..inventory.site import Site

#: Of the hosts in one network, and of a realm's networks, so many parts are named; beyond that, what holds them all.
MOST_PARTS = 16


def exactly(addresses: list[Address]) -> tuple[Prefix, ...]:
    """Addresses of one IP version as a few networks that hold nothing else; empty where it takes too many."""
    if len(addresses) == 1:
        return (network_of(addresses[0]),)
    values = sorted({address.value for address in addresses})
    rows = 1 + sum(later - earlier > 1 for earlier, later in itertools.pairwise(values))
    exact = collapse(map(network_of, addresses)) if rows <= MOST_PARTS else ()
    return exact if len(exact) <= MOST_PARTS else ()


def summary(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Networks of one IP version that hold all of *prefixes*: the same if they are few, else wider ones."""
    found = collapse(prefixes)
    for length in range(max((item.length for item in found), default=0) - 1, -1, -1):
        if len(found) <= MOST_PARTS:
            break
        found = collapse(without_host_bits(item, length) if item.length > length else item for item in found)
    return found


def common(one: Prefix, other: Prefix) -> Prefix:
    """What two networks that overlap have in common: the smaller one."""
    return max(one, other, key=lambda item: item.length)


def by_network(site: Site, addresses: list[Address]) -> Iterator[tuple[Prefix | None, tuple[Prefix, ...]]]:
    """Addresses as networks, those of each of the site's networks together; None for those in none of them."""
    rest = addresses
    for network in site.networks:
        held = [address for address in rest if network.holds(address)]
        if held:
            rest = [address for address in rest if not network.holds(address)]
            yield network, exactly(held) or (network,)
    if rest:
        yield None, tuple(map(network_of, rest))
