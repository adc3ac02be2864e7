# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden files: whole intended outputs, committed, so that a review sees what a change does to a device.

Each folder of tests/golden is one kind of output. Its `made.py` has `files()`, which returns the text of every golden
file by its path in that folder; each stands in a folder `expected`, beside or below the kind's inputs.
`python -m tools.golden [KIND...]` writes them; tests/golden/test_golden.py compares.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from tools import made
from tools.made import ROOT

GOLDEN = "tests/golden"


def _generator(kind: str) -> made.Generator:
    def make() -> Mapping[str, str]:
        files: Mapping[str, str] = importlib.import_module(f"tests.golden.{kind}.made").files()
        return {f"{GOLDEN}/{kind}/{name}": text for name, text in files.items()}

    return made.Generator(make, owned=(f"{GOLDEN}/{kind}/**/expected/**/*",))


def generators() -> dict[str, made.Generator]:
    """Return what makes each kind of golden output."""
    return {path.parent.name: _generator(path.parent.name) for path in sorted((ROOT / GOLDEN).glob("*/made.py"))}


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / ".build" / "collections")]
    raise SystemExit(made.main(generators(), "python -m tools.golden", sys.argv[1:]))
