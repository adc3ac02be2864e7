# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data, written as one of CommuniGate Pro's network address lists."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_network_address_list
short_description: Write a network address list of CommuniGate Pro
version_added: "0.1.0"
description:
  - Turns what P(faxnet.deploy.network_address_list#filter) returns, or a plain list of addresses, ranges and networks,
    into the text of a network address list.
  - An entry that was not changed becomes its own text again, byte for byte. One that was changed, or is new, is written
    from its C(value), C(excluded) and C(comment).
  - A network becomes a range of addresses where O(grammar) has no masks.
positional: _input
options:
  _input:
    description:
      - A list. Each item is a text (one line of a list, such as V(10.0.0.0/8) or V(!10.0.9.1 ; printer)) or a
        dictionary with the keys that P(faxnet.deploy.network_address_list#filter) returns. Of these C(value),
        C(excluded) and C(comment) may be changed; all keys may be left out.
    type: list
    elements: raw
    required: true
  grammar:
    description: What the server reads; see P(faxnet.deploy.network_address_list#filter).
    type: str
    choices: ["5.0", "5.1", "5.2", "6.4"]
    default: "6.4"
seealso:
  - plugin: faxnet.deploy.network_address_list
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Write a list that every version of the server reads
  ansible.builtin.debug:
    msg: "{{ networks | faxnet.deploy.to_network_address_list('5.0') }}"
  vars:
    networks: [10.0.0.0/16, 2001:db8:1::/64, 192.0.2.7]

- name: Exclude a printer from a list, and touch nothing else in it
  ansible.builtin.debug:
    msg: >-
      {{ (lan_ips | faxnet.deploy.network_address_list
      + [{'value': '10.0.9.1', 'excluded': true, 'comment': 'printer'}])
      | faxnet.deploy.to_network_address_list }}
  vars:
    lan_ips: |-
      ; head office
      10.0.0.0-10.0.255.255
"""

RETURN = r"""
_value:
  description: The list's text, its lines joined by line feeds.
  type: str
  sample: "10.0.0.0-10.0.255.255\n!10.0.9.1 ; printer"
"""

from typing import ClassVar

from ..plugin_utils.faces.communigate.network_list import NEWEST, AddressListError, to_text
from ..plugin_utils.faces.filter import EngineFilters


def _to_network_address_list(data: object, grammar: object = NEWEST) -> str:
    return to_text(data, str(grammar))


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"to_network_address_list": _to_network_address_list}
    refusals = (AddressListError,)
    plain = True
