# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a CommuniGate Pro network address list contains, and what it lacks of another.

A line adds its addresses to what the lines before it gave, or takes them away. So for each address the LAST line that
matches it decides, and everything here follows from that.
"""

from __future__ import annotations

import bisect
import heapq
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ._communigate_lists import AddressList, AddressListError, Line, Problem, parse_address

#: First and last address as ints, both included.
Span = tuple[int, int]
#: What an unresolved reference stands for: "raise" an error, at "least" these addresses are in the list, at "most".
UNKNOWN = ("raise", "least", "most")
#: A chain of references that is longer is taken for a mistake; it also keeps Python's own limit far away.
_LONGEST_CHAIN = 50
#: Kinds of lines that do not say themselves which addresses they match.
_REFERENCES = ("name", "template")
_HIGHEST = {4: (1 << 32) - 1, 6: (1 << 128) - 1}


class _Reach(NamedTuple):
    """Addresses that the line at a place of the list matches."""

    first: int
    last: int
    place: int


def _reference_problem(line: Line, trail: tuple[str, ...], lists: Mapping[str, AddressList]) -> Problem | None:
    """What keeps a reference from being followed, or None. *trail* names the lists that led here."""
    value = line.value or ""
    inside = f" (a line of the list {trail[-1]})" if trail else ""
    if line.kind == "template":
        cure = "only the server can look domain names up; ask it, or write addresses"
        return Problem(line.number, value, f"depends on the address's domain name{inside}", cure)
    name = (line.name or "").lower()
    if name in trail:
        way = " -> ".join((*trail, name))
        return Problem(line.number, value, f"leads back to itself, {way}{inside}", "remove one of these references")
    if name not in lists:
        given = ", ".join(sorted(lists)) or "none"
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
                line.version == version and line.first <= value <= line.last  # type: ignore[operator]
                for version, value in wanted
            )
        if matches:
            return not line.excluded
    return False


def spans(
    address_list: AddressList,
    version: int,
    lists: Mapping[str, AddressList] | None = None,
    unknown: str = "raise",
) -> list[Span]:
    """Return the addresses of an IP version that a list contains: disjoint spans in ascending order.

    Args:
        address_list: the list.
        version: 4 or 6.
        lists: other lists by name, for references.
        unknown: one of :data:`UNKNOWN`: what to make of references that cannot be followed.

    Raises:
        AddressListError: references that cannot be followed, with *unknown* "raise".
    """
    return _spans(address_list, version, _Resolver(version, _lower(lists), unknown), ())


class _Resolver:
    """The spans of other lists by name, each computed once."""

    def __init__(self, version: int, lists: Mapping[str, AddressList], unknown: str) -> None:
        self.version = version
        self.lists = lists
        self.unknown = unknown
        self.known: dict[str, list[Span]] = {}

    def of(self, line: Line, trail: tuple[str, ...]) -> list[Span]:
        """The spans that a reference matches."""
        problem = _reference_problem(line, trail, self.lists)
        if problem is None:
            name = (line.name or "").lower()
            if name not in self.known:
                self.known[name] = _spans(self.lists[name], self.version, self, (*trail, name))
            return self.known[name]
        if self.unknown == "raise":
            raise AddressListError([problem])
        # At least: what is added may be nothing, what is taken away may be everything. At most: the other way round.
        return [(0, _HIGHEST[self.version])] if (self.unknown == "most") != line.excluded else []


def _spans(address_list: AddressList, version: int, resolver: _Resolver, trail: tuple[str, ...]) -> list[Span]:
    lines = address_list.lines
    decided = _decided(_reaches(lines, version, lambda line: resolver.of(line, trail)))
    return _merged((reach.first, reach.last) for reach in decided if not lines[reach.place].excluded)


def _reaches(lines: Iterable[Line], version: int, follow: Callable[[Line], list[Span]]) -> Iterator[_Reach]:
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


def _within(span: Span, cover: list[Span]) -> bool:
    """Whether *cover* (disjoint, ascending) holds all of *span*."""
    after = bisect.bisect_right(cover, (span[0], _HIGHEST[6]))
    return after > 0 and span[1] <= cover[after - 1][1]


def _touches(span: Span, cover: list[Span]) -> bool:
    """Whether *cover* (disjoint, ascending) holds any address of *span*."""
    after = bisect.bisect_right(cover, (span[1], _HIGHEST[6]))
    return after > 0 and span[0] <= cover[after - 1][1]


def additions(current: AddressList, wanted: AddressList) -> tuple[Line, ...]:
    """Return the lines of *wanted* to put after *current* so that it says of every address what *wanted* says of it.

    Addresses of which *wanted* says nothing stay as they are. Lines that change nothing are left out, so a list that
    was completed once lacks nothing the second time. References cannot be followed here: one is missing unless
    *current* has the same, and what *current* refers to counts neither as there nor as away.
    """
    needed: set[int] = set()
    for version in (4, 6):
        least = spans(current, version, unknown="least")
        most = spans(current, version, unknown="most")
        for reach in _decided(_reaches(wanted.lines, version, lambda _line: [])):
            span = (reach.first, reach.last)
            if _touches(span, most) if wanted.lines[reach.place].excluded else not _within(span, least):
                needed.add(reach.place)
    there = {_identity(line) for line in current.lines if line.kind in _REFERENCES}
    chosen: dict[bool, list[Line]] = {False: [], True: []}
    for place, line in enumerate(wanted.lines):
        missing = line.kind in _REFERENCES and _identity(line) not in there
        # A line put at the end also decides where a later line of *wanted* should: that one has to follow it.
        undone = line.is_entry and any(_overlap(line, earlier) for earlier in chosen[not line.excluded])
        if place in needed or missing or undone:
            chosen[line.excluded].append(line)
    return tuple(sorted([*chosen[False], *chosen[True]], key=lambda line: line.number))


def _identity(line: Line) -> tuple[str, str, bool]:
    return line.kind, (line.name or "").lower(), line.excluded


def _overlap(line: Line, other: Line) -> bool:
    """Whether the two lines share an address, as far as they say; a reference may share one with any line."""
    if line.kind in _REFERENCES or other.kind in _REFERENCES:
        return True
    spans_meet = line.first <= other.last and other.first <= line.last  # type: ignore[operator]
    return line.version == other.version and spans_meet


def appended(current: AddressList, lines: Iterable[Line]) -> str:
    """Return the text of *current* with *lines* after its last one; its way of ending lines is kept."""
    text = current.text
    new = [line.text.rstrip("\r") for line in lines]
    if not new:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    if not text or text.endswith("\n"):
        return text + end.join(new) + (end if text else "")
    return text + end + end.join(new)
