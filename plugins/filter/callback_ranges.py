# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens for call-backs on which ports."""

from __future__ import annotations

DOCUMENTATION = r"""
name: callback_ranges
short_description: List the call-back ports of fax clients
version_added: "0.1.0"
description:
  - Returns the call-back ports (NetCFax calls them Secondary Connection Ports) of every client in a plan, or of the
    uses in one host's slice.
  - C(scp_ranges) is another name of this filter.
positional: _input
options:
  _input:
    description: A plan (the content of C(plan.json)) or a host's slice.
    type: dict
    required: true
seealso:
  - plugin: faxnet.deploy.port_text
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Tell what to enter in this host's fax client
  ansible.builtin.debug:
    msg: "{{ item.mode }}, low {{ item.low }}, high {{ item.high }} (server {{ item.server }})"
  loop: "{{ lookup('faxnet.deploy.slice') | faxnet.deploy.callback_ranges }}"
  loop_control:
    label: "{{ item.service }}"
"""

RETURN = r"""
_value:
  description: One entry for each use of a service that calls its clients back, in the plan's order.
  type: list
  elements: dict
  contains:
    host: {description: The client., type: str, sample: uk-ts1}
    service: {description: The service., type: str, sample: netcfax}
    server: {description: The server that calls back., type: str, sample: fl-fax}
    mode: {description: "V(dynamic) or V(fixed).", type: str, sample: dynamic}
    low: {description: Lowest port., type: int, sample: 10500}
    high: {description: "Highest port; in mode V(fixed) the same as C(low).", type: int, sample: 10599}
    instances: {description: How many clients run on the host at a time., type: int, sample: 40}
    public_address:
      description: The address at which the server reaches the client.
      type: str
      sample: 203.0.113.20
"""

from typing import ClassVar

from ..plugin_utils.faces.callback_ranges import callback_ranges
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"callback_ranges": callback_ranges}
    refusals = (InputError,)
