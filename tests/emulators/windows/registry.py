# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: keys and their values, names in any case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .errors import EmulatorError

HIVES = ("HKCC", "HKCR", "HKCU", "HKLM", "HKU")
KINDS = ("REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_MULTI_SZ", "REG_QWORD")


class Registry:
    """Keys by their path C(HKLM:\\SOFTWARE\\...) on the host's state, which is changed where it lies."""

    def __init__(self, keys: dict[str, Any], wrote: Callable[[], None] = lambda: None) -> None:
        self._keys = keys  # path in small letters: {"path": as written, "values": {name in small letters: entry}}
        self._wrote = wrote  # told of each change

    def has(self, path: str) -> bool:
        """Whether there is such a key."""
        return _key(path) in self._keys

    def value(self, path: str, name: str) -> tuple[str, Any] | None:
        """A value's kind and data, or None. The name of a key's own value is empty."""
        entry = self._keys.get(_key(path), {"values": {}})["values"].get(name.lower())
        return None if entry is None else (entry["kind"], entry["data"])

    def data(self, path: str, name: str, default: Any = None) -> Any:
        """A value's data."""
        found = self.value(path, name)
        return default if found is None else found[1]

    def values(self, path: str) -> dict[str, tuple[str, Any]]:
        """The values of a key by their names as written; none where there is no such key."""
        found = self._keys.get(_key(path), {"values": {}})["values"].values()
        return {entry["name"]: (entry["kind"], entry["data"]) for entry in found}

    def subkeys(self, path: str) -> list[str]:
        """The names of the keys right below a key, sorted."""
        top = _key(path) + "\\"
        names = {self._keys[each]["path"][len(top) :].partition("\\")[0] for each in self._keys if each.startswith(top)}
        return sorted(names, key=str.lower)

    def create(self, path: str) -> None:
        """Make a key and all above it."""
        self._wrote()
        parts = _normal(path).split("\\")
        for count in range(1, len(parts) + 1):
            above = "\\".join(parts[:count])
            self._keys.setdefault(above.lower(), {"path": above, "values": {}})

    def write(self, path: str, name: str, kind: str, data: Any) -> None:
        """Write a value; its key is made where it is missing."""
        if kind not in KINDS:
            raise EmulatorError(f"the registry has no kind of value {kind!r}")
        self.create(path)
        values = self._keys[_key(path)]["values"]
        kept = values.get(name.lower(), {"name": name})["name"]
        values[name.lower()] = {"name": kept, "kind": kind, "data": data}

    def delete(self, path: str, name: str | None = None) -> None:
        """Delete a value, or without a name the key with all below it. What is not there is no error."""
        self._wrote()
        if name is not None:
            self._keys.get(_key(path), {"values": {}})["values"].pop(name.lower(), None)
            return
        for each in [each for each in self._keys if f"{each}\\".startswith(f"{_key(path)}\\")]:
            del self._keys[each]


def _normal(path: str) -> str:
    found = re.fullmatch(r"(\w+):\\(.*)", path)
    if found is None or found[1].upper() not in HIVES:
        raise EmulatorError(f"no key of the registry: {path!r}")
    return "\\".join((f"{found[1].upper()}:", *_parts(found[2])))


def _parts(text: str) -> Iterator[str]:
    return (part for part in text.split("\\") if part)


def _key(path: str) -> str:
    return _normal(path).lower()
