# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command line that a connection brings does on a host, whichever connection it is.

Modules come through the bootstrap wrapper; so do the shell plugin's own scripts that make a temporary folder and look
up the user's. Removing a file comes as a plain line. All else is an answer on standard error, exit code
1.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from . import paths
from .errors import EmulatorError, WireError
from .host import Host
from .paths import ENVIRONMENT, expanded
from .state import State
from .wire import ModuleCall, ScriptCall, call_of_input, is_bootstrap, script_of_command


@dataclass(frozen=True)
class Reply:
    """What comes back over the connection, if anything does."""

    code: int
    output: str = ""
    error: str = ""
    dropped: bool = False
    seconds: float = 0.0  # that it takes longer


def needs_input(command: str) -> bool:
    """Whether a command line reads standard input. Raises WireError."""
    return is_bootstrap(script_of_command(command))


def answer(host: Host, command: str, data: bytes) -> Reply:
    """Do what a command line and its standard input ask for."""
    try:
        script = script_of_command(command)
        if not is_bootstrap(script):
            return _line(host, script)
        call = call_of_input(data)
        return _module(host, call) if isinstance(call, ModuleCall) else _script(host, call)
    except EmulatorError as error:
        return Reply(1, error=f"emulated Windows: {error}\r\n")


def _module(host: Host, call: ModuleCall) -> Reply:
    found = host.call(call)
    text = json.dumps(found.result, ensure_ascii=False) + "\r\n"
    return Reply(1 if found.result.get("failed") else 0, text, dropped=found.dropped, seconds=found.seconds)


def _script(host: Host, call: ScriptCall) -> Reply:
    if call.name == "powershell_expand_user":
        path = str(call.parameters["Path"])
        home = ENVIRONMENT["userprofile"]
        return Reply(0, f"{home + path[1:] if path == '~' or path.startswith('~' + chr(92)) else path}\r\n")
    if call.name == "powershell_mkdtemp":
        folder = paths.absolute(f"{expanded(str(call.parameters['Directory']))}\\{call.parameters['Name']}")
        host.change(lambda state: state.files.make_folder(folder))
        return Reply(0, f"{folder}\r\n")
    raise WireError(f"the script {call.name} is not emulated")


#: A path as the shell plugin writes it, in quotes or (since 2.21) bare.
_PATH = r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<bare>[\w\-\\.\[\]/~!%^:]+))"
_REMOVE = re.compile(rf"Remove-Item {_PATH} -Force( -Recurse)?;?\s*(\n|$)")


def _line(host: Host, script: str) -> Reply:
    """A plain line of the shell plugin's: between the strict mode in front and the exit code behind."""
    body = script.removeprefix("Set-StrictMode -Version Latest\n")
    if found := _REMOVE.match(body):
        path = (found["quoted"] or "").replace("''", "'") or found["bare"]
        return Reply(0) if host.change(lambda state: _remove(state, path)) else Reply(1, error="Cannot find path\r\n")
    raise WireError(f"a script of an unknown form: {body[:120]!r}")


def _remove(state: State, path: str) -> bool:
    if not state.files.exists(path):
        return False
    state.files.remove(path)
    return True
