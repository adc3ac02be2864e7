# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a transaction over the whole network know of each other: a file a host, on the controller.

Each host's task notes how far it got; the task that decides reads all notes. A host whose task was killed or cut off
from it has its first note still, and counts as one that failed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FOLDER = "transactions"
_KEPT = 86400  # seconds that the notes of a run stay that was killed

State = Literal["begun", "unchanged", "held", "failed"]


@dataclass(frozen=True, slots=True)
class Note:
    """How far a host's task got.

    Attributes:
        state: ``begun``; ``unchanged``: all was as it should be; ``held``: the new rules are in force until the
            decision or *until*; ``failed``: the host has its old rules, *message* says why.
        change: the name of the held change on the host.
        module: the module that goes on with it.
        until: when a held change is undone by the host itself, seconds since the epoch by the controller's clock.
        message: why the task failed.
    """

    state: State
    change: str = ""
    module: str = ""
    until: float = 0.0
    message: str = ""


class JournalError(Exception):
    """There is no such transaction, or its notes cannot be read; the message says what to do."""


class Journal:
    """The notes of one transaction."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def begin(cls, beside: Path, hold_timeout: int, plan: str = "") -> Journal:
        """Begin a transaction.

        Args:
            beside: the plan's directory; notes lie in a folder beside it.
            hold_timeout: seconds that a host holds its change.
            plan: digest of the plan that is put in force; empty where there is none.
        """
        root = beside.parent / FOLDER
        root.mkdir(parents=True, exist_ok=True)
        for old in root.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT:
                shutil.rmtree(old, ignore_errors=True)
        journal = cls(root / os.urandom(6).hex())
        journal._directory.mkdir(mode=0o700)
        journal._write("hold_timeout", str(hold_timeout))
        journal._write("plan", plan)
        return journal

    @classmethod
    def open(cls, beside: Path, name: str) -> Journal:
        """Return the transaction that `begin` has named. Raises `JournalError` where there is none."""
        directory = beside.parent / FOLDER / name
        if not re.fullmatch(r"[0-9a-f]{12}", name) or not directory.is_dir():
            raise JournalError(f"{name!r} is no transaction that is under way; begin one with network_transaction")
        return cls(directory)

    @property
    def name(self) -> str:
        """What `open` takes."""
        return self._directory.name

    @property
    def hold_timeout(self) -> int:
        """Seconds that a host holds its change."""
        return int((self._directory / "hold_timeout").read_text(encoding="ascii"))

    @property
    def plan(self) -> str:
        """Digest of the plan that is put in force; empty where there was none."""
        return (self._directory / "plan").read_text(encoding="ascii")

    def note(self, host: str, note: Note) -> None:
        """Keep what a host's task says; its last word counts."""
        self._write(f"{host}.json", json.dumps(asdict(note)))

    def leave(self, host: str) -> None:
        """Forget a host that has no part in it: nobody logs in to it."""
        (self._directory / f"{host}.json").unlink()

    @property
    def notes(self) -> Mapping[str, Note]:
        """Every host's note, by name. Raises `JournalError` for one that cannot be read."""
        found = {}
        for path in sorted(self._directory.glob("*.json")):
            try:
                found[path.stem] = Note(**json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError) as error:
                raise JournalError(f"{path} is damaged ({error}); hosts undo by themselves what they hold") from error
        return found

    def end(self) -> None:
        """Forget the transaction."""
        shutil.rmtree(self._directory)

    def _write(self, name: str, text: str) -> None:
        new = self._directory / f"{name}.new"
        new.write_text(text, encoding="utf-8")
        new.rename(self._directory / name)
