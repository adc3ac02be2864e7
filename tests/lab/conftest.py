# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs that several modules share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.estate import Estate, estate_in
from tests.lab.offices import Offices, offices_in


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """A network of routed, translated and nested sites; each test begins by bringing about what it needs."""
    with estate_in(tmp_path_factory.mktemp("network")) as made:
        yield made


@pytest.fixture(scope="session")
def fresh_offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """Two offices and an exchange that will send each other faxes: at first without rules and without services."""
    with offices_in(tmp_path_factory.mktemp("fax")) as made:
        yield made


@pytest.fixture
def offices(fresh_offices: Offices) -> Offices:
    """Them, with their services."""
    fresh_offices.serve()
    return fresh_offices
