# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Split overlapping boxes of integer ranges into disjoint ones.

A packet filter's concatenated set (source . destination . port) holds boxes: one closed range for each field. The
kernel refuses a set in which two boxes overlap, so everything that goes into one set passes through `disjoint` first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

Range = tuple[int, int]
"""A closed range of integers: both ends belong to it."""

Meet = Callable[[int, int], int]
"""What two outcomes become where boxes overlap."""


@dataclass(frozen=True, slots=True)
class Box:
    """One closed range a field, what it leads to, and the names of those who asked for it.

    `outcome` tells boxes apart that must not be merged (the target of a translation, what a flow asks of connection
    tracking); a filter that only accepts leaves it at 0.
    """

    ranges: tuple[Range, ...]
    outcome: int = 0
    names: tuple[str, ...] = ()


class ConflictError(ValueError):
    """One point lies in two boxes of different outcome. `first` and `second` are the names of both sides."""

    def __init__(self, first: tuple[str, ...], second: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(first)} and {', '.join(second)}")
        self.first = first
        self.second = second


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


def absorbed(boxes: Iterable[Box], meet: Meet | None = None) -> list[Box]:
    """The boxes without those that a wide one (a whole network in an address field) covers to the same outcome.

    The wide one takes over their names. Without this, one service that is open to all and used by ten thousand named
    clients would be cut into twenty thousand pieces; what is open to all needs no piece for each client. A box whose
    outcome the wide one lacks stays, and `disjoint` cuts around it.
    """
    wide, single = _by_width(boxes)
    # The widest first: whatever covers a box has been met before it.
    wide.sort(key=lambda box: sum(low - high for low, high in box.ranges))
    covering: list[tuple[Box, list[str]]] = []
    others: list[Box] = []
    for number, box in enumerate((*wide, *single)):
        names = next((names for other, names in covering if _covers(other, box, meet)), None)
        if names is not None:
            names += box.names
        elif number < len(wide):
            covering.append((box, list(box.names)))
        else:
            others.append(box)
    return [*(replace(box, names=tuple(names)) for box, names in covering), *others]


def _by_width(boxes: Iterable[Box]) -> tuple[list[Box], list[Box]]:
    """Boxes that hold a whole network in one of the first two fields (addresses), and the others."""
    wide: list[Box] = []
    single: list[Box] = []
    for box in boxes:
        (wide if any(low != high for low, high in box.ranges[:2]) else single).append(box)
    return wide, single


def _covers(wide: Box, box: Box, meet: Meet | None) -> bool:
    same = wide.outcome == box.outcome or (meet is not None and meet(wide.outcome, box.outcome) == wide.outcome)
    return same and all(
        low <= first and last <= high for (low, high), (first, last) in zip(wide.ranges, box.ranges, strict=True)
    )


def disjoint(boxes: Iterable[Box], joined: frozenset[int], meet: Meet | None = None) -> list[Box]:
    """Boxes that cover exactly the same points, none of them twice, sorted by their ranges.

    `joined` holds the indexes of the fields in which neighbours that agree in everything else become one box (ports:
    always; addresses: only when somebody asks for address ranges). Where a point would have two outcomes, `meet` makes
    one of them; without it, that raises `ConflictError`.
    """
    pieces = [piece for group in _groups(boxes) for piece in _split(group, 0, joined, meet)]
    return sorted(pieces, key=lambda piece: piece.ranges)


def _groups(boxes: Iterable[Box]) -> list[list[Box]]:
    """The boxes in groups of which no two share a point, so that each can be cut alone.

    Cutting goes field by field: a network would be cut at every client's address, whatever the client's other fields
    say. So a wide box that meets nobody is a group of its own, and those that do are cut with whom they meet.
    """
    wide, single = _by_width(boxes)
    if not wide:
        return [single] if single else []
    pairs: dict[tuple[Range, ...], list[Box]] = {}
    for box in single:
        pairs.setdefault(box.ranges[:2], []).append(box)
    met = [pair for pair in pairs.values() if any(_meet(box, other) for box in pair for other in wide)]
    tangled = [box for pair in met for box in pair]
    lone = []
    for box in wide:
        if any(_meet(box, other) for other in (*wide, *tangled) if other is not box):
            tangled.append(box)
        else:
            lone.append([box])
    touched = {id(pair) for pair in met}
    rest = [box for pair in pairs.values() if id(pair) not in touched for box in pair]
    return [group for group in (*lone, tangled, rest) if group]


def _meet(first: Box, second: Box) -> bool:
    return all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(first.ranges, second.ranges, strict=True))


def _split(boxes: list[Box], field: int, joined: frozenset[int], meet: Meet | None) -> list[Box]:
    if len(boxes) == 1:
        # Nothing to cut or to join; most boxes are alone from the first field on.
        return [Box(boxes[0].ranges[field:], boxes[0].outcome, tuple(sorted(set(boxes[0].names))))]
    if field == len(boxes[0].ranges):
        outcome = boxes[0].outcome
        for box in boxes:
            if box.outcome != outcome:
                if meet is None:
                    raise ConflictError(boxes[0].names, box.names)
                outcome = meet(outcome, box.outcome)
        return [Box((), outcome, tuple(sorted({name for box in boxes for name in box.names})))]
    slices: list[tuple[Range, list[Box]]] = []
    for piece, members in _pieces(boxes, field):
        rest = _split(members, field + 1, joined, meet)
        if field in joined and slices and _continues(slices[-1], piece, rest):
            (low, _high), before = slices[-1]
            together = [
                Box(old.ranges, old.outcome, tuple(sorted({*old.names, *new.names})))
                for old, new in zip(before, rest, strict=True)
            ]
            slices[-1] = ((low, piece[1]), together)
        else:
            slices.append((piece, rest))
    return [Box((piece, *box.ranges), box.outcome, box.names) for piece, rest in slices for box in rest]


def _continues(before: tuple[Range, list[Box]], piece: Range, rest: Sequence[Box]) -> bool:
    """Whether `piece` begins where the last slice ends and holds the same boxes in the remaining fields."""
    (_low, high), old = before
    return high + 1 == piece[0] and [(b.ranges, b.outcome) for b in old] == [(b.ranges, b.outcome) for b in rest]


def _pieces(boxes: list[Box], field: int) -> list[tuple[Range, list[Box]]]:
    """The field's elementary ranges in order, each with the boxes that cover it.

    Equal ranges are grouped first: in practice they are single addresses, which never overlap partly, and the cost
    stays that of one sort. Only ranges that do overlap are cut at each other's ends.
    """
    groups: dict[Range, list[Box]] = {}
    for box in boxes:
        groups.setdefault(box.ranges[field], []).append(box)
    pieces: list[tuple[Range, list[Box]]] = []
    cluster: list[tuple[Range, list[Box]]] = []
    reach = -1
    for span in sorted(groups):
        if cluster and span[0] > reach:
            pieces.extend(_cut(cluster))
            cluster = []
        cluster.append((span, groups[span]))
        reach = max(reach, span[1]) if len(cluster) > 1 else span[1]
    pieces.extend(_cut(cluster))
    return pieces


def _cut(cluster: list[tuple[Range, list[Box]]]) -> list[tuple[Range, list[Box]]]:
    """Ranges that overlap in a chain, cut at each other's ends."""
    if len(cluster) < 2:
        return cluster
    ends = sorted({span[0] for span, _group in cluster} | {span[1] + 1 for span, _group in cluster})
    pieces = []
    for low, following in itertools.pairwise(ends):
        members = [box for span, group in cluster if span[0] <= low <= span[1] for box in group]
        if members:
            pieces.append(((low, following - 1), members))
    return pieces
