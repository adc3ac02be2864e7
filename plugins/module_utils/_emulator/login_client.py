# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that logs in over TCP, stays logged in, and receives call-backs or log items."""

from __future__ import annotations

import asyncio
from typing import Any

from .datagrams import Loss
from .errors import GoneError, NonsenseError, RefusedError, SilenceError, reason
from .log_channel import LogReceiver
from .notifications import CALL_BACK, LOG_ITEM, Instance
from .settings import ClientSettings, Timing
from .tls import client_context
from .wire import Connection, dialled, same_family, take_call_back_port


class LoginClient(Instance):
    """One running client: takes its call-back port, logs in, stays logged in, receives notifications. (NR-04, NR-13)"""

    settings: ClientSettings

    def __init__(self, settings: ClientSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.port = 0
        self._tls = client_context() if settings.tls else None
        self._encryption: str | None = None
        self._loss = Loss(timing, settings.name)
        self._log: LogReceiver | None = None

    async def _run(self) -> None:
        if not self._listeners:  # taken once: the port stays the instance's own while the server is away
            refusal = self.settings.refusal()
            if refusal:
                raise RefusedError(refusal)
            self.port, sockets = take_call_back_port(self.settings)
            await self._listen(sockets, self._called_back)
            self.settled.set()
        self.condition = "connecting"
        connection = await self._dial()
        try:
            await self._stay_logged_in(connection)
        except asyncio.CancelledError:
            connection.say(logout=self.settings.name)
            raise
        finally:
            self.connected = False
            if self._log is not None:
                self._log.close()
                self._log = None
            connection.close()

    async def _dial(self) -> Connection:
        """A connection to the first of the server's addresses that answers, from this host's planned address."""
        failure: Exception = GoneError("no address to dial")
        for address in self.settings.dial:
            own = same_family(self.settings.addresses, address)
            try:
                return await dialled(address, self.settings.primary_port, self.timing.connect, own, self._tls)
            except (OSError, SilenceError, GoneError) as error:
                failure = GoneError(f"can't reach {address} port {self.settings.primary_port}: {reason(error)}")
        raise failure

    async def _stay_logged_in(self, connection: Connection) -> None:
        keep_alive = self.timing.keep_alive
        connection.say(
            login=self.settings.name,
            service=self.settings.service,
            call_back_port=self.port,
            log_items=bool(self.settings.log_port),
            keep_alive=keep_alive,
        )
        welcome = await connection.hear(self.timing.answer)
        if "refused" in welcome:
            raise RefusedError(f"refused by the server: {welcome['refused']}")
        if "welcome" not in welcome:
            raise NonsenseError("no welcome")
        self._encryption = connection.encryption
        if self.settings.log_port:
            if not isinstance(welcome.get("connection"), str):
                raise NonsenseError("a welcome without an identifier for the log channel")
            self._log = LogReceiver(self, connection, welcome["connection"], self._loss)
        self.welcomed("logged_in", welcome.get("seen_as"))
        asked = False
        while True:
            try:
                message = await connection.hear(self.timing.answer if asked else keep_alive)
                asked = False
                if "log_channel" in message and self._log is not None:
                    self._log.confirm()
            except SilenceError:  # noqa: PERF203 (silence is what a keep-alive waits for)
                if asked:
                    raise
                connection.say(ping=self.login_count)
                asked = True

    async def _called_back(self, connection: Connection) -> None:
        message = await connection.hear(self.timing.answer)
        while self.answered_probe(connection, message):
            message = await connection.hear(self.timing.answer)
        token = self.received(message, CALL_BACK, connection.there)
        connection.say(acknowledged=token, by=self.settings.name)
        await connection.hear(self.timing.answer)  # until the server closes

    def state(self) -> dict[str, Any]:
        """As every instance, with its call-back port and its log channel."""
        call_back, log_port = self.settings.call_back, self.settings.log_port
        shut = {"port": None, "open": False}
        return dict(
            super().state(),
            kind=LOG_ITEM if log_port else CALL_BACK if call_back else None,
            mode=call_back.mode if call_back else None,
            port=self.port or None,
            encryption=self._encryption if self.connected else None,
            log_channel=(self._log.state if self._log else shut) if log_port else None,
        )
