# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: approval
short_description: Keep a plan as the approved one, or insist that it is
version_added: "0.1.0"
description:
  - With O(state=given), keeps a copy of the plan that is on disk as the approved one, in C(approved) beside the plan's
    directory, with the time in C(approved_at). Put that directory under version control, and it says who approved what
    and when.
  - With O(state=required), fails where a plan has been approved and the plan on disk is another one. Where no plan was
    ever approved, nothing is asked. The playbook C(faxnet.deploy.deploy) does this before it touches any host.
  - Contacts no target.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes
options:
  state:
    description: Whether to approve the plan, or to insist that it is approved.
    type: str
    choices: [given, required]
    required: true
  digest:
    description:
      - For O(state=given), the digest of the plan that is meant, at least its first 12 digits, so that nobody approves
        a plan that came in between.
    type: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The digests of the plan that was approved before and of this one.
  action:
    support: full
  bypass_host_loop:
    support: full
  connection:
    support: none
    details:
      - Reads and writes files on the controller; no target is contacted.
seealso:
  - module: faxnet.deploy.show
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Approve the plan that was looked at
  faxnet.deploy.approval:
    state: given
    digest: 9f2c61d0a7be

- name: Go no further with any other plan
  faxnet.deploy.approval:
    state: required
"""

RETURN = r"""
approved:
  description: Digest of the approved plan; none where no plan has been approved.
  returned: always
  type: str
  sample: 5df14375fc572a4ae3ab
digest:
  description: Digest of the plan on disk; none where there is no plan.
  returned: with O(state=required)
  type: str
  sample: 5df14375fc572a4ae3ab
written:
  description: When the plan on disk was written; none where there is no plan.
  returned: with O(state=required)
  type: str
  sample: 2026-11-29 18:44:10 UTC
signature:
  description:
    - For which plan the signature in C(faxnet_approval) is, in a sentence; none where nobody signed.
    - One for another plan is a warning besides, and stops nobody.
  returned: with O(state=required)
  type: str
  sample: This plan was approved by Network security on 2026-11-29.
"""
