#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The work is done on the controller by plugins/action/network_transaction.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: network_transaction
version_added: "0.1.0"
short_description: Keep the changes of all packet filters of a network, or take all of them back
description:
  - A transaction over the network has two ends. With O(state=begun) it gets a name. Every M(faxnet.deploy.firewall)
    that is given this name brings its rules in force and holds them. With O(state=ended) it is decided over all.
  - All are kept when every host that took part can be logged in to over a new connection while all new rules are in
    force, and the plan's own flows come about between them (see O(most_flows)). When a single one fails at any step,
    all are taken back, also those that had been confirmed before.
  - If the controller dies before the decision, each host undoes its change when its own timer fires.
  - No protocol can promise more where messages may be lost. A host that vanishes between the decision and its own
    confirmation is named, with what it does by itself and when.
options:
  directory:
    description:
      - The plan's directory on the controller, as in M(faxnet.deploy.firewall).
    type: path
  state:
    description:
      - V(grouped) parts the hosts of the play into groups of sites that belong together, for a transaction each, where
        all would be too many for one timer.
      - V(begun) begins a transaction.
      - V(ended) decides over it. Fails when the changes were taken back.
    type: str
    choices: [grouped, begun, ended]
    required: true
  transaction:
    description:
      - The transaction to decide over. An empty one is none, and nothing is done.
    type: str
    default: ""
  routers:
    description:
      - With O(state=begun), the routers that are changed in it.
    type: list
    elements: str
    default: []
  hold_timeout:
    description:
      - Seconds that a host holds its change before it undoes it by itself.
      - By default enough for the number of hosts, routers and forks of the play.
    type: int
    default: 0
  group_size:
    description:
      - With O(state=grouped), how many hosts are in a group, as a number (V(50)) or a share of all (V(20%)).
      - A site is never parted, nor are sites from each other where a router of one stands in or before the other; such
        a group may be larger. Other sites are parted only where those that flows connect are too many together.
    type: str
    default: 100%
  most_flows:
    description:
      - With O(state=ended), how many of the plan's flows are tried before it is decided; V(0) tries none. With
        O(state=begun) it counts for O(hold_timeout).
      - A flow is tried where its sender, its receiver and every router on its way take part, and one of them has new
        rules. Where there are more, each device with new rules has its turn, routers first.
      - Only TCP connections are tried. Where nothing listens yet, the far end says so, and the flow has come about.
        A datagram that brings nothing back proves nothing.
    type: int
    default: 200
attributes:
  check_mode:
    support: full
    description: Nothing is begun, so that nothing is held or tried.
  diff_mode:
    support: N/A
    description: What changes is shown by M(faxnet.deploy.firewall).
  platform:
    support: full
    platforms: all
    description: It asks the hosts through M(faxnet.deploy.firewall)'s module for each platform.
notes:
  - Run it once (C(run_once)), in plays of the strategy C(linear), where every host has done a task before the next
    begins. The playbook C(faxnet.deploy.deploy) shows how.
seealso:
  - module: faxnet.deploy.firewall
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Part a large network into groups of about fifty hosts
  faxnet.deploy.network_transaction:
    state: grouped
    group_size: "50"
  run_once: true
  register: parted

- name: Begin
  faxnet.deploy.network_transaction:
    state: begun
  run_once: true
  register: network

- name: Put the hosts' rules in force, on probation
  faxnet.deploy.firewall:
    together: "{{ network.transaction }}"

- name: Keep all of them, or none
  faxnet.deploy.network_transaction:
    state: ended
    transaction: "{{ network.transaction }}"
  run_once: true
"""

RETURN = r"""
groups:
  description: The number of each host's group, from 1.
  returned: with O(state=grouped)
  type: dict
  sample: {fl-fax: 1, fl-router: 1, uk-router: 2, uk-ts1: 2}
transaction:
  description: The transaction's name; empty in check mode.
  returned: with O(state=begun)
  type: str
  sample: 5f0c7d1e2a3b
hold_timeout:
  description: Seconds that a host holds its change.
  returned: with O(state=begun), when one was begun
  type: int
  sample: 180
depths:
  description:
    - The depths of O(routers), deepest first. The router at the edge has 1. Changed in this order, the way to every
      router that is still to be changed is as it was.
  returned: with O(state=begun)
  type: list
  elements: int
  sample: [2, 1]
kept:
  description: The hosts that keep new rules.
  returned: with O(state=ended), when nothing was taken back
  type: list
  elements: str
  sample: [fl-router, fl-fax]
ended_sessions:
  description: How many sessions the changes took away together; they have been ended.
  returned: with O(state=ended), when nothing was taken back
  type: int
  sample: 3
notices:
  description: On which hosts they could not be ended, and why. Shown as warnings, too.
  returned: with O(state=ended), when nothing was taken back
  type: list
  elements: str
  sample: []
flows_tried:
  description: How many of the plan's flows were tried; all of them came about.
  returned: with O(state=ended), when nothing was taken back
  type: int
  sample: 12
flows_possible:
  description: How many could have been tried, between hosts that took part and over a device with new rules.
  returned: with O(state=ended), when nothing was taken back
  type: int
  sample: 12
"""
