# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unregister-ScheduledTask, on the host's tasks."""

from __future__ import annotations

from typing import Any

from ..errors import CommandError
from ..state import State
from .given import FLAG, TEXT, Given, Known


def unregister(state: State, given: Given) -> list[Any]:
    """Unregister-ScheduledTask. Raises CommandError: without -Confirm:$false somebody would be asked."""
    name, folder = given.required("TaskName"), given.text("TaskPath")
    if folder and not (folder.startswith("\\") and folder.endswith("\\")):
        raise _not_found("TaskPath", folder)
    matching = [
        path
        for path, task in state.data["tasks"].items()
        if task["name"].lower() == name.lower() and (not folder or f"{task['path'].rstrip(chr(92))}\\" == folder)
    ]
    if not matching:
        raise _not_found("TaskName", name)
    if given.has("Confirm") or "confirm" not in given.command.named:
        raise CommandError(
            "A command that prompts the user failed because the host program or the command type does not support user "
            "interaction.",
            "InvalidOperation,Unregister-ScheduledTask",
            "InvalidOperation",
        )
    state.wrote()
    for path in matching:
        del state.data["tasks"][path]
    return []


def _not_found(name: str, value: str) -> CommandError:
    return CommandError(
        f"No MSFT_ScheduledTask objects found with property '{name}' equal to '{value}'.  "
        "Verify the value of the property and retry.",
        f"CmdletizationQuery_NotFound_{name},Unregister-ScheduledTask",
        "ObjectNotFound",
    )


COMMANDS = {"unregister-scheduledtask": Known({"taskname": TEXT, "taskpath": TEXT, "confirm": FLAG}, unregister)}
