# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets as the product opens them, and the answer to a probe."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
import struct
from collections.abc import Callable, Iterable

from .listeners import Listener

Reply = Callable[[bytes], None]
IDLE = 300.0  # seconds without a command after which a session ends
IP_PKTINFO = 8  # linux/in.h; the socket module has no name for it before Python 3.14
PKTINFO4, PKTINFO6 = struct.Struct("=I4s4s"), struct.Struct("=16sI")


def ipv6_on(option: str, platform: bool, addresses: Iterable[str]) -> bool:
    """Whether networking is IPv6: as the option says, else if the platform has it and a local address is one.

    (CG-19, CG-21)
    """
    if option != "AUTO":
        return option == "YES"
    return platform and any(":" in address for address in addresses)


def unmapped(address: str) -> str:
    """An address as people know it: ::ffff:10.0.0.1, which an IPv6 socket shows for an IPv4 peer, is 10.0.0.1."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def bound_socket(listener: Listener, ipv6: bool) -> socket.socket:
    """A bound socket. With IPv6 it is an IPv6 one that also talks to IPv4 systems (CG-19). Raises OSError."""
    six = ":" in listener.address or (ipv6 and not listener.address)
    made = socket.socket(
        socket.AF_INET6 if six else socket.AF_INET,
        socket.SOCK_STREAM if listener.transport == "tcp" else socket.SOCK_DGRAM,
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.setblocking(False)
        made.bind((listener.address or ("::" if six else "0.0.0.0"), listener.port))  # noqa: S104 (as the product does)
        if listener.transport == "tcp":
            made.listen(256)
        elif six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    except OSError:
        made.close()
        raise
    return made


class Datagrams:
    """A bound UDP socket whose answers leave from the address that was asked, which a machine may have many of."""

    def __init__(self, bound: socket.socket, heard: Callable[[bytes, tuple[str, int], Reply], None]) -> None:
        self._socket, self._heard = bound, heard
        asyncio.get_running_loop().add_reader(bound, self._read)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            data, extra, _flags, there = self._socket.recvmsg(65535, 256)
        except OSError:
            return  # an ICMP error of an earlier answer
        control = [(level, kind, self._own(level, kind, value)) for level, kind, value in extra]

        def reply(answer: bytes) -> None:
            with contextlib.suppress(OSError):  # lost, as any datagram may be
                self._socket.sendmsg([answer], control, 0, there)

        self._heard(data, (unmapped(there[0]), there[1]), reply)

    @staticmethod
    def _own(level: int, kind: int, value: bytes) -> bytes:
        """Control data that sends from the address that was asked."""
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            _index, own, _asked = PKTINFO4.unpack(value[: PKTINFO4.size])
            return PKTINFO4.pack(0, own, own)
        return value


def probe_answer(data: bytes, by: str, there: tuple[str, int]) -> bytes | None:
    """The answer to a probe, or None if the data is none."""
    try:
        message = json.loads(data)
    except ValueError:
        return None
    if not isinstance(message, dict) or "probe" not in message:
        return None
    answer = {"answer": message["probe"], "by": by, "seen_from": list(there)}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
