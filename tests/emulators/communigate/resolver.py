# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver. (CG-12 to CG-18)"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
import socket
import struct
from pathlib import Path

from .address_lists import listed
from .journal import Journal
from .store import Store


class UnknownHostError(Exception):
    """The name has no address, or the name servers say nothing."""


class Resolver:
    """Asks DNS servers for addresses, as the guide describes it; its log records carry the tag DNR (CG-12)."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self.store, self.journal = store, journal

    def servers(self) -> list[tuple[str, int]]:
        """Address and port of the DNS servers, in their order."""
        port = int(self.store.number("DNRSettings", "Port", 0))
        texts = self.store.text("DNRSettings", "Servers").replace(",", " ").split()
        if self.store.text("DNRSettings", "Source") != "Custom":
            try:
                text = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
            except OSError:
                text = ""
            texts = re.findall(r"(?m)^nameserver\s+([0-9A-Fa-f.:]+)", text)
        texts = texts or ["127.0.0.1"]  # Custom without an address means a server on this very machine (CG-13)
        found: list[tuple[str, int]] = []
        for each in texts:
            match = re.fullmatch(r"\[([^\]]+)\]:(\d{1,5})", each)
            found.append((match[1], int(match[2])) if match else (each.strip("[]"), port))
        return found

    async def addresses(self, name: str, rbl: bool = False) -> list[str]:
        """The IPv4 addresses of a name. Raises UnknownHostError.

        A request that gets no answer is sent again after T, and then waits 2T and 3T (CG-14), each time to the next
        server (CG-15); an RBL request is sent twice at most, both with T (CG-16).
        """
        source = f"{self.journal.number('DNR')}({name})"
        servers = self.servers()
        patience = self.store.number("DNRSettings", "InitialTimeout", 2)
        limit = int(self.store.number("DNRSettings", "RetryLimit", 3))
        for turn in range(min(limit, 2) if rbl else limit):
            place = servers[turn % len(servers)]
            wait = patience if rbl else patience * (turn + 1)
            self.journal.write(4, source, f"request sent to [{place[0]}]:{place[1]}, time-out {wait:g} s")
            try:
                found = await asyncio.wait_for(self._asked(name, place, source), wait)
            except (TimeoutError, OSError) as error:
                self.journal.write(3, source, f"no answer from [{place[0]}]:{place[1]}: {error or 'time-out'}")
                continue
            return self._checked(found, source)
        self.journal.write(2, source, "no response from any domain name server")
        raise UnknownHostError("no response from the domain name server")

    def _checked(self, found: list[str], source: str) -> list[str]:
        if not found:
            self.journal.write(4, source, "unknown host/domain name")
            raise UnknownHostError("unknown host/domain name")
        # Only the first address is looked at; such an answer means that the name does not exist (CG-18).
        dummies, version = self.store.text("DNRSettings", "DummyIPs"), self.store.settings["Version"]
        if dummies and listed(dummies, ipaddress.ip_address(found[0]), version):
            self.journal.write(4, source, f"{found[0]} is a dummy address: unknown host/domain name")
            raise UnknownHostError("unknown host/domain name")
        self.journal.write(4, source, f"resolved to {', '.join(found)}")
        return found

    async def _asked(self, name: str, place: tuple[str, int], source: str) -> list[str]:
        number = secrets.randbelow(65536)
        labels = [part.encode("idna") for part in name.strip(".").split(".")]
        question = b"".join(bytes([len(part)]) + part for part in labels) + b"\0" + struct.pack("!HH", 1, 1)
        query = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
        answer = await self._by_udp(query, place)
        if answer[2] & 2:  # truncated: the whole of it comes by TCP (CG-17)
            self.journal.write(4, source, f"truncated answer, asking [{place[0]}]:{place[1]} by TCP")
            answer = await self._by_tcp(query, place)
        return dns_addresses(answer)

    @staticmethod
    async def _by_udp(query: bytes, place: tuple[str, int]) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.setblocking(False)
            asked.connect(place)
            await loop.sock_sendall(asked, query)
            while True:
                answer = await loop.sock_recv(asked, 65535)
                if len(answer) >= 12 and answer[:2] == query[:2] and answer[2] & 0x80:
                    return answer

    @staticmethod
    async def _by_tcp(query: bytes, place: tuple[str, int]) -> bytes:
        reader, writer = await asyncio.open_connection(*place)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise OSError("the connection ended") from None
        finally:
            writer.close()


def dns_addresses(answer: bytes) -> list[str]:
    """The IPv4 addresses in a DNS answer (RFC 1035); none if it holds none, or can't be read."""

    def skipped(at: int) -> int:
        while answer[at]:
            if answer[at] >= 0xC0:
                return at + 2
            at += answer[at] + 1
        return at + 1

    found: list[str] = []
    try:
        _number, _flags, questions, count, _authority, _more = struct.unpack_from("!HHHHHH", answer)
        at = 12
        for _question in range(questions):
            at = skipped(at) + 4
        for _record in range(count):
            at = skipped(at)
            kind, _class, _life, size = struct.unpack_from("!HHIH", answer, at)
            at += 10
            if kind == 1 and size == 4:
                found.append(socket.inet_ntoa(answer[at : at + 4]))
            at += size
    except (IndexError, struct.error, OSError):
        return []
    return found
