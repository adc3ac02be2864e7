# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-core 2.19 to 2.21 sends to a Windows host, decoded (executor/powershell, plugins/shell/powershell.py).

A command line is C(PowerShell ... -EncodedCommand TEXT), the text in base64 of UTF-16LE. Where its script is the
bootstrap wrapper, standard input is C(JSON exec_wrapper), a line of four zero bytes, C(JSON manifest): the manifest's
last action names a module's source among its scripts, and its arguments. Whatever differs raises WireError, so that a
changed wire is a failing test and no guess.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import WireError

#: Between the two parts of standard input, and behind the manifest where the script itself reads input.
MARKER = "\0\0\0\0"

#: What ansible-core puts into every manifest beside a module's own options.
INTERNAL = "_ansible_"

#: Which PowerShell is to run modules: the host's own, or the path of a newer one.
_SINCE_2_21 = frozenset({"PwshPath"})


@dataclass(frozen=True)
class ModuleCall:
    """A module that is to run."""

    name: str  # the file's name without its extension, as a rule with the collection: ansible.windows.win_ping
    source: str  # its PowerShell text, as sent
    arguments: Mapping[str, Any]  # the user's, without ansible-core's own
    check_mode: bool
    diff: bool
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        """The name without a collection: win_ping."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class ScriptCall:
    """A script of ansible-core's shell plugin that is to run, such as the one that makes a temporary folder."""

    name: str
    parameters: Mapping[str, Any]


def script_of_command(command: str) -> str:
    """The script of a command line.

    Args:
        command: As it came over the connection.

    Raises:
        WireError: It is no PowerShell with an encoded command.
    """
    words = command.split()
    if not words or words[0].lower() not in ("powershell", "powershell.exe"):
        raise WireError(f"only PowerShell is started here, and this is something else: {command[:80]!r}")
    if len(words) < 3 or words[-2].lower() != "-encodedcommand":
        raise WireError(f"the command line does not end with -EncodedCommand and its text: {command[:80]!r}")
    try:
        encoded = words[-1].removeprefix("'").removesuffix("'")  # in quotes since 2.21
        return base64.b64decode(encoded, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise WireError(f"the encoded command is no base64 of UTF-16LE: {error}") from None


def is_bootstrap(script: str) -> bool:
    """Whether a script is the bootstrap wrapper, which reads what it runs from standard input up to the marker."""
    hands_on = re.search(r"\$input(Data)? \| & \$cmd @splat", script)  # the second name since 2.21
    return '"`0`0`0`0"' in script and "$code.script" in script and hands_on is not None


def call_of_input(data: bytes) -> ModuleCall | ScriptCall:
    """What standard input asks the bootstrap wrapper to run.

    Args:
        data: All of standard input.

    Raises:
        WireError: Its form is another one; become, async and coverage are not emulated.
    """
    try:
        parts = data.decode("utf-8").split(f"\n{MARKER}\n")
    except UnicodeDecodeError as error:
        raise WireError(f"standard input is not UTF-8: {error}") from None
    if len(parts) != 2:
        raise WireError(f"standard input has {len(parts)} parts instead of two, exec_wrapper and manifest")
    wrapper = _fields("exec_wrapper", parts[0], {"name", "script", "params"})
    _same("exec_wrapper: name", wrapper["name"], "exec_wrapper")
    known = {"MinOSVersion", "MinPSVersion", "TempPath"}
    parameters = _fields("exec_wrapper: params", wrapper["params"], known, _SINCE_2_21)
    if parameters.get("PwshPath") not in (None, "powershell", "powershell.exe"):
        raise WireError("exec_wrapper: another PowerShell than the host's own is asked for, which is not emulated")
    manifest = _fields("manifest", parts[1], {"scripts", "actions", "signed_hashlist"})
    scripts, actions = manifest["scripts"], manifest["actions"]
    if not isinstance(scripts, dict) or not isinstance(actions, list):
        raise WireError("manifest: scripts is no dictionary or actions is no list")
    if len(actions) != 1:
        names = [action.get("name") for action in actions if isinstance(action, dict)]
        raise WireError(f"manifest: one action is emulated, these came: {names} (become, async and coverage are not)")
    action = _fields("manifest: action", actions[0], {"name", "params", "secure_params"})
    _same("manifest: secure_params", action["secure_params"], {})
    if action["name"] != "module_wrapper.ps1":
        source_of(scripts, action["name"])
        return ScriptCall(str(action["name"]).removesuffix(".ps1"), action["params"])
    return _module(scripts, action["params"])


def source_of(scripts: Mapping[str, Any], name: str) -> str:
    """The text of a script of the manifest. Raises WireError where it is missing or not base64 of UTF-8."""
    if name not in scripts:
        raise WireError(f"manifest: the script {name!r} is named and not sent")
    entry = _fields(f"manifest: script {name}", scripts[name], {"path", "script"})
    try:
        return base64.b64decode(entry["script"], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, TypeError) as error:
        raise WireError(f"manifest: the script {name!r} is no base64 of UTF-8: {error}") from None


def _module(scripts: Mapping[str, Any], parameters: Any) -> ModuleCall:
    wanted = {"Script", "Environment", "Variables", "CSharpModules", "PowerShellModules", "ForModule"}
    given = _fields("manifest: parameters of the module wrapper", parameters, wanted)
    for util in (*given["CSharpModules"], *given["PowerShellModules"]):
        source_of(scripts, util)  # a utility that the module needs and that was not sent would fail there too
    variables = given["Variables"]
    if not isinstance(variables, list) or [each.get("Name") for each in variables] != ["complex_args"]:
        raise WireError("manifest: the module's variables are not the one complex_args")
    arguments = variables[0].get("Value")
    if not isinstance(arguments, dict):
        raise WireError("manifest: the module's arguments are no dictionary")
    name = re.fullmatch(r"([\w.]+)\.ps1", str(given["Script"]))
    if name is None:
        raise WireError(f"manifest: the module's script has an unknown kind of name: {given['Script']!r}")
    short = re.fullmatch(r"ansible_collections\.(\w+\.\w+)\.plugins\.modules\.(\w+)", name[1])
    return ModuleCall(
        name=f"{short[1]}.{short[2]}" if short else name[1],
        source=source_of(scripts, given["Script"]),
        arguments={key: value for key, value in arguments.items() if not key.startswith(INTERNAL)},
        check_mode=_flag(arguments, "_ansible_check_mode"),
        diff=_flag(arguments, "_ansible_diff"),
        environment=given["Environment"] or {},
    )


def _flag(arguments: Mapping[str, Any], name: str) -> bool:
    if not isinstance(arguments.get(name), bool):
        raise WireError(f"manifest: the module's arguments have no {name} that is true or false")
    return bool(arguments[name])


def _fields(what: str, value: Any, names: set[str], others: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A dictionary, or JSON of one, with exactly these keys, and at most the others. Raises WireError."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise WireError(f"{what}: no JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError(f"{what}: no dictionary")
    if set(value) - others != names:
        raise WireError(f"{what}: has {sorted(value)} where {sorted(names)} is known")
    return value


def _same(what: str, value: Any, wanted: Any) -> None:
    if value != wanted:
        raise WireError(f"{what}: is {value!r} where {wanted!r} is known")
