# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the whole inventory, once, whatever the number of hosts and whatever --limit says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail

from ..plugin_utils.access.changes import PlanAccess, access_changes
from ..plugin_utils.access.plans import add
from ..plugin_utils.access.words import access_data, access_lines
from ..plugin_utils.basics.findings import Severity
from ..plugin_utils.basics.gc_pause import gc_pause
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.faces.login_defaults import login_defaults
from ..plugin_utils.faces.places import Places
from ..plugin_utils.faces.resolver import resolve
from ..plugin_utils.inventory import collecting as collect
from ..plugin_utils.plan_files import terminal_text
from ..plugin_utils.plan_files.changes import changed_slices, difference, hosts_of, lock_difference
from ..plugin_utils.plan_files.directory import is_current, write_plan
from ..plugin_utils.plan_files.locations import Locations, inventory_directory, locations_of
from ..plugin_utils.plan_files.lock_file import LockFile, read_lock_file
from ..plugin_utils.plan_files.plan_json import PlanDocuments
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.planning.plan import Inputs, Plan, make_plan
from ..plugin_utils.sheets.definitions import SheetError
from ..plugin_utils.sheets.leftovers import remove_leftovers

ARGUMENTS: dict[str, dict[str, Any]] = {"directory": {"type": "path"}, "lock": {"type": "path"}}


class ActionModule(EngineAction):
    """The face of the engine for plays."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, SheetError)
    BYPASS_HOST_LOOP = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Plan, and write the plan and the lock file where they differ."""
        hostvars = variables["hostvars"]
        if not len(hostvars):
            raise AnsibleActionFail("The inventory holds no host. Pass one with -i.")
        read = _reader(hostvars)
        with gc_pause():
            collected = collect.collect(hostvars, read, self.evaluator(hostvars), self.vault_test())
        beside = inventory_directory(variables.get("ansible_inventory_sources") or (), variables["playbook_dir"])
        where = locations_of(options, collected.network, beside)
        merged = constants.DEFAULT_HASH_BEHAVIOUR == "merge"
        places = Places(hostvars, read, collected.holders, merged=merged)
        return self._plan(collected, where, variables.get("groups") or {}, places)

    def _plan(
        self, collected: collect.Collected, where: Locations, groups: Mapping[str, Sequence[str]], places: Places
    ) -> dict[str, Any]:
        lock = read_lock_file(where)
        planned = make_plan(
            Inputs(
                sites=collected.network.get("faxnet_sites"),
                services=collected.network.get("faxnet_services"),
                controller=collected.network.get("faxnet_controller"),
                approval=collected.network.get("faxnet_approval"),
                hosts=collected.hosts,
                lock=lock.text,
                lock_name=str(lock.read_from),
                logins=login_defaults(),
                findings=collected.findings,
                groups=groups,
                resolve=resolve,
            )
        )
        findings = collect.without_echoes(planned.findings, collected.findings)
        result: dict[str, Any] = {
            "findings": [{**finding.as_dict(), "places": list(places.of(finding))} for finding in findings],
            "directory": str(where.plan),
            "lock": str(where.lock),
        }
        if planned.plan is None:
            raise AnsibleActionFail(terminal_text.failure_text(findings, places.of), result=result)
        for text in terminal_text.remark_texts(findings, Severity.WARNING, places.of):
            self._display.warning(text)
        if lock.remark:
            self._display.warning(lock.remark)
        return {**result, **self._write(planned.plan, where, lock, places)}

    def _write(self, plan: Plan, where: Locations, lock: LockFile, places: Places) -> dict[str, Any]:
        documents = PlanDocuments(plan)
        new_lock = plan.lock.as_text()
        result: dict[str, Any] = {
            "summary": terminal_text.summary_of(documents, plan.findings),
            "advice": terminal_text.remark_texts(plan.findings, Severity.ADVICE, places.of),
        }
        diff: list[dict[str, str]] = []
        if self.diff:
            diff, access = _differences(documents, where.plan)
            diff += lock_difference(lock.read_from, where.lock, lock.text, new_lock)
            result["access"] = access
        if self.check_mode:
            changed = not is_current(documents, where.plan) or not lock.is_current(new_lock)
        else:
            # The plan first: a lock file that is ahead of its plan would claim ranges that no client was told of.
            plan_changed = write_plan(documents, where.plan)
            changed = lock.write(new_lock) or plan_changed
        platforms = {name: host.platform for name, host in plan.intent.hosts.items()}
        gone = remove_leftovers(where.plan.parent, platforms, check_mode=self.check_mode)
        if self.diff:
            result["diff"] = [*diff, *(change.as_diff() for change in gone)]
        result["removed"] = [str(change.path) for change in gone]
        changed = changed or bool(gone)
        # Asked for last: it is known once the documents have been made.
        return {**result, "changed": changed, "digest": documents.digest}


def _differences(documents: PlanDocuments, directory: Path) -> tuple[list[dict[str, str]], dict[str, Any] | None]:
    """What a plan changes: who gains and loses access, then host by host in words; the first also for programs.

    Where no plan was before, everything is new, and nobody is helped by a list of everybody.
    """
    old_hosts = hosts_of(directory)
    old, new = PlanAccess(old_hosts), PlanAccess(documents.roles)
    diff = []
    with gc_pause():
        for changed in changed_slices(documents, directory, old_hosts):
            if old_hosts:
                add(changed, old, new)
            diff.append(difference(changed))
    if not old_hosts:
        return diff, None
    changes = access_changes(old, new)
    if diff:
        lines = "".join(f"  {line}\n" for line in access_lines(changes))
        diff.insert(0, {"prepared": f"Access:\n{lines}"})
    return diff, access_data(changes)


def _reader(hostvars: Any) -> Callable[[str], Mapping[str, Any]]:
    """How to read a host's raw variables, extra vars on top.

    For every host, ansible-core lists all connection plugins on disk to clean the facts that it is about to inject as
    variables, whether there are facts or not: two thirds of the time that reading takes. So injecting is switched off
    (in this worker process, and for the moment), and a host that does have facts is read once more with it.
    """

    def read(host: str) -> Mapping[str, Any]:
        inject = constants.INJECT_FACTS_AS_VARS
        constants.INJECT_FACTS_AS_VARS = False
        try:
            variables: Mapping[str, Any] = hostvars.raw_get(host)
        finally:
            constants.INJECT_FACTS_AS_VARS = inject
        return hostvars.raw_get(host) if inject and variables.get("ansible_facts") else variables

    return read
