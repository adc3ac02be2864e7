# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Prove a plan with packets, allowed ones and refused ones
version_added: "0.1.0"
description:
  - In its first step it derives from the plan, once for the whole network, what must pass and what must be refused, and
    writes for each host the packets that it has to try.
  - In its second step each host begins to send its own packets, without anybody waiting for it; in its third step what
    came back is fetched and kept on the controller. So the hosts of a large network wait for silence side by side,
    whatever Ansible's C(forks) are.
  - What must be refused are the ports beside each opening, the same ports under the other protocol or from another
    source port, other clients' call-back ranges, answers that nobody has asked for, servers by hosts that do not use
    them, hosts behind routers from outside, and flows that are switched off. A packet counts as refused only when
    nothing at all came back, for even a refusal says that it got there.
  - Hosts outside a public server's network stand for the Internet. Flows that no packet between the plan's hosts can
    show, such as those to a DNS server that is none of them, are listed with the reason.
  - Silence is only believed where something else shows that the line was alive. Otherwise the check is not proven.
  - The task does not fail over what it finds. M(faxnet.deploy.report) judges all hosts' results together, writes them
    down, and fails where it is told to.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes
options:
  step:
    description:
      - V(expect) derives the packets and clears the results of earlier runs. Run it once for all hosts.
      - V(send) has the host at hand begin to send its packets. It is skipped for a host that is not planned or that
        nobody logs in to. What an earlier run from the same directory has left on the host is removed first.
      - V(collect) fetches what came back. Run V(send) on all hosts first.
    type: str
    required: true
    choices: [expect, send, collect]
  timeout:
    description: Seconds to wait for an answer, for each try.
    type: float
    default: 1.0
  tries:
    description: How often a packet is sent before it counts as unanswered.
    type: int
    default: 2
  parallel:
    description: The most packets that a host has on their way at one time.
    type: int
    default: 500
  most_flows:
    description:
      - With O(step=expect), how many allowed packets one host tries at most. Which ones is decided by the hash of their
        names, the same in every run; what is left out is written down.
    type: int
    default: 2000
  most_refused:
    description: With O(step=expect), how many packets of each refused kind one host tries at most.
    type: int
    default: 200
  others:
    description:
      - With O(step=expect), how many others each host is tried against in a network that is too large for all pairs.
    type: int
    default: 4
  all_pairs:
    description:
      - With O(step=expect), up to how many pairs of hosts everybody is tried against everybody, for each kind of check
        that asks whether hosts reach what is none of theirs. Beyond that each host is tried against O(others) others,
        in turn, and the report says how many pairs were tried.
    type: int
    default: 800
  emulator_socket:
    description:
      - With O(step=send), the control socket of the emulator on the host. Where one runs, nothing is sent yet and
        RV(emulated) is true, for a probe from a port of the emulator's own would take packets that are meant for it.
        Let it call its clients back, then run V(send) again without this option. The host joins the group
        C(faxnet_emulated) for the rest of the run.
    type: path
  job:
    description: With O(step=collect), what O(step=send) returned as RV(job) on this host.
    type: path
  notifications:
    description:
      - With O(step=collect), what M(faxnet.deploy.emulator_notify) returned as C(results) on this host. Each client
        that listens is now connected to as well, and the report compares what was sent with what arrived.
    type: list
    elements: dict
  instances:
    description: With O(step=collect), what M(faxnet.deploy.emulator_info) returned as C(instances) on this host.
    type: list
    elements: dict
  emulated:
    description:
      - With O(step=collect), whether an emulator runs on this host, which answers every packet of a verification. A
        datagram to it that brings no answer has then failed. Without it, a server's own program may leave a datagram
        that it does not know unanswered, and the check is not proven.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details:
      - Sends and writes nothing, for in check mode the rules to prove have not been applied either.
  diff_mode:
    support: none
  action:
    support: full
  bypass_host_loop:
    support: none
  connection:
    support: full
    details:
      - O(step=expect) contacts no target.
notes:
  - The results are a run's record and no managed state, so the task is never reported as changed.
requirements:
  - netaddr and PyYAML on the controller
  - Python 3.9 or later on the host
seealso:
  - module: faxnet.deploy.report
  - module: faxnet.deploy.probe
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Derive what must pass and what must be refused
  faxnet.deploy.verify:
    step: expect
  run_once: true

- name: Have each host begin to send its packets
  faxnet.deploy.verify:
    step: send
  register: sent

- name: Fetch what came back
  faxnet.deploy.verify:
    step: collect
    job: "{{ sent.job }}"
  register: tried

- name: Judge all of it, and fail if anything is not as planned
  faxnet.deploy.report:
    fail_on: [failed]
"""

RETURN = r"""
expected:
  description: What is expected of the network.
  returned: with O(step=expect)
  type: dict
  contains:
    hosts: {description: How many packets each host tries., type: dict, sample: {uk-ts1: 21}}
    kinds: {description: How many there are of each kind., type: dict, sample: {flow: 5, neighbour port: 20}}
    left_out: {description: What was left out for its number., type: list, elements: dict, sample: []}
    not_probed:
      description: Flows that no packet between the plan's hosts can show, by exchange and reason.
      type: list
      elements: dict
      sample: []
    by_reasoning:
      description: Permits of routers that no packet between the plan's hosts proves, by reason.
      type: list
      elements: dict
      sample: []
    shared_addresses:
      description: What cannot be refused, for its sender wears an allowed address.
      type: list
      elements: dict
      sample: []
job:
  description: What the third step needs to fetch the host's results; empty where the host sends nothing.
  returned: with O(step=send)
  type: str
  sample: /tmp/faxnet-probes-x1y2z3
emulated:
  description: Whether O(emulator_socket) is there, so that nothing was sent.
  returned: with O(step=send)
  type: bool
  sample: false
results:
  description: Path of this host's results on the controller.
  returned: with O(step=collect)
  type: str
  sample: /srv/network/.faxnet/results/uk-ts1.json
counts:
  description: >-
    How often each verdict was given by this host's results alone. The report may prove with other hosts' results what
    is not proven here.
  returned: with O(step=collect)
  type: dict
  sample: {failed: 0, not proven: 6, passed: 15, noted: 5}
failures:
  description: What is not as planned, a line each.
  returned: with O(step=collect)
  type: list
  elements: str
  sample: []
seconds:
  description: Time that the packets took together.
  returned: with O(step=collect)
  type: float
  sample: 2.1
"""
