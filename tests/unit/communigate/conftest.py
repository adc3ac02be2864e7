# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh emulated server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.communigate.world import Emulated


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Emulated]:
    """A server with empty lists."""
    with Emulated(tmp_path / "CommuniGate") as running:
        yield running
