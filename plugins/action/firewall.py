# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a host's part of the plan into force, by the step of its platform; confirms a change over a new connection.

The controller renders (one small file read for a host, whatever the size of the plan). The platform says what is done
with it: hand it to a module, which rehearses, compares, applies and rolls back; write it down for a person; or nothing.
A router is confirmed only when the hosts behind it answer as they did before. As part of a transaction over the network
a change is not confirmed here but held, until the action network_transaction decides for all.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError

from ..plugin_utils.basics.findings import Finding
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.faces.connections import answers, new_connections, side_by_side
from ..plugin_utils.faces.held_change import HeldChange, run_phase
from ..plugin_utils.inventory.accepted_losses import VARIABLE as ACCEPTED_LOSSES
from ..plugin_utils.inventory.accepted_losses import read_accepted_losses
from ..plugin_utils.inventory.reader import Reader
from ..plugin_utils.plan_files.directory import read_slice, write_text
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.platforms.platform import ByStockModules, OnController, OnDevice, Step
from ..plugin_utils.platforms.registry import apply_slice, platform_of
from ..plugin_utils.policies.policy import RefusedError
from ..plugin_utils.transactions.journal import Journal, JournalError, Note

#: What of a host's own may be tolerated; the managed host's side says what each means.
TOLERATING = ("tolerate_drops", "tolerate_translations", "tolerate_absent_address")
#: What becomes of rules of others, by their names; for hosts on which others' rules have names.
RULES_OF_OTHERS = ("accepted_rules", "disabled_rules")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "policy": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "confirm_timeout": {"type": "int", "default": 60},
    **{option: {"type": "bool", "default": False} for option in TOLERATING},
    "mark_bit": {"type": "int", "default": 28},
    **{option: {"type": "list", "elements": "str", "default": []} for option in RULES_OF_OTHERS},
    "address_ranges": {"type": "bool", "default": False},
    "forwarding": {"type": "bool"},
    "together": {"type": "str", "default": ""},
}
SHORTEST_TIMEOUT = 5  # seconds; below that an ordinary SSH login may be too late
MARK_BITS = 32
CURE = "Check that faxnet_management names the port and the networks that this controller comes from."


class ActionModule(EngineAction):
    """The face of the packet filter for plays."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, RefusedError, JournalError)
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Render, apply, confirm."""
        if options["confirm_timeout"] < SHORTEST_TIMEOUT:
            raise AnsibleActionFail(
                f"confirm_timeout is {options['confirm_timeout']}; "
                f"a new connection needs time, so give it at least {SHORTEST_TIMEOUT} seconds"
            )
        if not 0 <= options["mark_bit"] < MARK_BITS:
            raise AnsibleActionFail(f"mark_bit is {options['mark_bit']}; a packet's mark has the bits 0 to 31")
        result: dict[str, Any] = {}
        directory = self.locations(options, variables).plan
        if not options["together"] or self.check_mode:
            self._dispatch(result, options, directory, variables)
            return result
        journal = Journal.open(directory, options["together"])
        host = variables["inventory_hostname"]
        journal.note(host, Note("begun"))
        try:
            on_device = self._dispatch(result, options, directory, variables, journal)
        except AnsibleConnectionFailure:
            raise  # what became of the host is not known
        except (*self.refusals, AnsibleError) as error:
            journal.note(host, Note("failed", message=str(error)))
            raise
        if result.get("failed"):
            journal.note(host, Note("failed", message=result["msg"]))
        elif not on_device:
            # Nobody logs in to it, so it cannot be asked, either, whether it answers.
            journal.leave(host)
        elif "held" not in result:
            journal.note(host, Note("unchanged"))
        return result

    def _dispatch(
        self,
        result: dict[str, Any],
        options: Mapping[str, Any],
        directory: Path,
        variables: dict[str, Any],
        journal: Journal | None = None,
    ) -> bool:
        """Do what the host's platform wants; whether that was on the device itself."""
        host = variables["inventory_hostname"]
        part, step = self._step(options, directory, variables)
        behind = (part.get("behind") or {}).get("hosts", ())
        if isinstance(step, OnDevice):
            self._apply(result, options, behind, (step.module, step.options), variables, journal)
        elif isinstance(step, ByStockModules):
            wanted = {"wanted": step.options, **{name: options[name] for name in RULES_OF_OTHERS}}
            self._apply(result, options, behind, (step.device, wanted), variables, journal)
        elif isinstance(step, OnController):
            self._write(result, step, directory.parent / f"{step.kind}s" / f"{host}.txt")
        else:
            result.update(changed=False, msg=f"{host} is {step.why}")
        return isinstance(step, OnDevice | ByStockModules)

    def _step(
        self, options: Mapping[str, Any], directory: Path, variables: dict[str, Any]
    ) -> tuple[dict[str, Any], Step]:
        try:
            part = self._slice(options, directory, variables)
        except PlanFileError:
            if options["state"] == "present":
                raise
            # A host that has left the plan can still be cleaned, in the way of the platform that it says it has.
            return {}, self.platform(variables).remove()
        _check_forwarding(part, options["forwarding"])
        if options["state"] == "absent":
            return part, platform_of(part["platform"]).remove()
        return part, apply_slice(part, address_ranges=options["address_ranges"])

    def _slice(self, options: Mapping[str, Any], directory: Path, variables: dict[str, Any]) -> dict[str, Any]:
        host = variables["inventory_hostname"]
        if options["policy"] is not None:
            behind = None
            with contextlib.suppress(PlanFileError):
                # Whatever rules a router gets, what the plan has behind it is asked.
                behind = read_slice(directory, host).get("behind")
            named = self.platform(variables).name
            return {"host": host, "platform": named, "policy": options["policy"], "behind": behind}
        return read_slice(directory, host)

    def _write(self, result: dict[str, Any], step: OnController, path: Path) -> None:
        wanted = step.text
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        result["changed"] = before != wanted
        result[step.kind] = str(path)
        if self.diff:
            header = {"before_header": str(path), "after_header": str(path)}
            result["diff"] = {**header, "before": before, "after": wanted}
        if self.check_mode or not result["changed"]:
            return
        if wanted:
            write_text(wanted, path)
        else:
            path.unlink()

    def _apply(
        self,
        result: dict[str, Any],
        options: Mapping[str, Any],
        behind: Sequence[str],
        step: tuple[str, Mapping[str, Any]],
        variables: dict[str, Any],
        journal: Journal | None,
    ) -> None:
        module, wanted = step
        timeout = options["confirm_timeout"]
        arguments = {"confirm_timeout": timeout, **{name: options[name] for name in TOLERATING}, **wanted}
        arguments["mark_bit"] = options["mark_bit"]
        arguments["together"] = journal is not None
        arguments["accepted_losses"] = self._accepted_losses(variables)
        # A local connection's SSH session is the one of whoever started the run.
        arguments["own_session"] = self._connection.transport != "local"
        answering: Sequence[str] = ()
        if behind and not self.check_mode:
            result.update(run_phase(self, module, "compare", arguments, variables))
            if result.get("failed") or not result["changed"]:
                return
            answering = self._answering(behind, variables)
        result.update(run_phase(self, module, "apply", arguments, variables))
        until = time.monotonic() + timeout
        if result.get("failed"):
            return
        if result["changed"]:
            self._warn(result, variables["inventory_hostname"])
        name = result.pop("transaction", None)
        if name is None:
            return
        result["confirmed_over"] = self._connection.transport
        change = HeldChange(self, variables, module, name)
        with new_connections(self._connection, max(3, timeout // 3)):
            if answering or journal:
                seconds = journal.hold_timeout if journal else timeout
                said = change.insist("hold", "held", until, hold_timeout=seconds)
                if not self._still(result, said, "held", change, timeout) or not self._through(
                    result, answering, change, variables
                ):
                    return
                if journal:
                    result["held"] = True
                    note = Note("held", name, module, time.time() + seconds)
                    journal.note(variables["inventory_hostname"], note)
                    return
                until = time.monotonic() + timeout
            said = change.insist("confirm", "confirmed", until)
            result["confirmed"] = self._still(result, said, "confirmed", change, timeout)
        if said and said.get("failed"):
            result.update(failed=True, msg=said["msg"])
        elif result["confirmed"]:
            self._forget(result, change)

    def _forget(self, result: dict[str, Any], change: HeldChange) -> None:
        came = change.forget()
        if "notice" in came:
            result["notices"] = [*result.get("notices", ()), came["notice"]]
            self._display.warning(f"{self._task_host()}: {came['notice']}")
        else:
            result["ended_sessions"] = result.get("ended_sessions", 0) + came["ended_sessions"]

    def _still(
        self, result: dict[str, Any], said: dict[str, Any] | None, answer: str, change: HeldChange, timeout: int
    ) -> bool:
        """Whether the device said that its change stands; else the task fails, and says what came of the change."""
        if said and said[answer]:
            return True
        why = f"While the new rules were in force ({timeout} s), no new connection to this host came about"
        came = said["outcome"] if said else change.outcome()
        result.update(failed=True, changed=False, confirmed=False, msg=f"{why}, so {came}. {CURE}")
        return False

    def _accepted_losses(self, variables: dict[str, Any]) -> list[dict[str, Any]]:
        """What in use on the host may stop, as its owner says it today, whatever the plan's age."""
        findings: list[Finding] = []
        said = self.evaluate(variables.get(ACCEPTED_LOSSES), variables)
        read = read_accepted_losses(Reader(variables["inventory_hostname"], findings), said)
        if findings:
            raise AnsibleActionFail("\n".join(finding.text() for finding in findings))
        return [loss.as_option() for loss in read]

    def _answering(self, hosts: Sequence[str], variables: dict[str, Any]) -> list[str]:
        """Those hosts that can be logged in to now, over new connections."""
        known = [host for host in hosts if host in variables["hostvars"]]
        said = side_by_side([functools.partial(self._asked, host, variables) for host in known])
        return [host for host, one in zip(known, said, strict=True) if one.get("answers")]

    def _asked(self, host: str, variables: dict[str, Any]) -> dict[str, Any]:
        return {"answers": answers(self, host, variables)}

    def _through(
        self, result: dict[str, Any], before: Sequence[str], change: HeldChange, variables: dict[str, Any]
    ) -> bool:
        """Whether the hosts behind this router that answered before answer still; else its change is taken back."""
        result["asked_behind"] = list(before)
        after = self._answering(before, variables)
        lost = [host for host in before if host not in after]
        if lost:
            # A login that was merely slow gets a second chance.
            lost = [host for host in lost if host not in self._answering(lost, variables)]
        if not lost:
            return True
        came = change.ask("undo")
        result.update(
            failed=True,
            changed=False,
            confirmed=False,
            msg=f"With the new rules of this router {', '.join(lost)} behind it could not be reached any more, so "
            f"{came.get('outcome') or came['msg']}. Check that faxnet_management of these hosts names the port and the "
            "networks that this controller comes from.",
        )
        return False

    def _warn(self, result: dict[str, Any], host: str) -> None:
        if result.get("losses_text"):
            # Only in check mode. Not a warning: those are folded into one paragraph, and this is to be pasted.
            self._display.display(f"{host}: in a run, {result['losses_text']}", color="bright yellow")
        for notice in result.get("notices") or ():
            self._display.warning(f"{host}: {notice}.")
        for other in result.get("others") or ():
            self._display.warning(f"{host}: {other}.")

    def _task_host(self) -> str:
        return str(self._task.get_vars().get("inventory_hostname", self._play_context.remote_addr))


def _check_forwarding(part: dict[str, Any], wanted: bool | None) -> None:
    forwards = bool(part["policy"].get("forwarding"))
    if wanted is True and not forwards:
        raise AnsibleActionFail(f"{part['host']} is no router in this plan; name it as a gateway in faxnet_sites")
    if wanted is False and forwards:
        raise AnsibleActionFail(f"{part['host']} is a router in this plan; use the role faxnet.deploy.router for it")
