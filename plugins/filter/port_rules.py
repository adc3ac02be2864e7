# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that a device needs, as people type them into routers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: port_rules
short_description: List the rules that a host or router needs
version_added: "0.1.0"
description:
  - Turns a host's slice of the plan into a flat list of rules, for people who bring rules to a device in their own way.
  - A rule that is switched off in the inventory stays in the list, with C(enabled) false.
  - C(ports) V(1-65535) means that the receiving side chooses the port. C(from) is an address, or V(0.0.0.0/0) and
    V(::/0) for anyone.
  - Some products ask for more than a port. C(source_ports) is the sender's own port, without which such a rule would
    let in too much. C(idle) is for how many seconds the device must keep the connection although nothing passes, and
    C(helper) the connection-tracking helper that has to read along. Each is none where the product does not need it.
positional: _input
options:
  _input:
    description: A host's slice, as the lookup P(faxnet.deploy.slice#lookup) and the module return it.
    type: dict
    required: true
  direction:
    description: V(in) or V(out). Only rules of this direction.
    type: str
    choices: [in, out]
  service:
    description:
      - Only rules of this service. V(netcfax) means all of the product's, V(netcfax PCP) one of its exchanges, and
        V(netcfax PCP 7488) one entry of the device's list of services.
    type: str
  target_ranges:
    description:
      - Makes one rule of those that differ in nothing but consecutive target addresses, where the device can hold such
        a rule. A rule for each client is what brings each notification to the right one, so this is never the default.
    type: bool
    default: false
seealso:
  - plugin: faxnet.deploy.slice
    plugin_type: lookup
  - plugin: faxnet.deploy.port_text
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Write the forwards of a router that has its own configuration language
  ansible.builtin.copy:
    content: |
      {% for rule in rules | selectattr('enabled') | selectattr('public') %}
      forward {{ rule.transport }} {{ rule.public }} port {{ rule.ports }} to {{ rule.target }}
        from {{ rule.from }} port {{ rule.source_ports or 'any' }}
      {% endfor %}
    dest: "{{ playbook_dir }}/uk-router.txt"
    mode: "0644"
  delegate_to: localhost
  vars:
    rules: "{{ lookup('faxnet.deploy.slice', 'uk-router') | faxnet.deploy.port_rules(direction='in') }}"

- name: List what a firewall must keep open though nothing passes, and for how long
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.transport }} {{ item.ports }}, {{ item.idle }} seconds"
  loop: "{{ lookup('faxnet.deploy.slice', 'uk-router') | faxnet.deploy.port_rules | selectattr('idle') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description: The rules, in the plan's order.
  type: list
  elements: dict
  sample:
    - name: netcfax SCP 198.51.100.10 to uk-ts1
      direction: in
      service: netcfax SCP 10500-10599
      transport: tcp
      source_ports: null
      ports: 10500-10599
      idle: null
      helper: null
      action: allow
      enabled: true
      from: 198.51.100.10
      public: 203.0.113.20
      target: 10.2.0.10
      flows: [netcfax.scp/fl-fax>uk-ts1]
"""

from typing import ClassVar

from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError
from ..plugin_utils.faces.port_rules import port_rules


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"port_rules": port_rules}
    refusals = (InputError,)
