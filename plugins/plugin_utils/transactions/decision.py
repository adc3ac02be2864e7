# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision over the held changes of a network: all are kept, or all are taken back.

Each host that took part is heard over a new connection, and counts anew; the plan's own flows are tried; each host is
told to keep its change. If one of that fails, each is told to take it back, those too that had been told to keep it.
How a host is spoken to, and how flows are tried, is the caller's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .journal import Note

RESERVE = 10.0  # seconds before a timer fires, in which no device is told any more to keep its change
PAUSE = 0.5  # seconds between two tries
BACK = "the old rules are back"

Said = Mapping[str, Any]
#: Asks hosts side by side: phase of the platform's module, its options, the hosts' notes; gives what each said. One
#: that could not be reached has said ``unreachable``. One without a held change is asked whether it answers (``held``).
Ask = Callable[[str, Mapping[str, Any], Mapping[str, Note]], Mapping[str, Said]]
#: Tries the plan's flows while all new rules are in force; gives, for each host from which one did not come about, why.
TryFlows = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Decided:
    """What was decided.

    Attributes:
        kept: hosts that keep their new rules.
        message: why the changes were taken back, and what became of each; empty when they were kept.
        settled: whether every host is known to have what was decided.
    """

    kept: tuple[str, ...] = ()
    message: str = ""
    settled: bool = True


def decide(notes: Mapping[str, Note], hold_timeout: int, ask: Ask, try_flows: TryFlows) -> Decided:
    """Decide over the changes that *notes* tell of, and have it done.

    Args:
        notes: how far each host's own task got.
        hold_timeout: seconds that a host holds its change from the first round on.
    """
    held = {host: note for host, note in notes.items() if note.state == "held"}
    failed = _failed(notes)
    if not failed and held:
        until = time.time() + hold_timeout
        held = {host: replace(note, until=until) for host, note in held.items()}
        failed = _unheard(notes, hold_timeout, ask) or dict(try_flows()) or _unconfirmed(held, until - RESERVE, ask)
    if failed:
        return _take_back(held, failed, ask)
    return Decided(tuple(sorted(held)))


def _failed(notes: Mapping[str, Note]) -> dict[str, str]:
    silent = "it could not be reached while its rules were put in force"
    return {
        host: silent if note.state == "begun" else _in_short(note.message)
        for host, note in notes.items()
        if note.state in ("begun", "failed")
    }


def _in_short(message: str) -> str:
    """A message's first line: every host of the network repeats it, and the host that it is of has said all of it."""
    first, _newline, rest = message.strip().partition("\n")
    return f"{first.rstrip(':')} (its own message says what)" if rest else first


def _unheard(notes: Mapping[str, Note], hold_timeout: int, ask: Ask) -> dict[str, str]:
    """The hosts that do not answer over a new connection, or hold their change no longer; and why."""
    said = _twice(notes, "hold", {"hold_timeout": hold_timeout}, ask)
    silent = "it could not be reached over a new connection while all new rules were in force"
    return {host: _why(one, silent) for host, one in said.items() if not one.get("held")}


def _unconfirmed(held: Mapping[str, Note], until: float, ask: Ask) -> dict[str, str]:
    """The hosts that were not told to keep their change, or could not; and why.

    Args:
        until: seconds since the epoch; later no host is told, as its timer may fire meanwhile.
    """
    left = dict(held)
    said: dict[str, Said] = {}
    while left and (not said or time.time() < until):
        said |= ask("confirm", {}, left)
        left = {host: note for host, note in left.items() if said[host].get("unreachable")}
        if left:
            time.sleep(PAUSE)
    silent = "it did not answer when it was told to keep its new rules"
    return {host: _why(one, silent) for host, one in said.items() if not one.get("confirmed") or one.get("failed")}


def _take_back(held: Mapping[str, Note], failed: Mapping[str, str], ask: Ask) -> Decided:
    said = _twice(held, "undo", {}, ask) if held else {}
    back = sorted(host for host, one in said.items() if one.get("outcome") == BACK)
    others = {host: one for host, one in said.items() if host not in back}
    reasons = "; ".join(f"{host}: {why.rstrip('.')}" for host, why in failed.items())
    lines = [f"The network keeps its old rules: {reasons}"]
    if back:
        lines.append(f"The old rules are back on {', '.join(back)}")
    for host, one in others.items():
        if one.get("unreachable"):
            when = time.strftime("%H:%M:%S", time.localtime(held[host].until))
            lines.append(
                f"{host} does not answer: unless it had been told to keep its new rules, it takes its old ones back by "
                f"itself, at the latest at {when}; look at it before the next run"
            )
        else:
            lines.append(f"{host}: {one.get('outcome') or one.get('msg')}")
    return Decided(message=". ".join(lines) + ".", settled=not others)


def _twice(notes: Mapping[str, Note], phase: str, options: Mapping[str, Any], ask: Ask) -> dict[str, Said]:
    """Ask all, and those again that could not be reached: one lost packet must not take a network back."""
    said = dict(ask(phase, options, notes))
    again = {host: note for host, note in notes.items() if said[host].get("unreachable")}
    if again:
        time.sleep(PAUSE)
        said |= ask(phase, options, again)
    return said


def _why(said: Said, silent: str) -> str:
    """Why what a host said is not what was wanted."""
    if said.get("unreachable") or ("held" in said and "outcome" not in said):
        return silent
    if "outcome" in said:
        return f"it held its change no longer ({said['outcome']}); give it a longer hold_timeout"
    return str(said.get("msg", "it gave no answer"))
