#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: emulator_notify
version_added: "0.1.0"
short_description: Let an emulated fax server notify its clients
description:
  - Every server that the host's emulator runs sends each client that it knows a notification with a token of its own,
    in the way that its service has.
  - "Call-back: the server connects to the address that the login came from and the port that the client reported. The
    client acknowledges with its own name, so that a forward to the wrong client is found out."
  - "Alert: a datagram from the server's own port to the port that the client's latest request came from."
  - "Log item: a datagram to the port that the client's log channel was opened from, while the client is logged in."
  - Nothing acknowledges a datagram. Whether it arrived is among the RV(faxnet.deploy.emulator_info#module:instances) of
    the client's host.
  - The module reports what happened and does not fail when a notification did not arrive.
options:
  socket:
    description: The emulator's control socket on the host.
    type: path
    default: /run/faxnet-emulator/control.sock
  service:
    description: Only servers of this service profile notify their clients.
    type: str
  instances:
    description: Only these clients are notified. All that the servers know and that want it, when not given.
    type: list
    elements: str
  timeout:
    description: Seconds that one connection to call back, and then its acknowledgement, may take.
    type: float
    default: 5.0
  parallel:
    description: How many notifications each server has under way at one time.
    type: int
    default: 32
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads_on_host
attributes:
  check_mode:
    details:
      - In check mode nobody is notified, and RV(results) says who would be.
notes:
  - The control socket belongs to the emulator's user, so the task needs to run as that user or as root.
  - Nothing on any host changes, so the task is never reported as changed.
seealso:
  - module: faxnet.deploy.emulator_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Let the fax server notify all its clients
  faxnet.deploy.emulator_notify:
  register: notified
  become: true

- name: Name the clients that could not be notified
  ansible.builtin.assert:
    that: notified.undelivered | length == 0
    fail_msg: "Not reached: {{ notified.undelivered | join(', ') }}"
"""

RETURN = r"""
results:
  description: One entry for each notification.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server that notified.
      returned: always
      type: str
      sample: fl-fax/netcfax/pcp
    kind:
      description: V(call-back), V(alert), V(log item), or V(null) for a service without notifications.
      returned: always
      type: str
      sample: call-back
    transport:
      description: V(tcp) for a call-back, else V(udp).
      returned: always
      type: str
      sample: tcp
    instance:
      description: The client that the notification was meant for.
      returned: always
      type: str
      sample: uk-ts1/netcfax@fl-fax/7
    address:
      description: The address that it was sent to, V(null) when the server does not know the client.
      returned: always
      type: str
      sample: 203.0.113.20
    port:
      description: The port that it was sent to, V(null) when the server knows none. Behind NAT it is the router's.
      returned: always
      type: int
      sample: 10006
    source_port:
      description: The port that a datagram was sent from, V(null) for a call-back.
      returned: always
      type: int
      sample:
    token:
      description: What the notification carried. V(null) when nothing was sent.
      returned: always
      type: str
      sample: 0f1e2d3c4b5a6978
    outcome:
      description: >-
        V(delivered): the client itself acknowledged. V(sent): a datagram was sent, which nobody acknowledges.
        V(wrong_instance): another client acknowledged. V(refused): turned away. V(timed_out): no answer.
        V(unreachable): the network, or the server's own filter, said so. V(unacknowledged): somebody answered who is no
        client. V(not_logged_in): the server does not know the client. V(no_log_channel): it is logged in, but its own
        datagram never reached the server. V(not_wanted): a named client that wants no notification. V(not_tried):
        check mode.
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
  description: The clients whose notification certainly did not arrive. Empty in check mode.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.control import (
    ARRIVED,
    CONTROL_SOCKET,
    notification_round,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError


def main() -> None:
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
        results = notification_round(options.pop("socket"), rehearse=module.check_mode, **options)
    except EmulatorError as error:
        module.fail_json(msg=str(error))
    missed = [one["instance"] for one in results if one["outcome"] not in (*ARRIVED, "not_tried")]
    module.exit_json(changed=False, results=results, undelivered=missed)


if __name__ == "__main__":
    main()
