# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of numbers as closed spans, sorted and apart from each other: addresses of one IP version, ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Span = tuple[int, int]
Spans = tuple[Span, ...]

#: The highest address of each IP version.
HIGHEST = {4: 2**32 - 1, 6: 2**128 - 1}
HIGHEST_PORT = 65535


def joined(spans: Iterable[Span]) -> Spans:
    """The same numbers, sorted, with what touches made one."""
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def both(one: Spans, other: Spans) -> Spans:
    """The numbers that are in both."""
    found = []
    first, second = 0, 0
    while first < len(one) and second < len(other):
        low, high = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        if low <= high:
            found.append((low, high))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return tuple(found)


def without(spans: Spans, taken: Spans, highest: int) -> Spans:
    """The numbers of `spans` that are not in `taken`; no number is above `highest`."""
    return both(spans, others(taken, highest))


def others(spans: Spans, highest: int) -> Spans:
    """Every number up to `highest` that is not in `spans`."""
    found = []
    free = 0
    for low, high in spans:
        if free < low:
            found.append((free, low - 1))
        free = high + 1
    if free <= highest:
        found.append((free, highest))
    return tuple(found)


def of_network(text: str) -> tuple[int, Span]:
    """The IP version and the addresses of a network or address. Raises ValueError for what is none."""
    network = ipaddress.ip_network(text, strict=False)
    return network.version, (int(network.network_address), int(network.broadcast_address))


@lru_cache(maxsize=4096)
def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; of a hundred thousand connections each is asked for its ends a dozen times in a row."""
    return ipaddress.ip_address(text)


def address_text(version: int, number: int) -> str:
    """An address as people write it."""
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def networks_of(version: int, span: Span) -> list[str]:
    """The networks that a span of addresses is made of, in CIDR notation."""
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return [str(network) for network in ipaddress.summarize_address_range(kind(span[0]), kind(span[1]))]


def addresses_text(version: int, span: Span) -> str:
    """A span of addresses as people write it: an address, a network, or from one address to another."""
    if span[0] == span[1]:
        return address_text(version, span[0])
    networks = networks_of(version, span)
    return networks[0] if len(networks) == 1 else f"{address_text(version, span[0])}-{address_text(version, span[1])}"


def ports_text(ports: Iterable[Span]) -> str:
    """Ports as people write them."""
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)
