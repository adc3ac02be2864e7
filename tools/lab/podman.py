# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to podman, with its errors made readable."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from tools.lab.errors import LabError
from tools.lab.runtime import Runtime, runtime_for, this_machine

# `--network NAME:interface_name=...` and networks without address management came with netavark in podman 4.
_LOWEST_VERSION = (4, 3)


@dataclass(frozen=True, slots=True)
class Output:
    """What a command gave: exit status, standard output and standard error."""

    status: int
    out: str
    error: str


@dataclass(frozen=True, slots=True)
class Podman:
    """Podman on this machine, called the way that this machine needs.

    Attributes:
        program: path of podman.
        runtime: runtime and limits for new containers.
    """

    program: str
    runtime: Runtime

    def try_run(self, *arguments: str, stdin: str | None = None) -> Output:
        """Run podman and take whatever comes."""
        done = subprocess.run(
            [self.program, *self.runtime.global_arguments, *arguments],
            capture_output=True,
            text=True,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            check=False,
        )
        return Output(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run podman; its standard output.

        Raises:
            LabError: it failed.
        """
        output = self.try_run(*arguments, stdin=stdin)
        if output.status != 0:
            raise LabError(f"podman {arguments[0]} failed ({' '.join(arguments[-3:])}): {output.error.strip()}")
        return output.out

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows that a podman command gives as JSON."""
        rows = json.loads(self.run(*arguments, "--format", "json") or "[]")
        return list(rows or [])


def find_podman() -> Podman:
    """Podman and the way to call it here.

    Raises:
        LabError: not root, podman missing or too old, or no runtime for this machine.
    """
    if os.geteuid() != 0:
        raise LabError("the lab makes networks between containers, which needs root: run the same command with sudo")
    program = shutil.which("podman")
    if program is None:
        raise LabError("podman is not installed: apt-get install podman (`make setup` does it)")
    info = _asked(program, "info", "--format", "json")
    version = json.loads(info)["version"]["Version"]
    if _version(version) < _LOWEST_VERSION:
        raise LabError(f"podman {version} is too old: the lab needs 4.3 or later (Debian 12, Ubuntu 24.04 or later)")
    return Podman(program, runtime_for(this_machine(info)))


def _asked(program: str, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"podman does not work on this machine: {done.stderr.strip()}")
    return done.stdout


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
