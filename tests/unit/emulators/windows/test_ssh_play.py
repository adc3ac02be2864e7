# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook over the real ssh connection plugin, against endpoints on loopback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulators.windows import Host
from tests.emulators.windows.ssh import Endpoint, serving
from tests.unit.emulators.windows.world import World

SCRIPT = """\
# Ours alone.
New-Item -ItemType Directory -Path 'C:\\ProgramData\\faxnet' -Force
New-NetFirewallRule -Name 'faxnet-udp' -DisplayName 'Fax''s log' -Group 'faxnet' -Protocol UDP -LocalPort 44333
"""
TASKS: list[dict[str, Any]] = [
    {"ansible.windows.win_ping": {}},
    {
        "community.windows.win_firewall_rule": {
            "name": "faxnet tcp",
            "protocol": "tcp",
            "localport": "10000-10099",
            "remoteip": "198.51.100.7",
            "direction": "in",
            "action": "allow",
            "profiles": ["private"],
        }
    },
    {"ansible.windows.win_file": {"path": "C:\\Fax", "state": "directory"}},
    {"ansible.windows.win_regedit": {"path": "HKLM:\\SOFTWARE\\Fax", "name": "täst", "data": "ä \u0451"}},
    {"ansible.windows.win_service": {"name": "sshd", "start_mode": "delayed"}},
    {
        "ansible.windows.win_powershell": {
            "script": SCRIPT,
            "error_action": "stop",
            "creates": "C:\\ProgramData\\faxnet",
        },
        "register": "made",
        "changed_when": "made.output | length > 0",
    },
    {
        "community.windows.win_scheduled_task": {
            "name": "undo",
            "actions": [{"path": "powershell.exe", "arguments": '-File "C:\\undo.ps1"'}],
            "triggers": [{"type": "boot"}],
            "username": "SYSTEM",
        }
    },
]


class Network:
    """Endpoints, and plays against them."""

    def __init__(self, endpoints: dict[str, Endpoint], folder: Path) -> None:
        self.endpoints, self.folder = endpoints, folder

    def play(
        self, tasks: list[dict[str, Any]], *arguments: str, facts: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run tasks on all hosts."""
        hosts = {name: endpoint.variables() for name, endpoint in self.endpoints.items()}
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        book = [{"hosts": "all", "gather_facts": facts, "tasks": tasks}]
        (self.folder / "play.yml").write_text(yaml.safe_dump(book), encoding="utf-8")
        command = ["ansible-playbook", "-i", "hosts.json", "play.yml", *arguments]
        quiet = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **quiet},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def network(world: World, tmp_path: Path) -> Iterator[Network]:
    """One host on loopback."""
    with serving({"pc": world.host}, tmp_path) as endpoints:
        yield Network(endpoints, tmp_path)


def recap(said: subprocess.CompletedProcess[str], host: str) -> dict[str, int]:
    """The numbers that a play ends with for a host."""
    lines = [line for line in said.stdout.splitlines() if line.startswith(f"{host} ")]
    assert lines, said.stdout + said.stderr
    return {key: int(number) for key, _equals, number in (word.partition("=") for word in lines[-1].split()[2:])}


def test_a_play_changes_a_host_once(network: Network, world: World) -> None:
    first = network.play(TASKS, "--diff", facts=True)
    assert recap(first, "pc") | {"skipped": 0} == {
        "ok": 8, "changed": 6, "unreachable": 0, "failed": 0, "skipped": 0, "rescued": 0, "ignored": 0}  # fmt: skip
    assert "+LocalPorts='10000-10099'" in first.stdout
    written = [entry.module for entry in world.host.log if entry.wrote]
    assert written == ["win_firewall_rule", "win_file", "win_regedit", "win_service", "win_powershell",
                       "win_scheduled_task"]  # fmt: skip
    assert world.host.state.registry.data("HKLM:\\SOFTWARE\\Fax", "täst") == "ä \u0451"
    assert "Name=Fax's log|" in world.rules()["faxnet-udp"]
    calls = len(world.host.log)

    second = network.play(TASKS, facts=True)
    assert recap(second, "pc")["changed"] == 0, second.stdout
    assert recap(second, "pc")["ok"] == 8
    assert [entry.module for entry in world.host.log[calls:] if entry.wrote] == []
    assert len(world.host.log) == 2 * calls


def test_check_mode_writes_nothing(network: Network, world: World) -> None:
    before = world.host.state.copy()
    said = network.play([task for task in TASKS if "register" not in task], "--check")
    assert recap(said, "pc")["changed"] == 5, said.stdout
    assert world.host.state.data == before
    assert [entry.check_mode for entry in world.host.log] == [True] * 6


def test_a_host_that_cannot_be_reached_and_one_whose_connection_breaks(network: Network, world: World) -> None:
    ping = [TASKS[0]]
    world.host.faults.unreachable = True
    assert recap(network.play(ping), "pc")["unreachable"] == 1
    world.host.faults.clear()
    world.host.faults.drop(after=True)
    broken = network.play([TASKS[2]])
    assert recap(broken, "pc")["unreachable"] == 1, broken.stdout
    assert world.host.state.files.exists("C:\\Fax")
    assert recap(network.play(ping), "pc")["ok"] == 1


def test_failures_of_modules_reach_the_play(network: Network) -> None:
    wrong = [
        {"ansible.windows.win_ping": {"date": "x"}, "ignore_errors": True},
        {"ansible.windows.win_copy": {"content": "x", "dest": "C:\\x"}, "ignore_errors": True},
        {"ansible.windows.win_powershell": {"script": "Get-Date"}, "ignore_errors": True},
        {"ansible.builtin.raw": "Get-Date", "ignore_errors": True},
    ]
    said = network.play(wrong)
    assert recap(said, "pc")["ignored"] == 4, said.stdout
    for text in (
        "Unsupported parameters for (win_ping) module: date",
        "the emulator has no module ansible.windows.win_copy",
        "the emulator has no command 'Get-Date'",
        "only PowerShell is started here",
    ):
        assert text in said.stdout


def test_two_hosts_answer_at_once_and_a_timer_fires_by_itself(tmp_path: Path) -> None:
    hosts = {name: Host(tmp_path / f"{name}.json") for name in ("one", "two")}
    hosts["one"].change(
        lambda state: state.files.write("C:\\u.ps1", b"New-Item -ItemType Directory -Path 'C:\\undone'")
    )
    timer = {
        "community.windows.win_scheduled_task": {
            "name": "undo",
            "actions": [{"path": "powershell.exe", "arguments": "-File C:\\u.ps1"}],
            "triggers": [{"type": "registration", "delay": "PT1S"}],
            "username": "SYSTEM",
        }
    }
    with serving(hosts, tmp_path) as endpoints:
        said = Network(endpoints, tmp_path).play([timer, {"ansible.builtin.pause": {"seconds": 2}}])
        assert [recap(said, name)["changed"] for name in hosts] == [1, 1], said.stdout
    # Nobody asked the hosts anything since: their own clocks did it. "two" has no such script.
    assert hosts["one"].state.files.exists("C:\\undone")
    notes = [host.history()[0]["actions"][0]["result"] for host in hosts.values()]
    assert notes == [0, 0xFFFD0000]
