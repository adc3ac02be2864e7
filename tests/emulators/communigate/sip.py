# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP: clients behind remote NAT devices. (CG-05, CG-06, CG-07)"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sockets import Reply

if TYPE_CHECKING:
    from .server import Server


@dataclass
class Registration:
    """A client that can be called: where it is seen, how to reach it, and until when (monotonic seconds)."""

    seen_from: tuple[str, int]
    reply: Reply
    until: float
    pings: asyncio.Task[None] | None = None


class Sip:
    """As much of a SIP registrar as the far-end NAT traversal needs: REGISTER, and calls passed to the client."""

    DUMMY = b"\r\n\r\n"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.registered: dict[str, Registration] = {}
        self._callers: dict[str, Reply] = {}

    def heard(self, data: bytes, there: tuple[str, int], reply: Reply) -> None:
        """One datagram: a request or a response."""
        head = data.decode("utf-8", "replace").partition("\r\n\r\n")[0].split("\r\n")
        headers = [
            (name.strip().lower(), value.strip()) for name, _colon, value in (line.partition(":") for line in head[1:])
        ]
        first, known = head[0].split(" "), dict(reversed(headers))
        if first[0] == "SIP/2.0":  # an answer to a call that was passed on
            caller = self._callers.get(known.get("call-id", ""))
            if caller:
                caller(data)
        elif len(first) == 3 and first[2] == "SIP/2.0" and "via" in known:
            if first[0] == "REGISTER":
                self._register(known, there, reply)
            elif first[0] == "INVITE":
                self._call(first[1], known, data, reply)
            else:
                reply(self._response("501 Not Implemented", known, there))

    def behind_nat(self, stated: str, seen: str) -> bool:
        """Whether a client stands behind a NAT device: its own address is in the list of NATed addresses, it is seen
        from another one, and that one is not in the list (CG-06)."""
        try:
            own = ipaddress.ip_address(stated.strip("[]"))
        except ValueError:
            return False  # a name says nothing of where the client is
        source = ipaddress.ip_address(seen)
        holds = self.server.store.holds
        return own != source and holds("NATedIPs", own) and not holds("NATedIPs", source)

    def _register(self, headers: dict[str, str], there: tuple[str, int], reply: Reply) -> None:
        name = self._user(headers.get("to", ""))
        found = re.match(r"SIP/2\.0/UDP\s+(\[[^\]]+\]|[^:;\s]+)", headers["via"])
        nat = self.behind_nat(found[1] if found else "", there[0])
        expires = headers.get("expires", "3600")
        seconds = min(int(expires), 86400) if re.fullmatch(r"[0-9]{1,8}", expires) else 3600
        self._forget(name)
        if seconds:
            self.registered[name] = Registration(there, reply, time.monotonic() + seconds)
            if nat:
                self.registered[name].pings = asyncio.get_running_loop().create_task(self._ping(name))
        state = "is behind a NAT" if nat else "is not behind a NAT"
        self.server.journal.write(4, self.server.journal.number("SIP"), f"{name} at {there[0]}:{there[1]} {state}")
        reply(
            self._response("200 OK", headers, there, f"Expires: {seconds}", f"X-Behind-NAT: {'YES' if nat else 'NO'}")
        )

    async def _ping(self, name: str) -> None:
        """Keep the client's opening alive with dummy packets (CG-07)."""
        registration = self.registered[name]
        while time.monotonic() < registration.until:
            await asyncio.sleep(self.server.store.number("Network", "NATPing", 15))
            registration.reply(self.DUMMY)
        self.registered.pop(name, None)

    def _call(self, uri: str, headers: dict[str, str], data: bytes, reply: Reply) -> None:
        registration = self.registered.get(self._user(uri))
        if registration is None or registration.until < time.monotonic():
            reply(self._response("404 Not Found", headers, ("", 0)))
            return
        if len(self._callers) > 1000:
            self._callers.pop(next(iter(self._callers)))
        self._callers[headers.get("call-id", "")] = reply
        registration.reply(data)

    def _forget(self, name: str) -> None:
        old = self.registered.pop(name, None)
        if old and old.pings:
            old.pings.cancel()

    def stop(self) -> None:
        """Send no more dummy packets."""
        for name in list(self.registered):
            self._forget(name)

    @staticmethod
    def _user(uri: str) -> str:
        found = re.search(r"sips?:([^@>;\s]+)", uri)
        return found[1] if found else ""

    @staticmethod
    def _response(status: str, headers: dict[str, str], there: tuple[str, int], *more: str) -> bytes:
        via = headers["via"] + (f";received={there[0]};rport={there[1]}" if there[0] else "")
        copied = [f"{name.title()}: {headers[name]}" for name in ("from", "to", "call-id", "cseq") if name in headers]
        return "\r\n".join([f"SIP/2.0 {status}", f"Via: {via}", *copied, *more, "Content-Length: 0", "", ""]).encode()
