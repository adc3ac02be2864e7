# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration's mappings, read one value at a time; each complaint names the place, the value and the cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import EmulatorError
from .settings import LAST_PORT


class Entry:
    """A mapping of the configuration and the place it stands at, so that every complaint names the place."""

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise EmulatorError(f"{where or 'the configuration'}: {value!r} is not a mapping")
        self.where, self.value = where, value

    def at(self, key: str) -> str:
        """The place of what stands under a key."""
        return f"{self.where}.{key}" if self.where else key

    def text(self, key: str, default: str | None = None, choices: Sequence[str] = ()) -> str:
        """Printable text in one line, one of the choices if there are any."""
        found = self.value.get(key, default)
        if not isinstance(found, str) or not found or not found.isprintable():
            raise EmulatorError(f"{self.at(key)}: {found!r} is not a name; write printable text in one line")
        if choices and found not in choices:
            raise EmulatorError(f"{self.at(key)}: {found!r} is unknown; write one of {', '.join(choices)}")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of them."""
        found = self.value.get(key)
        if isinstance(found, str):
            found = [found]
        if not isinstance(found, list) or not found or not all(isinstance(item, str) and item for item in found):
            raise EmulatorError(f"{self.at(key)}: {found!r} is neither an address nor a list of addresses")
        return tuple(found)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from low to high."""
        found = self.value.get(key, default)
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            raise EmulatorError(f"{self.at(key)}: {found!r} is not a whole number from {low} to {high}")
        return found

    def entry(self, key: str) -> Entry:
        """The mapping under a key."""
        return Entry(self.at(key), self.value.get(key))

    def entries(self, key: str) -> list[Entry]:
        """The mappings of the list under a key; none if the key is missing."""
        found = self.value.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            raise EmulatorError(f"{self.at(key)}: {found!r} is not a list")
        return [Entry(f"{self.at(key)}[{index}]", item) for index, item in enumerate(found)]


def port_span(text: str, where: str) -> tuple[int, int]:
    """First and last port of C("7"), or of C("7-9")."""
    first, dash, last = text.partition("-")
    try:
        low, high = int(first), int(last if dash else first)
    except ValueError:
        raise EmulatorError(f"{where}: {text!r} is neither a port nor a range of ports like 7000-7099") from None
    if not 1 <= low <= high <= LAST_PORT:
        raise EmulatorError(f"{where}: {text!r} does not run upward within 1 to {LAST_PORT}")
    return low, high
