# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes sent by a process that outlives its module: one task starts it, a later one takes what it found.

Silence takes its time, and Ansible waits for a few hosts at a time only. Here every host waits for itself. Standard
library only, for this file travels to the managed host.

A job is a directory that only its user can read:

    probes.json    what to send, and how
    lock           locked by the process as long as it lives; holds its number
    answers.json   what came back; it is there in whole or not at all
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from .probes import Probe, check_probe, run_probes

_PREFIX = "faxnet-probes-"
_NAMES = re.compile("[0-9a-zA-Z]{1,32}")
_PROBES, _LOCK, _ANSWERS = "probes.json", "lock", "answers.json"

#: Where the process keeps its lock; 0, 1 and 2 lead nowhere, all others are closed.
_LOCK_DESCRIPTOR = 3
_MOST_DESCRIPTORS = 4096

#: How often a job is looked at that is still under way, in seconds, and how long beyond its own time it may take.
_LOOK_AGAIN = 0.05
_PATIENCE = 60.0

#: After so many seconds nobody comes any more to fetch a job of another name: a run that large takes hours, not days.
_FORGOTTEN = 3 * 24 * 3600.0


class JobError(Exception):
    """A job that is not there, belongs to somebody else or does not end; the message names it and the cure."""


def start(probes: Sequence[Probe], timeout: float, tries: int, parallel: int, name: str = "") -> str:
    """Have a process of its own send the probes, see run_probes(); returns the job's directory at once.

    Jobs of this user that nobody will fetch are given up first: earlier ones of the same name, and those of any name
    that ended days ago.

    Args:
        name: whose job this is, of letters and digits; empty for nobody's.

    Raises:
        JobError: no such name is possible.
        ProbeError: a probe is malformed; then none was sent.
        OSError: no directory or no process could be made.
    """
    for probe in probes:
        check_probe(probe)
    if name and not _NAMES.fullmatch(name):
        raise JobError(f"{name!r} is no name of a job: use up to 32 letters and digits")
    _give_up_jobs(name)
    job = tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-" if name else _PREFIX)
    try:
        wanted = {"probes": list(probes), "timeout": timeout, "tries": tries, "parallel": parallel}
        with open(os.path.join(job, _PROBES), "w", encoding="utf-8") as file:
            json.dump(wanted, file)
        lock = os.open(os.path.join(job, _LOCK), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # The child has the same open file, and so holds the lock for as long as it lives.
            fcntl.flock(lock, fcntl.LOCK_EX)
            _detach(job, lock)
        finally:
            os.close(lock)
    except BaseException:
        shutil.rmtree(job, ignore_errors=True)
        raise
    return job


def collect(job: str) -> tuple[list[dict[str, Any]], float]:
    """Wait for a job, remove it, and return its results, see run_probes(), and the seconds that the sending took.

    Where the process was killed before it had answers, the probes are sent here and now.

    Raises:
        JobError: there is no such job of this user, or it does not end.
    """
    directory = os.path.realpath(job)
    try:
        ours = os.stat(directory).st_uid == os.geteuid()
    except OSError:
        ours = False
    if not ours or not os.path.basename(directory).startswith(_PREFIX):
        raise JobError(
            f"{job} is no job of this user on this host, or was collected before. A restart of the host removes jobs, "
            "and the tasks that start and collect one have to become the same user; send the probes again"
        )
    wanted = _read(directory, _PROBES)
    if wanted is None:
        raise JobError(
            f"{job} is damaged: what was to be sent cannot be read there. Remove it and send the probes again"
        )
    rounds = -(-len(wanted["probes"]) // _at_least_at_a_time(wanted["parallel"])) * wanted["tries"]
    _wait(directory, time.monotonic() + rounds * wanted["timeout"] + _PATIENCE)
    answers = _read(directory, _ANSWERS)
    if answers is None:
        _send(directory)
        answers = _read(directory, _ANSWERS)
    if answers is None:
        raise JobError(
            f"{job}: what came back cannot be kept there. See whether its file system is full, and send again"
        )
    shutil.rmtree(directory)
    return answers["results"], answers["seconds"]


def _give_up_jobs(name: str) -> None:
    """Remove this user's jobs that nobody will fetch; a job of the same name that still sends is ended."""
    for entry in os.scandir(tempfile.gettempdir()):
        if not entry.name.startswith(_PREFIX):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
            if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode):
                continue
            mine = bool(name) and entry.name.startswith(f"{_PREFIX}{name}-")
            if mine or time.time() - status.st_mtime > _FORGOTTEN:
                _give_up(entry.path, end=mine)
        except FileNotFoundError:
            continue  # fetched in this moment


def _give_up(job: str, end: bool) -> None:
    with contextlib.suppress(FileNotFoundError), open(os.path.join(job, _LOCK), "rb") as lock:
        if not _is_free(lock.fileno()):
            if not end:
                return
            # Whoever holds the lock has written its own number into it.
            number = lock.read().strip()
            if number.isdigit():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGKILL)
    shutil.rmtree(job, ignore_errors=True)


def _read(directory: str, name: str) -> Any:
    """A job's file, or None where there is none or only a part of one, as after a loss of power."""
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _at_least_at_a_time(parallel: int) -> int:
    """How many probes are on their way at one time at the least: a host may allow no more than this many open files."""
    return min(parallel, 32)


def _wait(job: str, deadline: float) -> None:
    with open(os.path.join(job, _LOCK), "rb") as lock:
        while not _is_free(lock.fileno()):
            if time.monotonic() > deadline:
                raise JobError(f"{job}: the process that sends these probes does not end; kill it")
            time.sleep(_LOOK_AGAIN)


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _detach(job: str, lock: int) -> None:
    """Start the process that sends a job's probes; it belongs to no session and to no terminal, and keeps the lock."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    # In the child: nothing of the module may run on, so every way out is os._exit().
    status = 1
    try:
        os.setsid()
        if os.fork() == 0:
            os.write(lock, f"{os.getpid()}\n".encode("ascii"))
            _redirect(lock)
            os.chdir("/")
            _send(job)
        status = 0
    finally:
        os._exit(status)


def _redirect(lock: int) -> None:
    """Let go of everything that the connection waits for."""
    if lock != _LOCK_DESCRIPTOR:
        os.dup2(lock, _LOCK_DESCRIPTOR)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.closerange(_LOCK_DESCRIPTOR + 1, _MOST_DESCRIPTORS)


def _send(job: str) -> None:
    with open(os.path.join(job, _PROBES), encoding="utf-8") as file:
        wanted = json.load(file)
    began = time.monotonic()
    results = run_probes(wanted["probes"], wanted["timeout"], wanted["tries"], wanted["parallel"])
    unfinished = os.path.join(job, f".{_ANSWERS}")
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump({"results": results, "seconds": round(time.monotonic() - began, 3)}, file)
    os.replace(unfinished, os.path.join(job, _ANSWERS))
