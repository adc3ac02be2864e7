# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of access in words, for terminals and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..basics.addresses import Address
from ..basics.protocols import NAMES
from .changes import AccessChanges, Difference
from .grants import ANY_ADDRESS, ANY_PORT, ANY_PROTOCOL
from .packets import Box, Interval

#: Of one entry that was widened or narrowed in many places, so many are told.
MOST_PIECES = 4

#: What becomes of an entry.
GAINS = "gains"
LOSES = "loses"
MOVES = "moves"
NEEDLESS = "no change necessary"
STAYS = "still passes"

#: Why nobody gains or loses anything by an entry.
_WHY = {NEEDLESS: "it is let pass already", STAYS: "something else lets it pass"}

NOTHING_CHANGES = "Nobody gains or loses access."


class Told(NamedTuple):
    """What becomes of one entry, in words.

    Attributes:
        change: one of the words above.
        through: the device that it passes; empty where it ends there.
        version: of IP.
        packets: which.
        becomes: for what moves: to whom, where that is somebody else, and which packets.
        entry: name of what lets them pass.
    """

    change: str
    source: str
    destination: str
    through: str
    version: int
    packets: str
    becomes: str
    entry: str

    @property
    def line(self) -> str:
        """All of it as one line."""
        becomes = f" becomes {self.becomes}" if self.becomes else ""
        why = f": {_WHY[self.change]}" if self.change in _WHY else ""
        ends = _joined(self.source, self.destination, self.through, self.version)
        return f"{self.change}: {ends}: {self.packets}{becomes} ({self.entry}){why}"


def told_changes(changes: AccessChanges) -> Iterator[Told]:
    """Yield what becomes of each entry: gains, losses, what moves, and what makes no difference."""
    for word, items in ((GAINS, changes.gained), (LOSES, changes.lost)):
        for item in items:
            yield _told(word, item)
    for old, new in changes.moved:
        before, after = _packets(old), _packets(new)
        if _ends(old) != _ends(new):
            after = f"{_ends(new)}: {after}"
        elif before == after:  # then they come from elsewhere, or go elsewhere, or somebody else sends them
            before, after = _pieces(old), _pieces(new)
            if before == after:
                before, after = _pieces(old, senders=True), _pieces(new, senders=True)
        yield _told(MOVES, old)._replace(packets=before, becomes=after, entry=new.grant.name)
    for word, items in ((NEEDLESS, changes.needless), (STAYS, changes.kept)):
        for item in items:
            yield _told(word, item)


def access_lines(changes: AccessChanges) -> Iterator[str]:
    """Yield the changes, a line each; one that says so where nobody gains or loses anything."""
    if not changes:
        yield NOTHING_CHANGES
    for told in told_changes(changes):
        yield told.line


def access_data(changes: AccessChanges) -> dict[str, list[dict[str, Any]]]:
    """The same for programs."""
    told: dict[str, Iterable[Difference]] = {
        "gained": (*changes.gained, *(new for _old, new in changes.moved)),
        "lost": (*changes.lost, *(old for old, _new in changes.moved)),
        "needless": changes.needless,
        "kept": changes.kept,
    }
    return {key: [_entry(item) for item in items] for key, items in told.items()}


def _entry(item: Difference) -> dict[str, Any]:
    return {
        "name": item.grant.name,
        "source": item.grant.source,
        "destination": item.grant.destination,
        "device": item.border.device,
        "crossing": item.border.crossing,
        "version": item.border.version,
        "packets": _packets(item),
    }


def _told(change: str, item: Difference) -> Told:
    through = item.border.device if item.border.crossing == "through" else ""
    grant = item.grant
    return Told(change, grant.source, grant.destination, through, item.border.version, _packets(item), "", grant.name)


def _ends(item: Difference) -> str:
    told = _told("", item)
    return _joined(told.source, told.destination, told.through, told.version)


def _joined(source: str, destination: str, through: str, version: int) -> str:
    passing = f" through {through}" if through else ""
    return f"{source} to {destination}{passing}{' by IPv6' if version == 6 else ''}"


def _packets(item: Difference) -> str:
    """What is different of an entry; all of its packets where nothing else is."""
    grant, whole = item.grant, item.is_whole or not item.packets
    if grant.is_everything:
        return f"everything{'' if whole else ' else'}{grant.remark}"
    if whole:
        return f"{grant.packets.words}{grant.remark}"
    return f"of {grant.packets.words}{grant.remark}: {_pieces(item)}"


def _pieces(item: Difference, *, senders: bool = False) -> str:
    """The packets that are different; with *senders*, also who sends what arrives from somebody else's address."""
    version = item.border.version
    pieces = list(
        dict.fromkeys(f"{_piece(box, version)}{_sender(box, version) if senders else ''}" for box in item.packets)
    )
    more = len(pieces) - MOST_PIECES
    return "; ".join(pieces[:MOST_PIECES]) + (f"; and {more} more" if more > 0 else "")


def _piece(box: Box, version: int) -> str:
    anybody = ANY_ADDRESS[version]
    words = [_protocol(box.protocol)]
    if box.ports != ANY_PORT:
        words.append(_span(box.ports))
    if box.source_ports != ANY_PORT:
        words.append(f"from port {_span(box.source_ports)}")
    if box.seen != anybody:
        words.append(f"from {_addresses(box.seen, version)}")
    if box.destination != anybody:
        words.append(f"to {_addresses(box.destination, version)}")
    return " ".join(words)


def _sender(box: Box, version: int) -> str:
    return "" if box.own in (box.seen, ANY_ADDRESS[version]) else f" ({_addresses(box.own, version)} sends them)"


def _protocol(numbers: Interval) -> str:
    if numbers == ANY_PROTOCOL:
        return "any protocol"
    if numbers.low == numbers.high:
        return NAMES.get(numbers.low, f"protocol {numbers.low}")
    return f"protocols {_span(numbers)}"


def _span(numbers: Interval) -> str:
    return str(numbers.low) if numbers.low == numbers.high else f"{numbers.low}-{numbers.high}"


def _addresses(span: Interval, version: int) -> str:
    ends = [Address(version, value).text for value in dict.fromkeys(span)]
    return "-".join(ends)
