# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled tasks that fire: after a delay since they were registered, at a time, at a boot.

Registering a task arms it anew, and removing it disarms it. What a reboot finds armed by a registration is forgotten,
for no document promises that it is kept; a trigger at boot is what fires then. A task whose user would have to be
logged on does not start, for nobody is: its history says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .clock import seconds_of, time_of
from .commands import netsh as netsh_command
from .commands.given import Given
from .errors import EmulatorError
from .powershell_lines import Command
from .script import Outcome, run, text_of_file
from .state import State
from .wire import script_of_command

#: Results of a task as the scheduler shows them: done, and the system's "file not found" as an HRESULT.
DONE, NOT_FOUND, NOT_YET_RUN = 0, 0x80070002, 0x41303

#: Trigger types of the enumeration TASK_TRIGGER_TYPE2 that fire here.
TIME, REGISTRATION, BOOT = 1, 7, 8
FIRING = {TIME: "time", REGISTRATION: "registration", BOOT: "boot"}

_INTERACTIVE, _GROUP = 3, 4  # TASK_LOGON_TYPE


def arm(state: State, path: str, since: str) -> None:
    """Work out when a task fires, after a registration or a boot.

    Args:
        state: The host's.
        path: The task's.
        since: registration or boot.
    """
    now = state.clock.now()
    task = state.data["tasks"][path]
    kept = [due for due in task["due"] if due["trigger"] == TIME] if since == "boot" else []
    task["due"] = kept + [
        {"at": moment, "trigger": trigger["Type"]}
        for trigger in task["triggers"]
        for moment in _moments(trigger, since, now)
    ]


def _moments(trigger: dict[str, Any], since: str, now: float) -> Iterator[float]:
    if not trigger["Enabled"]:
        return
    if trigger["Type"] == TIME and since == "registration":
        moment = time_of(trigger["StartBoundary"])
        if moment >= now:  # a time that has gone by is no start, unless StartWhenAvailable, which is not emulated
            yield moment
    if FIRING[trigger["Type"]] == since:
        yield now + (seconds_of(trigger["Delay"]) if trigger["Delay"] else 0.0)


def due(state: State) -> list[tuple[float, str]]:
    """What fires by now: moments and tasks, the earliest first."""
    now = state.clock.now()
    found = [(each["at"], path) for path, task in state.data["tasks"].items() for each in task["due"]]
    return sorted(each for each in found if each[0] <= now)


def next_due(state: State) -> float | None:
    """When something fires next, or None."""
    return min((each["at"] for task in state.data["tasks"].values() for each in task["due"]), default=None)


def fire_due(state: State) -> list[str]:
    """Run what is due. Returns the paths of the tasks that were started, in their order."""
    started = []
    while found := due(state):
        moment, path = found[0]
        task = state.data["tasks"][path]
        task["due"].remove(next(each for each in task["due"] if each["at"] == moment))
        started.append(path)
        start(state, path, moment)
    return started


def start(state: State, path: str, moment: float | None = None) -> None:
    """Start a task. What becomes of it stands in its history; a task that is not there is an EmulatorError."""
    if path not in state.data["tasks"]:
        raise EmulatorError(f"there is no task {path}")
    task = state.data["tasks"][path]
    note: dict[str, Any] = {"at": state.clock.now() if moment is None else moment, "task": path}
    hindrance = _hindrance(state, task)
    if hindrance:
        note |= {"started": False, "why": hindrance}
    else:
        task["last_run"], task["last_result"] = note["at"], DONE
        note |= {"started": True, "actions": [_act(state, action) for action in task["actions"]]}
        task["last_result"] = next((each["result"] for each in note["actions"] if each["result"]), DONE)
    state.data.setdefault("task_history", []).append(note)


def _hindrance(state: State, task: dict[str, Any]) -> str:
    settings, principal = task["settings"], task["principal"]
    if not settings["Enabled"]:
        return "the task is disabled"
    if state.data["on_battery"] and settings["DisallowStartIfOnBatteries"]:
        return "the host runs on batteries, and the task does not start then"
    if principal["LogonType"] in (_INTERACTIVE, _GROUP):
        return "nobody is logged on, and the task needs that"
    return ""


def _act(state: State, action: dict[str, Any]) -> dict[str, Any]:
    """Run one action of a task. Returns its result and what it had to say."""
    program = str(action["Path"]).replace("/", "\\").rpartition("\\")[2].lower()
    arguments = str(action["Arguments"] or "")
    try:
        if program in ("powershell.exe", "powershell"):
            return _powershell(state, arguments)
        if program in ("netsh.exe", "netsh"):
            given = Given(Command(1, program, {}, tuple(arguments.split())), "continue")
            output = netsh_command.netsh(state, given)
            return {"result": 1 if given.failed else DONE, "output": output, "errors": []}
    except EmulatorError as error:
        return {"result": 1, "output": [], "errors": [str(error)]}
    return {"result": NOT_FOUND, "output": [], "errors": [f"the emulator has no program {action['Path']}"]}


_FILE = re.compile(r'-File\s+(?:"([^"]+)"|(\S+))\s*$', re.IGNORECASE)
_COMMAND = re.compile(r'-Command\s+(?:"([^"]*)"|(.*))\s*$', re.IGNORECASE | re.DOTALL)
_ENCODED = re.compile(r"-EncodedCommand\s+\S+\s*", re.IGNORECASE)
_SWITCHES = re.compile(
    r"(?:\s*-(?:NoProfile|NonInteractive|NoLogo|ExecutionPolicy\s+\w+|WindowStyle\s+\w+))*\s*", re.IGNORECASE
)


def _powershell(state: State, arguments: str) -> dict[str, Any]:
    head = _SWITCHES.match(arguments)
    rest = arguments[head.end() if head else 0 :]
    if found := _FILE.fullmatch(rest):
        path = found[1] or found[2]
        if not state.files.exists(path) or state.files.is_folder(path):
            return {"result": 0xFFFD0000, "output": [], "errors": [f"the script file {path} does not exist"]}
        return _told(run(state, text_of_file(state.files.read(path))), by_last_command=False)
    if found := _COMMAND.fullmatch(rest):
        return _told(run(state, found[1] if found[1] is not None else found[2]), by_last_command=True)
    if _ENCODED.fullmatch(rest):
        return _told(run(state, script_of_command(f"powershell {rest}")), by_last_command=True)
    raise EmulatorError(f"powershell.exe {arguments} is not emulated: -File, -Command and -EncodedCommand are")


def _told(outcome: Outcome, by_last_command: bool) -> dict[str, Any]:
    failed = outcome.stopped or (by_last_command and not outcome.ends_well)
    return {
        "result": 1 if failed else DONE,
        "output": list(outcome.output),
        "errors": [error.message for _command, error in outcome.errors],
    }
