# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes run a program, and whether they began with what is on the disk now (proc(5))."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._listening.holders import text_of, units_of

#: A process and a file count as of the same moment within so many seconds: a script's start takes its time.
_AT_ONCE = 1.0
_STARTED = 19  # of the fields behind the program's name in /proc/PID/stat, in ticks since the boot


class Process(NamedTuple):
    """A process of a program: its number, its unit (empty where it has none), its arguments and seconds of age."""

    pid: int
    unit: str
    arguments: list[str]
    age: float
    reasons: list[str]


def processes_of(program: str, files: Iterable[str], proc: str = "/proc") -> list[Process]:
    """The processes of a program, the oldest first, each with the reasons for which it is not of today.

    A process belongs to the program if it runs its file, or is the interpreter that the file names and was given it.
    Children that the program started as itself count too.
    """
    found = []
    interpreter = _interpreter(program)
    for pid in sorted((int(name) for name in os.listdir(proc) if name.isdigit()), key=int):
        folder = os.path.join(proc, str(pid))
        try:
            arguments = text_of(os.path.join(folder, "cmdline")).split("\0")[:-1]
            runs = os.readlink(os.path.join(folder, "exe"))
            itself = runs in (program, f"{program} (deleted)")
            if not itself and (program not in arguments[:3] or interpreter not in (None, runs)):
                continue
            units = units_of(text_of(os.path.join(folder, "cgroup")))
            age = _age(text_of(os.path.join(folder, "stat")))
            held = os.stat(os.path.join(folder, "exe")) if itself else None
        except (OSError, ValueError):
            continue  # the process has ended, or is not ours to see
        reasons = [*_replaced(program, held, age), *(f"{path} is newer" for path in files if _is_newer(path, age))]
        found.append(Process(pid, units[-1] if units else "", arguments, age, reasons))
    return sorted(found, key=lambda process: -process.age)


def _interpreter(program: str) -> str | None:
    """The file of a script's interpreter; empty for what is no script, None where nobody knows any more."""
    try:
        with open(program, "rb") as file:
            first = file.readline(256)
    except OSError:
        return None
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if len(words) > 1 and os.path.basename(words[0]) == "env":
        words = [shutil.which(words[1]) or ""]
    return os.path.realpath(words[0]) if words and words[0] else ""


def lacks(arguments: list[str], options: list[str]) -> bool:
    """Whether the options do not stand together in a process's arguments."""
    last = len(arguments) - len(options)
    return bool(options) and not any(arguments[at : at + len(options)] == options for at in range(last + 1))


def _replaced(program: str, held: os.stat_result | None, age: float) -> list[str]:
    try:
        there = os.stat(program)
    except OSError:
        return [f"{program} is gone"]
    # Without a file of its own an interpreter has read the program.
    replaced = _is_newer(program, age) if held is None else not os.path.samestat(held, there)
    return [f"{program} is another file now"] if replaced else []


def _is_newer(path: str, age: float) -> bool:
    """Whether a file was written, or put in its place, after a process began."""
    try:
        return time.time() - os.stat(path).st_ctime + _AT_ONCE < age
    except OSError:
        return False


def _age(stat: str) -> float:
    ticks = int(stat.rpartition(")")[2].split()[_STARTED])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
