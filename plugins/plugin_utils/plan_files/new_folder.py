# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder in the making, beside the one that it is to replace.

Every file is compared with the old folder's. One that is the same becomes a hard link: it keeps its time, and whoever
copies plan directories about copies only what has changed. Where all are the same, there is nothing to replace.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

_BUFFER = 1 << 20


class NewFolder:
    """What is put here is written to *new*, or only compared where that is None."""

    def __init__(self, new: Path | None, old: Path) -> None:
        self._new = new
        self._old = old
        self._names: set[str] = set()
        self._same = True

    def put(self, name: str, content: bytes) -> None:
        """Put a small file.

        Args:
            name: path below the folder.

        Raises:
            OSError: it cannot be written, or the old one cannot be read.
        """
        self._names.add(name)
        if self._old_holds(name, content):
            if self._linked(name):
                return
        else:
            self._same = False
        if self._new is not None:
            # os.open and not Path.open, here and below: half the time, and there may be many files.
            path = f"{self._new}/{name}"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
                stream.write(content)

    def stream(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put a large file piece by piece; all pieces are taken, whatever comes of it.

        Raises:
            OSError: as :meth:`put`.
        """
        self._names.add(name)
        with ExitStack() as streams:
            try:
                old = streams.enter_context(Path(self._old, name).open("rb", buffering=_BUFFER))
            except (FileNotFoundError, NotADirectoryError):
                old = None
            new = None
            if self._new is not None:
                new = streams.enter_context(Path(self._new, name).open("xb", buffering=_BUFFER))
            same = old is not None
            for chunk in chunks:
                same = same and old is not None and old.read(len(chunk)) == chunk
                if new is not None:
                    new.write(chunk)
            same = same and old is not None and not old.read(1)
        self._same = self._same and same
        if same and self._new is not None:
            Path(self._new, name).rename(f"{self._new}/.written")
            if self._linked(name):
                Path(self._new, ".written").unlink()
            else:
                Path(self._new, ".written").rename(f"{self._new}/{name}")

    def is_same(self) -> bool:
        """Whether the old folder holds what was put here, and nothing else."""
        there = {path.relative_to(self._old).as_posix() for path in self._old.rglob("*") if not path.is_dir()}
        return self._same and there == self._names

    def _old_holds(self, name: str, content: bytes) -> bool:
        try:
            descriptor = os.open(f"{self._old}/{name}", os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        with os.fdopen(descriptor, "rb") as stream:
            return os.fstat(descriptor).st_size == len(content) and stream.read() == content

    def _linked(self, name: str) -> bool:
        """Whether the new folder has the old one's file now."""
        if self._new is None:
            return True
        try:
            os.link(f"{self._old}/{name}", f"{self._new}/{name}")
        except OSError:
            return False  # a file system without hard links: a copy will do
        return True
