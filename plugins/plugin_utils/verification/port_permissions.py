# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What flows permit between two addresses, asked for by port.

Thousands of clients share a public address, each with a range of its own; which permissions hold a port is found
without looking at all of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import NamedTuple

from ..basics.ports import PortRange
from ..plan_files.view import FlowView

#: Where a system may take a source port from that nobody chose: Linux from 32768 on, others from 49152 on (RFC 6335).
_DYNAMIC = PortRange(32768, 65535)


class Permission(NamedTuple):
    """Who may send to some ports, from some ports; ``inner``: to the address that a forward leads to.

    Attributes:
        source_ports: empty where any will do.
        senders: names of hosts.
    """

    ports: tuple[PortRange, ...]
    source_ports: tuple[PortRange, ...]
    inner: bool
    senders: set[str]


class PortPermissions:
    """Permissions between two addresses, asked for by port: thousands of clients share a public address."""

    def __init__(self) -> None:
        self._permissions: dict[tuple[tuple[PortRange, ...], tuple[PortRange, ...], bool], Permission] = {}
        self._starts: list[int] = []
        self._held: list[tuple[Permission, ...]] = []

    def add(self, flow: FlowView, *, inner: bool) -> None:
        """Add what a flow permits."""
        key = (flow.ports, flow.source_ports, inner)
        self._permissions.setdefault(key, Permission(*key, set())).senders.add(flow.source)
        self._starts = []

    def at(self, port: int) -> tuple[Permission, ...]:
        """The permissions that hold a destination port."""
        if not self._starts:
            self._arrange()
        return self._held[bisect_right(self._starts, port) - 1]

    def _arrange(self) -> None:
        """Cut the ports where a permission begins or ends, and note for each piece what holds there."""
        begins: dict[int, list[Permission]] = defaultdict(list)
        ends: dict[int, list[Permission]] = defaultdict(list)
        for permission in self._permissions.values():
            for item in permission.ports:
                begins[item.low].append(permission)
                ends[item.high + 1].append(permission)
        held: dict[int, Permission] = {}
        self._starts, self._held = [0], [()]
        for port in sorted({*begins, *ends}):
            for permission in ends[port]:
                del held[id(permission)]
            held.update((id(permission), permission) for permission in begins[port])
            self._starts.append(port)
            self._held.append(tuple(held.values()))


def may_come_from(source_ports: tuple[PortRange, ...], port: int | None) -> bool:
    """Whether a packet from *port* may pass; from a port that nobody chose: whether it might. No range allows any."""
    if not source_ports:
        return True
    if port is None:
        return any(item.overlaps(_DYNAMIC) for item in source_ports)
    return any(item.low <= port <= item.high for item in source_ports)
