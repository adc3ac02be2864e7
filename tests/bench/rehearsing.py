# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a demonstration costs that changes nothing, beside as many bare calls of podman."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import BenchError, Figure, Goal, Part, by_turns, childrens_cpu, ratio
from tests.bench.scale import Scale
from tools.lab.containers import container_name

ROOT = Path(__file__).resolve().parents[2]
AIM = 34.0
SCENARIO, LAB = "two_offices", "bench"
HOST = container_name(LAB, "fl-fax")
#: Notes each call before it becomes podman.
COUNTING = """#!/bin/sh
echo "$1" >>"{calls}"
exec {podman} "$@"
"""


def measure(scale: Scale) -> Part:
    """Demonstrate once to bring everything about; then by turns again, and the bare calls."""
    podman = shutil.which("podman")
    if os.geteuid() != 0 or podman is None:
        raise BenchError("containers need root and podman: `make setup`, then run it as root or with sudo")
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        calls = Path(folder, "calls")
        wrapper = Path(folder, "podman")
        wrapper.write_text(COUNTING.format(calls=calls, podman=podman), encoding="utf-8")
        wrapper.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

        def calls_made() -> int:
            """How often the last demonstration called podman; a round begins with it, so there always was one."""
            return len(calls.read_text(encoding="utf-8").splitlines())

        def demonstrate() -> None:
            calls.write_text("", encoding="utf-8")
            _run([sys.executable, "-m", "tools.demo", "--scenario", SCENARIO, "--name", LAB], environment)

        try:
            demonstrate()
            taken = by_turns(
                {
                    "demonstration, no change": lambda: childrens_cpu(demonstrate),
                    "as many times podman exec true": lambda: childrens_cpu(lambda: _bare(podman, calls_made())),
                },
                scale.demonstrations,
            )
            count = calls_made()
        finally:
            _run([sys.executable, "-m", "tools.lab", "down", "--name", LAB], environment)
    demo, bare = taken.values()
    about = (
        "`make demo` of the two offices, 9 hosts, where everything is as planned already: plan, deployment, packets, "
        "report; and as many bare calls of podman as it makes. CPU seconds of this machine's own processes, without "
        "those in the containers."
    )
    figures = (demo, bare, Figure("calls of podman", "calls", (float(count),)), ratio("over bare calls", demo, bare))
    return Part("rehearsing", "A demonstration", about, figures, (Goal(demo, AIM, at_least=False),))


def _bare(podman: str, count: int) -> None:
    for _number in range(count):
        _run([podman, "exec", "--interactive", HOST, "true"], dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:4])} failed: {(done.stderr + done.stdout)[-2000:]}")
