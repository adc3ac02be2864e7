# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a running emulator over its control socket: for modules and for the command line."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

from .errors import EmulatorError, reason

CONTROL_SOCKET = "/run/faxnet-emulator/control.sock"
LONGEST_ROUND = 600.0  # seconds that a client of the control socket waits for a round of notifications
ARRIVED = ("delivered", "sent")  # outcomes that nothing speaks against; a datagram's sender knows no more


def control(path: str, do: str, patience: float = 60.0, **options: Any) -> dict[str, Any]:
    """Ask a running emulator. Returns its answer. Raises L(EmulatorError) when it can't be asked, or refuses."""
    request = {key: value for key, value in options.items() if value is not None}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(patience)
        try:
            asked.connect(path)
            asked.sendall(json.dumps(dict(request, do=do)).encode() + b"\n")
            with asked.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(
                    answers.readline() or b'{"ok": false, "error": "the emulator ended"}'
                )
        except socket.timeout:
            raise EmulatorError(f"{path}: the emulator did not answer in {patience:g} s") from None
        except OSError as error:
            raise EmulatorError(f"{path}: {reason(error)}; is the emulator running here?") from None
        except ValueError as error:
            raise EmulatorError(f"{path}: this is no emulator: {error}") from None
    if not answer.pop("ok", False):
        raise EmulatorError(f"{path}: {answer.get('error')}")
    return answer


def unready(state: Mapping[str, Any]) -> list[str]:
    """What in a state does not yet do what it is for: servers that do not listen, clients whose server has not taken
    them, or does not know their log channel."""
    found = []
    for key in ("servers", "responders", "instances"):
        for one in state[key]:
            log_channel = one.get("log_channel")
            if not (one["connected"] if key == "instances" else one["state"] == "listening"):
                why = one["errors"][-1]["text"] if one["errors"] else one["state"]
            elif key == "instances" and log_channel is not None and not log_channel["open"]:
                why = one["errors"][-1]["text"] if one["errors"] else "its log channel is not open"
            else:
                continue
            found.append(f"{one['name']}: {why}")
    return found


def awaited_state(path: str, patience: float) -> dict[str, Any]:
    """The state once everything is ready, or after C(patience) seconds, with what is still C(unready) in it.

    Raises L(EmulatorError) when the emulator can't be asked at the end of that time.
    """
    end = time.monotonic() + patience
    while True:
        try:
            state = control(path, "state")
            state["unready"] = unready(state)
            if not state["unready"] or time.monotonic() >= end:
                return state
        except EmulatorError:
            if time.monotonic() >= end:
                raise
        time.sleep(0.2)


def notification_round(path: str, **request: Any) -> list[dict[str, Any]]:
    """The results of one round of notifications. Raises L(EmulatorError)."""
    results: list[dict[str, Any]] = control(path, "notify", LONGEST_ROUND, **request)["results"]
    return results
