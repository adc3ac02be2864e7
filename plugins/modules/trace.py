# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trace
short_description: Tell whether a packet would get there, and which rule decides
version_added: "0.1.0"
description:
  - Follows the first packet of a connection through a written plan, device by device, with the addresses that it wears
    at each of them, and names the rule that lets it pass or the device that refuses it.
  - Nothing is sent. To send real packets, use the role P(faxnet.deploy.verify#role).
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes.reads
options:
  source:
    description:
      - Where the packet comes from, a host of the plan or an address.
      - V(internet) stands for some machine outside all sites; it gets an address that is nobody's in this plan.
    type: str
    required: true
  destination:
    description:
      - Where it goes, a host of the plan or an address. For a host, the address that the source would dial is meant.
      - V(internet) is as for O(source).
    type: str
    required: true
  transport:
    description: The protocol, by name or number, such as V(tcp), V(udp), V(esp) or V(112).
    type: str
    default: tcp
  port:
    description: The destination port; required where the protocol has ports.
    type: int
  source_port:
    description:
      - The sender's port, for rules that name one (a FaxPress sends its alerts from its own port).
      - Without it, the packet comes from a port that the sender's system gave it, which is never one of those.
    type: int
seealso:
  - module: faxnet.deploy.plan
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Would the server's call-back reach the terminal server?
  faxnet.deploy.trace:
    source: fl-fax
    destination: uk-ts1
    port: 10500
  register: call

- name: Show the way
  ansible.builtin.debug:
    msg: "{{ call.text }}"

- name: Insist that nobody else gets there
  faxnet.deploy.trace:
    source: 192.0.2.66
    destination: uk-ts1
    port: 10500
  register: stranger
  failed_when: stranger is failed or stranger.passes

- name: Would an alert reach the client, on whatever port it waits?
  faxnet.deploy.trace:
    source: fl-faxpress
    source_port: 4644
    destination: fl-pc1
    port: 1234
    transport: udp
"""

RETURN = r"""
packet:
  description: The packet in words.
  returned: always
  type: str
  sample: tcp from fl-fax (10.1.0.10) to uk-ts1 (203.0.113.20) port 10500
outcome:
  description:
    - V(arrives) at a host of the plan; V(refused) by a rule; V(leaves) for an address that is not a host of the plan;
      V(lost) because nobody knows a way.
  returned: always
  type: str
  sample: arrives
passes:
  description: Whether no rule of the plan stops it.
  returned: always
  type: bool
  sample: true
reached:
  description: The host that it arrives at.
  returned: always
  type: str
  sample: uk-ts1
reason:
  description: The outcome in a sentence.
  returned: always
  type: str
  sample: uk-ts1 takes it for netcfax.scp/fl-fax>uk-ts1; replies pass as part of the connection
hops:
  description: The devices on the way, in order. The last one decides.
  returned: always
  type: list
  elements: dict
  contains:
    device: {description: The host., type: str, sample: uk-router}
    comes_as: {description: Source and destination as it comes in., type: str, sample: 198.51.100.10 -> 203.0.113.20}
    goes_as: {description: The same as it goes on., type: str, sample: 198.51.100.10 -> 10.2.0.10}
    decision:
      description:
        - V(accept), V(forward) or V(refuse). V(observe) or V(let_pass) where no rule names the packet and
          the device refuses nothing.
      type: str
      sample: forward
    rule: {description: The rule that decided., type: str, sample: forward tcp 10500-10599 to 10.2.0.10}
    flows: {description: The flows that the rule serves., type: list, elements: str, sample:
    [netcfax.scp/fl-fax>uk-ts1]}
    translation: {description: The translation of its destination., type: str, sample: 203.0.113.20 becomes 10.2.0.10}
near_misses:
  description:
    - Rules of the refusing device that the packet just misses, nearest first. Before them, what the plan says of a flow
      that has no rule of its own and passes only as an answer.
  returned: always
  type: list
  elements: str
  sample: []
text:
  description: All of it for people, line by line.
  returned: always
  type: list
  elements: str
  sample: [tcp from fl-fax (10.1.0.10) to uk-ts1 (203.0.113.20) port 10500]
"""
