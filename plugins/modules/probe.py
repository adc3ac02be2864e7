#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
version_added: "0.1.0"
short_description: Send packets from a host and say what came back
description:
  - Sends any number of probes (TCP connections, UDP datagrams, ICMP echo requests) from the managed host, all side by
    side, and returns what came back for each. Five hundred silent probes take as long as one.
  - Where many hosts are to send, start their probes with O(background=true) on all of them and fetch the outcomes with
    O(job) in a later task. Then no task waits for silence, and Ansible's C(forks) no longer say how many hosts wait at
    one time.
  - The module reports outcomes and does not judge them; M(faxnet.deploy.verify) compares them with the plan.
  - >-
    A TCP probe closes its connection as soon as it stands, without sending data.
options:
  probes:
    description: What to send. Needed without O(job).
    type: list
    elements: dict
    suboptions:
      id:
        description: A name for the probe, given back with its result.
        type: str
        required: true
      address:
        description: The IPv4 or IPv6 address to dial. Names are not looked up.
        type: str
        required: true
      transport:
        description: The protocol of the probe.
        type: str
        required: true
        choices: [tcp, udp, icmp]
      port:
        description: The destination port. Not used with O(probes[].transport=icmp).
        type: int
      source_address:
        description: The address to send from. The host's routing decides when it is not given.
        type: str
      source_port:
        description:
          - The port to send from. The system chooses one when it is not given.
          - Over UDP a program of this host may use the same port, where it shares it (C(SO_REUSEADDR)); for the moment
            of the probe, the answers of the dialled address and port go to the probe alone. Over TCP no program may
            listen on it.
        type: int
      payload:
        description: Text to send in a UDP probe.
        type: str
      question:
        description:
          - Ask the service itself as well, with a datagram of its own protocol. V(sip) is an OPTIONS request, V(iax2) a
            POKE; neither starts a call.
        type: str
        choices: ["", sip, iax2]
        default: ""
  timeout:
    description: Seconds to wait for an answer, for each try.
    type: float
    default: 1.0
  tries:
    description: How often a probe is sent before it counts as silent.
    type: int
    default: 2
  parallel:
    description: The most probes on their way at one time. Less when the host allows fewer open files.
    type: int
    default: 500
  background:
    description:
      - Whether to leave the sending to a process of its own, and to return its RV(job) at once. Fetch the outcomes with
        O(job), as the same user.
    type: bool
    default: false
  name:
    description:
      - With O(background=true), whose job this is, in up to 32 letters and digits. Earlier jobs of the same name and
        user that nobody has fetched are ended and removed from the host, as those of a run that was broken off.
    type: str
    default: ""
  job:
    description:
      - What the task with O(background=true) returned as RV(job). Its outcomes are waited for, returned, and removed
        from the host. Those of further O(probes), which are sent now, come behind them.
      - Where the process was killed, the job's probes are sent again now.
    type: path
  unless_there:
    description:
      - A path. Where it is there, nothing is sent, and RV(held_back) is true. This spares a task that looks for it.
    type: path
attributes:
  check_mode:
    support: full
    description: Probes change nothing, so they are sent in check mode, too.
  diff_mode:
    support: none
    description: There is nothing to differ.
  platform:
    support: full
    platforms: posix
    description: Hosts with Python 3.9 or later. On systems other than Linux an ICMP error does not name its sender.
notes:
  - RV(results[].outcome=silent) alone proves little. Send a probe that must be answered to the same address beside it.
  - ICMP echo needs root, or a group inside C(net.ipv4.ping_group_range).
seealso:
  - module: faxnet.deploy.verify
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Ask whether the fax server answers, and that the port beside it does not
  faxnet.deploy.probe:
    probes:
      - {id: primary port, address: 198.51.100.10, transport: tcp, port: 7488}
      - {id: port above, address: 198.51.100.10, transport: tcp, port: 7489}
  register: probed

- name: Ask from the fax server whether its alerts get through, and that nothing else does
  faxnet.deploy.probe:
    probes:
      - {id: alert, address: 10.1.0.21, transport: udp, port: 2000, source_port: 4644}
      - {id: from the port beside it, address: 10.1.0.21, transport: udp, port: 2000, source_port: 4645}

- name: Have all hosts send without waiting for one another
  faxnet.deploy.probe:
    probes:
      - {id: not for us, address: 198.51.100.10, transport: tcp, port: 7489}
    background: true
  register: started

- name: Fetch what came back
  faxnet.deploy.probe:
    job: "{{ started.job }}"
  register: probed

- name: Show what came back
  ansible.builtin.debug:
    msg: "{{ item.id }}: {{ item.outcome }} {{ item.detail }}"
  loop: "{{ probed.results }}"
"""

RETURN = r"""
results:
  description: One result for each probe, in their order.
  returned: success, without O(background=true)
  type: list
  elements: dict
  contains:
    id:
      description: The probe's name.
      type: str
      returned: always
      sample: primary port
    outcome:
      description: >-
        V(open): the other end answered (handshake, reply, echo reply). V(refused): it answered that nothing listens
        there (TCP reset, ICMP port unreachable). V(prohibited): a filter said so (ICMP administratively prohibited, or
        this host's own filter). V(unreachable): a router answered that there is no route or no such host.
        V(silent): nothing came back. V(unsent): this host could not send; RV(results[].detail) says why.
      type: str
      returned: always
      sample: open
    detail:
      description: More about the outcome, may be empty.
      type: str
      returned: always
      sample: port unreachable, said by 203.0.113.20
    tries:
      description: How often it was sent.
      type: int
      returned: always
      sample: 1
    milliseconds:
      description: Time from the last sending to the answer. V(null) when nothing came back.
      type: float
      returned: always
      sample: 0.8
seconds:
  description: Time that all probes took together.
  returned: success, without O(background=true)
  type: float
  sample: 2.1
job:
  description: The directory on the host in which the outcomes will be, for O(job).
  returned: with O(background=true)
  type: str
  sample: /tmp/faxnet-probes-x1y2z3
held_back:
  description: Whether O(unless_there) is there, so that nothing was sent.
  returned: with O(unless_there)
  type: bool
  sample: false
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._probing.background import JobError, collect, start
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.probes import TRANSPORTS, ProbeError, run_probes
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.questions import QUESTIONS


def main() -> None:
    probe = {
        "id": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "transport": {"type": "str", "required": True, "choices": list(TRANSPORTS)},
        "port": {"type": "int"},
        "source_address": {"type": "str"},
        "source_port": {"type": "int"},
        "payload": {"type": "str"},
        "question": {"type": "str", "choices": ["", *QUESTIONS], "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "probes": {"type": "list", "elements": "dict", "options": probe},
            "timeout": {"type": "float", "default": 1.0},
            "tries": {"type": "int", "default": 2},
            "parallel": {"type": "int", "default": 500},
            "background": {"type": "bool", "default": False},
            "name": {"type": "str", "default": ""},
            "job": {"type": "path"},
            "unless_there": {"type": "path"},
        },
        required_one_of=[("probes", "job")],
        supports_check_mode=True,
    )
    for name, least in (("timeout", 0.01), ("tries", 1), ("parallel", 1)):
        if module.params[name] < least:
            module.fail_json(msg=f"{name} is {module.params[name]}; the least is {least}")
    if module.params["background"] and module.params["job"]:
        module.fail_json(msg="background starts probes and job fetches what came of them; use one of the two")
    told = {}
    if module.params["unless_there"]:
        told["held_back"] = os.path.exists(module.params["unless_there"])
        if told["held_back"]:
            module.exit_json(changed=False, job="", results=[], seconds=0.0, **told)
    try:
        module.exit_json(changed=False, **told, **_done(module.params))
    except (ProbeError, JobError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The probes could not be sent by a process of their own: {error}")


def _done(params: dict[str, Any]) -> dict[str, Any]:
    """Do what the task asks for; returns what it returns."""
    how = (params["timeout"], params["tries"], params["parallel"])
    if params["background"]:
        return {"job": start(params["probes"], *how, params["name"])}
    results, seconds = collect(params["job"]) if params["job"] else ([], 0.0)
    if params["probes"]:
        began = time.monotonic()
        results += run_probes(params["probes"], *how)
        seconds += time.monotonic() - began
    return {"results": results, "seconds": round(seconds, 3)}


if __name__ == "__main__":
    main()
