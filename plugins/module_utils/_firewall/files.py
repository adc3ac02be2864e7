# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What survives a reboot: files, put in place at once, and systemd's units made to be as theirs say."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Mapping

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import services
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    DROP_IN,
    ENABLED_LINK,
    IN_FORCE,
    KEPT_BY_OTHERS,
    PASSAGES_FILE,
    RULES_FILE,
    UNIT,
    UNIT_FILE,
    FirewallError,
    Machine,
    in_words,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import firewalld

#: How `stage` ends a file's name: a transaction's name.
_STAGED = re.compile(r"\.[0-9a-f]{12}")
#: Directories that come with our files and go with them, unless others have files there.
_SHARED_DIRECTORIES = ("faxnet", os.path.basename(os.path.dirname(DROP_IN)))


def wanted_files(
    machine: Machine,
    text: str | None,
    closed: str | None,
    known: Mapping[str, services.Unit],
    passages: Mapping[str, str | None],
) -> dict[str, str | None]:
    """The rules' file and those that load it, each with the text it must have; None where there must be none.

    `text` is the nft file, None to have no rules; `closed` is the one that takes its place when it is damaged; `known`
    is what systemd has now. `passages` are files with rules in chains of others.
    """
    in_nft = passages.get(PASSAGES_FILE) is not None
    of_systemd = services.wanted_files(machine, known, text is not None, closed, passages=in_nft)
    return {RULES_FILE: text, **of_systemd, **passages}


def differing(machine: Machine, wanted: Mapping[str, str | None]) -> list[str]:
    """The paths whose text is not the wanted one, and the unit's link if the unit is not enabled as wanted."""
    paths = [path for path, text in sorted(wanted.items()) if machine.read(path) != text]
    if os.path.lexists(machine.path(ENABLED_LINK)) != (wanted[UNIT_FILE] is not None):
        paths.append(ENABLED_LINK)
    return paths


def leftovers(machine: Machine, wanted: Iterable[str]) -> list[str]:
    """Files that killed runs, or a reboot before the confirmation, left beside the places of ours."""
    found = []
    for path in wanted:
        directory, name = os.path.split(path)
        with contextlib.suppress(OSError):
            beside = os.listdir(machine.path(directory))
            found += [os.path.join(directory, item) for item in beside if _STAGED.fullmatch(item.partition(name)[2])]
    return sorted(found)


def clear(machine: Machine, paths: Iterable[str]) -> None:
    """Remove what `leftovers` found. Raises FirewallError when it cannot be removed; then nothing else has changed."""
    try:
        for path in paths:
            _remove(machine.path(path))
    except OSError as error:
        raise FirewallError(f"nothing was changed, an old run's file cannot be removed: {in_words(error)}") from error


def stage(machine: Machine, wanted: dict[str, str | None], mark: str) -> None:
    """Write every new file beside its place, so that only a rename is left to do; fails while nothing is changed."""
    for path, text in wanted.items():
        if text is not None and machine.read_exactly(path) != text:
            place = machine.path(path)
            os.makedirs(os.path.dirname(place), mode=0o755, exist_ok=True)
            # What is somebody else's file stays his: its bytes that are no text, its lines' ends, who may read it.
            with open(place + "." + mark, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                before = os.stat(place) if os.path.exists(place) else None
                os.chmod(file.fileno(), stat.S_IMODE(before.st_mode) if before else 0o644)
                if before:
                    os.chown(file.fileno(), before.st_uid, before.st_gid)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())


def discard(machine: Machine, paths: Iterable[str], mark: str) -> None:
    """Remove what `stage` wrote."""
    for path in paths:
        with contextlib.suppress(OSError):  # where it could not be written it is not
            _remove(machine.path(path) + "." + mark)


def changed_meanwhile(
    machine: Machine, before: Mapping[str, str | None], wanted: Mapping[str, str | None]
) -> list[str]:
    """Files of somebody else's that are neither as they were when the change began, nor as it would have them."""
    theirs = [path for path in KEPT_BY_OTHERS if path in wanted]
    return [path for path in theirs if machine.read_exactly(path) not in (before.get(path), wanted[path])]


def put_in_place(machine: Machine, wanted: dict[str, str | None], mark: str) -> None:
    """Rename what `stage` wrote, delete what must not be, and let systemd have its units as wanted."""
    systemctl = machine.find("systemctl") if machine.has_systemd() else None
    if systemctl and wanted[UNIT_FILE] is None and machine.read(UNIT_FILE) is not None:
        _run(machine, [systemctl, "disable", "--quiet", "--now", UNIT])
        # A unit that failed would be listed even without its file.
        machine.run([systemctl, "reset-failed", "--quiet", UNIT], None)
    of_firewalld = [path for path in firewalld.PATHS.values() if path in wanted]
    policies_changed = any(machine.read(path) != wanted[path] for path in of_firewalld)
    units_changed = any(machine.read(path) != wanted[path] for path in (UNIT_FILE, DROP_IN))
    for path, text in wanted.items():
        place = machine.path(path)
        if text is None:
            _remove(place)
        elif os.path.exists(place + "." + mark):
            os.replace(place + "." + mark, place)
    if policies_changed or firewalld.trials(machine):
        firewalld.settle(machine)
    if systemctl and (units_changed or any(unit.stale for unit in services.units(machine).values())):
        _run(machine, [systemctl, "daemon-reload"])
    if systemctl and wanted[UNIT_FILE] is not None:
        enabled = os.path.lexists(machine.path(ENABLED_LINK))
        if not enabled or services.unsettled(services.units(machine), wanted=True):
            _enable(machine, systemctl)


def _enable(machine: Machine, systemctl: str) -> None:
    """Enable and start our unit, which finds its rules loaded: loaded anew, they would forget what they hold open."""
    sign = machine.path(IN_FORCE)
    os.makedirs(os.path.dirname(sign), mode=0o700, exist_ok=True)
    with open(sign, "w", encoding="ascii"):
        pass
    try:
        _run(machine, [systemctl, "enable", "--quiet", "--now", UNIT])
    finally:
        os.unlink(sign)


def _run(machine: Machine, argv: list[str]) -> None:
    ran = machine.run(argv, None)
    if ran.code != 0:
        raise FirewallError("{} failed: {}".format(" ".join(argv), ran.err.strip()))


def _remove(place: str) -> None:
    try:
        os.unlink(place)
    except FileNotFoundError:
        return
    directory = os.path.dirname(place)
    if os.path.basename(directory) in _SHARED_DIRECTORIES:
        with contextlib.suppress(OSError):  # others keep files there, too
            os.rmdir(directory)
