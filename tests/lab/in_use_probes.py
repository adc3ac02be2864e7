# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries again and again whether services can be reached; runs inside a container, with Python alone.

Its argument is a JSON object: for each attempt's name a list of a kind and what the kind needs (the functions below).
It tries all of them side by side until its input ends, and then prints for each name how often it came about and how
often it did not. It knows nothing of any plan.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable

PATIENCE = 3.0  # seconds within which an attempt comes about, as a person would say
AGAIN = 0.8  # seconds until a datagram is sent once more, as programs do
PAUSE = 0.2  # seconds between two attempts


def tcp(address: str, port: int, answer: str) -> bool:
    """Connect, and be answered by whom one meant."""
    with socket.create_connection((address, port), timeout=PATIENCE) as talk:
        return talk.recv(100) == answer.encode()


def web(address: str, port: int, answer: str) -> bool:
    """Fetch a page by HTTP, and get the one that one meant."""
    with socket.create_connection((address, port), timeout=PATIENCE) as talk:
        talk.sendall(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while part := talk.recv(1000):
            data += part
    return data.strip().endswith(answer.encode())


def _asked(talk: socket.socket, question: bytes, to: tuple[str, int], answer: bytes) -> bool:
    end = time.monotonic() + PATIENCE
    while (now := time.monotonic()) < end:
        talk.sendto(question, to)
        while select.select([talk], [], [], max(0.0, min(end, now + AGAIN) - time.monotonic()))[0]:
            if answer in talk.recv(2048):
                return True
    return False


def udp(address: str, port: int, answer: str) -> bool:
    """Send a datagram, and get it back from whom one meant."""
    token = os.urandom(8).hex()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as talk:
        return _asked(talk, token.encode(), (address, port), f"{answer} {token}".encode())


def raw(address: str, protocol: int, answer: str) -> bool:
    """Send a packet of an IP protocol without ports, and get it back from whom one meant."""
    token = os.urandom(8).hex()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) as talk:
        return _asked(talk, bytes(4) + b"ask " + token.encode(), (address, 0), f"{answer} {token}".encode())


def dns(address: str, name: str, answer: str) -> bool:
    """Ask a name server for a name's address, and get the one that it has."""
    number = os.urandom(2)
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = number + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        return _asked(talk, question, (address, 53), socket.inet_aton(answer))


def dhcp(interface: str, server: str) -> bool:
    """Look for a DHCP server by broadcast (RFC 2131, 3.1), and be offered an address by the one that is there."""
    number = os.urandom(4)
    packet = struct.pack(">BBBB4sHH16s16s192x", 1, 1, 6, 0, number, 0, 0x8000, bytes(16), b"\x02" + os.urandom(5))
    packet += b"\x63\x82\x53\x63" + b"\x35\x01\x01" + b"\xff"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        talk.bind(("", 68))
        # Option 54 is the server's own address.
        return _asked(talk, packet, ("255.255.255.255", 67), b"\x36\x04" + socket.inet_aton(server))


KINDS: dict[str, Callable[..., bool]] = {each.__name__: each for each in (tcp, web, udp, raw, dns, dhcp)}


class Counts:
    """How often an attempt came about and did not, and why not when it did not last."""

    def __init__(self, kind: str, arguments: list[object]) -> None:
        """Nothing was tried yet."""
        self.try_it = KINDS[kind]
        self.arguments = arguments
        self.passed = self.failed = 0
        self.why = ""

    def once(self) -> None:
        """Try once."""
        try:
            came_about, self.why = self.try_it(*self.arguments), "another answer, or none"
        except OSError as problem:
            came_about, self.why = False, str(problem)
        self.passed += came_about
        self.failed += not came_about


def main() -> None:
    """Try until the input ends, each at least once."""
    wanted = {name: Counts(kind, arguments) for name, (kind, *arguments) in json.loads(sys.argv[1]).items()}
    over = threading.Event()

    def work(counts: Counts) -> None:
        counts.once()
        while not over.wait(PAUSE):
            counts.once()

    workers = [threading.Thread(target=work, args=(counts,)) for counts in wanted.values()]
    for worker in workers:
        worker.start()
    sys.stdout.write("probing\n")
    sys.stdout.flush()
    sys.stdin.read()
    over.set()
    for worker in workers:
        worker.join()
    json.dump({name: [each.passed, each.failed, each.why] for name, each in wanted.items()}, sys.stdout)


if __name__ == "__main__":
    main()
