# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that speaks as much of HylaFAX's protocol as handing a document over takes; answers as 6.0.7 gives them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Server:
    """What it takes, and where it says no.

    Attributes:
        address: its own address.
        told: the address that it tells for data connections.
        refuses: commands that it refuses, each with the answer.
        silent: commands to which it says nothing.
        wants: the password; empty: it asks for none.
        patience: seconds that it waits for a data connection.
        documents: what it was given.
        parameters: what the job was told to be.
    """

    def __init__(self, address: str = "127.0.0.1", port: int = 0, told: str = "10.9.9.9") -> None:
        self.refuses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.wants = ""
        self.patience = 2.0
        self.documents: list[bytes] = []
        self.parameters: dict[str, str] = {}
        self.address, self.told = address, told.replace(".", ",")
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]

    def serve(self) -> None:
        """Serve one client after another until the listener is closed."""
        with suppress(OSError):
            while True:
                connection, _address = self.listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    self._session(connection)

    def _session(self, connection: socket.socket) -> None:
        def say(text: str) -> None:
            connection.sendall(f"{text}\r\n".encode())

        say("220 fl-fax server (HylaFAX (tm) Version 6.0.7) ready.")
        there: tuple[str, int] | None = None
        waiting: socket.socket | None = None
        for line in connection.makefile("r", encoding="utf-8", newline="\r\n"):
            command, _blank, value = line.strip().partition(" ")
            if command in self.silent:
                continue
            if command in self.refuses:
                say(self.refuses[command])
            elif command == "USER":
                say("331 Password required for it." if self.wants else "230 User logged in.")
            elif command == "PASS":
                say("230 User logged in." if value == self.wants else "530 Login incorrect.")
            elif command == "PORT":
                numbers = value.split(",")
                there = (".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5]))
                say("200 PORT command successful.")
            elif command == "PASV":
                waiting = socket.create_server((self.address, 0))
                port = waiting.getsockname()[1]
                say(f"227 Entering passive mode ({self.told},{port // 256},{port % 256})")
            elif command == "STOT":
                say("150 FILE: /tmp/doc7.ps (Opening new data connection).")
                say(self._stored(waiting, there or ("", 0)))
            elif command == "JNEW":
                say("200 New job created: jobid: 12 groupid: 12.")
            elif command == "JPARM":
                name, _blank, said = value.partition(" ")
                self.parameters[name] = said
                say("213 Parameter set.")
            else:
                say("200 Done.")

    def _stored(self, waiting: socket.socket | None, there: tuple[str, int]) -> str:
        """Take a document, over a connection that is waited for or one of its own; the answer."""
        try:
            if waiting is None:
                data = socket.create_connection(there, timeout=self.patience)
            else:
                waiting.settimeout(self.patience)
                data = waiting.accept()[0]
        except OSError:
            return "425 Cannot build data connection: Connection timed out."
        with data:
            self.documents.append(data.makefile("rb").read())
        return "226 Transfer complete (FILE: /tmp/doc7.ps)."


@contextmanager
def serving(server: Server | None = None) -> Iterator[Server]:
    """A server that runs; it stays in the network namespace in which it is started."""
    server = server or Server()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join()
