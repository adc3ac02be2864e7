# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole network, changed over SSH from a host in one site through the very routers that are changed.

What became of the devices is looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import in_order
from tools.lab import lifecycle, ssh
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

INVENTORY = Path(__file__).parent / "network_transaction"
LAB = INVENTORY.name
#: Devices that are managed, and how the controller gets to each.
WAYS = {
    "hq-router": ssh.Way("control"),
    "branch-router": ssh.Way("control"),
    "annex-inner": ssh.Way("control"),
    "annex-outer": ssh.Way("control", version=6),
    "shop-router": ssh.Way("control"),
    "branch-fax": ssh.Way("control"),
    "annex-pc": ssh.Way("control", version=6),
    "shop-pc": ssh.Way("control", jump="shop-router"),
}
MANAGED = tuple(WAYS)
ROUTERS = tuple(host for host in MANAGED if host not in ("branch-fax", "annex-pc", "shop-pc"))
#: What other call-back ranges of the clients change: what others than a client start is filtered on the way alone.
CHANGED = tuple(host for host in MANAGED if host not in ("hq-router", "branch-fax"))
HOLD = 180  # seconds; nobody waits for it where the controller lives
HOLD_ALONE = 60  # seconds, where the controller dies
CONFIRM = 30  # seconds
LATE = 2.0  # seconds within which a host has undone its change once its time is over
_DEPLOY = "faxnet.deploy.deploy"
_PICTURE = (
    "nft -s list ruleset; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; "
    # The sheets are written for people, after the rules are for good, and decide nothing. A file of a change that is
    # under way may go between the list and the look: once more then.
    "cd /etc; tries=0; until sums=$(find faxnet systemd/system sysctl.d -type f -o -type l | grep faxnet | "
    r"grep -v '^faxnet/.*[.]\(json\|txt\)$' | LC_ALL=C sort | xargs -r sha256sum); "
    'do tries=$((tries + 1)); [ $tries -lt 50 ] || exit 1; sleep 0.1; done; echo "$sums"'
)
_ARMED = "ls -d /run/faxnet/firewall/*/armed 2>/dev/null || true"
_FORWARD = "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
_BARE = (
    "systemctl disable --quiet --now faxnet-firewall 2>/dev/null; nft delete table inet faxnet 2>/dev/null; "
    "rm -rf /etc/faxnet /etc/systemd/system/faxnet-firewall.service /etc/systemd/system/nftables.service.d "
    "/etc/sysctl.d/90-faxnet.conf /run/faxnet; systemctl daemon-reload"
)
_ANSIBLE = {
    "ANSIBLE_PIPELINING": "1",
    "ANSIBLE_TIMEOUT": "5",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    # More than the devices, so that those which stand side by side are changed side by side.
    "ANSIBLE_FORKS": "10",
}


@dataclass
class Estate:
    """The lab, where its plan lies, how the devices look with each plan in force, and which plan was made last."""

    containers: dict[str, str]
    sources: tuple[Path, ...]
    directory: Path
    pictures: dict[int, dict[str, str]] = field(default_factory=dict)
    planned: int = 0

    def start(self, playbook: str, *arguments: str, **values: str) -> subprocess.Popen[str]:
        """Begin to play a playbook over SSH; which plan was made last is known no more, unless it only deploys."""
        if playbook != _DEPLOY:
            self.planned = 0
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
        environment = {**os.environ, **_ANSIBLE, "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets)}
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
        """Plan with one of several sets of call-back ranges."""
        if self.planned != number:
            status, printed = self.try_to_plan(number, {})
            assert status == 0, printed
            self.planned = number

    def try_to_plan(self, number: int, changed: Mapping[str, Any], *arguments: str) -> tuple[int, str]:
        """As `plan`, with other variables for some hosts; exit status and what was printed."""
        source = self.directory / "changed.yml"
        source.write_text(yaml.safe_dump({"all": {"hosts": dict(changed)}}), encoding="utf-8")
        return self.play("faxnet.deploy.plan", "-i", str(source), *arguments, low=str(20000 + 1000 * number))

    def deploy(self, *arguments: str, **values: str) -> tuple[int, str]:
        """Put the plan in force."""
        return self.play(_DEPLOY, *arguments, **values)

    def settle(self, number: int) -> dict[str, str]:
        """Put one of several plans in force, unless it is; how the devices look then."""
        if self.pictures.get(number) != self.picture:
            self.plan(number)
            status, printed = self.deploy()
            assert status == 0, printed
            self.pictures[number] = self.picture
        return self.pictures[number]

    def prepare(self) -> dict[str, str]:
        """Have one plan in force and another one made; how the devices look."""
        found = self.picture
        now = next((number for number, picture in self.pictures.items() if picture == found), None)
        if now is None:
            now, found = 1, self.settle(1)
        self.plan(3 - now)
        return found

    def prepare_both(self) -> dict[str, str]:
        """As `prepare`, and it is known how the devices look with either plan."""
        for number in (1, 2):
            if number not in self.pictures:
                self.settle(number)
        return self.prepare()

    def inside(self, host: str, command: str) -> str:
        """Run a shell command on a host, from the side."""
        ran = subprocess.run(
            ["podman", "exec", self.containers[host], "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{host}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    @property
    def picture(self) -> dict[str, str]:
        """Everything of ours on each device, byte for byte; but which object of the table nft lists first is chance."""
        return {host: in_order(self.inside(host, _PICTURE)) for host in MANAGED}

    def difference(self, before: dict[str, str]) -> str:
        """What is not as it was, to read; empty when nothing is."""
        return "".join(
            line
            for host, text in self.picture.items()
            for line in difflib.unified_diff(before[host].splitlines(True), text.splitlines(True), host, "now", n=0)
        )

    def settled(self, seconds: float, *wanted: dict[str, str]) -> dict[str, str]:
        """How the devices look when no change waits any more; no run is under way.

        Args:
            seconds: after which every timer's time is over.
            wanted: what they may look like; nobody waits for longer once they do and nothing is under way.
        """
        until = time.monotonic() + seconds + LATE
        found = self.picture
        while time.monotonic() < until and (found not in wanted or self.changing()):
            time.sleep(0.5)
            found = self.picture
        return found

    def waiting(self) -> list[str]:
        """The devices that would undo their change by themselves."""
        return [host for host in MANAGED if self.inside(host, _ARMED)]

    def changing(self) -> list[str]:
        """The devices that would undo their change by themselves, or on which a module of a run is at work still."""
        return [host for host in MANAGED if self.inside(host, f"pgrep -x python3; {_ARMED}")]

    def make_bare(self) -> None:
        """Take everything of ours away; routers route and remember no connection."""
        for host in MANAGED:
            self.inside(host, f"{_BARE}; {_FORWARD}" if host in ROUTERS else _BARE)

    def kill(self, words: str, times: int, pause: float, *, whole: bool = False) -> bool:
        """Begin to put the plan in force, and kill the playbook; returns when nothing of the run is left here.

        On a busy machine a run may have ended before, because devices held their changes no longer: then nobody was
        killed, and the answer is no.

        Args:
            words: of the heading of a task, which may be any task's.
            times: so many such tasks have begun when it happens, and
            pause: so many seconds have passed since then.
            whole: all its processes die at once, as when the controller's machine does; else those that it has begun
                do first what they are about to do, and that may be to wait for a device's change by an earlier run.
        """
        with self.start(_DEPLOY, faxnet_hold_timeout=str(HOLD_ALONE)) as playing:
            assert playing.stdout is not None
            begun, printed = 0, ""
            while begun < times and (line := playing.stdout.readline()):
                begun += line.startswith("TASK [") and words in line
                printed += line
            if begun < times:
                assert "give it a longer hold_timeout" in printed, printed
                return False
            run = _mark_of(playing.pid)
            time.sleep(pause)
            playing.send_signal(signal.SIGKILL)
            until = time.monotonic() + HOLD_ALONE + CONFIRM + HOLD_ALONE
            while left := _processes_of(run):
                assert time.monotonic() < until, f"processes of the run go on: {left}"
                for process in left if whole else ():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                time.sleep(0.1)
        return True

    def reboot(self, host: str) -> None:
        """Boot a device again, and wait until it is up."""
        # What spares sessions that ran before the first rules is not loaded at boot.
        self.pictures.clear()
        subprocess.run(["podman", "restart", "--time", "5", self.containers[host]], check=True, capture_output=True)
        # Before the bus listens, systemctl does not wait but fails.
        self.inside(host, "timeout 60 sh -c 'until systemctl is-system-running --wait; do sleep 0.2; done'")
        # At boot duplicates of its link-local addresses are looked for (RFC 4862), a second or more; until then a host
        # asks for no neighbour.
        self.inside(host, "timeout 30 sh -c 'while [ -n \"$(ip -6 address show tentative)\" ]; do sleep 0.1; done'")


def _mark_of(process: int) -> bytes:
    """What stands in the environment of every process of a run, and of no other's; it has printed something already.

    Before that the kernel may not have set the new program's environment up, and shows none.
    """
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return next(item for item in variables if item.startswith(b"ANSIBLE_SSH_CONTROL_PATH_DIR="))


def _processes_of(run: bytes) -> list[int]:
    """The processes of a run that are alive."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # One may end while it is looked at; what has ended and is not waited for has no environment.
        with contextlib.suppress(OSError):
            if run in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


@contextlib.contextmanager
def estate_in(directory: Path) -> Iterator[Estate]:
    """The lab with its plans in a directory, and nothing of ours on the devices yet; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name=LAB)
    try:
        ssh.enable(podman, lab.directory, lab.container_of, progress)
        by_ssh = ssh.write_inventory(lab.directory, lab.topology, lab.container_of, WAYS)
        made = Estate(dict(lab.container_of), (INVENTORY, by_ssh), directory)
        made.make_bare()
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


@contextlib.contextmanager
def breaking(estate: Estate, host: str, program: str, script: str) -> Iterator[None]:
    """Put a script in a program's place on a host, wherever it is looked for; "$REAL" is the program."""
    place = estate.inside(host, f"command -v {program}").strip()
    text = f"#!/bin/sh\nREAL={place}.real\n{script}\n"
    estate.inside(host, f"mv {place} {place}.real; cat > {place} <<'END'\n{text}END\nchmod 755 {place}")
    try:
        yield
    finally:
        estate.inside(host, f"mv -f {place}.real {place}; rm -f /run/broken*")
