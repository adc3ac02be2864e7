# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins share: options, where the plan lies, and refusals that read as sentences."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError, AnsibleValueOmittedError
from ansible.plugins.action import ActionBase

from ..basics.findings import Finding, Severity
from ..inventory.approval import VARIABLE as APPROVAL
from ..inventory.approval import Approval, read_approval
from ..inventory.collecting import OMITTED, Evaluate, EvaluationError, shared_value
from ..inventory.hosts import default_platform
from ..inventory.reader import Reader
from ..plan_files.locations import Locations, find_locations
from ..plan_files.sealed_json import PlanFileError
from ..plan_files.signature import Signature
from ..plan_files.terminal_text import PlacesOf, failure_text, remark_texts
from ..planning.hidden_values import without_vaulted
from ..platforms.platform import Platform
from ..platforms.registry import platform_of
from .libraries import missing_library
from .places import Places
from .vault import vault_test

#: What says of which platform a host is.
_OF_PLATFORM = ("faxnet_platform", "ansible_connection", "ansible_shell_type")


class EngineAction(ActionBase):
    """An action plugin that puts a question to the engine. A plugin says what it takes and implements :meth:`act`."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    #: The options, as in a module's argument_spec.
    argument_spec: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Refusals of the engine: their text is the message for the user. Any other exception is a mistake in this code.
    refusals: ClassVar[tuple[type[Exception], ...]] = (PlanFileError,)

    @abstractmethod
    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return the task's result.

        Args:
            options: the task's options, checked, with defaults.
            variables: the host's variables, not evaluated.

        Raises:
            AnsibleActionFail: the task has failed, or one of :attr:`refusals`.
        """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check what is given, act, and turn a refusal into the task's message."""
        missing = missing_library()
        if missing:
            raise AnsibleActionFail(missing)
        result = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(self.argument_spec)
        try:
            return {"changed": False, **result, **self.act(options, task_vars or {})}
        except self.refusals as error:
            # From None: ansible would print the same sentence again for each cause.
            raise AnsibleActionFail(str(error)) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise AnsibleActionFail(f"{where}{error.strerror or error} (on the controller)") from error

    def evaluate(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """Return a value with its templates evaluated against *variables*."""
        return self._templar.copy_with_new_env(available_variables=dict(variables)).template(value)

    def evaluator(self, hostvars: Mapping[str, Any]) -> Evaluate:
        """Return how to evaluate raw values with raw variables, for collecting them."""
        templar = self._templar.copy_with_new_env(available_variables={})

        def evaluate(raw: Any, variables: Mapping[str, Any]) -> Any:
            templar.available_variables = {**variables, "hostvars": hostvars}
            try:
                return templar.template(raw)
            except AnsibleValueOmittedError:
                return OMITTED
            except AnsibleError as error:
                raise EvaluationError(str(error)) from None

        return evaluate

    def vault_test(self) -> Callable[[object], bool] | None:
        """Return how to tell whether a value came from a vault; None where no vault's secret was given."""
        return vault_test() if self._loader._vault.secrets else None

    def approval(self, variables: Mapping[str, Any]) -> tuple[Approval, list[Finding]]:
        """Return what ``faxnet_approval`` says for this host, and the mistakes in it."""
        evaluate = self.evaluator(variables.get("hostvars") or {})
        host = str(variables.get("inventory_hostname", ""))
        value, findings = shared_value(APPROVAL, host, variables, evaluate, self.vault_test())
        noted: list[Finding] = []
        approval = read_approval(Reader("", noted), value)
        return approval, [*findings, *without_vaulted(noted, value, {})]

    def approval_places(self, variables: Mapping[str, Any]) -> PlacesOf:
        """Return how to find where a finding about that variable stands in the inventory's files."""
        host = str(variables.get("inventory_hostname", ""))
        return Places({host: variables}, lambda _host: variables, {APPROVAL: host}).of

    def signature(self, variables: Mapping[str, Any], plan: str) -> Signature:
        """Return for which plan the signature in ``faxnet_approval`` is; warns where that is not the one at hand.

        Args:
            plan: digest of the plan at hand.

        Raises:
            AnsibleActionFail: there are mistakes in the variable; the message names them all.
        """
        approval, mistakes = self.approval(variables)
        places_of = self.approval_places(variables)
        if mistakes:
            raise AnsibleActionFail(failure_text(mistakes, places_of))
        signature = Signature(approval, plan)
        for text in remark_texts(signature.findings(), Severity.WARNING, places_of):
            self._display.warning(text)
        return signature

    def locations(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> Locations:
        """Return where the controller keeps the plan: the task's ``directory``, or where the host's variables say."""
        return find_locations(options, variables, self.evaluate)

    def platform(self, variables: Mapping[str, Any]) -> Platform:
        """Return the platform of a host that no plan has: what it says of itself, else by how Ansible speaks to it.

        Raises:
            RefusedError: there is no such platform.
        """
        said = {name: self.evaluate(variables[name], variables) for name in _OF_PLATFORM if name in variables}
        return platform_of(said.pop("faxnet_platform", None) or default_platform(said))

    @property
    def check_mode(self) -> bool:
        """Whether the task may only say what it would do."""
        return bool(self._task.check_mode)

    @property
    def diff(self) -> bool:
        """Whether the user wants to see what changes."""
        return bool(self._task.diff)
