# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_scheduled_task_stat of community.windows."""

from __future__ import annotations

from typing import Any

from .. import scheduler
from ..clock import sortable
from .task import Task
from .tasks import folder_of

_LOGON_TYPES = ("NONE", "PASSWORD", "S4U", "INTERACTIVE_TOKEN", "GROUP", "SERVICE_ACCOUNT",
                "INTERACTIVE_TOKEN_OR_PASSWORD")  # fmt: skip
_RUN_LEVELS = ("TASK_RUNLEVEL_LUA", "TASK_RUNLEVEL_HIGHEST")


def scheduled_task_stat(task: Task) -> dict[str, Any]:
    """win_scheduled_task_stat."""
    folder, name = folder_of(task["path"]), task["name"]
    inside = [each for each in task.state.data["tasks"].values() if each["path"].lower() == folder.lower()]
    if not inside and folder != "\\":
        return {"folder_exists": False, **({"task_exists": False} if name is not None else {})}
    result: dict[str, Any] = {
        "folder_exists": True,
        "folder_task_names": sorted(each["name"] for each in inside),
        "folder_task_count": len(inside),
    }
    if name is None:
        return result
    found = next((each for each in inside if each["name"].lower() == name.lower()), None)
    if found is None:
        return {**result, "task_exists": False}
    return {**result, "task_exists": True, **_described(found)}


def _described(entry: dict[str, Any]) -> dict[str, Any]:
    upcoming = min((due["at"] for due in entry["due"]), default=None)
    principal = entry["principal"]
    return {
        "state": {
            "last_run_time": sortable(entry["last_run"]),
            "last_task_result": entry["last_result"],
            "next_run_time": sortable(upcoming),
            "number_of_missed_runs": 0,
            "status": "TASK_STATE_READY" if entry["settings"]["Enabled"] else "TASK_STATE_DISABLED",
        },
        "principal": {
            "display_name": principal["DisplayName"],
            "group_id": principal["GroupId"],
            "id": "Author",
            "logon_type": f"TASK_LOGON_{_LOGON_TYPES[principal['LogonType']]}",
            "run_level": _RUN_LEVELS[principal["RunLevel"]],
            "user_id": principal["UserId"],
        },
        "registration_info": {key.lower(): value for key, value in entry["registration"].items()},
        "settings": {_snake(key): value for key, value in entry["settings"].items()},
        "actions": [{"type": "TASK_ACTION_EXEC", **_snaked(action)} for action in entry["actions"]],
        "triggers": [
            {**_snaked(trigger), "type": f"TASK_TRIGGER_{scheduler.FIRING[trigger['Type']].upper()}"}
            for trigger in entry["triggers"]
        ],
    }


def _snaked(properties: dict[str, Any]) -> dict[str, Any]:
    return {_snake(key): value for key, value in properties.items()}


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() and place else sign.lower() for place, sign in enumerate(name))
