#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
version_added: "0.1.0"
short_description: Put a host's part of the plan into its packet filter, without locking anyone out
description:
  - Renders the host's slice of the plan as one nftables table, C(inet faxnet), and replaces that table as a whole in
    one kernel transaction. Nothing else on the host is touched; nothing is ever flushed.
  - >-
    The change undoes itself: a timer is armed before the rules are loaded, and only a confirmation that comes over a
    new connection stops it. What survives a reboot is written on confirmation only, so that a reboot rolls back, too.
  - When the live table, the files and a router's forwarding are as they should be, nothing is touched. What
    is compared is what the kernel lists and what it would list after loading, so changes made by hand are repaired.
  - On a router it also sets forwarding and translates addresses.
  - A slice of the platform C(nftables_stateless) becomes a table that tracks no connections and has rules for answers.
  - A slice of the platform C(worksheet) is written as a text sheet on the controller, for a person to type in. Such a
    device is never connected to. For a device of the platform C(unmanaged) nothing is done at all.
  - What the rules need of the kernel (idle times of single flows, connection-tracking helpers) is tried before anything
    is changed; what is missing is named with its module.
  - Connections that were promised a long silence keep it when the rules change, unless the change takes it away.
options:
  directory:
    description:
      - The plan's directory on the controller.
      - The default is C(plan) inside C(faxnet_directory) if that variable is set, else C(.faxnet/plan) beside the
        inventory.
    type: path
  policy:
    description:
      - A policy to use instead of the one in the plan, of the same form as C(policy) in a slice.
    type: dict
  state:
    description:
      - V(present) puts the rules in force.
      - V(absent) removes everything that carries the collection's name, with the same care.
    type: str
    choices: [present, absent]
    default: present
  confirm_timeout:
    description:
      - Seconds until the change is undone unless it is confirmed. Must leave time for a new connection.
    type: int
    default: 60
  tolerate_drops:
    description:
      - Go on although another table holds single rules that drop or reject, such as the ban list of fail2ban.
      - An active firewalld or ufw, and a foreign chain that drops by default, are refused all the same.
    type: bool
    default: false
  address_ranges:
    description:
      - Let neighbouring target addresses with the same ports share one element of a set. The same packets pass; the
        single clients are harder to tell apart in the list.
    type: bool
    default: false
  forwarding:
    description:
      - Fail, changing nothing, unless the policy is that of a router (V(true)) or of a host (V(false)). Not checked
        when it is not given.
    type: bool
  handed:
    description:
      - What the action plugin hands to the managed host. A play that sets it is refused.
    type: dict
attributes:
  check_mode:
    support: full
    description: The rules are rehearsed in a network namespace of their own, checked and compared, and not applied.
  diff_mode:
    support: full
    description: The complete table as the kernel lists it, before and after, and the files that differ.
  platform:
    support: full
    platforms: linux
    description: Linux with nft and Python 3.9 or later. A worksheet needs no managed host.
notes:
  - The module refuses to work beside another active packet filter, because in nftables an accept is final for its own
    table only.
  - Without systemd the rules are not loaded at boot; a warning says so.
seealso:
  - module: faxnet.deploy.plan
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Put each host's part of the plan into its packet filter
  faxnet.deploy.firewall:

- name: Show what would change, touch nothing
  faxnet.deploy.firewall:
  check_mode: true
  diff: true

- name: Give a slow satellite link two minutes to confirm
  faxnet.deploy.firewall:
    confirm_timeout: 120

- name: Remove everything that the collection has put there
  faxnet.deploy.firewall:
    state: absent
"""

RETURN = r"""
confirmed:
  description: Whether the change was confirmed over a new connection. Not there when nothing had to be confirmed.
  returned: when rules or kernel settings were changed
  type: bool
  sample: true
confirmed_over:
  description: The connection plugin that carried the confirmation. Anything but SSH bypasses the packet filter.
  returned: when rules or kernel settings were changed
  type: str
  sample: ssh
differences:
  description: What was not as it should be.
  returned: success
  type: list
  elements: str
  sample: [table inet faxnet, /etc/faxnet/nftables.nft]
shut_listeners:
  description: Ports that listen on the host and that the rules open to nobody.
  returned: success, with O(state=present)
  type: list
  elements: dict
  contains:
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: udp
    port:
      description: The port.
      type: int
      sample: 53
    program:
      description: The program's name, as far as it can be read.
      type: str
      sample: dnsmasq
  sample: [{transport: udp, port: 53, program: dnsmasq}]
others:
  description: Other packet filters that were found and tolerated.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: []
worksheet:
  description: The path of the sheet on the controller.
  returned: for the platform C(worksheet)
  type: str
  sample: /srv/fax/.faxnet/worksheets/florida-router.txt
"""

import contextlib
import os
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran

LOCK_PATIENCE = 60.0  # seconds


def main() -> None:
    """Run one phase of the change; the action plugin calls the phases."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path"},
            "policy": {"type": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "confirm_timeout": {"type": "int", "default": 60},
            "tolerate_drops": {"type": "bool", "default": False},
            "address_ranges": {"type": "bool", "default": False},
            "forwarding": {"type": "bool"},
            "handed": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    machine = Machine(run=_runner(module), find=lambda name: module.get_bin_path(name, opt_dirs=["/usr/sbin", "/sbin"]))
    try:
        module.exit_json(**_PHASES[_handed(module)["phase"]](module, machine))
    except FirewallError as error:
        module.fail_json(msg=str(error))


def _runner(module: AnsibleModule) -> Callable[[list[str], str | None], Ran]:
    def run(argv: list[str], text: str | None) -> Ran:
        return Ran(*module.run_command(argv, data=text, binary_data=True, environ_update={"LC_ALL": "C.UTF-8"}))

    return run


def _handed(module: AnsibleModule) -> dict[str, Any]:
    handed: dict[str, Any] | None = module.params["handed"]
    if not handed:
        module.fail_json(msg="This module is called by its action plugin: write faxnet.deploy.firewall in the play.")
    return handed


def _apply(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    handed = _handed(module)
    wanted = ensure.Wanted(
        text=handed.get("text"),
        settings=tuple(handed.get("settings", ())),
        openings=tuple(handed.get("openings", ())),
        tolerate_drops=module.params["tolerate_drops"],
    )
    # Check mode leaves no trace, not even a lock file.
    alone = contextlib.nullcontext() if module.check_mode else transaction.lock(machine, LOCK_PATIENCE)
    with alone:
        found = ensure.compare(machine, wanted)
        result = {
            "changed": bool(found.differences),
            "differences": list(found.differences),
            "shut_listeners": list(found.shut_listeners),
            "others": list(found.others),
        }
        if module._diff:  # pylint: disable=protected-access
            result["diff"] = ensure.diff(machine, found)
        if found.differences and not module.check_mode:
            name = ensure.apply(machine, found, module.params["confirm_timeout"], os.urandom(6).hex())
            if name:
                result["transaction"] = name
        return result


def _confirm(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    try:
        transaction.confirm(machine, _handed(module)["transaction"])
    except transaction.TooLateError as error:
        return {"changed": False, "confirmed": False, "outcome": str(error)}
    except FirewallError as error:
        module.fail_json(msg=str(error), confirmed=True)
    return {"changed": True, "confirmed": True}


def _outcome(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    return {"changed": False, "outcome": transaction.outcome(machine, _handed(module)["transaction"])}


_PHASES = {"apply": _apply, "confirm": _confirm, "outcome": _outcome}


if __name__ == "__main__":
    main()
