# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every endpoint has in common: it runs until it is stopped, listens, keeps its errors, answers probes."""

from __future__ import annotations

import abc
import asyncio
import collections
import dataclasses
import datetime
import logging
import random
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .datagrams import DatagramPort
from .errors import GoneError, NonsenseError, RefusedError, SilenceError, reason
from .settings import Timing
from .wire import Connection

KEPT_ERRORS = 20

log = logging.getLogger("faxnet-emulator")


def now() -> str:
    """The time as ISO 8601 text in UTC, to the millisecond."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


class Endpoint(abc.ABC):
    """Something that runs with fixed settings until it is stopped; it tries again, ever more slowly, when it fails."""

    def __init__(self, settings: Any, timing: Timing) -> None:
        self.settings, self.timing = settings, timing
        self.condition = "starting"
        self.errors: collections.deque[dict[str, Any]] = collections.deque(maxlen=KEPT_ERRORS)
        self.settled = asyncio.Event()  # set once it is clear whether it listens
        self.datagrams: list[DatagramPort] = []
        self._listeners: list[asyncio.AbstractServer] = []
        self._talks: set[asyncio.Task[None] | None] = set()
        self._task: asyncio.Task[None] | None = None
        self._delay = timing.retry_first

    def start(self) -> None:
        """Begin to run, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._keep_running())

    async def stop(self) -> None:
        """Stop listening, end what is under way, and wait until it has ended."""
        for listener in self._listeners:
            listener.close()
        await ended(task for task in (self._task, *self._talks) if task is not None)
        self._listeners.clear()
        for port in self.datagrams:
            port.close()
        self.datagrams.clear()
        self.condition = "stopped"

    def note(self, text: str) -> None:
        """Keep an error for the state and write it to the log."""
        last = self.errors[-1] if self.errors else None
        if last is not None and last["text"] == text:  # the same again: a lost server must not fill the log
            last.update(time=now(), times=last["times"] + 1)
            return
        self.errors.append({"time": now(), "text": text, "times": 1})
        log.warning("%s: %s", self.settings.name, text)

    async def _keep_running(self) -> None:
        while True:
            try:
                await self._run()
            except RefusedError as error:
                self.condition = "refused"
                self.note(str(error))
                self.settled.set()
                return
            except (OSError, GoneError, SilenceError, NonsenseError) as error:
                self.note(reason(error))
            self.condition = "waiting"
            self.settled.set()
            # All clients of a lost server would come back in the same instant: spread them.
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            self._delay = min(self._delay * 2, self.timing.retry_most)

    @abc.abstractmethod
    async def _run(self) -> None:
        """Serve, or stay logged in, until something goes wrong."""

    async def _serve_forever(self) -> None:
        self.condition = "listening"
        self.settled.set()
        await asyncio.Event().wait()

    async def _listen(
        self, sockets: Iterable[socket.socket], talk: Callable[[Connection], Any], tls: ssl.SSLContext | None = None
    ) -> None:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection, task = Connection(reader, writer), asyncio.current_task()
            self._talks.add(task)
            try:
                await talk(connection)
            except (GoneError, SilenceError, OSError):
                pass  # a port scan, a probe's plain connect, a peer that left: normal life of a listening port
            except NonsenseError as error:
                self.note(f"{connection.there[0]} sent {error}")
            except asyncio.CancelledError:
                pass  # stop() ends talks; asyncio would log the cancellation of its own callback as an error
            finally:
                self._talks.discard(task)
                connection.end()

        # Who connects and says nothing must not be waited for longer in TLS than without it.
        patience = self.timing.answer if tls else None
        for each in sockets:
            listener = await asyncio.start_server(served, sock=each, ssl=tls, ssl_handshake_timeout=patience)
            self._listeners.append(listener)

    def answered_probe(self, connection: Connection, message: Mapping[str, Any]) -> bool:
        """Whether the message was a probe; if so it has been answered."""
        if "probe" not in message:
            return False
        connection.say(answer=message["probe"], by=self.settings.name, seen_from=list(connection.there))
        return True

    def state(self) -> dict[str, Any]:
        """Settings, condition and what happened, as JSON can hold it."""
        found = dataclasses.asdict(self.settings)
        found.update(state=self.condition, errors=list(self.errors))
        return found


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    left = list(tasks)
    while left:
        for task in left:
            task.cancel()
        # Again until it works: wait_for() of Python 3.9 to 3.11 loses a cancellation that meets its own end.
        left = list((await asyncio.wait(left, timeout=0.1))[1])
