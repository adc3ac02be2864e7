# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every golden file holds what is made today; `python -m tools.golden` rewrites them for a review."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel import networks
from tools import made
from tools.golden import GOLDEN, generators
from tools.made import ROOT

TEXTS = sorted((ROOT / GOLDEN).glob("**/expected/**/*.nft"))


def test_there_are_golden_files_of_every_kind() -> None:
    assert {kind: len(list((ROOT / GOLDEN / kind).glob("**/expected/**/*"))) > 5 for kind in generators()} == {
        "nftables": True,
        "plan": True,
        "report": True,
    }


@pytest.mark.parametrize("kind", generators())
def test_golden_files_are_what_is_made_today(kind: str) -> None:
    changes = made.differences(generators()[kind])
    assert not changes, "\n".join([*changes[:80], "review this, then: python -m tools.golden"])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT / GOLDEN).as_posix())
def test_nft_reads_every_golden_text(path: Path) -> None:
    networks.checked_by_nft(path.read_text(encoding="utf-8"))
