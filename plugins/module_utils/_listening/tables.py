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
            try:
                with open(os.path.join(proc, "self", "net", transport + suffix), encoding="ascii") as table:
                    lines = table.readlines()[1:]
            except FileNotFoundError:
                continue  # a kernel without IPv6
            for line in lines:
                fields = line.split()
                if fields[3] == _LISTENING[transport]:
                    address, port = fields[1].split(":")
                    yield Socket(transport, _address(address), int(port, 16), fields[9])


def _address(text: str) -> str:
    """An address as the tables write it: 32-bit words in this machine's byte order, hexadecimal."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
