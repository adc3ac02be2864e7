# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root for the lab: networks between containers can't be made without."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.lab.checkout import BUILD
from tools.lab.errors import LabError

# sudo drops these; what runs as root must find the project's own tools, collections and settings.
_KEPT = (
    "PATH",
    "ANSIBLE_COLLECTIONS_PATH",
    "ANSIBLE_HOME",
    "ANSIBLE_FORCE_COLOR",
    "LAB_IMAGE",
    "PYTHONDONTWRITEBYTECODE",
)


def become_root(module: str, arguments: Sequence[str]) -> None:
    """Go on as root: nothing for root, else the same command once more through sudo, from which there is no return.

    Args:
        module: what ``python -m`` runs.
        arguments: its arguments.

    Raises:
        LabError: neither root nor sudo.
    """
    if os.geteuid() == 0:
        return
    sudo = shutil.which("sudo")
    if sudo is None:
        raise LabError("networks between containers need root, and sudo is not installed: run the same command as root")
    print("networks between containers need root: going on with sudo", file=sys.stderr, flush=True)
    kept = [f"{name}={os.environ[name]}" for name in _KEPT if name in os.environ]
    os.execv(sudo, [sudo, "env", *kept, sys.executable, "-m", module, *arguments])  # noqa: S606 (no shell wanted)


def give_back(folder: Path = BUILD.parent) -> None:
    """Hand what root wrote below a folder to the person who called sudo, so that they can go on without it.

    Args:
        folder: by default where this checkout keeps all that is built.
    """
    user, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if user is None or group is None or os.geteuid() != 0 or not folder.exists():
        return
    for path in (folder, *folder.rglob("*")):
        # A file of another run may be gone by now.
        with contextlib.suppress(FileNotFoundError):
            if path.lstat().st_uid == 0:
                os.chown(path, int(user), int(group), follow_symlinks=False)
