# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on the controller of sheets that nobody needs any more: of hosts that changed, or that left the plan.

A person who finds a sheet types it in, so an old one is worse than none. Only what says of itself that it was written
here is one: a settings sheet's data names its host and its sheet, a worksheet's first line names its host.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..platforms.platform import OnController
from ..platforms.registry import PLATFORMS
from ..platforms.worksheet import titles
from .collection import Change, put_files
from .definitions import SheetError
from .rendering import file_names

#: The folder of settings sheets beside a plan, where no other is named.
COLLECTION = "sheets"

_WORKSHEETS = {
    name: step.kind for name, step in ((n, p.remove()) for n, p in PLATFORMS.items()) if isinstance(step, OnController)
}


class Written(NamedTuple):
    """A settings sheet in a folder: whose it is, its name."""

    host: str
    sheet: str

    @property
    def files(self) -> tuple[str, str]:
        """The names of its files."""
        return file_names(self.sheet, f"{self.host}.")


def written_sheets(folder: Path, host: str = "") -> Iterator[Written]:
    """Yield the settings sheets in a folder; only those of *host* where one is named.

    Raises:
        SheetError: the folder cannot be read.
    """
    for path in _files(folder, f"{host}." if host else "", ".json"):
        found = _sheet_in(path)
        if found is not None and host in ("", found.host):
            yield found


def remove_leftovers(base: Path, platforms: Mapping[str, str], *, check_mode: bool) -> list[Change]:
    """Remove sheets and worksheets beside a plan that it has no use for, and return what there was.

    Args:
        base: the directory that holds the plan's directory.
        platforms: the platform of every host of the plan.
        check_mode: remove nothing.

    Raises:
        SheetError, PlanFileError: a file cannot be read or removed.
    """
    changes = remove_sheets_of_others(base / COLLECTION, platforms, check_mode=check_mode)
    for kind in sorted(set(_WORKSHEETS.values())):
        folder = base / f"{kind}s"
        needed = {host for host, platform in platforms.items() if _WORKSHEETS.get(platform) == kind}
        gone = [path.name for path in _files(folder, "", ".txt") if path.stem not in needed and _is_worksheet(path)]
        changes += put_files(folder, dict.fromkeys(gone), check_mode=check_mode)
    return changes


def remove_sheets_of_others(folder: Path, planned: Mapping[str, object], *, check_mode: bool) -> list[Change]:
    """Remove the settings sheets in a folder whose hosts are not *planned*, and return what there was.

    Raises:
        SheetError, PlanFileError: a file cannot be read or removed.
    """
    gone = [name for sheet in written_sheets(folder) if sheet.host not in planned for name in sheet.files]
    return put_files(folder, dict.fromkeys(gone), check_mode=check_mode)


def _files(folder: Path, start: str, end: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.startswith(start) and path.name.endswith(end))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SheetError(f"{folder} cannot be read: {error}; make it readable, or remove it") from error


def _sheet_in(path: Path) -> Written | None:
    """The settings sheet whose data a file holds; None where it is something else."""
    try:
        data = json.loads(path.read_bytes())
        found = Written(str(data["host"]), str(data["sheet"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if path.name in found.files else None


def _is_worksheet(path: Path) -> bool:
    try:
        first, _line_end, _rest = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return False
    return first in titles(path.stem)
