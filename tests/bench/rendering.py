# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same permits as nftables text: by this collection and by Aerleon, which lives in a venv of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import nftables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.bench.measure import BenchError, Goal, Part, by_turns, own_cpu, ratio
from tests.bench.scale import Scale

ROOT = Path(__file__).resolve().parents[2]
AERLEON_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
AIM = 20.0
SERVER = "10.255.0.10"


def measure(scale: Scale) -> Part:
    """Render by turns; each in a warm process that times the rendering alone."""
    if not AERLEON_PYTHON.exists():
        raise BenchError("Aerleon is not installed: run it by `make bench`, or once `tools/setup.sh bench`")
    permits = make_permits(scale.terms)
    policy = policy_of(permits)
    render = partial(_render, policy)
    render()  # the peer warms up likewise
    with tempfile.TemporaryDirectory(prefix="faxnet-bench-") as folder:
        source = Path(folder, "permits.json")
        source.write_text(json.dumps(permits), encoding="utf-8")
        taken = by_turns(
            {"faxnet.deploy": partial(own_cpu, render), "Aerleon": partial(_peer, source)},
            scale.rounds,
        )
    goal = Goal(ratio("Aerleon over faxnet.deploy", taken["Aerleon"], taken["faxnet.deploy"]), AIM, at_least=True)
    about = (
        f"{scale.terms:,} permits (source address, destination address, TCP port range) as one nftables ruleset: from "
        "a policy as the slice holds it, and by Aerleon from a policy dictionary with one term each, network names "
        "included. CPU seconds inside a running Python, the second time each, without start-up and imports."
    )
    return Part("rendering", "Rendering", about, tuple(taken.values()), (goal,))


def make_permits(count: int) -> list[dict[str, str]]:
    """Return *count* permits, each with a source of its own and one of 200 port ranges."""
    permits = []
    for number in range(count):
        source = f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
        low = 10000 + number % 200 * 100
        permits.append({"source": source, "destination": SERVER, "ports": f"{low}-{low + 99}"})
    return permits


def policy_of(permits: list[dict[str, str]]) -> dict[str, Any]:
    """Return the permits as the ``policy`` of a slice."""
    entries = [
        {
            "version": 4,
            "source": permit["source"],
            "destination": permit["destination"],
            "transport": "tcp",
            "source_ports": None,
            "ports": permit["ports"],
            "direction": "in",
            "enabled": True,
            "flows": [f"netcfax.scp/fax>pc-{number:05}"],
        }
        for number, permit in enumerate(permits)
    ]
    return {
        "forwarding": False,
        "outbound": "any",
        "networks": [],
        "public": [],
        "management": [
            {"name": "management", "transport": "tcp", "ports": "22", "sources": ["0.0.0.0/0", "::/0"]},
        ],
        "openings": [],
        "input": entries,
        "forward": [],
        "destination_nat": [],
        "source_nat": [],
    }


def _render(policy: dict[str, Any]) -> str:
    return nftables.render(read_policy(policy))


def _peer(source: Path) -> float:
    script = Path(__file__).with_name("aerleon_render.py")
    done = subprocess.run([AERLEON_PYTHON, script, source], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"Aerleon failed: {done.stderr.strip()[-2000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    terms = len(json.loads(source.read_text(encoding="utf-8")))
    if answer["rules"] < terms:
        raise BenchError(f"Aerleon rendered {answer['rules']} rules of {terms} terms")
    return float(answer["seconds"])
