# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Openings and forwards as nft sets and maps, so that a new connection costs the same however many entries there are.

One set for each transport, IP version and demand on connection tracking; the most selective field first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...basics.addresses import Address
from ..boxes import Box, ConflictError, Range, absorbed, disjoint
from ..platform import RefusedError
from ..rules import EVERYBODY, Forward, Opening, Version, harmless
from .text import ADDRESS_TYPE, FIELD, address_set, addresses, comment, port_range
from .tracking import NOTHING, Demand

_PORTS = frozenset({2})  # index of the ports in (source, destination, ports[, source ports])
_PORTS_AND_TARGETS = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class LookUp:
    """A set or map of the table and the rule that looks things up in it."""

    name: str
    kind: str
    type: str
    elements: tuple[str, ...]
    rule: str
    transport: str
    demand: Demand = NOTHING

    def lines(self) -> list[str]:
        """The set or map as lines of the table."""
        head = ["", f"\t{self.kind} {self.name} {{", f"\t\ttype {self.type}", "\t\tflags interval"]
        return [*head, "\t\telements = {", *(f"\t\t\t{element}," for element in self.elements), "\t\t}", "\t}"]


class _Demands:
    """Demands by number: the outcomes of boxes are numbers."""

    def __init__(self) -> None:
        self._known = [NOTHING]

    def number(self, demand: Demand) -> int:
        """The demand's number; 0 is no demand."""
        if demand not in self._known:
            self._known.append(demand)
        return self._known.index(demand)

    def meet(self, first: int, second: int) -> int:
        """The number of what serves both."""
        return self.number(self._known[first].both(self._known[second]))

    def __getitem__(self, number: int) -> Demand:
        return self._known[number]


def filters(
    entries: Iterable[Opening], hook: str, address_ranges: bool, guards: Mapping[str, str] | None = None
) -> list[LookUp]:
    """The enabled openings of one hook as sets whose rules accept.

    With `address_ranges`, neighbouring target addresses with the same ports share an element. `guards` holds a match,
    with a blank after it, that the rules of a transport begin with. What asks something of connection tracking comes
    first: a packet that a plain set names as well must not get around it.
    """
    groups: dict[tuple[Version, str, bool], list[Box]] = {}
    demands = _Demands()
    for entry in entries:
        if not entry.enabled:
            continue
        boxes = groups.setdefault((entry.version, entry.transport, entry.source_ports is not None), [])
        demand = demands.number(Demand.of(entry))
        for ports in entry.ports:
            if entry.source_ports is None:
                boxes.append(Box((entry.source, entry.destination, ports), demand, entry.flows))
            for source_ports in entry.source_ports or ():
                boxes.append(Box((entry.source, entry.destination, ports, source_ports), demand, entry.flows))
    joined = _PORTS_AND_TARGETS if address_ranges else _PORTS
    found: list[LookUp] = []
    for key in sorted(groups):
        boxes = absorbed(groups[key], demands.meet)
        cells: dict[Demand, list[Box]] = {}
        for cell in disjoint(boxes, joined, demands.meet):
            cells.setdefault(demands[cell.outcome], []).append(cell)
        # The kernel looks fields up in order and is slow when the first is the same in thousands of elements: a
        # server's clients differ in the source, what a router lets in to them differs in the destination.
        source_first = _variety(boxes, 0) >= _variety(boxes, 1)
        guard = (guards or {}).get(key[1], "")
        found += [_filter(hook, key, demand, cells[demand], source_first, guard) for demand in sorted(cells)]
    return sorted(found, key=lambda item: item.demand == NOTHING)


def _filter(
    hook: str, key: tuple[Version, str, bool], demand: Demand, cells: Iterable[Box], source_first: bool, guard: str
) -> LookUp:
    version, transport, from_ports = key
    name = f"faxnet_{hook}_{transport}{version}{'_from' if from_ports else ''}{demand.suffix}"
    first, second = (0, 1) if source_first else (1, 0)
    side = ("saddr", "daddr")
    fields = [f"{FIELD[version]} {side[first]}", f"{FIELD[version]} {side[second]}", f"{transport} dport"]
    types = [ADDRESS_TYPE[version]] * 2 + ["inet_service"]
    if from_ports:
        fields.append(f"{transport} sport")
        types.append("inet_service")
    return LookUp(
        name=name,
        kind="set",
        type=" . ".join(types),
        elements=tuple(
            " . ".join(
                (
                    addresses(version, cell.ranges[first]),
                    addresses(version, cell.ranges[second]),
                    *map(port_range, cell.ranges[2:]),
                )
            )
            + comment(cell.names)
            for cell in cells
        ),
        rule=f"{guard}{' . '.join(fields)} @{name} {demand.statement(transport)}counter accept",
        transport=transport,
        demand=demand,
    )


def _variety(boxes: Iterable[Box], field: int) -> int:
    return len({box.ranges[field] for box in boxes})


def translations(entries: Sequence[Forward], networks: Mapping[Version, tuple[Range, ...]]) -> Iterator[LookUp]:
    """The enabled forwards as maps whose rules translate. Raises `RefusedError` for a packet with two targets.

    `networks` are those behind the router. A forward for everybody leaves out what comes from them: the server would
    answer a neighbour directly, from an address that the neighbour never asked.
    """
    groups: dict[tuple[Version, str], list[Box]] = {}
    for entry in entries:
        if entry.enabled:
            boxes = groups.setdefault((entry.version, entry.transport), [])
            boxes += [Box((entry.source, entry.address, span), entry.target, entry.flows) for span in entry.ports]
    for version, transport in sorted(groups):
        name = f"faxnet_targets_{transport}{version}"
        field, address = FIELD[version], ADDRESS_TYPE[version]
        try:
            cells = disjoint(absorbed(groups[version, transport]), _PORTS)
        except ConflictError as conflict:
            first, second = (", ".join(map(harmless, side[:3])) for side in (conflict.first, conflict.second))
            raise RefusedError(
                f"policy.destination_nat: {first} and {second} forward the same packets to two targets; "
                "give their clients call-back ranges of their own"
            ) from None
        outside = _from_outside(groups[version, transport], version, networks)
        # The port comes first: sources and the public address are few and the same in thousands of elements, and a
        # constant first field makes the look-up slow.
        yield LookUp(
            name=name,
            kind="map",
            type=f"inet_service . {address} . {address} : {address}",
            elements=tuple(_by_port(version, cells)),
            rule=f"{outside}dnat {field} to {transport} dport . {field} daddr . {field} saddr map @{name}",
            transport=transport,
        )


def _from_outside(boxes: Iterable[Box], version: Version, networks: Mapping[Version, tuple[Range, ...]]) -> str:
    """The condition that a packet does not come from inside, where some forward would take it."""
    inside = networks.get(version, ())
    if not inside or all(box.ranges[0] != EVERYBODY[version] for box in boxes):
        return ""
    return f"{FIELD[version]} saddr != {address_set(version, inside)} "


def _by_port(version: Version, cells: Iterable[Box]) -> Iterator[str]:
    """Elements `ports . address . source : target` of a translation map, in the order of the ports."""
    for cell in sorted(cells, key=lambda cell: (cell.ranges[2], cell.ranges[1], cell.ranges[0])):
        source, address, ports = cell.ranges
        key = f"{port_range(ports)} . {addresses(version, address)} . {addresses(version, source)}"
        yield f"{key}{comment(cell.names)} : {Address(version, cell.outcome).text}"
