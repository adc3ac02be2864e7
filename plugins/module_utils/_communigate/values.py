# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings between a person and the server: what YAML says becomes the kind of value that the server holds.

The keys of a server's dictionaries are its own. A key that it does not list is refused, for a mistyped one would be
stored and never read. What is not changed is sent back exactly as it came.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Mapping
from typing import Any, Callable

from .text import Address, DataError, TimeStamp, dictionary_text, parse, to_text, value_texts

_KINDS = {
    str: "text",
    int: "a number",
    list: "an array",
    dict: "a dictionary",
    bytes: "a data block (Base64)",
    Address: "an IP address, with or without :port",
    TimeStamp: "a time like 22-10-2009_15:24:45",
}


class SettingError(ValueError):
    """Settings that the server does not have or can't take; C(problems) are sentences that begin with the key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def changed_dictionary(held: str, wanted: Mapping[str, Any]) -> str:
    """The text of the server's dictionary with the wanted values in it. Raises L(SettingError) with all problems."""
    values = parse(held)
    if not isinstance(values, dict):
        raise SettingError([" is no dictionary on the server"])
    texts, problems = value_texts(held), []
    for name, value in ((str(name), value) for name, value in wanted.items()):
        if name not in values:
            problems.append(_unknown(name, list(values)))
            continue
        try:
            if isinstance(values[name], dict) and isinstance(value, Mapping):
                texts[name] = changed_dictionary(texts[name], value)
                continue
            made = converted(value, values[name])
            if made != values[name]:
                texts[name] = to_text(made)
        except SettingError as error:
            problems += [f"{name}.{problem}" for problem in error.problems]
        except (ValueError, DataError) as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise SettingError(problems)
    return dictionary_text(texts)


def _unknown(name: str, known: list[str]) -> str:
    small = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), small, 1, 0.6)
    hint = f" (did you mean {small[near[0]]}?)" if near else ""
    return (
        f"{name}: the server lists no such key{hint}; it lists {', '.join(sorted(known)) or 'none'}. A setting that"
        " still has its default may not be listed: set it once in the WebAdmin Interface, and it will be"
    )


def converted(wanted: Any, held: Any) -> Any:
    """What is wanted, as the kind of value that the server holds. Raises ValueError, L(DataError)."""
    if wanted is None:
        raise ValueError("has no value; write one, or leave the key out to keep the server's")
    if isinstance(wanted, Mapping) and isinstance(held, (dict, type(None))):
        return {str(name): converted(value, None) for name, value in wanted.items()}
    if isinstance(wanted, (list, tuple)) and isinstance(held, (list, type(None))):
        like = held[0] if held else None
        return [converted(value, like) for value in wanted]
    if not isinstance(wanted, (Mapping, list, tuple)):
        make = _MAKERS.get(type(held))
        try:
            if make:
                return make(wanted)
        except (ValueError, binascii.Error):
            pass  # said below, with the kind that belongs there
    raise ValueError(f"{wanted!r} is not {_KINDS.get(type(held), 'of that kind')}, which the server holds there")


def _text(wanted: Any) -> str:
    return ("YES" if wanted else "NO") if isinstance(wanted, bool) else str(wanted)


def _number(wanted: Any) -> int:
    if isinstance(wanted, (bool, float)):
        raise ValueError
    return int(wanted)


def _marked(mark: str, wanted: Any, kind: type) -> Any:
    made = parse(f"{mark}{wanted}")
    if not isinstance(made, kind):
        raise ValueError
    return made


def _address(wanted: Any) -> Address:
    text = str(wanted)
    if not text.startswith("["):
        host, colon, port = text.rpartition(":")
        text = f"[{host}]:{port}" if colon and text.count(":") == 1 else f"[{text}]"
    made: Address = _marked("#I", text, Address)
    return made


_MAKERS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _number,
    bytes: lambda wanted: base64.b64decode(str(wanted), validate=True),
    Address: _address,
    TimeStamp: lambda wanted: _marked("#T", wanted, TimeStamp),
    type(None): lambda wanted: wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else _text(wanted),
}


def plain(value: Any) -> Any:
    """A value as JSON and YAML can hold it."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value) if isinstance(value, (Address, TimeStamp)) else value


def dictionary_lines(text: str) -> list[str]:
    """A dictionary as lines for a person, one for each key, in the server's order."""
    values = parse(text)
    return [f"{name} = {to_text(value)}" for name, value in values.items()] if isinstance(values, dict) else []
