# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates of a shape that is easily planned in the square of their size, each in a process of its own.

The floor of each is the bare loading of its variables from JSON, in the same process.
"""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from tests.bench.fleet import make_fleet
from tests.bench.measure import BenchError, Figure, Goal, Part, memory, own_cpu, ratio
from tests.bench.scale import Scale

#: All one-client sites over the bare JSON load of their variables, and the first plan of a process over its second, so
#: that the machine does not matter. At commit baec409 that was 1,042 and 9.6; the aim was 0.6 s where that commit took
#: 11.5 s, and 0.03 s where it took 0.096 s.
AIM_SITES, AIM_SMALL = 54.0, 3.0
#: A site or client may cost so many times what it costs at a quarter of the size.
AIM_GROWTH = 1.5
#: A service whose server starts every exchange, so that no client's flow begins at the client.
CALLS_ALL = {
    "title": "A server that starts everything",
    "settings": {"port": {"title": "Port", "default": 9220}, "alerts": {"title": "Alerts", "default": 9221}},
    "exchanges": [
        {"name": name, "initiator": "server", "transport": "tcp", "ports": setting, "purpose": "pushes"}
        for name, setting in (("push", "port"), ("alert", "alerts"))
    ],
    "instructions": [],
    "sources": [{"document": "none: a shape to measure"}],
}


def small_sites(count: int, realm: str = "") -> dict[str, Any]:
    """Sites of one client each, behind NAT, with one server somewhere else.

    Args:
        count: how many of them.
        realm: the realm that all of them, the server's too, stand in; without a word each is its own.
    """
    inside = {"realm": realm} if realm else {}
    sites: dict[str, Any] = {"centre": {"networks": ["172.16.0.0/24"], **inside}}
    hosts: dict[str, dict[str, Any]] = {
        "fax": {"faxnet_site": "centre", "faxnet_address": "172.16.0.10", "faxnet_offers": [{"service": "netcfax"}]}
    }
    if not realm:
        sites["centre"] |= {"gateway": "centre-router", "public_address": "198.51.100.10"}
        hosts["centre-router"] = {"faxnet_site": "centre", "faxnet_address": "172.16.0.1"}
    for number in range(count):
        network = f"10.{number // 256}.{number % 256}"
        public = f"203.{number // 256}.113.{number % 256}"
        sites[f"site-{number:04}"] = {
            "networks": [f"{network}.0/24"], "gateway": f"router-{number:04}", "public_address": public, **inside,
        }  # fmt: skip
        hosts[f"router-{number:04}"] = {"faxnet_site": f"site-{number:04}", "faxnet_address": f"{network}.1"}
        hosts[f"pc-{number:04}"] = {
            "faxnet_site": f"site-{number:04}",
            "faxnet_address": f"{network}.10",
            "faxnet_uses": [{"service": "netcfax", "server": "fax"}],
        }
    return {"sites": sites, "hosts": hosts, "services": None}


def nested(count: int) -> dict[str, Any]:
    """Offices behind a provider's box each, with a workshop behind a router inside, and containers on the server.

    Args:
        count: how many such offices.
    """
    sites: dict[str, Any] = {}
    hosts: dict[str, dict[str, Any]] = {}
    for number in range(count):
        # Most are numbered alike, as boxes and container engines come.
        inside, public = "192.168.1", f"203.{number // 256}.113.{number % 256}"
        office, workshop, bridge = (f"{kind}-{number:04}" for kind in ("office", "workshop", "bridge"))
        box, server, own = (f"{kind}-{number:04}" for kind in ("box", "server", "router"))
        sites[office] = {"networks": [f"{inside}.0/24"], "gateway": box, "public_address": public}
        sites[workshop] = {"networks": ["192.168.50.0/24"], "gateway": own, "public_address": f"{inside}.254"}
        sites[bridge] = {"networks": ["172.18.0.0/16"], "gateway": server}
        hosts[box] = {"faxnet_site": office, "faxnet_address": f"{inside}.1"}
        # Which of the offices with that network a router stands in, only its site tells.
        hosts[own] = {"faxnet_site": office, "faxnet_address": f"{inside}.254"}
        hosts[server] = {
            "faxnet_site": office, "faxnet_address": f"{inside}.10", "faxnet_offers": [{"service": "netcfax"}],
        }  # fmt: skip
        uses = [{"service": "netcfax", "server": server}]
        # And another office's, which is met over the Internet.
        far = [*uses, {"service": "netcfax", "server": f"server-{(number + 1) % count:04}"}]
        hosts[f"pc-{number:04}"] = {"faxnet_site": workshop, "faxnet_address": "192.168.50.21", "faxnet_uses": far}
        hosts[f"backend-{number:04}"] = {"faxnet_site": bridge, "faxnet_address": "172.18.0.5", "faxnet_uses": uses}
    return {"sites": sites, "hosts": hosts, "services": None}


def called(count: int) -> dict[str, Any]:
    """A fleet of one realm whose servers start every exchange."""
    fleet = make_fleet(count)
    sites = {name: {"networks": site["networks"], "realm": "company"} for name, site in fleet.sites.items()}
    hosts: dict[str, dict[str, Any]] = {}
    for name, host in fleet.hosts.items():
        if name.endswith("-router"):
            continue
        hosts[name] = dict(host)
        if "faxnet_offers" in host:
            hosts[name]["faxnet_offers"] = [{"service": "pushing"}]
        else:
            hosts[name]["faxnet_uses"] = [
                {"service": "pushing", "server": use["server"]} for use in host["faxnet_uses"]
            ]
    return {"sites": sites, "hosts": hosts, "services": {"pushing": CALLS_ALL}}


def ordinary(count: int) -> dict[str, Any]:
    """A fleet as the part "planning" has it."""
    fleet = make_fleet(count)
    return {"sites": fleet.sites, "hosts": fleet.hosts, "services": None}


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "sites": small_sites,
    "realm": lambda count: small_sites(count, realm="company"),
    "nested": nested,
    "called": called,
    "small": ordinary,
}


def measure(scale: Scale) -> Part:
    """Plan each estate once a round, at its size and at a quarter of it."""
    sites, clients = scale.small_sites, scale.called
    runs: dict[tuple[str, int], list[dict[str, float]]] = {
        (shape, size): []
        for shape, largest in (("sites", sites), ("realm", sites), ("nested", sites // 4), ("called", clients))
        for size in (largest // 4, largest)
    }
    runs["small", min(100, clients)] = []
    for _round in range(scale.slow_rounds):
        for (shape, size), taken in runs.items():
            taken.append(_in_a_process(shape, size))

    def figure(shape: str, size: int, key: str, name: str, unit: str = "s") -> Figure:
        return Figure(name, unit, tuple(run[key] for run in runs[shape, size]))

    figures: list[Figure] = []
    goals: list[Goal] = []
    for shape, size, key, name in (
        ("sites", sites, "planned", "{:,} one-client sites: plan"),
        ("realm", sites, "planned", "{:,} one-client sites of one realm: plan"),
        ("realm", sites, "sliced", "{:,} one-client sites of one realm: slices"),
        ("nested", sites // 4, "planned", "{:,} offices with two nested sites each: plan"),
        ("called", clients, "sliced", "{:,} clients, the server starts everything: slices"),
    ):
        large, quarter = (figure(shape, count, key, name.format(count)) for count in (size, size // 4))
        floor = figure(shape, size, "loaded", f"{name.format(size).partition(':')[0]}: bare JSON load")
        over = ratio(f"{large.name}, over the bare JSON load of its variables", large, floor)
        figures += [quarter, large, over]
        if shape == "sites":
            goals.append(Goal(over, AIM_SITES, at_least=False))
        grown = tuple(value / (4 * base) for value, base in zip(large.values, quarter.values, strict=True))
        growth = Figure(f"{large.name}, one of them over one of {size // 4:,}", "x", grown)
        goals.append(Goal(growth, AIM_GROWTH, at_least=False))
    figures.append(figure("realm", sites, "peak", f"{sites:,} one-client sites of one realm: peak memory", "MB"))
    cold = figure("small", min(100, clients), "planned", f"{min(100, clients)} clients, first plan of a process")
    over = ratio(f"{cold.name}, over a second one", cold, figure("small", min(100, clients), "again", ""))
    goals.append(Goal(over, AIM_SMALL, at_least=False))
    figures += [cold, over]
    about = (
        "Estates whose plan grew with the square of their size once: sites of one client each behind NAT; the same "
        "routed to each other in one realm, where every router's translation excepts all others' networks, which are "
        "neighbours and joined; offices of equal networks with a double NAT and a container bridge each; a service "
        "whose server starts every exchange. Each at its size and at a quarter of it, in a process of its own, beside "
        "the bare loading of its variables from JSON. The first plan of a process reads the catalogue. CPU seconds."
    )
    return Part("estates", "Estates of other shapes", about, tuple(figures), tuple(goals))


def _in_a_process(shape: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.estates", shape, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"estate {shape} of {size} failed: {done.stderr.strip()[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def plan_once(shape: str, size: int) -> dict[str, float]:
    """Load, plan and slice one estate in this process: CPU seconds of each, and the peak memory in MB."""
    text = json.dumps(SHAPES[shape](size))
    loaded = min(own_cpu(partial(json.loads, text)) for _try in range(5))
    estate = json.loads(text)
    start = time.process_time()
    inputs = Inputs(sites=estate["sites"], hosts=estate["hosts"], services=estate["services"])
    made = make_plan(inputs)
    planned = time.process_time()
    if made.plan is None:
        raise BenchError(f"the estate has errors: {made.findings[0]}")
    documents = PlanDocuments(made.plan)
    for pieces in (documents.slices, documents.plan):
        collections.deque(pieces, maxlen=0)  # made and thrown away
    sliced = time.process_time()
    peak = memory("VmHWM")
    again = time.process_time()
    make_plan(inputs)
    return {
        "loaded": loaded,
        "planned": planned - start,
        "sliced": sliced - planned,
        "again": time.process_time() - again,
        "peak": peak,
    }


if __name__ == "__main__":
    print(json.dumps(plan_once(sys.argv[1], int(sys.argv[2]))))
