# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and networks as closed ranges of integers: what is merged, compared and held in sets goes by these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..basics.addresses import Address, End, Prefix

Range = tuple[int, int]
"""A closed range of integers: both ends belong to it."""

#: The length of an address by IP version.
BITS: Mapping[int, int] = {4: 32, 6: 128}


def range_of(end: End) -> Range:
    """The addresses of an end."""
    return (end.value, end.value) if isinstance(end, Address) else (end.first, end.last)


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same integers as sorted ranges that neither overlap nor touch."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            if high > result[-1][1]:
                result[-1] = (result[-1][0], high)
        else:
            result.append((low, high))
    return tuple(result)


def by_version(networks: Iterable[Prefix]) -> dict[int, tuple[Range, ...]]:
    """The addresses of networks as merged ranges, by IP version, IPv4 first."""
    found: dict[int, list[Range]] = {}
    for network in networks:
        found.setdefault(network.version, []).append(range_of(network))
    return {version: merged(spans) for version, spans in sorted(found.items())}


def addresses(version: int, span: Range) -> str:
    """An address, a prefix or a range, whichever is exact."""
    low, high = span
    if low == high:
        return Address(version, low).text
    size = high - low + 1
    if size & (size - 1) == 0 and low % size == 0:
        return f"{Address(version, low).text}/{BITS[version] - size.bit_length() + 1}"
    return f"{Address(version, low).text}-{Address(version, high).text}"
