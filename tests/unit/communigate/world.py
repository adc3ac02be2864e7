# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated CommuniGate Pro servers on loopback: real sockets, an address of its own for each server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate import network
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import Session, Target
from tests.emulators.communigate.commands import Commands
from tests.emulators.communigate.data_format import as_text, values
from tests.emulators.communigate.faults import Faults
from tests.emulators.communigate.journal import Journal
from tests.emulators.communigate.server import Server
from tests.emulators.communigate.store import SETTINGS_FILE, Store, written
from tests.unit.loopback import address

PWD_PORT, SIP_PORT = 10106, 15060
PASSWORD = "correct horse; battery\\staple"  # noqa: S105 (of an emulator)


class Recording(Commands):
    """The emulated server's commands, which also remember what they were told."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.told: list[str] = []

    def carry_out(self, verb: str, rest: str) -> tuple[Any] | None:
        """Remember the command's name, and do it."""
        self.told.append(verb)
        return super().carry_out(verb, rest)


class Emulated:
    """One server, running in a thread until its context ends."""

    def __init__(self, base: Path, **settings: Any) -> None:
        self.base, self.host = base, address()
        self.first = {
            "ServerName": "fax.example.com",
            "LANIPs": "",
            "MediaServer": {"UDPPorts": "", "TCPPorts": "", "LocalIP": self.host},
            "Modules": {
                "PWD": {"Listener": [{"LocalIP": self.host, "Port": PWD_PORT}]},
                "SIP": {"UDPListener": [{"LocalIP": self.host, "Port": SIP_PORT}]},
            },
            **settings,
        }
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.server: Server
        self.commands: Recording

    def __enter__(self) -> Emulated:
        for path, held in (
            (SETTINGS_FILE, self.first),
            ("Accounts/postmaster.macnt/account.settings", {"Password": PASSWORD}),
        ):
            written(self.base / path, as_text(held, ""), 0o600)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self.server.ended.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        store = Store(self.base)
        journal = Journal(self.base / "SystemLogs", False)
        self.server = Server(store, journal, False, Faults(str(self.base / "faults")))
        self.commands = self.server.commands = Recording(self.server)
        assert await self.server.listen() == []
        self._ready.set()
        await self.server.ended.wait()
        await self.server.stop()

    def in_loop(self, job: Callable[[], object]) -> None:
        """Do something in the server's own thread, and wait until it is done."""

        async def done() -> None:
            job()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    @property
    def log(self) -> str:
        """All records of the system log."""
        return "".join(path.read_text() for path in sorted((self.base / "SystemLogs").glob("*.log")))

    def kept(self) -> dict[str, Any]:
        """The settings that are on the disk."""
        (found,) = values((self.base / SETTINGS_FILE).read_text())
        return dict(found)

    def go_wrong(self, **faults: str) -> None:
        """Let the named states go wrong from now on."""
        written(self.base / "faults", as_text(faults), 0o600)

    def target(self, **changes: Any) -> Target:
        """How a client reaches the server."""
        usual = {"host": self.host, "port": PWD_PORT, "login": "postmaster", "password": PASSWORD, "timeout": 2.0}
        return Target(**{**usual, **changes})

    def session(self, **changes: Any) -> Session:
        """A client's session, to be entered."""
        return Session(self.target(**changes))


def wanted_list(*entries: str, mode: str = "merge", text: str | None = None) -> dict[str, Any]:
    """A list as a task names it: its entries, or its text."""
    return {"entries": None if text is not None else list(entries), "text": text, "mode": mode}


def made(server: Emulated, **wanted: Any) -> network.Plan:
    """Bring a server to what is wanted, as the module does."""
    with server.session() as session:
        version = network.server_version(session)
        plan = network.planned(network.read(session, list(wanted)), wanted, version)
        for change in plan.changes:
            network.written(session, change)
    return plan
