# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings sheets as a play, in check mode, beside a play that looks after one file with a stock module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measure import BenchError, Goal, Part, by_turns, childrens_cpu, ratio
from tests.bench.scale import Scale

ROOT = Path(__file__).resolve().parents[2]
#: One module call is the floor; a role's check of its arguments, the slice and four texts come on top.
AIM = 1.5
SERVER = "fax"
SHEETS = {
    "name": "Write the sheets",
    "hosts": "all",
    "gather_facts": False,
    "vars": {"settings_sheets_path": "{{ inventory_dir }}/on/{{ inventory_hostname }}"},
    "roles": ["faxnet.deploy.settings_sheets"],
}
ONE_FILE = {
    "name": "Look after one file",
    "hosts": "all",
    "gather_facts": False,
    "tasks": [
        {
            "name": "Write it",
            "ansible.builtin.copy": {
                "content": "{{ inventory_hostname }}\n",
                "dest": "{{ inventory_dir }}/{{ inventory_hostname }}.txt",
                "mode": "0644",
            },
        }
    ],
}


def measure(scale: Scale) -> Part:
    """Time both plays by turns, in check mode, with nothing written before."""
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as name:
        folder = Path(name)
        (folder / "hosts.json").write_text(json.dumps(_inventory(scale.sheets)), encoding="utf-8")
        for play in (SHEETS, ONE_FILE):
            (folder / _file(play)).write_text(json.dumps([play]), encoding="utf-8")
        _play(folder, "faxnet.deploy.plan")
        taken = by_turns(
            {
                "one file with ansible.builtin.copy": lambda: childrens_cpu(
                    partial(_play, folder, _file(ONE_FILE), "--check")
                ),
                "all settings sheets": lambda: childrens_cpu(partial(_play, folder, _file(SHEETS), "--check")),
            },
            scale.slow_rounds,
        )
    sheets, one_file = taken["all settings sheets"], taken["one file with ansible.builtin.copy"]
    about = (
        f"`ansible-playbook --check` over a fax server and {scale.sheets} clients, all with a local connection: the "
        "role `settings_sheets` (two texts on each host and two on the controller), and a play that looks after one "
        "file of each host with `ansible.builtin.copy`. Seconds are CPU seconds of Ansible, its workers and modules."
    )
    goal = Goal(ratio("settings sheets over one file", sheets, one_file), AIM, at_least=False)
    return Part("sheets", "Settings sheets", about, tuple(taken.values()), (goal,))


def _file(play: dict[str, Any]) -> str:
    return f"{play['name'].lower().replace(' ', '_')}.json"


def _inventory(clients: int) -> dict[str, Any]:
    use = [{"service": "netcfax", "server": SERVER}]
    hosts: dict[str, dict[str, Any]] = {
        f"pc{number}": {"faxnet_address": f"10.2.{number // 200}.{number % 200 + 10}", "faxnet_uses": use}
        for number in range(clients)
    }
    hosts[SERVER] = {"faxnet_address": "10.2.255.10", "faxnet_offers": [{"service": "netcfax"}]}
    everywhere = {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "faxnet_site": "office",
        "faxnet_sites": {"office": {"networks": ["10.2.0.0/16"]}},
    }
    return {"all": {"vars": everywhere, "hosts": hosts}}


def _play(folder: Path, playbook: str, *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.json", playbook, *arguments]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
    }
    environment = {**os.environ, **settings}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{playbook} failed: {(done.stderr or done.stdout)[-2000:]}")
