# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that came from a vault (ansible-vault): planned with like any others, and shown in no finding.

A password in a wrong place must not get into a terminal, a log or a file of findings. What the plan does with a value
that is right, an address say, is another matter: the plan and the rules hold it, as they must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

#: Stands where such a value would.
NOT_SHOWN = "(a value from a vault)"


class VaultedText(str):
    """A text that came from a vault; messages that quote it (``{value!r}``) say only that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return NOT_SHOWN


class VaultedNumber(int):
    """A whole number that came from a vault; messages that quote it (``{value!r}``) say only that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return NOT_SHOWN

    def __str__(self) -> str:
        # What a plan makes of a number that is right is its digits.
        return int.__repr__(self)


def vaulted(value: str | float) -> VaultedText | VaultedNumber:
    """Return a text or a number as one from a vault; a fraction, which is right nowhere, as its text."""
    return VaultedNumber(value) if isinstance(value, int) else VaultedText(value)


def all_vaulted(value: object) -> object:
    """Return *value*, plain data, with every text and number in it as one from a vault."""
    if isinstance(value, Mapping):
        return {key: all_vaulted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [all_vaulted(item) for item in value]
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return VaultedText(value)
    return value


def vaulted_in(value: object) -> Iterator[VaultedText]:
    """Yield the texts from a vault that *value* holds, and the digits of such numbers."""
    if isinstance(value, str):
        if isinstance(value, VaultedText):
            yield value
    elif isinstance(value, VaultedNumber):
        yield VaultedText(value)
    elif isinstance(value, (dict, Mapping)):  # to ask for the abstract one alone takes five times as long
        for key, item in value.items():
            yield from vaulted_in(key)
            yield from vaulted_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from vaulted_in(item)


def without(text: str, secrets: Iterable[VaultedText]) -> str:
    """Return *text* with each of *secrets* hidden, where it stands as a word or words of its own."""
    for secret in sorted({str(item).strip() for item in secrets}, key=len, reverse=True):
        if secret:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", NOT_SHOWN, text)
    return text
