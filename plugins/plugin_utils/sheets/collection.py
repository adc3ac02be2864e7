# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheets of all hosts in one folder of the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..plan_files.directory import write_text
from .definitions import SheetError


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs from what it is to hold; the empty text stands for no file."""

    path: Path
    before: str
    after: str

    def as_diff(self) -> dict[str, str]:
        """The change as Ansible shows it."""
        return {
            "before": self.before,
            "after": self.after,
            "before_header": str(self.path),
            "after_header": str(self.path),
        }


def put_files(folder: Path, files: Mapping[str, str | None], *, check_mode: bool) -> list[Change]:
    """Bring files to their content, and return what differed. Nothing is written in check mode.

    Args:
        folder: where they are; it is made when there is something to write.
        files: content by name; None for a file that is not to be there.
        check_mode: only say what differs.

    Raises:
        SheetError: a file that is there cannot be read.
        PlanFileError: one cannot be written.
    """
    changes = []
    for name, content in files.items():
        path = folder / name
        before = _text_of(path)
        if before == content:
            continue
        changes.append(Change(path, before or "", content or ""))
        if check_mode:
            continue
        if content is None:
            path.unlink()
        else:
            write_text(content, path)
    return changes


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError(f"{path} cannot be read: {error}; remove it, it is written anew") from error
