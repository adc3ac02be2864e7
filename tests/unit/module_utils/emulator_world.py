# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on loopback for the emulator's tests: real sockets, an address of its own for each host, one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import load_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.emulator import Emulator
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.entry import Entry
from tests.unit.loopback import address

PCP = 17488
LOW, HIGH = 17100, 17199
# Quick enough for tests, slow enough for a busy machine.
TIMING = {"connect": 2.0, "answer": 2.0, "keep_alive": 1.0, "retry_first": 0.02, "retry_most": 0.1}
EXCHANGES = [
    {
        "service": "netcfax",
        "name": "pcp",
        "initiator": "client",
        "transport": "tcp",
        "kind": "login",
        "ports": "primary_port",
    },
    {"service": "netcfax", "name": "scp", "initiator": "server", "transport": "tcp", "kind": "callback"},
]


def async_test(test: Callable[..., Any]) -> Callable[..., None]:
    """Run a coroutine as a test; one that hangs fails. A busy machine needs a while for five hundred clients."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


def server(host: str = "fl-fax", place: str | None = None, **changes: Any) -> dict[str, Any]:
    """What the slice of a fax server's host says to the emulator."""
    offer = {"service": "netcfax", "settings": {"primary_port": PCP}, "enabled": True}
    return _host(host, place or address(), offers=[offer]) | changes


def client(dial: str, host: str = "uk-ts1", place: str | None = None, **changes: Any) -> dict[str, Any]:
    """What the slice of a client's host says to the emulator; changes are those of its use."""
    use = {
        "service": "netcfax",
        "server": "fl-fax",
        "dial": dial,
        "settings": {"primary_port": PCP},
        "environment": "terminal_server",
        "instances": 1,
        "enabled": True,
        "callback": {"mode": "dynamic", "low": LOW, "high": HIGH, "fixed": 17485},
    }
    return _host(host, place or address(), uses=[use | changes])


def _host(host: str, place: str, **more: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "host": host,
        "addresses": [place],
        "exchanges": copy.deepcopy(EXCHANGES),
        "timing": dict(TIMING),
        **more,
    }


# Two services that use UDP, described as a slice describes them; ports are names of settings, as in the catalogue.
ASKED = 17464
ASKING = [
    {"service": "asking", "name": "request", "initiator": "client", "transport": "udp", "kind": "request"}
    | {"ports": "port", "source_ports": None, "with": "clients"},
    {"service": "asking", "name": "response", "initiator": "server", "transport": "udp", "kind": "listener"}
    | {"ports": "any", "source_ports": "port", "part_of": "request", "with": "clients"},
    {"service": "asking", "name": "alert", "initiator": "server", "transport": "udp", "kind": "alert"}
    | {"ports": "any", "source_ports": "port", "rides_on": "request", "with": "clients"},
]
APPLICATION = 17433
CONSOLE = [
    {"service": "console", "name": "admin", "initiator": "client", "transport": "tcp", "kind": "login"}
    | {"ports": "application_port", "with": "everyone"},
    {"service": "console", "name": "log", "initiator": "client", "transport": "udp", "kind": "log_channel"}
    | {"ports": "application_port", "with": "everyone"},
]


def offering(service: str, host: str, place: str | None = None, **changes: Any) -> dict[str, Any]:
    """A host that offers one of the two UDP services; changes are those of its offer."""
    exchanges, settings = _described(service)
    offer = {"service": service, "settings": settings, "enabled": True, "exchanges": names_of(exchanges)}
    return _host(host, place or address(), exchanges=exchanges, offers=[offer | changes])


def using(service: str, dial: str, host: str = "pc", place: str | None = None, **changes: Any) -> dict[str, Any]:
    """A host that uses one of the two UDP services of the host "server"; changes are those of its use."""
    exchanges, settings = _described(service)
    use = {"service": service, "server": "server", "dial": dial, "settings": settings, "enabled": True}
    use |= {"instances": 1, "callback": None, "exchanges": names_of(exchanges), "environment": "single_user"}
    return _host(host, place or address(), exchanges=exchanges, uses=[use | changes])


def _described(service: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found = {"asking": (ASKING, {"port": ASKED}), "console": (CONSOLE, {"application_port": APPLICATION})}
    return copy.deepcopy(found[service])


def names_of(exchanges: list[dict[str, Any]]) -> list[str]:
    return [exchange["name"] for exchange in exchanges]


def fixed(port: int) -> dict[str, Any]:
    return {"mode": "fixed", "low": LOW, "high": HIGH, "fixed": port}


@contextlib.asynccontextmanager
async def running(folder: Path, *configs: dict[str, Any]) -> AsyncIterator[list[Emulator]]:
    """The emulators of these hosts, started in order and stopped in the end, whatever happens."""
    started: list[Emulator] = []
    try:
        for config in configs:
            started += [await start(folder, config)]
        yield started
    finally:
        for one in started:
            await one.stop()


async def start(folder: Path, config: dict[str, Any]) -> Emulator:
    """One host's emulator, from a file."""
    path = write(folder, config)
    made = Emulator(load_config(str(path)), str(path))
    await made.start()
    return made


def write(folder: Path, config: dict[str, Any]) -> Path:
    """A host's configuration as a file, with a control socket beside it."""
    path = folder / f"{config['host']}.json"
    path.write_text(json.dumps({"control_socket": str(folder / f"{config['host']}.sock")} | config))
    return path


async def until(what: Callable[[], Any]) -> Any:
    """What C(what) gives once it gives something true. The test's own limit ends a wait without hope."""
    while not (found := what()):
        await asyncio.sleep(0.005)
    return found


def instances(of: Emulator) -> list[dict[str, Any]]:
    return list(of.state()["instances"])


def server_of(host: Emulator) -> dict[str, Any]:
    """What a host says of its one server."""
    (found,) = host.state()["servers"]
    return dict(found)


async def all_logged_in(*hosts: Emulator) -> None:
    await until(lambda: all(one["connected"] for host in hosts for one in instances(host)))


async def all_open(*hosts: Emulator) -> None:
    await until(lambda: all(one["log_channel"]["open"] for host in hosts for one in instances(host)))


@contextlib.asynccontextmanager
async def serving(folder: Path, service: str) -> AsyncIterator[tuple[Emulator, str]]:
    """A host that offers one of the two UDP services, and its address."""
    config = offering(service, "server")
    async with running(folder, config) as (fax,):
        yield fax, config["addresses"][0]


@contextlib.asynccontextmanager
async def connected(
    folder: Path, service: str, place: str | None = None, **timing: float
) -> AsyncIterator[tuple[Emulator, Emulator, str]]:
    """A server and a client of one of the two UDP services, of which one knows the other; the server's address.

    place: the address of both, where it is not one of their own.
    """
    config = offering(service, "server", place)
    client_config = using(service, config["addresses"][0], place=place)
    client_config["timing"].update(timing)
    async with running(folder, config, client_config) as (fax, pc):
        await all_logged_in(pc)
        if service == "console":
            await all_open(pc)
        yield fax, pc, config["addresses"][0]


class Datagrams:
    """A UDP socket by hand, which waits for what comes and can say that nothing did."""

    def __init__(self, place: str, port: int = 0, reuse: bool = False) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        if reuse:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((place, port))
        self.here: tuple[str, int] = self.socket.getsockname()[:2]

    def __enter__(self) -> Datagrams:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, there: tuple[str, int], message: Any) -> None:
        """Send bytes as they are, anything else as JSON."""
        self.socket.sendto(message if isinstance(message, bytes) else json.dumps(message).encode(), there)

    async def hear(self) -> tuple[dict[str, Any], tuple[str, int]]:
        """The next message and where it came from."""
        data, there = await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(self.socket, 65535), 5)
        return json.loads(data), there[:2]

    async def silent(self, seconds: float = 0.2) -> bool:
        """Whether nothing comes within some time."""
        await asyncio.sleep(seconds)
        try:
            self.socket.recvfrom(65535)
        except BlockingIOError:
            return True
        return False


async def notify(host: Emulator, **request: Any) -> list[dict[str, Any]]:
    """The results of one round of call-backs."""
    answer = await host.notify(Entry("", request))
    return list(answer["results"])
