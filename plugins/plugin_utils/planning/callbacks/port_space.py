# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of each address: who holds them, and where a new range may lie."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...basics.addresses import Address
from ...basics.named_tuples import made
from ...basics.names import HostService
from ...basics.ports import PortRange, ReservedPorts
from ...catalog.catalog import Catalog
from ...catalog.profile import System


class RealmAddress(NamedTuple):
    """An address where it means one machine: two offices behind NAT routers may both have a 192.168.1.10."""

    realm: str
    address: Address


class PortOwner(NamedTuple):
    """Who holds ports.

    Attributes:
        name: in words, for findings.
        client: which client that is; None where a server or guarded service does.
        reserved_on: the host that has reserved them for others than fax products; empty where a product holds them.
    """

    name: str
    client: HostService | None
    reserved_on: str = ""


class TakenPorts:
    """Ports taken on each address and transport, and by whom."""

    def __init__(self) -> None:
        self._taken: dict[tuple[RealmAddress, str], list[tuple[int, int, PortOwner]]] = {}

    def add(self, addresses: Iterable[RealmAddress], transport: str, ports: PortRange, owner: PortOwner) -> None:
        """Note *ports* as taken; what of them is taken already stays with its first owner."""
        for address in addresses:
            taken = self._taken.setdefault((address, transport), [])
            if not taken:
                taken.append((ports.low, ports.high, owner))
                continue
            after = bisect_left(taken, (ports.high + 1,))
            if not after or taken[after - 1][1] < ports.low:
                taken.insert(after, (ports.low, ports.high, owner))  # as it mostly is: all of them are free
                continue
            low = ports.low
            place = max(bisect_left(taken, (low,)) - 1, 0)
            gaps = []
            while place < len(taken) and taken[place][0] <= ports.high:
                if taken[place][1] >= low:
                    if low < taken[place][0]:
                        gaps.append((low, taken[place][0] - 1, owner))
                    low = taken[place][1] + 1
                place += 1
            if low <= ports.high:
                gaps.append((low, ports.high, owner))
            for gap in gaps:
                insort(taken, gap)

    def owner(
        self, addresses: Iterable[RealmAddress], transport: str, ports: PortRange
    ) -> tuple[RealmAddress, PortOwner] | None:
        """Return where and by whom a port of *ports* is taken, or None where all are free."""
        for address in addresses:
            taken = self._taken.get((address, transport))
            if not taken:
                continue
            place = bisect_left(taken, (ports.high + 1,))
            # Entries never overlap each other, so the last one that begins in time decides.
            if place and taken[place - 1][1] >= ports.low:
                return address, taken[place - 1][2]
        return None

    def reserved(self, addresses: Iterable[RealmAddress], transport: str, ports: PortRange) -> list[PortOwner]:
        """What of *ports* is reserved for others than fax products, each once; for findings."""
        found = {
            owner: None
            for address in addresses
            for low, high, owner in self._taken.get((address, transport), ())
            if owner.reserved_on and low <= ports.high and ports.low <= high
        }
        return list(found)


def held_by_system(ports: PortRange, transport: str, system: System) -> list[ReservedPorts]:
    """What a system's own services hold of *ports*."""
    return [item for item in system.reserved if item.transport == transport and item.ports.overlaps(ports)]


class PortSpace:
    """Where a range may lie in a pool: clear of well-known ports and of those that the system gives out or holds."""

    def __init__(self, catalog: Catalog) -> None:
        self._well_known = tuple(sorted(catalog.well_known))
        self._starts: dict[tuple[PortRange, int, str, str], tuple[int, ...]] = {}

    def clear(self, ports: PortRange, transport: str, system: System) -> bool:
        """Whether *ports* hold no well-known port and none of the system's own."""
        place = bisect_left(self._well_known, ports.low)
        known = place < len(self._well_known) and self._well_known[place] <= ports.high
        return not known and not ports.overlaps(system.dynamic) and not held_by_system(ports, transport, system)

    def find(
        self,
        client: HostService,
        addresses: Sequence[RealmAddress],
        transport: str,
        pool: PortRange,
        size: int,
        system: System,
        taken_ports: TakenPorts,
    ) -> PortRange | None:
        """Return a free range of *size* ports, or None.

        The search begins at the place that the hash of *client* names, so that a newcomer's place depends on nobody
        else while there is room; where the pool's grid is full, any gap will do.
        """
        starts = self._grid(pool, size, transport, system)
        if starts:
            digest = hashlib.blake2b(client.text.encode(), digest_size=8).digest()
            first = int.from_bytes(digest, "big") % len(starts)
            for step in range(len(starts)):
                low = starts[(first + step) % len(starts)]
                candidate = made(PortRange, (low, low + size - 1))
                if taken_ports.owner(addresses, transport, candidate) is None:
                    return candidate
        for low in range(pool.low, pool.high - size + 2):
            candidate = PortRange(low, low + size - 1)
            if taken_ports.owner(addresses, transport, candidate) is None and self.clear(candidate, transport, system):
                return candidate
        return None

    def _grid(self, pool: PortRange, size: int, transport: str, system: System) -> tuple[int, ...]:
        key = (pool, size, transport, system.name)
        found = self._starts.get(key)
        if found is None:
            grid = range(pool.low, pool.high - size + 2, size)
            found = tuple(low for low in grid if self.clear(PortRange(low, low + size - 1), transport, system))
            self._starts[key] = found
        return found
