# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of a host's flows."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flow_probes
short_description: List packets of the flows that a host starts
version_added: "0.1.0"
description:
  - Returns the first and the last port of every flow that a host starts, as M(faxnet.deploy.probe) takes them. The role
    P(faxnet.deploy.verify#role) tries far more, and what must be refused besides.
  - Flows to a name or to more than one address are left out.
positional: _input
options:
  _input:
    description: The host's slice of a plan.
    type: dict
    required: true
seealso:
  - module: faxnet.deploy.probe
  - module: faxnet.deploy.slice
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Read this host's slice
  faxnet.deploy.slice:
  register: mine

- name: Try what this host is to reach
  faxnet.deploy.probe:
    probes: "{{ mine.slice | faxnet.deploy.flow_probes }}"
  register: tried
"""

RETURN = r"""
_value:
  description: The packets.
  type: list
  elements: dict
  contains:
    id: {description: Unique in the list., type: str, sample: "fl-pc>10.1.0.10:4559/tcp"}
    address: {description: Where to., type: str, sample: 10.1.0.10}
    transport: {description: "V(tcp) or V(udp).", type: str, sample: tcp}
    port: {description: Destination port., type: int, sample: 4559}
    question: {description: Protocol in which to ask; only where there is one., type: str, sample: iax2}
    flow: {description: The flow., type: str, sample: "hylafax.control/fl-pc>fl-fax"}
    host: {description: The sender., type: str, sample: fl-pc}
    target: {description: Whose packet it is., type: str, sample: fl-fax}
    expect:
      description: V(open) where a program has to answer, V(through) where the packet only has to get there.
      type: str
      sample: open
"""

from typing import ClassVar

from ..plugin_utils.faces.canary import flow_probes
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"flow_probes": flow_probes}
    refusals = (InputError,)
    plain = True
