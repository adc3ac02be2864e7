# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's result document looks like: looked at once when it is read, so that nobody behind need doubt it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..basics.findings import short
from .probes import KINDS, OPEN, SILENT, THROUGH

#: Outcomes of a probe (module_utils/_probing/answers.py).
OUTCOMES = frozenset({"open", "refused", "prohibited", "unreachable", "silent", "unsent"})

_Check = Callable[[Any], bool]


class ResultFormError(Exception):
    """A document that no host's results can be; the message says where and what stands there."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _port(value: Any) -> bool:
    return _count(value) and value <= 65535


def _seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _one_of(*values: str) -> _Check:
    allowed = frozenset(values)
    return lambda value: isinstance(value, str) and value in allowed


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


#: Members that must be there, and those that may be missing.
_PROBE: Mapping[str, _Check] = {
    "id": _name,
    "host": _name,
    "address": _name,
    "port": _or_none(_port),
    "transport": _one_of("tcp", "udp", "icmp"),
    "expect": _one_of(OPEN, THROUGH, SILENT),
    "kind": _one_of(*KINDS),
    "target": _text,
    "reason": _text,
    "outcome": _one_of(*OUTCOMES),
    "detail": _text,
}
_PROBE_MORE: Mapping[str, _Check] = {
    "flow": _text,
    "source_port": _or_none(_port),
    "foreign": _flag,
    "question": _text,
    "tries": _count,
    "milliseconds": _or_none(_seconds),
    "vouches": _flag,
}
_NOTIFICATION: Mapping[str, _Check] = {"instance": _name, "outcome": _name, "token": _or_none(_text)}
_NOTIFICATION_MORE: Mapping[str, _Check] = {
    "address": _or_none(_text),
    "port": _or_none(_port),
    "source_port": _or_none(_port),
    "transport": _or_none(_one_of("tcp", "udp")),
    "kind": _or_none(_one_of("call-back", "alert", "log item")),
    "detail": _or_none(_text),
}
_INSTANCE: Mapping[str, _Check] = {"name": _name}
_RECEIVED: Mapping[str, _Check] = {"token": _or_none(_text)}


def check_result(document: Mapping[str, Any], host: str) -> None:
    """Check the results of *host*.

    Raises:
        ResultFormError: something is missing, of another type, or not for this host.
    """
    _members(document, "", {"plan": _name, "host": _name}, {"emulated": _flag, "seconds": _seconds, "time": _text})
    if document["host"] != host:
        raise ResultFormError(f"host is {short(document['host'])!r}, and the file is that of {host}")
    for number, probe in enumerate(_listed(document, "probes", "")):
        where = f"probes[{number}]"
        _members(probe, where, _PROBE, _PROBE_MORE)
        if probe["host"] != host:
            raise ResultFormError(f"{where}.host is {short(probe['host'])!r}, and the file is that of {host}")
    for number, notification in enumerate(_listed(document, "notifications", "", optional=True)):
        _members(notification, f"notifications[{number}]", _NOTIFICATION, _NOTIFICATION_MORE)
    for number, instance in enumerate(_listed(document, "instances", "", optional=True)):
        where = f"instances[{number}]"
        _members(instance, where, _INSTANCE, {})
        for place, received in enumerate(_listed(instance, "notifications", where)):
            _members(received, f"{where}.notifications[{place}]", _RECEIVED, {})


def _members(item: Any, where: str, needed: Mapping[str, _Check], more: Mapping[str, _Check]) -> None:
    if not isinstance(item, Mapping):
        raise ResultFormError(f"{where or 'it'} is {short(item)!r} and no set of named values")
    for key, check in needed.items():
        if key not in item:
            raise ResultFormError(f"{_path(where, key)} is missing")
        _value(item[key], check, _path(where, key))
    for key, check in more.items():
        if key in item:
            _value(item[key], check, _path(where, key))


def _value(value: Any, check: _Check, where: str) -> None:
    if not check(value):
        raise ResultFormError(f"{where} cannot be {short(value)!r}")


def _listed(item: Mapping[str, Any], key: str, where: str, *, optional: bool = False) -> list[Any]:
    value = item.get(key)
    if value is None and (optional or key not in item):
        if optional:
            return []
        raise ResultFormError(f"{_path(where, key)} is missing")
    if not isinstance(value, list):
        raise ResultFormError(f"{_path(where, key)} is {short(value)!r} and no list")
    return value


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
