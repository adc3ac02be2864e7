# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's textual data format, written apart from the codec that the modules use, so that each shows the other's
faults.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SYMBOLS = re.compile(
    r"""(?P<space>(?:[ \t\r\n]|//[^\r\n]*)+)|(?P<mark>[(){}=;,])|(?P<string>"(?:[^"\\\x00-\x08\x0a-\x1f]|\\.)*")"""
    r"""|(?P<block>\[[A-Za-z0-9+/= \t\r\n]*\])|(?P<null>\#NULL\#)|(?P<address>\#I\[[0-9A-Fa-f.:]+\](?::\d{1,5})?)"""
    r"""|(?P<time>\#T[-A-Z0-9_:]+)|(?P<number>\#-?(?:0x[0-9A-Fa-f]+|0o[0-7]+|0b[01]+|\d+))|(?P<atom>[-\w.@!%:<>]+)"""
)
UNESCAPED = {"e": "\n", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Marked:
    """An address or a time: the text that it has in the data format."""

    text: str


def symbols(text: str) -> Iterator[tuple[str, str]]:
    """The text's symbols, kind and text, without white space and comments. Raises ValueError."""
    at = 0
    while at < len(text):
        found = SYMBOLS.match(text, at)
        if not found or not found.lastgroup:
            raise ValueError(f"symbol {at + 1} is not expected")
        at = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found[0]


def string_of(part: str) -> str:
    """What a quoted string says. Raises ValueError."""

    def symbol(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1]))
        if found[2]:
            return chr(int(found[2], 16))
        if found[3] not in UNESCAPED:
            raise ValueError(f"\\{found[3]} means nothing")
        return UNESCAPED[found[3]]

    return re.sub(r"\\(?:(\d{3})|u'([0-9A-Fa-f]{1,5})'|(.))", symbol, part[1:-1])


def values(text: str) -> list[Any]:
    """The values that stand in the text one behind the other. Raises ValueError."""
    stack: list[tuple[str, list[Any]]] = [("", [])]
    for kind, part in symbols(text):
        holder, items = stack[-1]
        if kind == "mark" and part in "({":
            stack.append((part, []))
            if len(stack) > 100:
                raise ValueError("nested too deep")
        elif kind == "mark" and part in ")}":
            if holder + part not in ("()", "{}"):
                raise ValueError(f"{part} closes nothing")
            stack.pop()
            stack[-1][1].append(_array(items) if holder == "(" else _dictionary(items))
        elif kind == "mark":
            items.append((part,))
        else:
            items.append(_value(kind, part))
    if len(stack) > 1:
        raise ValueError(f"{stack[-1][0]} is not closed")
    if any(isinstance(item, tuple) for item in stack[0][1]):
        raise ValueError("a separator stands outside of any bracket")
    return stack[0][1]


def _value(kind: str, text: str) -> Any:
    readers: dict[str, Callable[[], Any]] = {
        "string": lambda: string_of(text),
        "number": lambda: int(text[1:], 0 if set("xob") & set(text) else 10),
        "block": lambda: base64.b64decode("".join(text[1:-1].split()), validate=True),
        "null": lambda: None,
        "address": lambda: Marked(text),
        "time": lambda: Marked(text),
    }
    return readers.get(kind, lambda: text)()


def _array(items: list[Any]) -> list[Any]:
    regular = len(items) % 2 and items[1::2] == [(",",)] * (len(items) // 2)
    if items and not (regular and not any(isinstance(item, tuple) for item in items[::2])):
        raise ValueError("an array's values are separated by commas")
    return items[::2]


def _dictionary(items: list[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if len(items) % 4:
        raise ValueError("a dictionary is made of key=value; with a semicolon behind each")
    for key, equals, value, end in zip(*[iter(items)] * 4, strict=True):
        if equals != ("=",) or end != (";",) or not isinstance(key, str) or isinstance(value, tuple) or key in made:
            raise ValueError("a dictionary is made of different keys, each with key=value;")
        made[key] = value
    return made


def quoted(text: str) -> str:
    """A string in the data format."""
    if re.fullmatch(r"[A-Za-z0-9]+", text, re.ASCII):
        return text
    names = {'"': '\\"', "\\": "\\\\", "\n": "\\e", "\r": "\\r", "\t": "\\t"}
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', lambda sign: names.get(sign[0]) or f"\\{ord(sign[0]):03d}", text) + '"'


def as_text(value: Any, indent: str | None = None) -> str:
    """A value in the data format: in one line, or over several with an indent, as the product writes its files."""
    if isinstance(value, dict):
        pairs = [(quoted(key), as_text(item, None if indent is None else indent + "  ")) for key, item in value.items()]
        if indent is None:
            return "{" + "".join(f"{key}={item};" for key, item in pairs) + "}"
        return "{\r\n" + "".join(f"{indent}  {key} = {item};\r\n" for key, item in pairs) + indent + "}"
    if isinstance(value, list):
        parts = [as_text(item, None if indent is None else indent + "  ") for item in value]
        return "(" + (", " if indent is not None else ",").join(parts) + ")"
    writers: tuple[tuple[type, Callable[[Any], str]], ...] = (
        (bytes, lambda found: f"[{base64.b64encode(found).decode('ascii')}]"),
        (Marked, lambda found: str(found.text)),
        (str, quoted),
        (int, lambda found: f"#{found}"),
        (type(None), lambda _found: "#NULL#"),
    )
    return next(write(value) for kind, write in writers if isinstance(value, kind))
