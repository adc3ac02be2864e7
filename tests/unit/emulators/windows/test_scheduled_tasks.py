# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled tasks: registered once, fired by delay, time and boot, and what keeps them from it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.emulators.windows.clock import seconds_of
from tests.unit.emulators.windows.world import World

SCRIPT = "C:\\ProgramData\\undo.ps1"
UNDO: dict[str, Any] = {
    "name": "undo",
    "path": "\\faxnet",
    "actions": [{"path": "powershell.exe", "arguments": f'-NoProfile -ExecutionPolicy Bypass -File "{SCRIPT}"'}],
    "triggers": [{"type": "registration", "delay": "PT1M"}, {"type": "boot"}],
    "username": "SYSTEM",
    "logon_type": "service_account",
    "run_level": "highest",
    "disallow_start_if_on_batteries": False,
    "start_when_available": True,
}
TASK = "\\faxnet\\undo"


def armed(world: World, *lines: str, **changes: Any) -> dict[str, Any]:
    """Put a script on the host and a task that runs it."""
    content = "".join(f"{line}\r\n" for line in lines or ("New-Item -ItemType Directory -Path 'C:\\undone'",))
    world.host.change(lambda state: state.files.write(SCRIPT, content.encode("cp1252")))
    return world.done("win_scheduled_task", **{**UNDO, **changes})


def undone(world: World) -> bool:
    """Whether the script has run."""
    world.host.tick()
    return world.host.state.files.exists("C:\\undone")


def history(world: World) -> list[dict[str, Any]]:
    """What became of tasks that fired."""
    return world.host.history()


def test_a_task_is_registered_once(world: World) -> None:
    result = world.thrice("win_scheduled_task", **UNDO)
    assert result["diff"]["prepared"].startswith(f"+[Task]\n+{TASK}\n")
    found = world.done("win_scheduled_task_stat", path="faxnet", name="undo")
    assert (found["folder_exists"], found["task_exists"], found["folder_task_names"]) == (True, True, ["undo"])
    assert found["principal"]["user_id"] == "NT AUTHORITY\\SYSTEM"
    assert found["principal"]["logon_type"] == "TASK_LOGON_SERVICE_ACCOUNT"
    assert found["principal"]["run_level"] == "TASK_RUNLEVEL_HIGHEST"
    assert [each["type"] for each in found["triggers"]] == ["TASK_TRIGGER_REGISTRATION", "TASK_TRIGGER_BOOT"]
    assert found["actions"][0]["path"] == "powershell.exe"
    assert (found["settings"]["disallow_start_if_on_batteries"], found["settings"]["enabled"]) == (False, True)
    assert found["state"]["status"] == "TASK_STATE_READY"


def test_a_task_is_removed(world: World) -> None:
    armed(world)
    world.thrice("win_scheduled_task", name="UNDO", path="\\FAXNET\\", state="absent")
    assert world.done("win_scheduled_task_stat", path="\\faxnet", name="undo") | {"invocation": 0} == {
        "changed": False, "folder_exists": False, "task_exists": False, "invocation": 0}  # fmt: skip
    world.clock.move(3600)
    assert not undone(world)


def test_a_registration_with_a_delay_fires_when_it_is_over(world: World) -> None:
    armed(world)
    world.clock.move(59)
    assert not undone(world)
    world.clock.move(1)
    assert undone(world)
    assert [(note["task"], note["started"]) for note in history(world)] == [(TASK, True)]
    world.clock.move(3600)
    assert len(history(world)) == 1
    found = world.done("win_scheduled_task_stat", path="\\faxnet", name="undo")["state"]
    assert found["last_task_result"] == 0


def test_a_second_run_that_changes_nothing_leaves_the_timer(world: World) -> None:
    armed(world)
    world.clock.move(30)
    assert not armed(world)["changed"]
    world.clock.move(30)
    assert undone(world)


def test_a_changed_task_begins_to_wait_anew(world: World) -> None:
    armed(world)
    world.clock.move(30)
    assert armed(world, triggers=[{"type": "registration", "delay": "PT40S"}])["changed"]
    world.clock.move(39)
    assert not undone(world)
    world.clock.move(1)
    assert undone(world)


def test_a_reboot_fires_what_waits_for_a_boot_and_forgets_a_delay(world: World) -> None:
    armed(world)
    world.host.reboot()
    assert undone(world)
    assert len(history(world)) == 1
    world.clock.move(3600)
    assert len(history(world)) == 1


def test_without_a_trigger_at_boot_a_reboot_ends_the_wait(world: World) -> None:
    armed(world, triggers=[{"type": "registration", "delay": "PT1M"}])
    world.host.reboot()
    world.clock.move(3600)
    assert not undone(world)


def test_a_boot_may_have_a_delay_too(world: World) -> None:
    armed(world, triggers=[{"type": "boot", "delay": "PT30S"}])
    assert not undone(world)
    world.host.reboot()
    assert not undone(world)
    world.clock.move(30)
    assert undone(world)


def test_a_time_fires_once_and_not_when_it_has_gone_by(world: World) -> None:
    # The clock of a test stands at 2023-11-14T22:13:20 in UTC.
    armed(world, start_when_available=False, triggers=[{"type": "time", "start_boundary": "2023-11-14T22:13:00"}])
    world.clock.move(60)
    assert not undone(world)
    armed(world, start_when_available=False, triggers=[{"type": "time", "start_boundary": "2023-11-14T22:15:00"}])
    world.clock.move(60)
    assert undone(world)


def test_a_task_that_removes_itself_is_gone(world: World) -> None:
    armed(world, "Unregister-ScheduledTask -TaskName 'undo' -TaskPath '\\faxnet\\' -Confirm:$false")
    world.clock.move(60)
    assert [note["started"] for note in history(world)] == [True]
    assert world.host.state.data["tasks"] == {}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"username": None, "logon_type": None}, "nobody is logged on, and the task needs that"),
        ({"enabled": False}, "the task is disabled"),
        ({"disallow_start_if_on_batteries": True}, "the host runs on batteries, and the task does not start then"),
    ],
)
def test_what_keeps_a_task_from_starting_is_in_its_history(world: World, changes: dict[str, Any], why: str) -> None:
    world.host.change(lambda state: state.data.update(on_battery=True))
    armed(world, **changes)
    world.clock.move(60)
    assert not undone(world)
    assert [(note["started"], note.get("why")) for note in history(world)] == [(False, why)]


def test_a_trigger_that_is_off_does_not_fire(world: World) -> None:
    armed(world, triggers=[{"type": "registration", "delay": "PT1M", "enabled": False}])
    world.clock.move(3600)
    assert history(world) == []


@pytest.mark.parametrize(
    ("action", "result", "error"),
    [
        ({"path": "C:\\none.exe"}, 0x80070002, "the emulator has no program C:\\none.exe"),
        ({"path": "powershell.exe", "arguments": "-File C:\\none.ps1"}, 0xFFFD0000, "C:\\none.ps1 does not exist"),
        ({"path": "powershell.exe", "arguments": "Get-Date"}, 1, "powershell.exe Get-Date is not emulated"),
        ({"path": "powershell.exe", "arguments": "-Command Get-Date"}, 1, "the emulator has no command 'Get-Date'"),
        ({"path": "powershell.exe", "arguments": "-Command \"Remove-Item -Path 'C:\\no'\""}, 1, "does not exist"),
        ({"path": "netsh.exe", "arguments": "advfirewall reset"}, 1, "netsh advfirewall reset is not emulated"),
    ],
)
def test_an_action_that_fails_is_in_the_history(world: World, action: dict[str, Any], result: int, error: str) -> None:
    armed(world, actions=[action])
    world.clock.move(60)
    (note,) = history(world)
    assert note["actions"][0]["result"] == result
    assert error in note["actions"][0]["errors"][0]
    assert world.host.state.data["tasks"][TASK]["last_result"] == result


def test_a_script_goes_on_after_an_error_and_its_file_ends_well(world: World) -> None:
    wrong = "Remove-Item -Path 'C:\\no'"
    armed(world, wrong, "New-Item -ItemType Directory -Path 'C:\\undone'", wrong)
    world.clock.move(60)
    assert undone(world)
    assert history(world)[0]["actions"][0]["result"] == 0  # -File tells of no error that stopped nothing
    assert len(history(world)[0]["actions"][0]["errors"]) == 2


@pytest.mark.parametrize("kind", ["-Command", "-EncodedCommand"])
def test_a_script_may_stand_in_the_arguments(world: World, kind: str) -> None:
    script = "New-Item -ItemType Directory -Path 'C:\\undone'"
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    text = encoded if kind == "-EncodedCommand" else f'"{script}"'
    armed(world, actions=[{"path": "powershell.exe", "arguments": f"-NoProfile -NonInteractive {kind} {text}"}])
    world.clock.move(60)
    assert undone(world), history(world)
    assert history(world)[0]["actions"][0]["result"] == 0


def test_netsh_may_be_an_action(world: World) -> None:
    line = "interface ipv4 add excludedportrange protocol=tcp startport=10000 numberofports=100"
    armed(world, actions=[{"path": "C:\\Windows\\System32\\netsh.exe", "arguments": line}])
    world.clock.move(60)
    assert history(world)[0]["actions"][0]["result"] == 0
    assert world.host.state.data["ports"]["excluded"]["ipv4 tcp"][0]["first"] == 10000


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "a:b"}, "Invalid task name 'a:b'"),
        ({"actions": None}, "cannot create a task with no actions"),
        ({"actions": [{"arguments": "x"}]}, "action entry must contain the key 'path'"),
        ({"actions": [{"path": "x", "args": "y"}]}, "an action has no key args"),
        ({"triggers": [{"delay": "PT1M"}]}, "must contain a key 'type'"),
        ({"triggers": [{"type": "soon"}]}, "the specified trigger type 'soon' is not valid"),
        ({"triggers": [{"type": "daily"}]}, "triggers of the type daily are not emulated"),
        ({"triggers": [{"type": "time"}]}, "mandatory key 'start_boundary'"),
        ({"triggers": [{"type": "boot", "dely": "PT1M"}]}, "a trigger has no key dely"),
        ({"triggers": [{"type": "boot", "delay": "1m"}]}, "must be in the XML duration format but was '1m'"),
        ({"triggers": [{"type": "time", "start_boundary": "noon"}]}, "must be in the format 'YYYY-MM-DD"),
        ({"triggers": [{"type": "boot", "repetition": {"interval": "PT1M"}}]}, "repetition is not emulated"),
        ({"restart_count": 3}, "a task with restart_count is not emulated"),
        ({"run_only_if_idle": True}, "a task with run_only_if_idle is not emulated"),
        ({"execution_time_limit": "soon"}, "must be in the XML duration format but was 'soon'"),
        (
            {"start_when_available": True, "triggers": [{"type": "time", "start_boundary": "2030-01-01T00:00:00"}]},
            "a time that was missed is not made up for",
        ),
        ({"username": "DOMAIN\\fax"}, "a task of the user 'DOMAIN\\\\fax' is not emulated"),
        ({"username": None}, "username must be SYSTEM, LOCAL SERVICE or NETWORK SERVICE"),
        ({"group": "Administrators"}, "username and group can not be set at the same time"),
    ],
)
def test_a_wrong_task_is_refused(world: World, changes: dict[str, Any], text: str) -> None:
    assert text in world.refused("win_scheduled_task", **{**UNDO, **changes})
    assert world.host.state.data["tasks"] == {}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Unregister-ScheduledTask -TaskName 'undo'", "A command that prompts the user failed"),
        ("Unregister-ScheduledTask -TaskName 'undo' -Confirm:$true", "A command that prompts the user failed"),
        ("Unregister-ScheduledTask -TaskName 'gone' -Confirm:$false", "'TaskName' equal to 'gone'"),
        (
            "Unregister-ScheduledTask -TaskName 'undo' -TaskPath '\\other\\' -Confirm:$false",
            "'TaskName' equal to 'undo'",
        ),
        (
            "Unregister-ScheduledTask -TaskName 'undo' -TaskPath 'faxnet' -Confirm:$false",
            "'TaskPath' equal to 'faxnet'",
        ),
    ],
)
def test_a_task_that_cannot_be_unregistered_stays(world: World, line: str, text: str) -> None:
    armed(world)
    assert text in world.script(line)["error"][0]["exception"]["message"]
    assert list(world.host.state.data["tasks"]) == [TASK]


@pytest.mark.parametrize(("text", "seconds"), [("PT1M30S", 90), ("PT0S", 0), ("P1DT1H", 90000), ("PT0.5S", 0.5)])
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1M", "PT1", "P1M", "PT-1S", "PT1S "])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no XML duration"):
        seconds_of(text)
