#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_transaction
version_added: "0.1.0"
short_description: The managed host's side of faxnet.deploy.firewall, which calls it
description:
  - Compares a host's packet filter with the wanted one, changes it in one transaction, confirms the change or says how
    its undoing ended. M(faxnet.deploy.firewall) renders the rules and calls this module for each phase of a change.
  - It is internal. It is not meant for plays, and its options change without notice. Called from a play, O(phase=apply)
    is undone after O(confirm_timeout) seconds, as nothing confirms it.
options:
  phase:
    description:
      - V(compare) says what V(apply) would do, as V(apply) does in check mode.
      - V(apply) compares; where something differs and this is no check, it arms a timer that undoes the change, and
        loads the rules.
      - V(hold) puts a longer timer, of O(hold_timeout), in the place of the first, while other hosts are changed.
      - V(confirm) stops the timer and writes what survives a reboot.
      - V(undo) brings back what was before the change, confirmed or not.
      - V(outcome) waits until a change that was not confirmed is undone, and says what came of it.
    type: str
    choices: [compare, apply, hold, confirm, undo, outcome]
    required: true
  text:
    description: The rules as an nft file. Without it, everything that carries the collection's name is removed.
    type: str
  closed:
    description: An nft file that lets management in and nothing else. It is loaded when the rules' file is damaged.
    type: str
  settings:
    description: Kernel settings that must be 1, as sysctl names them.
    type: list
    elements: str
    default: []
  open_ports:
    description: Ports that the rules let somebody in to; the host compares the ports that it listens on with them.
    type: list
    elements: dict
    default: []
    suboptions:
      version:
        description: The IP version.
        type: int
        required: true
        choices: [4, 6]
      transport:
        description: The transport protocol.
        type: str
        required: true
        choices: [tcp, udp]
      ports:
        description: Pairs of ports, from and to.
        type: list
        elements: list
        required: true
  together:
    description:
      - Other hosts are changed with this one, so that a change of files alone must be confirmed, too. Only with
        O(phase=apply).
    type: bool
    default: false
  hold_timeout:
    description: Seconds from O(phase=hold) on until the change is undone unless it is confirmed.
    type: int
    default: 300
  transaction:
    description: The change that is meant, as O(phase=apply) returned it. Needed for the other phases.
    type: str
extends_documentation_fragment:
  - faxnet.deploy.firewall
seealso:
  - module: faxnet.deploy.firewall
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Put each host's part of the plan into its packet filter
  faxnet.deploy.firewall:
"""

RETURN = r"""
transaction:
  description: The name of the change, to be confirmed before its time is up.
  returned: with O(phase=apply), when rules or kernel settings were changed
  type: str
  sample: 5f0c7d1e2a3b
differences:
  description: What was not as it should be.
  returned: with O(phase=apply)
  type: list
  elements: str
  sample: [table inet faxnet, /etc/faxnet/nftables.nft]
shut_listeners:
  description: Ports that listen and that the rules open to nobody, as M(faxnet.deploy.firewall) returns them.
  returned: with O(phase=apply)
  type: list
  elements: dict
  sample: [{transport: udp, port: 53, program: dnsmasq}]
others:
  description: Other packet filters that were found and tolerated.
  returned: with O(phase=apply)
  type: list
  elements: str
  sample: []
notices:
  description: What the host's owner must know, such as a damaged file of the rules.
  returned: with O(phase=apply)
  type: list
  elements: str
  sample: []
confirmed:
  description: Whether the confirmation came before the change was undone.
  returned: with O(phase=confirm)
  type: bool
  sample: true
held:
  description: Whether the change waits for other hosts now; otherwise it was undone before.
  returned: with O(phase=hold)
  type: bool
  sample: true
outcome:
  description: What came of a change that was not confirmed.
  returned: with O(phase=undo) and O(phase=outcome), and with the other phases when they came too late
  type: str
  sample: the old rules are back
"""

import contextlib
import os
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran

LOCK_PATIENCE = 60.0  # seconds
OPEN_PORTS = {
    "version": {"type": "int", "required": True, "choices": [4, 6]},
    "transport": {"type": "str", "required": True, "choices": ["tcp", "udp"]},
    "ports": {"type": "list", "elements": "list", "required": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "phase": {"type": "str", "choices": list(_PHASES), "required": True},
            "text": {"type": "str"},
            "closed": {"type": "str"},
            "settings": {"type": "list", "elements": "str", "default": []},
            "open_ports": {"type": "list", "elements": "dict", "default": [], "options": OPEN_PORTS},
            "confirm_timeout": {"type": "int", "default": 60},
            "hold_timeout": {"type": "int", "default": 300},
            "together": {"type": "bool", "default": False},
            "tolerate_drops": {"type": "bool", "default": False},
            "transaction": {"type": "str"},
        },
        required_if=[("phase", phase, ["transaction"]) for phase in ("hold", "confirm", "undo", "outcome")],
        supports_check_mode=True,
    )
    machine = Machine(run=_runner(module), find=lambda name: module.get_bin_path(name, opt_dirs=["/usr/sbin", "/sbin"]))
    try:
        module.exit_json(**_PHASES[module.params["phase"]](module, machine))
    except FirewallError as error:
        module.fail_json(msg=str(error))


def _runner(module: AnsibleModule) -> Callable[[list[str], str | None], Ran]:
    def run(argv: list[str], text: str | None) -> Ran:
        return Ran(*module.run_command(argv, data=text, binary_data=True, environ_update={"LC_ALL": "C.UTF-8"}))

    return run


def _compare(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    return _apply(module, machine, only_look=True)


def _apply(module: AnsibleModule, machine: Machine, *, only_look: bool = False) -> dict[str, Any]:
    wanted = ensure.Wanted(
        text=module.params["text"],
        closed=module.params["closed"],
        settings=tuple(module.params["settings"]),
        open_ports=tuple(module.params["open_ports"]),
        tolerate_drops=module.params["tolerate_drops"],
    )
    # Check mode leaves no trace, not even a lock file.
    only_look = only_look or module.check_mode
    alone = contextlib.nullcontext() if only_look else transaction.lock(machine, LOCK_PATIENCE)
    with alone:
        found = ensure.compare(machine, wanted)
        result = {
            "changed": bool(found.differences),
            "differences": list(found.differences),
            "shut_listeners": list(found.shut_listeners),
            "others": list(found.others),
            "notices": list(found.notices),
        }
        if module._diff:  # pylint: disable=protected-access
            result["diff"] = ensure.diff(machine, found)
        if found.differences and not only_look:
            name = ensure.apply(
                machine,
                found,
                module.params["confirm_timeout"],
                os.urandom(6).hex(),
                together=module.params["together"],
            )
            if name:
                result["transaction"] = name
        return result


def _confirm(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    try:
        transaction.confirm(machine, module.params["transaction"])
    except transaction.TooLateError as error:
        return {"changed": False, "confirmed": False, "outcome": str(error)}
    except FirewallError as error:
        module.fail_json(msg=str(error), confirmed=True)
    return {"changed": True, "confirmed": True}


def _hold(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    try:
        transaction.hold(machine, module.params["transaction"], module.params["hold_timeout"])
    except transaction.TooLateError as error:
        return {"changed": False, "held": False, "outcome": str(error)}
    return {"changed": False, "held": True}


def _undo(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    return {"changed": True, "outcome": transaction.undo(machine, module.params["transaction"])}


def _outcome(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    return {"changed": False, "outcome": transaction.outcome(machine, module.params["transaction"])}


_PHASES = {"compare": _compare, "apply": _apply, "hold": _hold, "confirm": _confirm, "undo": _undo, "outcome": _outcome}


if __name__ == "__main__":
    main()
