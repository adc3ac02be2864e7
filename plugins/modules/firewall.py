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
    one kernel transaction. Of other packet filters nothing is touched but the rule that lets ours pass; nothing is ever
    flushed.
  - >-
    The change undoes itself: a timer is armed before the rules are loaded, and only a confirmation that comes over a
    new connection stops it. What survives a reboot is written on confirmation only, so that a reboot rolls back, too.
  - When the live table, the files and a router's forwarding are as they should be, nothing is touched. What
    is compared is what the kernel lists and what it would list after loading, so changes made by hand are repaired.
  - On a router it also sets forwarding and translates addresses.
  - A slice of the platform C(nftables_stateless) becomes a table that tracks no connections and has rules for answers.
  - A slice of the platform C(worksheet) is written as a text sheet on the controller, for a person to type in. Such a
    device is never connected to. For a device of the platform C(unmanaged) nothing is done at all.
  - >-
    Where the rules would refuse for the first time what nothing names, all that passes into the host or through it
    today and would stop has to be permitted (C(faxnet_permits), C(faxnet_forward_permits)) or given up by name
    (C(faxnet_accepted_losses)) before anything is changed. The message holds both as YAML that is ready to paste.
  - Over SSH, rules that would let no new session like the run's own in are refused before anything is changed, in check
    mode, too.
  - What the rules need of the kernel (idle times of single flows, connection-tracking helpers) is tried before anything
    is changed; what is missing is named with its module.
  - Connections that were promised a long silence keep it when the rules change, unless the change takes it away.
  - Sessions that the change took away are ended once it is confirmed, or once all hosts of a network have confirmed
    theirs. Management and what is still permitted live on.
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
  accepted_rules:
    description:
      - Names of rules of others about which nothing is to be said, on a host with Windows. The names are those of the
        registry, as the message has them.
    type: list
    elements: str
    default: []
  disabled_rules:
    description:
      - Names of rules of others in a Windows host's own store that are to be switched off. An undone change switches
        them on again; O(state=absent) does not.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.firewall
attributes:
  platform:
    details:
      - A worksheet needs no managed host.
notes:
  - In nftables an accept is final for its own table only. So ufw, firewalld, iptables-persistent or a table of the
    host's own that drops is told to let pass what these rules accept; where that cannot survive a reload or a boot, the
    module refuses to work beside it.
  - Without systemd the rules are not loaded at boot; a warning says so.
  - On a host with Windows nothing of this collection runs. The controller uses modules of C(ansible.windows) and
    C(community.windows), which have to be there; options about other tables, marks, translations and losses mean
    nothing to it, but for O(tolerate_drops), which goes on although something on the host keeps the rules from working.
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
ended_sessions:
  description:
    - How many sessions the change took away, or a change before whose run died; they have been ended. Where all hosts
      are changed as one, M(faxnet.deploy.network_transaction) counts those of this change.
  returned: success, unless the platform is a person's
  type: int
  sample: 3
differences:
  description: What was not as it should be.
  returned: success
  type: list
  elements: str
  sample: [table inet faxnet, /etc/faxnet/nftables.nft]
losses:
  description:
    - What passes into the host or through it today, would stop by the new rules, and is neither permitted nor named in
      C(faxnet_accepted_losses). Where there is any, nothing is changed and the task fails; in check mode it is shown.
  returned: always, unless the platform is a person's
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
      sample: listener
    protocol:
      description: The protocol by name or number, empty for all.
      type: str
      sample: udp
    ports:
      description: Destination ports, empty where there are none or all are meant.
      type: str
      sample: "51820"
    sources:
      description: Addresses or networks that it comes from; none for everybody.
      type: list
      elements: str
      sample: []
    destinations:
      description: Where it goes; none for anywhere, and for this host.
      type: list
      elements: str
      sample: []
    interface:
      description: The device that it belongs to.
      type: str
      sample: ""
    program:
      description: The program's name, as far as it can be read.
      type: str
      sample: dnsmasq
    text:
      description: All of it in words.
      type: str
      sample: listener udp port 53 (dnsmasq)
  sample: []
losses_text:
  description: The same for a person, with YAML that keeps it and YAML that gives it up.
  returned: when something would stop
  type: str
  sample: "nothing was changed: ..."
others:
  description: Other packet filters that may drop what the rules accept and are left alone, each with the reason.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: []
ban_lists:
  description:
    - Other packet filters that drop only what the addresses of a ban list send, such as fail2ban's.
    - They are no obstacle, and no warning.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: []
published_ports:
  description:
    - Ports that Docker, Podman or others lead on to guests of this host. They are open to whoever reaches the host,
      whatever the plan says, for such packets do not come in but go through, and a host that is no router does not
      filter those.
    - Empty on a router, which filters what goes through it.
  returned: success, with O(state=present)
  type: list
  elements: dict
  contains:
    program:
      description: Whose rule it is, V(Docker) or V(Podman); of others the table and chain.
      type: str
      sample: Docker
    transport:
      description: The transport protocol.
      type: str
      sample: tcp
    ports:
      description: The port or ports, separated by commas, ranges with a hyphen. Empty for all.
      type: str
      sample: "8080"
    address:
      description: The host's address to which it is bound; empty for all of them.
      type: str
      sample: ""
    to:
      description: Where it leads to, as far as nft shows it.
      type: str
      sample: "172.17.0.2:80"
  sample: [{program: Docker, transport: tcp, ports: "8080", address: "", to: "172.17.0.2:80"}]
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
