# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tables of sockets that listen, in both IP versions (proc(5))."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# TCP_LISTEN, and TCP_CLOSE for a UDP socket that has no peer (include/net/tcp_states.h).
_LISTENING = {"tcp": "0A", "udp": "07"}
_ESTABLISHED = "01"


class Socket(NamedTuple):
    """A listening socket: "tcp" or "udp", its address and port, and the inode by which a process holds it."""

    transport: str
    address: str
    port: int
    inode: str

    @property
    def is_loopback(self) -> bool:
        """Whether no other host can reach it."""
        address = ipaddress.ip_address(self.address)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback


def listening_sockets(transports: Iterable[str] = ("tcp", "udp"), proc: str = "/proc") -> Iterator[Socket]:
    """What listens, each table read once; *proc*: where the kernel's tables are."""
    for transport in sorted(transports):
        for suffix in ("", "6"):
            for row in _rows(transport + suffix, proc):
                if row.state == _LISTENING[transport]:
                    yield Socket(transport, row.address, row.port, row.inode)


def raw_sockets(proc: str = "/proc") -> Iterator[tuple[int, int, str]]:
    """Raw sockets: the IP version, the protocol's number, and the inode by which a process holds it (raw(7))."""
    for version, suffix in ((4, ""), (6, "6")):
        for row in _rows("raw" + suffix, proc):
            yield version, row.port, row.inode


def tcp_sessions(proc: str = "/proc") -> Iterator[tuple[Socket, str, int]]:
    """TCP connections that have come about: this end, and the other one's address and port."""
    for suffix in ("", "6"):
        for row in _rows("tcp" + suffix, proc):
            if row.state == _ESTABLISHED:
                yield Socket("tcp", row.address, row.port, row.inode), row.peer, row.peer_port


class _Row(NamedTuple):
    address: str
    port: int
    peer: str
    peer_port: int
    state: str
    inode: str


def _rows(table: str, proc: str) -> Iterator[_Row]:
    try:
        with open(os.path.join(proc, "self", "net", table), encoding="ascii") as file:
            lines = file.readlines()[1:]
    except FileNotFoundError:
        return  # a kernel without IPv6
    for line in lines:
        fields = line.split()
        (address, port), (peer, peer_port) = (field.split(":") for field in fields[1:3])
        yield _Row(_address(address), int(port, 16), _address(peer), int(peer_port, 16), fields[3], fields[9])


def _address(text: str) -> str:
    """An address as the tables write it: 32-bit words in this machine's byte order, hexadecimal."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
