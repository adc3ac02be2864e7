# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consoles by hand, and the way between one and its server, for the tests of encrypted logins and log channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.tls import client_context
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import Connection, dialled
from tests.unit.module_utils.emulator_world import APPLICATION

NAME = "pc/console@server/1"


async def logged_in(place: str, name: str = NAME) -> tuple[Connection, str]:
    """A console by hand: its encrypted connection and the identifier that it got."""
    connection = await dialled(place, APPLICATION, 5, tls=client_context())
    connection.say(login=name, call_back_port=0, log_items=True, keep_alive=60)
    return connection, (await connection.hear(5))["connection"]


async def confirmed(connection: Connection) -> list[Any]:
    """What the server says that the channel's source is."""
    found: list[Any] = (await connection.hear(5))["log_channel"]
    return found


@contextlib.asynccontextmanager
async def network(inside: str, server: str) -> AsyncIterator[tuple[bytearray, list[asyncio.StreamWriter]]]:
    """The way of a TCP connection: all that passes is kept, and the connection can be cut."""
    passed, ends = bytearray(), []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                passed.extend(data)
                sink.write(data)
        sink.close()

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(server, APPLICATION)
        ends.extend([writer, far_writer])
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(relayed, inside, APPLICATION):
        yield passed, ends
