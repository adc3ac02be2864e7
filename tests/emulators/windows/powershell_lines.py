# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of straight lines, read: a command a line, with literals for parameters. Whatever else is no script for us.

What PowerShell's own tokenizer does with quotes is kept: U+2018 to U+201B are single quotes as the ASCII one is, and
two of them in a row stand for the second. No variables, no control flow, nothing that is worked out: a script that has
more is refused as a whole, and none of it runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import ScriptError

QUOTES = "'\u2018\u2019\u201a\u201b"
_WORD = re.compile(r"[A-Za-z0-9_.:\\/=*%+][A-Za-z0-9_.:\\/=*%+-]*")
_PARAMETER = re.compile(r"-([A-Za-z]\w*)(:?)")
_CONSTANT = re.compile(r"\$(true|false)(?!\w)", re.IGNORECASE)

Literal = str | bool


@dataclass(frozen=True)
class Command:
    """One line's command."""

    line: int  # counted from 1
    name: str  # as written
    named: Mapping[str, tuple[Literal, ...]] = field(default_factory=dict)  # parameter in small letters: its values
    positional: tuple[Literal, ...] = ()


def commands(script: str) -> list[Command]:
    """The commands of a script.

    Args:
        script: Its text.

    Raises:
        ScriptError: Something in it is more than a straight line. The text names the line.
    """
    found = []
    for number, line in enumerate(re.split(r"\r?\n", script), 1):
        words = _Line(number, line).words()
        if words:
            found.append(_command(number, words))
    return found


@dataclass(frozen=True)
class _Word:
    kind: str  # parameter, attached (parameter with a colon), value or comma
    value: Literal
    is_quoted: bool = False


class _Line:
    """Takes a line apart."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.text, self.place = number, text, 0

    def words(self) -> list[_Word]:
        words = []
        while self._skip_space():
            words.append(self._word())
        return words

    def _skip_space(self) -> bool:
        while self.text[self.place : self.place + 1] in (" ", "\t"):
            self.place += 1
        return self.place < len(self.text) and self.text[self.place] != "#"

    def _word(self) -> _Word:
        sign = self.text[self.place]
        if sign == ",":
            self.place += 1
            return _Word("comma", ",")
        if sign in QUOTES:
            return _Word("value", self._quoted(), is_quoted=True)
        for kind, pattern in (("constant", _CONSTANT), ("parameter", _PARAMETER), ("word", _WORD)):
            found = pattern.match(self.text, self.place)
            if found:
                self.place = found.end()
                if kind != "parameter" or not found[2]:  # behind -Name: the value may stand at once
                    self._must_end()
                return self._found(kind, found)
        raise ScriptError(
            f"line {self.number}: {self.text[self.place :][:20]!r} is beyond straight lines of PowerShell"
        )

    def _found(self, kind: str, found: re.Match[str]) -> _Word:
        if kind == "constant":
            return _Word("value", found[1].lower() == "true")
        if kind == "parameter":
            return _Word("attached" if found[2] else "parameter", found[1].lower())
        return _Word("value", found[0])

    def _must_end(self) -> None:
        """A word goes on to a space, a comma or the line's end: what is glued to it would change its meaning."""
        behind = self.text[self.place : self.place + 1]
        if behind not in ("", " ", "\t", ","):
            raise ScriptError(f"line {self.number}: {behind!r} behind a word is beyond straight lines of PowerShell")

    def _quoted(self) -> str:
        signs = []
        self.place += 1
        while self.place < len(self.text):
            sign = self.text[self.place]
            self.place += 1
            if sign not in QUOTES:
                signs.append(sign)
            elif self.text[self.place : self.place + 1] and self.text[self.place] in QUOTES:
                signs.append(self.text[self.place])  # two in a row are the second
                self.place += 1
            else:
                self._must_end()
                return "".join(signs)
        raise ScriptError(f"line {self.number}: a quoted text does not end in its line")


def _command(number: int, words: list[_Word]) -> Command:
    name, *rest = words
    if name.kind != "value" or name.is_quoted or not re.fullmatch(r"[A-Za-z][\w.-]*", str(name.value)):
        raise ScriptError(f"line {number}: does not begin with the name of a command")
    named: dict[str, tuple[Literal, ...]] = {}
    positional: list[Literal] = []
    while rest:
        word = rest.pop(0)
        if word.kind == "comma":
            raise ScriptError(f"line {number}: a comma without a value before it")
        if word.kind == "value":
            if rest and rest[0].kind == "comma":
                raise ScriptError(f"line {number}: a list without a parameter")
            positional.append(word.value)
            continue
        if word.value in named:
            raise ScriptError(f"line {number}: -{word.value} stands there twice")
        named[str(word.value)] = _values(number, word, rest)
    return Command(number, str(name.value), named, tuple(positional))


def _values(number: int, parameter: _Word, rest: list[_Word]) -> tuple[Literal, ...]:
    """The values behind a parameter; none for a switch."""
    values: list[Literal] = []
    while rest and rest[0].kind == "value":
        values.append(rest.pop(0).value)
        if not rest or rest[0].kind != "comma":
            break
        rest.pop(0)
        if not rest or rest[0].kind != "value":
            raise ScriptError(f"line {number}: a comma without a value behind it")
    if parameter.kind == "attached" and len(values) != 1:
        raise ScriptError(f"line {number}: -{parameter.value}: has no value")
    return tuple(values)
