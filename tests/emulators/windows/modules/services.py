# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_service and win_service_info."""

from __future__ import annotations

from typing import Any

from ..errors import EmulatorError, ModuleFailure
from ..paths import expanded
from ..state import service as new_service
from .task import Task

_SYSTEM = "NT AUTHORITY\\SYSTEM"
_ACCOUNTS = {
    "localsystem": _SYSTEM, "system": _SYSTEM, "nt authority\\system": _SYSTEM, "s-1-5-18": _SYSTEM,
    "localservice": "NT AUTHORITY\\LOCAL SERVICE", "nt authority\\localservice": "NT AUTHORITY\\LOCAL SERVICE",
    "networkservice": "NT AUTHORITY\\NETWORK SERVICE",
    "nt authority\\networkservice": "NT AUTHORITY\\NETWORK SERVICE",
}  # fmt: skip

#: Options that are set as they are: None leaves the service's own, and case counts.
_PLAIN = ("display_name", "error_control", "service_type", "sid_info", "start_mode", "pre_shutdown_timeout_ms",
          "failure_actions", "failure_actions_on_non_crash_failure", "failure_reset_period_sec")  # fmt: skip
#: Those that an empty text takes away.
_REMOVABLE = ("description", "failure_command", "failure_reboot_msg")
#: Those whose order makes no difference.
_SETS = ("required_privileges",)
_DETECTED = (*_PLAIN, *_REMOVABLE, *_SETS, "load_order_group", "dependencies", "path", "state", "username", "password")


def _named(task: Task, name: str) -> str | None:
    """The service that a name or display name means."""
    services = task.state.data["services"]
    wanted = name.lower()
    return next(
        (key for key, entry in services.items() if wanted in (key.lower(), entry["display_name"].lower())), None
    )


def service(task: Task) -> dict[str, Any]:
    """win_service. Raises ModuleFailure."""
    services = task.state.data["services"]
    name = _named(task, task["name"])
    before = _described(name, services[name]) if name is not None else ""
    if task["state"] == "absent":
        if name is not None and not task.check_mode:
            del services[name]
        return {"changed": name is not None, "exists": False, **_diff(task, before, "")}
    if name is None and not _wants_anything(task):
        return {"exists": False}
    created = name is None
    if name is None:
        name = task["name"]
        if task["path"] is None:
            raise ModuleFailure(f"Service '{name}' is not installed, need to set 'path' to create a new service")
        entry = new_service(name, path=expanded(task["path"]))
        if task.check_mode:  # nothing is compared with a service that is not there
            return {"changed": True, "exists": True, "name": name, "path": entry["path"]}
        services[name] = entry
    wanted = _changed(task, services[name])
    changed = created or wanted != services[name] or task["state"] == "restarted"
    if task["password"] and (created or task["update_password"] == "always"):  # noqa: S105 - a word of an option
        changed = True
    if not task.check_mode:
        services[name] = wanted
    shown = services[name] if task.check_mode else wanted
    return {"changed": changed, **_result(task, name, shown), **_diff(task, before, _described(name, wanted))}


def _wants_anything(task: Task) -> bool:
    given = any(task[option] is not None for option in _DETECTED)
    return given or task["dependency_action"] != "set" or task["desktop_interact"]


def _changed(task: Task, entry: dict[str, Any]) -> dict[str, Any]:
    """The service as the options want it. Raises ModuleFailure."""
    wanted = dict(entry)
    wanted |= {option: task[option] for option in _PLAIN if task[option] not in (None, "")}
    wanted |= {option: task[option] or None for option in _REMOVABLE if task[option] is not None}
    for option in _SETS:
        if task[option] is not None and set(task[option]) != set(entry[option]):
            wanted[option] = task[option]
    if task["load_order_group"] is not None:
        wanted["load_order_group"] = task["load_order_group"]
    if task["path"]:
        wanted["path"] = expanded(task["path"])
    if task["username"]:
        wanted["username"] = _account(task["username"])
    wanted["desktop_interact"] = task["desktop_interact"]
    if wanted["desktop_interact"] and wanted["username"] != _SYSTEM:
        raise ModuleFailure("Can only set 'desktop_interact' to true when 'username' equals 'SYSTEM'")
    if task["dependencies"] is not None:
        wanted["dependencies"] = _dependencies(entry["dependencies"], task["dependencies"], task["dependency_action"])
    wanted["state"] = _state(task, wanted)
    if task["state"] == "restarted" or (wanted["state"] == "started" and entry["state"] != "started"):
        wanted["starts"] += 1
    return wanted


def _dependencies(existing: list[str], given: list[str], action: str) -> list[str]:
    if action == "remove":
        return [each for each in existing if each not in given]
    kept = existing if action == "add" else [each for each in existing if each in given]
    return [*kept, *(each for each in given if each not in kept)]


def _account(name: str) -> str:
    found = _ACCOUNTS.get(name.lower())
    if found is None:
        raise EmulatorError(
            f"win_service: the account {name!r} is not emulated: {', '.join(sorted(set(_ACCOUNTS)))} are"
        )
    return found


def _state(task: Task, wanted: dict[str, Any]) -> str:
    state = task["state"]
    if state in ("started", "restarted") and wanted["state"] != "started" and wanted["start_mode"] == "disabled":
        raise ModuleFailure(
            f"Unhandled exception while executing module: Service '{wanted['display_name']} ({task['name']})' cannot "
            f"be started due to the following error: Cannot start service {task['name']} on computer '.'."
        )
    if state == "paused" and not wanted["can_pause"]:
        raise ModuleFailure(f"failed to pause service {task['name']}: The service does not support pausing")
    return str({"restarted": "started", None: wanted["state"]}.get(state, state))


def _described(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    own = ("can_pause", "starts")  # what only the emulator keeps
    return {"name": name, **{key: value for key, value in entry.items() if key not in own}, "password": "REDACTED"}


def _result(task: Task, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    username = "LocalSystem" if entry["username"] == _SYSTEM else entry["username"]
    kept = ("dependencies", "description", "desktop_interact", "display_name", "path", "start_mode")
    return {
        "exists": True,
        "name": name,
        **{key: entry[key] for key in kept},
        "username": username,
        "state": "running" if entry["state"] == "started" else entry["state"],
        "can_pause_and_continue": entry["can_pause"],
        "depended_by": _depended_by(task, name),
    }


def _depended_by(task: Task, name: str) -> list[str]:
    services = task.state.data["services"]
    return sorted(each for each, entry in services.items() if name.lower() in map(str.lower, entry["dependencies"]))


def _diff(task: Task, before: Any, after: Any) -> dict[str, Any]:
    return {"diff": {"before": before, "after": after}} if task.diff else {}


def service_info(task: Task) -> dict[str, Any]:
    """win_service_info. Raises EmulatorError for a name with wildcards."""
    services = task.state.data["services"]
    if task["name"] is None:
        names = sorted(services)
    elif any(sign in task["name"] for sign in "*?["):
        raise EmulatorError("win_service_info: wildcards are not emulated")
    else:
        found = _named(task, task["name"])
        names = [] if found is None else [found]
    shown = [_info(task, name, services[name]) for name in names]
    return {"exists": bool(shown), "services": shown}


def _info(task: Task, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    described = _described(name, entry)
    del described["password"]
    running = entry["state"] == "started"
    return {
        **described,
        "checkpoint": 0,
        "controls_accepted": ["stop", "shutdown"] if running else [],
        "dependency_of": _depended_by(task, name),
        "launch_protection": "none",
        "preferred_node": None,
        "process_id": 4000 + sum(map(ord, name)) if running else 0,
        "service_exit_code": 0,
        "service_flags": [],
        "triggers": [],
        "wait_hint_ms": 0,
        "win32_exit_code": 0,
    }
