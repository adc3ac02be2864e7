# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proof, before any rule is in place, that the lab's wires are right: who should hear whom, does."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from tools.lab.errors import LabError
from tools.lab.network import Topology
from tools.lab.podman import Podman

# The first packet on a new bridge may be lost while it learns: three tries of a second.
_PING = 'for a in "$@"; do ping -q -c 1 -W 1 "$a" >/dev/null || ping -q -c 2 -W 1 "$a" >/dev/null || echo "$a"; done'


def prove_wiring(podman: Podman, topology: Topology, container_of: dict[str, str]) -> None:
    """Ping every way that the topology states.

    Raises:
        LabError: some are silent; all of them are named.
    """
    targets: dict[str, list[str]] = defaultdict(list)
    for reach in topology.reaches:
        targets[reach.source].append(str(reach.address))

    def silent(source: str) -> list[str]:
        output = podman.run("exec", container_of[source], "sh", "-c", _PING, "ping", *targets[source])
        return [f"{source} gets no answer from {address}" for address in output.split()]

    with ThreadPoolExecutor(4) as pool:
        failures = [line for lines in pool.map(silent, targets) for line in lines]
    if failures:
        raise LabError(
            "the lab's network does not carry packets:\n  " + "\n  ".join(failures) + "\n"
            "Does a firewall of this machine filter bridged packets (`sysctl net.bridge.bridge-nf-call-iptables` is 1 "
            "and `iptables -S FORWARD` drops)? Then allow it: iptables -I FORWARD -i podman+ -o podman+ -j ACCEPT "
            "(and the same with ip6tables for IPv6)"
        )
