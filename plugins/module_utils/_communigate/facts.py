# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CommuniGate Pro server tells of its network, in a shape that plays can use."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .lists import AddressListError, ListLine, address_text, parse
from .network import LISTS, SETTINGS, SettingsError, grammar_of, list_text, server_version, settings_text
from .pwd import RefusedError, Session
from .text import parse as parse_data
from .values import plain


def gathered(session: Session, subjects: Iterable[str], modules: Iterable[str], addresses: Iterable[str]) -> Any:
    """All that is asked for, as JSON can hold it. What the server refuses is under C(refused), in its own words.

    Raises L(PwdError), L(SettingsError).
    """
    version = server_version(session)
    refused: dict[str, str] = {}

    def told(names: Iterable[str], ask: Callable[[str], Any]) -> dict[str, Any]:
        answers = {}
        for name in names:
            with _noted(refused, name):
                answers[name] = ask(name)
        return answers

    wanted = list(subjects)
    return {
        "version": version,
        "grammar": grammar_of(version),
        "greeting": session.greeting,
        "lists": told((each for each in wanted if each in LISTS), lambda each: list_facts(list_text(session, each))),
        "settings": told(
            (each for each in wanted if each in SETTINGS), lambda each: plain(parse_data(settings_text(session, each)))
        ),
        "listeners": told(modules, lambda each: module_listeners(session.get("GETMODULE", each))),
        "ip_states": told(addresses, lambda each: plain(session.get("GETIPSTATE", checked_address(each)))),
        "refused": refused,
    }


@contextlib.contextmanager
def _noted(refused: dict[str, str], name: str) -> Iterator[None]:
    """Keep a refusal of the server, which may be too old for a command, instead of giving up over it."""
    try:
        yield
    except RefusedError as error:
        refused[name] = f"{error.code} {error.text}"


def checked_address(text: str) -> str:
    """An address to ask about, in its usual notation. Raises L(SettingsError)."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise SettingsError(f"addresses: {text!r} is no IP address; write one, such as 192.0.2.17") from None


def list_facts(text: str) -> dict[str, Any]:
    """A list's text, its entries, and what of it can't be read."""
    try:
        return {"text": text, "entries": [entry_facts(line) for line in parse(text).entries], "problems": []}
    except AddressListError as error:
        return {"text": text, "entries": [], "problems": [problem.text for problem in error.problems]}


def entry_facts(line: ListLine) -> dict[str, Any]:
    """One entry of a list."""
    ends: tuple[str | None, str | None] = (None, None)
    if line.version is not None and line.first is not None and line.last is not None:
        ends = (address_text(line.version, line.first), address_text(line.version, line.last))
    return {
        "line": line.number,
        "value": line.value,
        "excluded": line.excluded,
        "first": ends[0],
        "last": ends[1],
        "comment": line.comment,
    }


def module_listeners(settings: Any) -> list[dict[str, Any]]:
    """The listeners in a module's settings, each with the server's own keys, and the key it stood under.

    The guide calls them Listener and does not print their keys: everything under a key that ends with that word is
    taken, whether it is one dictionary or an array of them. The rest of a module's settings, which may hold secrets, is
    left out.
    """
    found: list[dict[str, Any]] = []
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if key.lower().endswith("listener"):
            several = value if isinstance(value, list) else [value]
            found += [
                {"under": key, "port": _port(each), "settings": plain(each)}
                for each in several
                if isinstance(each, dict)
            ]
    return found


def _port(listener: dict[str, Any]) -> int | None:
    value = next((value for key, value in listener.items() if key.lower() == "port"), None)
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65535 else None


SUBJECTS = (*LISTS, *SETTINGS)
