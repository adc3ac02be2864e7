# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers side by side that were written as a row, and rows that are none of them."""

from __future__ import annotations

import pytest

from tests.unit.field_cases import field_case
from tests.unit.networks import Network

INNER = "faxnet_sites.hq.gateways[0].public_address"


def row(inner: str, outer: str) -> Network:
    """An office behind two routers in a row; *inner*: what the first one wears, *outer*: the second one's own."""
    net = Network()
    gateways = [{"host": "a", "public_address": inner}, {"host": "b", "public_address": "203.0.113.5"}]
    net.sites["hq"] = {"networks": ["192.168.1.0/24"], "gateways": gateways}
    net.hosts = {"a": {"faxnet_address": "192.168.1.1"}, "b": {"faxnet_address": outer}}
    return net.server("fax", "hq", "192.168.1.10")


@pytest.mark.acceptance("FC-10")
def test_two_routers_with_a_provider_each_are_refused_with_the_cure() -> None:
    (finding,) = [item for item in field_case("two_routers").findings() if item.severity == "error"]
    assert (finding.code, finding.variable, finding.value) == ("FXN155", INNER, "198.51.100.7")
    assert "gw-b after gw-a in the row would translate it once more: they are side by side" in finding.message
    assert "name as gateway the router that the site's hosts have as theirs" in finding.cure


@pytest.mark.acceptance("FC-10")
def test_with_one_of_them_as_the_gateway_there_is_a_plan() -> None:
    net = field_case("two_routers")
    net.sites["hq"]["gateways"] = net.sites["hq"]["gateways"][:1]
    assert net.made().flow("netcfax.pcp/pc>fax")["dial"] == "198.51.100.7"


def test_routers_that_translate_one_after_the_other_are_a_row() -> None:
    made = row("192.168.100.2", "192.168.100.1").client("pc", "hq", "192.168.1.21", "fax").made()
    gateways = made.document["sites"]["hq"]["gateways"]
    assert [(gateway["host"], gateway["public"]) for gateway in gateways] == [
        ("a", ["192.168.100.2"]),
        ("b", ["203.0.113.5"]),
    ]


def test_an_outer_router_that_does_not_translate_may_have_any_address() -> None:
    net = row("198.51.100.7", "192.168.100.1")
    del net.sites["hq"]["gateways"][1]["public_address"]
    assert net.plan().intent.sites["hq"].gateways[1].public == ()
