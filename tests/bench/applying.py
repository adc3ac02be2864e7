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
    """Time both plays by turns, each on an empty packet filter; what is counted is the task, not Ansible's start."""
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it as root or with sudo")
    permits = make_permits(scale.rules)
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        plays = {
            f"faxnet.deploy.firewall, {scale.rules} rules in one task": [
                {"name": "Rules", "faxnet.deploy.firewall": {"policy": policy_of(permits)}}
            ],
            f"ansible.builtin.iptables, looped over {scale.rules} rules": [_loop(permits)],
        }
        nothing = Path(folder, "nothing.json")
        _write(nothing, [])
        cases = {}
        for number, (name, tasks) in enumerate(plays.items()):
            play = Path(folder, f"play-{number}.json")
            _write(play, tasks)
            cases[name] = partial(_seconds, play, Path(folder), nothing)
        taken = by_turns(cases, scale.slow_rounds)
    ours, peer = taken.values()
    goal = Goal(ratio("loop over one task", peer, ours), AIM, at_least=True)
    about = (
        "In a network namespace with an empty packet filter, connection `local`: one task that checks, applies "
        "and confirms the whole rule set, and a loop of `ansible.builtin.iptables` with one rule each. Seconds of the "
        "play on the clock, less those of an empty play in the same round. The role firewall of linux-system-roles is "
        "no peer here: PyPI's packages of collections do not hold it, and it needs a running firewalld."
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


def _seconds(play: Path, folder: Path, nothing: Path) -> float:
    empty = _play(nothing, folder)
    return _play(play, folder) - empty


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
