# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's way into its containers costs one ``podman exec`` a task. Here a script stands in for podman."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Writes down what it was called with, and runs the command on this machine.
PODMAN = """#!/bin/sh
printf '%s\\n' "$*" | head -n 1 >>"$CALLS"
[ "$1 $2" != "container inspect" ] || { [ "$5" = the-container ] && echo true; exit; }
[ "$1 $2 $3" = "exec --interactive the-container" ] || { echo "no such container: $3" >&2; exit 125; }
shift 3
exec "$@"
"""


class Controller:
    """Ansible with the stand-in on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        program = folder / "podman"
        program.write_text(PODMAN, encoding="ascii")
        program.chmod(0o755)

    def run(self, module: str, arguments: str, *options: str, host: str = "the-container") -> str:
        """What an ad-hoc task printed; it must succeed."""
        done = self.tried(module, arguments, *options, host=host)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(
        self, module: str, arguments: str, *options: str, host: str = "the-container"
    ) -> subprocess.CompletedProcess[str]:
        """An ad-hoc task on the inventory's one host, ``pc``."""
        self.calls.unlink(missing_ok=True)
        inventory = (
            f"pc ansible_connection=faxnet.lab.podman ansible_host={host} ansible_python_interpreter={sys.executable} "
            f"ansible_remote_tmp={self.folder}/remote\n"
        )
        (self.folder / "hosts").write_text(inventory, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "ANSIBLE_PIPELINING"}
        environment |= {"PATH": f"{self.folder}:{environment['PATH']}", "CALLS": str(self.calls)}
        command = ["ansible", "-i", str(self.folder / "hosts"), "pc", "-m", module, "-a", arguments, *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @property
    def called(self) -> list[str]:
        """Podman's calls, their first lines."""
        return self.calls.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_a_task_is_one_call_of_podman(controller: Controller) -> None:
    assert '"ping": "pong"' in controller.run("ansible.builtin.ping", "")
    assert len(controller.called) == 1


def test_who_switches_pipelining_off_pays_for_it(controller: Controller) -> None:
    controller.run("ansible.builtin.ping", "", "-e", "ansible_pipelining=false")
    assert len(controller.called) > 3


def test_files_go_in_and_come_out_as_they_are(controller: Controller, tmp_path: Path) -> None:
    source, there, back = (tmp_path / name for name in ("source", "in the container", "back"))
    source.write_bytes(bytes(range(256)))
    controller.run("ansible.builtin.copy", f"src={source} dest='{there}' mode=0600")
    assert there.read_bytes() == source.read_bytes()
    controller.run("ansible.builtin.fetch", f"src='{there}' dest={back} flat=true")
    assert back.read_bytes() == source.read_bytes()


def test_a_container_that_is_not_there_is_named(controller: Controller) -> None:
    done = controller.tried("ansible.builtin.ping", "", host="nowhere")
    assert done.returncode != 0
    assert "UNREACHABLE" in done.stdout
    assert "the container nowhere is not running (no such container: nowhere): bring the lab up" in done.stdout


@pytest.mark.parametrize("status", [7, 125, 137])
def test_a_command_may_end_as_podman_does_and_is_no_lost_connection(controller: Controller, status: int) -> None:
    done = controller.tried("ansible.builtin.raw", f"exit {status}")
    assert f"FAILED | rc={status}" in done.stdout


def test_a_raw_command_line_is_the_shells(controller: Controller) -> None:
    assert controller.run("ansible.builtin.raw", "echo one && echo two | tr o 0").split()[-2:] == ["one", "tw0"]
    done = controller.tried("ansible.builtin.raw", "echo three; exit 7")
    assert "rc=7" in done.stdout
