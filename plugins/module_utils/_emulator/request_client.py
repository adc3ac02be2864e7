# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that asks over UDP, asks again when nothing comes, and takes alerts on the port that it asks from."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import socket
from typing import Any

from .datagrams import Address, DatagramPort, Loss, place_of
from .endpoint import now
from .errors import NonsenseError, RefusedError, SilenceError, reason
from .notifications import ALERT, Instance
from .settings import RequestClientSettings, Timing
from .wire import bound, same_family

LIMITED_BROADCAST = "255.255.255.255"  # RFC 919: no router passes it on
ANY_ADDRESS = {4: "0.0.0.0", 6: "::"}  # noqa: S104 (the system's choice, where the plan names no address)


class RequestClient(Instance):
    """One running client: asks, is answered, and asks again before the server forgets it. (FP-06, FP-08, FP-13)"""

    settings: RequestClientSettings

    def __init__(self, settings: RequestClientSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.requests = self.retries = 0
        self.servers: dict[str, dict[str, Any]] = {}  # found by broadcast, by address
        self._loss = Loss(timing, settings.name)
        self._ports: dict[int, DatagramPort] = {}  # by IP version
        self._asked: tuple[DatagramPort, Address] | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def _run(self) -> None:
        self.condition = "asking"
        self.connected = False
        for address in self.settings.dial:
            try:
                self._open(address)
            except OSError as error:  # noqa: PERF203 (the other family may do)
                self.note(reason(error))
        self.settled.set()
        while True:
            self._look_for_servers()
            seen_as = await self._ask()
            self.welcomed("answered", seen_as)
            await asyncio.sleep(self.timing.keep_alive)

    async def stop(self) -> None:
        """As every endpoint; the server is told, so that it alerts nobody who is no longer there."""
        if self.connected and self._asked is not None:
            port, there = self._asked
            with contextlib.suppress(OSError):  # it will forget this client by itself
                port.send(there, **self._about(leaving=True))
        self.connected = False
        await super().stop()

    def _open(self, address: str) -> None:
        """A socket for the family of an address to dial, from this host's planned address; taken once, so that the port
        stays the instance's own while the server is away. Raises OSError, RefusedError."""
        version = 6 if ":" in address else 4
        if version in self._ports:
            return
        own = same_family(self.settings.addresses, address) or ANY_ADDRESS[version]
        made = self._bound(own)
        if version == 4 and self.settings.broadcast_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._ports[version] = DatagramPort(self.settings.name, made, self._heard)
        self.datagrams.append(self._ports[version])

    def _bound(self, own: str) -> socket.socket:
        low, high = self.settings.source_ports or (0, 0)
        for port in range(low, high + 1):
            try:
                return bound(own, port, "udp")
            except OSError as error:  # noqa: PERF203 (the point of the loop)
                if error.errno != errno.EADDRINUSE:
                    place = f"{own} port {port}" if port else own
                    raise OSError(error.errno, f"can't ask from {place}: {reason(error)}") from None
        raise RefusedError(f"no free port in {low}-{high} to ask from: every one is taken; run fewer instances")

    def _about(self, **message: Any) -> dict[str, Any]:
        return {**message, "from": self.settings.name}

    async def _ask(self) -> Any:
        """One request to the first of the server's addresses that answers. Returns how the server sees this client."""
        failure = SilenceError("no address to ask, or none to ask from")
        for address in self.settings.dial:
            port = self._ports.get(6 if ":" in address else 4)
            if port is None:
                continue
            try:
                return await self._ask_at(port, address)
            except SilenceError as error:
                failure = error
        raise failure

    async def _ask_at(self, port: DatagramPort, address: str) -> Any:
        timing, there = self.timing, place_of(address, self.settings.primary_port)
        token, said = secrets.token_hex(8), ""
        answer = self._waiting[token] = asyncio.get_running_loop().create_future()
        self._asked = port, there
        self.requests += 1
        request = self._about(request=token, alerts=self.settings.alerts, keep_alive=timing.keep_alive)
        try:
            for turn, pause in enumerate(timing.pauses()):
                self.retries += turn > 0
                said = self._sent(port, there, request)
                # Any try's answer will do: a slow one is not lost.
                done, _pending = await asyncio.wait([answer], timeout=pause)
                if done:
                    return answer.result().get("seen_as")
        finally:
            del self._waiting[token]
        raise SilenceError(
            f"{address} port {self.settings.primary_port} answered none of {timing.tries} requests"
            f" in {sum(timing.pauses()):g} s{said and ': '}{said}"
        )

    def _sent(self, port: DatagramPort, there: Address, request: dict[str, Any]) -> str:
        """Send one try. Returns what this host has against it, or nothing."""
        if self._loss.hits():
            return ""
        try:
            port.send(there, **request)
        except OSError as error:
            return reason(error)
        return ""

    def _look_for_servers(self) -> None:
        """Broadcast, where the configuration names a port; who answers, and when, is in the state. (FP-07)"""
        port = self._ports.get(4)
        if not self.settings.broadcast_port or port is None:
            return
        try:
            there = (LIMITED_BROADCAST, self.settings.broadcast_port)
            port.send(there, **self._about(looking_for=self.settings.service))
        except OSError as error:
            self.note(f"can't broadcast on port {self.settings.broadcast_port}: {reason(error)}")

    def _heard(self, message: dict[str, Any], there: Address, port: DatagramPort) -> None:
        waiting = self._waiting.get(str(message.get("response")))
        if waiting is not None:
            if not waiting.done():  # the answer to another try of the same request came before
                waiting.set_result(message)
        elif isinstance(message.get("server"), str) and message.get("service") == self.settings.service:
            self.servers[there[0]] = {"server": message["server"], "address": there[0], "port": there[1], "time": now()}
        elif "response" not in message:  # else the second answer to a request that was repeated
            try:
                self.received(message, ALERT, there)
            except NonsenseError:
                port.ignored += 1

    def state(self) -> dict[str, Any]:
        """As every instance; C(lost) counts requests dropped on purpose, C(servers) are those found by broadcast."""
        used = self._asked[0] if self._asked else next(iter(self._ports.values()), None)
        return dict(
            super().state(),
            kind=ALERT if self.settings.alerts else None,
            port=used.here[1] if used else None,
            requests=self.requests,
            retries=self.retries,
            lost=self._loss.count,
            ignored=sum(port.ignored for port in self.datagrams),
            servers=[self.servers[address] for address in sorted(self.servers)],
        )
