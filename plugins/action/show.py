# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a written plan in words, and what changed since the approved one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.access.plans import access_between
from ..plugin_utils.access.words import access_data, access_lines
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.approved import approved_digest, approved_directory
from ..plugin_utils.plan_files.directory import read_plan, read_slice
from ..plugin_utils.plan_files.overview import host_lines, plan_lines

ARGUMENTS: dict[str, dict[str, Any]] = {"directory": {"type": "path"}, "host": {"type": "str"}}


class ActionModule(EngineAction):
    """The face of a plan for people at a terminal."""

    argument_spec = ARGUMENTS
    BYPASS_HOST_LOOP = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the plan in words."""
        directory = self.locations(options, variables).plan
        plan = read_plan(directory)
        approved = approved_digest(directory)
        host = options["host"]
        told = host_lines(read_slice(directory, host)) if host else plan_lines(plan)
        result: dict[str, Any] = {"digest": plan["digest"], "approved": approved or None, "access": None}
        lines = [f"Plan {plan['digest']} in {directory}"]
        if approved and approved != plan["digest"]:
            changes = access_between(approved_directory(directory), directory)
            result["access"] = access_data(changes)
            lines += [f"The approved plan is another one: {approved}. Since then:"]
            lines += [f"  {line}" for line in access_lines(changes)]
        else:
            lines.append("This is the approved plan." if approved else "No plan has been approved so far.")
        return {**result, "text": [*lines, *told]}
