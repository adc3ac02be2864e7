# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's literals as module authors write argument specs: hash tables, arrays, strings, numbers, $true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import EmulatorError

_TOKENS = re.compile(
    r"""
      (?P<space>[ \t\r]+|\#[^\n]*)
    | (?P<end>[\n;])
    | (?P<table>@\{) | (?P<array>@\() | (?P<close>[})]) | (?P<equals>=) | (?P<comma>,)
    | '(?P<single>(?:[^']|'')*)'
    | "(?P<double>(?:[^"`$]|"")*)"
    | (?P<number>-?\d+)(?![\w.])
    | \$(?P<variable>\w+)
    | (?P<word>[A-Za-z_]\w*)
    """,
    re.VERBOSE,
)


class LiteralError(EmulatorError):
    """What stands there is no literal, but a program."""


@dataclass(frozen=True)
class Variable:
    """A variable that stands in a literal; what it holds is not known here."""

    name: str


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def literal(text: str, start: int = 0) -> Any:
    """The literal that begins at a place of a source: a dict, list, str, int, bool, None or Variable.

    Raises:
        LiteralError: It is none, for something in it would have to be worked out.
    """
    return _Reader(_tokens(text, start)).sequence()


def _tokens(text: str, start: int) -> Iterator[_Token]:
    place = start
    while place < len(text):
        found = _TOKENS.match(text, place)
        if found is None:
            yield _Token("other", text[place : place + 40])
            return
        place = found.end()
        if found.lastgroup != "space":
            yield _Token(found.lastgroup or "", found[found.lastgroup or 0])


class _Reader:
    """Reads tokens one after the other, and no further than the literal goes."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = tokens
        self._next: _Token | None = None

    def _peek(self) -> _Token:
        if self._next is None:
            self._next = next(self._tokens, _Token("nothing", ""))
        return self._next

    def _take(self) -> _Token:
        token, self._next = self._peek(), None
        return token

    def _skip(self, *kinds: str) -> None:
        while self._peek().kind in kinds:
            self._take()

    def sequence(self) -> Any:
        """One value, or a list where commas join several; a comma in front makes a list of one."""
        if self._peek().kind == "comma":
            self._take()
            self._skip("end")
            return [self._value()]
        value = self._value()
        if self._peek().kind != "comma":
            return value
        values = [value]
        while self._peek().kind == "comma":
            self._take()
            self._skip("end")
            values.append(self._value())
        return values

    def _value(self) -> Any:
        token = self._take()
        simple = {"single": _unquoted("'"), "double": _unquoted('"'), "number": int, "variable": _variable}
        if token.kind in simple:
            return simple[token.kind](token.text)
        if token.kind == "table":
            return self._table()
        if token.kind == "array":
            return self._array()
        raise LiteralError(f"no literal of PowerShell: {token.text!r}")

    def _table(self) -> dict[str, Any]:
        table: dict[str, Any] = {}
        self._skip("end")
        while self._peek().kind != "close":
            key = self._take()
            if key.kind not in ("word", "single", "double", "number") or self._take().kind != "equals":
                raise LiteralError(f"no key of a hash table: {key.text!r}")
            self._skip("end")
            table[key.text] = self.sequence()
            if self._peek().kind not in ("end", "close"):
                raise LiteralError(f"{key.text}: more than a literal, {self._peek().text!r}")
            self._skip("end")
        self._take()
        return table

    def _array(self) -> list[Any]:
        values: list[Any] = []
        self._skip("end")
        while self._peek().kind != "close":
            found = self.sequence()
            values += found if isinstance(found, list) else [found]
            self._skip("end")
        self._take()
        return values


def _unquoted(quote: str) -> Any:
    return lambda text: text.replace(quote * 2, quote)


def _variable(name: str) -> Any:
    known: dict[str, Any] = {"true": True, "false": False, "null": None}
    return known.get(name.lower(), Variable(name)) if name.lower() in known else Variable(name)
