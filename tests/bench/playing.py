# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a play: ansible-playbook over a large JSON inventory, beside the same with a play that does nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.bench.fleet import make_fleet
from tests.bench.measure import BenchError, Goal, Part, by_turns, childrens_cpu, ratio
from tests.bench.scale import Scale

ROOT = Path(__file__).resolve().parents[2]
#: Both plays load the inventory; the plan's own work in CPU seconds makes a floor of 1.27.
AIM = 1.6
#: One host and no task: what remains is Ansible's start and the loading of the inventory.
BARE = [{"name": "Load the inventory", "hosts": "localhost", "gather_facts": False, "tasks": []}]
#: The task alone, as the role has it.
PLAN = [
    {
        "name": "Plan",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"name": "Plan the whole network", "faxnet.deploy.plan": {"directory": "{{ directory }}"}}],
    }
]


def measure(scale: Scale) -> Part:
    """Time both plays by turns; each plan goes into a fresh directory."""
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        inventory = Path(folder, "inventory.json")
        hosts = _write_inventory(inventory, scale.inventory)
        bare, plan = (_playbook(Path(folder, name), play) for name, play in (("bare.json", BARE), ("plan.json", PLAN)))
        counter = iter(range(1_000_000))
        taken = by_turns(
            {
                "bare inventory load": lambda: childrens_cpu(partial(_play, bare, inventory)),
                "plan": lambda: childrens_cpu(partial(_play, plan, inventory, Path(folder, f"plan-{next(counter)}"))),
            },
            scale.slow_rounds,
        )
    goal = Goal(ratio("plan play over bare load", taken["plan"], taken["bare inventory load"]), AIM, at_least=False)
    about = (
        f"`ansible-playbook` on localhost with a JSON inventory of {hosts:,} hosts: a play without a task, and a play "
        "with the one task `faxnet.deploy.plan`, which reads all hosts' variables, plans, and writes the plan "
        "directory. Seconds are CPU seconds of Ansible and its workers."
    )
    return Part("playing", "A plan play", about, tuple(taken.values()), (goal,))


def _write_inventory(path: Path, clients: int) -> int:
    fleet = make_fleet(clients)
    groups = {"all": {"hosts": fleet.hosts, "vars": {"faxnet_sites": fleet.sites}}}
    # A .json file goes to the YAML plugin, which reads JSON as such.
    path.write_text(json.dumps(groups), encoding="utf-8")
    return len(fleet.hosts)


def _playbook(path: Path, play: object) -> Path:
    path.write_text(json.dumps(play), encoding="utf-8")
    return path


def _play(playbook: Path, inventory: Path, directory: Path | None = None) -> None:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), str(playbook)]
    if directory is not None:
        command += ["-e", json.dumps({"directory": str(directory)})]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
    }
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    if done.returncode != 0 or (directory is not None and not (directory / "plan.json").exists()):
        raise BenchError(f"{playbook.name} failed: {(done.stderr or done.stdout)[-2000:]}")
