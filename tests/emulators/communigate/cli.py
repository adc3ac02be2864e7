# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, starting and stopping."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from .errors import EmulatorError
from .faults import Faults
from .journal import Journal
from .listeners import listeners_of_slice
from .server import Server
from .sockets import ipv6_on
from .store import Store, local_addresses, written

BASE = "/var/CommuniGate"


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line, with the product's options and this emulator's own. Option names ignore case, as there."""
    known = {
        "--base": "--CGateBase",
        "--cgatebase": "--CGateBase",
        "--ipv6": "--IPv6",
        "--daemon": "--Daemon",
        "--logtoconsole": "--LogToConsole",
        "--emulatorslice": "--EmulatorSlice",
        "--emulatorfaults": "--EmulatorFaults",
    }
    parser = argparse.ArgumentParser(
        prog="CGServer",
        description="A server that behaves on the network as CommuniGate Pro's guide says.",
        allow_abbrev=False,
    )
    parser.add_argument("--CGateBase", default=BASE, metavar="DIR", help="base folder (also --Base)")
    parser.add_argument(
        "--IPv6", default="AUTO", type=str.upper, choices=("YES", "NO", "AUTO"), help="IPv6 networking; AUTO finds out"
    )
    parser.add_argument("--Daemon", action="store_true", help="go on in the background once everything listens")
    parser.add_argument("--LogToConsole", action="store_true", help="write the log's records to the console too")
    parser.add_argument(
        "--EmulatorSlice", metavar="FILE", help="listen for what this host's slice of a plan offers, too"
    )
    parser.add_argument("--EmulatorFaults", metavar="FILE", help="go wrong on purpose, as the file says")
    return parser.parse_args([known.get(each.lower(), each) for each in argv])


async def served(options: argparse.Namespace, ready: Callable[[], None]) -> None:
    """Run until SIGTERM, SIGINT or the command SHUTDOWN."""
    base = Path(options.CGateBase)
    store = Store(base)
    if options.EmulatorSlice:
        slice_ = json.loads(Path(options.EmulatorSlice).read_text(encoding="utf-8"))
        store.settings["Modules"] = {**listeners_of_slice(slice_), **store.settings["Modules"]}
    store.password("postmaster")
    journal = Journal(base / "SystemLogs", options.LogToConsole)
    ipv6 = ipv6_on(options.IPv6, socket.has_ipv6, local_addresses())
    journal.write(1, "SYSTEM", f"version {store.settings['Version']} started, IPv6 is {'on' if ipv6 else 'off'}")
    server = Server(store, journal, ipv6, Faults(options.EmulatorFaults))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.ended.set)
    for failed in await server.listen():
        sys.stderr.write(f"CGServer: {failed}\n")
    written(base / "ProcessID", f"{os.getpid()}\n", 0o644)
    ready()
    await server.ended.wait()
    await asyncio.sleep(0.05)  # the answer to SHUTDOWN goes out first
    await server.stop()
    (base / "ProcessID").unlink(missing_ok=True)
    journal.write(1, "SYSTEM", "stopped")


def in_background() -> Callable[[], None]:
    """Go on as a child whose parent ends when the returned function is called, or fails when the child does."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)

    def ready() -> None:
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        os.write(writer, b"1")
        os.close(writer)

    return ready


def main(argv: list[str] | None = None) -> int:
    """Run the server; returns the exit code."""
    options = arguments(sys.argv[1:] if argv is None else argv)
    ready = in_background() if options.Daemon else lambda: None
    try:
        asyncio.run(served(options, ready))
    except (EmulatorError, OSError, ValueError) as error:
        sys.stderr.write(f"CGServer: {error}\n")
        return 1
    return 0
