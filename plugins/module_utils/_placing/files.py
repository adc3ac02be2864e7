# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that everybody may read, whole or not there: how modules compare it, and how they put it in place."""

from __future__ import annotations

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

FILE_MODE = 0o644
FOLDER_MODE = 0o755


def content_of(path: str) -> bytes | None:
    """Return what a file holds; None where there is none. Raises C(OSError) where it can't be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def is_as(path: str, content: bytes) -> bool:
    """Whether a file holds that, everybody may read it, and the one who runs this is its owner."""
    if content_of(path) != content:
        return False
    status = os.stat(path)
    return status.st_mode & 0o7777 == FILE_MODE and status.st_uid == os.geteuid()


def draft(module: AnsibleModule, content: bytes) -> str:
    """Write a file into the module's own directory, which goes with it; return its path."""
    path: str
    descriptor, path = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    os.chmod(path, FILE_MODE)
    return path


def place(module: AnsibleModule, written: str, path: str) -> None:
    """Move a drafted file to its place by rename; its directory is made. Raises C(OSError)."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        os.chmod(folder, FOLDER_MODE)
    module.atomic_move(written, path)
    # Where a file of other rights was there, the rename has kept those.
    os.chmod(path, FILE_MODE)
    os.chown(path, os.geteuid(), os.getegid())
