# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports as devices write them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: port_text
short_description: Write ports and ranges as a device wants them
version_added: "0.1.0"
description:
  - Sorts ports and ranges, merges those that overlap or touch, and writes them in a device's notation. The same ports
    always give the same text, so that modules that compare texts find nothing to change.
positional: _input
options:
  _input:
    description: A port, a range such as V(4558-4560), a text of several with commas, or a list of these.
    type: raw
    required: true
  style:
    description:
      - V(plain) and V(windows) write C(25,4558-4560), as C(netsh) and the Windows firewall modules take it.
      - V(nft) writes C({ 25, 4558-4560 }), and a single port or range without braces.
      - V(iptables) writes C(25,4558:4560) for the multiport match, which takes 15 ports; more are refused.
      - V(cisco) writes a clause a line, C(eq 25) and C(range 4558 4560), one for each access list entry.
    type: str
    choices: [plain, nft, iptables, windows, cisco]
    default: plain
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Shows 25,4558-4560
  ansible.builtin.debug:
    msg: "{{ [4559, '4558-4560', 25] | faxnet.deploy.port_text }}"

- name: Shows 7488,10500:10599
  ansible.builtin.debug:
    msg: "{{ '10500-10599,7488' | faxnet.deploy.port_text(style='iptables') }}"
"""

RETURN = r"""
_value:
  description: The ports as text.
  type: str
  sample: 25,4558-4560
"""

from typing import ClassVar

from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError
from ..plugin_utils.faces.port_text import port_text


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"port_text": port_text}
    refusals = (InputError,)
