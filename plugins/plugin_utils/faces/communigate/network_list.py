# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CommuniGate Pro's network address lists as plain data, for people who work on them in playbooks.

The grammar and the arithmetic are in ``module_utils/_communigate_lists.py`` and ``_communigate_list_sets.py``, because
the module that writes lists to a server needs them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....module_utils._communigate.list_sets import holds
from ....module_utils._communigate.lists import (
    GRAMMARS,
    NEWEST,
    AddressList,
    AddressListError,
    ListLine,
    Problem,
    address_text,
    network_text,
    parse,
    parse_address,
    printable,
)

__all__ = [
    "GRAMMARS",
    "NEWEST",
    "AddressList",
    "AddressListError",
    "contains",
    "from_structure",
    "network_text",
    "parse",
    "read",
    "to_structure",
    "to_text",
]

#: Keys that say what an entry is; each may be changed or left out.
_SAYING = ("value", "excluded", "comment")
#: Keys that only tell what follows from the value.
_TELLING = ("kind", "version", "first", "last")
_KEYS = ("line", "text", *_SAYING, *_TELLING)


def to_structure(address_list: AddressList) -> list[dict[str, Any]]:
    """Return a list as plain data, a dictionary for each line; :func:`from_structure` is the way back."""
    return [_entry(line) for line in address_list.lines]


def _entry(line: ListLine) -> dict[str, Any]:
    def text(value: int | None) -> str | None:
        return None if value is None or line.version is None else address_text(line.version, value)

    return {
        "line": line.number,
        "kind": line.kind,
        "value": line.value,
        "excluded": line.excluded,
        "comment": line.comment,
        "version": line.version,
        "first": text(line.first),
        "last": text(line.last),
        "text": line.text,
    }


def from_structure(entries: object, grammar: str = NEWEST) -> AddressList:
    """Return a list from plain data: the other way round of :func:`to_structure`.

    Args:
        entries: a list of texts (each a line of the newest grammar) and dictionaries. A dictionary that still says what
            its ``text`` says becomes that text, byte for byte; one that was changed is written anew from ``value``,
            ``excluded`` and ``comment``. A network becomes a range where *grammar* has no masks.
        grammar: the grammar that the list shall be in.

    Raises:
        AddressListError: everything that is wrong, with the positions in *entries*, counted from 1, as line numbers.
    """
    if grammar not in GRAMMARS:
        parse("", grammar)
    if isinstance(entries, (str, bytes, Mapping)) or not isinstance(entries, Iterable):
        cure = "give a list of lines, or what the filter network_address_list returns"
        raise AddressListError([Problem(0, repr(entries), "is not a list", cure)])
    lines: list[ListLine] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries, 1):
        made = _line(number, entry, grammar)
        problems += made if isinstance(made, list) else []
        lines += [made] if isinstance(made, ListLine) else []
    if problems:
        raise AddressListError(problems)
    return AddressList(tuple(lines))


def _line(number: int, entry: object, grammar: str) -> ListLine | list[Problem]:
    """One line of a list that is being written, or what is wrong with it."""
    if isinstance(entry, str):
        return _fitting(number, entry, grammar)
    if not isinstance(entry, Mapping):
        return [Problem(number, repr(entry), "is neither a text nor a dictionary", "write the address as a text")]
    unknown = sorted(str(key) for key in entry if key not in _KEYS)
    if unknown:
        return [Problem(number, ", ".join(unknown), "is no key of an entry", f"use only: {', '.join(_KEYS)}")]
    wrong = [
        Problem(number, repr(entry[key]), f"is no value for {key}", f"write {kind}, or omit {key}")
        for key, types, kind in (
            ("text", (str,), "a text"),
            ("value", (str, type(None)), "an address, a range or a network"),
            ("excluded", (bool,), "true or false"),
            ("comment", (str, type(None)), "a text"),
        )
        if key in entry and not isinstance(entry[key], types)
    ]
    return wrong or _from_entry(number, entry, grammar)


def _from_entry(number: int, entry: Mapping[str, Any], grammar: str) -> ListLine | list[Problem]:
    said: dict[str, Any] = {"value": None, "excluded": False, "comment": None}
    text = entry.get("text")
    if text is not None:
        line = _fitting(number, text, NEWEST)
        if isinstance(line, list):
            return line
        said = {key: getattr(line, key) for key in _SAYING}
    asked = {**said, **{key: entry[key] for key in _SAYING if key in entry}}
    if text is None or asked != said:
        if asked["excluded"] and not asked["value"]:
            return [Problem(number, "!", "excludes nothing", "give the entry a value, or set excluded to false")]
        if ";" in (asked["value"] or ""):
            return [Problem(number, asked["value"], "holds a semicolon", "write what follows it as the comment")]
        text = ("!" if asked["excluded"] else "") + (asked["value"] or "")
        if asked["comment"] is not None:
            text += f"{' ' if text else ''}; {asked['comment']}".rstrip(" ")
    made = _fitting(number, text, grammar)
    if isinstance(made, list):
        return made
    meant = _entry(made)
    # A network in a grammar without masks is a range there: the same addresses by another name.
    stale = [key for key in _TELLING if key in entry and key != "kind" and entry[key] != meant[key]]
    if stale:
        cure = f"change the value, which is {meant['value']!r}, or omit {stale[0]}"
        return [Problem(number, repr(entry[stale[0]]), f"is not the {stale[0]} of the entry's value", cure)]
    return made


def _fitting(number: int, text: str, grammar: str) -> ListLine | list[Problem]:
    """One line's text in *grammar*: as it stands if it can be, else the same addresses written so that it can."""
    if "\n" in text:
        return [Problem(number, text, "is more than one line", "write an entry for each line")]
    line = _one(number, text, grammar)
    if isinstance(line, list):
        newest = _one(number, text, NEWEST)
        if isinstance(newest, ListLine) and newest.kind == "prefix" and newest.version and newest.first is not None:
            span = network_text(newest.version, newest.first, newest.last or 0, grammar)
            tail = "" if newest.comment is None else f" ; {newest.comment}"
            return _one(number, f"{'!' if newest.excluded else ''}{span}{tail}", grammar)
    return line


def _one(number: int, text: str, grammar: str) -> ListLine | list[Problem]:
    try:
        lines = parse(text, grammar).lines
    except AddressListError as error:
        return [problem._replace(line=number) for problem in error.problems]
    return lines[0]._replace(number=number) if lines else ListLine(number, "", "empty")


def to_text(entries: object, grammar: str = NEWEST) -> str:
    """Return plain data as a list's text; see :func:`from_structure`."""
    return from_structure(entries, grammar).text


def read(data: object, grammar: str = NEWEST) -> AddressList:
    """Return a list from whatever holds it: its text, its structure, or plain lines.

    Raises:
        AddressListError: it cannot be read.
    """
    return parse(data, grammar) if isinstance(data, str) else from_structure(data, grammar)


def contains(data: object, address: object, lists: object = None, grammar: str = NEWEST) -> bool:
    """Return whether an address is in a list (text, structure or lines).

    Args:
        data: the list.
        address: an IPv4 or IPv6 address.
        lists: other lists by name, for references; each as text, structure or lines.
        grammar: the grammar of all of them.

    Raises:
        AddressListError: not an address, a list that cannot be read, or a reference that decides and leads nowhere.
    """
    if not isinstance(address, str):
        raise AddressListError([Problem(0, repr(address), "is not an IP address", "give one address as a text")])
    try:
        parse_address(address)
    except ValueError as error:
        problem = Problem(0, address, str(error), "give one IPv4 or IPv6 address")
        # From None: the sentence says all.
        raise AddressListError([problem]) from None
    if lists is not None and not isinstance(lists, Mapping):
        cure = "give the lists by their names"
        raise AddressListError([Problem(0, repr(lists), "is not a dictionary of lists", cure)])
    named: dict[str, AddressList] = {}
    for name, value in (lists or {}).items():
        # The server's lists differ by more than capitals ("Letters are not case sensitive").
        if str(name).lower() in named:
            raise AddressListError([Problem(0, str(name), "is given twice", "give each list once")])
        named[str(name).lower()] = _named(str(name), value, grammar)
    return holds(read(data, grammar), address, named)


def _named(name: str, value: object, grammar: str) -> AddressList:
    try:
        return read(value, grammar)
    except AddressListError as error:
        inside = f"(in the list {printable(name, 40)})"
        problems = [problem._replace(message=f"{problem.message} {inside}") for problem in error.problems]
        raise AddressListError(problems) from error
