# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden files: whole intended outputs, committed, so that a review sees what a change does to a device.

Each folder of tests/golden is one kind of output. Its `made.py` has `files()`, which returns the text of every golden
file by its path in the folder `expected`. `python -m tools.golden` writes them; tests/golden/test_golden.py compares.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"


def kinds() -> list[str]:
    """Return the kinds of golden output."""
    return sorted(path.parent.name for path in GOLDEN.glob("*/made.py"))


def made(kind: str) -> Mapping[str, str]:
    """Return what the golden files of a kind have to hold, by path in its folder `expected`."""
    files: Mapping[str, str] = importlib.import_module(f"tests.golden.{kind}.made").files()
    return files


def committed(kind: str) -> dict[str, str]:
    """Return what the golden files of a kind hold."""
    top = GOLDEN / kind / "expected"
    files = (path for path in sorted(top.rglob("*")) if path.is_file())
    return {path.relative_to(top).as_posix(): path.read_text(encoding="utf-8") for path in files}


def write(kind: str) -> list[str]:
    """Write the golden files of a kind; return the paths that changed."""
    top = GOLDEN / kind / "expected"
    old, new = committed(kind), made(kind)
    changed = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    for path in changed:
        file = top / path
        if path in new:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(new[path], encoding="utf-8")
        else:
            file.unlink()
    return changed


def main(arguments: list[str]) -> int:
    """Write the golden files of the kinds named, or of all; returns the exit status."""
    unknown = [kind for kind in arguments if kind not in kinds()]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; use: python -m tools.golden [{' '.join(kinds())}]", file=sys.stderr)
        return 2
    for kind in arguments or kinds():
        for path in write(kind):
            print(f"tests/golden/{kind}/expected/{path}")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / ".build" / "collections")]
    raise SystemExit(main(sys.argv[1:]))
