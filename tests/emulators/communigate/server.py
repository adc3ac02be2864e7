# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: its listeners, and which connection talks what."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Coroutine
from typing import Any

from .commands import Commands
from .faults import Faults
from .ftp_connection import FtpConnection
from .journal import Journal
from .listeners import Listener, listeners
from .pwd_connection import PwdConnection
from .resolver import Resolver
from .sip import Sip
from .sockets import IDLE, Datagrams, Reply, bound_socket, probe_answer, unmapped
from .store import Store

LONGEST_LINE = 8 * 1024 * 1024  # bytes of one command


class Server:
    """All of it: settings, log, listeners, and what the commands do."""

    def __init__(self, store: Store, journal: Journal, ipv6: bool, faults: Faults) -> None:
        self.store, self.journal, self.ipv6, self.faults = store, journal, ipv6, faults
        self.sip, self.resolver = Sip(self), Resolver(store, journal)
        self.commands = Commands(self)
        self.ended, self._opening = asyncio.Event(), asyncio.Lock()
        self._listening: dict[Listener, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transfers: dict[int, tuple[str, asyncio.Future[asyncio.StreamWriter]]] = {}

    @property
    def name(self) -> str:
        """The server's main domain name."""
        return str(self.store.settings["ServerName"])

    @property
    def version(self) -> str:
        """The version that it says it is."""
        return str(self.store.settings["Version"])

    async def listen(self) -> list[str]:
        """Listen where the settings say, and nowhere else; what can't be opened is logged and returned."""
        async with self._opening:
            return await self._listen()

    async def _listen(self) -> list[str]:
        # Two may share ports (passive FTP uses the media ports, CG-11): the first that names one has it.
        named: dict[tuple[str, str, int], Listener] = {}
        for listener in listeners(self.store.settings):
            named.setdefault((listener.transport, listener.address, listener.port), listener)
        wanted, failed = set(named.values()), []
        for listener in [listener for listener in self._listening if listener not in wanted]:
            self._listening.pop(listener).close()
            self.journal.write(3, "LISTENER", f"{listener} closed")
        for listener in sorted(wanted - set(self._listening), key=str):
            try:
                self._listening[listener] = await self._opened(listener)
                self.journal.write(3, "LISTENER", f"{listener} opened")
            except (OSError, ValueError) as error:
                failed.append(f"{listener}: {error}")
                self.journal.write(1, "LISTENER", f"{listener} failed: {error}")
        return failed

    async def _opened(self, listener: Listener) -> Any:
        bound = bound_socket(listener, self.ipv6)
        if listener.transport == "udp":
            return Datagrams(bound, lambda data, there, reply: self._heard(listener, data, there, reply))
        context = None
        certificate = str(self.store.settings.get("CertificateFile", ""))
        if listener.tls and certificate:  # without one such a listener has to do with answering probes
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._talk(listener, reader, writer)

        return await asyncio.start_server(connected, sock=bound, ssl=context, limit=LONGEST_LINE)

    def _heard(self, listener: Listener, data: bytes, there: tuple[str, int], reply: Reply) -> None:
        if self.store.holds("DeniedIPs", ipaddress.ip_address(there[0])):
            return
        answer = probe_answer(data, f"{self.name}/{listener.module}", there)
        if answer is not None:
            reply(answer)
        elif "SIP" in listener.module.upper():
            self.sip.heard(data, there, reply)

    def expect_transfer(self, peer: str) -> int:
        """A media TCP port that waits for a peer's data connection from now on, or 0 if none is free."""
        for listener in self._listening:
            if listener.module == "MEDIA" and listener.transport == "tcp" and listener.port not in self._transfers:
                self._transfers[listener.port] = (peer, asyncio.get_running_loop().create_future())
                return listener.port
        return 0

    async def transfer(self, port: int) -> asyncio.StreamWriter:
        """The data connection that a port waits for. Raises TimeoutError."""
        try:
            return await asyncio.wait_for(self._transfers[port][1], 10)
        finally:
            del self._transfers[port]

    def _taken_for_transfer(self, listener: Listener, peer: str, writer: asyncio.StreamWriter) -> bool:
        expected, arrived = self._transfers.get(listener.port, ("", None))
        if listener.module != "MEDIA" or arrived is None or expected != peer or arrived.done():
            return False
        arrived.set_result(writer)
        return True

    async def _talk(self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(asyncio.current_task())
        peer = writer.get_extra_info("peername")
        kept = False
        try:
            if peer is None or self.store.holds("DeniedIPs", ipaddress.ip_address(unmapped(peer[0]))):
                return
            kept = self._taken_for_transfer(listener, unmapped(peer[0]), writer)
            if kept:
                return
            spoken: dict[str, type[PwdConnection | FtpConnection]] = {"PWD": PwdConnection, "FTP": FtpConnection}
            connection = spoken.get(listener.module.upper())
            if connection:
                await connection(self, reader, writer).run()
                return
            while True:
                line = await asyncio.wait_for(reader.readline(), IDLE)
                answer = probe_answer(line, f"{self.name}/{listener.module}", (unmapped(peer[0]), peer[1]))
                if answer is None:
                    return
                writer.write(answer)
        except (OSError, ValueError, TimeoutError, asyncio.CancelledError):
            pass  # a peer that left, a line that never ends, the server's own end
        finally:
            if not kept:
                writer.close()

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        """Have something done beside the rest, until the server stops."""
        self._keep(asyncio.get_running_loop().create_task(job))

    def _keep(self, task: asyncio.Task[None] | None) -> None:
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Close everything."""
        self.sip.stop()
        for listener in self._listening.values():
            listener.close()
        self._listening.clear()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2)
