# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Split overlapping elements of a concatenated set into disjoint ones.

An element of such a set (source . destination . port) is one closed range for each field. The kernel refuses a set in
which two elements overlap, so everything that goes into one set passes through `disjoint` first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..ranges import Range

Meet = Callable[[int, int], int]
"""What two outcomes become where elements overlap."""


@dataclass(frozen=True, slots=True)
class Element:
    """One closed range a field, what it leads to, and the names of those who asked for it.

    `outcome` tells elements apart that must not be merged (the target of a translation, what a flow asks of connection
    tracking); a filter that only accepts leaves it at 0.
    """

    ranges: tuple[Range, ...]
    outcome: int = 0
    names: tuple[str, ...] = ()


class ConflictError(ValueError):
    """One point lies in two elements of different outcome. `first` and `second` are the names of both sides."""

    def __init__(self, first: tuple[str, ...], second: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(first)} and {', '.join(second)}")
        self.first = first
        self.second = second


def absorbed(elements: Iterable[Element], meet: Meet | None = None) -> list[Element]:
    """The elements without those that a wide one (a whole network in an address field) covers to the same outcome.

    The wide one takes over their names. Without this, one service that is open to all and used by ten thousand named
    clients would be cut into twenty thousand pieces; what is open to all needs no piece for each client. An element
    whose outcome the wide one lacks stays, and `disjoint` cuts around it.
    """
    wide, single = _by_width(elements)
    # The widest first: whatever covers an element has been met before it.
    wide.sort(key=lambda element: sum(low - high for low, high in element.ranges))
    covering: list[tuple[Element, list[str]]] = []
    others: list[Element] = []
    for number, element in enumerate((*wide, *single)):
        names = next((names for other, names in covering if _covers(other, element, meet)), None)
        if names is not None:
            names += element.names
        elif number < len(wide):
            covering.append((element, list(element.names)))
        else:
            others.append(element)
    return [*(replace(element, names=tuple(names)) for element, names in covering), *others]


def _by_width(elements: Iterable[Element]) -> tuple[list[Element], list[Element]]:
    """Elements that hold a whole network in one of the first two fields (addresses), and the others."""
    wide: list[Element] = []
    single: list[Element] = []
    for element in elements:
        (wide if any(low != high for low, high in element.ranges[:2]) else single).append(element)
    return wide, single


def _covers(wide: Element, element: Element, meet: Meet | None) -> bool:
    same = wide.outcome == element.outcome or (meet is not None and meet(wide.outcome, element.outcome) == wide.outcome)
    return same and all(
        low <= first and last <= high for (low, high), (first, last) in zip(wide.ranges, element.ranges, strict=True)
    )


def disjoint(elements: Iterable[Element], joined: frozenset[int], meet: Meet | None = None) -> list[Element]:
    """Elements that cover exactly the same points, none of them twice, sorted by their ranges.

    `joined` holds the indexes of the fields in which neighbours that agree in everything else become one element
    (ports: always; addresses: only when somebody asks for address ranges). Where a point would have two outcomes,
    `meet` makes one of them; without it, that raises `ConflictError`.
    """
    pieces = [piece for group in _groups(elements) for piece in _split(group, 0, joined, meet)]
    return sorted(pieces, key=lambda piece: piece.ranges)


def _groups(elements: Iterable[Element]) -> list[list[Element]]:
    """The elements in groups of which no two share a point, so that each can be cut alone.

    Cutting goes field by field: a network would be cut at every client's address, whatever the client's other fields
    say. So a wide element that meets nobody is a group of its own, and those that do are cut with whom they meet.
    """
    wide, single = _by_width(elements)
    if not wide:
        return [single] if single else []
    pairs: dict[tuple[Range, ...], list[Element]] = {}
    for element in single:
        pairs.setdefault(element.ranges[:2], []).append(element)
    met = [pair for pair in pairs.values() if any(_meet(element, other) for element in pair for other in wide)]
    tangled = [element for pair in met for element in pair]
    lone = []
    for element in wide:
        if any(_meet(element, other) for other in (*wide, *tangled) if other is not element):
            tangled.append(element)
        else:
            lone.append([element])
    touched = {id(pair) for pair in met}
    rest = [element for pair in pairs.values() if id(pair) not in touched for element in pair]
    return [group for group in (*lone, tangled, rest) if group]


def _meet(first: Element, second: Element) -> bool:
    return all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(first.ranges, second.ranges, strict=True))


def _split(elements: list[Element], field: int, joined: frozenset[int], meet: Meet | None) -> list[Element]:
    if len(elements) == 1:
        # Nothing to cut or to join; most elements are alone from the first field on.
        return [Element(elements[0].ranges[field:], elements[0].outcome, tuple(sorted(set(elements[0].names))))]
    if field == len(elements[0].ranges):
        outcome = elements[0].outcome
        for element in elements:
            if element.outcome != outcome:
                if meet is None:
                    raise ConflictError(elements[0].names, element.names)
                outcome = meet(outcome, element.outcome)
        return [Element((), outcome, tuple(sorted({name for element in elements for name in element.names})))]
    slices: list[tuple[Range, list[Element]]] = []
    for piece, members in _pieces(elements, field):
        rest = _split(members, field + 1, joined, meet)
        if field in joined and slices and _continues(slices[-1], piece, rest):
            (low, _high), before = slices[-1]
            together = [
                Element(old.ranges, old.outcome, tuple(sorted({*old.names, *new.names})))
                for old, new in zip(before, rest, strict=True)
            ]
            slices[-1] = ((low, piece[1]), together)
        else:
            slices.append((piece, rest))
    return [Element((piece, *item.ranges), item.outcome, item.names) for piece, rest in slices for item in rest]


def _continues(before: tuple[Range, list[Element]], piece: Range, rest: Sequence[Element]) -> bool:
    """Whether `piece` begins where the last slice ends and holds the same elements in the remaining fields."""
    (_low, high), old = before
    return high + 1 == piece[0] and [(b.ranges, b.outcome) for b in old] == [(b.ranges, b.outcome) for b in rest]


def _pieces(elements: list[Element], field: int) -> list[tuple[Range, list[Element]]]:
    """The field's elementary ranges in order, each with the elements that cover it.

    Equal ranges are grouped first: in practice they are single addresses, which never overlap partly, and the cost
    stays that of one sort. Only ranges that do overlap are cut at each other's ends.
    """
    groups: dict[Range, list[Element]] = {}
    for element in elements:
        groups.setdefault(element.ranges[field], []).append(element)
    pieces: list[tuple[Range, list[Element]]] = []
    cluster: list[tuple[Range, list[Element]]] = []
    reach = -1
    for span in sorted(groups):
        if cluster and span[0] > reach:
            pieces.extend(_cut(cluster))
            cluster = []
        cluster.append((span, groups[span]))
        reach = max(reach, span[1]) if len(cluster) > 1 else span[1]
    pieces.extend(_cut(cluster))
    return pieces


def _cut(cluster: list[tuple[Range, list[Element]]]) -> list[tuple[Range, list[Element]]]:
    """Ranges that overlap in a chain, cut at each other's ends."""
    if len(cluster) < 2:
        return cluster
    ends = sorted({span[0] for span, _group in cluster} | {span[1] + 1 for span, _group in cluster})
    pieces = []
    for low, following in itertools.pairwise(ends):
        members = [element for span, group in cluster if span[0] <= low <= span[1] for element in group]
        if members:
            pieces.append(((low, following - 1), members))
    return pieces
