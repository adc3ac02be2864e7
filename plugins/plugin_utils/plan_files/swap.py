# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder takes the place of another while others read it.

Linux lets two names change places in one step: whoever reads finds the old folder or the new one. Elsewhere it takes
two renames, and between them there is none. In both cases a reader that has opened the old folder may see its files go.
So what a reader did not find counts only where the folder was the same one all the time (:func:`steadily`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .sealed_json import PlanFileError

Found = TypeVar("Found")

#: How often, and in which distance in seconds, a reader looks again while a folder is being replaced.
TRIES = 100
PAUSE = 0.02

_AT_FDCWD = -100  # fcntl.h
_RENAME_EXCHANGE = 2  # linux/fs.h
#: A kernel or a file system that knows no exchange: renameat2(2).
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


def temporary(path: Path, what: str = "") -> Path:
    """Make an empty folder beside *path*, by whose name :func:`steadily` sees that *path* is being replaced."""
    return Path(tempfile.mkdtemp(prefix=f".{path.name}-{what}", dir=path.parent))


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; return False where the system cannot.

    Raises:
        OSError: one is not there, or may not be renamed.
    """
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def replace_folder(new: Path, folder: Path) -> None:
    """Put *new* in the place of *folder*, which need not exist; what was there goes.

    Raises:
        OSError: it cannot be put there; *folder* is as it was.
    """
    if not folder.exists():
        new.rename(folder)
    elif exchange(new, folder):
        shutil.rmtree(new, ignore_errors=True)
    else:
        _replace_by_renames(new, folder)


def _replace_by_renames(new: Path, folder: Path) -> None:
    old = temporary(folder, "old-")
    try:
        folder.rename(old / "plan")
        new.rename(folder)
    finally:
        if not folder.exists():
            (old / "plan").rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def steadily(folder: Path, look: Callable[[], Found | None]) -> Found | None:
    """Return what *look* finds in *folder*; None only where it is not in the one folder that bears the name.

    Raises:
        PlanFileError: the folder is replaced again and again.
    """
    for _try in range(TRIES):
        before = _identity(folder)
        found = look()
        if found is not None:
            return found
        if before == _identity(folder) and (before is not None or not _in_the_making(folder)):
            return None
        time.sleep(PAUSE)
    made = ", ".join(map(str, _in_the_making(folder))) or "another folder"
    raise PlanFileError(
        f"{folder} is not there: {made} has been about to take its place for {TRIES * PAUSE:.0f} s. Wait until "
        f"the other run has ended. If there is none, one was killed: remove {made}, and run the playbook "
        "faxnet.deploy.plan again"
    )


def _identity(folder: Path) -> tuple[int, int, int] | None:
    """What tells a folder from another of its name; a number of an inode is given anew soon, with another time."""
    try:
        status = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns


def _in_the_making(folder: Path) -> list[Path]:
    """What is about to take the place of a folder, or of the one that holds it."""
    return [made for path in (folder, folder.parent) for made in sorted(path.parent.glob(f".{path.name}-*"))]
