# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a host's part of the plan into force, by the step of its platform; confirms a change over a new connection.

The controller renders (one small file read for a host, whatever the size of the plan). The platform says what is done
with it: hand it to a module, which rehearses, compares, applies and rolls back; write it down for a person; or nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import read_slice, write_text
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.platforms.platform import OnController, OnDevice, Step
from ..plugin_utils.platforms.registry import DEFAULT, apply_slice, platform_of
from ..plugin_utils.policies.policy import RefusedError

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "policy": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "confirm_timeout": {"type": "int", "default": 60},
    "tolerate_drops": {"type": "bool", "default": False},
    "address_ranges": {"type": "bool", "default": False},
    "forwarding": {"type": "bool"},
}
SHORTEST_TIMEOUT = 5  # seconds; below that an ordinary SSH login may be too late
PAUSE = 0.5  # seconds between two tries to confirm
CURE = "Check that faxnet_management names the port and the networks that this controller comes from."


class ActionModule(EngineAction):
    """The face of the packet filter for plays."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, RefusedError)
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Render, apply, confirm."""
        if options["confirm_timeout"] < SHORTEST_TIMEOUT:
            raise AnsibleActionFail(
                f"confirm_timeout is {options['confirm_timeout']}; "
                f"a new connection needs time, so give it at least {SHORTEST_TIMEOUT} seconds"
            )
        result: dict[str, Any] = {}
        self._dispatch(result, options, variables)
        return result

    def _dispatch(self, result: dict[str, Any], options: Mapping[str, Any], variables: dict[str, Any]) -> None:
        directory = self.locations(options, variables).plan
        host = variables["inventory_hostname"]
        step = self._step(options, directory, variables)
        if isinstance(step, OnDevice):
            self._apply(result, options, step, variables)
        elif isinstance(step, OnController):
            self._write(result, step, directory.parent / f"{step.kind}s" / f"{host}.txt")
        else:
            result.update(changed=False, msg=f"{host} is {step.why}")

    def _step(self, options: Mapping[str, Any], directory: Path, variables: dict[str, Any]) -> Step:
        try:
            part = self._slice(options, directory, variables)
        except PlanFileError:
            if options["state"] == "present":
                raise
            # A host that has left the plan can still be cleaned, in the way of the platform that it says it has.
            named = self.evaluate(variables.get("faxnet_platform", DEFAULT), variables)
            return platform_of(named).remove()
        _check_forwarding(part, options["forwarding"])
        if options["state"] == "absent":
            return platform_of(part["platform"]).remove()
        return apply_slice(part, address_ranges=options["address_ranges"])

    def _slice(self, options: Mapping[str, Any], directory: Path, variables: dict[str, Any]) -> dict[str, Any]:
        host = variables["inventory_hostname"]
        if options["policy"] is not None:
            return {"host": host, "platform": DEFAULT, "policy": options["policy"]}
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
        self, result: dict[str, Any], options: Mapping[str, Any], step: OnDevice, variables: dict[str, Any]
    ) -> None:
        timeout = options["confirm_timeout"]
        arguments = {"confirm_timeout": timeout, "tolerate_drops": options["tolerate_drops"]}
        result.update(self._module(step, "apply", {**arguments, **step.options}, variables))
        until = time.monotonic() + timeout
        if result.get("failed"):
            return
        if result["changed"]:
            self._warn(result)
        name = result.pop("transaction", None)
        if name is None:
            return
        result["confirmed_over"] = self._connection.transport
        with self._new_connection(timeout):
            answer = self._confirm(step, name, until, variables)
            if answer is None:
                answer = self._outcome(step, name, variables)
        result["confirmed"] = answer["confirmed"]
        if answer.get("failed"):
            result.update(failed=True, msg=answer["msg"])
        elif not answer["confirmed"]:
            why = f"While the new rules were in force ({timeout} s), no new connection to this host came about"
            result.update(failed=True, changed=False, msg=f"{why}, so {answer['outcome']}. {CURE}")

    def _module(
        self, step: OnDevice, phase: str, options: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=step.module,
            module_args={"phase": phase, **options},
            task_vars=variables,
            wrap_async=False,
        )
        answer.pop("invocation", None)  # it repeats the whole rules' text
        return answer

    def _warn(self, result: dict[str, Any]) -> None:
        for shut in result.get("shut_listeners") or ():
            program = f" ({shut['program']})" if shut["program"] else ""
            self._display.warning(
                f"{self._task_host()}: {shut['transport']} port {shut['port']}{program} listens, and the rules open it "
                "to nobody. If it should be reached, name it in faxnet_permits."
            )
        for notice in result.get("notices") or ():
            self._display.warning(f"{self._task_host()}: {notice}.")
        for other in result.get("others") or ():
            self._display.warning(f"{self._task_host()}: {other}; tolerated because tolerate_drops is set.")

    def _task_host(self) -> str:
        return str(self._task.get_vars().get("inventory_hostname", self._play_context.remote_addr))

    def _confirm(self, step: OnDevice, name: str, until: float, variables: dict[str, Any]) -> dict[str, Any] | None:
        """The module's answer to the confirmation; None when no new connection came about in time."""
        while time.monotonic() < until:
            try:
                answer = self._module(step, "confirm", {"transaction": name}, variables)
            except AnsibleConnectionFailure as error:
                self._display.vv(f"No new connection yet: {error}")
            else:
                if "confirmed" in answer:
                    return answer
                self._display.vv(f"Not confirmed yet: {answer}")
            time.sleep(PAUSE)
        return None

    def _outcome(self, step: OnDevice, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """What the host says about the roll-back, asked over a new connection."""
        try:
            answer = self._module(step, "outcome", {"transaction": name}, variables)
        except AnsibleConnectionFailure as error:
            answer = {"msg": str(error)}
        outcome = answer.get("outcome") or f"the old rules should be back; the host does not answer: {answer['msg']}"
        return {"confirmed": False, "outcome": outcome}

    @contextlib.contextmanager
    def _new_connection(self, timeout: int) -> Iterator[None]:
        """Make what is sent from here on open connections of its own, and go back to the usual way afterwards.

        A connection that stood before the change proves nothing: conntrack lets established traffic pass. Resetting
        is not enough with SSH, because a multiplexing master may have been set up outside of Ansible; so OpenSSH is
        told to use none.
        """
        # A connection plugin without a reset of its own opens a connection for each command anyway (podman exec).
        if type(self._connection).reset is not ConnectionBase.reset:
            self._connection.reset()
        if self._connection.transport != "ssh":
            yield
            return
        before = {name: self._connection.get_option(name) for name in ("ssh_args", "timeout")}
        alone = "-o ControlMaster=no -o ControlPath=none"
        self._connection.set_option("ssh_args", f"{alone} {before['ssh_args'] or ''}")
        self._connection.set_option("timeout", min(int(before["timeout"] or 10), max(3, timeout // 3)))
        try:
            yield
        finally:
            for option, value in before.items():
                self._connection.set_option(option, value)


def _check_forwarding(part: dict[str, Any], wanted: bool | None) -> None:
    forwards = bool(part["policy"].get("forwarding"))
    if wanted is True and not forwards:
        raise AnsibleActionFail(f"{part['host']} is no router in this plan; name it as a gateway in faxnet_sites")
    if wanted is False and forwards:
        raise AnsibleActionFail(f"{part['host']} is a router in this plan; use the role faxnet.deploy.router for it")
