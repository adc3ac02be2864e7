# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offers that are public to some: named addresses, networks and sites, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.terminal_text import slice_text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import Made, Network


def office(*public: Any, service: str = "kerio_connect", **offer: Any) -> Network:
    """An office with two networks behind a router, a branch that it routes to, and a mail server."""
    net = Network().site("office", "10.1.0.0/24", "10.1.1.0/24", gateway="router", public="203.0.113.5", realm="firm")
    net.hosts["router"]["faxnet_address"] = "10.1.0.1"
    net.site("branch", "10.2.0.0/24", gateway="branch-router", realm="firm")
    net.site("support", "198.51.100.64/27").site("home", "10.9.0.0/24", gateway="home-router", public="192.0.2.9")
    offer = {"exchanges": ["smtp"], **offer}
    return net.offers("mail", "office", "10.1.0.10", service, public=list(public), **offer)


def inward(made: Made, host: str, section: str = "input") -> set[tuple[str, str, str]]:
    """Source, destination and port of what a host lets in or through."""
    entries = made.slices[host]["policy"][section]
    entries = [item for item in entries if not item["flows"][0].startswith("management/")]
    return {(item["source"], item["destination"], item["ports"]) for item in entries}


@pytest.mark.acceptance("FC-14")
def test_administration_is_for_the_named_addresses_and_for_nobody_else() -> None:
    made = field_case("some_internet_addresses").made()
    assert inward(made, "fw1") == {("198.51.100.64/27", "203.0.113.5", "4081")}
    assert made.trace("198.51.100.70", "fw1", 4081).reached == "fw1"
    for stranger in ("internet", "198.51.100.63", "198.51.100.96"):
        assert made.trace(stranger, "fw1", 4081).outcome is Outcome.REFUSED
    assert {flow["source"] for flow in made.document["flows"]} == {"198.51.100.64/27"}


def test_a_router_forwards_for_the_named_alone() -> None:
    made = office("support", "192.0.2.17").made()
    named = {("198.51.100.64/27", "10.1.0.10", "25"), ("192.0.2.17", "10.1.0.10", "25")}
    assert inward(made, "mail") == inward(made, "router", "forward") == named
    nat = {
        (item["source"], item["address"], item["target"]) for item in made.slices["router"]["policy"]["destination_nat"]
    }
    assert nat == {(source, "203.0.113.5", "10.1.0.10") for source in ("198.51.100.64/27", "192.0.2.17")}
    assert made.trace("192.0.2.17", "mail", 25).reached == "mail"
    assert made.trace("192.0.2.18", "mail", 25).outcome is Outcome.REFUSED


def test_each_is_met_where_it_stands() -> None:
    made = office("10.1.0.0/25", "10.1.1.0/24", "branch", "home").made()
    ways = {flow["source"]: (flow["arrives_from"], flow["dial"], tuple(flow["via"])) for flow in made.document["flows"]}
    assert ways == {
        "10.1.0.0/25": ("10.1.0.0/25", "10.1.0.10", ()),
        "10.1.1.0/24": ("10.1.1.0/24", "10.1.0.10", ("router",)),
        "10.2.0.0/24": ("10.2.0.0/24", "10.1.0.10", ("branch-router", "router")),
        "192.0.2.9": ("192.0.2.9", "203.0.113.5", ("router",)),
    }


def test_a_network_that_is_partly_near_is_met_where_its_parts_are() -> None:
    made = office("10.0.0.0/8").made()
    assert {flow["source"] for flow in made.document["flows"]} == {"10.1.0.0/24", "10.1.1.0/24", "10.2.0.0/24"}


@pytest.mark.parametrize(
    ("named", "started"),
    [
        (["support", "10.1.1.0/24"], {("internet", "0.0.0.0/0"), ("10.1.1.0/24", "10.1.1.0/24")}),
        (["10.1.1.0/24"], {("10.1.1.0/24", "10.1.1.0/24")}),
    ],
)
def test_what_the_server_starts_goes_to_anybody_of_the_internet(
    named: list[str], started: set[tuple[str, str]]
) -> None:
    made = office(*named, exchanges=["smtp", "smtp_out"]).made()
    flows = made.document["flows"]
    assert {(flow["destination"], flow["dial"]) for flow in flows if flow["source"] == "mail"} == started
    assert "internet" not in {flow["source"] for flow in flows}


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_everybody_is_never_meant_by_a_network(everybody: str) -> None:
    found = [item for item in office("support", everybody).findings() if item.severity == "error"]
    assert [(item.code, item.variable) for item in found] == [("FXN217", "faxnet_offers[0].public[1]")]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("10.7.0.0/24", "FXN408"),  # private, and nobody's
        ("2001:db8::/64", "FXN408"),  # the server has no IPv6
        ("supprt", "FXN127"),
        ("198.51.100.65/27", "FXN105"),
    ],
)
def test_who_cannot_be_is_a_finding(named: str, code: str) -> None:
    found = [item for item in office(named).findings() if item.severity == "error"]
    assert [(item.code, item.variable.partition("public")[1]) for item in found] == [(code, "public")]


def test_a_changing_address_is_only_known_by_its_networks() -> None:
    net = office("home")
    net.sites["home"]["public_address"] = "dynamic"
    assert [item.code for item in net.findings() if item.severity == "error"] == ["FXN127"]
    net.sites["home"]["public_networks"] = ["192.0.2.0/25"]
    assert inward(net.made(), "mail") == {("192.0.2.0/25", "10.1.0.10", "25")}


def test_a_server_whose_own_address_changes_is_refused() -> None:
    net = office("support")
    net.sites["office"]["public_address"] = "dynamic"
    assert [item.code for item in net.findings() if item.severity == "error"] == ["FXN154"]


def test_an_outer_router_does_not_start_anything_towards_a_network_that_another_hides() -> None:
    net = office(service="kerio_control")
    hops = [{"host": "router", "public_address": "192.168.9.5"}, {"host": "outer", "public_address": "203.0.113.5"}]
    net.sites["office"] = {"networks": ["10.1.0.0/24", "10.1.1.0/24"], "gateways": hops}
    net.hosts["outer"] = {"faxnet_address": "192.168.9.1"}
    net.hosts["outer"]["faxnet_offers"] = [
        {"service": "kerio_connect", "exchanges": ["smtp"], "public": ["10.1.1.0/24"]}
    ]
    del net.hosts["mail"]
    (flow,) = net.made().document["flows"]
    assert (flow["arrives_from"], flow["dial"]) == ("192.168.9.5", "192.168.9.1")
    net.hosts["outer"]["faxnet_offers"][0]["exchanges"] = ["smtp", "smtp_out"]
    assert [flow["id"] for flow in net.made().document["flows"]] == ["kerio_connect.smtp/10.1.1.0-24>outer"]


def test_the_plan_says_to_whom() -> None:
    made = office("support", "192.0.2.17").made()
    (offer,) = made.document["offers"]
    assert (offer["internet"], offer["public_to"]) == (False, ["198.51.100.64/27", "192.0.2.17/32"])
    assert "also to 198.51.100.64/27, 192.0.2.17/32" in slice_text(made.slices["mail"])


def test_a_host_that_stands_there_shows_it_and_any_other_is_refused() -> None:
    net = office("support").host("friend", "support", "198.51.100.70")
    net.site("elsewhere", "198.51.100.128/27").host("stranger", "elsewhere", "198.51.100.140")
    made = net.made()
    probes = expectations(made.document, made.slices).probes
    asked = {
        host: [item for item in probes[host] if (item.port, item.address) == (25, "203.0.113.5")] for host in probes
    }
    found = {host: {item.expect for item in asked[host] if item.transport == "tcp"} for host in ("friend", "stranger")}
    assert found == {"friend": {"open"}, "stranger": {"silent"}}


def test_nobody_who_stands_there_is_said() -> None:
    made = office("support").made()
    (missing,) = expectations(made.document, made.slices).not_probed
    assert missing.flows == ("kerio_connect.smtp/198.51.100.64-27>mail",)


def test_a_routers_own_site_comes_to_it_as_the_router_further_in_shows_it() -> None:
    net = Network().site("home", "10.1.0.0/24")
    net.sites["home"]["gateways"] = [
        {"host": "inner", "public_address": "192.168.9.1"},
        {"host": "middle"},
        {"host": "outermost", "public_address": "203.0.113.5"},
    ]
    net.hosts["inner"] = {"faxnet_address": "10.1.0.1"}
    net.hosts["outermost"] = {"faxnet_address": "172.31.0.3"}
    net.offers("middle", "home", "172.31.0.2", "kerio_connect", public=["home"], exchanges=["smtp"])
    del net.hosts["middle"]["faxnet_site"]
    made = net.made()
    (flow,) = made.document["flows"]
    assert (flow["source"], flow["arrives_from"], flow["dial"]) == ("10.1.0.0/24", "192.168.9.1", "172.31.0.2")
    assert flow["via"] == ["inner"]
    assert made.policy("outermost")["destination_nat"] == []


def test_an_inner_routers_private_address_is_not_met_from_the_internet() -> None:
    """What the outermost router is named with counts, whatever it is; what one further in shows, where it is routed."""
    net = Network().site("home", "10.2.0.0/24").offers("mail", "home", "10.2.0.10", "kerio_connect", public=True)
    net.hosts["mail"]["faxnet_offers"][0]["exchanges"] = ["smtp"]
    net.hosts["inner"] = {"faxnet_address": "10.2.0.1"}
    net.hosts["outermost"] = {"faxnet_address": "172.31.2.101"}
    row = [{"host": "inner", "public_address": "172.31.2.10"}, {"host": "outermost"}]
    net.sites["home"]["gateways"] = row
    assert [(finding.code, finding.severity) for finding in net.findings() if finding.code == "FXN401"] == [
        ("FXN401", "error")
    ]
    row[1]["public_address"] = "192.168.178.2"
    assert "FXN401" not in [finding.code for finding in net.findings()]
