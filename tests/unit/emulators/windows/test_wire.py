# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire: what ansible-core itself makes is decoded, and any other form of it is refused."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.executor.powershell import module_manifest

from tests.emulators.windows.errors import WireError
from tests.emulators.windows.shell import answer, needs_input
from tests.emulators.windows.wire import ModuleCall, ScriptCall, call_of_input, script_of_command
from tests.unit.emulators.windows.world import World, path_of, source_of

MARKER = b"\n\0\0\0\0\n"


def manifest_of(module: str, **arguments: Any) -> bytes:
    """Standard input for a module as the installed ansible-core makes it."""
    internal = {"_ansible_check_mode": False, "_ansible_diff": True, "_ansible_remote_tmp": "%TEMP%"}
    given: dict[str, Any] = {
        "name": f"ansible.windows.{module}",
        "module_data": source_of(module).encode(),
        "module_path": str(path_of(module)),
        "module_args": {**arguments, **internal},
        "environment": {"FAX": "1"},
        "async_timeout": 0,
        "become_plugin": None,
        "substyle": "powershell",
        "task_vars": {},
        "profile": "legacy",
    }
    wrapper = module_manifest._create_powershell_wrapper
    assert set(given) <= set(inspect.signature(wrapper).parameters)
    return bytes(wrapper(**given))


def command_of(script: str) -> str:
    """A command line that runs a script."""
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encoded}"


def bootstrap() -> str:
    """The command line that every module is started by."""
    return command_of(module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode())


def changed(data: bytes, part: int, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Standard input with one of its two parts changed."""
    parts = [json.loads(each) for each in data.split(MARKER)]
    change(parts[part])
    return MARKER.join(json.dumps(each).encode() for each in parts)


def test_a_module_call_of_ansible_core_is_decoded() -> None:
    call = call_of_input(manifest_of("win_ping", data="täst"))
    assert isinstance(call, ModuleCall)
    assert (call.name, call.short_name) == ("ansible.windows.win_ping", "win_ping")
    assert call.source == source_of("win_ping")
    assert call.arguments == {"data": "täst"}
    assert (call.check_mode, call.diff, call.environment) == (False, True, {"FAX": "1"})


def test_a_module_runs_and_its_answer_is_one_line_of_json(world: World) -> None:
    assert needs_input(bootstrap())
    reply = answer(world.host, bootstrap(), manifest_of("win_ping", data="täst"))
    assert (reply.code, reply.error) == (0, "")
    assert reply.output.endswith("}\r\n")
    assert json.loads(reply.output)["ping"] == "täst"


def test_a_failed_module_ends_with_another_exit_code(world: World) -> None:
    reply = answer(world.host, bootstrap(), manifest_of("win_ping", date="x"))
    assert reply.code == 1
    assert "Unsupported parameters for (win_ping) module: date" in json.loads(reply.output)["msg"]


def test_the_shell_plugins_own_scripts_make_and_remove_a_folder(world: World) -> None:
    made = {"Directory": "%TEMP%", "Name": "ansible-tmp-1"}
    script, data = module_manifest._bootstrap_powershell_script("powershell_mkdtemp.ps1", made)
    assert isinstance(call_of_input(data), ScriptCall)
    folder = answer(world.host, command_of(script), data).output.strip()
    assert world.host.state.files.is_folder(folder)
    removing = f"Set-StrictMode -Version Latest\nRemove-Item '{folder}' -Force -Recurse;\nIf (-not $?) {{ exit 1 }}"
    assert answer(world.host, command_of(removing), b"").code == 0
    assert not world.host.state.files.exists(folder)
    assert answer(world.host, command_of(removing), b"").code == 1
    script, data = module_manifest._bootstrap_powershell_script("powershell_expand_user.ps1", {"Path": "~\\x"})
    assert answer(world.host, command_of(script), data).output == "C:\\Users\\Administrator\\x\r\n"


@pytest.mark.parametrize(
    ("part", "change", "text"),
    [
        (0, lambda part: part.update(name="other"), "exec_wrapper: name"),
        (0, lambda part: part.update(more=1), "exec_wrapper: has"),
        (0, lambda part: part["params"].update(Other=1), "exec_wrapper: params"),
        (0, lambda part: part["params"].update(PwshPath="C:\\7\\pwsh.exe"), "another PowerShell"),
        (1, lambda part: part.pop("signed_hashlist"), "manifest: has"),
        (1, lambda part: part["actions"].insert(0, {"name": "become_wrapper.ps1"}), "become, async"),
        (1, lambda part: part["actions"][0].update(secure_params={"a": "b"}), "secure_params"),
        (1, lambda part: part["actions"][0].update(name="other.ps1"), "named and not sent"),
        (1, lambda part: part["scripts"].pop("ansible.windows.win_ping.ps1"), "named and not sent"),
        (1, lambda part: part["scripts"].pop("Ansible.Basic.cs"), "named and not sent"),
        (1, lambda part: part["actions"][0]["params"]["Variables"][0].update(Name="x"), "complex_args"),
        (
            1,
            lambda part: part["actions"][0]["params"].update(Script="ansible.windows.win_ping"),
            "unknown kind of name",
        ),
        (
            1,
            lambda part: part["actions"][0]["params"]["Variables"][0]["Value"].pop("_ansible_check_mode"),
            "_ansible_check_mode",
        ),
    ],
)
def test_another_form_of_the_wire_is_refused(part: int, change: Callable[[dict[str, Any]], Any], text: str) -> None:
    with pytest.raises(WireError, match=text):
        call_of_input(changed(manifest_of("win_ping"), part, change))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "has 1 parts instead of two"),
        (b"{}", "has 1 parts instead of two"),
        (MARKER.join([b"{}"] * 3), "has 3 parts instead of two"),
        (b"\xff" + MARKER, "is not UTF-8"),
        (b"no json" + MARKER + b"{}", "exec_wrapper: no JSON"),
        (b"[]" + MARKER + b"{}", "exec_wrapper: no dictionary"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(WireError, match=text):
        call_of_input(data)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("", "only PowerShell is started here"),
        ("cmd /c dir", "only PowerShell is started here"),
        ("powershell Get-Date", "does not end with -EncodedCommand"),
        ("powershell -NoProfile -EncodedCommand", "does not end with -EncodedCommand"),
        ("powershell -EncodedCommand !!!", "is no base64"),
        ("powershell -EncodedCommand QQ==", "is no base64 of UTF-16LE"),
    ],
)
def test_another_command_line_is_refused(command: str, text: str) -> None:
    with pytest.raises(WireError, match=text):
        script_of_command(command)


def test_a_script_of_an_unknown_form_is_an_answer_that_says_so(world: World) -> None:
    reply = answer(world.host, command_of("Get-ChildItem C:\\"), b"")
    assert (reply.code, reply.output) == (1, "")
    assert "a script of an unknown form: 'Get-ChildItem C:" in reply.error


def test_an_unknown_module_is_a_failure_that_names_it(world: World) -> None:
    assert world.refused("win_reboot") == "emulated Windows: the emulator has no module ansible.windows.win_reboot"
