# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole nft files, as they were reviewed."""

from __future__ import annotations

import pytest

from tests.golden.nftables.write import HERE, policies, rendered
from tests.kernel import networks


@pytest.mark.parametrize("name", sorted(policies()))
def test_the_text_is_the_reviewed_one_and_nft_reads_it(name: str) -> None:
    text = rendered(name, policies()[name])
    assert text == (HERE / f"{name}.nft").read_text(encoding="utf-8"), "if meant: python -m tests.golden.nftables.write"
    networks.checked_by_nft(text)


def test_every_reviewed_text_has_its_policy() -> None:
    assert {path.stem for path in HERE.glob("*.nft")} == set(policies())
