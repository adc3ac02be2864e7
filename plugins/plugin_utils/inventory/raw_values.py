# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What raw variables hold, found out once for each object and not once for each host.

Twenty thousand hosts of one group share the very objects that the group's variables are. Whether such an object holds
a template, which names its templates mention, and what it is without ansible's tags are therefore remembered by the
object's identity; an object that is remembered is also held, so that its identity cannot pass to another one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jinja2
import jinja2.meta

from ..basics.vaulted import vaulted

#: Marks that begin a template. A string without them, or an object that is no string, is a value as it stands.
_MARKS = ("{{", "{%", "{#", "#jinja2:")

#: Names that let a template read more than the variables it mentions, or something else each time.
_OPEN_NAMES = frozenset({"hostvars", "lookup", "query", "q", "now", "vars", "undef"})

#: Stands for a variable that a host does not have.
_ABSENT = object()

_PLAIN_TYPES = (str, int, float, type(None))
_PARSER = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701, only parses


class ByIdentity:
    """Remembers a function's results by the identity of its argument, for lists and mappings."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self._results: dict[int, tuple[object, Any]] = {}

    def __call__(self, value: Any) -> Any:
        """Return the function's result for *value*."""
        if not isinstance(value, (dict, list, tuple)):
            return self._function(value)
        known = self._results.get(id(value))
        if known is None:
            known = self._results[id(value)] = (value, self._function(value))
        return known[1]


@functools.lru_cache(maxsize=65536)
def _names_in(text: str) -> frozenset[str] | None:
    """Names that a template mentions; None where it cannot be read or may read more than it mentions."""
    try:
        names = frozenset(jinja2.meta.find_undeclared_variables(_PARSER.parse(text)))
    except jinja2.TemplateError:
        return None
    return None if names & _OPEN_NAMES else names


def _is_template(text: str) -> bool:
    return ("{" in text or "#" in text) and any(mark in text for mark in _MARKS)


class RawValues:
    """Answers about raw variables, remembered for one collection run.

    *from_vault* tells whether a single value came from a vault; None where no vault is in use.
    """

    def __init__(self, from_vault: Callable[[object], bool] | None = None) -> None:
        self._from_vault = from_vault
        self.holds_template: Callable[[Any], bool] = ByIdentity(self._holds_template)
        self.names: Callable[[Any], frozenset[str] | None] = ByIdentity(self._names)
        self.plain: Callable[[Any], Any] = ByIdentity(self._plain)
        #: Whether any part of a value came from a vault.
        self.is_vaulted: Callable[[Any], bool] = ByIdentity(self._is_vaulted)

    def _holds_template(self, value: Any) -> bool:
        if isinstance(value, str):
            return _is_template(value)
        if isinstance(value, dict):
            return self._any_template(value) or self._any_template(value.values())
        if isinstance(value, (list, tuple)):
            return self._any_template(value)
        # Anything else (a value under ansible-vault, for instance) becomes a value only when it is evaluated.
        return not isinstance(value, _PLAIN_TYPES)

    def _any_template(self, values: Iterable[Any]) -> bool:
        # A string, as most are, is looked at here: to ask for each anew costs thrice as much.
        return any(_is_template(value) if isinstance(value, str) else self.holds_template(value) for value in values)

    def _names(self, value: Any) -> frozenset[str] | None:
        if isinstance(value, str):
            return _names_in(str(value)) if self.holds_template(value) else frozenset()
        if isinstance(value, dict):
            parts = [self.names(item) for pair in value.items() for item in pair]
        elif isinstance(value, (list, tuple)):
            parts = [self.names(item) for item in value]
        else:
            # ansible-core evaluates no template in what a vault holds.
            return frozenset() if isinstance(value, _PLAIN_TYPES) or self.is_vaulted(value) else None
        found: set[str] = set()
        for part in parts:
            if part is None:
                return None
            found |= part
        return frozenset(found)

    def _plain(self, value: Any) -> Any:
        """*value* in Python's own types: ansible-core tags strings, numbers, lists and mappings with their origin."""
        if value is None or isinstance(value, bool):
            return value
        if self._from_vault is not None and isinstance(value, (str, int, float)) and self._from_vault(value):
            return vaulted(value)
        for kind in (str, int, float):
            if isinstance(value, kind):
                return kind(value)
        if isinstance(value, (list, tuple)):
            return self._all_plain(value)
        if isinstance(value, (dict, Mapping)):  # to ask for the abstract one alone takes five times as long
            return dict(zip(self._all_plain(value), self._all_plain(value.values()), strict=True))
        return value

    def _all_plain(self, values: Iterable[Any]) -> list[Any]:
        if self._from_vault is not None:
            return [self.plain(value) for value in values]
        # A string, as most are, becomes plain here: to ask for each anew costs thrice as much.
        return [str(value) if isinstance(value, str) else self.plain(value) for value in values]

    def _is_vaulted(self, value: Any) -> bool:
        if self._from_vault is None:
            return False
        if isinstance(value, dict):
            return any(self.is_vaulted(item) for pair in value.items() for item in pair)
        if isinstance(value, (list, tuple)):
            return any(self.is_vaulted(item) for item in value)
        return self._from_vault(value)

    def mentions_vaulted(self, value: Any, variables: Mapping[str, Any]) -> bool:
        """Whether a template of *value* reads a variable that came from a vault, be it through others.

        True as well where nobody can tell what it reads (``hostvars``, a lookup).
        """
        if self._from_vault is None or not self.holds_template(value):
            return False
        basis = self.basis(value, variables)
        return basis is None or any(self.is_vaulted(item) for item in basis)

    def basis(self, value: Any, variables: Mapping[str, Any]) -> tuple[object, ...] | None:
        """Return the objects that evaluating *value* can depend on, *value* first; None where that is not known.

        Two hosts for which these are the same objects get the same result. Variables that are mentioned may hold
        templates themselves, so their names are followed.
        """
        basis: list[object] = [value]
        waiting = self.names(value)
        seen: set[str] = set()
        while waiting:
            following: set[str] = set()
            for name in sorted(waiting - seen):
                seen.add(name)
                mentioned = variables.get(name, _ABSENT)
                basis.append(mentioned)
                names = self.names(mentioned) if mentioned is not _ABSENT else frozenset()
                if names is None:
                    return None
                following |= names
            waiting = frozenset(following - seen)
        return None if waiting is None else tuple(basis)
