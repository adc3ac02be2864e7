#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: emulator_notify
version_added: "0.1.0"
short_description: Let an emulated fax server call its clients back
description:
  - Every server that the host's emulator runs connects to each client that is logged in, at the address that the login
    came from and the port that the client reported, and delivers a notification with a token of its own.
  - A client acknowledges with its own name, so that a forward to the wrong client is found out.
  - The module reports what happened and does not fail when a call-back did not arrive.
options:
  socket:
    description: The emulator's control socket on the host.
    type: path
    default: /run/faxnet-emulator/control.sock
  service:
    description: Only servers of this service profile call back.
    type: str
  instances:
    description: Only these clients are called back. All that are logged in, when not given.
    type: list
    elements: str
  timeout:
    description: Seconds that one connection, and then its acknowledgement, may take.
    type: float
    default: 5.0
  parallel:
    description: How many call-backs each server has under way at one time.
    type: int
    default: 32
attributes:
  check_mode:
    support: full
    description: In check mode nobody is called back, and RV(results) says who would be.
  diff_mode:
    support: none
    description: There is nothing to differ.
  platform:
    support: full
    platforms: posix
    description: Hosts with Python 3.9 or later.
notes:
  - The control socket belongs to the emulator's user, so the task needs to run as that user or as root.
  - Nothing on any host changes, so the task is never reported as changed.
seealso:
  - module: faxnet.deploy.emulator_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Let the fax server call all its clients back
  faxnet.deploy.emulator_notify:
  register: called_back
  become: true

- name: Name the clients that did not get their notification
  ansible.builtin.assert:
    that: called_back.undelivered | length == 0
    fail_msg: "Not reached: {{ called_back.undelivered | join(', ') }}"
"""

RETURN = r"""
results:
  description: One entry for each call-back.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server that called.
      returned: always
      type: str
      sample: fl-fax/netcfax/pcp
    instance:
      description: The client that the notification was meant for.
      returned: always
      type: str
      sample: uk-ts1/netcfax@fl-fax/7
    address:
      description: The address that was called, V(null) when the client is not logged in.
      returned: always
      type: str
      sample: 203.0.113.20
    port:
      description: The port that was called, V(null) when the client is not logged in.
      returned: always
      type: int
      sample: 10006
    token:
      description: What the notification carried. V(null) in check mode.
      returned: always
      type: str
      sample: 0f1e2d3c4b5a6978
    outcome:
      description: >-
        V(delivered): the client itself acknowledged. V(wrong_instance): another one did. V(refused): turned away.
        V(timed_out): no answer. V(unreachable): the network said so. V(unacknowledged): somebody answered who is no
        client. V(not_logged_in) and V(no_call_back): nobody to call. V(not_tried): check mode.
      returned: always
      type: str
      sample: delivered
    answered_by:
      description: The instance that acknowledged.
      returned: always
      type: str
      sample: uk-ts1/netcfax@fl-fax/7
    detail:
      description: More about the outcome, may be empty.
      returned: always
      type: str
      sample: ""
    seconds:
      description: How long it took.
      returned: always
      type: float
      sample: 0.012
undelivered:
  description: The clients that did not get their notification. Empty in check mode.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils.emulator import (
    CONTROL_SOCKET,
    EmulatorError,
    call_back_round,
)


def main():
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": CONTROL_SOCKET},
            "service": {"type": "str"},
            "instances": {"type": "list", "elements": "str"},
            "timeout": {"type": "float", "default": 5.0},
            "parallel": {"type": "int", "default": 32},
        },
        supports_check_mode=True,
    )
    options = dict(module.params)
    try:
        results = call_back_round(options.pop("socket"), rehearse=module.check_mode, **options)
    except EmulatorError as error:
        module.fail_json(msg=str(error))
    missed = [one["instance"] for one in results if one["outcome"] not in ("delivered", "not_tried")]
    module.exit_json(changed=False, results=results, undelivered=missed)


if __name__ == "__main__":
    main()
