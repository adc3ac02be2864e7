# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gains access by a new plan, who loses it, and what moves: from sets of packets, not from texts.

A rule that is new and lets in nothing new is no gain, and one that is gone while another lets in the same is no loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..basics.gc_pause import gc_pause
from .grants import Border, Grant, grants_of
from .packets import Box, PacketSet


class Difference(NamedTuple):
    """What one entry lets pass in one plan and nothing does in the other.

    Attributes:
        border: where.
        packets: those of them that only one plan lets pass; none where the other plan lets all of them pass.
    """

    border: Border
    grant: Grant
    packets: tuple[Box, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all that the entry lets pass is different."""
        return self.packets == self.grant.packets.boxes


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """How two plans differ in what they let pass, in the order of devices.

    Attributes:
        gained: what only the new plan lets pass.
        lost: what only the old one does.
        moved: what is there in both under one name, from the same sender to the same receiver, in other packets: what
            the old plan has more, then what the new plan has more.
        needless: new entries that let pass only what the old plan did.
        kept: entries that are gone, and of which the new plan lets everything pass by others.
    """

    gained: tuple[Difference, ...]
    lost: tuple[Difference, ...]
    moved: tuple[tuple[Difference, Difference], ...]
    needless: tuple[Difference, ...]
    kept: tuple[Difference, ...]

    def __bool__(self) -> bool:
        """Whether anybody gains or loses anything."""
        return bool(self.gained or self.lost or self.moved)


class PlanAccess:
    """What one plan lets pass, gathered slice by slice."""

    def __init__(self, hosts: Collection[str]) -> None:
        """Begin with nothing.

        Args:
            hosts: the names of all hosts of the plan.
        """
        self._hosts = hosts
        self.by_border: defaultdict[Border, list[Grant]] = defaultdict(list)

    def add(self, part: Mapping[str, Any]) -> None:
        """Add a slice. Slices that are equal in both plans may be left out of both."""
        for border, grant in grants_of(part, self._hosts):
            self.by_border[border].append(grant)


def access_changes(old: PlanAccess, new: PlanAccess) -> AccessChanges:
    """Compare what two plans let pass at each border."""
    with gc_pause():
        return _compared(old, new)


def _compared(old: PlanAccess, new: PlanAccess) -> AccessChanges:
    gained: list[Difference] = []
    lost: list[Difference] = []
    needless: list[Difference] = []
    kept: list[Difference] = []
    for border in sorted({*old.by_border, *new.by_border}):
        before, after = (plan.by_border.get(border, ()) for plan in (old, new))
        for more, none, mine, others in ((gained, needless, after, before), (lost, kept, before, after)):
            same = {grant.identity for grant in others}
            for difference in _only(border, mine, others):
                if difference.packets:
                    more.append(difference)
                elif difference.grant.identity not in same:  # else it is one entry that was narrowed or widened
                    none.append(difference)
    moved = _moved(lost, gained)
    taken = {id(item) for pair in moved for item in pair}
    return AccessChanges(
        gained=tuple(item for item in gained if id(item) not in taken),
        lost=tuple(item for item in lost if id(item) not in taken),
        moved=tuple(moved),
        needless=tuple(needless),
        kept=tuple(kept),
    )


def _only(border: Border, mine: Iterable[Grant], others: Iterable[Grant]) -> Iterable[Difference]:
    """Yield each entry that is not among the others, with the packets that none of those has."""
    known = set(others)
    different = [grant for grant in dict.fromkeys(mine) if grant.told and grant not in known]
    if not different:
        return
    there = PacketSet(box for grant in _near(different, known) for box in grant.packets.boxes)
    for grant in different:
        yield Difference(border, grant, tuple(piece for box in grant.packets.boxes for piece in there.missing(box)))


def _near(different: Iterable[Grant], known: Iterable[Grant]) -> Iterable[Grant]:
    """Leave out what surely shares no packet with any of some entries: what other single senders send."""
    senders = {grant.packets.own for grant in different}
    if not all(map(_is_one_address, senders)):
        return known
    return [grant for grant in known if grant.packets.own in senders or not _is_one_address(grant.packets.own)]


def _is_one_address(networks: str) -> bool:
    return bool(networks) and "/" not in networks and "," not in networks


def _moved(lost: list[Difference], gained: list[Difference]) -> list[tuple[Difference, Difference]]:
    """Pair what goes and what comes under one name between the same two."""

    gone: defaultdict[tuple[Border, tuple[str, ...]], list[Difference]] = defaultdict(list)
    for item in lost:
        gone[item.border, item.grant.identity].append(item)
    pairs = []
    for item in gained:
        same = gone.get((item.border, item.grant.identity))
        if same:
            pairs.append((same.pop(0), item))
    return pairs
