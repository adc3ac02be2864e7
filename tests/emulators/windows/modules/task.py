# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is given: the host's state, its checked arguments, and the modes that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..state import State


@dataclass(frozen=True)
class Task:
    """One run of a module. Where check mode is on, it must leave the state alone."""

    state: State
    values: Mapping[str, Any]
    check_mode: bool
    diff: bool

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


#: A module's behaviour: from its run to its result. It raises ModuleFailure, or EmulatorError for what is not emulated.
Module = Callable[[Task], dict[str, Any]]
