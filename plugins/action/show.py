# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a written plan in words, and what changed since the approved one, and for which plan a signature is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plugin_utils.access.plans import places_of, since_approved
from ..plugin_utils.access.since_words import since_lines
from ..plugin_utils.access.words import access_data
from ..plugin_utils.faces.action import EngineAction
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
        since = since_approved(directory, plan["digest"], places_of(plan))
        signature = self.signature(variables, plan["digest"])
        host = options["host"]
        told = host_lines(read_slice(directory, host)) if host else plan_lines(plan)
        lines = [f"Plan {plan['digest']} in {directory}", *since_lines(since), *filter(None, [signature.sentence])]
        return {
            "digest": plan["digest"],
            "approved": since.digest or None,
            "approved_at": since.time or None,
            "access": access_data(since.changes.access) if since.changes is not None else None,
            "signed": str(signature.signed),
            "text": [*lines, *told],
        }
