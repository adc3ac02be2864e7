# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Plan the fax network of a whole inventory
version_added: "0.1.0"
description:
  - Reads the C(faxnet_*) variables of all hosts of the inventory, computes every host's and router's openings,
    forwards, translations and call-back port ranges, and writes them as a plan directory with one file a host.
  - Runs once for the whole inventory, whatever C(--limit) leaves of it. A plan for half a network would shut out the
    other half.
  - Writes nothing while a mistake stands. All mistakes are reported together, each with host, variable, value, cure,
    file and line.
  - The same inventory gives the same plan, byte for byte. Where it is on disk already, nothing is written.
  - Removes worksheets and settings sheets beside the plan that the plan has no use for any more, so that nobody types
    in an old one. What is no sheet of the collection stays.
options:
  directory:
    description:
      - The plan's directory on the controller. It is replaced as a whole.
      - "When not given: C(plan) in the directory that the variable C(faxnet_directory) names, and without that
        variable C(.faxnet/plan) beside the inventory (beside its first source, where there are several)."
    type: path
  lock:
    description:
      - The lock file, which keeps the call-back ranges that clients already have. It belongs into version control.
      - "When not given: what the variable C(faxnet_lock) names, and without it C(.faxnet.lock.json) beside the
        inventory."
    type: path
notes:
  - Variables come from the inventory, its C(group_vars) and C(host_vars), from C(set_fact) and from C(--extra-vars).
    A play's own C(vars) belong to that play and are not seen, as it is with C(hostvars) everywhere.
  - A value that holds a template is evaluated with the variables of its host. Where it reads variables of a group only,
    it is evaluated once for the group.
requirements:
  - netaddr and PyYAML on the controller
extends_documentation_fragment:
  - faxnet.deploy.attributes
attributes:
  check_mode:
    support: full
    details:
      - Plans, reports all mistakes, and writes nothing.
  diff_mode:
    support: full
    details:
      - Who gains and who loses access, where a plan was there before; then one difference for each host whose part of
        the plan changes, in words, and one for the lock file.
  action:
    support: full
  bypass_host_loop:
    support: full
  connection:
    support: none
    details:
      - No target is contacted.
seealso:
  - module: faxnet.deploy.slice
  - module: faxnet.deploy.trace
  - plugin: faxnet.deploy.plan_query
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Plan the whole network
  faxnet.deploy.plan:
  register: result

- name: Keep the plan with the job's artifacts
  faxnet.deploy.plan:
    directory: /srv/job/plan
    lock: "{{ inventory_dir }}/.faxnet.lock.json"

- name: Show who is called back where
  ansible.builtin.debug:
    msg: "{{ result.directory | faxnet.deploy.plan_query(called_back) }}"
  vars:
    called_back: "flows[?callback].{client: destination, address: dial, ports: ports}"
"""

RETURN = r"""
digest:
  description: Digest of the plan. Two plans with one digest are the same.
  returned: when the plan is sound
  type: str
  sample: 9f2c61d0a7be4c3f8d15
directory:
  description: The plan's directory.
  returned: always
  type: str
  sample: /srv/network/.faxnet/plan
lock:
  description: The lock file.
  returned: always
  type: str
  sample: /srv/network/.faxnet.lock.json
removed:
  description:
    - Worksheets and settings sheets beside the plan that were removed, since their hosts have left the plan or are no
      longer set by a person. In check mode, those that would be.
  returned: when the plan is sound
  type: list
  elements: str
  sample: []
access:
  description:
    - Who gains and who loses access by this plan, from the packets that it and the plan before let pass, and not from
      their texts. What one entry holds and another held before is no gain.
    - None where no plan was before.
  returned: in diff mode, when the plan is sound
  type: dict
  contains:
    gained:
      description: What only the new plan lets pass.
      type: list
      elements: dict
      sample:
        - name: netcfax.pcp
          source: uk-pc2
          destination: fl-fax
          device: fl-fax
          crossing: in
          version: 4
          packets: tcp 7488
    lost: {description: What only the plan before lets pass., type: list, elements: dict, sample: []}
    needless:
      description: New entries that let pass only what the plan before did.
      type: list
      elements: dict
      sample: []
    kept:
      description: Entries that are gone, and of which the new plan lets everything pass by others.
      type: list
      elements: dict
      sample: []
findings:
  description: Errors, warnings and advice.
  returned: always
  type: list
  elements: dict
  contains:
    code: {description: Stable code of the kind of finding., type: str, sample: FXN108}
    severity: {description: "V(error), V(warning) or V(advice).", type: str, sample: error}
    title: {description: The kind in words., type: str, sample: "Address outside its site's networks"}
    hosts:
      description: All hosts concerned; the first is the one whose variable it is. Empty for the whole network.
      type: list
      elements: str
      sample: [uk-ts1]
    variable: {description: The variable and the path into it., type: str, sample: faxnet_address}
    value: {description: "The value found there, as text.", type: str, sample: 10.9.0.10}
    message: {description: What is wrong., type: str, sample: is outside the networks of site sheffield (10.2.0.0/24)}
    cure: {description: What to do., type: str, sample: correct the address or the site}
    places:
      description:
        - Where the variable stands, C(FILE:LINE:COLUMN) or C(FILE:LINE), as ansible-core tells it. What is missing has
          the place of what it should stand in. What is made by a template has the place of the template.
        - Of several hosts with one mistake, those of the first five. Empty where ansible-core does not tell.
        - They are in this result only. A plan does not change where its variables move to another line.
      type: list
      elements: str
      sample: [/srv/network/hosts.yml:21:35]
advice:
  description: The findings that are advice, a line each.
  returned: when the plan is sound
  type: list
  elements: str
  sample: []
summary:
  description: Counts, and for each role the hosts that have it.
  returned: when the plan is sound
  type: dict
  sample:
    hosts: 4
    flows: 4
    warnings: 0
    advice: 0
    roles: {router: [fl-router, uk-router], server: [fl-fax], client: [uk-ts1], endpoint: []}
"""
