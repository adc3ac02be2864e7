# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the firewall of a host with Windows by modules of ansible.windows and community.windows, in the same phases.

The rules that stand are read from the registry, as texts. A change is a script of plain commands; the one that takes it
back lies on the host before, and a scheduled task runs it when its time is over or when the host boots, unless the
change is confirmed. What a change is called holds which rules of ours stood before it and which stand after it: so
whoever asks about it later, from whatever process, can tell from the host alone what came of it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..platforms.windows.comparison import Comparison, compare
from ..platforms.windows.port_reservations import Reserving, read_excluded, reserving, showing
from ..platforms.windows.remarks import OPENS_MORE, Remark
from ..platforms.windows.rule_text import RuleTextError, read_rule
from ..platforms.windows.script import LiteralError, applying, literal, undoing
from ..platforms.windows.standing import (
    GROUP_RULES,
    GROUP_SETTINGS,
    LOCAL_RULES,
    LOCAL_SETTINGS,
    OLD_GROUP_SETTINGS,
    Standing,
)
from ..platforms.windows.wanted import Wanted, read_options
from ..transactions.decision import BACK
from .stock_modules import StockModuleError, StockModules

_STAT, _SHELL = "ansible.windows.win_reg_stat", "ansible.windows.win_powershell"
_TASK, _TASK_STAT = "community.windows.win_scheduled_task", "community.windows.win_scheduled_task_stat"
_FILE = "ansible.windows.win_file"
_SYSTEM = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
#: Task Scheduler's folder of our tasks.
_TASKS = "\\faxnet.deploy\\"
#: The folder of our scripts, below that of Windows: only administrators write there.
_SCRIPTS = "faxnet.deploy"
_POWERSHELL = r"System32\WindowsPowerShell\v1.0\powershell.exe"
_ARGUMENTS = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File"
_PAUSE = 0.5  # seconds between two looks
_SOON = 1  # seconds after which a task begins that is to begin now
_UNDOING = 30.0  # seconds within which a script that has begun is through
_LONGEST = 900.0  # seconds that anybody waits for a change to be undone by itself


class _Change(NamedTuple):
    """A change by its name, such as 5f0c7d1e2a3b-0f3a9c41-77aa01be.

    Attributes:
        before, after: digests of the names of our rules.
    """

    name: str
    before: str
    after: str

    @classmethod
    def of(cls, name: str) -> _Change:
        """Read a name. Raises AnsibleActionFail where it is none."""
        parts = name.split("-")
        if len(parts) != 3:
            raise AnsibleActionFail(f"{name!r} is no change of a Windows firewall")
        return cls(name, parts[1], parts[2])

    @classmethod
    def made(cls, comparison: Comparison) -> _Change:
        """Name a change that is about to be made."""
        before = [*comparison.kept, *(item.name for item in comparison.removed)]
        after = [*comparison.kept, *(rule.name for rule in comparison.added)]
        parts = (_digest(before), _digest(after))
        return cls("-".join((os.urandom(6).hex(), *parts)), *parts)


class WindowsFirewall:
    """The phases of one host's change; the same answers as those of module faxnet.deploy.firewall_transaction.

    Args:
        action: an action that is connected to the host.
        variables: the host's variables.
    """

    def __init__(self, action: ActionBase, variables: dict[str, Any]) -> None:
        self._check = bool(action._task.check_mode)
        self._diff = bool(action._task.diff)
        self._modules = StockModules(action, variables)
        self._root = ""
        # A play's become is for hosts with sudo.
        if getattr(action._connection.become, "name", "runas") != "runas":
            action._connection.become = None

    def run(self, phase: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what came of a phase; what a module or the host refuses is ``failed`` and ``msg``.

        Raises:
            AnsibleConnectionFailure: the host could not be reached.
        """
        phases: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "compare": self._compare,
            "apply": self._apply,
            "hold": self._hold,
            "confirm": self._confirm,
            "undo": self._undo,
            "forget": self._forget,
            "outcome": self._outcome,
        }
        try:
            return phases[phase](options)
        except (StockModuleError, LiteralError, RuleTextError) as error:
            return {"failed": True, "msg": str(error)}

    # --- phases -----------------------------------------------------------------------------------------------------

    def _compare(self, options: Mapping[str, Any]) -> dict[str, Any]:
        result, _comparison, _reserving = self._compared(options)
        return result

    def _apply(self, options: Mapping[str, Any]) -> dict[str, Any]:
        result, comparison, ports = self._compared(options)
        if result.get("failed") or self._check or not result["changed"]:
            return result
        pending = self._modules.run(_TASK_STAT, path=_TASKS)
        if pending.get("task_exists") or (pending.get("folder_task_count") or 0) > 0:
            msg = "another run's change waits for its confirmation on this host; try again when that is decided"
            return {"failed": True, "msg": msg}
        change = _Change.made(comparison)
        self._arm(change, options["confirm_timeout"], undoing(comparison) + _lines(ports.undoing))
        try:
            self._modules.run(_SHELL, script=applying(comparison) + _lines(ports.lines), error_action="stop")
        except StockModuleError as error:
            return {"failed": True, "msg": f"{error}; {self._taken_back(change)}"}
        return {**result, "transaction": change.name}

    def _hold(self, options: Mapping[str, Any]) -> dict[str, Any]:
        change = _Change.of(options["transaction"])
        if self._is_armed(change):
            self._schedule(change, options["hold_timeout"])
            if self._stands(change.after):
                return {"held": True}
        return {"held": False, "outcome": self._came(change)}

    def _confirm(self, options: Mapping[str, Any]) -> dict[str, Any]:
        change = _Change.of(options["transaction"])
        # Whoever takes the task away before it begins has confirmed; what began meanwhile shows in the rules.
        self._disarm(change)
        if self._stands(change.after):
            return {"confirmed": True}
        return {"confirmed": False, "outcome": self._came(change)}

    def _undo(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"outcome": self._taken_back(_Change.of(options["transaction"]))}

    def _forget(self, options: Mapping[str, Any]) -> dict[str, Any]:
        # Windows itself asks its rules anew about sessions that stand, whenever they change.
        self._modules.run(_FILE, path=self._script_of(_Change.of(options["transaction"])), state="absent")
        return {"ended_sessions": 0}

    def _outcome(self, options: Mapping[str, Any]) -> dict[str, Any]:
        change = _Change.of(options["transaction"])
        self._wait_until_gone(change, _LONGEST)
        return {"outcome": self._came(change)}

    # --- what is there ----------------------------------------------------------------------------------------------

    def _compared(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], Comparison, Reserving]:
        wanted = read_options(options["wanted"])
        others = (options.get(name) or () for name in ("accepted_rules", "disabled_rules"))
        comparison = compare(wanted, self._standing(), *others)
        ports = reserving(wanted.reservations, self._excluded(wanted))
        hindering = [remark.text for remark in comparison.remarks if remark.hinders]
        told = _told(remark for remark in comparison.remarks if not remark.hinders)
        result: dict[str, Any] = {
            "changed": comparison.changes or bool(ports.lines),
            "differences": _differences(comparison, ports),
            "others": hindering,
            "notices": [*told, *ports.conflicts],
        }
        if self._diff:
            header = "rules of the group faxnet.deploy"
            result["diff"] = {
                "before_header": header, "after_header": header, "before": comparison.before,
                "after": comparison.after + _lines(ports.lines),
            }  # fmt: skip
        if hindering and not options.get("tolerate_drops") and not self._check:
            result["failed"] = True
            result["msg"] = f"nothing was changed: {'; '.join(hindering)}; or set tolerate_drops"
        return result, comparison, ports

    def _standing(self) -> Standing:
        group = self._values_of_group()
        return Standing(
            local=self._rules(LOCAL_RULES),
            group=_texts(group.get(GROUP_RULES, {})),
            local_settings={name: said for name, key in LOCAL_SETTINGS.items() if (said := self._values(key))},
            group_settings={name: group[key] for name, key in GROUP_SETTINGS.items() if key in group},
            old_group_settings=group.get(OLD_GROUP_SETTINGS, {}),
        )

    def _values_of_group(self) -> dict[str, dict[str, Any]]:
        """What group policy says; most hosts have none, and are asked once."""
        parent, _slash, _rules = GROUP_RULES.rpartition("\\")
        said = self._modules.run(_STAT, path=parent)
        there = {name.lower() for name in said.get("sub_keys") or ()}
        keys = (GROUP_RULES, *GROUP_SETTINGS.values(), OLD_GROUP_SETTINGS)
        return {key: self._values(key) for key in keys if key.rpartition("\\")[2].lower() in there}

    def _rules(self, key: str) -> dict[str, str]:
        return _texts(self._values(key))

    def _values(self, key: str) -> dict[str, Any]:
        said = self._modules.run(_STAT, path=key)
        return {name: item.get("value") for name, item in (said.get("properties") or {}).items()}

    def _excluded(self, wanted: Wanted) -> dict[tuple[int, str], Any]:
        commands = showing(wanted.reservations)
        if not commands:
            return {}
        # A module's output is a list of lines, without a hint which command each is of: so one call for each.
        said = {kind: self._modules.look(_SHELL, script=f"{command}\n") for kind, command in commands.items()}
        return {kind: read_excluded("\n".join(map(str, one.get("output") or ()))) for kind, one in said.items()}

    def _stands(self, digest: str) -> bool:
        return _digest(_ours(self._rules(LOCAL_RULES))) == digest

    def _came(self, change: _Change) -> str:
        """What came of a change, by the rules that stand."""
        found = _digest(_ours(self._rules(LOCAL_RULES)))
        if found == change.before:
            return BACK
        if found == change.after:
            return "the new rules stand"
        return "neither the old rules nor the new ones stand as they were; run faxnet.deploy.deploy again"

    # --- the timer --------------------------------------------------------------------------------------------------

    def _arm(self, change: _Change, seconds: int, script: str) -> None:
        path = self._script_of(change)
        folder, _slash, _file = path.rpartition("\\")
        last = (
            f"Unregister-ScheduledTask -TaskName {literal(change.name)} -TaskPath {literal(_TASKS)} "
            "-Confirm:$false -ErrorAction SilentlyContinue\n"
        )
        content = ",".join(literal(line) for line in (script + last).splitlines())
        lines = (
            # What runs have left that ended before their change was for good everywhere.
            f"Remove-Item -LiteralPath {literal(folder)} -Recurse -Force -ErrorAction SilentlyContinue",
            f"New-Item -ItemType Directory -Path {literal(folder)} -Force",
            f"Set-Content -LiteralPath {literal(path)} -Encoding UTF8 -Value {content}",
        )
        self._modules.run(_SHELL, script=_lines(lines), error_action="stop")
        self._schedule(change, seconds)

    def _schedule(self, change: _Change, seconds: int) -> None:
        """Have the change taken back in so many seconds from now, and at boot."""
        self._modules.run(
            _TASK,
            name=change.name,
            path=_TASKS,
            state="present",
            # Another text each time: a task that is as it was is not registered anew, and its time would run on.
            description=f"Takes back a change of the firewall that nobody has confirmed ({os.urandom(4).hex()})",
            actions=[
                {"path": f"{self._windows}\\{_POWERSHELL}", "arguments": f'{_ARGUMENTS} "{self._script_of(change)}"'}
            ],
            triggers=[{"type": "registration", "delay": f"PT{seconds}S"}, {"type": "boot"}],
            username="SYSTEM",
            run_level="highest",
            # Laptops are hosts, too.
            disallow_start_if_on_batteries=False,
            stop_if_going_on_batteries=False,
        )

    def _disarm(self, change: _Change) -> None:
        self._modules.run(_TASK, name=change.name, path=_TASKS, state="absent")

    def _is_armed(self, change: _Change) -> bool:
        said = self._modules.run(_TASK_STAT, path=_TASKS, name=change.name)
        return bool(said.get("task_exists"))

    def _taken_back(self, change: _Change) -> str:
        """Take a change back now, and say what came of it."""
        self._schedule(change, _SOON)
        self._wait_until_gone(change, _UNDOING)
        came = self._came(change)
        self._disarm(change)
        return came

    def _wait_until_gone(self, change: _Change, seconds: float) -> None:
        """Wait until the task that takes a change back has done so: the last that it does is to take itself away."""
        until = time.monotonic() + seconds
        while self._is_armed(change) and time.monotonic() < until:
            time.sleep(_PAUSE)

    def _script_of(self, change: _Change) -> str:
        return f"{self._windows}\\{_SCRIPTS}\\{change.name}.ps1"

    @property
    def _windows(self) -> str:
        """The folder of Windows."""
        if not self._root:
            said = self._modules.run(_STAT, path=_SYSTEM, name="SystemRoot")
            self._root = str(said.get("value") or r"C:\Windows").rstrip("\\")
        return self._root


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _ours(values: Mapping[str, str]) -> list[str]:
    """The names of our rules."""
    found = []
    for name, text in values.items():
        try:
            if read_rule(name, text).is_ours:
                found.append(name)
        except RuleTextError:
            continue
    return found


def _digest(names: Iterable[str]) -> str:
    """A short digest of rules' names; those are digests of what the rules say."""
    return hashlib.sha256("\n".join(sorted(name.lower() for name in names)).encode()).hexdigest()[:8]


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _told(remarks: Iterable[Remark]) -> list[str]:
    """What remarks say; rules of others that open more are told together: a Windows that was just set up has dozens."""
    told, opening = [], []
    for remark in remarks:
        if remark.kind == OPENS_MORE:
            opening.append(remark)
        else:
            told.append(remark.text)
    if opening:
        names = ", ".join(sorted(remark.rule for remark in opening))
        told.append(
            f"{len(opening)} rules of others let in what the plan does not name: {names}; name them in accepted_rules "
            "or disabled_rules, or what they are for in faxnet_permits"
        )
    return told


def _differences(comparison: Comparison, ports: Reserving) -> list[str]:
    """What was not as it should be, in words."""
    return [
        *(f"missing: {rule.title}" for rule in comparison.added),
        *(f"not wanted: {item.rule.title if item.rule else item.name}" for item in comparison.removed),
        *(f"to be switched off: {name}" for name in comparison.disabled),
        *(f"ports not reserved: {line}" for line in ports.lines),
    ]
