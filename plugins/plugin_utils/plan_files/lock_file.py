# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file on the controller, and taking over one that lies under the name it had before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .directory import write_text
from .locations import Locations
from .sealed_json import PlanFileError


@dataclass(frozen=True, slots=True)
class LockFile:
    """What the lock file holds.

    Attributes:
        path: where it is written.
        text: what it holds; empty where there is none.
        read_from: the file that holds it; another than *path* where it lies under its former name.
        remark: what the user is to know about a file of the former name; empty where there is none.
    """

    path: Path
    text: str
    read_from: Path
    remark: str

    def is_current(self, text: str) -> bool:
        """Whether *text* stands in the right file already."""
        return self.text == text and self.read_from == self.path

    def write(self, text: str) -> bool:
        """Write it where it differs, then remove the file under the former name that it was taken from.

        Returns:
            Whether anything was written.

        Raises:
            PlanFileError: it cannot be written, or the former file not be removed.
        """
        written = write_text(text, self.path)
        if self.read_from != self.path:
            try:
                self.read_from.unlink(missing_ok=True)
            except OSError as error:
                raise PlanFileError(
                    f"{self.read_from} cannot be removed: {error}; {self.path} holds its call-back ranges now, so "
                    "remove it"
                ) from error
        return written or self.read_from != self.path


def read_lock_file(where: Locations) -> LockFile:
    """Return what the lock file holds; what a file of the former name holds where there is no other.

    Raises:
        PlanFileError: it cannot be read.
    """
    text, old = _text_of(where.lock), where.old_lock
    before = _text_of(old) if old is not None else None
    if old is None or before is None:
        return LockFile(where.lock, text or "", where.lock, "")
    if text is None:
        remark = (
            f"{where.lock} takes over the call-back ranges of {old}, which Ansible would read as an inventory where "
            "the inventory is a directory. Commit the new file in place of the old one"
        )
        return LockFile(where.lock, before, old, remark)
    remark = f"{old} is not read, for there is {where.lock}. Remove it"
    return LockFile(where.lock, text, where.lock, remark)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} cannot be read: {error}; make it readable, or set faxnet_lock") from error
