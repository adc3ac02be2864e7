# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first plan of a process reads the products that it is about and no others, which cost more than the plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import VaultedText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog import catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning import hidden_values
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from tests.unit.verification.offices import two_offices


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The catalogue's files that are read, as in a process that has not planned yet."""
    found: list[str] = []
    real = catalog._read

    def read(path: Path) -> object:
        found.append(path.name)
        return real(path)

    monkeypatch.setattr(catalog, "_read", read)
    for cached in (catalog.builtin_catalog, hidden_values.own_words):
        cached.cache_clear()
    yield found
    catalog.builtin_catalog.cache_clear()


def test_a_plan_reads_the_products_that_it_is_about(files: list[str]) -> None:
    offices = two_offices()
    assert make_plan(Inputs(sites=offices["faxnet_sites"], hosts=offices["hosts"])).plan is not None
    assert sorted(files) == ["_systems.yml", "_well_known.yml", "netcfax.yml"]


def test_a_mistake_and_a_secret_have_all_words_read(files: list[str]) -> None:
    offices = two_offices()
    offices["hosts"]["uk-pc1"]["faxnet_outbound"] = VaultedText("something")
    assert make_plan(Inputs(sites=offices["faxnet_sites"], hosts=offices["hosts"])).plan is None
    assert len(files) > 5
