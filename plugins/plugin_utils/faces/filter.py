# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filter plugins share: calls are checked, and refusals read as sentences."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleFilterError

from ..inventory.raw_values import RawValues
from .libraries import missing_library


class EngineFilters:
    """A plugin file's filters. A plugin names the functions, and which of their exceptions are refusals."""

    #: Names of filters, and what they call.
    functions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    #: Refusals of the engine: their text is the message for the user. Any other exception is a mistake in this code.
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    #: Whether the functions want Python's own types, and not those with tags that come out of templates.
    plain: ClassVar[bool] = False

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {name: self._guarded(name, function) for name, function in self.functions.items()}

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def guarded(*given: Any, **named: Any) -> Any:
            missing = missing_library()
            if missing:
                raise AnsibleFilterError(f"{name}: {missing}")
            try:
                signature.bind(*given, **named)
            except TypeError as error:
                takes = ", ".join(list(signature.parameters)[1:]) or "nothing but its input"
                raise AnsibleFilterError(f"{name}: {error}; it takes {takes}") from None
            if self.plain:
                plain = RawValues().plain
                given = tuple(plain(value) for value in given)
                named = {key: plain(value) for key, value in named.items()}
            try:
                return function(*given, **named)
            except self.refusals as error:
                # From None: ansible would print the same sentence again for each cause.
                raise AnsibleFilterError(f"{name}: {error}") from None

        return guarded
