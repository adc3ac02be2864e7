# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a host's own slice of the plan, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.faces.group_names import group_names
from ..plugin_utils.plan_files.directory import is_planned, read_slice

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "host": {"type": "str"},
    "missing": {"type": "str", "choices": ["fail", "empty"], "default": "fail"},
}


class ActionModule(EngineAction):
    """The face of :func:`directory.read_slice` for plays."""

    argument_spec = ARGUMENTS

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the slice."""
        host = options["host"] or variables["inventory_hostname"]
        directory = self.locations(options, variables).plan
        if options["missing"] == "empty" and not is_planned(directory, host):
            found: dict[str, Any] = {"host": host, "roles": [], "offers": [], "uses": []}
        else:
            found = read_slice(directory, host)
        return {"directory": str(directory), "slice": found, "roles": found["roles"], "groups": group_names(found)}
