# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FTP: passive transfers on the media ports. (CG-11)"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import TYPE_CHECKING

from .sockets import IDLE, probe_answer, unmapped

if TYPE_CHECKING:
    from .server import Server


class FtpConnection:
    """One connection to the FTP listener: logins, and listings of an empty folder over passive data connections."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        self.peer, self.own = (unmapped(peer[0]), peer[1]), unmapped(own[0])
        self.user, self.account, self.port = "", "", 0

    async def run(self) -> None:
        """Greet, and answer until the client leaves."""
        more = self._say(220, f"{self.server.name} CommuniGate Pro FTP Server {self.server.version} ready")
        while more:
            line = await asyncio.wait_for(self.reader.readline(), IDLE)
            probe = probe_answer(line, f"{self.server.name}/FTP", self.peer)
            if probe is not None:
                self.writer.write(probe)
                continue
            if not line.endswith(b"\n"):
                return
            verb, _space, rest = line.decode("utf-8", "replace").strip().partition(" ")
            more = await self._command(verb.upper(), rest)
            await self.writer.drain()

    async def _command(self, verb: str, rest: str) -> bool:
        if verb == "QUIT":
            self._say(221, "goodbye")
            return False
        if verb in ("USER", "PASS"):
            return self._log_in(verb, rest)
        if not self.account:
            return self._say(530, "log in first")
        if verb in ("PASV", "EPSV"):
            return self._passive(verb)
        if verb in ("LIST", "NLST"):
            return await self._listing()
        return self._say(200, "OK") if verb in ("TYPE", "NOOP", "CWD") else self._say(502, "not implemented")

    def _log_in(self, verb: str, rest: str) -> bool:
        if verb == "USER":
            self.user = rest
            return self._say(331, "please send the password")
        wanted = self.server.store.password(self.user)
        right = wanted is not None and hmac.compare_digest(rest.encode(), wanted.encode())
        self.account = self.user if right else ""
        return self._say(230, "logged in") if right else self._say(530, "incorrect password")

    def _passive(self, verb: str) -> bool:
        self.port = self.server.expect_transfer(self.peer[0])
        if not self.port:
            return self._say(425, "no media TCP port is free")
        if verb == "EPSV":
            return self._say(229, f"entering extended passive mode (|||{self.port}|)")
        # What a NAT device relays to this server is where a client from outside has to go (CG-09).
        outside = self.server.store.text("Network", "WANAddress").strip("[]")
        inside = self.server.store.holds("LANIPs", ipaddress.ip_address(self.peer[0]))
        numbers = ",".join((self.own if inside or not outside else outside).split("."))
        return self._say(227, f"entering passive mode ({numbers},{self.port >> 8},{self.port & 255})")

    async def _listing(self) -> bool:
        if not self.port:
            return self._say(425, "passive mode first")
        self._say(150, "here it comes")
        try:
            (await self.server.transfer(self.port)).close()
        except TimeoutError:
            return self._say(425, "no data connection came")
        finally:
            self.port = 0
        return self._say(226, "done")

    def _say(self, code: int, text: str) -> bool:
        self.writer.write(f"{code} {text}\r\n".encode())
        return True
