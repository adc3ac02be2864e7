# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netsh.exe's excluded and dynamic port ranges. What it says is text, and its failures stop no script."""

from __future__ import annotations

import re
from typing import Any

from ..errors import EmulatorError
from ..state import State
from .given import Given, Known

DYNAMIC = (49152, 16384)  # first port and their number, since Windows Vista and Server 2008

_BUSY = "The process cannot access the file because it is being used by another process."
_MISSING = "The system cannot find the file specified."
_DENIED = "Access is denied."
_WRONG = "The parameter is incorrect."
_FAILURES = (_BUSY, _MISSING, _DENIED, _WRONG)


def netsh(state: State, given: Given) -> list[Any]:
    """netsh.exe: the lines that it writes. Raises EmulatorError for what is not emulated of it."""
    words = [str(word).lower() for word in given.command.positional]
    if words[:1] not in (["interface"], ["int"]) or words[1:2] not in (["ipv4"], ["ipv6"]):
        raise EmulatorError(f"netsh {' '.join(words)} is not emulated")
    family, verb, what, *rest = [*words[1:], "", ""]
    options = _options([word for word in rest if word], verb)
    key = _store(state, family, options["protocol"])
    actions = {
        ("show", "excludedportrange"): lambda: _show_excluded(state, key, options),
        ("show", "dynamicport"): lambda: _show_dynamic(state, key, options),
        ("show", "dynamicportrange"): lambda: _show_dynamic(state, key, options),
        ("add", "excludedportrange"): lambda: _add(state, key, options),
        ("delete", "excludedportrange"): lambda: _delete(state, key, options),
    }
    if (verb, what) not in actions:
        raise EmulatorError(f"netsh {' '.join(words)} is not emulated")
    lines = actions[verb, what]()
    given.failed = lines[0] in _FAILURES
    if verb != "show" and not given.failed:
        state.wrote()
    return ["", *lines, ""]


def _options(words: list[str], verb: str) -> dict[str, str]:
    """Options by name, or in netsh's own order: protocol, startport, numberofports, store."""
    order = ["protocol", "startport", "numberofports", "store"]
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not equals:
            name, value = order[place] if place < len(order) else "", word
        if name not in order or name in found:
            raise EmulatorError(f"netsh: the option {word!r} is not emulated")
        found[name] = value
    if found.get("protocol") not in ("tcp", "udp"):
        raise EmulatorError(f"netsh: the protocol is tcp or udp, and not {found.get('protocol')!r}")
    if verb != "show" and found.get("store", "persistent") != "persistent":
        raise EmulatorError("netsh: ranges that a reboot forgets are not emulated (store=active)")
    return found


def _store(state: State, family: str, protocol: str) -> str:
    return f"any {protocol}" if state.data["ports"]["shared_by_families"] else f"{family} {protocol}"


def excluded(state: State, family: str, protocol: str) -> list[dict[str, Any]]:
    """The excluded ranges of a family (ipv4 or ipv6) and protocol: first, count, administered."""
    ranges = state.data["ports"]["excluded"].get(_store(state, family, protocol), [])
    return sorted(ranges, key=lambda each: int(each["first"]))


def _wanted(options: dict[str, str]) -> tuple[int, int] | None:
    texts = options.get("startport", ""), options.get("numberofports", "")
    if not all(re.fullmatch(r"[0-9]{1,5}", text) for text in texts):
        return None
    first, count = int(texts[0]), int(texts[1])
    return (first, count) if first >= 1 and count >= 1 and first + count - 1 <= 65535 else None


def _add(state: State, key: str, options: dict[str, str]) -> list[str]:
    wanted = _wanted(options)
    if wanted is None:
        return [_WRONG]
    ranges = state.data["ports"]["excluded"].setdefault(key, [])
    first, count = wanted
    if any(first < each["first"] + each["count"] and each["first"] < first + count for each in ranges):
        return [_BUSY]
    ranges.append({"first": first, "count": count, "administered": True})
    return ["Ok."]


def _delete(state: State, key: str, options: dict[str, str]) -> list[str]:
    wanted = _wanted(options)
    if wanted is None:
        return [_WRONG]
    ranges = state.data["ports"]["excluded"].get(key, [])
    found = [each for each in ranges if (each["first"], each["count"]) == wanted]
    if not found:
        return [_MISSING]
    if not found[0]["administered"]:
        return [_DENIED]
    ranges.remove(found[0])
    return ["Ok."]


def _show_excluded(state: State, key: str, options: dict[str, str]) -> list[str]:
    ranges = sorted(state.data["ports"]["excluded"].get(key, []), key=lambda each: int(each["first"]))
    lines = [
        f"{each['first']:>10}  {each['first'] + each['count'] - 1:>10}{'     *' if each['administered'] else '      '}"
        for each in ranges
    ]
    return [
        f"Protocol {options['protocol']} Port Exclusion Ranges",
        "",
        "Start Port    End Port      ",
        "----------    --------      ",
        *lines,
        "",
        "* - Administered port exclusions.",
    ]


def _show_dynamic(state: State, key: str, options: dict[str, str]) -> list[str]:
    known = state.data["ports"]["dynamic"].get(key, {"first": DYNAMIC[0], "count": DYNAMIC[1]})
    return [
        f"Protocol {options['protocol']} Dynamic Port Range",
        "---------------------------------",
        f"Start Port      : {known['first']}",
        f"Number of Ports : {known['count']}",
    ]


COMMANDS = {"netsh.exe": Known({}, netsh, takes_words=True), "netsh": Known({}, netsh, takes_words=True)}
