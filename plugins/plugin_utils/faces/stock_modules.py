# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of other collections, run over an action's connection one after another, where a device runs none of ours."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_CURE = "install it where Ansible runs: ansible-galaxy collection install {collection}"


class StockModuleError(Exception):
    """A module said that it failed; the message is its own, with the module's name before it."""


class StockModules:
    """One device's.

    Args:
        action: an action that is connected to the device.
        variables: the device's variables.
    """

    def __init__(self, action: ActionBase, variables: dict[str, Any]) -> None:
        self._action = action
        self._variables = variables

    def run(self, module: str, /, **arguments: Any) -> dict[str, Any]:
        """Return what a module says.

        Raises:
            AnsibleActionFail: its collection is not there.
            AnsibleConnectionFailure: the device could not be reached.
            StockModuleError: it failed.
        """
        if not self._action._shared_loader_obj.module_loader.find_plugin(module, mod_type=".ps1"):
            collection = module.rpartition(".")[0]
            raise AnsibleActionFail(f"the collection {collection} is missing; {_CURE.format(collection=collection)}")
        return self._answer(module, arguments)

    def look(self, module: str, /, **arguments: Any) -> dict[str, Any]:
        """The same for a module that is only to read here, and would do nothing in check mode."""
        task = self._action._task
        before = task.check_mode
        task.check_mode = False
        try:
            return self.run(module, **arguments)
        finally:
            task.check_mode = before

    def _answer(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._action._execute_module(
            module_name=module, module_args=arguments, task_vars=self._variables, wrap_async=False
        )
        if answer.get("failed"):
            raise StockModuleError(f"{module}: {answer.get('msg') or 'it failed and said nothing'}")
        return answer
