# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timer that runs a script unless it is stopped: a unit of systemd, or a process that sleeps."""

from __future__ import annotations

import os
import signal
import subprocess

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine


def arm(machine: Machine, script: str, seconds: float, name: str) -> str:
    """Start the timer; returns the name of its unit, or "pid" and the number of a process that sleeps."""
    systemd_run = machine.find("systemd-run")
    if systemd_run and machine.has_systemd():
        unit = "faxnet-firewall-rollback-" + name
        ran = machine.run(
            [
                systemd_run,
                "--quiet",
                "--unit=" + unit,
                "--description=Roll back the rules of faxnet.deploy unless they are confirmed",
                f"--on-active={seconds}s",
                "--timer-property=AccuracySec=100ms",  # the default may fire a minute late
                "/bin/sh",
                script,
            ],
            None,
        )
        if ran.code == 0:
            return unit
        raise FirewallError(f"systemd-run: {ran.err.strip()}")
    # A session of its own: it outlives this process and the connection that started it.
    sleeper = subprocess.Popen(  # pylint: disable=consider-using-with
        ["/bin/sh", "-c", 'sleep "$0"; exec /bin/sh "$1"', str(seconds), script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    return f"pid {sleeper.pid}"


def disarm(machine: Machine, timer: str, own: str) -> None:
    """Stop a timer, as `_arm` named it."""
    kind, _space, number = timer.partition(" ")
    if kind == "pid":
        # The number may have been given to another process by now.
        if own in (machine.read(f"/proc/{number}/cmdline") or ""):
            os.kill(int(number), signal.SIGTERM)
        return
    systemctl = machine.find("systemctl")
    if timer and systemctl:
        machine.run([systemctl, "stop", timer + ".timer"], None)
