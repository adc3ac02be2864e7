# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a CommuniGate Pro network address list contains.

A line adds its addresses to what the lines before it gave, or takes them away. So for each address the LAST line that
matches it decides, and everything here follows from that.
"""

from __future__ import annotations

import heapq
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from .lists import AddressList, AddressListError, ListLine, Problem, parse_address, printable

#: First and last address as ints, both included.
Span = tuple[int, int]
#: A chain of references that is longer is taken for a mistake; it also keeps Python's own limit far away.
_LONGEST_CHAIN = 50
#: Kinds of lines that do not say themselves which addresses they match.
_REFERENCES = ("name", "template")


class _Reach(NamedTuple):
    """Addresses that the line at a place of the list matches."""

    first: int
    last: int
    place: int


def _reference_problem(line: ListLine, trail: tuple[str, ...], lists: Mapping[str, AddressList]) -> Problem | None:
    """What keeps a reference from being followed, or None. *trail* names the lists that led here."""
    value = line.value or ""
    inside = f" (a line of the list {printable(trail[-1], 40)})" if trail else ""
    if line.kind == "template":
        cure = "only the server can look domain names up; ask it, or write addresses"
        return Problem(line.number, value, f"depends on the address's domain name{inside}", cure)
    name = (line.name or "").lower()
    if name in trail:
        way = " -> ".join((*trail, name))
        return Problem(line.number, value, f"leads back to itself, {way}{inside}", "remove one of these references")
    if name not in lists:
        given = printable(", ".join(sorted(lists)), 200) or "none"
        return Problem(line.number, value, f"is a list that is not given here{inside}", f"give it too; given: {given}")
    if len(trail) >= _LONGEST_CHAIN:
        message = f"ends a chain of more than {_LONGEST_CHAIN} lists{inside}"
        return Problem(line.number, value, message, "refer to the lists with addresses directly")
    return None


def _lower(lists: Mapping[str, AddressList] | None) -> dict[str, AddressList]:
    # "Letters are not case sensitive" (guide 6.4, Address Lists).
    return {name.lower(): value for name, value in (lists or {}).items()}


def holds(address_list: AddressList, address: str, lists: Mapping[str, AddressList] | None = None) -> bool:
    """Return whether an address is in a list.

    Args:
        address_list: the list.
        address: an IPv4 or IPv6 address. An IPv4-mapped one (::ffff:10.0.0.1) also means the IPv4 address, because a
            server whose sockets are IPv6 sees IPv4 clients under it.
        lists: other lists by name, for references.

    Raises:
        ValueError: not an address.
        AddressListError: the answer depends on a reference that cannot be followed.
    """
    version, value = parse_address(address)
    wanted = [(version, value)]
    if version == 6:
        mapped = ipaddress.IPv6Address(value).ipv4_mapped
        if mapped is not None:
            wanted.append((4, int(mapped)))
    return _holds(address_list, wanted, _lower(lists), (), {})


def _holds(
    address_list: AddressList,
    wanted: list[tuple[int, int]],
    lists: Mapping[str, AddressList],
    trail: tuple[str, ...],
    known: dict[str, bool],
) -> bool:
    for line in reversed(address_list.lines):
        if line.kind in _REFERENCES:
            name = (line.name or "").lower()
            problem = _reference_problem(line, trail, lists)
            if problem is not None:
                raise AddressListError([problem])
            if name not in known:
                known[name] = _holds(lists[name], wanted, lists, (*trail, name), known)
            matches = known[name]
        else:
            matches = any(
                # A line with a version has both ends; mypy cannot know it.
                line.version == version and line.first <= value <= line.last  # type: ignore[operator]
                for version, value in wanted
            )
        if matches:
            return not line.excluded
    return False


def spans(address_list: AddressList, version: int, lists: Mapping[str, AddressList] | None = None) -> list[Span]:
    """Return the addresses of an IP version that a list contains: disjoint spans in ascending order.

    Args:
        address_list: the list.
        version: 4 or 6.
        lists: other lists by name, for references.

    Raises:
        AddressListError: a reference that cannot be followed.
    """
    return _spans(address_list, version, _lower(lists), (), {})


def _spans(
    address_list: AddressList,
    version: int,
    lists: Mapping[str, AddressList],
    trail: tuple[str, ...],
    known: dict[str, list[Span]],
) -> list[Span]:
    lines = address_list.lines

    def follow(line: ListLine) -> list[Span]:
        problem = _reference_problem(line, trail, lists)
        if problem is not None:
            raise AddressListError([problem])
        name = (line.name or "").lower()
        if name not in known:
            known[name] = _spans(lists[name], version, lists, (*trail, name), known)
        return known[name]

    decided = _decided(_reaches(lines, version, follow))
    return _merged((reach.first, reach.last) for reach in decided if not lines[reach.place].excluded)


def decided(address_list: AddressList, version: int) -> Iterator[tuple[Span, ListLine]]:
    """Yield the addresses of an IP version that lines of a list match: disjoint spans, each with the line that decides.

    References to other lists match nothing here. The spans ascend.
    """
    lines = address_list.lines
    for reach in _decided(_reaches(lines, version, lambda _line: [])):
        yield (reach.first, reach.last), lines[reach.place]


def _reaches(lines: Iterable[ListLine], version: int, follow: Callable[[ListLine], list[Span]]) -> Iterator[_Reach]:
    for place, line in enumerate(lines):
        if line.kind in _REFERENCES:
            for first, last in follow(line):
                yield _Reach(first, last, place)
        elif line.version == version and line.first is not None and line.last is not None:
            yield _Reach(line.first, line.last, place)


def _decided(reaches: Iterable[_Reach]) -> Iterator[_Reach]:
    """Cut overlapping reaches into disjoint ones, each with the last line that matches it, in ascending order.

    A sweep over their ends, so that it costs n log n however the lines overlap.
    """
    starting = sorted(reaches)
    points = sorted({reach.first for reach in starting} | {reach.last + 1 for reach in starting})
    active: list[tuple[int, int]] = []
    position = 0
    for low, beyond in zip(points, points[1:]):
        while position < len(starting) and starting[position].first == low:
            heapq.heappush(active, (-starting[position].place, starting[position].last))
            position += 1
        while active and active[0][1] < low:
            heapq.heappop(active)
        if active:
            yield _Reach(low, beyond - 1, -active[0][0])


def _merged(pieces: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in pieces:
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged
