# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every golden file holds what is made today; `python -m tools.golden` rewrites them for a review."""

from __future__ import annotations

import difflib

import pytest

from tools import golden


def test_there_are_golden_files() -> None:
    assert golden.kinds()
    assert all(golden.committed(kind) for kind in golden.kinds())


@pytest.mark.parametrize("kind", golden.kinds())
def test_golden_files_are_what_is_made_today(kind: str) -> None:
    old, new = golden.committed(kind), golden.made(kind)
    changes = [
        line
        for path in sorted({*old, *new})
        for line in difflib.unified_diff(
            old.get(path, "").splitlines(),
            new.get(path, "").splitlines(),
            f"committed/{path}",
            f"made/{path}",
            "",
            "",
            1,
            "",
        )
    ]
    assert not changes, "\n".join([*changes[:80], "review this, then: python -m tools.golden"])
