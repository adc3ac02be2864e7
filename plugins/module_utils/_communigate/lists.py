# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of CommuniGate Pro's network address lists: text to lines, and lines to text, byte for byte.

Sources: the chapter Network of the CommuniGate Pro guide, "Network Address Lists" (5.1, 5.2 to 6.3) and "Address Lists"
(6.4). What a list contains, once it is read, is computed in ``_communigate_list_sets.py``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, NamedTuple

#: What each version of the grammar added to the one before it; a later server reads what an earlier one wrote.
GRAMMARS: dict[str, frozenset[str]] = {
    "5.0": frozenset(),
    "5.1": frozenset({"exclusions"}),
    "5.2": frozenset({"exclusions", "masks"}),
    "6.4": frozenset({"exclusions", "masks", "references"}),
}
NEWEST = "6.4"
#: Signs of a list's name in 6.4: "Latin letters, digits, symbols ._- (dot, underscore, minus)".
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_BLANKS = " \t\r"
#: What would end the text or the line for some reader on the way. A carriage return may stand at the end alone.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_ENTRY_KINDS = ("address", "range", "prefix", "name", "template")
_BITS = {4: 32, 6: 128}


class Problem(NamedTuple):
    """What is wrong with one line: its number (from 1; 0 for the whole list), the value, what, and what to do."""

    line: int
    value: str
    message: str
    cure: str

    @property
    def text(self) -> str:
        """The problem as one line for people."""
        where = f"line {self.line}: " if self.line else ""
        return f'{where}"{printable(self.value)}" {self.message}; {self.cure}'


class AddressListError(ValueError):
    """A list that cannot be read. Its text holds every problem of the list, one a line; *problems* has them as data."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.text for problem in problems))
        self.problems = tuple(problems)


class ListLine(NamedTuple):
    """One line of a list.

    Attributes:
        number: from 1.
        text: the line as it stands, without the line feed that ends it.
        kind: ``address``, ``range``, ``prefix``, ``name`` (another list), ``template`` (domain names), ``comment`` or
            ``empty``.
        excluded: whether ``!`` takes its addresses away from what the lines before it gave.
        version: 4 or 6; None for what is not written in addresses.
        first, last: the first and last address as ints; None likewise.
        name: the other list's name, or the template; None for the rest.
        comment: what follows the semicolon, without blanks around it; None where there is no semicolon.
    """

    number: int
    text: str
    kind: str
    excluded: bool = False
    version: int | None = None
    first: int | None = None
    last: int | None = None
    name: str | None = None
    comment: str | None = None

    @property
    def is_entry(self) -> bool:
        """Whether the line says something about addresses, and is not only a comment or empty."""
        return self.kind in _ENTRY_KINDS

    @property
    def value(self) -> str | None:
        """The entry without ``!`` and comment, in its usual notation; None where the line has none."""
        if self.kind == "name":
            return f"#{self.name}"
        if self.kind == "template":
            return f"#@{self.name}"
        if self.version is None or self.first is None or self.last is None:
            return None
        first = address_text(self.version, self.first)
        if self.kind == "address":
            return first
        if self.kind == "prefix":
            return f"{first}/{_BITS[self.version] - (self.last - self.first).bit_length()}"
        return f"{first}-{address_text(self.version, self.last)}"


class AddressList(NamedTuple):
    """A list as it was read: its lines, comments and empty lines included, in their order."""

    lines: tuple[ListLine, ...]

    @property
    def text(self) -> str:
        """The list's text, equal to what it was read from."""
        return "\n".join(line.text for line in self.lines)

    @property
    def entries(self) -> tuple[ListLine, ...]:
        """The lines that say something about addresses."""
        return tuple(line for line in self.lines if line.is_entry)


class _LineError(ValueError):
    """What is wrong with the value at hand: message and cure."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def printable(value: str, limit: int = 80) -> str:
    """Return *value* as one printable line of at most *limit* characters, for messages."""
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def address_text(version: int, value: int) -> str:
    """Return an address as people write it (RFC 5952 for IPv6)."""
    return str(ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value))


def parse_address(text: str) -> tuple[int, int]:
    """Return an address's version and its value as an int.

    Raises:
        ValueError: not a complete address in its usual notation; the message says so in a few words.
    """
    # Python before 3.9.5 reads 010.0.0.1 as 10.0.0.1, where old C libraries read 8.0.0.1; and a zone (fe80::1%eth0)
    # belongs to one machine.
    zeros = "." in text and any(part.startswith("0") and part != "0" for part in text.rpartition(":")[2].split("."))
    if zeros or "%" in text:
        raise ValueError("is not an IP address")
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        # From None: the library's words name the value again, unshortened.
        raise ValueError("is not an IP address") from None
    return parsed.version, int(parsed)


def network_text(version: int, first: int, last: int, grammar: str = NEWEST) -> str:
    """Return a network or range in the shortest notation that *grammar* has."""
    if first == last:
        return address_text(version, first)
    size = last - first + 1
    if "masks" in GRAMMARS[grammar] and not size & (size - 1) and not first % size and size < 1 << _BITS[version]:
        return f"{address_text(version, first)}/{_BITS[version] - size.bit_length() + 1}"
    return f"{address_text(version, first)}-{address_text(version, last)}"


def parse(text: Any, grammar: str = NEWEST) -> AddressList:
    """Read a list.

    Args:
        text: lines that end in a line feed; the last one's may be missing. A carriage return before it is kept.
        grammar: key of :data:`GRAMMARS`.

    Raises:
        AddressListError: lines that cannot be read, all of them; or no text; or an unknown grammar.
    """
    if grammar not in GRAMMARS:
        known = ", ".join(GRAMMARS)
        raise AddressListError([Problem(0, str(grammar), "is not a known grammar", f"use one of: {known}")])
    if not isinstance(text, str):
        cure = "give the list as one text, a line for each entry"
        raise AddressListError([Problem(0, repr(text), "is not a text", cure)])
    if not text:
        return AddressList(())
    read = [_line_or_problem(number, line, GRAMMARS[grammar]) for number, line in enumerate(text.split("\n"), 1)]
    problems = [item for item in read if isinstance(item, Problem)]
    if problems:
        raise AddressListError(problems)
    return AddressList(tuple(item for item in read if isinstance(item, ListLine)))


def _line_or_problem(number: int, text: str, abilities: frozenset[str]) -> ListLine | Problem:
    try:
        return _parse_line(number, text, abilities)
    except _LineError as wrong:
        return Problem(number, text.strip(_BLANKS), wrong.message, wrong.cure)


def _parse_line(number: int, text: str, abilities: frozenset[str]) -> ListLine:
    if _CONTROL.search(text[:-1] if text.endswith("\r") else text):
        raise _LineError("holds a control character", "write letters, digits, signs and blanks, a line for each entry")
    body, semicolon, comment_text = text.partition(";")
    body = body.strip(_BLANKS)
    comment = comment_text.strip(_BLANKS) if semicolon else None
    if not body:
        return ListLine(number, text, "comment" if semicolon else "empty", comment=comment)
    excluded = body.startswith("!")
    if excluded:
        if "exclusions" not in abilities:
            raise _LineError("excludes, which this version of the grammar cannot", "omit it, or use 5.1 or later")
        body = body[1:].lstrip(_BLANKS)
        if not body:
            raise _LineError("excludes nothing", "write the address to exclude after the exclamation point")
    if body.startswith("#"):
        return _parse_reference(ListLine(number, text, "name", excluded, comment=comment), body, abilities)
    kind, version, first, last = _parse_addresses(body, abilities)
    return ListLine(number, text, kind, excluded, version, first, last, comment=comment)


def _parse_reference(line: ListLine, body: str, abilities: frozenset[str]) -> ListLine:
    if "references" not in abilities:
        cure = "write addresses, or use 6.4"
        raise _LineError("refers to another list, which this version of the grammar cannot", cure)
    if body.startswith("#@"):
        template = body[2:].strip(_BLANKS)
        if not template or not template.isprintable() or " " in template:
            raise _LineError("is no template for domain names", "write one after #@, such as #@*.example.org")
        return line._replace(kind="template", name=template)
    name = body[1:].strip(_BLANKS)
    if not _NAME.fullmatch(name):
        raise _LineError("is no name of a list", "write letters, digits, dots, underscores and hyphens after the #")
    return line._replace(name=name)


def _parse_addresses(body: str, abilities: frozenset[str]) -> tuple[str, int, int, int]:
    """Return kind, version, first and last address of an entry."""
    if "/" in body:
        return ("prefix", *_parse_prefix(body, abilities))
    first_text, minus, last_text = body.partition("-")
    version, first = _address(first_text.strip(_BLANKS))
    if not minus:
        return "address", version, first, first
    last_version, last = _address(last_text.strip(_BLANKS))
    if version != last_version:
        raise _LineError("mixes IPv4 and IPv6", "write one line for each of them")
    if first > last:
        swapped = f"{address_text(version, last)}-{address_text(version, first)}"
        raise _LineError("runs backwards", f"write the lower address first: {swapped}")
    return "range", version, first, last


def _parse_prefix(body: str, abilities: frozenset[str]) -> tuple[int, int, int]:
    address, _slash, mask = body.partition("/")
    mask = mask.lstrip(_BLANKS)
    version, first = _address(address.rstrip(_BLANKS))
    bits = _BITS[version]
    # Not int() at first: it takes signs, underscores and other scripts' digits, and refuses thousands of digits.
    if not (re.fullmatch(r"[0-9]{1,3}", mask) and 1 <= int(mask) <= bits):
        cure = f"write the number of leading bits, 1 to {bits}, after the slash"
        raise _LineError(f"has no mask that an IPv{version} address can have", cure)
    size = 1 << (bits - int(mask))
    low = first - first % size
    if low != first:
        raise _LineError("has bits set behind its mask", f"the network is {address_text(version, low)}/{int(mask)}")
    if "masks" not in abilities:
        span = f"{address_text(version, first)}-{address_text(version, first + size - 1)}"
        raise _LineError("has a mask, which this version of the grammar cannot", f"write it as a range: {span}")
    return version, first, first + size - 1


def _address(text: str) -> tuple[int, int]:
    """The address that is the whole entry or one end of it."""
    cure = "write a whole IPv4 or IPv6 address, such as 10.0.0.1 or 2001:db8::1; comments begin with a semicolon"
    if not text:
        raise _LineError("lacks an address", cure)
    try:
        return parse_address(text)
    except ValueError as error:
        problem = str(error)
    raise _LineError(f'has "{printable(text, 50)}" where an address belongs: it {problem}', cure)
