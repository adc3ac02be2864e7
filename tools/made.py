# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Committed files that a program makes: compared with what is made today, and written."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Generator:
    """A program that makes files.

    Attributes:
        make: Returns the text of every file by its path from the checkout's top.
        owned: Patterns, from the same place, of the files that nothing else makes: a file that they find and that
            `make` did not return is left over.
    """

    make: Callable[[], Mapping[str, str]]
    owned: tuple[str, ...] = ()


def changes(generator: Generator, root: Path = ROOT) -> dict[str, tuple[str | None, str | None]]:
    """Return the committed and the made text of each file where they differ; None is a file that is not there."""
    new = generator.make()
    owned = (path for pattern in generator.owned for path in root.glob(pattern) if path.is_file())
    names = {*new, *(path.relative_to(root).as_posix() for path in owned)}
    old = {name: (root / name).read_text(encoding="utf-8") if (root / name).is_file() else None for name in names}
    return {name: (old[name], new.get(name)) for name in sorted(names) if old[name] != new.get(name)}


def differences(generator: Generator, root: Path = ROOT) -> list[str]:
    """Return a unified difference from the committed files to those made today."""
    return [
        line
        for name, (old, new) in changes(generator, root).items()
        for line in [
            *difflib.unified_diff(
                (old or "").splitlines(),
                (new or "").splitlines(),
                f"committed/{name}",
                f"made/{name}",
                n=1,
                lineterm="",
            )
        ]
        or [f"{name} is {'left over' if new is None else 'missing, or differs in its line ends'}"]
    ]


def write(generator: Generator, root: Path = ROOT) -> list[str]:
    """Write what differs, remove what is left over; return the paths that changed."""
    changed = changes(generator, root)
    for name, (_old, new) in changed.items():
        path = root / name
        if new is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new, encoding="utf-8")
    return list(changed)


def main(generators: Mapping[str, Generator], command: str, names: Sequence[str]) -> int:
    """Run the generators named, or all, and print what changed; returns the exit status."""
    if unknown := [name for name in names if name not in generators]:
        print(f"unknown: {', '.join(unknown)}; use: {command} [{' '.join(generators)}]", file=sys.stderr)
        return 2
    for name in names or generators:
        for path in write(generators[name]):
            print(path)
    return 0
