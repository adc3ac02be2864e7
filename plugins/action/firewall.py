# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a host's part of the plan into its packet filter; confirms the change over a new connection.

The controller renders (one small file read for a host, whatever the size of the plan) and hands text to the module; the
managed host rehearses, compares, applies and rolls back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from ..plugin_utils import platforms
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files import directory as files
from ..plugin_utils.platforms import host_side
from ..plugin_utils.platforms.nftables import nftables

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "policy": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "confirm_timeout": {"type": "int", "default": 60},
    "tolerate_drops": {"type": "bool", "default": False},
    "address_ranges": {"type": "bool", "default": False},
    "forwarding": {"type": "bool"},
}
MODULE = "faxnet.deploy.firewall_transaction"
SHORTEST_TIMEOUT = 5  # seconds; below that an ordinary SSH login may be too late
PAUSE = 0.5  # seconds between two tries to confirm
CURE = "Check that faxnet_management names the port and the networks that this controller comes from."
SHEETS_DIRECTORY = "worksheets"


class ActionModule(EngineAction):
    """The face of the packet filter for plays."""

    argument_spec = ARGUMENTS
    refusals = (files.PlanFileError, platforms.RefusedError)
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
        try:
            part = self._slice(options, directory, variables)
        except files.PlanFileError:
            if options["state"] == "present":
                raise
            # A host that has left the plan can still be cleaned.
            self._apply(result, options, {}, variables)
            return
        _check_forwarding(part, options["forwarding"])
        text = platforms.render_slice(part, address_ranges=options["address_ranges"])
        if not platforms.PLATFORMS[part["platform"]].automatic:
            if not text:
                result.update(changed=False, msg=f"{part['host']} is {part['platform']}: nothing is put on it")
                return
            self._write_sheet(result, options, directory.parent / SHEETS_DIRECTORY / f"{part['host']}.txt", text)
            return
        handed = {
            "text": text,
            "settings": host_side.forwarding_settings(part["policy"]),
            "openings": host_side.openings(part["policy"]),
        }
        self._apply(result, options, handed if options["state"] == "present" else {}, variables)

    def _slice(self, options: Mapping[str, Any], directory: Path, variables: dict[str, Any]) -> dict[str, Any]:
        host = variables["inventory_hostname"]
        if options["policy"] is not None:
            return {"host": host, "platform": nftables.NAME, "policy": options["policy"]}
        return files.read_slice(directory, host)

    def _write_sheet(self, result: dict[str, Any], options: Mapping[str, Any], path: Path, text: str) -> None:
        wanted = text if options["state"] == "present" else ""
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        result["changed"] = before != wanted
        result["worksheet"] = str(path)
        if self.diff:
            header = {"before_header": str(path), "after_header": str(path)}
            result["diff"] = {**header, "before": before, "after": wanted}
        if self.check_mode or not result["changed"]:
            return
        if wanted:
            files.write_text(wanted, path)
        else:
            path.unlink()

    def _apply(
        self, result: dict[str, Any], options: Mapping[str, Any], handed: dict[str, Any], variables: dict[str, Any]
    ) -> None:
        timeout = options["confirm_timeout"]
        arguments = {"confirm_timeout": timeout, "tolerate_drops": options["tolerate_drops"]}
        result.update(self._module({"phase": "apply", **arguments, **handed}, variables))
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
            answer = self._confirm(name, until, variables)
            if answer is None:
                answer = self._outcome(name, variables)
        result["confirmed"] = answer["confirmed"]
        if answer.get("failed"):
            result.update(failed=True, msg=answer["msg"])
        elif not answer["confirmed"]:
            why = f"While the new rules were in force ({timeout} s), no new connection to this host came about"
            result.update(failed=True, changed=False, msg=f"{why}, so {answer['outcome']}. {CURE}")

    def _module(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args=arguments, task_vars=variables, wrap_async=False
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
        for other in result.get("others") or ():
            self._display.warning(f"{self._task_host()}: {other}; tolerated because tolerate_drops is set.")

    def _task_host(self) -> str:
        return str(self._task.get_vars().get("inventory_hostname", self._play_context.remote_addr))

    def _confirm(self, name: str, until: float, variables: dict[str, Any]) -> dict[str, Any] | None:
        """The module's answer to the confirmation; None when no new connection came about in time."""
        while time.monotonic() < until:
            try:
                answer = self._module({"phase": "confirm", "transaction": name}, variables)
            except AnsibleConnectionFailure as error:
                self._display.vv(f"No new connection yet: {error}")
            else:
                if "confirmed" in answer:
                    return answer
                self._display.vv(f"Not confirmed yet: {answer}")
            time.sleep(PAUSE)
        return None

    def _outcome(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """What the host says about the roll-back, asked over a new connection."""
        try:
            answer = self._module({"phase": "outcome", "transaction": name}, variables)
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
