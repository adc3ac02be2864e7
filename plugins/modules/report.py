# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write down what is planned and what was proven of it
version_added: "0.1.0"
description:
  - Judges the results of the last verification against the plan and writes a page for people (C(index.html)), the same
    for programs (C(report.json)) and JUnit XML for continuous integration (C(junit.xml)).
  - Beside the page lie the flows, the rules of every device and the call-back ranges as tables (C(flows.csv),
    C(rules.csv), C(ranges.csv), and the same as Markdown), and the drawing (C(network.svg)). The page links them.
  - The page needs nothing but itself. It shows the verdict, the sites, devices and flows as a drawing, who may talk to
    whom, the call-back ranges, sheets for routers and clients that are set by hand, findings with their cures, and what
    was tested and what was not.
  - It says what changed since the approved plan (M(faxnet.deploy.approval)), also as C(changes.csv) and C(changes.md),
    and holds the block that an approver signs, with what the variable C(faxnet_approval) says. A signature for another
    plan is a warning. What is wrong in that variable is left out of the report, and fails the task when it is written.
  - It works before anything was tested, and says so; after a run with C(--limit) it names the hosts that were not
    tested.
  - Runs once for the whole inventory.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes
options:
  fail_on:
    description:
      - What makes the task fail, once the report is written.
      - V(failed) is a packet that passed or was refused against the plan, or a notification that went astray.
      - V(not proven) is a check without proof, such as silence on a line that nothing shows to be alive.
      - V(not tested) is a host that sent no packets.
    type: list
    elements: str
    choices: [failed, not proven, not tested]
    default: []
attributes:
  check_mode:
    support: full
    details:
      - Judges and writes nothing. Is skipped where there is no plan yet.
  diff_mode:
    support: none
  action:
    support: full
  bypass_host_loop:
    support: full
  connection:
    support: none
    details:
      - Reads and writes files on the controller; no target is contacted.
notes:
  - The report is a run's record and no managed state, so the task is never reported as changed.
requirements:
  - netaddr and PyYAML on the controller
seealso:
  - module: faxnet.deploy.approval
  - module: faxnet.deploy.verify
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Draw the plan, whether it was tested or not
  faxnet.deploy.report:
  register: written

- name: Fail unless everything was tested and proven
  faxnet.deploy.report:
    fail_on: [failed, not proven, not tested]

- name: Say where the page is
  ansible.builtin.debug:
    msg: "{{ written.headline }}: {{ written.page }}"
"""

RETURN = r"""
verdict:
  description: >-
    V(passed), V(failed), V(incomplete) (nothing failed, something is not proven or not tested) or V(not tested).
  returned: always
  type: str
  sample: passed
headline:
  description: The verdict in words.
  returned: always
  type: str
  sample: Exactly the planned traffic passes
sentence:
  description: The figures behind it.
  returned: always
  type: str
  sample: All 14 connections that must work do, and all 121 that must be refused are.
approved:
  description: Whether the plan is the approved one.
  returned: always
  type: bool
  sample: true
signed:
  description: >-
    For which plan the signature in C(faxnet_approval) is: V(this plan), V(another plan), V(no plan named), or
    V(nothing) where nobody has signed.
  returned: always
  type: str
  sample: this plan
passed:
  description: How many checks passed.
  returned: always
  type: int
  sample: 179
failed_checks:
  description: How many checks failed.
  returned: always
  type: int
  sample: 0
unproven:
  description: How many checks are not proven.
  returned: always
  type: int
  sample: 0
untested:
  description: Hosts that sent no packets in this run.
  returned: always
  type: list
  elements: str
  sample: []
sampled:
  description: A sentence for each kind of check of which only some were made, with how many of how many, and which.
  returned: always
  type: list
  elements: str
  sample: ["Another host: 80,000 of 400,000,000 pairs of hosts were tried; each host tries 4 servers, in turn."]
failures:
  description: What is not as planned, a line each. Cut short where the task fails over it.
  returned: always
  type: list
  elements: str
  sample: ["stranger to fl-fax (198.51.100.10:7488/tcp), another host: got through and was answered"]
page:
  description: The page for people.
  returned: always
  type: str
  sample: /srv/network/.faxnet/report/index.html
document:
  description: The same for programs.
  returned: always
  type: str
  sample: /srv/network/.faxnet/report/report.json
junit:
  description: JUnit XML.
  returned: always
  type: str
  sample: /srv/network/.faxnet/report/junit.xml
drawing:
  description: The drawing as a file of its own.
  returned: always
  type: str
  sample: /srv/network/.faxnet/report/network.svg
tables:
  description: Flows, rules and call-back ranges, each as CSV and as Markdown.
  returned: always
  type: list
  elements: str
  sample: [/srv/network/.faxnet/report/flows.csv, /srv/network/.faxnet/report/flows.md]
"""
