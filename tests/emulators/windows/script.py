# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script of straight lines, run: what it puts out, which errors it has, and whether one of them ended it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .commands import COMMANDS
from .commands.given import Given, Known
from .errors import CommandError, ScriptError
from .powershell_lines import Command, commands
from .state import State


@dataclass(frozen=True)
class Outcome:
    """What a script has come to."""

    output: tuple[Any, ...]
    errors: tuple[tuple[Command, CommandError], ...]
    stopped: bool  # an error ended it
    ends_well: bool  # the last command had no error, which is what an exit code tells


def checked(script: str) -> list[tuple[Command, Known]]:
    """The commands of a script with what they do. Raises ScriptError; nothing has run then."""
    found = []
    for command in commands(script):
        known = COMMANDS.get(command.name.lower())
        if known is None:
            raise ScriptError(f"line {command.line}: the emulator has no command {command.name!r}")
        known.check(command)
        found.append((command, known))
    return found


def run(state: State, script: str, error_action: str = "continue") -> Outcome:
    """Run a script on a host's state.

    Args:
        state: The host's, which is changed.
        script: The text.
        error_action: stop, continue or silentlycontinue, for commands that do not say.

    Raises:
        ScriptError: The script has something that is not emulated; nothing has run.
        EmulatorError: A command met something that is not emulated.
    """
    output: list[Any] = []
    errors: list[tuple[Command, CommandError]] = []
    failed = False
    for command, known in checked(script):
        action = str(command.named.get("erroraction", (error_action,))[0]).lower()
        given = Given(command, action)
        try:
            output += known.run(state, given)
        except CommandError as error:
            given.errors.append(error)
        failed = given.failed or bool(given.errors)
        if action in ("stop", "continue"):
            errors += [(command, error) for error in given.errors]
        if given.errors and action == "stop":
            return Outcome(tuple(output), tuple(errors), stopped=True, ends_well=False)
    return Outcome(tuple(output), tuple(errors), stopped=False, ends_well=not failed)


def text_of_file(data: bytes) -> str:
    """A script file's text as Windows PowerShell 5.1 reads it: without a mark it is of the system's code page."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    if data.startswith(b"\xff\xfe"):
        return data[2:].decode("utf-16-le", "replace")
    return data.decode("cp1252", "replace")
