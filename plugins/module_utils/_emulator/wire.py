# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that carry one JSON object a line, and the sockets that everything listens on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import json
import os
import socket
import ssl
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from .errors import GoneError, NonsenseError, RefusedError, SilenceError, reason
from .settings import ClientSettings


def bound(address: str, port: int, transport: str, rebind: bool = False) -> socket.socket:
    """A bound socket on a literal address; TCP ones listen. Raises OSError.

    SO_REUSEPORT is never set, and SO_REUSEADDR for TCP only with C(rebind): Winsock gives an address and port to one
    program (NP-12). For servers C(rebind) skips a closed connection's TIME_WAIT on Linux, where it never lets two
    listen. A UDP socket takes its port alone, too; only then it allows others beside it, so that a probe from the same
    port can connect to its target and hear that target's answers, and nobody else's.
    """
    family, kind, protocol, _name, place = socket.getaddrinfo(
        address,
        port,
        type=socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM,
        flags=socket.AI_NUMERICHOST,
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if rebind:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(place)
        if transport == "tcp":
            made.listen(1024)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        made.close()
        raise
    return made


def bound_everywhere(
    addresses: Iterable[str], ports: Iterable[int], transport: str, rebind: bool = False
) -> list[socket.socket]:
    """Every one of the ports on every one of the addresses, or nothing. Raises OSError."""
    made: list[socket.socket] = []
    place = ""
    try:
        for address, port in itertools.product(addresses, ports):
            place = f"{address} port {port}"
            made.append(bound(address, port, transport, rebind))
    except OSError as error:
        for each in made:
            each.close()
        raise OSError(error.errno, f"can't listen on {place}: {reason(error)}") from None
    return made


def take_call_back_port(settings: ClientSettings) -> tuple[int, list[socket.socket]]:
    """The first free port of the instance's own order, taken. Raises L(RefusedError) when none is left, OSError."""
    call_back = settings.call_back
    if call_back is None:
        return 0, []
    for port in call_back.candidates(settings.number):
        try:
            return port, bound_everywhere(settings.addresses, [port], "tcp")
        except OSError as error:  # noqa: PERF203 (the point of the loop)
            if error.errno != errno.EADDRINUSE:
                raise
    if call_back.mode == "fixed":
        raise RefusedError(
            f"fixed call-back port {call_back.fixed} is in use on this machine: address and port belong to one running"
            " client; run one instance, or set callback.mode to dynamic"
        )
    raise RefusedError(
        f"no free port in the call-back range {call_back.low}-{call_back.high}: every one is taken;"
        " widen the range, or run fewer instances"
    )


def encoded(message: dict[str, Any]) -> bytes:
    """A message as it travels."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decoded(data: bytes) -> dict[str, Any]:
    """A message from what arrived. Raises L(NonsenseError)."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise NonsenseError("a line that is not JSON") from None
    if not isinstance(message, dict):
        raise NonsenseError("a line that is not a JSON object")
    return message


class Connection:
    """A connection that carries one JSON object a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.here: tuple[str, int] = (writer.get_extra_info("sockname") or ("", 0))[:2]
        self.there: tuple[str, int] = (writer.get_extra_info("peername") or ("", 0))[:2]

    @property
    def encryption(self) -> str | None:
        """The version of TLS that it is encrypted with, or None."""
        encrypted = self._writer.get_extra_info("ssl_object")
        return encrypted.version() if encrypted else None

    def say(self, **message: Any) -> None:
        """Send one message."""
        self._writer.write(encoded(message))

    async def hear(self, patience: float) -> dict[str, Any]:
        """The next message. Raises SilenceError after C(patience) seconds, GoneError, NonsenseError."""
        try:
            text = await asyncio.wait_for(self._reader.readline(), patience)
        except (asyncio.TimeoutError, TimeoutError):
            raise SilenceError(f"no answer in {patience:g} s") from None
        except OSError as error:
            raise GoneError(f"connection lost: {reason(error)}") from None
        except ValueError:
            raise NonsenseError("a line without end") from None
        if not text.endswith(b"\n"):
            raise GoneError("connection ended by the peer")
        return decoded(text)

    async def sent(self) -> None:
        """Wait until the system has taken everything that was said. Raises OSError."""
        await self._writer.drain()

    def close(self) -> None:
        """End the connection once everything said has been sent."""
        self._writer.close()

    def end(self) -> None:
        """End the connection at once. The side that listens must not be the one that keeps TIME_WAIT, which would
        hold its port for a minute after a restart: it closes only after its peer, and resets else."""
        raw = self._writer.get_extra_info("socket")
        if not self._reader.at_eof() and raw is not None:
            with contextlib.suppress(OSError):  # closed already
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def dialled(
    address: str, port: int, patience: float, own_address: str | None = None, tls: ssl.SSLContext | None = None
) -> Connection:
    """A new connection, encrypted with C(tls). Raises OSError, SilenceError, or GoneError when TLS fails."""
    own = (own_address, 0) if own_address else None
    try:
        opened = asyncio.open_connection(address, port, local_addr=own, ssl=tls)
        return Connection(*await asyncio.wait_for(opened, patience))
    except (asyncio.TimeoutError, TimeoutError):
        raise SilenceError(f"{address} port {port} did not answer in {patience:g} s") from None
    except ssl.SSLError as error:  # an OSError with numbers of its own
        raise GoneError(f"no TLS with {address} port {port}: {error.reason or error}") from None
    except OSError as error:
        if error.errno is None or error.errno < 0:  # not an address
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from None  # asyncio's text only repeats the address


def same_family(addresses: Sequence[str], other: str) -> str | None:
    """The first of the addresses that is of the other's family."""
    return next((address for address in addresses if (":" in address) == (":" in other)), None)
