# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup plugins share: where the plan lies, and refusals that read as sentences."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..plan_files.locations import find_locations
from ..plan_files.sealed_json import PlanFileError
from .libraries import missing_library


class PlanLookup(LookupBase):
    """A lookup plugin with the option ``directory``. A plugin implements :meth:`find`."""

    @abstractmethod
    def find(self, terms: Sequence[str], plan: Path, variables: Mapping[str, Any]) -> list[Any]:
        """Return what the terms name.

        Args:
            terms: as the template gives them.
            plan: the plan's directory on the controller, which need not exist.
            variables: the variables of the host at hand.

        Raises:
            AnsibleLookupError: the terms are not what the lookup takes.
            PlanFileError: the plan cannot be read.
        """

    def run(self, terms: Sequence[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Find the plan, and what the terms name in it."""
        missing = missing_library()
        if missing:
            raise AnsibleLookupError(missing)
        known = variables or {}
        self.set_options(var_options=known, direct=kwargs)
        plan = find_locations({"directory": self.get_option("directory")}, known, self._evaluate).plan
        try:
            return self.find([str(term) for term in terms], plan, known)
        except PlanFileError as error:
            # From None: ansible would print the same sentence again for each cause.
            raise AnsibleLookupError(str(error)) from None

    def _evaluate(self, value: Any, variables: Mapping[str, Any]) -> Any:
        if self._templar is None:
            raise AnsibleLookupError("faxnet.deploy's lookups work in templates only")
        return self._templar.copy_with_new_env(available_variables=dict(variables)).template(value)
