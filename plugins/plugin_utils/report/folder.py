# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a report: its documents take the place of the last ones together, or none of them does.

They are written into a folder beside, which then takes the name of the old one in one step (swap.py): whoever opens
the folder finds the documents of one report, and never a page of this run beside a report.json of the last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ..plan_files.directory import write_pieces
from ..plan_files.sealed_json import PlanFileError
from ..plan_files.swap import replace_folder, temporary


def replace_files(
    folder: Path,
    documents: Mapping[str, Iterable[str]],
    together: Mapping[tuple[str, ...], Iterable[tuple[str, ...]]] | None = None,
) -> None:
    """Write documents, given piece by piece, to a folder; what else lies there stays.

    Args:
        together: documents of which each step makes a piece of each.

    Raises:
        PlanFileError: the folder cannot be written; all of it is as it was.
    """
    # Where the name is a link, what it leads to is replaced, and not the link.
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = temporary(folder)
        try:
            new.chmod(folder.stat().st_mode & 0o7777 if folder.exists() else 0o755)
            for name, pieces in documents.items():
                write_pieces(pieces, new / name)
            for names, steps in (together or {}).items():
                _write_together([new / name for name in names], steps)
            _take_along(folder, new)
            replace_folder(new, folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise PlanFileError(f"{folder} cannot be written: {error}") from error


def _write_together(paths: Sequence[Path], steps: Iterable[tuple[str, ...]]) -> None:
    with ExitStack() as open_files:
        streams = [
            open_files.enter_context(path.open("x", encoding="utf-8", errors="backslashreplace", newline=""))
            for path in paths
        ]
        for pieces in steps:
            for stream, piece in zip(streams, pieces, strict=True):
                stream.write(piece)


def _take_along(old: Path, new: Path) -> None:
    """Copy what somebody else has put into the old folder; what a killed run left there goes."""
    for entry in sorted(old.iterdir()) if old.exists() else ():
        target = new / entry.name
        if os.path.lexists(target) or entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, target, symlinks=True)
        else:
            shutil.copy2(entry, target, follow_symlinks=False)
