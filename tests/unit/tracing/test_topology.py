# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which addresses hosts meet, and which routers stand between them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.topology import Topology
from tests.unit.networks import FIXED
from tests.unit.verification.products import products


def chain(inner: list[str], outer: list[str]) -> Topology:
    """Sheffield behind two routers that wear these addresses."""
    plan: dict[str, Any] = products()
    plan["hosts"]["uk-inner"] = dict(plan["hosts"]["uk-router"], addresses=["10.2.0.2"])
    plan["hosts"]["uk-router"]["addresses"] = ["192.168.7.1"]
    gateways = [{"host": "uk-inner", "public": inner, **FIXED}, {"host": "uk-router", "public": outer, **FIXED}]
    plan["sites"]["sheffield"]["gateways"] = gateways
    return Topology(plan)


@pytest.fixture
def chained() -> Topology:
    """Both translate."""
    return chain(["192.168.7.2"], ["203.0.113.20"])


def shown(topology: Topology, host: str, other: str) -> str:
    address = topology.shown(host, other, 4)
    assert address is not None
    return address.text


def test_hosts_of_one_site_meet_under_their_own_addresses() -> None:
    topology = Topology(products())
    assert shown(topology, "fl-press", "fl-pc1") == "10.1.0.10"
    assert shown(topology, "fl-pc1", "fl-press") == "10.1.0.21"
    assert shown(topology, "fl-router", "fl-pc1") == "10.1.0.1"
    assert topology.same_realm("fl-pc1", "fl-router", 4)


def test_hosts_of_two_sites_meet_under_public_addresses() -> None:
    topology = Topology(products())
    assert shown(topology, "fl-press", "uk-pc1") == "198.51.100.10"
    assert shown(topology, "uk-pc1", "fl-press") == "203.0.113.20"
    assert not topology.same_realm("fl-press", "uk-pc1", 4)


def test_a_host_and_a_site_meet_untranslated_in_one_realm_and_else_under_what_its_routers_wear() -> None:
    plan: dict[str, Any] = products()
    topology = Topology(plan)
    assert topology.in_realm_of("fl-press", "florida", 4)
    assert not topology.in_realm_of("fl-press", "sheffield", 4)
    worn = topology.worn_outside("sheffield", 4)
    assert worn is not None
    assert worn.text == "203.0.113.20"
    assert topology.worn_outside("sheffield", 6) is None
    for site in ("florida", "sheffield"):
        plan["sites"][site]["realm"] = {"4": "company", "6": "internet"}
    assert Topology(plan).in_realm_of("fl-press", "sheffield", 4)


def test_nobody_is_met_in_an_ip_version_that_one_of_the_two_has_not() -> None:
    topology = Topology(products())
    assert topology.shown("fl-press", "uk-pc1", 6) is None


def test_an_outer_router_meets_its_own_site_under_what_the_inner_one_shows(chained: Topology) -> None:
    assert shown(chained, "uk-pc1", "uk-router") == "192.168.7.2"
    assert shown(chained, "uk-inner", "uk-router") == "192.168.7.2"
    assert shown(chained, "uk-router", "uk-pc1") == "192.168.7.1"
    assert shown(chained, "uk-pc1", "uk-inner") == "10.2.0.21"


def test_an_outer_router_that_wears_nothing_does_not_wear_what_the_inner_one_does() -> None:
    topology = chain(["192.168.7.2"], [])
    assert shown(topology, "uk-pc1", "fl-press") == "192.168.7.2"
    assert shown(topology, "uk-router", "fl-press") == "192.168.7.1"
    assert topology.public_address("uk-router", 4) is None


def test_the_routers_into_a_site_and_out_of_it_while_the_own_address_is_worn(chained: Topology) -> None:
    assert chained.routers_in("fl-press", "uk-pc1", 4) == ("uk-inner", "uk-router")
    assert chained.routers_in("uk-router", "uk-pc1", 4) == ("uk-inner",)
    assert chained.routers_in("fl-press", "uk-inner", 4) == ("uk-router",)
    assert chained.routers_in("uk-pc1", "uk-router", 4) == ()
    assert chained.routers_out("uk-pc1", 4) == ("uk-inner",)
    assert chained.routers_out("uk-inner", 4) == ()
    assert chained.routers_out("uk-pc1", 6) == ("uk-inner", "uk-router")
    assert chained.further_out("uk-inner") == ("uk-router",)
