# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that clients log in to over TCP, and that then calls them back or sends them log items."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from .datagrams import Address, DatagramPort
from .endpoint import log, now
from .errors import NonsenseError
from .log_channel import Channel, LogChannels
from .notifications import (
    CALL_BACK,
    LOG_ITEM,
    Notification,
    NotifyingServer,
    Way,
    forgotten_after,
    instance_name,
    may_be_called,
)
from .settings import ServerSettings, Timing
from .tls import server_context
from .wire import Connection, bound_everywhere, dialled


@dataclass
class Login:
    """A client that is logged in, as its server remembers it."""

    instance: str
    address: str  # as seen: behind NAT this is the router's public address
    port: int
    call_back_port: int
    since: str
    connection: Connection
    wants_log: bool = False
    channel: Channel | None = None
    delivered: int = 0

    def state(self) -> dict[str, Any]:
        """What the server tells about this login."""
        there = self.channel.there if self.channel else None
        found = {key: getattr(self, key) for key in ("instance", "address", "port", "call_back_port", "since")}
        return dict(found, delivered=self.delivered, log_channel=list(there[:2]) if there else None)


class LoginServer(NotifyingServer):
    """Listens on the primary port, remembers who logged in from where, and notifies them. (NR-02, NR-13, NP-03)"""

    settings: ServerSettings

    def __init__(self, settings: ServerSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.logins: dict[str, Login] = {}
        self.channels = LogChannels()
        self.kind = LOG_ITEM if settings.log_port else CALL_BACK

    async def _run(self) -> None:
        settings, tls = self.settings, None
        if settings.tls:
            tls = await asyncio.get_running_loop().run_in_executor(None, server_context, settings.name)
        sockets = bound_everywhere(settings.addresses, [settings.port], "tcp", rebind=True)
        try:
            ports = [settings.log_port] if settings.log_port else []
            datagrams = bound_everywhere(settings.addresses, ports, "udp")
        except OSError:
            for each in sockets:
                each.close()
            raise
        self.datagrams.extend([DatagramPort(settings.name, each, self.channels.heard) for each in datagrams])
        await self._listen(sockets, self._serve, tls)
        await self._serve_forever()

    async def _serve(self, connection: Connection) -> None:
        message = await connection.hear(self.timing.answer)
        while self.answered_probe(connection, message):
            message = await connection.hear(self.timing.answer)
        instance, port = instance_name(message.get("login")), message.get("call_back_port")
        if not isinstance(port, int) or not may_be_called(port):
            connection.say(refused=f"call-back port {port!r} is not one that a client may use")
            await connection.hear(self.timing.answer)  # the client closes
            return
        patience = forgotten_after(message.get("keep_alive"))
        login = Login(instance, *connection.there, port, now(), connection, wants_log=bool(message.get("log_items")))
        previous = self.logins.pop(instance, None)
        if previous is not None:
            previous.connection.end()  # the client came back before the server knew that it had gone
            if previous.address != login.address:
                self.note(f"{instance} logged in from {previous.address} and then from {login.address}")
        self.logins[instance] = login
        log.info("%s: %s logged in from %s, call-back port %s", self.settings.name, instance, login.address, port)
        identifier = self._hand_out(login)
        try:
            connection.say(welcome=self.settings.name, seen_as=list(connection.there), connection=identifier)
            while "logout" not in message:
                message = await connection.hear(patience)
                if "ping" in message:
                    connection.say(pong=message["ping"])
        finally:
            # Whatever ended the connection, log items stop with it, and so does the identifier's worth. (KE-07)
            if identifier is not None:
                self.channels.drop(identifier)
            if self.logins.get(instance) is login:
                del self.logins[instance]
                log.info("%s: %s is gone", self.settings.name, instance)

    def _hand_out(self, login: Login) -> str | None:
        """The identifier for a login's log channel; None where the service has none. (KE-04)"""
        if not self.settings.log_port:
            return None

        def opened(there: Address) -> None:
            login.connection.say(log_channel=list(there[:2]))

        identifier, login.channel = self.channels.hand_out(opened)
        return identifier

    def known(self) -> list[str]:
        """Who is logged in."""
        return sorted(self.logins)

    def ways(self, instance: str) -> list[Way]:
        """A log item where the service has a log channel, else a call-back; none for a client that wants none."""
        login = self.logins[instance]
        if login.channel is not None:
            if not login.wants_log:
                return []
            address, port = login.channel.there[:2] if login.channel.there else (login.address, None)
            return [Way(LOG_ITEM, address, port, self.settings.log_port)]
        return [Way(CALL_BACK, login.address, login.call_back_port)] if login.call_back_port else []

    async def deliver(self, notification: Notification) -> dict[str, Any]:
        """Call a client back, or send it a log item."""
        login = self.logins.get(notification.instance)
        if login is None:
            return {"outcome": "not_logged_in", "detail": "it logged out during the round"}
        said = {"notification": notification.token, "to": login.instance, "server": self.settings.name}
        if login.channel is not None and login.channel.port is not None and login.channel.there is not None:
            login.channel.port.send(login.channel.there, **said)
            login.delivered += 1
            return {"outcome": "sent"}
        # From the server's own address that the client reached, as its devices on the way expect.
        patience = notification.patience
        connection = await dialled(login.address, login.call_back_port, patience, login.connection.here[0])
        try:
            connection.say(**said)
            answer = await connection.hear(patience)
        finally:
            connection.close()  # the caller closes first: no TIME_WAIT on the client's port
        if answer.get("acknowledged") != notification.token:
            raise NonsenseError("an acknowledgement of something else")
        by = answer.get("by")
        if by != login.instance:
            return {"outcome": "wrong_instance", "answered_by": by, "detail": f"{by} has this port, not the client"}
        login.delivered += 1
        return {"outcome": "delivered", "answered_by": by}

    def state(self) -> dict[str, Any]:
        """As every endpoint, and who is logged in; C(ignored) counts datagrams that opened no log channel."""
        ignored = self.channels.ignored + sum(port.ignored for port in self.datagrams)
        logins = [self.logins[name].state() for name in self.known()]
        return dict(super().state(), kind="login", logins=logins, ignored=ignored)
