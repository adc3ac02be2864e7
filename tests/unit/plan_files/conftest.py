# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place for a plan, in which nothing may be left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "faxnet" / "plan"
    left = [path.name for path in (tmp_path / "faxnet").glob(".*")] if (tmp_path / "faxnet").is_dir() else []
    assert left == [], "something is left behind"
