# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CommuniGate Pro server's network settings: what it holds, what is wanted, what has to be sent.

The server's lists and dictionaries are read first, changed, and written back; nothing is built from scratch, for the
names of the settings are the server's own and are not published. Everything here but L(read) and L(written) is a
function of text, so that check mode is complete: what would be sent is known before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .lists import GRAMMARS, AddressList, AddressListError, ListLine, Problem, parse
from .merge import Merged, MergeError, key, with_lines, without
from .pwd import PwdError, RefusedError, Session, Target
from .text import DataError, to_text
from .text import parse as parse_data
from .values import SettingError, changed_dictionary, dictionary_lines

#: Options and the ends of the commands that read and write them. Source: Guide, "CLI/API" (5.1 to 6.4).
LISTS = {
    "lan_ips": "LANIPS",
    "client_ips": "CLIENTIPS",
    "nated_ips": "NATEDIPS",
    "nat_site_ips": "NATSITEIPS",
    "debug_ips": "DEBUGIPS",
    "denied_ips": "DENIEDIPS",
    "blacklisted_ips": "BLACKLISTEDIPS",
    "white_hole_ips": "WHITEHOLEIPS",
}
SETTINGS = {"network": "NETWORK", "media": "MEDIASERVERSETTINGS", "resolver": "DNRSETTINGS"}
MODES = ("merge", "replace", "absent")


class SettingsError(Exception):
    """What is wanted can't be had; the message names every option, line and key concerned, and the cure of each."""


@dataclass(frozen=True)
class Change:
    """One thing that is to be written: C(text) is the value to send, the rest is for people and for comparing."""

    option: str
    command: str
    before: str
    after: str
    text: str


class CutError(PwdError):
    """The connection ended while a change was written, so that nobody knows whether the server has taken it."""

    def __init__(self, change: Change, text: str) -> None:
        super().__init__(text)
        self.change = change


@dataclass(frozen=True)
class Plan:
    """All that is to be written."""

    changes: tuple[Change, ...]


def connection_spec() -> dict[str, Any]:
    """The options of the doc fragment C(communigate)."""
    return {
        "host": {"type": "str", "default": "127.0.0.1"},
        "port": {"type": "int", "default": 106},  # the guide's own example; IANA knows the port as 3com-tsmux
        "login": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "authentication": {"type": "str", "choices": ["apop", "password"], "default": "apop"},
        "tls": {"type": "bool", "default": False},
        "ca_path": {"type": "path"},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "float", "default": 10.0},
    }


def target_of(params: Mapping[str, Any]) -> Target:
    """Whom the options mean. Raises L(SettingsError)."""
    if not 1 <= params["port"] <= 65535:
        raise SettingsError(f"port: {params['port']} is no port; write one from 1 to 65535")
    if not 0 < params["timeout"] <= 3600:
        raise SettingsError(f"timeout: {params['timeout']:g} is out of bounds; write seconds, above 0 and up to 3600")
    return Target(**{name: params[name] for name in connection_spec()})


def readable_password(target: Target) -> str | None:
    """A warning if the password crosses a network readable, or None."""
    if target.authentication == "apop" or target.tls or target.host in ("127.0.0.1", "::1", "localhost"):
        return None
    return f"the password crosses the network to {target.name} readable; use APOP, TLS or an SSH tunnel"


def server_version(session: Session) -> str:
    """The version as the server tells it; without GETVERSION, as its greeting does. Empty if it says neither."""
    try:
        told = session.get("GETVERSION")
    except RefusedError:
        told = session.greeted_version()
    return told if isinstance(told, str) else ""


def grammar_of(version: str) -> str:
    """The newest grammar of address lists that a server of the version reads; of an unknown version, the oldest."""
    numbers = re.match(r"\s*([0-9]{1,4})\.([0-9]{1,4})", version)
    mine = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    known = [name for name in GRAMMARS if tuple(int(part) for part in name.split(".")) <= mine]
    return known[-1] if known else next(iter(GRAMMARS))


def list_text(session: Session, option: str) -> str:
    """A list as the server holds it; its line ends are line feeds. Raises L(PwdError)."""
    command = f"GET{LISTS[option]}"
    found = session.get(command)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise PwdError(f"{session.target.name} answered {command} with {type(found).__name__}, where a text belongs")
    return found.replace("\r\n", "\n")


def settings_text(session: Session, option: str) -> str:
    """A dictionary of settings as the server sends it, as text. Raises L(PwdError)."""
    command = f"GET{SETTINGS[option]}"
    text = session.get_text(command)
    try:
        if isinstance(parse_data(text), dict):
            return text
    except DataError as error:
        raise PwdError(f"{session.target.name}: the data of its answer to {command} can't be read: {error}") from None
    raise PwdError(f"{session.target.name} answered {command} without a dictionary")


def read(session: Session, options: Sequence[str]) -> dict[str, str]:
    """The texts of the lists and dictionaries that are named. Raises L(PwdError)."""
    return {
        option: list_text(session, option) if option in LISTS else settings_text(session, option) for option in options
    }


def planned(held: Mapping[str, str], wanted: Mapping[str, Any], version: str) -> Plan:
    """What has to be written so that the server holds what is wanted.

    C(held) is from L(read); C(wanted) has a mapping with C(text) or C(entries), and C(mode), for each list, and a
    mapping of the server's keys for each dictionary. Raises L(SettingsError) with all problems at once.
    """
    changes: list[Change] = []
    problems: list[str] = []
    for option, value in wanted.items():
        try:
            if option in LISTS:
                change = _list_change(option, held[option], value, version)
            else:
                change = _settings_change(option, held[option], value)
        except SettingsError as error:
            problems.append(str(error))
            continue
        if change is not None:
            changes.append(change)
    if problems:
        raise SettingsError("\n".join(problems))
    return Plan(tuple(changes))


def written(session: Session, change: Change) -> None:
    """Send one change, read it back and compare. Raises L(PwdError), L(SettingsError)."""
    session.set(f"SET{change.command}", change.text)
    now = read(session, [change.option])[change.option]
    if not _is_held(change, now):
        shown = now if change.option in LISTS else "\n".join(dictionary_lines(now))
        raise SettingsError(
            f"{change.option}: {session.target.name} accepted SET{change.command}, but holds something else now:\n"
            f"{shown}\nwhere this was sent:\n{change.after}"
        )


def outcome(session: Session, change: Change) -> bool:
    """Whether the server holds what a change writes. Raises L(PwdError)."""
    return _is_held(change, read(session, [change.option])[change.option])


def _is_held(change: Change, now: str) -> bool:
    return _same_list(now, change.after) if change.option in LISTS else parse_data(now) == parse_data(change.text)


# --- Lists -----------------------------------------------------------------------------------------------------------


def _list_change(option: str, held: str, wanted: Mapping[str, Any], version: str) -> Change | None:
    text = wanted["text"] if wanted.get("text") is not None else "\n".join(wanted.get("entries") or [])
    mine = _wanted_list(option, text, version)
    mode = wanted["mode"]
    if mode == "replace":
        merged = Merged(mine.lines)
        if _same_list(held, mine.text):
            return None
        _refuse_emptying(option, held, mine, wanted)
    else:
        merged = _merged(option, _held_list(option, held), mine, mode)
    if merged.text == held:
        return None
    return Change(option, LISTS[option], held, merged.text, to_text(merged.text))


def _refuse_emptying(option: str, held: str, mine: AddressList, wanted: Mapping[str, Any]) -> None:
    """Raise where a list would lose every entry and nobody has said that it may."""
    lost = [line for line in held.split("\n") if line.partition(";")[0].strip()]
    if lost and not mine.entries and not wanted.get("allow_empty"):
        raise SettingsError(
            f"{option}: nothing is wanted in this list, and mode replace would take all {len(lost)} entries out of the"
            " server's; give entries, take single ones out with mode absent, or set allow_empty to true"
        )


def _wanted_list(option: str, text: str, version: str) -> AddressList:
    grammar = grammar_of(version)
    try:
        return parse(text.replace("\r\n", "\n"), grammar)
    except AddressListError as error:
        server = f"the server's version {version}" if version else "a server of unknown version"
        told = "\n".join(f"{option}: {_about(problem, server)}" for problem in error.problems)
        raise SettingsError(told) from None


def _about(problem: Problem, server: str) -> str:
    return problem.text.replace("this version of the grammar", server)


def _held_list(option: str, text: str) -> AddressList:
    try:
        return parse(text)
    except AddressListError as error:
        told = "; ".join(problem.text for problem in error.problems)
        raise SettingsError(
            f"{option}: the list on the server can't be read, so nothing can be merged into it ({told});"
            " put it right there, or write the whole list with mode replace"
        ) from None


def _merged(option: str, held: AddressList, mine: AddressList, mode: str) -> Merged:
    try:
        return without(held, mine) if mode == "absent" else with_lines(held, mine)
    except MergeError as error:
        raise SettingsError(f"{option}: {error}") from None


def _same_list(one: str, other: str) -> bool:
    """Whether two lists say the same in the same order; blanks, and a line end at the end, say nothing."""
    try:
        first, second = (list(parse(text).lines) for text in (one, other))
    except AddressListError:
        return one == other
    for lines in (first, second):
        while lines and lines[-1].kind == "empty":
            lines.pop()
    return [_said(line) for line in first] == [_said(line) for line in second]


def _said(line: ListLine) -> tuple[Any, ...]:
    return (key(line) if line.is_entry else line.kind, line.comment)


# --- Dictionaries ----------------------------------------------------------------------------------------------------


def _settings_change(option: str, held: str, wanted: Mapping[str, Any]) -> Change | None:
    try:
        text = changed_dictionary(held, wanted)
    except SettingError as error:
        raise SettingsError("\n".join(f"{option}.{problem}" for problem in error.problems)) from None
    if parse_data(text) == parse_data(held):
        return None
    before, after = ("\n".join(dictionary_lines(each)) for each in (held, text))
    return Change(option, SETTINGS[option], before, after, text)
