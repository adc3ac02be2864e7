# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's answers over netlink (linux/netlink.h): a whole table asked for at once, and the attributes in it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

_REQUEST, _DUMP = 0x1, 0x300
_ERROR, _DONE = 2, 3
_HEADER = 16  # bytes of a message's head


def dump(protocol: int, kind: int, body: bytes) -> Iterator[bytes]:
    """The bodies of what the kernel has of a kind. Raises OSError where it has no such table."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as link:
        link.bind((0, 0))
        link.settimeout(10)
        link.send(struct.pack("=IHHII", _HEADER + len(body), kind, _REQUEST | _DUMP, 1, 0) + body)
        while True:
            data = link.recv(1 << 17)
            while data:
                length, answer, _flags, _sequence, _sender = struct.unpack_from("=IHHII", data)
                content, data = data[_HEADER:length], data[(length + 3) & ~3 :]
                if answer == _DONE:
                    return
                if answer == _ERROR:
                    (code,) = struct.unpack_from("=i", content)
                    raise OSError(-code, os.strerror(-code))
                yield content


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes in a piece of a message by their kinds."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found
