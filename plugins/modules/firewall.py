#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
version_added: "0.1.0"
short_description: Put a host's part of the plan into its packet filter, without locking anyone out
description:
  - Renders the host's slice of the plan as one nftables table, C(inet faxnet), and replaces that table as a whole in
    one kernel transaction. Nothing else on the host is touched; nothing is ever flushed.
  - >-
    The change undoes itself: a timer is armed before the rules are loaded, and only a confirmation that comes over a
    new connection stops it. What survives a reboot is written on confirmation only, so that a reboot rolls back, too.
  - When the live table, the files and a router's forwarding are as they should be, nothing is touched. What
    is compared is what the kernel lists and what it would list after loading, so changes made by hand are repaired.
  - On a router it also sets forwarding and translates addresses.
  - A slice of the platform C(nftables_stateless) becomes a table that tracks no connections and has rules for answers.
  - A slice of the platform C(worksheet) is written as a text sheet on the controller, for a person to type in. Such a
    device is never connected to. For a device of the platform C(unmanaged) nothing is done at all.
  - What the rules need of the kernel (idle times of single flows, connection-tracking helpers) is tried before anything
    is changed; what is missing is named with its module.
  - Connections that were promised a long silence keep it when the rules change, unless the change takes it away.
options:
  policy:
    description:
      - A policy to use instead of the one in the plan, of the same form as C(policy) in a slice.
    type: dict
  state:
    description:
      - V(present) puts the rules in force.
      - V(absent) removes everything that carries the collection's name, with the same care.
    type: str
    choices: [present, absent]
    default: present
  address_ranges:
    description:
      - Let neighbouring target addresses with the same ports share one element of a set. The same packets pass; the
        single clients are harder to tell apart in the list.
    type: bool
    default: false
  together:
    description:
      - The transaction over the network that the change belongs to, as M(faxnet.deploy.network_transaction) named it.
      - The change is held then, instead of confirmed, until that module keeps or takes back the changes of all hosts.
        If it never does, the host undoes the change by itself.
    type: str
    default: ""
  forwarding:
    description:
      - Fail, changing nothing, unless the policy is that of a router (V(true)) or of a host (V(false)). Not checked
        when it is not given.
    type: bool
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.firewall
attributes:
  platform:
    details:
      - A worksheet needs no managed host.
notes:
  - The module refuses to work beside another active packet filter, because in nftables an accept is final for its own
    table only.
  - Without systemd the rules are not loaded at boot; a warning says so.
seealso:
  - module: faxnet.deploy.plan
  - module: faxnet.deploy.firewall_transaction
    description: What this module does on the managed host.
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Put each host's part of the plan into its packet filter
  faxnet.deploy.firewall:

- name: Show what would change, touch nothing
  faxnet.deploy.firewall:
  check_mode: true
  diff: true

- name: Give a slow satellite link two minutes to confirm
  faxnet.deploy.firewall:
    confirm_timeout: 120

- name: Remove everything that the collection has put there
  faxnet.deploy.firewall:
    state: absent
"""

RETURN = r"""
confirmed:
  description: Whether the change was confirmed over a new connection. Not there when nothing had to be confirmed.
  returned: when rules or kernel settings were changed
  type: bool
  sample: true
confirmed_over:
  description: The connection plugin that carried the confirmation. Anything but SSH bypasses the packet filter.
  returned: when rules or kernel settings were changed
  type: str
  sample: ssh
differences:
  description: What was not as it should be.
  returned: success
  type: list
  elements: str
  sample: [table inet faxnet, /etc/faxnet/nftables.nft]
shut_listeners:
  description: Ports that listen on the host and that the rules open to nobody.
  returned: success, with O(state=present)
  type: list
  elements: dict
  contains:
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: udp
    port:
      description: The port.
      type: int
      sample: 53
    program:
      description: The program's name, as far as it can be read.
      type: str
      sample: dnsmasq
  sample: [{transport: udp, port: 53, program: dnsmasq}]
others:
  description: Other packet filters that were found and tolerated.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: []
notices:
  description: What the host's owner must know, such as a damaged file of the rules. Shown as warnings, too.
  returned: success, unless the platform is a person's
  type: list
  elements: str
  sample: []
worksheet:
  description: The path of the sheet on the controller.
  returned: for the platform C(worksheet)
  type: str
  sample: /srv/fax/.faxnet/worksheets/florida-router.txt
"""
