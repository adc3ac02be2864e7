# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that Windows keeps from other programs: call-back ranges of the host's clients.

Windows gives free ports to whatever asks, Hyper-V and winnat among them, and what is reserved is given to nobody that
does not name it (Microsoft, KB 3039044). The lines are those of the client's sheet, which stand in the catalogue
(products/_systems.yml) for people; a test holds the two together. What is reserved already is read from netsh's list,
which Windows writes in its own language: so by its numbers, and by the star behind what an administrator reserved.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ...basics.addresses import parse_address
from ...basics.ports import LAST_PORT
from ...catalog.profile import CALLBACK_PORTS

_ADD = "netsh.exe interface ipv{version} add excludedportrange protocol={transport} {ports} store=persistent"
_DELETE = "netsh.exe interface ipv{version} delete excludedportrange protocol={transport} {ports} store=persistent"
_SHOW = "netsh.exe interface ipv{version} show excludedportrange protocol={transport}"
_LISTED = re.compile(r"\s*(\d{1,5})\s+(\d{1,5})\s*(\*?)\s*\Z", re.ASCII)


class Reservation(NamedTuple):
    """Ports that are to be reserved.

    Attributes:
        transport: ``tcp`` or ``udp``.
        low, high: first and last port.
        versions: of IP, for which Windows keeps a list each.
    """

    transport: str
    low: int
    high: int
    versions: tuple[int, ...]

    @property
    def text(self) -> str:
        """``10000-10099/tcp``."""
        return f"{self.low}-{self.high}/{self.transport}"


class Excluded(NamedTuple):
    """Ports that a host has reserved.

    Attributes:
        administered: whether somebody reserved them; else a part of Windows holds them until it is restarted.
    """

    low: int
    high: int
    administered: bool


#: What is reserved on a host, by IP version and transport.
Standing = Mapping[tuple[int, str], Collection[Excluded]]


class Reserving(NamedTuple):
    """What brings reservations about.

    Attributes:
        lines: commands that reserve what is not reserved yet.
        undoing: commands that free exactly that.
        conflicts: sentences about ports that something else holds, each with its cure.
    """

    lines: tuple[str, ...]
    undoing: tuple[str, ...]
    conflicts: tuple[str, ...]


def reservations_of(part: Mapping[str, Any]) -> tuple[Reservation, ...]:
    """Return the ports that the clients of a host are called back on, by its slice."""
    transports = {
        (item["service"], item["transport"]) for item in part.get("exchanges", ()) if item["ports"] == CALLBACK_PORTS
    }
    versions = tuple(sorted({parse_address(address).version for address in part.get("addresses", ())}))
    found = {
        Reservation(transport, use["callback"]["low"], use["callback"]["high"], versions)
        for use in part.get("uses", ())
        if use["enabled"] and use["callback"]
        for service, transport in transports
        if service == use["service"]
    }
    return tuple(sorted(found))


def showing(wanted: Iterable[Reservation]) -> dict[tuple[int, str], str]:
    """Return the commands that list what is reserved, by the IP version and transport that they are for."""
    kinds = sorted({(version, item.transport) for item in wanted for version in item.versions})
    return {kind: _SHOW.format(version=kind[0], transport=kind[1]) for kind in kinds}


def read_excluded(text: str) -> tuple[Excluded, ...]:
    """Return what netsh lists as reserved, whatever language it speaks."""
    lines = (_LISTED.match(line) for line in text.splitlines())
    found = (Excluded(int(line[1]), int(line[2]), bool(line[3])) for line in lines if line)
    return tuple(item for item in found if item.low <= item.high <= LAST_PORT)


def reserving(wanted: Iterable[Reservation], standing: Standing) -> Reserving:
    """Return what is to be done so that all that is wanted is reserved.

    Args:
        standing: what the host has reserved; a kind that is missing has nothing.
    """
    lines, undoing, conflicts = [], [], dict[str, None]()
    for item in wanted:
        for version in item.versions:
            meeting = [
                held
                for held in standing.get((version, item.transport), ())
                if held.low <= item.high and item.low <= held.high
            ]
            if any(held.administered and held.low <= item.low and item.high <= held.high for held in meeting):
                continue
            if meeting:
                conflicts.update((_conflict(item, held), None) for held in meeting)
                continue
            ports = f"startport={item.low} numberofports={item.high - item.low + 1}"
            lines.append(_ADD.format(version=version, transport=item.transport, ports=ports))
            undoing.append(_DELETE.format(version=version, transport=item.transport, ports=ports))
    return Reserving(tuple(lines), tuple(undoing), tuple(conflicts))


def _conflict(item: Reservation, held: Excluded) -> str:
    holder = "somebody has reserved" if held.administered else "a part of Windows, such as Hyper-V, holds"
    return (
        f"{item.text} is to be reserved for call-backs, and {holder} {held.low}-{held.high}: name these ports in "
        "faxnet_reserved_ports of this host and plan again, or free them"
    )
