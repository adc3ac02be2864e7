# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log channel: UDP beside a login, opened by the client with an identifier that it got there. (KE-01 to KE-07)

After the login the server hands out an identifier over the (encrypted) connection. The client sends it by UDP to the
server; where that datagram came from is where log items go. The identifier lives as long as the connection does.

Over the connection the server confirms that the channel is open; the client repeats its datagram until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from typing import Any, Callable

from .datagrams import Address, DatagramPort, Loss, place_of, towards
from .endpoint import Endpoint
from .errors import NonsenseError, reason
from .notifications import LOG_ITEM, Instance
from .wire import Connection, bound, same_family


@dataclass
class Channel:
    """One client's log channel, as the server remembers it."""

    opened: Callable[[Address], None]  # called with the source of the client's datagram, for each one
    there: Address | None = None
    port: DatagramPort | None = None


class LogChannels:
    """The identifiers that a server has handed out and not yet dropped."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self.ignored = 0

    def hand_out(self, opened: Callable[[Address], None]) -> tuple[str, Channel]:
        """A new identifier, and the channel that it opens."""
        identifier = secrets.token_hex(16)
        self._channels[identifier] = Channel(opened)
        return identifier, self._channels[identifier]

    def drop(self, identifier: str) -> None:
        """Forget an identifier; datagrams that carry it from now on are ignored. (KE-07)"""
        del self._channels[identifier]

    def heard(self, message: dict[str, Any], there: Address, port: DatagramPort) -> None:
        """Open the channel that the identifier in a datagram belongs to; ignore what has none that is alive."""
        channel = self._channels.get(str(message.get("connection")))
        if channel is None:
            self.ignored += 1
            return
        # A device on the way may have given the client another port meanwhile: the latest one counts. (KE-06)
        channel.there, channel.port = there, port
        channel.opened(there)


class LogReceiver:
    """A client's end of the log channel; lives as long as the connection that its identifier came over."""

    def __init__(self, client: Instance, connection: Connection, identifier: str, loss: Loss) -> None:
        self._client, self._identifier, self._loss = client, identifier, loss
        self._there = place_of(connection.there[0], client.settings.log_port)
        own = same_family(client.settings.addresses, connection.there[0]) or towards(self._there)
        # A socket of its own for each connection: no other connection has, or had, its source port by intent.
        self._port = DatagramPort(client.settings.name, bound(own, 0, "udp"), self._heard)
        client.datagrams.append(self._port)
        self._confirmed = asyncio.Event()
        self._opening = asyncio.get_running_loop().create_task(self._open())

    @property
    def state(self) -> dict[str, Any]:
        """Its port, and whether the server has confirmed that it knows it. The identifier is a secret."""
        return {"port": self._port.here[1], "open": self._confirmed.is_set()}

    def confirm(self) -> None:
        """The server said that it knows where log items go."""
        self._confirmed.set()

    def close(self) -> None:
        """Drop the identifier and give the port back. (KE-07)"""
        self._opening.cancel()
        self._client.datagrams.remove(self._port)
        self._port.close()

    async def _open(self) -> None:
        timing, client = self._client.timing, self._client
        while not self._confirmed.is_set():
            for pause in timing.pauses():
                self._send(client)
                with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                    await asyncio.wait_for(self._confirmed.wait(), pause)
                    return
            client.note(
                f"the server does not know the log channel after {timing.tries} datagrams to {self._there[0]} port"
                f" {self._there[1]}: see to UDP from here to there"
            )

    def _send(self, client: Endpoint) -> None:
        if self._loss.hits():
            return
        try:
            self._port.send(self._there, connection=self._identifier)
        except OSError as error:
            client.note(f"can't send to {self._there[0]} port {self._there[1]} over UDP: {reason(error)}")

    def _heard(self, message: dict[str, Any], there: Address, port: DatagramPort) -> None:
        try:
            self._client.received(message, LOG_ITEM, there)
        except NonsenseError:
            port.ignored += 1
