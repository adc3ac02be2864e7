# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of access in words, for terminals and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..basics.addresses import Address
from ..basics.protocols import NUMBERS
from .changes import AccessChanges, Difference
from .grants import ANY_ADDRESS, ANY_PORT, ANY_PROTOCOL
from .packets import Box, Interval

#: Of one entry that was widened or narrowed in many places, so many are told.
MOST_PIECES = 4

_PROTOCOLS = {number: name for name, number in NUMBERS.items()}


def access_lines(changes: AccessChanges) -> Iterator[str]:
    """Yield the changes, a line each; one that says so where nobody gains or loses anything."""
    if not changes:
        yield "Nobody gains or loses access."
    for word, items in (("gains", changes.gained), ("loses", changes.lost)):
        for item in items:
            yield f"{word}: {_said(item)}"
    for old, new in changes.moved:
        ends = "" if _ends(old) == _ends(new) else f"{_ends(new)}: "
        yield f"moves: {_ends(old)}: {_packets(old)} becomes {ends}{_packets(new)} ({new.grant.name})"
    for item in changes.needless:
        yield f"no change necessary: {_said(item)}: it is let pass already"
    for item in changes.kept:
        yield f"still passes: {_said(item)}: something else lets it pass"


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


def _said(item: Difference) -> str:
    return f"{_ends(item)}: {_packets(item)} ({item.grant.name})"


def _ends(item: Difference) -> str:
    through = f" through {item.border.device}" if item.border.crossing == "through" else ""
    version = " by IPv6" if item.border.version == 6 else ""
    return f"{item.grant.source} to {item.grant.destination}{through}{version}"


def _packets(item: Difference) -> str:
    """What is different of an entry; all of its packets where nothing else is."""
    grant, whole = item.grant, item.is_whole or not item.packets
    if grant.is_everything:
        return f"everything{'' if whole else ' else'}{grant.remark}"
    if whole:
        return f"{grant.packets.words}{grant.remark}"
    pieces = [_piece(piece, item.border.version) for piece in item.packets]
    pieces = list(dict.fromkeys(pieces))
    more = len(pieces) - MOST_PIECES
    listed = "; ".join(pieces[:MOST_PIECES]) + (f"; and {more} more" if more > 0 else "")
    return f"of {grant.packets.words}{grant.remark}: {listed}"


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


def _protocol(numbers: Interval) -> str:
    if numbers == ANY_PROTOCOL:
        return "any protocol"
    if numbers.low == numbers.high:
        return _PROTOCOLS.get(numbers.low, f"protocol {numbers.low}")
    return f"protocols {_span(numbers)}"


def _span(numbers: Interval) -> str:
    return str(numbers.low) if numbers.low == numbers.high else f"{numbers.low}-{numbers.high}"


def _addresses(span: Interval, version: int) -> str:
    ends = [Address(version, value).text for value in dict.fromkeys(span)]
    return "-".join(ends)
