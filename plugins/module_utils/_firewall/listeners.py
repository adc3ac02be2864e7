# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that listen on the host and that the new rules would shut for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.holders import UNKNOWN, holders
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import Socket, listening_sockets

_DHCP_CLIENT = ("udp", 68)  # its answers belong to a connection or come by a packet socket, which no rule can shut


def shut_listeners(machine: Machine, open_ports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Listening ports that are open to nobody, as [{"transport", "port", "program"}], sorted.

    `open_ports` is [{"version": 4, "transport": "tcp", "ports": [[22, 22]]}, ...]: where the rules let somebody in.
    A port that is open for one IP version only is not listed. UDP sockets on ports that the system gives out itself
    are a client's, waiting for an answer, and are left out.
    """
    spans = [(entry["transport"], low, high) for entry in open_ports for low, high in entry["ports"]]
    shut: dict[tuple[str, int], set[str]] = {}
    for listener in _reachable(machine):
        opened = any(t == listener.transport and low <= listener.port <= high for t, low, high in spans)
        if not opened:
            shut.setdefault((listener.transport, listener.port), set()).add(listener.inode)
    held = holders(set().union(*shut.values()), machine.path("/proc")) if shut else {}
    return [
        {
            "transport": transport,
            "port": port,
            "program": next((held[inode] for inode in sorted(inodes) if inode in held), UNKNOWN).program,
        }
        for (transport, port), inodes in sorted(shut.items())
    ]


def _reachable(machine: Machine) -> Iterator[Socket]:
    span = machine.read("/proc/sys/net/ipv4/ip_local_port_range")
    low, high = (int(word) for word in span.split()) if span else (32768, 60999)
    for found in listening_sockets(proc=machine.path("/proc")):
        waiting = found.transport == "udp" and (low <= found.port <= high or ("udp", found.port) == _DHCP_CLIENT)
        if not waiting and not found.is_loopback:
            yield found
