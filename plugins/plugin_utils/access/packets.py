# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of packets as boxes: what is in one set and not in another, exactly.

Firewall rules overlap: a permit for a network holds what one for a host of that network says. So two plans are not
compared rule by rule but packet by packet, and since there are too many packets, by boxes of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Interval(NamedTuple):
    """Whole numbers from *low* to *high*, both included."""

    low: int
    high: int

    def holds(self, other: Interval) -> bool:
        """Whether all of *other* lies in it."""
        return self.low <= other.low and other.high <= self.high

    def meets(self, other: Interval) -> bool:
        """Whether the two share a number."""
        return self.low <= other.high and other.low <= self.high


class Box(NamedTuple):
    """All packets of which each property lies in an interval.

    Attributes:
        own: the sender's own address; any where it is not known.
        seen: the address that its packets arrive from.
        destination: the address that they arrive at.
        protocol: the number of the IP protocol.
        source_ports, ports: 0 to 65535 where any will do, or the protocol has none.
    """

    own: Interval
    seen: Interval
    destination: Interval
    protocol: Interval
    source_ports: Interval
    ports: Interval


class PacketSet:
    """The packets that are in any of some boxes."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        # Most senders have one address, and meet only boxes of that address and those for many senders.
        self._of_one: defaultdict[int, list[Box]] = defaultdict(list)
        self._of_many: list[Box] = []
        self._all = dict.fromkeys(boxes)
        for box in self._all:
            if box.own.low == box.own.high:
                self._of_one[box.own.low].append(box)
            else:
                self._of_many.append(box)

    def missing(self, box: Box) -> tuple[Box, ...]:
        """Return what is in *box* and not in this set, as boxes that share no packet."""
        if box in self._all:
            return ()
        left: tuple[Box, ...] = (box,)
        for other in self._near(box):
            left = tuple(piece for item in left for piece in without(item, other))
            if not left:
                break
        return left

    def _near(self, box: Box) -> Iterable[Box]:
        yield from self._of_many
        if box.own.low == box.own.high:
            yield from self._of_one.get(box.own.low, ())
            return
        for own, boxes in self._of_one.items():
            if box.own.low <= own <= box.own.high:
                yield from boxes


def without(box: Box, other: Box) -> Sequence[Box]:
    """Return what is in *box* and not in *other*, as boxes that share no packet."""
    if not all(map(Interval.meets, box, other)):
        return (box,)
    pieces = []
    for place, (mine, theirs) in enumerate(zip(box, other, strict=True)):
        if mine.low < theirs.low:
            pieces.append(_with(box, place, Interval(mine.low, theirs.low - 1)))
        if theirs.high < mine.high:
            pieces.append(_with(box, place, Interval(theirs.high + 1, mine.high)))
        box = _with(box, place, Interval(max(mine.low, theirs.low), min(mine.high, theirs.high)))
    return pieces


def _with(box: Box, place: int, interval: Interval) -> Box:
    return Box._make((*box[:place], interval, *box[place + 1 :]))
