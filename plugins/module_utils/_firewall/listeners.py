# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that listen on the host and that the new rules would shut for everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine

_LISTENING = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN, and TCP_CLOSE for a UDP socket with no peer (net/tcp_states.h)
_DHCP_CLIENT = ("udp", 68)  # its answers belong to a connection or come by a packet socket, which no rule can shut


class Listener(NamedTuple):
    """A listening socket that can be reached from outside."""

    transport: str
    version: int
    port: int
    inode: str


def shut_listeners(machine: Machine, openings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Listening ports that no opening names, as [{"transport", "port", "program"}], sorted.

    `openings` is [{"version": 4, "transport": "tcp", "ports": [[22, 22]]}, ...]: what the rules let in from anybody.
    A port that is open for one IP version only is not listed. UDP sockets on ports that the system gives out itself
    are a client's, waiting for an answer, and are left out.
    """
    open_ports = [(o["transport"], low, high) for o in openings for low, high in o["ports"]]
    shut: dict[tuple[str, int], set[str]] = {}
    for listener in _listeners(machine):
        opened = any(t == listener.transport and low <= listener.port <= high for t, low, high in open_ports)
        if not opened:
            shut.setdefault((listener.transport, listener.port), set()).add(listener.inode)
    programs = _programs(machine, {inode for inodes in shut.values() for inode in inodes}) if shut else {}
    return [
        {
            "transport": transport,
            "port": port,
            "program": next((programs[inode] for inode in sorted(inodes) if inode in programs), ""),
        }
        for (transport, port), inodes in sorted(shut.items())
    ]


def _listeners(machine: Machine) -> Iterator[Listener]:
    span = machine.read("/proc/sys/net/ipv4/ip_local_port_range")
    low, high = (int(word) for word in span.split()) if span else (32768, 60999)
    for transport, state in sorted(_LISTENING.items()):
        for version, suffix in ((4, ""), (6, "6")):
            table = machine.read("/proc/self/net/" + transport + suffix) or ""
            for line in table.splitlines()[1:]:
                fields = line.split()
                address, port_text = fields[1].split(":")
                port = int(port_text, 16)
                if fields[3] != state or _is_loopback(address):
                    continue
                if transport == "udp" and (low <= port <= high or ("udp", port) == _DHCP_CLIENT):
                    continue
                yield Listener(transport, version, port, fields[9])


def _is_loopback(address: str) -> bool:
    """Whether a /proc/net address (words in the machine's byte order; a little-endian one) is a loopback address."""
    return address in ("00000000000000000000000001000000", "0000000000000000FFFF00000100007F") or (
        len(address) == 8 and address.endswith("7F")
    )


def _programs(machine: Machine, inodes: set[str]) -> dict[str, str]:
    """The name of the program behind each socket inode, as far as it can be read."""
    found: dict[str, str] = {}
    proc = machine.path("/proc")
    for pid in filter(str.isdigit, os.listdir(proc)):
        try:
            links = [os.readlink(entry.path) for entry in os.scandir(os.path.join(proc, pid, "fd"))]
            name = (machine.read(f"/proc/{pid}/comm") or "").strip()
        except OSError:
            continue  # the process has ended, or is not ours to see
        for link in links:
            match = re.match(r"socket:\[(\d+)\]", link)
            if match and match.group(1) in inodes:
                found[match.group(1)] = name
    return found
