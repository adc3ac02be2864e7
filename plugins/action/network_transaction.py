# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides over the changes of a whole network: all of them are kept, or none; parts an estate that is too large.

Every device holds its change and will undo it by itself. When all of them do, each can be logged in to over a new
connection, and the plan's own flows come about between them, all are confirmed; when one fails at any step, all are
taken back, the confirmed ones too. No protocol can do more where messages may be lost: a device that vanishes between
the decision and its own confirmation is named, with what it does by itself and when.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.faces.connections import AT_ONCE, LOGIN_PATIENCE, action_on, answers, new_connections, side_by_side
from ..plugin_utils.faces.held_change import HeldChange
from ..plugin_utils.plan_files.directory import read_plan, read_slice, written_digest
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.plan_files.view import view_plan
from ..plugin_utils.transactions.decision import decide
from ..plugin_utils.transactions.groups import groups_of_hosts
from ..plugin_utils.transactions.journal import Journal, JournalError, Note
from ..plugin_utils.transactions.trials import Trials, Try, choose, run_trials

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "state": {"type": "str", "choices": ["grouped", "begun", "ended"], "required": True},
    "transaction": {"type": "str", "default": ""},
    "routers": {"type": "list", "elements": "str", "default": []},
    "hold_timeout": {"type": "int", "default": 0},
    "group_size": {"type": "str", "default": "100%"},
    "most_flows": {"type": "int", "default": 200},
}

# What the phase takes that the timers must outlast, in seconds: they are long, for a timer that fires too early undoes
# everything for nothing, and a failure is taken back at once and waits for none.
_AT_LEAST = 120
_ROUTER = 20  # one after the other: rules, new connections to the router and to hosts behind it
_HOST = 10  # as many side by side as there are forks
_TRIAL = 10  # a login and connections that are waited for
#: What is let through comes about at the first try; one packet that was lost must not take all back.
_PATIENCE = {"timeout": 1.0, "tries": 4}
_OTHER_PLAN = "it was made anew meanwhile, so that hosts may have parts of two plans: put the new one in force"


class ActionModule(EngineAction):
    """The two ends of a transaction over the network, and what comes before several of them; each run once."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, JournalError)

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Part the hosts, begin a transaction, or decide over it."""
        directory = self.locations(options, variables).plan
        if options["state"] == "grouped":
            return _groups(directory, options["group_size"], variables)
        if options["state"] == "begun":
            return self._begin(options, directory, variables)
        if not options["transaction"] or self.check_mode:
            return {}
        return self._end(Journal.open(directory, options["transaction"]), directory, options["most_flows"], variables)

    def _begin(self, options: Mapping[str, Any], directory: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
        behind = [read_slice(directory, router).get("behind") for router in options["routers"]]
        depths = sorted({item["depth"] if item else 0 for item in behind}, reverse=True)
        if self.check_mode:
            return {"transaction": "", "depths": depths}
        hosts = len(variables.get("ansible_play_batch") or ())
        rounds = math.ceil(hosts / max(1, int(variables.get("ansible_forks") or 1)))
        trials = math.ceil(min(hosts, options["most_flows"]) / AT_ONCE)
        needed = _AT_LEAST + _ROUTER * len(options["routers"]) + _HOST * rounds + _TRIAL * trials
        journal = Journal.begin(directory, options["hold_timeout"] or needed, written_digest(directory))
        return {"transaction": journal.name, "hold_timeout": journal.hold_timeout, "depths": depths}

    def _end(self, journal: Journal, directory: Path, most: int, variables: dict[str, Any]) -> dict[str, Any]:
        notes, tried = journal.notes, {"flows_tried": 0, "flows_possible": 0}

        def ask(phase: str, options: Mapping[str, Any], notes: Mapping[str, Note]) -> dict[str, dict[str, Any]]:
            calls = [
                functools.partial(self._ask, host, note, variables, phase, options) for host, note in notes.items()
            ]
            return dict(zip(notes, side_by_side(calls), strict=True))

        def send(by_host: Mapping[str, tuple[Try, ...]]) -> dict[str, dict[str, Any]]:
            calls = [functools.partial(self._try, host, tries, variables) for host, tries in by_host.items()]
            return dict(zip(by_host, side_by_side(calls), strict=True))

        def try_flows() -> dict[str, str]:
            if written_digest(directory) != journal.plan:
                return {"plan": _OTHER_PLAN}
            trials = self._trials(notes, directory, most, variables)
            tried.update(flows_tried=trials.flows, flows_possible=trials.possible)
            return run_trials(trials, send)

        decided = decide(notes, journal.hold_timeout, ask, try_flows)
        if decided.settled:
            journal.end()
        if decided.message:
            raise AnsibleActionFail(decided.message)
        return {
            "kept": list(decided.kept),
            **tried,
            **self._forget({host: notes[host] for host in decided.kept}, variables),
        }

    def _forget(self, kept: Mapping[str, Note], variables: dict[str, Any]) -> dict[str, Any]:
        """Have the hosts end what all changes together took away; only now can none of them be undone any more."""
        calls = [functools.partial(self._forgotten, host, note, variables) for host, note in kept.items()]
        said = dict(zip(kept, side_by_side(calls), strict=True))
        notices = [f"{host}: {came['notice']}" for host, came in said.items() if "notice" in came]
        for notice in notices:
            self._display.warning(notice)
        return {"ended_sessions": sum(came.get("ended_sessions", 0) for came in said.values()), "notices": notices}

    def _forgotten(self, host: str, note: Note, variables: dict[str, Any]) -> dict[str, Any]:
        other, theirs = action_on(self, host, variables)
        with new_connections(other._connection, LOGIN_PATIENCE):
            return HeldChange(other, theirs, note.module, note.change).forget()

    def _trials(self, notes: Mapping[str, Note], directory: Path, most: int, variables: Mapping[str, Any]) -> Trials:
        if not most or not written_digest(directory):
            return Trials({}, 0, 0)
        changed = {host for host, note in notes.items() if note.state == "held"}
        # Hosts of earlier groups (serial) have their rules already.
        every, batch = variables.get("ansible_play_hosts_all") or (), set(variables.get("ansible_play_batch") or ())
        earlier = set(itertools.takewhile(lambda host: host not in batch, every))
        there = earlier.intersection(variables.get("ansible_play_hosts") or ())
        return choose(view_plan(read_plan(directory)), changed, changed.union(notes, there), most)

    def _try(self, host: str, tries: Sequence[Try], variables: dict[str, Any]) -> dict[str, Any]:
        other, theirs = action_on(self, host, variables)
        with new_connections(other._connection, LOGIN_PATIENCE):
            arguments = {"probes": [item.packet for item in tries], **_PATIENCE}
            said: dict[str, Any] = other._execute_module(
                module_name="faxnet.deploy.probe", module_args=arguments, task_vars=theirs
            )
            return said

    def _ask(
        self, host: str, note: Note, variables: dict[str, Any], phase: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        if note.state != "held":
            return {"held": answers(self, host, variables)}
        other, theirs = action_on(self, host, variables)
        with new_connections(other._connection, LOGIN_PATIENCE):
            return HeldChange(other, theirs, note.module, note.change).ask(phase, **options)


def _groups(directory: Path, group_size: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Each host's group, from 1."""
    view = view_plan(read_plan(directory))
    hosts = [host for host in variables.get("ansible_play_hosts_all") or () if host in view.hosts]
    groups = groups_of_hosts(view, hosts, _most(group_size, len(hosts)))
    return {"groups": {host: number for number, group in enumerate(groups, 1) for host in group}}


def _most(group_size: str, hosts: int) -> int:
    """How many hosts are changed together, from a number or a share of all."""
    share = group_size.endswith("%")
    digits = group_size.removesuffix("%")
    if not re.fullmatch(r"[0-9]{1,9}", digits) or not int(digits):
        raise AnsibleActionFail(
            f"group_size (faxnet_together in the playbooks) is {group_size!r}; give a number (50) or a share (20%)"
        )
    return max(1, hosts * int(digits) // 100) if share else int(digits)
