# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PWD: logins, and commands of the command line interface with their answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import time
from typing import TYPE_CHECKING, Any

from .data_format import as_text
from .errors import CommandError
from .sockets import IDLE, probe_answer, unmapped

if TYPE_CHECKING:
    from .server import Server


class PwdConnection:
    """One connection to the PWD listener."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        peer = writer.get_extra_info("peername")
        self.peer, self.peer_port = unmapped(peer[0]), peer[1]
        self.source = server.journal.number("PWD")
        self.account = self.user = ""
        self.inline = False
        self.challenge = f"<{secrets.randbelow(10**6)}.{int(time.time())}@{server.name}>"
        self.detailed = server.store.holds("DebugIPs", ipaddress.ip_address(self.peer))  # (CG-24)

    async def run(self) -> None:
        """Greet, and answer until the client leaves."""
        greeting = f"{self.server.name} CommuniGate Pro PWD Server {self.server.version} ready {self.challenge}"
        self.log(f"connection from {self.peer}")
        more = await self._say("GREETING", 200, greeting)
        while more:
            try:
                line = await asyncio.wait_for(self.reader.readline(), IDLE)
            except ValueError:  # a line longer than the reader's limit
                await self._say("", 500, "the command line is too long")
                return
            if not line.endswith(b"\n"):
                return
            probe = probe_answer(line, f"{self.server.name}/PWD", (self.peer, self.peer_port))
            if probe is not None:
                self.writer.write(probe)
                continue
            more = await self._command(line.decode("utf-8", "replace").strip())

    def log(self, text: str) -> None:
        """A record of this connection. Never a password, nor a digest made of one."""
        self.server.journal.write(4, self.source, text)

    async def _command(self, line: str) -> bool:
        verb, _space, rest = line.partition(" ")
        verb = verb.upper()
        if self.detailed:
            self.log(f"inp: {verb} ..." if verb in ("PASS", "APOP", "NEWPASS") else f"inp: {line}")
        data: Any = None
        try:
            fault, detail = self.server.faults.of(verb)
            if fault == "refuse":
                raise CommandError(501, detail)
            code, text = self._protocol(verb, rest)
            if not code:
                if not self.account:
                    raise CommandError(501, "authentication is required")
                if fault != "forget":
                    data = self.server.commands.carry_out(verb, rest)
                    await self.server.listen()  # what a changed setting opens is open when the answer comes
                code, text = 200, "OK"
                if isinstance(data, tuple):
                    return await self._say_data(verb, data[0])
        except CommandError as error:
            code, text = error.code, error.text
        more = await self._say(verb, code, text)
        return more and verb != "QUIT"

    def _protocol(self, verb: str, rest: str) -> tuple[int, str]:
        """The answer to a command of PWD itself, or 0."""
        if verb == "USER":
            self.user = rest
            return 300, "please send the PASS"
        if verb in ("PASS", "APOP"):
            return self._logged_in(verb, rest)
        if verb == "INLINE" and self.account:
            self.inline = True
            return 200, "OK"
        if verb == "QUIT":
            return 200, "CommuniGate Pro PWD connection closed"
        return 0, ""

    def _logged_in(self, verb: str, rest: str) -> tuple[int, str]:
        user, given = (self.user, rest) if verb == "PASS" else (rest.partition(" ")[0], rest.partition(" ")[2])
        password = self.server.store.password(user)
        if password is None:
            self.log(f"login of {user!r} failed: unknown account")
            raise CommandError(500, "unknown user account")
        digest = hashlib.new("md5", (self.challenge + password).encode(), usedforsecurity=False).hexdigest()
        wanted = password if verb == "PASS" else digest
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            self.log(f"login of {user!r} failed: incorrect password")
            raise CommandError(501, "incorrect password")
        self.account = user
        self.log(f"{user!r} logged in with {'APOP' if verb == 'APOP' else 'clear text'}")
        return 200, "login OK, proceed"

    async def _say(self, state: str, code: int, text: str) -> bool:
        if self.detailed:
            self.log(f"out: {code} {text}")
        return await self.server.faults.answered(self.writer, state, f"{code} {text}\r\n".encode())

    async def _say_data(self, state: str, data: Any) -> bool:
        if self.detailed:
            self.log(f"out: {as_text(data)}")
        answer = f"201 {as_text(data)}\r\n" if self.inline else f"200 data follow\r\n{as_text(data, '')}\r\n"
        return await self.server.faults.answered(self.writer, state, answer.encode())
