# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer says: ICMP errors, error numbers and echo replies, read as outcomes of a probe.

The six outcomes are explained in probes.py. Standard library only, for this file travels to the managed host.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

#: One of the outcomes below, and a short text about it that may be empty.
Outcome = tuple[str, str]

OPEN = "open"
REFUSED = "refused"
PROHIBITED = "prohibited"
UNREACHABLE = "unreachable"
SILENT = "silent"
UNSENT = "unsent"

# linux/in.h, linux/in6.h, linux/errqueue.h; the socket module has no names for them before Python 3.14.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_MSG_ERRQUEUE = 0x2000
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err: errno, origin, type, code, pad, info, data
_ORIGIN_ICMP = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6

# RFC 792 and RFC 1812 (5.2.7.1), type 3; RFC 4443 (3.1), type 1.
_ICMP4_PORT, _ICMP6_PORT = 3, 4
_ICMP4_PROHIBITED = {9, 10, 13}
_ICMP6_PROHIBITED = {1, 5}
_ICMP_TEXT = {
    4: {
        0: "net unreachable",
        1: "host unreachable",
        2: "protocol unreachable",
        3: "port unreachable",
        6: "net unknown",
        7: "host unknown",
        9: "net prohibited",
        10: "host prohibited",
        13: "administratively prohibited",
    },
    6: {
        0: "no route",
        1: "administratively prohibited",
        3: "address unreachable",
        4: "port unreachable",
        5: "source address policy",
        6: "reject route",
    },
}

# Errors of connect, send and bind that say: nothing left this host.
_UNSENT_ERRORS = {
    errno.EADDRINUSE: "a connection from the same source port is still there",
    errno.EADDRNOTAVAIL: "this host does not have the source address, or no free port for it",
    errno.EAFNOSUPPORT: "this host does not speak that IP version",
    errno.ENETUNREACH: "this host has no route there",
    errno.ENETDOWN: "the network interface is down",
    errno.EINVAL: "this host cannot send to that address",
}


def ask_for_errors(sock: socket.socket, family: int) -> None:
    """Have ICMP errors delivered with their type and sender, where the system can (Linux)."""
    try:
        if family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    except OSError:
        # Other systems report the error number alone; outcome_of_error() reads that.
        return


def icmp_error(sock: socket.socket) -> Outcome | None:
    """Return (outcome, detail) of an ICMP error waiting on the socket, or None."""
    try:
        _data, ancillary, _flags, _address = sock.recvmsg(512, 512, _MSG_ERRQUEUE)
    except (OSError, AttributeError):
        return None
    for _level, _type, content in ancillary:
        if len(content) < _EXTENDED_ERROR.size:
            continue
        _number, origin, kind, code, _pad, _info, _data = _EXTENDED_ERROR.unpack_from(content)
        if origin in _ORIGIN_ICMP:
            return outcome_of_icmp(4 if origin == 2 else 6, kind, code, _offender(content[_EXTENDED_ERROR.size :]))
    return None


def _offender(content: bytes) -> str:
    """Return the address that sent the ICMP error (struct sockaddr_in or sockaddr_in6), or an empty text."""
    if len(content) < 8:
        return ""
    family = struct.unpack_from("=H", content)[0]
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, content[4:8])
    if family == socket.AF_INET6 and len(content) >= 24:
        return socket.inet_ntop(socket.AF_INET6, content[8:24])
    return ""


def outcome_of_icmp(version: int, kind: int, code: int, sender: str) -> Outcome:
    """Return (outcome, detail) of an ICMP error: IP version, type, code, and the address that sent it."""
    text = f"ICMP type {kind} code {code}"
    if kind == (3 if version == 4 else 1):
        text = _ICMP_TEXT[version].get(code, text)
        if code == (_ICMP4_PORT if version == 4 else _ICMP6_PORT):
            return REFUSED, _with_sender(text, sender)
        if code in (_ICMP4_PROHIBITED if version == 4 else _ICMP6_PROHIBITED):
            return PROHIBITED, _with_sender(text, sender)
    return UNREACHABLE, _with_sender(text, sender)


def _with_sender(text: str, sender: str) -> str:
    return f"{text}, said by {sender}" if sender else text


def outcome_of_error(number: int | None, sending: bool) -> Outcome:
    """Return (outcome, detail) of an error number; *sending*: of bind, connect or send, before any answer."""
    if number == errno.ECONNREFUSED:
        return REFUSED, "reset or port unreachable"
    if number in (errno.EPERM, errno.EACCES):
        return PROHIBITED, "this host's own filter forbids it" if sending else "a filter forbids it"
    if sending and number in _UNSENT_ERRORS:
        return UNSENT, _UNSENT_ERRORS[number]
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN):
        return UNREACHABLE, words(number)
    if number in (errno.ECONNRESET, errno.EPIPE):
        # A reset right after the handshake: the handshake itself was answered.
        return OPEN, "closed at once by the other end"
    return (UNSENT if sending else UNREACHABLE), words(number)


def outcome_of_bind(number: int | None, transport: str, port: int) -> Outcome:
    """Return (outcome, detail) of an error of bind: nothing was sent, and why; *port*: 0 where any would have done."""
    if number == errno.EADDRINUSE and transport == "tcp":
        return UNSENT, f"a program of this host listens on source port {port}, and nobody else can send from it"
    if number == errno.EADDRINUSE:
        return UNSENT, f"source port {port} is taken by a program of this host that does not share it (SO_REUSEADDR)"
    if number in (errno.EACCES, errno.EPERM) and 0 < port < 1024:
        return UNSENT, f"source port {port} is below 1024: only root may send from it"
    return UNSENT, _UNSENT_ERRORS.get(number or 0) or words(number)


def words(number: int | None) -> str:
    """Return an error number in words; Python raises some errors of sockets (a bad address family) without one."""
    return "an error without a number" if number is None else os.strerror(number)


def echo_request(family: int, identifier: int, sequence: int) -> bytes:
    """Return an ICMP echo request; the kernel fills in the identifier of unprivileged sockets and ICMPv6 checksums."""
    kind = 8 if family == socket.AF_INET else 128
    body = b"faxnet probe"
    header = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
    if family == socket.AF_INET:
        header = struct.pack("!BBHHH", kind, 0, _checksum(header + body), identifier, sequence)
    return header + body


def is_echo_reply(data: bytes, family: int, raw: bool, identifier: int, sequence: int) -> bool:
    """Whether *data* is the reply to our echo request.

    A raw socket (*raw*) delivers every program's replies, and for IPv4 with the IP header before them; the kernel sets
    and checks the identifier of the other kind itself.
    """
    version_6 = family == socket.AF_INET6
    if raw and not version_6 and data:
        data = data[(data[0] & 0x0F) * 4 :]
    if len(data) < 8:
        return False
    kind, _code, _sum, got_identifier, got_sequence = struct.unpack_from("!BBHHH", data)
    if kind != (129 if version_6 else 0) or got_sequence != sequence:
        return False
    return not raw or got_identifier == identifier


def _checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of *data*."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
