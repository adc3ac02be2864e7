# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong: on the host as on a real one, or because the emulator does not go that far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EmulatorError(Exception):
    """Something that a real host may do and this emulator does not. It is never passed over in silence."""


class WireError(EmulatorError):
    """What came over the connection has another form than ansible-core's, or is more than the emulator takes."""


class ScriptError(EmulatorError):
    """A script is outside the few straight lines of PowerShell that the emulator reads. None of it has run."""


class RuleTextError(ValueError):
    """The text of a firewall rule is not one of [MS-GPFAS] 2.2.2.19."""


class ModuleFailure(Exception):  # noqa: N818 - what a module reports, no error of the program
    """A module ends with C(failed). Its text is C(msg), and the result may hold more."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.message = message
        self.result: Mapping[str, Any] = result


class CommandError(Exception):
    """A PowerShell command fails. What stops by it is up to the error action."""

    def __init__(self, message: str, error_id: str, category: str = "NotSpecified") -> None:
        super().__init__(message)
        self.message, self.error_id, self.category = message, error_id, category
