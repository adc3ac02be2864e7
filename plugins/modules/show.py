# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show
short_description: Tell a plan in words, and what changed since the approved one
version_added: "0.1.0"
description:
  - Tells a written plan for people, the whole of it or one host's part. Sites, hosts, who connects to whom for what
    purpose, what is open besides, and all findings with their cures.
  - Where a plan has been approved (M(faxnet.deploy.approval)) and this is another one, says first who gains and who
    loses access since then.
  - Where the variable C(faxnet_approval) names an approver, says for which plan the signature is. One for another plan
    is a warning.
  - Changes nothing and contacts no target.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes.reads
options:
  host:
    description: The host whose part is told. When not given, the whole plan is.
    type: str
attributes:
  bypass_host_loop:
    support: full
seealso:
  - module: faxnet.deploy.plan
  - module: faxnet.deploy.approval
  - module: faxnet.deploy.report
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Tell the plan
  faxnet.deploy.show:
  register: shown

- name: Show it
  ansible.builtin.debug:
    msg: "{{ shown.text }}"

- name: Tell what one host does
  faxnet.deploy.show:
    host: fl-fax
"""

RETURN = r"""
text:
  description: All of it for people, line by line.
  returned: always
  type: list
  elements: str
  sample: ["No plan has been approved so far.", "Sites", "  florida: 10.1.0.0/24, behind fl-router (198.51.100.10)"]
digest:
  description: Digest of the plan.
  returned: always
  type: str
  sample: 9f2c61d0a7be4c3f8d15
approved:
  description: Digest of the approved plan; none where no plan has been approved.
  returned: always
  type: str
  sample: 5df14375fc572a4ae3ab
approved_at:
  description: When that was approved (ISO 8601, UTC); none where nobody knows.
  returned: always
  type: str
  sample: "2026-11-29T18:44:10Z"
signed:
  description: >-
    For which plan the signature in C(faxnet_approval) is: V(this plan), V(another plan), V(no plan named), or
    V(nothing) where nobody has signed.
  returned: always
  type: str
  sample: this plan
access:
  description: What changed since the approved plan, as RV(faxnet.deploy.plan#module:access); none where this is it.
  returned: always
  type: dict
  sample: {gained: [], lost: [], needless: [], kept: []}
"""
