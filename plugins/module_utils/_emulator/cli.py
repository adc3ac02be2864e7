# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: run the emulator here, or ask the one that runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from .bundle import bundle
from .config import load_config
from .control import ARRIVED, CONTROL_SOCKET, LONGEST_ROUND, awaited_state, control
from .emulator import Emulator
from .endpoint import log
from .errors import EmulatorError

CONFIG_FILE = "/etc/faxnet/emulator.json"


def tell_systemd(text: str) -> None:
    """Tell the service manager, if one asked for it (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect("\0" + path[1:] if path.startswith("@") else path)
        manager.sendall(text.encode())


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: each instance needs a few."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(emulator: Emulator) -> None:
    """Run until SIGTERM or SIGINT."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await emulator.start()
    log.info("%s runs %d endpoints", emulator.config.host, len(emulator.running))
    tell_systemd("READY=1")
    await end.wait()
    tell_systemd("STOPPING=1")
    await emulator.stop()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="emulator", description="Emulate a fax product's behaviour on its ports.")
    commands = made.add_subparsers(dest="do", required=True)
    run = commands.add_parser("run", help="run in the foreground")
    run.add_argument("--config", default=CONFIG_FILE, help="default %(default)s; a host's slice of the plan will do")
    check = commands.add_parser("check", help="check a configuration and run nothing")
    check.add_argument("--config", default=CONFIG_FILE, help="default %(default)s")
    pack = commands.add_parser("bundle", help="write this program as one file that Python runs, to copy it elsewhere")
    pack.add_argument("file", nargs="?", help="default: in the user's cache; its path is printed")
    for name, text in (
        ("state", "print what runs, as JSON"),
        ("notify", "let the servers notify their clients; ends with 1 unless nothing speaks against any arrival"),
        ("restart", "restart the named ones, or those whose settings have changed"),
        ("reload", "read the configuration again; what runs keeps its settings until it is restarted"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--socket", default=CONTROL_SOCKET, help="default %(default)s")
        if name == "notify":
            command.add_argument("instances", nargs="*", help="default: every client that the servers know")
            command.add_argument("--service")
            command.add_argument("--timeout", type=float, help="seconds for one call-back")
        if name == "restart":
            command.add_argument("names", nargs="*")
        if name == "state":
            command.add_argument("--wait", type=float, default=0.0, help="seconds to wait until everything is ready")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 (a notification failed), 2 (a message on stderr says what to put right)."""
    chosen = parser().parse_args(arguments)
    try:
        if chosen.do == "run":
            logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
            allow_many_sockets()
            asyncio.run(serve(Emulator(load_config(chosen.config), chosen.config)))
            return 0
        if chosen.do == "bundle":
            sys.stdout.write(bundle(chosen.file) + "\n")
            return 0
        if chosen.do == "check":
            answer: dict[str, Any] = {"endpoints": len(load_config(chosen.config).endpoints)}
        elif chosen.do == "state":
            answer = awaited_state(chosen.socket, chosen.wait)
        else:
            options = {key: value for key, value in vars(chosen).items() if key not in ("do", "socket") and value}
            answer = control(chosen.socket, chosen.do, LONGEST_ROUND, **options)
    except EmulatorError as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 2
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return int(chosen.do == "notify" and any(one["outcome"] not in ARRIVED for one in answer["results"]))
