# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's slice of the plan, for templates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: slice
short_description: Read a host's part of the plan
version_added: "0.1.0"
description:
  - Returns the parts of a written plan that concern the given hosts, a dictionary for each. It reads those hosts' own
    parts and nothing else.
options:
  _terms:
    description: Names of hosts in the inventory. Without any, the host at hand.
    type: list
    elements: str
  directory:
    description:
      - The plan's directory on the controller.
      - "When not given: C(plan) in the directory that the variable C(faxnet_directory) names, and without that
        variable C(.faxnet/plan) beside the inventory (beside its first source, where there are several)."
    type: path
seealso:
  - module: faxnet.deploy.slice
  - module: faxnet.deploy.plan
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Write down where this host's fax clients are called back
  ansible.builtin.copy:
    content: "{{ lookup('faxnet.deploy.slice') | faxnet.deploy.callback_ranges | to_nice_yaml }}"
    dest: /etc/fax-ports.yml
    mode: "0644"

- name: Show the rules of a router
  ansible.builtin.debug:
    msg: "{{ lookup('faxnet.deploy.slice', 'uk-router') | faxnet.deploy.port_rules(direction='in') }}"
"""

RETURN = r"""
_raw:
  description: The slices, in the order of the hosts.
  type: list
  elements: dict
  sample:
    - {format: 1, host: uk-ts1, site: sheffield, roles: [client], addresses: [10.2.0.10]}
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..plugin_utils.faces.lookup import PlanLookup
from ..plugin_utils.plan_files.directory import read_slice


class LookupModule(PlanLookup):
    """The face of :func:`directory.read_slice` for templates."""

    def find(self, terms: Sequence[str], plan: Path, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return a slice for each term."""
        return [read_slice(plan, host) for host in terms or [str(variables["inventory_hostname"])]]
