# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the plan lies, for templates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_directory
short_description: Find the plan's directory
version_added: "0.1.0"
description:
  - Returns the path of the plan's directory on the controller, found as all tasks of this collection find it.
  - For filters that read a whole plan, P(faxnet.deploy.plan_query#filter) and
    P(faxnet.deploy.communigate_settings#filter). A path costs a template nothing, a plan of thousands of hosts does.
options:
  directory:
    description:
      - The plan's directory on the controller.
      - "When not given: C(plan) in the directory that the variable C(faxnet_directory) names, and without that
        variable C(.faxnet/plan) beside the inventory (beside its first source, where there are several)."
    type: path
seealso:
  - module: faxnet.deploy.plan
  - plugin: faxnet.deploy.slice
    plugin_type: lookup
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Show which addresses clients dial
  ansible.builtin.debug:
    msg: "{{ lookup('faxnet.deploy.plan_directory') | faxnet.deploy.plan_query('flows[].dial') | unique }}"
"""

RETURN = r"""
_raw:
  description: The path, in a list of one. Whether there is a plan is not looked at.
  type: list
  elements: path
  sample: [/srv/offices/.faxnet/plan]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError

from ..plugin_utils.faces.lookup import PlanLookup


class LookupModule(PlanLookup):
    """The face of :func:`locations.find_locations` for templates."""

    def find(self, terms: Sequence[str], plan: Path, variables: Mapping[str, Any]) -> list[str]:  # noqa: ARG002, takes no terms
        """Return the path."""
        if terms:
            raise AnsibleLookupError("plan_directory takes no terms; name another directory by directory=...")
        return [str(plan)]
