# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a packet through a written plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import read_plan, read_slice
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.policies.policy import RefusedError
from ..plugin_utils.tracing.trace import Packet, TraceError, trace

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "source": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "transport": {"type": "str", "default": "tcp"},
    "port": {"type": "int"},
    "source_port": {"type": "int"},
}


class ActionModule(EngineAction):
    """The face of :func:`trace.trace` for plays."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, RefusedError, TraceError)

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the verdict."""
        directory = self.locations(options, variables).plan
        packet = Packet(*(options[name] for name in ("source", "destination", "transport", "port", "source_port")))
        verdict = trace(read_plan(directory), partial(read_slice, directory), packet)
        return {**verdict.as_dict(), "text": verdict.text().splitlines()}
