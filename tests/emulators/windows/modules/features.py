# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_feature, on a server: what is named, with what it has inside and its tools where that is asked for."""

from __future__ import annotations

from typing import Any

from ..errors import ModuleFailure
from .task import Task


def feature(task: Task) -> dict[str, Any]:
    """win_feature. Raises ModuleFailure."""
    present = task["state"].lower() == "present"
    features = task.state.data["features"]
    word = "install" if present else "uninstall"
    names: list[str] = []
    for name in task["name"]:
        found = next((each for each in features if each.lower() == str(name).lower()), None)
        if found is None:
            raise ModuleFailure(
                f"Failed to {word} Windows Feature: ArgumentNotValid: The role, role service, or feature name is not "
                f"valid: '{name}'. The name was not found."
            )
        names += _with(task, found, present)
    if present and task["source"] and not task.state.files.exists(task["source"]):
        raise ModuleFailure(f"Failed to find source path {task['source']} for feature install")
    changed = [name for name in dict.fromkeys(names) if features[name]["installed"] != present]
    restart = any(features[name]["restart_needed"] for name in changed)
    if not task.check_mode:
        for name in changed:
            features[name]["installed"] = present
        task.state.data["restart_pending"] |= restart
    code = "NoChangeNeeded" if not changed else "SuccessRestartRequired" if restart else "Success"
    return {
        "changed": bool(changed),
        "feature_result": [_result(features[name]) for name in changed],
        "success": True,
        "exitcode": code,
        "reboot_required": restart,
        "failed": False,
    }


def _with(task: Task, name: str, present: bool) -> list[str]:
    """A feature and what goes along: all inside it when it is asked for, and always when it is taken away."""
    features = task.state.data["features"]
    names = [name]
    if task["include_sub_features"] or not present:
        names += [each for inside in features[name]["sub_features"] for each in _with(task, inside, present)]
    if task["include_management_tools"]:
        names += features[name]["management_tools"]
    return names


def _result(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "display_name": entry["display_name"],
        "message": [],
        "reboot_required": entry["restart_needed"],
        "skip_reason": "NotSkipped",
        "success": True,
    }
