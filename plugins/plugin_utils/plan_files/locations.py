# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the controller keeps a plan, its lock file and the results.

The defaults lie beside the inventory. They are taken from the first inventory source and not from a host's
``inventory_dir``: the implicit localhost has none, and with several sources hosts would disagree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY_NAME = ".faxnet"

#: Where the inventory is a directory, ansible-core reads every file in it as an inventory but those whose names begin
#: with a dot, whatever ``inventory_ignore_extensions`` is set to (``ansible.inventory.manager.IGNORED_ALWAYS``).
LOCK_NAME = ".faxnet.lock.json"

#: The lock file's name before; one that is found beside the inventory is taken over.
OLD_LOCK_NAME = "faxnet.lock.json"


@dataclass(frozen=True, slots=True)
class Locations:
    """Absolute paths.

    Attributes:
        plan: the plan's directory.
        lock: the lock file.
        old_lock: where the lock file may lie under its former name; None where the user names the file.
    """

    plan: Path
    lock: Path
    old_lock: Path | None = None


def inventory_directory(sources: Sequence[str], otherwise: str) -> Path:
    """Return the directory of the first inventory source that is a file or directory.

    Args:
        sources: ``ansible_inventory_sources``; host lists (``a,b,``) are among them.
        otherwise: directory to use when there is none.
    """
    for source in sources:
        path = Path(str(source))
        if path.is_dir():
            return path.absolute()
        if path.exists():
            return path.absolute().parent
    return Path(otherwise).absolute()


def _path(value: object) -> Path:
    return Path(os.path.expandvars(str(value))).expanduser().absolute()


def locations_of(options: Mapping[str, Any], variables: Mapping[str, Any], beside: Path) -> Locations:
    """Return where things are kept.

    Args:
        options: a task's ``directory`` (the plan's own) and ``lock``, each None or missing when not given.
        variables: ``faxnet_directory`` (holds ``plan``, ``results``, ``report``) and ``faxnet_lock``, likewise.
        beside: the inventory's directory.
    """
    plan = options.get("directory")
    if plan is None:
        base = variables.get("faxnet_directory")
        plan = (_path(base) if base is not None else beside / DIRECTORY_NAME) / "plan"
    lock = options.get("lock")
    if lock is None:
        lock = variables.get("faxnet_lock")
    if lock is not None:
        return Locations(_path(plan), _path(lock))
    return Locations(_path(plan), beside / LOCK_NAME, beside / OLD_LOCK_NAME)


def find_locations(
    options: Mapping[str, Any], variables: Mapping[str, Any], evaluate: Callable[[Any, dict[str, Any]], Any]
) -> Locations:
    """Return where things are kept, for a task or template of one host.

    Args:
        options: as for :func:`locations_of`.
        variables: the host's variables, not evaluated.
        evaluate: evaluates a value with variables.
    """
    beside = inventory_directory(variables.get("ansible_inventory_sources") or (), variables.get("playbook_dir", "."))
    # The implicit localhost has no inventory_dir, and the plays that need one host only run there.
    known = {"inventory_dir": str(beside), **variables}
    named = {name: variables[name] for name in ("faxnet_directory", "faxnet_lock") if name in variables}
    return locations_of(options, evaluate(named, known), beside)
