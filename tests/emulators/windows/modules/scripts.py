# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_powershell: a script of straight lines."""

from __future__ import annotations

import re
from typing import Any

from .. import script as scripts
from ..errors import CommandError, EmulatorError
from ..powershell_lines import Command
from .task import Task

_CATEGORIES = {
    "NotSpecified": 0,
    "InvalidArgument": 5,
    "InvalidOperation": 7,
    "ObjectNotFound": 13,
    "ResourceExists": 20,
}
_EMPTY: dict[str, Any] = {
    "result": {},
    "host_out": "",
    "host_err": "",
    **{name: [] for name in ("output", "error", "warning", "verbose", "debug", "information")},
}


def powershell(task: Task) -> dict[str, Any]:
    """win_powershell. Raises ScriptError for a script that is more than straight lines; nothing has run then."""
    for option in ("arguments", "chdir", "executable", "parameters", "sensitive_parameters", "path"):
        if task[option] is not None:
            raise EmulatorError(f"win_powershell: {option} is not emulated")
    files = task.state.files
    for option, skips in (("creates", True), ("removes", False)):
        if task[option] and files.exists(task[option]) == skips:
            word = "exists" if skips else "does not exist"
            return {**_EMPTY, "changed": False, "msg": f"skipped, since {task[option]} {word}"}
    text, action = task["script"], task["error_action"].lower().replace("_", "")
    scripts.checked(text)
    if task.check_mode:  # the scripts here have no CmdletBinding(SupportsShouldProcess)
        return {**_EMPTY, "changed": True, "msg": "skipped, running in check mode"}
    outcome = scripts.run(task.state, text, action)
    return {
        **_EMPTY,
        "changed": True,
        "failed": outcome.stopped,
        "output": list(outcome.output),
        "error": [_shown(text, command, error) for command, error in outcome.errors],
    }


def _shown(script: str, command: Command, error: CommandError) -> dict[str, Any]:
    line = re.split(r"\r?\n", script)[command.line - 1].strip()
    return {
        "output": f"{command.name} : {error.message}\r\nAt line:{command.line} char:1\r\n+ {line}\r\n",
        "error_details": None,
        "exception": {"message": error.message, "type": "System.Exception"},
        "target_object": None,
        "category_info": {
            "category": error.category,
            "category_id": _CATEGORIES[error.category],
            "activity": command.name,
            "reason": "Exception",
            "target_name": "",
            "target_type": "",
        },
        "fully_qualified_error_id": error.error_id,
        "script_stack_trace": f"at <ScriptBlock>, <No file>: line {command.line}",
        "pipeline_iteration_info": [0, 0],
    }
