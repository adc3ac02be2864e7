# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a packet through a written plan."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    from ..plugin_utils.basics.addresses import NETADDR_MISSING
    from ..plugin_utils.plan_files import directory as files
    from ..plugin_utils.plan_files.locations import find_places
    from ..plugin_utils.tracing.trace import TRANSPORTS, Packet, TraceError, trace
except ImportError as error:
    MISSING: ImportError | None = error
    TRANSPORTS = ("tcp", "udp")
else:
    MISSING = NETADDR_MISSING

ARGUMENTS = {
    "directory": {"type": "path"},
    "source": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "transport": {"type": "str", "choices": list(TRANSPORTS), "default": "tcp"},
    "port": {"type": "int", "required": True},
    "source_port": {"type": "int"},
}


class ActionModule(ActionBase):
    """The face of :func:`trace.trace` for plays."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the verdict."""
        if MISSING is not None:
            raise AnsibleActionFail(f"The controller's Python lacks a library: {MISSING}. Install netaddr and PyYAML.")
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENTS)
        variables = task_vars or {}
        directory = find_places(options, variables, self._evaluate).plan
        packet = Packet(*(options[name] for name in ("source", "destination", "transport", "port", "source_port")))
        try:
            verdict = trace(files.read_plan(directory), partial(files.read_slice, directory), packet)
        except (files.PlanFileError, TraceError) as error:
            # From None: ansible would print the same sentence again for each cause.
            raise AnsibleActionFail(str(error)) from None
        return {**result, "changed": False, **verdict.as_dict(), "text": verdict.text().splitlines()}

    def _evaluate(self, value: Any, variables: dict[str, Any]) -> Any:
        return self._templar.copy_with_new_env(available_variables=variables).template(value)
