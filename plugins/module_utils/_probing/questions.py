# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams that ask a service, in its own protocol, whether it is there. They start no call and change nothing.

Standard library only, for this file travels to the managed host.
"""

from __future__ import annotations

import socket
import struct
import uuid
from collections.abc import Callable, Mapping

#: RFC 5456, 8.1.1: a full frame's first bit; 8.2 and 8.6: frame type IAX, subclass POKE.
_IAX_FULL_FRAME, _IAX_CONTROL, _IAX_POKE = 0x8000, 0x06, 0x1E
#: Any number below 32768 that this side's call has; the answer goes to it.
_IAX_CALL = 0x4658


def sip(sock: socket.socket) -> bytes:
    """An OPTIONS request (RFC 3261, 11), to be answered by whatever speaks SIP there, if only with a refusal.

    Args:
        sock: a connected UDP socket; with ``rport`` the answer comes back to it through any NAT (RFC 3581).
    """
    own, there = (_bracketed(*ends[:2]) for ends in (sock.getsockname(), sock.getpeername()))
    lines = (
        f"OPTIONS sip:{there} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK{uuid.uuid4().hex}",
        "Max-Forwards: 70",
        f"From: <sip:faxnet@{own}>;tag={uuid.uuid4().hex[:12]}",
        f"To: <sip:{there}>",
        f"Call-ID: {uuid.uuid4().hex}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:faxnet@{own}>",
        "Accept: application/sdp",
        "User-Agent: faxnet probe",
        "Content-Length: 0",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def iax2(_sock: socket.socket) -> bytes:
    """A POKE (RFC 5456, 6.7.2), to be answered with a PONG."""
    return struct.pack("!HHIBBBB", _IAX_FULL_FRAME | _IAX_CALL, 0, 0, 0, 0, _IAX_CONTROL, _IAX_POKE)


def _bracketed(address: str, port: int) -> str:
    plain = address.partition("%")[0]
    return f"[{plain}]:{port}" if ":" in plain else f"{plain}:{port}"


#: By protocol: the datagram for a connected socket.
QUESTIONS: Mapping[str, Callable[[socket.socket], bytes]] = {"sip": sip, "iax2": iax2}
