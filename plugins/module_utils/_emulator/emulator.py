# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that one host emulates, in one process, and the control socket that it is asked over."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .config import FORMAT, load_config
from .endpoint import Endpoint, log
from .entry import Entry
from .errors import EmulatorError, GoneError, NonsenseError, SilenceError, reason
from .login_client import LoginClient
from .login_server import LoginServer
from .notifications import Instance, NotifyingServer
from .request_client import RequestClient
from .request_server import RequestServer
from .responder import Responder
from .settings import (
    ClientSettings,
    Config,
    RequestClientSettings,
    RequestServerSettings,
    ResponderSettings,
    ServerSettings,
)
from .wire import Connection

KINDS: Mapping[type, type[Endpoint]] = {
    ServerSettings: LoginServer,
    RequestServerSettings: RequestServer,
    ClientSettings: LoginClient,
    RequestClientSettings: RequestClient,
    ResponderSettings: Responder,
}


class Emulator:
    """All that one host emulates, in one process."""

    def __init__(self, config: Config, path: str | None = None) -> None:
        self.config = config
        self._path = path
        self.running: dict[str, Endpoint] = {}
        self._control: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Start everything; returns when each endpoint listens, or has said why not. Raises EmulatorError."""
        await self._start_missing()
        path = Path(self.config.control_socket)
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()  # left over by a process that was killed
            self._control = await asyncio.start_unix_server(self._controlled, path)
            path.chmod(0o600)
        except OSError as error:
            raise EmulatorError(f"control socket {path}: {reason(error)}") from None

    async def stop(self) -> None:
        """Log the clients out and stop listening."""
        if self._control is not None:
            self._control.close()
            with contextlib.suppress(FileNotFoundError):
                Path(self.config.control_socket).unlink()
        await self._stop(self.running)

    async def _start_missing(self) -> None:
        new = []
        for name, settings in self.config.endpoints.items():
            if name not in self.running:
                new.append(KINDS[type(settings)](settings, self.config.timing))
                self.running[name] = new[-1]
        for endpoint in new:
            endpoint.start()
        await asyncio.gather(*(endpoint.settled.wait() for endpoint in new))

    async def _stop(self, names: Iterable[str]) -> None:
        await asyncio.gather(*(self.running.pop(name).stop() for name in list(names)))

    def changed(self) -> list[str]:
        """Endpoints that still run with settings, or a timing, of before the last reload. (NP-07)"""
        wanted, timing = self.config.endpoints, self.config.timing
        return [name for name, one in self.running.items() if (one.settings, one.timing) != (wanted.get(name), timing)]

    async def reload(self) -> dict[str, Any]:
        """Read the configuration again. What runs keeps its settings until it is restarted; what is no longer
        wanted stops, what is new starts. Raises EmulatorError and changes nothing when the file has a fault."""
        if self._path is None:
            raise EmulatorError("there is no configuration file to read again")
        self.config = dataclasses.replace(load_config(self._path), control_socket=self.config.control_socket)
        gone = [name for name in self.running if name not in self.config.endpoints]
        new = [name for name in self.config.endpoints if name not in self.running]
        await self._stop(gone)
        await self._start_missing()
        return {"started": new, "stopped": gone, "restart_needed": self.changed()}

    async def restart(self, names: Sequence[str]) -> dict[str, Any]:
        """Restart these endpoints with the settings of the configuration. Raises EmulatorError for unknown names."""
        unknown = sorted(set(names) - set(self.running))
        if unknown:
            raise EmulatorError(f"not running here: {', '.join(unknown)}; ask for the state to see the names")
        await self._stop(dict.fromkeys(names))
        await self._start_missing()
        return {"restarted": list(dict.fromkeys(names))}

    def state(self) -> dict[str, Any]:
        """What runs, with which settings, and what it has seen."""
        found: dict[str, Any] = {"format": FORMAT, "host": self.config.host, "pid": os.getpid()}
        changed = set(self.changed())
        for key, kind in (("servers", NotifyingServer), ("instances", Instance), ("responders", Responder)):
            found[key] = [
                dict(one.state(), restart_needed=name in changed)
                for name, one in self.running.items()
                if isinstance(one, kind)
            ]
        return found

    async def notify(self, request: Entry) -> dict[str, Any]:
        """Every server of this host notifies its clients, or the named ones; one result a notification."""
        servers = [one for one in self.running.values() if isinstance(one, NotifyingServer)]
        if request.value.get("service"):
            servers = [one for one in servers if one.settings.service == request.text("service")]
        if not servers:
            raise EmulatorError(f"no server that notifies clients runs on {self.config.host}")
        instances = request.texts("instances") if request.value.get("instances") else None
        parallel = request.whole("parallel", 1, 1000, default=self.config.timing.call_backs_at_once)
        patience = request.value.get("timeout") or self.config.timing.answer
        if not isinstance(patience, (int, float)) or patience <= 0:
            raise EmulatorError(f"timeout: {patience!r} is not a number of seconds above 0")
        rehearse = bool(request.value.get("rehearse"))
        rounds = await asyncio.gather(*(server.notify(instances, patience, parallel, rehearse) for server in servers))
        results = [result for each in rounds for result in each]
        if instances is not None and len(servers) > 1:
            # A client is logged in to one of the servers: the others have nothing to say about it.
            known = {result["instance"] for result in results if result["outcome"] != "not_logged_in"}
            results = [one for one in results if one["outcome"] != "not_logged_in" or one["instance"] not in known]
        return {"host": self.config.host, "results": results}

    async def _controlled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            request = await connection.hear(self.config.timing.answer)
            try:
                connection.say(ok=True, **await self._do(Entry("", request)))
            except EmulatorError as error:
                connection.say(ok=False, error=str(error))
            await connection.sent()
        except (GoneError, SilenceError, NonsenseError, OSError) as error:
            log.warning("control: %s", reason(error))
        finally:
            connection.close()

    async def _do(self, request: Entry) -> dict[str, Any]:
        do = request.text("do", choices=("state", "notify", "restart", "reload"))
        if do == "state":
            return self.state()
        if do == "notify":
            return await self.notify(request)
        if do == "reload":
            return await self.reload()
        return await self.restart(request.texts("names") if request.value.get("names") else self.changed())
