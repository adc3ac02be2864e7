# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole networks, changed over SSH from a host in one site through the very routers that are changed.

Whatever fails, every device has its new rules in the end, or every device has its old ones. What became of them is
looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools.lab import lifecycle, ssh
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

pytestmark = [pytest.mark.lab, pytest.mark.labs]

INVENTORY = Path(__file__).parent / "network_transaction"
ROUTERS = ("hq-router", "branch-router", "annex-inner", "annex-outer")
MANAGED = (*ROUTERS, "branch-fax", "annex-pc")
#: What another call-back range of the client changes: what others than the client start is filtered on the way alone.
CHANGED = ("branch-router", "annex-inner", "annex-outer", "annex-pc")
HOLD = 180  # seconds; nobody waits for it where the controller lives
HOLD_ALONE = 60  # seconds, where the controller dies
CONFIRM = 30  # seconds
LATE = 2.0  # seconds within which a host has undone its change once its time is over
PICTURE = (
    "nft -s list ruleset; cat /proc/sys/net/ipv4/ip_forward; "
    "cd /etc; find faxnet systemd/system sysctl.d -type f -o -type l | grep faxnet | LC_ALL=C sort | xargs -r sha256sum"
)
ANSIBLE = {
    "ANSIBLE_PIPELINING": "1",
    "ANSIBLE_TIMEOUT": "5",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}


@dataclass(frozen=True)
class Estate:
    """The lab, and where its plan lies."""

    containers: dict[str, str]
    sources: tuple[Path, ...]
    directory: Path
    values: dict[str, str] = field(default_factory=dict)

    def start(self, playbook: str, *arguments: str, **values: str) -> subprocess.Popen[str]:
        """Begin to play a playbook over SSH."""
        command = ["ansible-playbook", *(word for path in self.sources for word in ("-i", str(path)))]
        given = {
            "faxnet_directory": str(self.directory / "faxnet"),
            "faxnet_lock": str(self.directory / "lock"),
            "faxnet_hold_timeout": str(HOLD),
            "router_confirm_timeout": str(CONFIRM),
            "host_firewall_confirm_timeout": str(CONFIRM),
            **values,
        }
        command += [word for key, value in given.items() for word in ("-e", f"{key}={value}")]
        # A master of its own for each run: another's may have been cut off by a router in the meantime.
        sockets = self.directory / f"ssh-{time.monotonic_ns()}"
        sockets.mkdir()
        environment = {**os.environ, **ANSIBLE, "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets)}
        environment["ANSIBLE_SSH_ARGS"] = "-o ControlMaster=auto -o ControlPersist=5s -o ServerAliveInterval=3"
        return subprocess.Popen(
            [*command, *arguments, playbook],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(self, playbook: str, *arguments: str, **values: str) -> tuple[int, str]:
        """Play a playbook; its exit status and what it printed."""
        with self.start(playbook, *arguments, **values) as playing:
            printed, _nothing = playing.communicate()
        return playing.returncode, printed

    def plan(self, number: int) -> None:
        """Plan with one of several call-back ranges."""
        status, printed = self.play("faxnet.deploy.plan", low=str(20000 + 1000 * number))
        assert status == 0, printed

    def deploy(self, *arguments: str, **values: str) -> tuple[int, str]:
        """Put the plan in force."""
        return self.play("faxnet.deploy.deploy", *arguments, **values)

    def inside(self, host: str, command: str) -> str:
        """Run a shell command on a host, from the side."""
        ran = subprocess.run(
            ["podman", "exec", self.containers[host], "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    @property
    def picture(self) -> dict[str, str]:
        """Everything of ours on each device, byte for byte."""
        return {host: self.inside(host, PICTURE) for host in MANAGED}

    def settled(self, old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
        """What the devices have when no change waits any more: at the latest when every timer's time is over."""
        until = time.monotonic() + HOLD_ALONE + CONFIRM + LATE
        found = self.picture
        while found not in (old, new) and time.monotonic() < until:
            time.sleep(0.5)
            found = self.picture
        # Nobody goes on after that.
        waiting = "ls -d /run/faxnet/firewall/*/armed 2>/dev/null || true"
        while time.monotonic() < until and any(self.inside(host, waiting) for host in MANAGED):
            time.sleep(0.5)
        return self.picture


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Three sites with routers that route, and nothing of ours on them yet; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="network_transaction")
    try:
        ssh.enable(podman, lab.directory, lab.container_of, progress)
        by_ssh = ssh.write_inventory(lab.directory, lab.topology, lab.container_of, dict.fromkeys(MANAGED, "control"))
        made = Estate(dict(lab.container_of), (INVENTORY, by_ssh), tmp_path_factory.mktemp("network"))
        for router in ROUTERS:
            made.inside(router, "sysctl -qw net.ipv4.ip_forward=1")
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


@pytest.fixture
def settled(estate: Estate) -> Estate:
    """The network with the rules of one plan, and another plan."""
    estate.plan(1)
    status, printed = estate.deploy()
    assert status == 0, printed
    estate.plan(2)
    return estate


def test_the_first_rules_come_through_the_routers_that_they_are_for(estate: Estate) -> None:
    estate.plan(1)
    status, printed = estate.deploy()
    assert status == 0, printed
    before = estate.picture
    assert all("table inet faxnet" in text for text in before.values())
    status, printed = estate.deploy()
    assert status == 0, printed
    assert printed.count("changed=0 ") == len(MANAGED) + 1
    assert estate.picture == before


def test_check_mode_shows_the_change_and_makes_none(settled: Estate) -> None:
    before = settled.picture
    status, printed = settled.deploy("--check", "--diff")
    assert status == 0, printed
    assert "netcfax.scp/branch-fax>annex-pc" in printed
    assert settled.picture == before


def test_rules_that_shut_hosts_behind_a_router_out_change_nothing_anywhere(settled: Estate) -> None:
    """The routers let nobody through to manage what stands behind them, and stay reachable themselves."""
    before = settled.picture
    shut = settled.directory / "shut.yml"
    shut.write_text(SHUT, encoding="utf-8")
    status, printed = settled.play(str(shut))
    assert status != 0
    assert "With the new rules of this router" in printed
    assert "The network keeps its old rules" in printed
    assert settled.settled(before, before) == before


SHUT = """\
- name: Sort hosts by their part of the plan
  hosts: all
  gather_facts: false
  tasks:
    - name: Read this host's part of the plan
      faxnet.deploy.slice:
      register: part

- name: Shut out what stands behind
  hosts: branch-router, annex-outer
  gather_facts: false
  tasks:
    - name: Begin
      faxnet.deploy.network_transaction:
        state: begun
      run_once: true
      register: network

    - name: Forward nothing
      faxnet.deploy.firewall:
        together: "{{ network.transaction }}"
        policy: "{{ part.slice.policy | combine({'forward': [], 'outbound': 'flows'}) }}"
      throttle: 1
      # What failed is what the decision is about.
      ignore_errors: true

    - name: Decide
      faxnet.deploy.network_transaction:
        state: ended
        transaction: "{{ network.transaction }}"
      run_once: true
"""


@contextlib.contextmanager
def breaking(estate: Estate, host: str, program: str, script: str) -> Iterator[None]:
    """Put a script in a program's place on a host; "$REAL" is the program."""
    place = f"/usr/local/sbin/{program}"
    real = estate.inside(host, f"command -v {program}").strip()
    text = f"#!/bin/sh\nREAL={real}\n{script}\n"
    estate.inside(host, f"cat > {place} <<'END'\n{text}END\nchmod 755 {place}")
    try:
        yield
    finally:
        estate.inside(host, f"rm -f {place} /run/broken")


#: A step of the change on a device, and what makes it fail there.
STEPS = {
    "load": ("nft", 'if [ "$*" = "-f -" ]; then exit 1; fi; exec "$REAL" "$@"'),
    "timer": ("systemd-run", "exit 1"),
    # The first timer is that of the change, the next ones are those that hold it.
    "hold": ("systemd-run", '[ -e /run/broken ] && exit 1; touch /run/broken; exec "$REAL" "$@"'),
    "hold again": (
        "systemd-run",
        '[ -e /run/broken2 ] && exit 1; [ -e /run/broken ] && touch /run/broken2; touch /run/broken; exec "$REAL" "$@"',
    ),
    "unit": ("systemctl", 'case "$*" in *daemon-reload*|*enable*) exit 1;; esac; exec "$REAL" "$@"'),
}


@pytest.mark.slow
@pytest.mark.parametrize("host", ["annex-inner", "annex-pc"])
@pytest.mark.parametrize("step", ["load", "timer", "hold", "hold again"])
def test_a_device_that_fails_in_a_step_takes_all_back(settled: Estate, host: str, step: str) -> None:
    before = settled.picture
    program, script = STEPS[step]
    with breaking(settled, host, program, script):
        status, printed = settled.deploy()
    settled.inside(host, "rm -f /run/broken2")
    assert status != 0, printed
    assert host in printed
    assert settled.settled(before, before) == before
    assert settled.deploy()[0] == 0


@pytest.mark.slow
def test_a_router_that_does_not_answer_stops_the_run_before_anything_is_changed(settled: Estate) -> None:
    before = settled.picture
    settled.inside("branch-router", "systemctl stop ssh")
    try:
        status, printed = settled.deploy()
    finally:
        settled.inside("branch-router", "systemctl start ssh")
    assert status != 0
    assert "branch-router cannot be reached, and is a router in this plan; nothing was changed" in printed
    assert settled.picture == before


@pytest.mark.slow
def test_a_host_that_does_not_answer_keeps_nobody_from_his_rules(settled: Estate) -> None:
    before = settled.picture
    settled.inside("annex-pc", "systemctl stop ssh")
    try:
        _status, printed = settled.deploy()
    finally:
        settled.inside("annex-pc", "systemctl start ssh")
    after = settled.picture
    assert after["annex-inner"] != before["annex-inner"], printed
    assert after["annex-pc"] == before["annex-pc"]


def kill(estate: Estate, tasks: int, pause: float) -> None:
    """Begin to put the plan in force; kill the playbook's process when so many tasks have begun, and a pause later."""
    with estate.start("faxnet.deploy.deploy", faxnet_hold_timeout=str(HOLD_ALONE)) as playing:
        assert playing.stdout is not None
        begun = 0
        while begun < tasks and (line := playing.stdout.readline()):
            begun += line.startswith("TASK [")
        time.sleep(pause)
        playing.send_signal(signal.SIGKILL)


def kill_at_moments(estate: Estate, moments: int) -> None:
    """Each time: all devices have their new rules in the end, or all their old ones."""
    seed = int(os.environ.get("FAULT_SEED", "1"))
    chance = random.Random(seed)  # noqa: S311 nothing secret
    pictures, tasks, now = {}, 0, 0
    for now in (1, 2):
        estate.plan(now)
        status, printed = estate.deploy()
        assert status == 0, printed
        pictures[now], tasks = estate.picture, printed.count("TASK [")
    for number in range(moments):
        wanted = 3 - now
        estate.plan(wanted)
        begun = chance.randint(1, tasks)
        kill(estate, begun, chance.uniform(0, 1.5))
        found = estate.settled(pictures[now], pictures[wanted])
        whole = [plan for plan, picture in pictures.items() if picture == found]
        assert whole, f"half changed; FAULT_SEED={seed}, kill {number} after {begun} tasks of {tasks}"
        now = whole[0]


@pytest.mark.slow
def test_a_controller_killed_at_fifty_moments_leaves_the_network_whole(estate: Estate) -> None:
    kill_at_moments(estate, 50)
    assert estate.deploy()[0] == 0


@pytest.mark.slow
def test_of_two_controllers_at_once_none_is_harmed(settled: Estate) -> None:
    before = settled.picture
    with settled.start("faxnet.deploy.deploy") as first, settled.start("faxnet.deploy.deploy") as second:
        printed = [playing.communicate()[0] for playing in (first, second)]
    statuses = [first.returncode, second.returncode]
    found = settled.settled(before, before) if 0 not in statuses else settled.picture
    for status, text in zip(statuses, printed, strict=True):
        assert status == 0 or "another run is changing this host's rules" in text or "keeps its old rules" in text
    assert len({found[host] == before[host] for host in CHANGED}) == 1, printed
    status, text = settled.deploy()
    assert status == 0, text
