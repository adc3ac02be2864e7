# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CommuniGate Pro's network address lists, read into plain data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: network_address_list
short_description: Read a network address list of CommuniGate Pro
version_added: "0.1.0"
description:
  - Turns the text of a network address list, such as the server's LAN IPs, into a list with an entry for each line.
  - Comments, empty lines, order and exclusions are kept, so that P(faxnet.deploy.to_network_address_list#filter) gives
    the same text again, byte for byte.
  - A list with lines that cannot be read is an error that names each of them, its number, what is wrong and what to do.
positional: _input
options:
  _input:
    description: The list's text, lines that end in a line feed.
    type: str
    required: true
  grammar:
    description:
      - The version of CommuniGate Pro from which on servers read what may stand in the list.
      - V(5.0) has addresses, ranges and comments. V(5.1) adds exclusions (C(!)), V(5.2) adds masks (C(10.0.0.0/8)), and
        V(6.4) adds references to other lists (C(#name)) and templates for domain names (C(#@*.example.org)).
    type: str
    choices: ["5.0", "5.1", "5.2", "6.4"]
    default: "6.4"
seealso:
  - plugin: faxnet.deploy.to_network_address_list
    plugin_type: filter
  - plugin: faxnet.deploy.in_network_address_list
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Show the networks that a server takes for its LAN, without what it excludes
  ansible.builtin.debug:
    msg: >-
      {{ lan_ips | faxnet.deploy.network_address_list
      | selectattr('value') | rejectattr('excluded') | map(attribute='value') }}
  vars:
    lan_ips: |
      ; head office
      10.0.0.0-10.0.255.255
      !10.0.9.1
"""

RETURN = r"""
_value:
  description: An entry for each line, in their order.
  type: list
  elements: dict
  contains:
    line:
      description: The line's number, from 1.
      type: int
    kind:
      description:
        - V(address), V(range), V(prefix), V(name) (a reference to another list), V(template) (of domain names),
          V(comment) or V(empty).
      type: str
    value:
      description: The entry without C(!) and comment, in its usual notation. None for a comment or an empty line.
      type: str
    excluded:
      description: Whether the entry is taken away from what the lines before it gave.
      type: bool
    comment:
      description: What follows the semicolon. None where there is no semicolon.
      type: str
    version:
      description: The IP version, 4 or 6. None for what is not written in addresses.
      type: int
    first:
      description: The first address. None for what is not written in addresses.
      type: str
    last:
      description: The last address. None for what is not written in addresses.
      type: str
    text:
      description: The line as it stands.
      type: str
  sample:
    - line: 1
      kind: range
      value: 10.0.0.0-10.0.255.255
      excluded: false
      comment: head office
      version: 4
      first: 10.0.0.0
      last: 10.0.255.255
      text: 10.0.0.0-10.0.255.255 ; head office
"""

from typing import Any, ClassVar

from ..plugin_utils.faces.communigate.network_list import NEWEST, AddressListError, parse, to_structure
from ..plugin_utils.faces.filter import EngineFilters


def _network_address_list(data: object, grammar: object = NEWEST) -> list[dict[str, Any]]:
    return to_structure(parse(data, str(grammar)))


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"network_address_list": _network_address_list}
    refusals = (AddressListError,)
    plain = True
