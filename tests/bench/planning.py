# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine alone: planning, slicing and writing for growing fleets, each in a process of its own for its memory."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.changes import PlanAccess, access_changes
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.plans import add
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.gc_pause import gc_pause
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.changes import changed_slices, hosts_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, Plan, make_plan
from tests.bench.fleet import Fleet, make_fleet
from tests.bench.measure import BenchError, Figure, Goal, Part, memory, own_cpu, ratio
from tests.bench.scale import Scale

#: Planning and slicing the largest fleet, over the bare JSON load of its variables in the same process, so that the
#: machine does not matter. At commit baec409, the last one with a flat engine, that was 32 and 25.5; the aim was 1.9 s
#: where that commit took 2.27 s, and 1.4 s where it took 1.8 s.
AIM_PLANNED = 27.0
AIM_SLICED = 20.0
AIM_PEAK = 450.0  # MB
#: Who gains and loses access where one host of the largest fleet was edited, from the slices that changed.
AIM_COMPARED = 0.1  # s
#: A host may cost so many times what it costs in the second smallest fleet (the smallest is all start-up).
AIM_GROWTH = 1.5


def measure(scale: Scale) -> Part:
    """Plan each fleet once a round; sizes by turns."""
    taken: dict[int, list[dict[str, float]]] = {clients: [] for clients in scale.clients}
    for _round in range(scale.slow_rounds):
        for clients in scale.clients:
            taken[clients].append(_in_a_process(clients))
    figures = []
    for clients, runs in taken.items():
        size = f"{clients:,} clients, {int(runs[0]['hosts']):,} hosts, {int(runs[0]['flows']):,} flows"
        for key, name, unit in (
            ("loaded", "bare JSON load of the variables", "s"),
            ("planned", "plan", "s"),
            ("sliced", "slices", "s"),
            ("written", "write the files", "s"),
            ("bare", "write the same files, bare loop", "s"),
            ("compared", "one host edited, who gains and loses access", "s"),
            ("peak", "peak memory", "MB"),
        ):
            figures.append(Figure(f"{size}: {name}", unit, tuple(run[key] for run in runs)))
    largest, base = scale.clients[-1], scale.clients[min(1, len(scale.clients) - 2)]
    written = ratio(
        f"{largest:,} clients: make and write the files, over making them and a bare loop",
        _seconds(taken, largest, "written", "files"),
        Figure("floor", "s", tuple(run["sliced"] + run["bare"] for run in taken[largest])),
    )
    floor = _seconds(taken, largest, "loaded", "floor")
    planned, sliced = (
        ratio(f"{largest:,} clients {key}, over the bare load", _seconds(taken, largest, key, key), floor)
        for key in ("planned", "sliced")
    )
    goals = (
        Goal(planned, AIM_PLANNED, at_least=False),
        Goal(sliced, AIM_SLICED, at_least=False),
        Goal(
            Figure(f"{largest:,} clients: peak memory", "MB", tuple(run["peak"] for run in taken[largest])),
            AIM_PEAK,
            at_least=False,
        ),
        Goal(
            _seconds(taken, largest, "compared", f"{largest:,} clients, one host edited: who gains and loses access"),
            AIM_COMPARED,
            at_least=False,
        ),
        Goal(
            ratio(
                f"cost of a host, {largest:,} clients over {base:,}",
                _a_host(taken, largest),
                _a_host(taken, base),
            ),
            AIM_GROWTH,
            at_least=False,
        ),
    )
    about = (
        "Offices of 100 clients behind NAT, one fax server behind NAT for each 1,000 clients, every client using two "
        "or three of them; no lock file. Planning is `make_plan`; slicing makes the text of every slice and of the "
        "plan and throws it away; writing makes them anew and puts them on the disk, beside a bare loop that writes "
        "the same bytes to two files. The bare load is that of the inventory's variables from JSON. Peak memory is "
        "that of the whole process. The edited host uses nothing any more; what is timed begins when the slices that "
        "differ have been read. Seconds are CPU seconds."
    )
    return Part("planning", "Planning", about, (*figures, written), goals)


def _seconds(taken: dict[int, list[dict[str, float]]], clients: int, key: str, name: str) -> Figure:
    return Figure(name, "s", tuple(run[key] for run in taken[clients]))


def _a_host(taken: dict[int, list[dict[str, float]]], clients: int) -> Figure:
    return Figure("a host", "s", tuple((run["planned"] + run["sliced"]) / run["hosts"] for run in taken[clients]))


def _in_a_process(clients: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.planning", str(clients)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"planning {clients} clients failed: {done.stderr.strip()}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def plan_once(clients: int) -> dict[str, float]:
    """Plan one fleet in this process: seconds of each step, peak memory in MB, numbers of hosts and flows."""
    fleet = make_fleet(clients)
    text = json.dumps({"sites": fleet.sites, "hosts": fleet.hosts})
    loaded = min(own_cpu(partial(json.loads, text)) for _try in range(5))
    inputs = Inputs(sites=fleet.sites, hosts=fleet.hosts)
    start = time.process_time()
    planned = make_plan(inputs)
    between = time.process_time()
    if planned.plan is None:
        raise BenchError(f"the fleet of {clients} clients has errors: {planned.findings[0]}")
    written = PlanDocuments(planned.plan)
    for pieces in (written.slices, written.plan):
        collections.deque(pieces, maxlen=0)  # made and thrown away
    end = time.process_time()
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        whole = _seconds_of_write(planned.plan, Path(folder, "plan"))
        peak = memory("VmHWM")
        bare = _seconds_of_bare_loop(written, Path(folder, "bare"))
        compared = _seconds_of_access(fleet, Path(folder, "plan"))
    return {
        "loaded": loaded,
        "planned": between - start,
        "sliced": end - between,
        "written": whole,
        "bare": bare,
        "compared": compared,
        "peak": peak,
        "hosts": len(fleet.hosts),
        "flows": written.flow_count,
    }


def _seconds_of_write(plan: Plan, directory: Path) -> float:
    start = time.process_time()
    write_plan(PlanDocuments(plan), directory)
    return time.process_time() - start


def _seconds_of_access(fleet: Fleet, directory: Path) -> float:
    """Edit the last client of a fleet whose plan is on disk, and compare the slices that this changes."""
    hosts = dict(fleet.hosts)
    edited = next(name for name in reversed(hosts) if "faxnet_uses" in hosts[name])
    hosts[edited] = {key: value for key, value in hosts[edited].items() if key != "faxnet_uses"}
    planned = make_plan(Inputs(sites=fleet.sites, hosts=hosts))
    if planned.plan is None:
        raise BenchError(f"the edited fleet has errors: {planned.findings[0]}")
    documents, old_hosts = PlanDocuments(planned.plan), hosts_of(directory)
    changed = list(changed_slices(documents, directory, old_hosts))
    start = time.process_time()
    old, new = PlanAccess(old_hosts), PlanAccess(documents.roles)
    with gc_pause():
        for item in changed:
            add(item, old, new)
    found = access_changes(old, new)
    taken = time.process_time() - start
    if found.gained or not found.lost:
        raise BenchError(f"{edited} has no uses any more, and what was found is {found}")
    return taken


def _seconds_of_bare_loop(written: PlanDocuments, directory: Path) -> float:
    directory.mkdir()
    # Two files, as a large plan has them: the slices as lines of one, and the plan.
    files = {"hosts.jsonl": [part.content for part in written.slices], "plan.json": list(written.plan)}
    start = time.process_time()
    for name, pieces in files.items():
        with (directory / name).open("wb", buffering=0) as opened:
            for piece in pieces:
                opened.write(piece)
    return time.process_time() - start


if __name__ == "__main__":
    print(json.dumps(plan_once(int(sys.argv[1]))))
