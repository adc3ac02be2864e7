# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that listen on the host for others: TCP's, and UDP's that have no peer.

A UDP socket on a port that the system gives out itself may be a client's that waits for an answer. Such a one is gone
in a moment, while a server's stays: so who stays is asked a second time (`lasting`). One that no process holds is the
kernel's own (WireGuard, VXLAN), and a server's.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import INPUT, Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import ELSEWHERE, Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.holders import UNKNOWN, Holder, holders
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import Socket, listening_sockets

#: Seconds after which a client that waits for an answer has it or has given up, by experience.
PATIENCE = 1.5

#: Of DHCP's clients: answers come by a packet socket, which no rule can shut, or by the rules for the link.
_DHCP_CLIENTS = frozenset((("udp", 68), ("udp", 546)))
#: DHCP's server hears those that have no address yet (RFC 2131, 4.1).
_DHCP_SERVER = ("udp", 67)
_ANY = ("0.0.0.0", "::")  # noqa: S104 nothing is bound to it here


def listeners(machine: Machine, view: NetworkView) -> Iterator[Use]:
    """What listens, one for each port and IP version."""
    span = machine.read("/proc/sys/net/ipv4/ip_local_port_range")
    low, high = (int(word) for word in span.split()) if span else (32768, 60999)
    found: dict[tuple[str, int, int], dict[str, set[str]]] = {}
    for held in listening_sockets(proc=machine.path("/proc")):
        if held.is_loopback or (held.transport, held.port) in _DHCP_CLIENTS:
            continue
        for version, address in _addresses(held, view):
            bound = found.setdefault((held.transport, held.port, version), {})
            bound.setdefault(address, set()).add(held.inode)
    for (transport, port, version), bound in sorted(found.items()):
        yield Use(
            kind="listener",
            hook=INPUT,
            packets=tuple(_packet(version, transport, port, address, view) for address in sorted(bound)),
            protocol=transport,
            ports=((port, port),),
            inodes=frozenset().union(*bound.values()),
            fleeting=transport == "udp" and low <= port <= high,
        )


def _addresses(held: Socket, view: NetworkView) -> Iterator[tuple[int, str]]:
    """The IP versions and addresses that a socket is reached by; an empty address for all of the host's."""
    address = ipaddress.ip_address(held.address)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped:
        yield 4, "" if mapped.is_unspecified else str(mapped)
    elif held.address not in _ANY:
        yield address.version, held.address
    else:
        # A socket of IPv6 takes IPv4, too, unless it was told not to, which the table does not say.
        yield from ((version, "") for version in (4, 6) if version <= address.version and view.is_addressed(version))


def _packet(version: int, transport: str, port: int, address: str, view: NetworkView) -> Packet:
    # Who is let in by a rule for one device (containers of this host) is not everybody: an address is reached through
    # the device that has it, and all of them together through one that no rule names.
    route = view.behind(address) if address else None
    device = ELSEWHERE if route is None or route.default else route.device
    if (transport, port) == _DHCP_SERVER and version == 4:
        broadcast = "255.255.255.255"
        return Packet(4, "udp", "0.0.0.0", 68, broadcast, port, interface=device)  # noqa: S104 nothing is bound to it
    return Packet(version, transport, "", None, address, port, interface=device)


def lasting(machine: Machine, uses: Iterable[Use]) -> Iterator[Use]:
    """The uses without those that were a client's for a moment, each with who holds it."""
    uses = list(uses)
    programs = holders(set().union(*(use.inodes for use in uses)), machine.path("/proc")) if uses else {}
    held = [replace(use, program=_program(use, programs)) for use in uses]
    doubtful = [use for use in held if use.fleeting and use.program]
    there: set[str] = set()
    if doubtful:
        time.sleep(PATIENCE)
        there = {socket.inode for socket in listening_sockets(["udp"], machine.path("/proc"))}
    return (use for use in held if use not in doubtful or use.inodes & there)


def _program(use: Use, programs: Mapping[str, Holder]) -> str:
    known = [programs.get(inode, UNKNOWN).program for inode in sorted(use.inodes)]
    return next(filter(None, known), "")
