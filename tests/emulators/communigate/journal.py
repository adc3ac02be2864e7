# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system log."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path


class Journal:
    """The system log: a file a day, each record with time, level and the tag of the component that wrote it."""

    def __init__(self, folder: Path, console: bool) -> None:
        self.folder, self.console, self._numbers = folder, console, dict[str, int]()
        folder.mkdir(parents=True, exist_ok=True)

    def number(self, tag: str) -> str:
        """The name of a new task of a component, such as DNR-00001 (CG-12)."""
        self._numbers[tag] = self._numbers.get(tag, 0) + 1
        return f"{tag}-{self._numbers[tag]:05d}"

    def write(self, level: int, source: str, text: str) -> None:
        """One record; level 1 is a crash, 5 is all."""
        now = datetime.datetime.now()
        printable = "".join(sign if sign.isprintable() else f"\\{ord(sign):03d}" for sign in text)
        record = f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} {level} {source} {printable}\n"
        with (self.folder / f"{now:%Y-%m-%d}.log").open("a", encoding="utf-8") as file:
            file.write(record)
        if self.console:
            sys.stdout.write(record)
            sys.stdout.flush()
