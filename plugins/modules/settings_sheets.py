# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_sheets
short_description: Write down what a person enters into a host's fax products
version_added: "0.1.0"
description:
  - Products without an interface for programs are set by hand. Of each that the plan has on this host, on either side,
    this writes a sheet with what to enter where, from the host's part of the plan and from nothing else.
  - A sheet is two files, a text for people and JSON for programs, on the host (C(NAME.txt), C(NAME.json)) and on the
    controller (C(HOST.NAME.txt), C(HOST.NAME.json)). All of a host's are one task and one module call.
  - The collection has the sheets V(netcfax-client), V(netcfax-server), V(faxpress-client), V(faxpress-server) and
    V(kerio-admin) (the client's side of Kerio Control and Kerio Connect); O(own) adds others.
  - A sheet of a product that the plan no longer has here is removed.
  - A host on the platform V(unmanaged) or V(worksheet) is not logged in to; its sheets are on the controller alone.
extends_documentation_fragment:
  - faxnet.deploy.plan_directory
  - faxnet.deploy.attributes
options:
  state:
    description:
      - V(present) writes the sheets that the plan has for the host.
      - V(absent) removes them; so it does for a host that has left the plan.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The directory of the sheets on the host. It is made when something is written. Empty to write none there.
    type: str
    default: /etc/faxnet
  collection:
    description:
      - The directory on the controller that collects the sheets of all hosts. Empty to write none there.
      - When not given, C(sheets) beside the plan's directory.
    type: str
  only:
    description:
      - Names of the sheets to look after; others stay as they are. A host on which the plan has nothing for one of them
        is refused. Empty means all, whatever the host has.
    type: list
    elements: str
    default: []
  own:
    description:
      - Sheets for other products, or other texts for the collection's own (under the same name).
      - It is the whole list. A sheet of the host that it no longer names is removed, unless O(only) is set; so name all
        of them in one task, or set O(only) in each.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Ends the files' names, V(hylafax-client) for instance.
        type: str
        required: true
      product:
        description: The product's name, for messages.
        type: str
        required: true
      side:
        description: Which side of the services the sheet is for.
        type: str
        choices: [client, server]
        required: true
      services:
        description: The product's services in the catalogue.
        type: list
        elements: str
        required: true
      template:
        description:
          - A Jinja template on the controller, with Jinja's own filters and tests. It is given C(host), C(entries) (the
            host's offers or uses of the services as its slice has them), C(flows), C(exchanges) and C(warnings) (the
            plan's warnings about those entries).
        type: path
        required: true
requirements:
  - netaddr and PyYAML on the controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  action:
    support: full
  bypass_host_loop:
    support: none
  connection:
    support: full
    details:
      - One module call, and none for a host that is not logged in to.
seealso:
  - module: faxnet.deploy.plan
  - plugin: faxnet.deploy.callback_ranges
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Write all settings sheets of this host
  faxnet.deploy.settings_sheets:

- name: Write a sheet for HylaFAX clients, too, on the controller alone
  faxnet.deploy.settings_sheets:
    path: ""
    own:
      - name: hylafax-client
        product: HylaFAX
        side: client
        services: [hylafax]
        template: "{{ playbook_dir }}/templates/hylafax-client.txt.j2"

- name: Remove the sheets
  faxnet.deploy.settings_sheets:
    state: absent
"""

RETURN = r"""
sheets:
  description: Names of the sheets that the host has.
  returned: always
  type: list
  elements: str
  sample: [netcfax-client]
"""
