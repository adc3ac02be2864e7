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
      - V(forget) ends the sessions that a change took away, once it is for good (after every host of a network has
        confirmed); an undone change gives none of them back. It takes away what the old rules let in or through and
        the new ones surely do not, with a TCP session that is silent or a UDP exchange that is kept for days, and keeps
        it from being taken up again. Management lives on, as do this run's own session, what the host starts itself and
        what other tables translate. Nothing is done for a change that is not confirmed or was undone, and nothing in
        check mode. Where a run has died before this phase, V(apply) of the next run does it.
      - V(outcome) waits until a change that was not confirmed is undone, and says what came of it.
    type: str
    choices: [compare, apply, hold, confirm, undo, forget, outcome]
    required: true
  text:
    description: The rules as an nft file. Without it, everything that carries the collection's name is removed.
    type: str
  closed:
    description: An nft file that lets management in and nothing else. It is loaded when the rules' file is damaged.
    type: str
  own_session:
    description:
      - Whether an SSH session that the module finds itself in is the run's own. Rules that would let no new one like it
        in are refused then, before anything is changed. Of a local connection it is that of whoever started the run.
      - What counts is where this host sees the session come from, and the port that it came in at.
    type: bool
    default: true
  settings:
    description: Kernel settings that must be 1, as sysctl names them.
    type: list
    elements: str
    default: []
  modules:
    description: Kernel modules that the rules need and that nobody else loads. They are loaded, now and at boot.
    type: list
    elements: str
    default: []
  addresses:
    description: Addresses that the rules translate from and to, so that this router must have them.
    type: list
    elements: str
    default: []
  translations:
    description: What the rules do to the source of packets that leave; nobody else must do anything else to them.
    type: list
    elements: dict
    default: []
    suboptions:
      version:
        description: The IP version.
        type: int
        required: true
        choices: [4, 6]
      networks:
        description: Where the packets come from.
        type: list
        elements: str
        required: true
      exempt:
        description: Where they go to and stay as they are.
        type: list
        elements: str
        default: []
      address:
        description: What they wear; empty for whatever address the interface has that they leave through.
        type: str
        default: ""
  accepted_losses:
    description:
      - What is in use on this host and may stop, as C(faxnet_accepted_losses) names it. Whatever else would stop by the
        new rules ends V(compare) and V(apply) before anything is changed; in check mode it is told.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: What kind of thing stops.
        type: str
        required: true
        choices: [listener, protocol, multicast, published, network, bridge, session]
      protocol:
        description: The protocol, by name or number; empty for any.
        type: str
        default: ""
      ports:
        description: Pairs of ports, from and to; none for any.
        type: list
        elements: list
        default: []
      networks:
        description: Networks that hold its sources, or its destinations; none for any.
        type: list
        elements: str
        default: []
      interface:
        description: The device; empty for any.
        type: str
        default: ""
      program:
        description: The program; empty for any.
        type: str
        default: ""
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
losses:
  description:
    - What is in use, would stop, and is neither permitted nor accepted, as M(faxnet.deploy.firewall) returns it.
  returned: with O(phase=apply)
  type: list
  elements: dict
  sample:
    - kind: listener
      protocol: udp
      ports: "53"
      sources: []
      destinations: []
      interface: ""
      program: dnsmasq
      text: listener udp port 53 (dnsmasq)
losses_text:
  description: The same for a person, with what to write to keep it or to give it up.
  returned: with O(phase=apply), when something would stop
  type: str
  sample: "nothing was changed: ..."
others:
  description: Other packet filters that may drop what the rules accept and are left alone, each with the reason.
  returned: with O(phase=apply)
  type: list
  elements: str
  sample: []
ban_lists:
  description: Other packet filters that drop only what the addresses of a ban list send.
  returned: with O(phase=apply)
  type: list
  elements: str
  sample: []
published_ports:
  description: Ports that Docker, Podman or others lead on to guests, as M(faxnet.deploy.firewall) returns them.
  returned: with O(phase=apply)
  type: list
  elements: dict
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
ended_sessions:
  description: How many sessions were ended.
  returned: with O(phase=forget), and with O(phase=apply) those that a run had left that died before its own end
  type: int
  sample: 3
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
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import KINDS
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import OPTIONS
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import current_session
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.translations import Translation

LOCK_PATIENCE = 60.0  # seconds
ACCEPTED_LOSSES = {
    "kind": {"type": "str", "required": True, "choices": list(KINDS)},
    "protocol": {"type": "str", "default": ""},
    "ports": {"type": "list", "elements": "list", "default": []},
    "networks": {"type": "list", "elements": "str", "default": []},
    "interface": {"type": "str", "default": ""},
    "program": {"type": "str", "default": ""},
}
TRANSLATIONS = {
    "version": {"type": "int", "required": True, "choices": [4, 6]},
    "networks": {"type": "list", "elements": "str", "required": True},
    "exempt": {"type": "list", "elements": "str", "default": []},
    "address": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "phase": {"type": "str", "choices": list(_PHASES), "required": True},
            "text": {"type": "str"},
            "closed": {"type": "str"},
            "own_session": {"type": "bool", "default": True},
            "settings": {"type": "list", "elements": "str", "default": []},
            "modules": {"type": "list", "elements": "str", "default": []},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "translations": {"type": "list", "elements": "dict", "default": [], "options": TRANSLATIONS},
            "accepted_losses": {"type": "list", "elements": "dict", "default": [], "options": ACCEPTED_LOSSES},
            "confirm_timeout": {"type": "int", "default": 60},
            "hold_timeout": {"type": "int", "default": 300},
            "together": {"type": "bool", "default": False},
            "mark_bit": {"type": "int", "default": 28},
            **{option: {"type": "bool", "default": False} for option in OPTIONS.values()},
            "transaction": {"type": "str"},
        },
        required_if=[("phase", phase, ["transaction"]) for phase in ("hold", "confirm", "undo", "forget", "outcome")],
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
        modules=tuple(module.params["modules"]),
        accepted=tuple(map(consent.accepted, module.params["accepted_losses"])),
        tolerate_drops=module.params["tolerate_drops"],
        tolerated=tuple(option for option in OPTIONS.values() if module.params[option]),
        addresses=tuple(module.params["addresses"]),
        translations=tuple(Translation.of(item) for item in module.params["translations"]),
        mark=1 << module.params["mark_bit"],
    )
    # Check mode leaves no trace, not even a lock file.
    only_look = only_look or module.check_mode
    session = current_session()
    with contextlib.ExitStack() as alone:
        if only_look:
            ended = transaction.unforgotten(machine, session)
        else:
            ended = alone.enter_context(transaction.lock(machine, LOCK_PATIENCE, session))
        found = ensure.compare(machine, wanted, session if module.params["own_session"] else None)
        result: dict[str, Any] = {
            "changed": bool(found.differences or ended),
            "ended_sessions": ended,
            "differences": list(found.differences),
            "losses": [consent.as_data(use) for use in found.lost],
            "others": list(found.others),
            "ban_lists": list(found.ban_lists),
            "published_ports": [port._asdict() for port in found.published],
            "notices": list(found.notices),
        }
        if found.lost:
            result["losses_text"] = consent.refusal(found.lost)
        if module._diff:  # pylint: disable=protected-access
            result["diff"] = ensure.diff(machine, found)
        if found.lost and not module.check_mode:
            module.fail_json(msg=str(result["losses_text"]), losses=result["losses"])
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


def _forget(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    if module.check_mode:
        return {"changed": False, "ended_sessions": 0}
    number = transaction.forget(machine, module.params["transaction"], current_session())
    return {"changed": number > 0, "ended_sessions": number}


def _outcome(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    return {"changed": False, "outcome": transaction.outcome(machine, module.params["transaction"])}


_PHASES = {
    "compare": _compare,
    "apply": _apply,
    "hold": _hold,
    "confirm": _confirm,
    "undo": _undo,
    "forget": _forget,
    "outcome": _outcome,
}


if __name__ == "__main__":
    main()
