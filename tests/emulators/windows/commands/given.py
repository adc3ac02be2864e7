# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command was given, held against the parameters that it has here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CommandError, ScriptError
from ..powershell_lines import Command
from ..state import State

#: How many values a parameter takes: a switch none, a flag $true or $false, a text one, texts one or more.
SWITCH, FLAG, TEXT, TEXTS = "switch", "flag", "text", "texts"

_ERROR_ACTIONS = ("stop", "continue", "silentlycontinue", "ignore")


@dataclass
class Given:
    """A command's parameters. Errors that do not end the command go through C(error)."""

    command: Command
    error_action: str  # in small letters: the parameter's, else the script's
    errors: list[CommandError] = field(default_factory=list)
    failed: bool = False  # a program ended with another exit code than 0, which stops nothing

    def has(self, name: str) -> bool:
        """Whether a parameter stands there; a switch may be -Force or -Force:$true."""
        values = self.command.named.get(name.lower())
        return values is not None and values != (False,)

    def text(self, name: str, default: str = "") -> str:
        """A parameter's one text."""
        return self.texts(name)[0] if name.lower() in self.command.named else default

    def texts(self, name: str) -> list[str]:
        """All texts of a parameter."""
        return [str(value) for value in self.command.named.get(name.lower(), ())]

    def required(self, name: str) -> str:
        """A text that must be there. Raises CommandError in the words of a host without anybody to ask."""
        if not self.text(name):
            raise CommandError(
                "Cannot process command because of one or more missing mandatory parameters: " + name,
                f"MissingMandatoryParameter,{self.command.name}",
                "InvalidArgument",
            )
        return self.text(name)

    def error(self, error: CommandError) -> None:
        """An error that another name or file of the same command does not mind. Raises it where errors stop."""
        if self.error_action == "stop":
            raise error
        self.errors.append(error)


@dataclass(frozen=True)
class Known:
    """A command that the emulator has: its parameters and what it does. The result is what it puts out."""

    parameters: Mapping[str, str]  # in small letters: how many values
    run: Callable[[State, Given], list[Any]]
    takes_words: bool = False  # a program, which is given plain words

    def check(self, command: Command) -> None:
        """See that a command is within what the emulator does. Raises ScriptError."""
        where = f"line {command.line}: {command.name}"
        if command.positional and not self.takes_words:
            raise ScriptError(f"{where}: {command.positional[0]!r} stands there without its parameter's name")
        for name, values in command.named.items():
            kind = {"erroraction": TEXT, **self.parameters}.get(name)
            if kind is None:
                raise ScriptError(f"{where}: has no parameter -{name} in the emulator")
            wrong = {
                SWITCH: len(values) > 1 or any(not isinstance(each, bool) for each in values),
                FLAG: len(values) != 1 or not isinstance(values[0], bool),
                TEXT: len(values) != 1,
                TEXTS: not values,
            }[kind]
            if wrong:
                raise ScriptError(f"{where}: -{name} has other values than a {kind}")
        action = command.named.get("erroraction", ("stop",))[0]
        if str(action).lower() not in _ERROR_ACTIONS:
            raise ScriptError(f"{where}: -ErrorAction {action} is no action")
