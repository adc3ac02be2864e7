# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a host's services ought to listen on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: listening_ports
short_description: List the ports that a host's services ought to listen on
version_added: "0.1.0"
description:
  - Returns the ports that the services which a host offers ought to listen on, as its slice of the plan has them, with
    the server's own settings and with the exchanges that it runs.
  - Ranges, which are taken port by port when they are needed, are left out, and so is an offer that is switched off.
positional: _input
options:
  _input:
    description: A host's slice of the plan.
    type: dict
    required: true
  service:
    description: This service's ports only.
    type: str
seealso:
  - module: faxnet.deploy.listeners_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: See whether the services of this host listen
  faxnet.deploy.listeners_info:
    ports: "{{ lookup('faxnet.deploy.slice') | faxnet.deploy.listening_ports }}"
  become: true
"""

RETURN = r"""
_value:
  description: One entry for each port, in the order of the host's offers.
  type: list
  elements: dict
  contains:
    name: {description: The exchange's title., type: str, sample: SMTP}
    service: {description: The service., type: str, sample: kerio_connect}
    exchange: {description: The exchange., type: str, sample: smtp}
    transport: {description: "V(tcp) or V(udp).", type: str, sample: tcp}
    port: {description: The port., type: int, sample: 25}
"""

from typing import ClassVar

from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError
from ..plugin_utils.faces.listening_ports import listening_ports


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"listening_ports": listening_ports}
    refusals = (InputError,)
