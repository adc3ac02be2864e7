# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an address is in one of CommuniGate Pro's network address lists."""

from __future__ import annotations

DOCUMENTATION = r"""
name: in_network_address_list
short_description: Tell whether a network address list of CommuniGate Pro contains an address
version_added: "0.1.0"
description:
  - Answers as the server would. An exclusion takes addresses away from what the lines B(before) it gave, so for each
    address the last line that matches it decides.
positional: _input, addresses
options:
  _input:
    description: One IPv4 or IPv6 address. An IPv4-mapped one, V(::ffff:10.0.0.1), also means the IPv4 address.
    type: str
    required: true
  addresses:
    description:
      - The list, as text, as P(faxnet.deploy.network_address_list#filter) returns it, or as a plain list of lines.
    type: raw
    required: true
  lists:
    description:
      - Other lists by their names, for references such as C(#branches). Letters are not case sensitive in names.
      - A reference that decides and is not here is an error. So is a template for domain names that decides, because
        only the server can look names up.
    type: dict
    default: {}
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
- name: Make sure that the server takes this host for one on its LAN
  ansible.builtin.assert:
    that: "'10.0.0.7' | faxnet.deploy.in_network_address_list(lan_ips)"
    fail_msg: 10.0.0.7 is not in the server's LAN IPs
  vars:
    lan_ips: |
      10.0.0.0-10.0.255.255
      !10.0.9.1
"""

RETURN = r"""
_value:
  description: Whether the address is in the list.
  type: bool
  sample: true
"""

from typing import ClassVar

from ..plugin_utils.faces.communigate.network_list import NEWEST, AddressListError, contains
from ..plugin_utils.faces.filter import EngineFilters


def _in_network_address_list(
    address: object, addresses: object, lists: object = None, grammar: object = NEWEST
) -> bool:
    return contains(addresses, address, lists, str(grammar))


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"in_network_address_list": _in_network_address_list}
    refusals = (AddressListError,)
    plain = True
