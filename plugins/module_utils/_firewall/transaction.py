# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the packet filter that undoes itself unless it is confirmed over a new connection.

The order is the whole point. Everything that can fail is tried first: the new rules, the old rules that the roll-back
would load, the files. Then the timer is armed, then the rules are loaded. Confirming and rolling back both begin with
the same rename of one file, so exactly one of them happens. Files that survive a reboot are put in place on
confirmation only, so that a reboot rolls back too.

A change that is part of a network's is held between the two: a longer timer takes the place of the first while other
devices are changed. And it can be undone after its confirmation, for as long as nothing else has been changed here: the
last device's failure still takes all of them back.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import files, forgetting, modules, sysctls, timer
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    NO_TABLE,
    RUN_DIRECTORY,
    TABLE,
    FirewallError,
    Machine,
    check,
    in_words,
    load,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import passage
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session

_ARMED = "armed"  # the timer runs; whoever renames this file decides
_CONFIRMED = "confirmed"
_ROLLED_BACK = "rolled-back"
_HELD = "held"  # waits for other devices; until when is in the file of the deadline
_OUTCOME = "outcome"  # what the roll-back did, written when it has done it
_GENTLE = "rollback-gentle.nft"  # what is tried first to undo the change, where there is such a way
_MARGIN = 5.0  # seconds after the timer's time within which a roll-back has ended

_ROLLBACK = """\
#!/bin/sh
# Written by faxnet.deploy: puts the packet filter back as it was, unless the new rules have been confirmed.
# With the argument {confirmed}: although they have been confirmed.
cd '{directory}' || exit 0
mv -T "${{1:-{armed}}}" {rolled_back} 2>/dev/null || exit 0
{settings}if '{nft}' -f {gentle} >/dev/null 2>&1 || error=$('{nft}' -f {rollback} 2>&1); then
  echo 'the old rules are back' > {outcome}.new
else
  '{nft}' delete table {table}
  if '{nft}' list table {table} >/dev/null 2>&1; then
    left='and the new ones could not be taken away, so they are in force still'
  else
    left='so faxnet has none now'
  fi
  set -f  # unquoted, nft's lines become one
  echo "the old rules could not be loaded again, $left (nft says:" $error")" > {outcome}.new
fi
failed=
{passages}[ -z "$failed" ] || echo "$(cat {outcome}.new), but not all rules in chains of others" > {outcome}.new
{modules}rm -f {staged}
mv -T {outcome}.new {outcome}
"""


class TooLateError(FirewallError):
    """The roll-back was faster than the confirmation; the message is what it did."""


@dataclass(frozen=True)
class Change:
    """What to do: nft text to load, kernel settings to write, files to have, and the nft text that undoes it.

    The settings are written in their order, and undone in the opposite one. `modules` are loaded before the rules.
    `gentle_rollback` is tried before the other: it undoes the change where the table is as the change left it, and
    keeps what an observing host has seen. `passages` are the commands that change rules in chains of others, and those
    that undo it.
    """

    text: str
    rollback: str
    settings: Mapping[str, str]
    files: Mapping[str, str | None]
    gentle_rollback: str = ""
    modules: tuple[str, ...] = ()
    passages: tuple[str, str] = ("", "")


@contextlib.contextmanager
def lock(machine: Machine, patience: float, session: Session | None = None) -> Iterator[int]:
    """Only one run at a time prepares and applies on this host; waits at most `patience` seconds for another.

    Gives how many sessions it ended that another run's change took away: that run died before it could (see `forget`).
    """
    directory = machine.path(RUN_DIRECTORY)
    with contextlib.ExitStack() as stack:
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            file = stack.enter_context(open(os.path.join(directory, "lock"), "w", encoding="ascii"))
        except OSError as error:
            raise FirewallError(f"nothing was changed, runs cannot wait for each other: {in_words(error)}") from error
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise FirewallError(
                        f"another run has been changing this host's rules for {patience:.0f} s; "
                        "start again when it has ended"
                    ) from None
                time.sleep(0.1)
        _wait_for_others(machine, patience)
        ended = 0
        for own in _changes(machine):
            # What cannot be ended goes on; whoever made that change was told, or has died.
            with contextlib.suppress(FirewallError):
                ended += forget(machine, os.path.basename(own), session)
            shutil.rmtree(own, ignore_errors=True)
        yield ended


def _changes(machine: Machine) -> list[str]:
    """The directories of the changes that have left something here."""
    directory = machine.path(RUN_DIRECTORY)
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return [own for own in (os.path.join(directory, name) for name in names) if os.path.isdir(own)]


def _wait_for_others(machine: Machine, patience: float) -> None:
    """Return when no transaction is under way: each ends by confirmation or by its timer.

    Rolls one back whose timer was lost. Raises FirewallError for one that is held for longer than `patience` seconds:
    two runs that wait for each other's devices would both be undone.
    """
    for own in _changes(machine):
        deadline = _deadline(own)
        _refuse_held(own, deadline, patience)
        while os.path.isdir(own) and not _ended(own):
            if time.time() > deadline + _MARGIN:
                subprocess.run(["/bin/sh", os.path.join(own, "rollback.sh")], check=False)
                break
            time.sleep(0.1)


def _refuse_held(own: str, deadline: float, patience: float) -> None:
    left = deadline - time.time()
    if os.path.exists(os.path.join(own, _HELD)) and not _ended(own) and left > patience:
        until = time.strftime("%H:%M:%S", time.localtime(deadline))
        raise FirewallError(
            f"another run is changing this host's rules together with other hosts'; it ends within {left:.0f} s "
            f"(at {until} by this host's clock), and this host undoes its change then if that run has died; nothing "
            "was changed. Start again after that"
        )


def _ended(own: str) -> bool:
    return os.path.exists(os.path.join(own, _OUTCOME))


def _deadline(own: str) -> float:
    """When (seconds since the epoch) a transaction's timer fires; 0 for one that did not get as far as that."""
    try:
        with open(os.path.join(own, "deadline"), encoding="ascii") as file:
            return float(file.read())
    except (OSError, ValueError):
        return 0.0


def start(machine: Machine, change: Change, timeout: int, mark: str) -> str:
    """Apply `change`, to be undone after `timeout` seconds; returns the name (`mark`) by which it can be confirmed."""
    check(machine, change.text, "the new rules")
    check(machine, change.rollback, "the roll-back")
    own = _own(machine, mark)
    try:
        files.stage(machine, dict(change.files), mark)
        os.mkdir(own, mode=0o700)
        script = _prepare(machine, change, own, mark)
        _write(own, "deadline", f"{time.time() + timeout:.3f}\n")
        _write(own, _ARMED, "")
        _write(own, "timer", timer.arm(machine, script, timeout, mark))
    except (FirewallError, OSError) as error:
        files.discard(machine, change.files, mark)
        shutil.rmtree(own, ignore_errors=True)
        raise FirewallError(f"nothing was changed, the roll-back could not be prepared: {in_words(error)}") from error
    try:
        modules.load(machine, change.modules)
        load(machine, change.text)
        for name, value in change.settings.items():
            _write(*os.path.split(machine.path(sysctls.path(name))), value + "\n")
        passage.run(machine, change.passages[0])
    except (FirewallError, OSError) as error:
        roll_back(machine, mark)
        raise FirewallError(f"{in_words(error)}; {outcome(machine, mark)}") from error
    if not os.path.exists(os.path.join(own, _ARMED)):
        # The timer fired while the rules were being loaded; they may have been loaded after the roll-back.
        load(machine, change.rollback)
        passage.run(machine, change.passages[1])
        raise FirewallError(
            f"loading the rules took longer than confirm_timeout ({timeout} s); the old rules are back. "
            "Give it more time"
        )
    return mark


def confirm(machine: Machine, mark: str) -> None:
    """Keep the change: only now does it survive a reboot. May be called again when its answer was lost.

    Raises FirewallError when the roll-back came first, or when the files cannot be put in place.
    """
    own = _own(machine, mark)
    try:
        os.rename(os.path.join(own, _ARMED), os.path.join(own, _CONFIRMED))
    except FileNotFoundError:
        if not os.path.exists(os.path.join(own, _CONFIRMED)):
            raise TooLateError(outcome(machine, mark)) from None
    if _ended(own):
        return
    timer.disarm(machine, _timer(own), own)
    try:
        wanted, before = _held(own, "files.json"), _held(own, "before.json")
        changed = files.changed_meanwhile(machine, before, wanted)
        files.put_in_place(machine, {path: text for path, text in wanted.items() if path not in changed}, mark)
        if changed:
            files.discard(machine, changed, mark)
            raise FirewallError(f"{', '.join(changed)} was changed by somebody else meanwhile; start the run again")
    except (FirewallError, OSError) as error:
        raise FirewallError(f"the new rules are in force but will not survive a reboot: {in_words(error)}") from error
    _write(own, _OUTCOME, "confirmed\n")


def hold(machine: Machine, mark: str, seconds: float) -> None:
    """Wait for other devices: the change is undone after `seconds` from now instead. May be called again, for longer.

    Raises TooLateError when the change has been undone; FirewallError when there can be no other timer: then the first
    goes on.
    """
    own = _own(machine, mark)
    armed = os.path.join(own, _ARMED)
    if os.path.exists(armed):
        before = _timer(own)
        # A name of its own: systemd keeps the first one's until it has been stopped.
        armed_as = timer.arm(machine, os.path.join(own, "rollback.sh"), seconds, f"{mark}-{os.urandom(3).hex()}")
        _write(own, "deadline", f"{time.time() + seconds:.3f}\n")
        _write(own, "timer", armed_as)
        _write(own, _HELD, "")
        timer.disarm(machine, before, own)
    if not os.path.exists(armed):
        raise TooLateError(outcome(machine, mark))


def undo(machine: Machine, mark: str) -> str:
    """Bring back what was before the change, whether it is confirmed or not; returns what came of it, in words.

    A confirmed change can be undone until the next run here. Raises FirewallError when the rules are back and the files
    are not.
    """
    own = _own(machine, mark)
    if not os.path.exists(os.path.join(own, _CONFIRMED)):
        if os.path.isdir(own):
            roll_back(machine, mark)
        return outcome(machine, mark)
    machine.run(["/bin/sh", os.path.join(own, "rollback.sh"), _CONFIRMED], None)
    try:
        before = _held(own, "before.json")
        files.stage(machine, before, mark)
        files.put_in_place(machine, before, mark)
    except (FirewallError, OSError) as error:
        raise FirewallError(
            f"{outcome(machine, mark)}, but not the files that survive a reboot: {in_words(error)}. Start the run again"
        ) from error
    return outcome(machine, mark)


def forget(machine: Machine, mark: str, session: Session | None) -> int:
    """End the sessions that a confirmed change took away, once it is for good; returns how many.

    Nothing is forgotten of a change that is not confirmed or was undone. Where nobody asks for it any more, the next
    run here does. `session` is the one that the run works through. Raises FirewallError.
    """
    own = _own(machine, mark)
    return forgetting.forget(machine, own, session) if os.path.exists(os.path.join(own, _CONFIRMED)) else 0


def unforgotten(machine: Machine, session: Session | None) -> int:
    """How many sessions `lock` would end, of changes whose run died. Changes nothing."""
    confirmed = [own for own in _changes(machine) if os.path.exists(os.path.join(own, _CONFIRMED))]
    return sum(forgetting.unforgotten(machine, own, session) for own in confirmed)


def roll_back(machine: Machine, mark: str) -> None:
    """Undo the change now instead of when the timer fires."""
    own = _own(machine, mark)
    machine.run(["/bin/sh", os.path.join(own, "rollback.sh")], None)
    timer.disarm(machine, _timer(own), own)


def outcome(machine: Machine, mark: str) -> str:
    """What became of a transaction, in words, once its time is over; waits for a roll-back that is under way."""
    own = _own(machine, mark)
    if not os.path.isdir(own):
        return "the transaction is unknown here; after a reboot the host has the rules of its last confirmed run"
    until = _deadline(own) + _MARGIN
    while not _ended(own):
        if time.time() > until:
            return f"the roll-back has not reported; look at nft list table {TABLE} on the host"
        time.sleep(0.1)
    with open(os.path.join(own, _OUTCOME), encoding="utf-8") as file:
        return file.read().strip()


def rollback_text(live: str | None) -> str:
    """The nft text that brings back the table as `live` lists it."""
    return NO_TABLE + (live or "")


def _own(machine: Machine, mark: str) -> str:
    if not re.fullmatch(r"[0-9a-z-]{1,64}", mark):
        raise FirewallError(f"{mark!r} is not the name of a transaction")
    return os.path.join(machine.path(RUN_DIRECTORY), mark)


def _prepare(machine: Machine, change: Change, own: str, mark: str) -> str:
    """Write the roll-back and what the confirmation needs; returns the script's path."""
    settings = ""
    for name in reversed(list(change.settings)):
        place = machine.path(sysctls.path(name))
        settings += f"echo {sysctls.read(machine, name)} > '{place}'\n"
    staged = " ".join(f"'{machine.path(path)}.{mark}'" for path in change.files)
    script = os.path.join(own, "rollback.sh")
    _write(own, forgetting.OLD_RULES, change.rollback)
    if change.gentle_rollback:
        _write(own, _GENTLE, change.gentle_rollback)
    _write(own, "files.json", json.dumps(dict(change.files)))
    _write(own, "before.json", json.dumps({path: machine.read_exactly(path) for path in change.files}))
    _write(
        own,
        "rollback.sh",
        _ROLLBACK.format(
            directory=own,
            armed=_ARMED,
            confirmed=_CONFIRMED,
            rolled_back=_ROLLED_BACK,
            outcome=_OUTCOME,
            settings=settings,
            modules=modules.unloading(machine, change.modules),
            passages=change.passages[1],
            nft=machine.nft(),
            rollback=forgetting.OLD_RULES,
            gentle=_GENTLE,
            table=TABLE,
            staged=staged,
        ),
    )
    return script


def _held(own: str, name: str) -> dict[str, str | None]:
    """The files' texts that `_prepare` noted, by path."""
    with open(os.path.join(own, name), encoding="utf-8") as file:
        texts: dict[str, str | None] = json.load(file)
    return texts


def _timer(own: str) -> str:
    with open(os.path.join(own, "timer"), encoding="ascii") as file:
        return file.read()


def _write(directory: str, name: str, text: str) -> None:
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(text)
