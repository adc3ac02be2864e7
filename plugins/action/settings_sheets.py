# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes all settings sheets of a host: on the controller here, on the host with one module call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import read_slice
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.platforms.registry import DEFAULT, platform_of
from ..plugin_utils.policies.policy import RefusedError
from ..plugin_utils.sheets.collection import put_files
from ..plugin_utils.sheets.definitions import SIDES, Definition, SheetError, definitions
from ..plugin_utils.sheets.rendering import file_names, is_about, render

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "str", "default": "/etc/faxnet"},
    "collection": {"type": "str"},
    "only": {"type": "list", "elements": "str", "default": []},
    "own": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "product": {"type": "str", "required": True},
            "side": {"type": "str", "choices": list(SIDES), "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
            "template": {"type": "path", "required": True},
        },
    },
}
MODULE = "faxnet.deploy.settings_sheets_files"
COLLECTION = "sheets"  # beside the plan


class ActionModule(EngineAction):
    """The face of the settings sheets for plays."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, RefusedError, SheetError)
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Render, and write where it differs."""
        host = str(variables["inventory_hostname"])
        plan = self.locations(options, variables).plan
        chosen = _chosen(options)
        present = options["state"] == "present"
        try:
            part = read_slice(plan, host)
        except PlanFileError:
            if present:
                raise
            # A host that has left the plan can still be cleaned, if the platform that it says it has is logged in to.
            named = self.evaluate(variables.get("faxnet_platform", DEFAULT), variables)
            part = {"host": host, "traits": platform_of(named).traits.as_dict()}
        if present and options["only"]:
            _refuse_without(part, chosen)
        sheets = render(part, chosen) if present else ()
        gone = [each.name for each in chosen if each.name not in {sheet.name for sheet in sheets}]

        def wanted(stem: str) -> dict[str, str | None]:
            """Content by name; None for a file that is not to be there."""
            files: dict[str, str | None] = dict.fromkeys(name for each in gone for name in file_names(each, stem))
            for sheet in sheets:
                files.update(sheet.files(stem))
            return files

        result: dict[str, Any] = {"sheets": [sheet.name for sheet in sheets]}
        changes = []
        collection = plan.parent / COLLECTION if options["collection"] is None else options["collection"]
        if collection:
            changes = put_files(Path(collection).expanduser(), wanted(f"{host}."), check_mode=self.check_mode)
        result["changed"] = bool(changes)
        diff = [change.as_diff() for change in changes]
        if options["path"] and _can_be_written_on(part):
            answer = self._on_host(options["path"], wanted(""), variables)
            diff += answer.pop("diff", [])
            result.update(answer, changed=result["changed"] or bool(answer.get("changed")))
        return {**result, "diff": diff} if self.diff else result

    def _on_host(self, path: str, files: Mapping[str, str | None], variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=MODULE,
            module_args={
                "path": path,
                "files": {name: content for name, content in files.items() if content is not None},
                "absent": [name for name, content in files.items() if content is None],
            },
            task_vars=variables,
        )
        answer.pop("invocation", None)  # it repeats all texts
        return answer


def _can_be_written_on(part: Mapping[str, Any]) -> bool:
    """Whether a module can run there: not on somebody else's machine, an appliance, or what a person types into."""
    traits = part["traits"]
    return bool(traits["logged_in"] and traits["runs_python"])


def _chosen(options: Mapping[str, Any]) -> Sequence[Definition]:
    known = definitions(options["own"])
    if not options["only"]:
        return known
    names = {each.name for each in known}
    unknown = [name for name in options["only"] if name not in names]
    if unknown:
        raise AnsibleActionFail(f"only names the sheet {unknown[0]}, which is not one of {', '.join(sorted(names))}")
    return [each for each in known if each.name in options["only"]]


def _refuse_without(part: Mapping[str, Any], chosen: Sequence[Definition]) -> None:
    for each in chosen:
        if not is_about(each, part):
            raise AnsibleActionFail(
                f"{part['host']}: the plan names no {each.product} {each.side} here. Add the service "
                f"{' or '.join(each.services)} to faxnet_{each.key} of this host and plan again, or take the host out "
                "of this play."
            )
