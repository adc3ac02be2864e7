# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_scheduled_task of community.windows: its source's comparisons on the tasks of the host."""

from __future__ import annotations

import datetime
import re
from typing import Any

from .. import scheduler
from ..clock import seconds_of
from ..errors import EmulatorError, ModuleFailure
from .task import Task

#: TASK_TRIGGER_TYPE2; only those of C(scheduler.FIRING) are emulated.
_TRIGGER_TYPES = {"event": 0, "time": 1, "daily": 2, "weekly": 3, "monthly": 4, "monthlydow": 5, "idle": 6,
                  "registration": 7, "boot": 8, "logon": 9, "session_state_change": 11}  # fmt: skip
_TRIGGER_OPTIONS = {
    scheduler.TIME: (
        ("start_boundary",),
        ("enabled", "end_boundary", "execution_time_limit", "random_delay", "repetition"),
    ),
    scheduler.REGISTRATION: (
        (),
        ("delay", "enabled", "end_boundary", "execution_time_limit", "start_boundary", "repetition"),
    ),
    scheduler.BOOT: ((), ("delay", "enabled", "end_boundary", "execution_time_limit", "start_boundary", "repetition")),
}
_ACTION_OPTIONS = (("path",), ("arguments", "working_directory"))
_LOGON_TYPES = {"none": 0, "password": 1, "s4u": 2, "interactive_token": 3, "group": 4, "service_account": 5,
                "interactive_token_or_password": 6}  # fmt: skip
_ACCOUNTS = {
    "system": "S-1-5-18",
    "localsystem": "S-1-5-18",
    "nt authority\\system": "S-1-5-18",
    "s-1-5-18": "S-1-5-18",
    "local service": "S-1-5-19",
    "nt authority\\local service": "S-1-5-19",
    "s-1-5-19": "S-1-5-19",
    "network service": "S-1-5-20",
    "nt authority\\network service": "S-1-5-20",
    "s-1-5-20": "S-1-5-20",
}
_NAMES = {"S-1-5-18": "NT AUTHORITY\\SYSTEM", "S-1-5-19": "NT AUTHORITY\\LOCAL SERVICE",
          "S-1-5-20": "NT AUTHORITY\\NETWORK SERVICE"}  # fmt: skip

#: A new task's settings (ITaskSettings' documented defaults), each with its option.
SETTINGS: dict[str, tuple[Any, str]] = {
    "AllowDemandStart": (True, "allow_demand_start"),
    "AllowHardTerminate": (True, "allow_hard_terminate"),
    "Compatibility": (2, "compatibility"),
    "DeleteExpiredTaskAfter": ("", "delete_expired_task_after"),
    "DisallowStartIfOnBatteries": (True, "disallow_start_if_on_batteries"),
    "ExecutionTimeLimit": ("PT72H", "execution_time_limit"),
    "Enabled": (True, "enabled"),
    "Hidden": (False, "hidden"),
    "MultipleInstances": (2, "multiple_instances"),
    "Priority": (7, "priority"),
    "RestartCount": (0, "restart_count"),
    "RestartInterval": ("", "restart_interval"),
    "RunOnlyIfIdle": (False, "run_only_if_idle"),
    "RunOnlyIfNetworkAvailable": (False, "run_only_if_network_available"),
    "StartWhenAvailable": (False, "start_when_available"),
    "StopIfGoingOnBatteries": (True, "stop_if_going_on_batteries"),
    "WakeToRun": (False, "wake_to_run"),
}
REGISTRATION = {
    "Author": "author",
    "Date": "date",
    "Description": "description",
    "Source": "source",
    "Version": "version",
}


def scheduled_task(task: Task) -> dict[str, Any]:
    """win_scheduled_task. Raises ModuleFailure; EmulatorError for triggers and accounts that are not emulated."""
    name, folder = task["name"], folder_of(task["path"])
    if re.search(r'[\\/:*?"<>|]', name):
        raise ModuleFailure(f"Invalid task name '{name}'. The following characters are not valid: \\/:*?\"<>|")
    wanted = _wanted(task)
    tasks = task.state.data["tasks"]
    path = _join(folder, name)
    found = next((each for each in tasks if each.lower() == path.lower()), None)
    if task["state"] == "absent":
        if found is not None and not task.check_mode:
            del tasks[found]
        diff = f"-[Task]\n-{path}\n" if found is not None else None
        return {"changed": found is not None, **_diff(task, diff)}
    lines: list[str] = []
    if found is None:
        if not wanted["actions"]:
            raise ModuleFailure(
                "cannot create a task with no actions, set at least one action with a path to an executable"
            )
        lines.append(f"+[Task]\n+{path}\n\n[Actions]\n{_created(wanted['actions'])}")
        if task.check_mode:  # what is not there is not configured either
            return {"changed": True, **_diff(task, lines[0])}
        # First the bare task, without firing anything; then all the rest of it, which registers it anew.
        tasks[path] = _new(name, folder, wanted["actions"])
        found = path
    changes = _changes(tasks[found], wanted)
    lines += changes
    rearm = bool(changes) or (task["password"] is not None and task["update_password"])
    if rearm and not task.check_mode:
        _register(task, found, wanted)
    return {"changed": bool(lines) or rearm, **_diff(task, "\n".join(lines).strip() if lines else None)}


def folder_of(path: str) -> str:
    """A task folder's path with a slash in front and none behind."""
    full = path if path.startswith("\\") else f"\\{path}"
    return full[:-1] if full.endswith("\\") and len(full) > 1 else full


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip(chr(92))}\\{name}"


def _diff(task: Task, text: str | None) -> dict[str, Any]:
    return {} if not task.diff else {"diff": {} if text is None else {"prepared": text}}


def _new(name: str, folder: str, actions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "path": folder,
        "actions": actions,
        "triggers": [],
        # Whoever registers a task without saying more is its user, and has to be logged on for it to run.
        "principal": {"DisplayName": "", "UserId": "Administrator", "GroupId": None, "LogonType": 3, "RunLevel": 0},
        "settings": {key: default for key, (default, _option) in SETTINGS.items()},
        "registration": dict.fromkeys(REGISTRATION),
        "due": [],
        "last_run": None,
        "last_result": scheduler.NOT_YET_RUN,
    }


def _wanted(task: Task) -> dict[str, Any]:
    """What the options say, by the scheduler's own names; None where they say nothing. Raises ModuleFailure."""
    actions = None if task["actions"] is None else [_action(each) for each in task["actions"]]
    triggers = None if task["triggers"] is None else [_trigger(each) for each in task["triggers"]]
    _see_settings(task, triggers or [])
    return {
        "actions": actions,
        "triggers": triggers,
        "principal": _principal(task),
        "settings": _typed({key: task[option] for key, (_default, option) in SETTINGS.items()}),
        "registration": {key: task[option] for key, option in REGISTRATION.items()},
    }


def _see_settings(task: Task, triggers: list[dict[str, Any]]) -> None:
    """See that no setting asks for what the emulator's scheduler does not do. Raises EmulatorError."""
    for option in ("delete_expired_task_after", "restart_count", "restart_interval", "run_only_if_idle"):
        if task[option]:
            raise EmulatorError(f"a task with {option} is not emulated")
    if task["start_when_available"] and any(trigger["Type"] == scheduler.TIME for trigger in triggers):
        raise EmulatorError("a time that was missed is not made up for: start_when_available with it is not emulated")


def _typed(settings: dict[str, Any]) -> dict[str, Any]:
    if settings["ExecutionTimeLimit"]:
        _duration("ExecutionTimeLimit", settings["ExecutionTimeLimit"])
    return settings


def _action(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or "path" not in given:
        raise ModuleFailure("action entry must contain the key 'path'")
    unknown = set(given) - {*_ACTION_OPTIONS[0], *_ACTION_OPTIONS[1]}
    if unknown:
        raise ModuleFailure(
            f"an action has no key {', '.join(sorted(unknown))} (a real host overlooks it with a warning)"
        )
    return {
        "Path": given["path"],
        "Arguments": given.get("arguments"),
        "WorkingDirectory": given.get("working_directory"),
    }


def _trigger(given: Any) -> dict[str, Any]:
    valid = "', '".join(_TRIGGER_TYPES)
    if not isinstance(given, dict) or "type" not in given:
        raise ModuleFailure(f"a trigger entry must contain a key 'type' with a value of '{valid}'")
    if given["type"] not in _TRIGGER_TYPES:
        raise ModuleFailure(
            f"the specified trigger type '{given['type']}' is not valid, type must be a value of '{valid}'"
        )
    kind = _TRIGGER_TYPES[given["type"]]
    if kind not in scheduler.FIRING:
        raise EmulatorError(
            f"triggers of the type {given['type']} are not emulated, {sorted(scheduler.FIRING.values())} are"
        )
    mandatory, optional = _TRIGGER_OPTIONS[kind]
    for key in mandatory:
        if key not in given:
            raise ModuleFailure(
                f"mandatory key '{key}' for trigger is not set, mandatory keys are '{', '.join(mandatory)}'"
            )
    unknown = set(given) - {"type", *mandatory, *optional}
    if unknown:
        raise ModuleFailure(
            f"a trigger has no key {', '.join(sorted(unknown))} (a real host overlooks it with a warning)"
        )
    for key in ("repetition", "end_boundary", "random_delay"):
        if given.get(key) is not None:
            raise EmulatorError(f"a trigger's {key} is not emulated")
    for key in ("execution_time_limit", "delay"):
        if given.get(key) is not None:
            _duration(key, given[key])
    return {
        "Type": kind,
        "Enabled": _truth(given.get("enabled", True)),
        "Delay": given.get("delay"),
        "StartBoundary": _boundary(given.get("start_boundary")),
        "ExecutionTimeLimit": given.get("execution_time_limit"),
    }


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ModuleFailure(f"failed to set trigger property 'Enabled' to '{value}': no Boolean")
    return value


def _boundary(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return datetime.datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        raise ModuleFailure(
            f"trigger option 'start_boundary' must be in the format 'YYYY-MM-DDThh:mm:ss' format but was '{text}'"
        ) from None


def _duration(key: str, text: str) -> None:
    try:
        seconds_of(text)
    except ValueError:
        raise ModuleFailure(f"trigger option '{key}' must be in the XML duration format but was '{text}'") from None


def _principal(task: Task) -> dict[str, Any]:
    username, logon = task["username"], task["logon_type"]
    if username is not None and task["group"] is not None:
        raise ModuleFailure("username and group can not be set at the same time")
    if task["group"] is not None:
        raise EmulatorError("a task of a group is not emulated")
    sid = None if username is None else _ACCOUNTS.get(username.lower())
    if username is not None and sid is None:
        raise EmulatorError(
            f"a task of the user {username!r} is not emulated: SYSTEM and the two services' accounts are"
        )
    if logon == "s4u" and task["password"] is None:
        raise ModuleFailure("password must be set when logon_type=s4u")
    if logon == "service_account" and sid is None:
        raise ModuleFailure("username must be SYSTEM, LOCAL SERVICE or NETWORK SERVICE when logon_type=service_account")
    levels = {"limited": 0, "highest": 1, None: None}
    return {
        "DisplayName": task["display_name"],
        "LogonType": None if logon is None else _LOGON_TYPES[logon.lower()],
        "RunLevel": levels[task["run_level"]],
        "UserId": None if sid is None else _NAMES[sid],
    }


def _created(actions: list[dict[str, Any]]) -> str:
    text = ""
    for action in actions:
        text += f"+action[0] = {{\n  +Type=TASK_ACTION_EXEC,\n  +Path={action['Path']}\n"
        text += f"  +Arguments={action['Arguments']}\n" if action["Arguments"] is not None else ""
        text += f"  +WorkingDirectory={action['WorkingDirectory']}\n" if action["WorkingDirectory"] is not None else ""
        text += "+}\n"
    return text


def _changes(existing: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What differs, as lines of the diff in the order of the module's sections."""
    sections = [
        ("[Actions]", _list_changes("action", existing["actions"], wanted["actions"])),
        ("[Principal]", _value_changes(existing["principal"], wanted["principal"])),
        ("[Registration Info]", _value_changes(existing["registration"], wanted["registration"])),
        ("[Settings]", _value_changes(existing["settings"], wanted["settings"])),
        ("[Triggers]", _list_changes("trigger", existing["triggers"], wanted["triggers"])),
    ]
    return [line for head, lines in sections if lines for line in (head, *lines, "\n")]


def _value_changes(existing: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [
        f"-{key}={existing[key]}\n+{key}={value}"
        for key, value in wanted.items()
        if value is not None and value != existing[key]
    ]


def _list_changes(name: str, existing: list[dict[str, Any]], wanted: list[dict[str, Any]] | None) -> list[str]:
    if wanted is None:
        return []
    found = []
    for place in range(max(len(existing), len(wanted))):
        old = existing[place] if place < len(existing) else {}
        new = wanted[place] if place < len(wanted) else {}
        keys = [key for key in (old or new) if old.get(key) != new.get(key) and (new.get(key) is not None or not new)]
        if keys:
            inside = [f"-{key}={old[key]}" for key in keys if old.get(key) is not None]
            inside += [f"+{key}={new[key]}" for key in keys if new.get(key) is not None]
            sign = "+" if not old else "-" if not new else ""
            found.append(f"{sign}{name}[{place}] = {{\n  " + ",\n  ".join(inside) + f"\n{sign}}}")
    return found


def _register(task: Task, path: str, wanted: dict[str, Any]) -> None:
    entry = task.state.data["tasks"][path]
    for part in ("actions", "triggers"):
        if wanted[part] is not None:
            entry[part] = wanted[part]
    for part in ("principal", "settings", "registration"):
        entry[part] |= {key: value for key, value in wanted[part].items() if value is not None}
    if wanted["principal"]["UserId"] is not None:
        # Registered for a service's account, a task needs nobody to be logged on, whatever was written before.
        entry["principal"]["LogonType"] = 5
    scheduler.arm(task.state, path, "registration")
