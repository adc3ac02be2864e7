# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a host's own slice of the plan, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    from ..plugin_utils.basics.addresses import NETADDR_MISSING
    from ..plugin_utils.faces.plan_extracts import group_names
    from ..plugin_utils.plan_files import directory as files
    from ..plugin_utils.plan_files.locations import find_places
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = NETADDR_MISSING

ARGUMENTS = {
    "directory": {"type": "path"},
    "host": {"type": "str"},
    "missing": {"type": "str", "choices": ["fail", "empty"], "default": "fail"},
}


class ActionModule(ActionBase):
    """The face of :func:`files.read_slice` for plays."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the slice."""
        if MISSING is not None:
            raise AnsibleActionFail(f"The controller's Python lacks a library: {MISSING}. Install netaddr and PyYAML.")
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENTS)
        variables = task_vars or {}
        host = options["host"] or variables["inventory_hostname"]
        directory = find_places(options, variables, self._evaluate).plan
        try:
            if options["missing"] == "empty" and not _is_planned(directory, host):
                found: dict[str, Any] = {"host": host, "roles": [], "offers": [], "uses": []}
            else:
                found = files.read_slice(directory, host)
        except files.PlanFileError as error:
            # From None: ansible would print the same sentence again for each cause.
            raise AnsibleActionFail(str(error)) from None
        groups = group_names(found)
        return {**result, "changed": False, "slice": found, "roles": found["roles"], "groups": groups}

    def _evaluate(self, value: Any, variables: dict[str, Any]) -> Any:
        return self._templar.copy_with_new_env(available_variables=variables).template(value)


def _is_planned(directory: Path, host: str) -> bool:
    """Whether there is no plan at all (which reading the slice will say), or one with a part for this host."""
    return not files.written_digest(directory) or (directory / files.HOSTS_DIRECTORY / f"{host}.json").exists()
