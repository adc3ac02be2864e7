# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a network that keeps its old rules; the decision itself is tested on hosts (tests/kernel)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.transactions.decision import decide
from ansible_collections.faxnet.deploy.plugins.plugin_utils.transactions.journal import Note


def never(*_arguments: Any) -> Mapping[str, Any]:
    raise AssertionError("nobody holds a change")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("nft is missing", "router: nft is missing."),
        (
            "these would stop:\n  - tcp port 80\n  - tcp port 443\n",
            "router: these would stop (its own message says what).",
        ),
    ],
)
def test_every_host_tells_the_first_line_of_what_kept_another_from_its_rules(message: str, told: str) -> None:
    decided = decide({"router": Note("failed", message=message)}, 60, never, never)
    assert decided.message == f"The network keeps its old rules: {told}"
    assert decided.kept == ()
