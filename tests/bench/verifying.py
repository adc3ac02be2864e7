# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verifying takes by the clock: role verify over clients that wait for silence, beside the waiting alone.

All clients stand in one network namespace and their server in another, which answers what the plan allows and nothing
else; Ansible comes to each of them as to this machine, and its Python runs in the namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.bench.measure import BenchError, Figure, Goal, Part, by_turns, childrens_cpu, ratio
from tests.bench.scale import Scale
from tests.kernel.networks import link, listen, load, namespace

ROOT = Path(__file__).resolve().parents[2]
FORKS = 5
#: How much more CPU time than two tasks that do nothing the role may take for a client.
AIM = 1.5
#: The number of clients that the figures are extrapolated to.
LARGE = 2000
#: Seconds that one host's silence takes, as the role has it: two tries of one second.
SILENCE = 2.0
SERVER, PORT = "10.65.0.10", 7488

#: Takes what the plan allows, and drops everything else: the clients of one namespace reach each other over loopback.
RULES = """table inet bench {{
\tchain input {{
\t\ttype filter hook input priority filter; policy drop;
\t\tct state established,related accept
\t\tmeta l4proto {{ icmp, icmpv6 }} accept
\t\t{more}
\t}}
}}
"""
#: As the playbook has it: the role checks its variables itself, once.
ROLE = {"name": "faxnet.deploy.verify", "rolespec_validate": False}
VERIFY = [
    {
        "name": "Verify",
        "hosts": "clients",
        "gather_facts": False,
        "tasks": [{"name": "Verify", "ansible.builtin.import_role": ROLE}],
    }
]
#: Two tasks that do next to nothing on each host: what is left is Ansible's own.
BARE = [
    {
        "name": "Two tasks",
        "hosts": "clients",
        "gather_facts": False,
        "tasks": [{"name": f"Task {number}", "ansible.builtin.stat": {"path": "/"}} for number in (1, 2)],
    }
]
PLAN = [
    {
        "name": "Plan",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Plan", "ansible.builtin.import_role": {"name": "faxnet.deploy.plan"}}],
    }
]


def measure(scale: Scale) -> Part:
    """Time the role and two bare tasks by turns, over all clients and over a few of them."""
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it as root or with sudo")
    clients = max(4, min(40, scale.connections // 25))
    few = clients // 4
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder, _network(clients) as where:
        inventory = _write_inventory(Path(folder), clients, where)
        play = {name: _playbook(Path(folder), name, play) for name, play in PLAYS.items()}
        _run(play["plan"], inventory)
        silent = _silent_probes(play["verify"], inventory)
        runs = {
            f"{name}, {number} clients": partial(_run, play[key], inventory, limit)
            for name, key in NAMES.items()
            for number, limit in ((few, f"clients[0:{few - 1}]"), (clients, "clients"))
        }
        clock: dict[str, list[float]] = {name: [] for name in runs}
        cpu = by_turns({name: partial(_cpu, run, clock[name]) for name, run in runs.items()}, scale.slow_rounds)
    clocks = {name: Figure(f"{name}: by the clock", "s", tuple(values)) for name, values in clock.items()}
    growth = [
        _growth(name, unit, *(taken[f"{name}, {number} clients"] for number in (few, clients)), clients - few)
        for unit, taken in (("CPU", cpu), ("by the clock", clocks))
        for name in NAMES
    ]
    (verify, bare), large = growth[:2], [_at_large(figure, LARGE) for figure in growth]
    waiting = Figure(f"only waiting, {FORKS} clients at a time, at {LARGE:,} clients", "s", (SILENCE * LARGE / FORKS,))
    about = (
        f"`ansible-playbook` with {FORKS} forks over {clients} and over {few} clients in a network namespace, each of "
        f"which tries {silent} packets that must find silence, beside those that must be answered, at a server in "
        "another one; and over the same clients a play with two tasks `stat`, for the role has two tasks for each "
        "client: the least that any two tasks cost. CPU seconds are those of Ansible, its workers and what they run; "
        "this machine is the controller and all clients at once, which real clients are not. What one client more "
        f"costs is the difference of the two sizes over the clients between them; the figures for {LARGE:,} clients "
        "are that much times the clients, extrapolated and not measured, without what a run costs once. The last one "
        "is what the silence alone would take if a task waited for it."
    )
    named = [replace(figure, name=f"{name}: CPU") for name, figure in cpu.items()]
    goal = Goal(ratio("role verify over two tasks that do nothing, CPU of a client", verify, bare), AIM, at_least=False)
    return Part("verifying", "Verifying", about, (*named, *clocks.values(), *growth, *large, waiting), (goal,))


def _cpu(run: Callable[[], float], clock: list[float]) -> float:
    """Do a run; returns its CPU seconds, and notes what it took by the clock."""
    return childrens_cpu(lambda: clock.append(run()))


def _growth(name: str, unit: str, small: Figure, large: Figure, between: int) -> Figure:
    """What one client more costs, round by round."""
    values = tuple((more - less) / between for less, more in zip(small.values, large.values, strict=True))
    return Figure(f"{name}: {unit}, one client more", "s", values)


def _at_large(growth: Figure, clients: int) -> Figure:
    name = growth.name.removesuffix(", one client more")
    return Figure(f"{name}, {clients:,} clients, extrapolated", "s", tuple(value * clients for value in growth.values))


#: What is compared, and its play.
NAMES = {"role verify": "verify", "two tasks that do nothing": "bare"}
PLAYS = {"plan": PLAN, "verify": VERIFY, "bare": BARE}


@contextmanager
def _network(clients: int) -> Iterator[str]:
    """The two namespaces with their rules, and the server's port; yields the clients' namespace."""
    with namespace("clients") as near, namespace("server") as far:
        addresses = [f"{_address(number)}/15" for number in range(clients)]
        link(near, addresses, far, [f"{SERVER}/15"])
        load(near, RULES.format(more=""))
        load(far, RULES.format(more=f"tcp dport {PORT} accept"))
        with listen(far, SERVER, PORT):
            yield near


def _address(number: int) -> str:
    return f"10.64.{1 + number // 250}.{1 + number % 250}"


def _write_inventory(folder: Path, clients: int, where: str) -> Path:
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec ip netns exec {where} {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    use = {"service": "netcfax", "server": "server", "callback": {"size": 10}}
    hosts = {
        f"client{number:04}": {"faxnet_site": "near", "faxnet_address": _address(number), "faxnet_uses": [use]}
        for number in range(clients)
    }
    server = {"faxnet_site": "far", "faxnet_address": SERVER, "faxnet_offers": [{"service": "netcfax"}]}
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(python),
        "faxnet_sites": {
            "near": {"networks": ["10.64.0.0/16"], "realm": "bench"},
            "far": {"networks": ["10.65.0.0/16"], "realm": "bench"},
        },
        # Nobody calls the clients back here, and the server sends nothing.
        "verify_fail_on": [],
    }
    path = folder / "inventory.json"
    groups = {"hosts": {"server": server}, "vars": variables, "children": {"clients": {"hosts": hosts}}}
    path.write_text(json.dumps({"all": groups}), encoding="utf-8")
    return path


def _playbook(folder: Path, name: str, play: object) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(play), encoding="utf-8")
    return path


def _silent_probes(playbook: Path, inventory: Path) -> int:
    """Run the role once, as a warm-up, and return how many packets a client tried in vain; fails where none did."""
    _run(playbook, inventory)
    results = sorted((inventory.parent / ".faxnet" / "results").glob("client*.json"))
    found = [json.loads(path.read_text(encoding="utf-8"))["probes"] for path in results]
    silent = [sum(probe["outcome"] == "silent" for probe in probes) for probes in found]
    odd = [probe["id"] for probes in found for probe in probes if probe["outcome"] not in ("silent", "open")]
    least: int = min(silent, default=0)
    if not least or odd:
        raise BenchError(f"the clients did not find the silence that they were to find: {silent}, {odd[:5]}")
    return least


def _run(playbook: Path, inventory: Path, limit: str = "all") -> float:
    """Run a play over some of the hosts; returns the seconds that it took."""
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(inventory),
        "--limit",
        limit,
        str(playbook),
    ]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "ANSIBLE_FORKS": str(FORKS),
    }
    began = time.monotonic()
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{playbook.name} failed: {(done.stderr or done.stdout)[-2000:]}")
    return time.monotonic() - began
