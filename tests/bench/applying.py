# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule set put into force by one task, beside a loop of a stock module over as many rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measure import BenchError, Goal, Part, by_turns, ratio
from tests.bench.rendering import make_permits, policy_of
from tests.bench.scale import Scale

ROOT = Path(__file__).resolve().parents[2]
AIM = 20.0
#: A machine to play with, for the time of one command: its own network, its own /etc, /usr/local and /run, and no
#: systemd to be seen. What runs in it changes nothing outside and leaves nothing behind.
SANDBOX = """
set -e
mount -t tmpfs tmpfs "$1"
for folder in etc usr/local; do
  name=$(printf %s "$folder" | tr / -)
  mkdir -p "$1/$name.upper" "$1/$name.work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$1/$name.upper,workdir=$1/$name.work" "/$folder"
done
mount -t tmpfs tmpfs /run
ip link set lo up
shift
exec "$@"
"""


def measure(scale: Scale) -> Part:
    """Time the plays by turns; what is counted is the task, not Ansible's start."""
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it as root or with sudo")
    permits = make_permits(scale.rules)
    first = {"name": "First rules", "faxnet.deploy.firewall": {"policy": policy_of(permits[:1])}}
    rules = {"name": "Rules", "faxnet.deploy.firewall": {"policy": policy_of(permits)}}
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        # Tasks that are timed, and those before them that are not.
        tasks: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
            f"faxnet.deploy.firewall, {scale.rules} rules in one task": ([rules], [first]),
            f"ansible.builtin.iptables, looped over {scale.rules} rules": ([_loop(permits)], []),
            f"faxnet.deploy.firewall, {scale.rules} rules where there were none": ([rules], []),
        }
        cases = {}
        for number, (name, (timed, before)) in enumerate(tasks.items()):
            whole, without = Path(folder, f"play-{number}.json"), Path(folder, f"without-{number}.json")
            _write(whole, [*before, *timed])
            _write(without, before)
            cases[name] = partial(_seconds, whole, without, Path(folder))
        taken = by_turns(cases, scale.slow_rounds)
    ours, peer, _first = taken.values()
    goal = Goal(ratio("loop over one task", peer, ours), AIM, at_least=True)
    about = (
        "In a network namespace, connection `local`: one task that checks, applies and confirms the whole rule set, in "
        "place of one rule of ours; and a loop of `ansible.builtin.iptables` with one rule each, on an empty packet "
        "filter. The third row is that task where nothing tracked connections before: there it looks on for three "
        "seconds at what runs, and spares it. Seconds of the play on the clock, less those of the same play without "
        "the task in the same round. The role firewall of linux-system-roles is no peer here: PyPI's packages of "
        "collections do not hold it, and it needs a running firewalld."
    )
    return Part("applying", "Applying", about, tuple(taken.values()), (goal,))


def _loop(permits: list[dict[str, str]]) -> dict[str, Any]:
    rules = [{**permit, "ports": permit["ports"].replace("-", ":")} for permit in permits]
    return {
        "name": "Rules",
        "ansible.builtin.iptables": {
            "chain": "INPUT",
            "protocol": "tcp",
            "source": "{{ item.source }}",
            "destination": "{{ item.destination }}",
            "destination_port": "{{ item.ports }}",
            "jump": "ACCEPT",
        },
        "loop": rules,
        "loop_control": {"label": "{{ item.source }}"},
    }


def _write(path: Path, tasks: list[dict[str, Any]]) -> None:
    play = {"name": "Apply", "hosts": "bench", "connection": "local", "gather_facts": False, "tasks": tasks}
    path.write_text(json.dumps([play]), encoding="utf-8")


def _seconds(whole: Path, without: Path, folder: Path) -> float:
    before = _play(without, folder)
    return _play(whole, folder) - before


def _play(playbook: Path, folder: Path) -> float:
    mount = Path(tempfile.mkdtemp(dir=folder))
    ansible = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory=bench,",
        f"--extra-vars=ansible_python_interpreter={sys.executable}",
        str(playbook),
    ]
    sandbox = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*sandbox, "sh", "-c", SANDBOX, "sandbox", str(mount), *ansible]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "1",
    }
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise BenchError(f"{playbook.name} failed: {(done.stderr + done.stdout)[-2000:]}")
    return seconds
