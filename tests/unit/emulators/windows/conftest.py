# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh emulated host for each test, with the collections that its modules come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.command import run
from tests.unit.emulators.windows.world import World


@pytest.fixture(scope="session", autouse=True)
def collections(root: Path) -> None:
    """Bring ansible.windows and community.windows where they are missing (requirements/windows.txt)."""
    run(["tools/setup.sh", "windows"], cwd=root)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A host that was just set up, in a private network."""
    return World(tmp_path)
