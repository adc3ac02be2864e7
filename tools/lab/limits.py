# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room for one more systemd: inotify instances, of which the kernel allows a user 128 unless told otherwise.

Without room containers start, but single units in them fail at random ("Too many open files").
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from tools.lab.errors import LabError
from tools.lab.progress import Progress

# Counted in a running lab container: 3 of systemd, 1 of logind (dbus counts for a user of its own).
INSTANCES_EACH = 4
_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
#: Seconds to wait until other labs have made room; without it nobody waits. For who has several labs at a time.
PATIENCE = "FAXNET_LAB_PATIENCE"
_PAUSE = 2.0


def in_use(proc: Path = Path("/proc")) -> int:
    """Inotify instances held by root's processes, those in containers included."""
    count = 0
    for process in proc.glob("[0-9]*"):
        # A process may end while it is looked at, and some machines keep their first process to themselves.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if process.stat().st_uid == 0:
                count += sum(_is_inotify(entry) for entry in (process / "fd").iterdir())
    return count


def _is_inotify(entry: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        return str(entry.readlink()) == "anon_inode:inotify"
    return False


def check(containers: int, *, limit: int | None = None, used: int | None = None) -> None:
    """See that so many more containers have room.

    Args:
        containers: how many are about to be started.
        limit: the kernel's limit; looked up when left out.
        used: instances in use; counted when left out.

    Raises:
        LabError: they do not.
    """
    limit = int(_LIMIT.read_text(encoding="ascii")) if limit is None else limit
    used = in_use() if used is None else used
    needed = used + containers * INSTANCES_EACH
    if needed > limit:
        allow = max(1024, 2 * needed)
        raise LabError(
            f"{containers} more containers need {containers * INSTANCES_EACH} inotify instances, {used} are in use and "
            f"this machine allows {limit}: allow more with sysctl -w fs.inotify.max_user_instances={allow}, "
            "or take another lab down (python -m tools.lab status --all)"
        )


def make_sure(containers: int, progress: Progress) -> None:
    """See that so many more containers have room; wait for it where the environment says how long.

    Raises:
        LabError: they have none.
    """
    end = time.monotonic() + float(os.environ.get(PATIENCE) or 0)
    waiting = False
    while True:
        try:
            return check(containers)
        except LabError:
            if time.monotonic() > end:
                raise
        if not waiting:
            progress.say("waiting until other labs have made room")
        waiting = True
        time.sleep(_PAUSE)
