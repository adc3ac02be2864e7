# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that stand now: to this host, by its own table of TCP, and to it and through it by connection tracking.

Thousands of them become a few lines: who is behind one network counts as that network, and a row of ports as one range.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.conntrack import Connection
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import (
    FORWARD,
    INPUT,
    Use,
    as_network,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import address_of
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import listening_sockets, tcp_sessions

#: So many addresses, and ports, are named one by one; more of them are named by what holds them all.
_MOST_ADDRESSES, _MOST_PORTS = 16, 16
#: So many lines a protocol has at most, to a host or through it.
_MOST_LINES = 32
#: So many rows of sessions are told apart at first.
_MOST_ROWS = 4096
#: Where the ports begin that Linux gives out itself (ip_local_port_range); other systems begin higher up.
_FIRST_OF_CLIENTS = 32768
_WIDER = {4: 24, 6: 64}
_EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}


class Session(NamedTuple):
    """A connection as the hook sees it first."""

    hook: str
    packet: Packet

    @property
    def turned(self) -> Packet | None:
        """The same as begun by the other end; None where that cannot be.

        Where tracking began after the connection did, the kernel takes whoever it sees first for the one who began it.
        """
        packet = self.packet
        if self.hook == INPUT or packet.translated or not (packet.source_port and packet.destination_port):
            return None
        return replace(
            packet,
            source=packet.destination,
            source_port=packet.destination_port,
            destination=packet.source,
            destination_port=packet.source_port,
            interface=packet.out_interface,
            out_interface=packet.interface,
        )

    @property
    def seems_turned(self) -> bool:
        """Whether the ports say that the other end began it: it goes to a port that systems give to clients."""
        source, destination = self.packet.source_port or 0, self.packet.destination_port or 0
        return destination >= _FIRST_OF_CLIENTS > source


def sessions(machine: Machine, view: NetworkView) -> Iterator[Session]:
    """The connections, each once; none where the kernel tells of none."""
    by_tcp = dict.fromkeys(_by_tcp(machine, view))
    yield from by_tcp
    with contextlib.suppress(conntrack.NoTableError, OSError):
        heard = {(held.transport, held.port) for held in listening_sockets(proc=machine.path("/proc"))}
        for connection in conntrack.connections(portless=True):
            session = _session(connection, view, heard)
            if session and session not in by_tcp:
                yield session


def _by_tcp(machine: Machine, view: NetworkView) -> Iterator[Session]:
    heard = {held.port for held in listening_sockets(["tcp"], machine.path("/proc"))}
    for here, peer, peer_port in tcp_sessions(machine.path("/proc")):
        source, address = (_plain(text) for text in (peer, here.address))
        if here.port in heard and not here.is_loopback and source not in view.own:
            route = view.behind(source)
            device = route.device if route else ""
            packet = Packet(_version(source), "tcp", source, peer_port, address, here.port, interface=device)
            yield Session(INPUT, packet)


def _session(connection: Connection, view: NetworkView, heard: set[tuple[str, int]]) -> Session | None:
    """A connection that another host began; None for what nobody answers to, and for what this host itself began."""
    there, back = connection.original, connection.reply
    if connection.ending or there.source in view.own or address_of(there.source).is_loopback:
        return None
    version, transport = connection.version, connection.transport
    inward = back.source in view.own or address_of(back.source).is_multicast
    if transport == "tcp" and not (connection.answered and connection.established):
        return None
    came, goes = view.behind(there.source), view.behind(back.source)
    device = came.device if came else ""
    if inward:
        # Where nobody listens, this host itself began it, or nobody answers.
        if (transport, back.source_port) not in heard and (back.source_port or not connection.answered):
            return None
        packet = Packet(
            version, transport, there.source, there.source_port, back.source, back.source_port, interface=device
        )
        return Session(INPUT, packet)
    if not connection.answered and (came is None or came.default):
        return None  # whoever tries ports from outside gets no answer
    return Session(
        FORWARD,
        Packet(
            version,
            transport,
            there.source,
            there.source_port,
            back.source,
            back.source_port,
            interface=device,
            out_interface=goes.device if goes else "",
            translated=(back.source, back.source_port) != (there.destination, there.destination_port),
        ),
    )


class _Gathered(NamedTuple):
    """Sessions that are told as one: `number` of them, of which `packets` are the first ones'."""

    hook: str
    version: int
    transport: str
    translated: bool
    ports: frozenset[int]
    sources: frozenset[str]
    destinations: frozenset[str]
    packets: tuple[Packet, ...]
    number: int


#: What sessions are first told apart by: hook, IP version, transport, whether translated, source, destination.
_Key = tuple[str, int, str, bool, str, str]


class _Row:
    """Sessions that differ in the port alone."""

    __slots__ = ("number", "packet", "ports")

    def __init__(self, packet: Packet) -> None:
        self.ports = {packet.destination_port or 0}
        self.packet = packet
        self.number = 0

    def take(self, other: _Row) -> None:
        """Count another one's in."""
        self.ports |= other.ports
        self.number += other.number


def gathered(lost: Iterable[Session], view: NetworkView) -> Iterator[Use]:
    """Sessions that would be lost, in as few uses as say it exactly; of thousands, in what holds them."""
    rows: dict[_Key, _Row] = {}
    routed: set[str] = set()
    for hook, packet in lost:
        source = _group(packet.source, view, routed)
        there = "" if hook == INPUT else _group(packet.destination, view, routed)
        key = (hook, packet.version, packet.transport, packet.translated, source, there)
        row = rows.get(key)
        if row is None:
            row = rows[key] = _Row(packet)
        row.ports.add(packet.destination_port or 0)
        row.number += 1
        if len(rows) > _MOST_ROWS:
            rows = _fewer(rows, routed)
    found = [
        _Gathered(
            *key[:4],
            ports=frozenset(row.ports),
            sources=frozenset([key[4]]),
            destinations=frozenset(filter(None, [key[5]])),
            packets=(row.packet,),
            number=row.number,
        )
        for key, row in rows.items()
    ]
    for field in ("ports", "sources", "destinations"):
        found = _merged(found, field)
    for item in _together(found):
        yield Use(
            kind="session",
            hook=item.hook,
            packets=item.packets,
            protocol=item.transport,
            ports=_ranges(item.ports),
            sources=_few(item.sources, item.version),
            destinations=_few(item.destinations, item.version),
            detail=f"{item.number} now, such as {_ends(item.packets[0])}",
        )


def _together(found: Iterable[_Gathered]) -> Iterator[_Gathered]:
    """The same; of a protocol that would have too many lines, one that holds them all."""
    alike: dict[tuple[Any, ...], list[_Gathered]] = {}
    for item in found:
        alike.setdefault(item[:4], []).append(item)
    for held in alike.values():
        if len(held) <= _MOST_LINES:
            yield from held
            continue
        yield held[0]._replace(
            ports=frozenset().union(*(item.ports for item in held)),
            sources=frozenset().union(*(item.sources for item in held)),
            destinations=frozenset().union(*(item.destinations for item in held)),
            number=sum(item.number for item in held),
        )


def _fewer(rows: dict[_Key, _Row], routed: Collection[str]) -> dict[_Key, _Row]:
    """The same in fewer rows: wider networks in the place of addresses, and where that is not enough, everybody.

    What this host has a route of its own to (`routed`) stays what it is.
    """
    for widen in (_wider, _everybody):
        wide: dict[_Key, _Row] = {}
        for key, row in rows.items():
            ends = (end if not end or end in routed else widen(end, key[1]) for end in key[4:])
            first = wide.setdefault((*key[:4], next(ends), next(ends)), row)
            if first is not row:
                first.take(row)
        rows = wide
        if len(rows) <= _MOST_ROWS // 2:
            break
    return rows


def _wider(network: str, version: int) -> str:
    found = ipaddress.ip_network(network)
    wider = _WIDER[version]
    return network if found.prefixlen <= wider else str(found.supernet(new_prefix=wider))


def _everybody(_network: str, version: int) -> str:
    return _EVERYBODY[version]


def _merged(rows: Iterable[_Gathered], field: str) -> list[_Gathered]:
    """Rows that differ in one field only, as one with what each of them has there."""
    found: dict[_Gathered, list[_Gathered]] = {}
    nothing: dict[str, Any] = {field: frozenset(), "packets": (), "number": 0}
    for row in rows:
        found.setdefault(row._replace(**nothing), []).append(row)
    merged = []
    for alike, held in found.items():
        joined: dict[str, Any] = {
            field: frozenset().union(*(getattr(row, field) for row in held)),
            "packets": tuple(packet for row in held[:_MOST_ADDRESSES] for packet in row.packets)[:_MOST_ADDRESSES],
            "number": sum(row.number for row in held),
        }
        merged.append(alike._replace(**joined))
    return merged


def _group(address: str, view: NetworkView, routed: set[str]) -> str:
    """The network that an address is in, where this host has a route of its own to it; it is noted in `routed`."""
    route = view.behind(address)
    if route is None or route.default:
        return as_network(address)
    network = str(route.network)
    routed.add(network)
    return network


def _ranges(by_port: Iterable[int]) -> tuple[tuple[int, int], ...]:
    ports = sorted(port for port in by_port if port)
    if len(ports) > _MOST_PORTS:
        return ((ports[0], ports[-1]),)
    return tuple((port, port) for port in ports)


def _few(networks: Iterable[str], version: int) -> tuple[str, ...]:
    """Networks, or fewer that hold them all."""
    found = {ipaddress.ip_network(network) for network in networks}
    if len(found) > _MOST_ADDRESSES:
        wider = _WIDER[version]
        found = {item if item.prefixlen <= wider else item.supernet(new_prefix=wider) for item in found}
    if len(found) > _MOST_ADDRESSES:
        return (_EVERYBODY[version],)
    return tuple(str(network) for network in sorted(found, key=lambda item: (item.network_address, item.prefixlen)))


def _ends(packet: Packet) -> str:
    port = f" port {packet.destination_port}" if packet.destination_port else ""
    return f"{packet.source} to {packet.destination}{port}"


def _plain(text: str) -> str:
    """An IPv4 address that a socket of IPv6 has, as IPv4."""
    address = address_of(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _version(text: str) -> int:
    return 6 if ":" in text else 4
