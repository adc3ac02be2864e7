# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to read a large plan again: one host's slice, one question to it, the report of its verification.

Each is done in a process of its own, from the files that a play leaves behind; beside the bare loading of plan.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.filter.plan_query import FilterModule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import (
    read_plan,
    read_slice,
    write_pieces,
    write_plan,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.source import read_source
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification import run_files
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.bench.fleet import make_fleet
from tests.bench.measure import BenchError, Figure, Goal, Part, by_turns, memory, ratio
from tests.bench.scale import Scale
from tests.unit.verification.offices import as_planned, results_of

#: CPU seconds of a question to the plan of the largest fleet.
AIM_QUERY = 1.0
#: Memory while the report is written, over the size of its report.json: a tenth of what it took when it was built whole
#: (3.4 GB for 271 MB).
AIM_REPORT = 1.25
HOST = "pc-00042"
QUESTION = f"flows[?source=='{HOST}'].dial"


def measure(scale: Scale) -> Part:
    """Ask and report, each once a round."""
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        asked, reported = Path(folder, "asked"), Path(folder, "reported")
        hosts = _write_plan(scale.inventory, asked / "plan")
        _write_plan(scale.reported, reported / "plan")
        _in_a_process("verified", reported)
        taken = by_turns(
            {
                f"one host's slice, {hosts:,} hosts": partial(_value, "slice", asked, "seconds"),
                f"plan_query, {hosts:,} hosts": partial(_value, "query", asked, "seconds"),
                "bare JSON load of plan.json": partial(_value, "bare", asked, "seconds"),
            },
            scale.slow_rounds,
        )
        own, query, bare = taken.values()
        runs = [_in_a_process("report", reported) for _round in range(scale.slow_rounds)]
    name = f"report.json of {scale.reported:,} clients"
    seconds, held, size = (
        Figure(f"{name}: {what}", unit, tuple(run[key] for run in runs))
        for what, key, unit in (
            ("time to write", "seconds", "s"),
            ("memory to write", "memory", "MB"),
            ("size", "size", "MB"),
        )
    )
    share = ratio(f"{name}: memory to write over size", held, size)
    about = (
        "One host's slice, as its apply step reads it, digest, shape and list of rules included; "
        f"a question to a plan on disk (`{{{{ directory | faxnet.deploy.plan_query(...) }}}}`), the digest checked, "
        "beside the bare loading of its plan.json; and report.json from the files of a verification of "
        f"{scale.reported:,} clients, of which all came out as planned: the memory is what the process holds at most, "
        "beyond what it held before it began. CPU seconds."
    )
    goals = (Goal(query, AIM_QUERY, at_least=False), Goal(share, AIM_REPORT, at_least=False))
    figures = (own, query, bare, ratio("plan_query over bare load", query, bare), seconds, held, size)
    return Part("reading", "Reading a plan again", about, figures, goals)


def _write_plan(clients: int, directory: Path) -> int:
    fleet = make_fleet(clients)
    made = make_plan(Inputs(sites=fleet.sites, hosts=fleet.hosts))
    if made.plan is None:
        raise BenchError(f"the fleet of {clients} clients has errors: {made.findings[0]}")
    directory.parent.mkdir()
    write_plan(PlanDocuments(made.plan), directory)
    return len(fleet.hosts)


def own_slice(base: Path) -> dict[str, float]:
    """Read one host's slice, as a task of that host does: CPU seconds."""
    start = time.process_time()
    part = read_slice(base / "plan", HOST)
    seconds = time.process_time() - start
    if part["host"] != HOST or not part["flows"]:
        raise BenchError(f"the slice of {HOST} is not one of a client")
    return {"seconds": seconds}


def query(base: Path) -> dict[str, float]:
    """Ask the plan one question, as a template does: CPU seconds."""
    ask = FilterModule().filters()["plan_query"]
    start = time.process_time()
    answer = ask(str(base / "plan"), QUESTION)
    seconds = time.process_time() - start
    if not answer:
        raise BenchError(f"{QUESTION} found nothing")
    return {"seconds": seconds}


def bare(base: Path) -> dict[str, float]:
    """Load plan.json and no more: CPU seconds."""
    start = time.process_time()
    json.loads((base / "plan" / "plan.json").read_bytes())
    return {"seconds": time.process_time() - start}


def verified(base: Path) -> dict[str, float]:
    """Write the results of a network that behaves as planned."""
    document = read_plan(base / "plan")
    expected = expectations(document, run_files.Slices(base / "plan", document["hosts"]))
    run_files.start_run(base, expected)
    for host, result in results_of(document, expected, as_planned).items():
        run_files.write_result(base, host, result)
    return {}


def report(base: Path) -> dict[str, float]:
    """Write report.json from files: CPU seconds, memory in MB beyond that of the start, size in MB."""
    before = memory("VmRSS")
    start = time.process_time()
    made = make_report(read_source(base / "plan", "2026-01-01T00:00:00Z", {}))
    target = base / run_files.REPORT / "report.json"
    write_pieces(report_json(made), target)
    seconds = time.process_time() - start
    return {"seconds": seconds, "memory": memory("VmHWM") - before, "size": target.stat().st_size / 1024**2}


STEPS: dict[str, Callable[[Path], dict[str, float]]] = {
    "slice": own_slice,
    "query": query,
    "bare": bare,
    "verified": verified,
    "report": report,
}


def _value(step: str, base: Path, key: str) -> float:
    return _in_a_process(step, base)[key]


def _in_a_process(step: str, base: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.reading", step, str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{step} failed: {done.stderr.strip()[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](Path(sys.argv[2]))))
