# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides over the changes of a whole network: all of them are kept, or none.

Every device holds its change and will undo it by itself. When all of them do, and each can be logged in to over a
new connection, all are confirmed; when one fails at any step, all are taken back, the confirmed ones too. No protocol
can do more where messages may be lost: a device that vanishes between the decision and its own confirmation is named,
with what it does by itself and when.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.faces.connections import LOGIN_PATIENCE, action_on, answers, new_connections, side_by_side
from ..plugin_utils.faces.held_change import HeldChange
from ..plugin_utils.plan_files.directory import read_slice
from ..plugin_utils.plan_files.sealed_json import PlanFileError
from ..plugin_utils.transactions.decision import decide
from ..plugin_utils.transactions.journal import Journal, JournalError, Note

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "state": {"type": "str", "choices": ["begun", "ended"], "required": True},
    "transaction": {"type": "str", "default": ""},
    "routers": {"type": "list", "elements": "str", "default": []},
    "hold_timeout": {"type": "int", "default": 0},
}

# What the phase takes that the timers must outlast, in seconds: they are long, for a timer that fires too early undoes
# everything for nothing, and a failure is taken back at once and waits for none.
_AT_LEAST = 120
_ROUTER = 20  # one after the other: rules, new connections to the router and to hosts behind it
_HOST = 10  # as many side by side as there are forks


class ActionModule(EngineAction):
    """The two ends of a transaction over the network, each run once."""

    argument_spec = ARGUMENTS
    refusals = (PlanFileError, JournalError)

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Begin a transaction, or decide over it."""
        directory = self.locations(options, variables).plan
        if options["state"] == "begun":
            return self._begin(options, directory, variables)
        if not options["transaction"] or self.check_mode:
            return {}
        return self._end(Journal.open(directory, options["transaction"]), variables)

    def _begin(self, options: Mapping[str, Any], directory: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
        behind = [read_slice(directory, router).get("behind") for router in options["routers"]]
        depths = sorted({item["depth"] if item else 0 for item in behind}, reverse=True)
        if self.check_mode:
            return {"transaction": "", "depths": depths}
        hosts = len(variables.get("ansible_play_batch") or ())
        rounds = math.ceil(hosts / max(1, int(variables.get("ansible_forks") or 1)))
        needed = _AT_LEAST + _ROUTER * len(options["routers"]) + _HOST * rounds
        journal = Journal.begin(directory, options["hold_timeout"] or needed)
        return {"transaction": journal.name, "hold_timeout": journal.hold_timeout, "depths": depths}

    def _end(self, journal: Journal, variables: dict[str, Any]) -> dict[str, Any]:
        def ask(phase: str, options: Mapping[str, Any], notes: Mapping[str, Note]) -> dict[str, dict[str, Any]]:
            calls = [
                functools.partial(self._ask, host, note, variables, phase, options) for host, note in notes.items()
            ]
            return dict(zip(notes, side_by_side(calls), strict=True))

        decided = decide(journal.notes, journal.hold_timeout, ask)
        if decided.settled:
            journal.end()
        if decided.message:
            raise AnsibleActionFail(decided.message)
        return {"kept": list(decided.kept)}

    def _ask(
        self, host: str, note: Note, variables: dict[str, Any], phase: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        if note.state != "held":
            return {"held": answers(self, host, variables)}
        other, theirs = action_on(self, host, variables)
        with new_connections(other._connection, LOGIN_PATIENCE):
            return HeldChange(other, theirs, note.module, note.change).ask(phase, **options)
