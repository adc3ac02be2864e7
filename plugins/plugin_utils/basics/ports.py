# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transport ports and port ranges: parsing, merging, text.

A port is an int from 1 to 65535. A range is inclusive at both ends, as people and firewalls write it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .vaulted import VaultedText

FIRST_PORT = 1
LAST_PORT = 65535


class PortRange(NamedTuple):
    """An inclusive range of ports; a single port is a range with two equal ends.

    A NamedTuple and not a dataclass: tens of thousands of them are compared and sorted in one plan.
    """

    low: int
    high: int

    @property
    def size(self) -> int:
        """Number of ports in the range."""
        return self.high - self.low + 1

    @property
    def text(self) -> str:
        """``7488`` or ``10000-10099``."""
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def overlaps(self, other: PortRange) -> bool:
        """Whether the two ranges share a port."""
        return self.low <= other.high and other.low <= self.high


class ReservedPorts(NamedTuple):
    """Ports of a machine that others than fax products hold.

    Attributes:
        transport: ``tcp`` or ``udp``.
        reason: who holds them, in a few words; empty where nobody says so.
        variable: the entry of the inventory that says so; empty for those of a system.
    """

    transport: str
    ports: PortRange
    reason: str
    variable: str

    @property
    def text(self) -> str:
        """``50000-50059/tcp (Hyper-V)``."""
        return f"{self.ports.text}/{self.transport}" + (f" ({self.reason})" if self.reason else "")


class PortError(ValueError):
    """A value that is not a port or not a range of ports; the message says why."""


def parse_port(value: object) -> int:
    """Return *value* as a port.

    Digits in a string are taken (templates give strings), a bool is not a number here.

    Raises:
        PortError: not a whole number from 1 to 65535.
    """
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_PORT <= value <= LAST_PORT:
        return int(value)  # as it mostly is
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise PortError(f"{value!r} is not a port number")
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()):
        raise PortError(f"{value!r} is not a port number")
    if len(text) > 5 or not FIRST_PORT <= int(text) <= LAST_PORT:
        raise PortError(f"{_quoted(value)} is not between {FIRST_PORT} and {LAST_PORT}")
    return int(text)


def _quoted(value: int | str) -> str:
    """The digits of a number that is no port, as far as anybody wants to read them."""
    return repr(value) if isinstance(value, VaultedText) else str(value).strip()[:20]


def parse_range(value: object) -> PortRange:
    """Return *value* (``7488``, ``"7488"``, ``"10000-10099"``) as a range.

    Raises:
        PortError: not a port, not two ports joined by a hyphen, or reversed.
    """
    if isinstance(value, PortRange):
        return value
    if isinstance(value, str) and "-" in value:
        first, _hyphen, last = value.partition("-")
        low, high = parse_port(first), parse_port(last)
        if low > high:
            raise PortError(f"{value!r} is reversed: its first port is above its last")
        return PortRange(low, high)
    port = parse_port(value)
    return PortRange(port, port)


def merge_ranges(ranges: Iterable[PortRange]) -> tuple[PortRange, ...]:
    """Return the same ports in the fewest ranges, in ascending order.

    Overlapping and touching ranges become one. Some firewalls refuse a set whose ranges overlap, and others lose
    the network over it (github.com/ansible-collections/ansible.posix/issues/269).
    """
    merged: list[PortRange] = []
    for item in sorted(ranges):
        if merged and item.low <= merged[-1].high + 1:
            if item.high > merged[-1].high:
                merged[-1] = PortRange(merged[-1].low, item.high)
        else:
            merged.append(item)
    return tuple(merged)


def parse_ranges(value: object) -> tuple[PortRange, ...]:
    """Return a port, a range, a comma-separated text or a list of these as merged ranges.

    Raises:
        PortError: any item is not a port or range.
    """
    if isinstance(value, PortRange):
        return (value,)
    if isinstance(value, str):
        return merge_ranges(parse_range(item) for item in value.split(","))
    if isinstance(value, (list, tuple)):
        return merge_ranges(item for part in value for item in parse_ranges(part))
    return (parse_range(value),)


def ports_text(ranges: Iterable[PortRange], separator: str = ",") -> str:
    """Return merged ranges as text, e.g. ``25,4558-4560``."""
    return separator.join(item.text for item in merge_ranges(ranges))
