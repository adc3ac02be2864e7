# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes all settings sheets of a host: on the controller here, on the host with one module call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import read_plan, read_slice
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.policies.policy import RefusedError
from ..plugin_utils.sheets.collection import Change, put_files
from ..plugin_utils.sheets.definitions import SIDES, Definition, SheetError, definitions
from ..plugin_utils.sheets.leftovers import COLLECTION, remove_sheets_of_others, written_sheets
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
            part = {"host": host, "traits": self.platform(variables).traits.as_dict()}
        if present and options["only"]:
            _refuse_without(part, chosen)
        sheets = render(part, chosen) if present else ()
        made = {sheet.name for sheet in sheets}
        # Without a choice, what an earlier choice of the user's own sheets left is none of them any more.
        everything = not options["only"]

        def wanted(stem: str, there: Iterable[str] = ()) -> dict[str, str | None]:
            """Content by name; None for a file that is not to be there."""
            gone = ({each.name for each in chosen} | set(there)) - made
            names = (name for each in sorted(gone) for name in file_names(each, stem))
            files: dict[str, str | None] = dict.fromkeys(names)
            for sheet in sheets:
                files.update(sheet.files(stem))
            return files

        result: dict[str, Any] = {"sheets": [sheet.name for sheet in sheets]}
        changes = []
        collection = plan.parent / COLLECTION if options["collection"] is None else options["collection"]
        if collection:
            folder = Path(collection).expanduser()
            there = [each.sheet for each in written_sheets(folder, host)] if everything else []
            changes = put_files(folder, wanted(f"{host}.", there), check_mode=self.check_mode)
            if everything and _is_first(host, variables):
                changes += self._remove_others(plan, folder, variables)
        result["changed"] = bool(changes)
        diff = [change.as_diff() for change in changes]
        if options["path"] and _can_be_written_on(part):
            answer = self._on_host(options["path"], wanted(""), host if everything else "", variables)
            diff += answer.pop("diff", [])
            result.update(answer, changed=result["changed"] or bool(answer.get("changed")))
        return {**result, "diff": diff} if self.diff else result

    def _remove_others(self, plan: Path, folder: Path, variables: Mapping[str, Any]) -> list[Change]:
        """Remove the sheets of hosts that are neither in the plan nor in this play; once for all hosts."""
        try:
            planned = read_plan(plan)["hosts"]
        except PlanFileError:
            return []  # what does not say who is planned says of nobody that he is not
        kept = {**planned, **dict.fromkeys(variables.get("ansible_play_hosts_all") or ())}
        return remove_sheets_of_others(folder, kept, check_mode=self.check_mode)

    def _on_host(
        self, path: str, files: Mapping[str, str | None], only_of: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=MODULE,
            module_args={
                "path": path,
                "files": {name: content for name, content in files.items() if content is not None},
                "absent": [name for name, content in files.items() if content is None],
                "others_of": only_of,
            },
            task_vars=variables,
        )
        answer.pop("invocation", None)  # it repeats all texts
        return answer


def _is_first(host: str, variables: Mapping[str, Any]) -> bool:
    """Whether a host is the one that does what is done once for all hosts of a play."""
    return host == next(iter(variables.get("ansible_play_hosts") or ()), host)


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
