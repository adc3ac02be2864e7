# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The textual representation of CommuniGate Pro's data: what its settings files, CLI commands and answers are made of.

Source: CommuniGate Pro Guide, section "Data Formats" (5.1 and 6.0), with its formal syntax rules; which symbols an
unquoted string may have is seen in the guide's own examples and in the vendor's Perl client (CGP::CLI 2.7.5).

    string     Name, "with \\"quotes\\" and \\e for an end of line"      str
    number     #50, #-0x1F                                            int
    array      (a, b)                                                 list
    dictionary {Key = value; Other = (a, b);}                         dict
    datablock  [base64]                                               bytes
    address    #I[10.0.44.55]:25                                      L(Address)
    time       #T22-10-2009_15:24:45, #T22-10-2009, #TPAST, #TFUTURE  L(TimeStamp)
    null       #NULL#                                                 None

L(parse) is strict: what is not in that grammar is a L(DataError) with its position. Whatever the input is, nothing else
is raised, and depth and size are bounded. Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Callable, Union

MOST_CHARACTERS = 4 * 1024 * 1024  # a black list of 100,000 lines has 2 million
MOST_DEPTH = 64
MOST_DIGITS = 40  # a number has 64 bits; more digits only cost time

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_ATOM = re.compile(r"[-A-Za-z0-9_.@!%:<>\x80-\U0010ffff][-A-Za-z0-9_.@!#%:<>\x80-\U0010ffff]*")
_PLAIN = re.compile(r'[^"\\\x00-\x08\x0a-\x1f\x7f]+')
_ESCAPE = re.compile(r"\\(?:([\"\\rnet])|([0-9]{3})|u'([0-9A-Fa-f]{1,6})')")
_BLOCK = re.compile(r"\[([A-Za-z0-9+/= \t\r\n]*)\]")
_NUMBER = re.compile(r"#(-?)(?:0x([0-9A-Fa-f]+)|0o([0-7]+)|0b([01]+)|([0-9]+))(?![0-9A-Za-z_])")
_ADDRESS = re.compile(r"#I\[([0-9A-Fa-f.:]{2,45})\](?::([0-9]{1,5})(?![0-9]))?")
_TIME = re.compile(
    r"#T(?:(PAST|FUTURE)|(\d{1,2})-(\d{1,2})-(\d{4})(?:_(\d{1,2}):(\d{1,2}):(\d{1,2}))?)(?![0-9A-Za-z_])"
)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[()\[\]{}]')
_BARE = re.compile(r"[A-Za-z0-9]+")  # what may go out unquoted: the guide's "atom", and nothing beyond it
_LETTERS = {'"': '"', "\\": "\\", "r": "\r", "n": "\n", "e": "\n", "t": "\t"}


class DataError(ValueError):
    """Text that is no CommuniGate Pro data, or a value that has no textual representation.

    C(position) counts characters from 0; C(problem) says what is wrong there.
    """

    def __init__(self, problem: str, position: int = 0) -> None:
        super().__init__(f"{problem} (character {position + 1})")
        self.problem, self.position = problem, position


@dataclass(frozen=True)
class Address:
    """An IP address, with or without a port."""

    address: str
    port: int | None = None

    def __str__(self) -> str:
        if self.port is None:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class TimeStamp:
    """A moment as the server writes it: its text after C(#T). Times are GMT; a date alone has no time."""

    text: str

    def __str__(self) -> str:
        return self.text


Value = Union[str, int, bytes, Address, TimeStamp, None, "list[Any]", "dict[str, Any]"]


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST_CHARACTERS:
            raise DataError(f"longer than {MOST_CHARACTERS} characters", MOST_CHARACTERS)
        self.text, self.at, self.depth = text, 0, 0

    def fail(self, problem: str, position: int | None = None) -> DataError:
        """The error to raise, at the present position unless another is given."""
        return DataError(problem, self.at if position is None else position)

    def seen(self) -> str:
        """What stands at the present position, for a message."""
        return repr(self.text[self.at]) if self.at < len(self.text) else "the end"

    def skip(self) -> None:
        """Go behind white space and comments."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def taken(self, symbol: str) -> bool:
        """Whether the symbol comes next, behind any white space; if so it has been read."""
        self.skip()
        if not self.text.startswith(symbol, self.at):
            return False
        self.at += len(symbol)
        return True

    def value(self) -> Value:
        """The next value."""
        self.skip()
        first = self.text[self.at : self.at + 1]
        reader = _READERS.get(first)
        return reader(self) if reader else self.atom()

    def atom(self) -> str:
        found = _ATOM.match(self.text, self.at)
        if not found:
            raise self.fail(f"a value was expected, and there is {self.seen()}")
        self.at = found.end()
        return found[0]

    def quoted(self) -> str:
        """A quoted string; parts that follow one another are one string (as the vendor's own client reads them)."""
        parts: list[str] = []
        while self.text.startswith('"', self.at):
            begin = self.at
            self.at += 1
            while not self.text.startswith('"', self.at):
                plain = _PLAIN.match(self.text, self.at)
                if plain:
                    self.at = plain.end()
                    parts.append(plain[0])
                elif self.at >= len(self.text):
                    raise self.fail("this string has no closing quotation mark", begin)
                else:
                    parts.append(self.escape())
            self.at += 1
            end = self.at
            self.skip()
        self.at = end
        return "".join(parts)

    def escape(self) -> str:
        found = _ESCAPE.match(self.text, self.at)
        if not found:
            raise self.fail(f"inside a string, {self.seen()} begins nothing that is known")
        letter, decimal, hexadecimal = found.groups()
        if letter:
            made = _LETTERS[letter]
        else:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            if code == 0 or (decimal and code > 255) or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise self.fail(f"no character has the code {code}")
            made = chr(code)
        self.at = found.end()
        return made

    def block(self) -> bytes:
        found = _BLOCK.match(self.text, self.at)
        if not found:
            raise self.fail("a data block holds only Base64 text up to its closing bracket")
        try:
            made = base64.b64decode("".join(found[1].split()), validate=True)
        except (binascii.Error, ValueError):
            raise self.fail("the text of this data block is not Base64") from None
        self.at = found.end()
        return made

    def array(self) -> list[Any]:
        self.enter()
        items: list[Any] = []
        while not self.taken(")"):
            if items and not self.taken(","):
                raise self.fail(f"a comma or the end of the array was expected, and there is {self.seen()}")
            items.append(self.value())
        self.depth -= 1
        return items

    def dictionary(self) -> dict[str, Any]:
        return {key: value for key, value, _begin, _end in self.entries()}

    def entries(self) -> list[tuple[str, Any, int, int]]:
        """A dictionary's keys and values, with the places where the text of each value begins and ends."""
        self.enter()
        found: list[tuple[str, Any, int, int]] = []
        known: set[str] = set()
        while not self.taken("}"):
            begin = self.at
            key = self.quoted() if self.text.startswith('"', self.at) else self.atom()
            if key in known:
                raise self.fail(f"the key {key!r} is there twice", begin)
            known.add(key)
            if not self.taken("="):
                raise self.fail(f"'=' was expected behind the key {key!r}, and there is {self.seen()}")
            self.skip()
            begin = self.at
            value = self.value()
            found.append((key, value, begin, self.at))
            if not self.taken(";"):
                raise self.fail(f"';' was expected behind the value of {key!r}, and there is {self.seen()}")
        self.depth -= 1
        return found

    def enter(self) -> None:
        """Go behind an opening bracket."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self.fail(f"nested more than {MOST_DEPTH} deep")
        self.at += 1

    def marked(self) -> Value:
        """A value that begins with C(#)."""
        if self.text.startswith("#NULL#", self.at):
            self.at += len("#NULL#")
            return None
        for form, make in ((_NUMBER, _number), (_ADDRESS, _address), (_TIME, _time)):
            found = form.match(self.text, self.at)
            if found:
                try:
                    made = make(found)
                except ValueError as error:
                    raise self.fail(str(error)) from None
                self.at = found.end()
                return made
        raise self.fail("'#' begins neither a number nor an address, a time or #NULL#")


_READERS: dict[str, Callable[[_Reader], Value]] = {
    '"': _Reader.quoted,
    "[": _Reader.block,
    "(": _Reader.array,
    "{": _Reader.dictionary,
    "#": _Reader.marked,
}


def _number(found: re.Match[str]) -> int:
    sign, *forms = found.groups()
    base, digits = next((base, text) for base, text in zip((16, 8, 2, 10), forms) if text)
    if len(digits) > MOST_DIGITS + 24 * (base == 2):
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits, base) * (-1 if sign else 1)


def _address(found: re.Match[str]) -> Address:
    try:
        address = str(ipaddress.ip_address(found[1]))
    except ValueError:
        raise ValueError(f"{found[1]!r} is no IP address") from None
    port = None if found[2] is None else int(found[2])
    if port is not None and port > 65535:
        raise ValueError(f"{port} is no port")
    return Address(address, port)


def _time(found: re.Match[str]) -> TimeStamp:
    if not found[1]:
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups()[1:])
        try:
            datetime.datetime(year, month, day, hour, minute, second)
        except ValueError:
            raise ValueError(f"{found[0]!r} is no time that there can be") from None
    return TimeStamp(found[0][2:])


def decoded(raw: bytes) -> str:
    """The text of what came over the wire, which is UTF-8. Raises L(DataError)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"byte {error.start + 1} is not UTF-8 text", error.start) from None


def parse(text: str) -> Value:
    """The one value that the text represents. Raises L(DataError) and nothing else."""
    reader = _Reader(text)
    made = reader.value()
    reader.skip()
    if reader.at < len(text):
        raise reader.fail(f"behind the value there is {reader.seen()}")
    return made


def value_texts(text: str) -> dict[str, str]:
    """A dictionary's values as their own text, in one line each: what nobody changes can be sent back as it came.

    Raises L(DataError), also when the text is no dictionary.
    """
    reader = _Reader(text)
    if not reader.taken("{"):
        raise reader.fail(f"a dictionary was expected, and there is {reader.seen()}")
    reader.at -= 1
    found = reader.entries()
    reader.skip()
    if reader.at < len(text):
        raise reader.fail(f"behind the dictionary there is {reader.seen()}")
    # A line end or a comment between the parts of a value would end or spoil a command; inside strings there is none.
    return {key: text[begin:end] if _one_line(text[begin:end]) else to_text(value) for key, value, begin, end in found}


def _one_line(text: str) -> bool:
    return not any(mark in text for mark in ("\n", "\r", "//", "/*"))


def opened(line: str) -> int:
    """How many more brackets one line opens than it closes; a string never goes over several lines.

    An answer that is sent over several lines says nowhere how many: it ends with its last bracket.
    """
    marks = [found[0] for found in _BRACKETS.finditer(line)]
    return sum(mark in "([{" for mark in marks) - sum(mark in ")]}" for mark in marks)


def to_text(value: Any, depth: int = 0) -> str:
    """The textual representation of a value, in one line. Raises L(DataError) for what has none."""
    if depth > MOST_DEPTH:
        raise DataError(f"nested more than {MOST_DEPTH} deep")
    if isinstance(value, dict):
        return dictionary_text({key: to_text(item, depth + 1) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return f"({','.join(to_text(item, depth + 1) for item in value)})"
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    raise DataError(f"a {type(value).__name__} has no textual representation")


def dictionary_text(texts: dict[str, str]) -> str:
    """A dictionary of values that are text already, in one line. Raises L(DataError) for a key that is no string."""
    parts = []
    for key, text in texts.items():
        if not isinstance(key, str):
            raise DataError(f"the key {key!r} is no string")
        parts.append(f"{_string_text(key)}={text};")
    return "{" + "".join(parts) + "}"


def _string_text(value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    if "\0" in value:
        raise DataError("a string can't hold a zero byte", value.index("\0"))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError("a string holds half a character", error.start) from None
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', _escaped, value) + '"'


def _escaped(found: re.Match[str]) -> str:
    symbol = found[0]
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\e", "\r": "\\r", "\t": "\\t"}
    return short.get(symbol) or f"\\{ord(symbol):03d}"


def _address_text(value: Address) -> str:
    return f"#I[{value.address}]" + ("" if value.port is None else f":{value.port}")


_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (type(None), lambda _value: "#NULL#"),
    (bool, lambda value: "YES" if value else "NO"),  # the format has no Booleans: the server's settings say YES and NO
    (str, _string_text),
    (int, lambda value: f"#{value}"),
    (bytes, lambda value: f"[{base64.b64encode(value).decode('ascii')}]"),
    (Address, _address_text),
    (TimeStamp, lambda value: f"#T{value.text}"),
)
