# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a finding's variable stands in the files of an inventory.

The engine's data has no such places: they would cost memory for every value of 20,000 hosts, and a plan would change
with every line that is inserted above. A finding names the host, the variable and the path into it; so the place is
looked up in the host's raw variables once there is a finding, and not before.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..basics.findings import SHOWN_HOSTS, Finding, short
from .origins import place_of

#: Findings shorten what is longer in a path, to one of these.
_SHORTENED = (40, 120)


class _Part(NamedTuple):
    """A part of a variable that a path leads through, and its key where the part stands in a mapping."""

    key: object
    value: object


class _Standing(NamedTuple):
    """The innermost part of a path that a host has: how deep it is, what it is, and its place."""

    depth: int
    value: object
    place: str


class Places:
    """Finds the places of findings. Lookups are remembered for a run.

    Args:
        hosts: names of the inventory's hosts.
        variables_of: returns a host's variables, not evaluated.
        holders: for each variable of the whole network, the host whose value counts.
        merged: whether Ansible merges mappings of several sources (``hash_behaviour = merge``): then a mapping and
            its keys may be told to be from another file than a value in it.
    """

    def __init__(
        self,
        hosts: Mapping[str, Any],
        variables_of: Callable[[str], Mapping[str, Any]],
        holders: Mapping[str, str],
        *,
        merged: bool = False,
    ) -> None:
        self._hosts = hosts
        # Findings come in the order of code and host; to hold on to the variables of all would take their memory twice.
        self._variables = functools.lru_cache(maxsize=64)(variables_of)
        self._found: dict[Finding, tuple[str, ...]] = {}
        self._holders = holders
        self._merged = merged

    def of(self, finding: Finding) -> tuple[str, ...]:
        """Return where the finding's variable stands, ``FILE:LINE:COLUMN``; empty where nothing tells.

        A finding may be several hosts' with the same value, each in a line of its own: then of as many hosts as a
        terminal names. What a finding misses has the place of what it should stand in, at last the host's own.
        """
        if finding not in self._found:
            self._found[finding] = self._looked_up(finding)
        return self._found[finding]

    def _looked_up(self, finding: Finding) -> tuple[str, ...]:
        root = re.split(r"[.\[]", finding.variable, maxsplit=1)[0]
        names = finding.hosts[:SHOWN_HOSTS] or ((self._holders[root],) if root in self._holders else ())
        standing = [self._standing(name, root, finding) for name in names if name in self._hosts]
        alike = [item for item in standing if (item.depth, item.value) == (standing[0].depth, standing[0].value)]
        return tuple(dict.fromkeys(item.place for item in alike if item.place))

    def _standing(self, host: str, root: str, finding: Finding) -> _Standing:
        variables = self._variables(host)
        value = variables.get(root)
        if value is None:
            # Not set: what there is of it is the host.
            return _Standing(0, None, place_of(variables.get("inventory_hostname")))
        found = [_Part(None, value), *_parts(value, finding.variable[len(root) :])]
        last, place = found[-1].value, ""
        for part in reversed(found):
            # The key of a value begins its line, the value may begin in the next one.
            place = place or ("" if self._merged else place_of(part.key)) or place_of(part.value)
            if self._merged:
                break
        return _Standing(len(found), last, place)


def _parts(value: object, path: str) -> Iterator[_Part]:
    """Yield the parts that *path* (``[0].callback.low``) leads through, outermost first, as far as it gets."""
    while path:
        index = re.match(r"\[(\d+)\]", path)
        if index and isinstance(value, (list, tuple)) and int(index[1]) < len(value):
            key, value, path = None, value[int(index[1])], path[index.end() :]
        elif path.startswith(".") and isinstance(value, Mapping):
            named = _longest_key(value, path[1:])
            if named is None:
                return
            text, key = named
            value, path = value[key], path[1 + len(text) :]
        else:
            return
        yield _Part(key, value)


def _longest_key(mapping: Mapping[Any, Any], path: str) -> tuple[str, Any] | None:
    """The longest of a mapping's keys that *path* begins with, as it is written there; names may hold dots."""
    written = [(text, key) for key in mapping for text in {short(str(key), limit) for limit in _SHORTENED}]
    begins = [item for item in written if path == item[0] or path.startswith((f"{item[0]}.", f"{item[0]}["))]
    return max(begins, key=lambda item: len(item[0]), default=None)
