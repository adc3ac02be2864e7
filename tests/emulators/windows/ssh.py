# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real SSH endpoints for emulated hosts: ansible's own ssh connection plugin comes in by OpenSSH's client.

Each host has a port on loopback; PowerShell is its shell, as where OpenSSH's DefaultShell is set so. The endpoints
share a thread. Scheduled tasks fire there by themselves, since the host's clock is looked at ten times a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from .errors import WireError
from .host import Host
from .shell import answer, needs_input

USER = "Administrator"
TICK = 0.1  # seconds between two looks at the clocks


@dataclass(frozen=True)
class Endpoint:
    """Where a host is reached."""

    host: Host
    port: int
    key: Path  # the private key that is let in

    def variables(self) -> dict[str, Any]:
        """The host's variables for an inventory."""
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "LogLevel=ERROR")
        return {
            "ansible_connection": "ssh",
            "ansible_shell_type": "powershell",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(self.key),
            # No connection is kept for later: each task shows anew that the host lets somebody in.
            "ansible_ssh_args": "-o ControlMaster=no -o ControlPersist=no",
            "ansible_ssh_common_args": " ".join(f"-o {option}" for option in options),
            "ansible_ssh_retries": 0,
        }


@contextlib.contextmanager
def serving(hosts: Mapping[str, Host], folder: Path) -> Iterator[dict[str, Endpoint]]:
    """Let hosts be reached by SSH.

    Args:
        hosts: By the names that the result has, too.
        folder: Where the client's key is put.

    Yields:
        Each host's endpoint.
    """
    key = asyncssh.generate_private_key("ssh-ed25519")
    key_file = folder / "key"
    key_file.touch(mode=0o600)
    key.write_private_key(key_file)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="emulated Windows hosts", daemon=True)
    thread.start()
    server = _Server(key)
    try:
        ports = {
            name: asyncio.run_coroutine_threadsafe(server.listen(host), loop).result(10) for name, host in hosts.items()
        }
        ticking = asyncio.run_coroutine_threadsafe(_tick(list(hosts.values())), loop)
        yield {name: Endpoint(host, ports[name], key_file) for name, host in hosts.items()}
        ticking.cancel()
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _tick(hosts: list[Host]) -> None:
    while True:
        for host in hosts:
            if host.next_due is not None and host.next_due <= host.state.clock.now():
                await asyncio.to_thread(host.tick)
        await asyncio.sleep(TICK)


class _Server:
    """The listeners of all hosts."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._clients = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._listeners: list[asyncssh.SSHAcceptor] = []

    async def listen(self, host: Host) -> int:
        """Open a host's port. Returns its number."""

        async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
            await _serve(host, process)

        listener = await asyncssh.create_server(
            lambda: _Door(host),
            "127.0.0.1",
            0,
            family=socket.AF_INET,
            server_host_keys=[self._key],
            authorized_client_keys=self._clients,
            process_factory=serve,
            encoding=None,
            line_editor=False,
        )
        self._listeners.append(listener)
        return int(listener.get_port())

    async def close(self) -> None:
        """Close all ports."""
        for listener in self._listeners:
            listener.close()
        for listener in self._listeners:
            await listener.wait_closed()


class _Door(asyncssh.SSHServer):
    """Lets connections in while the host is reachable."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """A connection comes."""
        if self._host.faults.unreachable:
            conn.abort()


async def _serve(host: Host, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """One command of a connection."""
    command = process.command or ""
    try:
        reads = needs_input(command)
    except WireError:  # the answer says what is wrong with it
        reads = False
    data = await process.stdin.read() if reads else b""
    reply = await asyncio.to_thread(answer, host, command, data)
    if reply.seconds:
        await asyncio.sleep(reply.seconds)
    if reply.dropped:
        process.channel.get_connection().abort()
        return
    process.stdout.write(reply.output.encode())
    process.stderr.write(reply.error.encode())
    process.exit(reply.code)
