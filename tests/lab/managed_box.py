# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is managed over SSH from its gateway, through the lab's network, so that its rules stand in the way.

What became of the host is looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import running
from tests.unit.platforms.policies import policy
from tools.lab import lifecycle, ssh
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

INVENTORY = Path(__file__).parent / "lockout"
#: Where the controller comes from.
CONTROL = "10.77.0.1/32"
PLAY = """\
- name: Apply one policy
  hosts: box
  gather_facts: false
  tasks:
    - name: Apply it
      faxnet.deploy.firewall:
        state: "{{ state | default('present') }}"
        policy: "{{ policy }}"
        confirm_timeout: 15
      register: outcome
      ignore_errors: true

    - name: Keep what came of it
      ansible.builtin.copy:
        content: "{{ outcome | to_json }}"
        dest: "{{ result }}"
        mode: "0600"
      delegate_to: localhost
      vars:
        ansible_connection: local
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
      check_mode: false
      diff: false
"""


def managed_from(*sources: str, **parts: Any) -> dict[str, Any]:
    """A policy with SSH open to `sources` alone."""
    return policy(management=[{"transport": "tcp", "ports": "22", "sources": list(sources)}], **parts)


@dataclass(frozen=True)
class Result:
    """The task's result."""

    task: dict[str, Any]


@dataclass(frozen=True)
class Box:
    """The managed host."""

    container: str
    control: str
    inventories: tuple[Path, ...]
    play: Path

    def apply(self, wanted: dict[str, Any], *arguments: str) -> Result:
        """Run the play over SSH."""
        sources = [word for path in self.inventories for word in ("-i", str(path))]
        answer = self.play.with_name("result.json")
        answer.unlink(missing_ok=True)
        values = json.dumps({"policy": wanted, "result": str(answer)})
        # SSH shares one connection for a whole play, as Ansible does by default, so that an old one could deceive; but
        # no play finds the connection of another, which a reboot may have left half dead.
        with tempfile.TemporaryDirectory(prefix="faxnet-") as sockets:
            shared = "-o ControlMaster=auto -o ControlPersist=5s"
            ran = subprocess.run(
                ["ansible-playbook", *sources, "-e", values, *arguments, str(self.play)],
                env={
                    **os.environ,
                    "ANSIBLE_PIPELINING": "1",
                    "ANSIBLE_SSH_ARGS": shared,
                    "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets,
                },
                capture_output=True,
                text=True,
                check=False,
            )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return Result(json.loads(answer.read_text(encoding="utf-8")))

    def inside(self, *argv: str) -> str:
        """Run a command on the host from the side."""
        ran = subprocess.run(["podman", "exec", self.container, *argv], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    @property
    def rules(self) -> str:
        """Every rule of the host, without counts."""
        return self.inside("nft", "-s", "list", "ruleset")

    @property
    def ours(self) -> str:
        """Our table, without counts and without what spares running sessions for a while."""
        return running.without_spared(self.inside("nft", "-s", "list", "table", "inet", "faxnet"))

    @property
    def file(self) -> str:
        """What the host would load after a reboot."""
        return self.inside("cat", "/etc/faxnet/nftables.nft")

    def reboot(self, state: str = "running") -> None:
        """Boot again, and wait until it is up, in a state of systemd."""
        subprocess.run(["podman", "restart", "--time", "5", self.container], check=True, capture_output=True)
        until = time.monotonic() + 30
        while True:
            ran = subprocess.run(
                ["podman", "exec", self.container, "systemctl", "is-system-running"],
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.stdout.strip() == state:
                break
            assert time.monotonic() < until, f"not up again: {ran.stdout}{ran.stderr}"
            time.sleep(0.2)
        # The container comes back with another hardware address, and nothing tells its neighbour.
        subprocess.run(["podman", "exec", self.control, "ip", "neigh", "flush", "all"], check=True, capture_output=True)


@contextmanager
def managed_box(directory: Path) -> Iterator[Box]:
    """The lab `lockout` with a play in `directory`; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="lockout")
    try:
        ssh.enable(podman, lab.directory, lab.container_of, progress)
        by_ssh = ssh.write_inventory(lab.directory, lab.topology, lab.container_of, {"box": ssh.Way("gw")})
        play = directory / "play.yml"
        play.write_text(PLAY, encoding="utf-8")
        yield Box(lab.container_of["box"], lab.container_of["gw"], (INVENTORY, by_ssh), play)
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)
