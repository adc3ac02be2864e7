# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's table of connections, read and changed over netlink: the program conntrack need not be there.

The numbers are those of linux/netfilter/nfnetlink_conntrack.h and linux/netfilter/nf_conntrack_common.h.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.netlink import attributes
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import name_of

_NETLINK_NETFILTER = 12
_NEW, _GET, _DELETE = 0x100, 0x101, 0x102
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_ORIGINAL, _REPLY, _STATUS, _PROTOINFO, _MASTER, _ID = 1, 2, 3, 4, 14, 12
_NESTED = 0x8000
# The kernel refuses to take the last one away.
_SEEN_REPLY, _ASSURED, _CONFIRMED = 0x2, 0x4, 0x8
_WITH_PORTS = {6: "tcp", 17: "udp"}
#: Pings and errors; an exchange of them is over at once.
_CONTROL = (1, 58)
# The kernel's enum tcp_conntrack (linux/netfilter/nf_conntrack_tcp.h).
_ESTABLISHED, _TIME_WAIT, _CLOSE = 3, 7, 8


@dataclass(frozen=True)
class End:
    """One direction of a connection."""

    source: str
    source_port: int
    destination: str
    destination_port: int


@dataclass(frozen=True)
class Connection:
    """A TCP or UDP connection as the kernel remembers it.

    `reply` is the direction of the answers: it differs from the original turned round where addresses are translated.
    `established`: a UDP exchange, or a TCP connection that has come about. `ending`: a TCP connection that is closed.
    `key` and `number` are the kernel's own names of it, `master` is the key of the connection that it is related to.
    """

    version: int
    transport: str
    original: End
    reply: End
    answered: bool
    established: bool
    ending: bool
    key: bytes
    master: bytes
    number: bytes


class NoTableError(Exception):
    """This kernel does not let its connections be read or changed."""


def connections(*, portless: bool = False) -> Iterator[Connection]:
    """All TCP and UDP connections that the kernel remembers here, as it tells them: there may be a million.

    `portless`: those of other protocols, too, with 0 for each port; but no ICMP.
    Raises NoTableError, OSError.
    """
    with _netlink() as link:
        for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
            for body in _exchange(link, _GET, _REQUEST | _DUMP, family, b""):
                connection = _connection(version, body, portless)
                if connection:
                    yield connection


def mark_answered(connection: Connection) -> None:
    """Let the kernel take a connection for one that was answered, so that it is an established one from here on."""
    _change(_NEW, connection, _attribute(_STATUS, struct.pack(">I", _SEEN_REPLY | _ASSURED | _CONFIRMED)))


def forget(connection: Connection) -> None:
    """Let the kernel forget a connection: its next packet is judged as a new one's."""
    _change(_DELETE, connection, _attribute(_ID, connection.number))


def _change(kind: int, connection: Connection, more: bytes) -> None:
    body = _attribute(_ORIGINAL | _NESTED, connection.key) + more
    family = socket.AF_INET if connection.version == 4 else socket.AF_INET6
    with _netlink() as link:
        try:
            for _answer in _exchange(link, kind, _REQUEST | _ACK, family, body):
                pass
        except OSError as error:
            if error.errno != errno.ENOENT:  # it has ended by itself
                raise NoTableError(f"the kernel's table of connections: {error.strerror}") from error


@contextlib.contextmanager
def _netlink() -> Iterator[socket.socket]:
    try:
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    except OSError as error:
        raise NoTableError(f"netlink: {error.strerror}") from error
    with link:
        link.bind((0, 0))
        link.settimeout(10)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        yield link


def _exchange(link: socket.socket, kind: int, flags: int, family: int, body: bytes) -> Iterator[bytes]:
    """Send one request; the bodies of its answers. Raises NoTableError for a kernel without such a table, OSError."""
    message = struct.pack("=BBH", family, 0, 0) + body
    link.send(struct.pack("=IHHII", 16 + len(message), kind, flags, 1, 0) + message)
    while True:
        data = link.recv(1 << 17)
        while data:
            length, answer, _flags, _sequence, _sender = struct.unpack_from("=IHHII", data)
            content, data = data[16:length], data[(length + 3) & ~3 :]
            if answer == _DONE:
                return
            if answer == _ERROR:
                (code,) = struct.unpack_from("=i", content)
                if code == 0:
                    return
                if kind == _GET:
                    raise NoTableError(f"the kernel's table of connections: {os.strerror(-code)}")
                raise OSError(-code, os.strerror(-code))
            yield content[4:]


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def _connection(version: int, body: bytes, portless: bool) -> Connection | None:
    held = attributes(body)
    original, reply = (_end(held[kind], portless) for kind in (_ORIGINAL, _REPLY))
    if original is None or reply is None:
        return None
    transport, there = original
    (status,) = struct.unpack(">I", held[_STATUS])
    # {TCP: {state}}
    state = attributes(attributes(held.get(_PROTOINFO, b"")).get(1, b"")).get(1, b"\0")[0]
    return Connection(
        version=version,
        transport=transport,
        original=there,
        reply=reply[1],
        answered=bool(status & _SEEN_REPLY),
        established=transport != "tcp" or state == _ESTABLISHED,
        ending=transport == "tcp" and state in (_TIME_WAIT, _CLOSE),
        key=held[_ORIGINAL],
        master=held.get(_MASTER, b""),
        number=held[_ID],
    )


def _end(data: bytes, portless: bool) -> tuple[str, End] | None:
    """The protocol and the ends of one direction; None for what has no ports, unless `portless`."""
    held = attributes(data)
    addresses, protocol = attributes(held[1]), attributes(held[2])
    number = protocol[1][0]
    if number not in _WITH_PORTS and (not portless or number in _CONTROL):
        return None
    source, destination = (addresses.get(kind) or addresses[kind + 2] for kind in (1, 2))
    none = b"\0\0"
    ports = (struct.unpack(">H", protocol.get(kind, none) if number in _WITH_PORTS else none)[0] for kind in (2, 3))
    return name_of(number), End(_text(source), next(ports), _text(destination), next(ports))


def _text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
