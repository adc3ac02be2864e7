# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that a device undoes by itself unless it hears of it again: held, confirmed or taken back from here.

The device's side is the module that its platform names (``platforms/platform.py``, `OnDevice`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..transactions.decision import PAUSE
from .windows_firewall import WindowsFirewall

_display = Display()

#: What changes devices on which no module of ours runs, by the device that their step names.
_DRIVERS = {"windows": WindowsFirewall}


@dataclass(frozen=True)
class HeldChange:
    """One device's change.

    Attributes:
        action: an action that is connected to the device.
        variables: the device's variables.
        module: full name of the module that began the change; or the device, as for :func:`run_phase`.
        name: what that module called it.
    """

    action: ActionBase
    variables: dict[str, Any]
    module: str
    name: str

    def ask(self, phase: str, **options: Any) -> dict[str, Any]:
        """Return what the module answers. Raises AnsibleConnectionFailure."""
        return run_phase(self.action, self.module, phase, {"transaction": self.name, **options}, self.variables)

    def insist(self, phase: str, answer: str, until: float, **options: Any) -> dict[str, Any] | None:
        """Return what the module answers, asked again while there is time; None when there was no connection till then.

        Args:
            answer: a key that a real answer has.
            until: by `time.monotonic`.
        """
        while time.monotonic() < until:
            try:
                said = self.ask(phase, **options)
            except AnsibleConnectionFailure as error:
                _display.vv(f"No new connection yet: {error}")
            else:
                if answer in said:
                    return said
                _display.vv(f"Not yet: {said}")
            time.sleep(PAUSE)
        return None

    def forget(self) -> dict[str, Any]:
        """Have the device end the sessions that the change took away; it must be for good, everywhere.

        Returns ``ended_sessions``, how many they were; or ``notice``, a sentence, when the device did not do it: then
        they go on until they end by themselves, and that is no failure of the change.
        """
        try:
            said = self.ask("forget")
        except AnsibleConnectionFailure as error:
            said = {"msg": str(error)}
        if "ended_sessions" in said:
            return {"ended_sessions": said["ended_sessions"]}
        return {"notice": f"the new rules are in force, and sessions from before may go on: {said.get('msg')}"}

    def outcome(self) -> str:
        """What came of a change that nobody confirmed: what the device says, or should have done if it is silent."""
        try:
            said = self.ask("outcome")
        except AnsibleConnectionFailure as error:
            said = {"msg": str(error)}
        return said.get("outcome") or f"the old rules should be back; the host does not answer: {said['msg']}"


def run_phase(
    action: ActionBase, module: str, phase: str, options: Mapping[str, Any], variables: dict[str, Any]
) -> dict[str, Any]:
    """Run one phase of a platform's step over the action's connection. Raises AnsibleConnectionFailure.

    Args:
        module: full name of the platform's module; or the device, where the controller drives modules of others.
    """
    driver = _DRIVERS.get(module)
    if driver is not None:
        return driver(action, variables).run(phase, options)
    answer: dict[str, Any] = action._execute_module(
        module_name=module,
        module_args={"phase": phase, **options},
        task_vars=variables,
        wrap_async=False,
    )
    answer.pop("invocation", None)  # it repeats the whole rules' text
    return answer
