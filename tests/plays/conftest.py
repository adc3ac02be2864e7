# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories for the plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """An empty folder for an inventory."""
    return Network(tmp_path)


@pytest.fixture
def two_offices() -> dict[str, Any]:
    """The two offices, to be changed at will."""
    return Network.two_offices()


@pytest.fixture
def host_of(two_offices: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """A host's variables in the two offices, by its name."""

    def find(name: str) -> dict[str, Any]:
        waiting = [two_offices["all"]]
        while waiting:
            group = waiting.pop()
            if name in group.get("hosts", {}):
                found: dict[str, Any] = group["hosts"][name]
                return found
            waiting.extend(group.get("children", {}).values())
        raise KeyError(name)

    return find
