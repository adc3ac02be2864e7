# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits and forwards as nft sets and maps, so that a new connection costs the same however many entries there are.

One set for each transport, IP version and demand on connection tracking; the most selective field first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...basics.addresses import Address
from ...policies.policy import DestinationNats, Permits, RefusedError, is_everybody
from ...policies.read_policy import harmless
from ..ranges import Range, addresses, range_of
from .concatenated_ranges import ConflictError, Element, absorbed, disjoint
from .stances import Stance
from .text import ADDRESS_TYPE, FIELD, Refusal, address_set, comment, port_range
from .tracking import NOTHING, Demand

_PORTS = frozenset({2})  # index of the ports in (source, destination, ports[, source ports])
_PORTS_AND_TARGETS = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class LookUp:
    """A set or map of the table and the rule that looks things up in it.

    Attributes:
        senders: what is refused before the other rule: the connections of a sender who has too many of a kind that is
            remembered for long without an answer. Its set is filled by the kernel.
        bounded: a rule before the other that accepts the same, and remembers it for long, as long as there is room: of
            each sender, and of all for one server. Its sets are filled by the kernel.
    """

    name: str
    kind: str
    type: str
    elements: tuple[str, ...]
    rule: str
    transport: str
    demand: Demand = NOTHING
    senders: Refusal | None = None
    bounded: str = ""

    def rules(self, stance: Stance) -> Iterator[str]:
        """The rules, in order."""
        if self.senders:
            yield from stance.refuse(self.senders)
        if self.bounded:
            yield self.bounded
        yield self.rule

    def lines(self, stance: Stance) -> list[str]:
        """The set or map as lines of the table."""
        head = ["", f"\t{self.kind} {self.name} {{", f"\t\ttype {self.type}", "\t\tflags interval"]
        lines = [*head, "\t\telements = {", *(f"\t\t\t{element}," for element in self.elements), "\t\t}", "\t}"]
        filled = [senders_of(self.name)] if self.senders and list(stance.refuse(self.senders)) else []
        filled += [senders_of(self.name), servers_of(self.name)] if self.bounded else []
        for name in filled:
            address = self.type.partition(" ")[0]
            lines += ["", f"\tset {name} {{", f"\t\ttype {address}", f"\t\tsize {_MOST_SENDERS}"]
            lines += ["\t\tflags dynamic", "\t}"]
        return lines


def senders_of(name: str) -> str:
    """The name of the set in which the kernel counts the connections of each sender of the set *name*."""
    return f"{name}_senders"


def servers_of(name: str) -> str:
    """The name of the set in which the kernel counts the connections to each server of the set *name*."""
    return f"{name}_servers"


#: Connections of one sender in one set that is remembered for long without an answer: more than all clients behind a
#: large office's address have log channels, and little memory (an entry has some 300 bytes).
_MOST_CONNECTIONS = 4096
_MOST_SENDERS = 65535
#: The same where the whole Internet may send, of one sender and to one server. Who sends from made-up addresses can use
#: all of it up; later ones are let in and have the kernel's times. It is a part of what the smallest of today's systems
#: have room for (nf_conntrack_max: 65536 with 1 GiB of memory, 262144 with 4).
_MOST_OF_A_STRANGER = 1024
_MOST_OF_STRANGERS = 16384


class _Demands:
    """Demands by number: the outcomes of elements are numbers."""

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


def filters(permits: Permits, hook: str, address_ranges: bool, guards: Mapping[str, str] | None = None) -> list[LookUp]:
    """The enabled permits of one hook as sets whose rules accept.

    With `address_ranges`, neighbouring target addresses with the same ports share an element. `guards` holds a match,
    with a blank after it, that the rules of a transport begin with. What asks something of connection tracking comes
    first: a packet that a plain set names as well must not get around it.
    """
    groups: dict[tuple[int, str, bool], list[Element]] = {}
    demands = _Demands()
    for permit, flows in permits:
        if permit.enabled:
            fields = (range_of(permit.source), range_of(permit.destination), permit.ports)
            asked = demands.number(Demand.of(permit))
            element = Element((*fields, permit.source_ports) if permit.source_ports else fields, asked, tuple(flows))
            groups.setdefault((permit.version, permit.transport, bool(permit.source_ports)), []).append(element)
    joined = _PORTS_AND_TARGETS if address_ranges else _PORTS
    found: list[LookUp] = []
    for key in sorted(groups):
        elements = absorbed(groups[key], demands.meet)
        cells: dict[Demand, list[Element]] = {}
        for cell in disjoint(elements, joined, demands.meet):
            cells.setdefault(demands[cell.outcome], []).append(cell)
        # The kernel looks fields up in order and is slow when the first is the same in thousands of elements: a
        # server's clients differ in the source, what a router lets in to them differs in the destination.
        source_first = _variety(elements, 0) >= _variety(elements, 1)
        guard = (guards or {}).get(key[1], "")
        found += [_filter(hook, key, demand, cells[demand], source_first, guard) for demand in sorted(cells)]
    return sorted(found, key=lambda item: item.demand == NOTHING)


def _filter(
    hook: str, key: tuple[int, str, bool], demand: Demand, cells: Iterable[Element], source_first: bool, guard: str
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
    looked_up = f"{guard}{' . '.join(fields)} @{name}"
    senders, bounded, accepting = None, "", f"{demand.statement(transport)}counter accept"
    # What the host starts itself is nobody's flood.
    if demand.anybody and hook != "output":
        counts = (
            f"add @{senders_of(name)} {{ {FIELD[version]} saddr ct count {_MOST_OF_A_STRANGER} }} "
            f"add @{servers_of(name)} {{ {FIELD[version]} daddr ct count {_MOST_OF_STRANGERS} }}"
        )
        bounded = f"{looked_up} {counts} {accepting}"
        accepting = f"{demand._replace(idle=0).statement(transport)}counter accept"
    elif transport == "udp" and demand.idle and hook != "output":
        count = f"{FIELD[version]} saddr ct count over {_MOST_CONNECTIONS}"
        match = f"{looked_up} add @{senders_of(name)} {{ {count} }}"
        senders = Refusal(match, "limit", "too many of one sender", (version,))
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
        rule=f"{looked_up} {accepting}",
        transport=transport,
        demand=demand,
        senders=senders,
        bounded=bounded,
    )


def _variety(elements: Iterable[Element], field: int) -> int:
    return len({box.ranges[field] for box in elements})


def translations(entries: DestinationNats, networks: Mapping[int, tuple[Range, ...]]) -> Iterator[LookUp]:
    """The enabled forwards as maps whose rules translate. Raises `RefusedError` for a packet with two targets.

    `networks` are those behind the router. A forward for everybody leaves out what comes from them: the server would
    answer a neighbour directly, from an address that the neighbour never asked. What is to turn has maps of its own.
    """
    groups: dict[tuple[int, str, bool], list[Element]] = {}
    open_to_all: set[tuple[int, str]] = set()
    for nat, flows in entries:
        if nat.enabled:
            fields = (range_of(nat.source), range_of(nat.address), nat.ports)
            element = Element(fields, range_of(nat.target)[0], tuple(flows))
            groups.setdefault((nat.version, nat.transport, nat.becomes is not None), []).append(element)
            if is_everybody(nat.source):
                open_to_all.add((nat.version, nat.transport))
    for (version, transport, turning), elements in sorted(groups.items(), key=lambda item: item[0]):
        name = f"faxnet_{'turned' if turning else 'targets'}_{transport}{version}"
        field = FIELD[version]
        inside = networks.get(version, ()) if (version, transport) in open_to_all and not turning else ()
        # The condition that a packet does not come from inside, where some forward would take it.
        outside = f"{field} saddr != {address_set(version, inside)} " if inside else ""
        rule = f"{outside}dnat {field} to {transport} dport . {field} daddr . {field} saddr map @{name}"
        yield _translation(version, transport, name, elements, rule)


def turned_sources(entries: DestinationNats) -> Iterator[LookUp]:
    """The maps, and the rules, by which what turns in the router wears an address of its own from there on."""
    groups: dict[tuple[int, str], list[Element]] = {}
    for nat, flows in entries:
        if nat.enabled and nat.becomes is not None:
            fields = (range_of(nat.source), range_of(nat.target), nat.ports)
            element = Element(fields, nat.becomes.value, tuple(flows))
            groups.setdefault((nat.version, nat.transport), []).append(element)
    for (version, transport), elements in sorted(groups.items(), key=lambda item: item[0]):
        name = f"faxnet_worn_{transport}{version}"
        field = FIELD[version]
        # Who is sent to the same place without translation keeps its address: the answers come back through here.
        rule = f"ct status dnat snat {field} to {transport} dport . {field} daddr . {field} saddr map @{name}"
        yield _translation(version, transport, name, elements, rule)


def _translation(version: int, transport: str, name: str, elements: list[Element], rule: str) -> LookUp:
    """A map from port, destination and source to another address, and the rule that looks that up."""
    address = ADDRESS_TYPE[version]
    try:
        cells = disjoint(absorbed(elements), _PORTS)
    except ConflictError as conflict:
        first, second = (", ".join(map(harmless, side[:3])) for side in (conflict.first, conflict.second))
        raise RefusedError(
            f"policy.destination_nat: {first} and {second} forward the same packets to two targets; "
            "give their clients call-back ranges of their own"
        ) from None
    # The port comes first: sources and the public address are few and the same in thousands of elements, and a
    # constant first field makes the look-up slow.
    return LookUp(
        name=name,
        kind="map",
        type=f"inet_service . {address} . {address} : {address}",
        elements=tuple(_by_port(version, cells)),
        rule=rule,
        transport=transport,
    )


def _by_port(version: int, cells: Iterable[Element]) -> Iterator[str]:
    """Elements `ports . address . source : target` of a translation map, in the order of the ports."""
    for cell in sorted(cells, key=lambda cell: (cell.ranges[2], cell.ranges[1], cell.ranges[0])):
        source, address, ports = cell.ranges
        key = f"{port_range(ports)} . {addresses(version, address)} . {addresses(version, source)}"
        yield f"{key}{comment(cell.names)} : {Address(version, cell.outcome).text}"
