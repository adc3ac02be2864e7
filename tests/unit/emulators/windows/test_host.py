# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host: its state lasts, its log tells what was written, its faults happen when they are due."""

from __future__ import annotations

import json

import pytest

from tests.emulators.windows import Host
from tests.emulators.windows.clock import MachineClock
from tests.emulators.windows.errors import EmulatorError
from tests.emulators.windows.wire import ModuleCall
from tests.unit.emulators.windows.world import World, source_of

PING = ModuleCall("ansible.windows.win_ping", source_of("win_ping"), {}, check_mode=False, diff=False)
FOLDER = ModuleCall("ansible.windows.win_file", source_of("win_file"), {"path": "C:\\Fax", "state": "directory"},
                    check_mode=False, diff=False)  # fmt: skip


def test_the_state_is_there_again_when_the_host_is_started_anew(world: World) -> None:
    world.done("win_file", path="C:\\Fax", state="directory")
    world.done("win_regedit", path="HKLM:\\SOFTWARE\\Fax", name="a", data="ä")
    again = Host(world.file, world.clock)
    assert again.state.data == world.host.state.data
    assert json.loads(world.file.read_text(encoding="utf-8"))["boots"] == 1
    assert again.log == []


def test_the_log_has_every_call_with_what_it_wrote(world: World) -> None:
    world.done("win_ping")
    world.done("win_file", check=True, path="C:\\Fax", state="directory")
    world.done("win_file", path="C:\\Fax", state="directory")
    world.run("win_file", path="C:\\Fax", state="file")
    assert [(each.module, each.check_mode, each.wrote, each.failed) for each in world.host.log] == [
        ("win_ping", False, False, False),
        ("win_file", True, False, False),
        ("win_file", False, True, False),
        ("win_file", False, False, True),
    ]
    assert world.last.arguments == {"path": "C:\\Fax", "state": "file"}


def test_writing_what_stands_there_already_is_writing(world: World) -> None:
    lines = ("Remove-NetFirewallRule -Name 'x' -ErrorAction SilentlyContinue",
             "New-NetFirewallRule -Name 'x' -DisplayName 'x'")  # fmt: skip
    world.script(*lines)
    before = world.host.state.copy()
    world.script(*lines)
    assert world.host.state.data == before
    assert world.last.wrote
    world.script("netsh.exe interface ipv4 show excludedportrange tcp")
    assert not world.last.wrote


def test_somebody_is_told_of_each_change(world: World) -> None:
    told: list[int] = []
    world.host.on_change(lambda host: told.append(len(host.state.data["files"])))
    world.done("win_ping")
    assert told == []
    world.done("win_file", path="C:\\Fax", state="directory")
    world.host.change(lambda state: state.files.remove("C:\\Fax"))
    world.host.reboot()
    assert len(told) == 3
    assert told[0] == told[1] + 1


def test_rules_of_others_are_put_and_taken(world: World) -> None:
    text = "v2.10|Action=Block|Active=TRUE|Dir=In|Name=x|"
    world.host.put_rule("foreign", text)
    world.host.put_rule("theirs", text, policy=True)
    assert (world.host.rules(), world.host.rules(policy=True)) == ({"foreign": text}, {"theirs": text})
    world.host.take_rule("foreign")
    world.host.take_rule("theirs", policy=True)
    assert (world.host.rules(), world.host.rules(policy=True)) == ({}, {})


def test_a_boot_starts_what_starts_by_itself(world: World) -> None:
    world.done("win_service", name="sshd", state="stopped")
    world.done("win_service", name="mpssvc", start_mode="manual")
    world.host.reboot()
    services = world.host.state.data["services"]
    assert (services["sshd"]["state"], services["mpssvc"]["state"]) == ("started", "stopped")
    assert world.host.state.data["boots"] == 2


# ---- faults


def test_a_connection_breaks_before_a_call_or_after_it(world: World) -> None:
    faults = world.host.faults
    faults.drop(at=2)
    assert [world.host.call(FOLDER).dropped for _call in range(3)] == [False, True, False]
    assert len(world.host.log) == 2
    world.done("win_file", path="C:\\Fax", state="absent")
    faults.drop(after=True, module="win_file")
    assert not world.host.call(PING).dropped
    answer = world.host.call(FOLDER)
    assert answer.dropped
    assert world.host.state.files.exists("C:\\Fax")


def test_a_call_fails_with_the_text_of_the_test(world: World) -> None:
    world.host.faults.fail("access denied", module="ansible.windows.win_file")
    assert world.host.call(PING).result["ping"] == "pong"
    assert world.host.call(FOLDER).result == {"failed": True, "msg": "access denied"}
    assert not world.host.state.files.exists("C:\\Fax")
    assert world.host.call(FOLDER).result["changed"]


def test_a_host_boots_in_the_middle(world: World) -> None:
    world.host.faults.reboot(module="win_file")
    assert world.host.call(FOLDER).dropped
    assert world.host.state.data["boots"] == 2
    assert not world.host.call(FOLDER).dropped
    assert world.host.state.data["boots"] == 2


def test_answers_are_slow_until_that_is_over(world: World) -> None:
    world.host.faults.slow(2.5, module="win_ping")
    assert [world.host.call(call).seconds for call in (PING, PING, FOLDER)] == [2.5, 2.5, 0]
    world.host.faults.unreachable = True
    world.host.faults.clear()
    assert world.host.call(PING).seconds == 0
    assert not world.host.faults.unreachable


def test_the_machines_own_time_is_not_slept_away() -> None:
    with pytest.raises(EmulatorError, match="too long"):
        MachineClock().sleep(61)
