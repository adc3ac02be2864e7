# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers in a row before a site: who meets which of them, and under which address."""

from __future__ import annotations

from tests.unit.networks import FLORIDA, SHEFFIELD, Network
from tests.unit.planning.test_paths import Way, double_nat, way


def test_the_inner_of_two_nat_routers_hands_on_what_the_outer_one_sends_it() -> None:
    made = double_nat().made()
    (outer,), (inner,) = (made.policy(host)["destination_nat"] for host in ("provider-router", "flat-router"))
    assert (outer["source"], outer["address"], outer["target"]) == (FLORIDA, SHEFFIELD, "192.168.100.2")
    assert (inner["source"], inner["address"], inner["target"]) == (FLORIDA, "192.168.100.2", "10.2.0.10")
    assert outer["ports"] == inner["ports"]
    assert made.policy("provider-router")["networks"] == ["192.168.100.2/32"]


def test_a_service_on_the_outer_of_two_routers_is_reached_from_inside_through_the_inner_one() -> None:
    net = double_nat()
    net.hosts["provider-router"] |= {"faxnet_offers": [{"service": "netcfax"}]}
    made = net.client("c", "flat", "10.2.0.10", "provider-router").server("s", "florida", "10.1.0.10").made()
    assert way(made, "netcfax.pcp/c>provider-router") == Way(
        "10.2.0.10", "192.168.100.1", "192.168.100.2", "192.168.100.1", ["flat-router"]
    )
    assert way(made, "netcfax.scp/provider-router>c") == Way(
        "192.168.100.1", "192.168.100.2", "192.168.100.1", "10.2.0.10", ["flat-router"]
    )
    for flow in made.document["flows"]:
        port = int(flow["ports"].partition("-")[0])
        assert made.trace(flow["source"], flow["destination"], port).reached == flow["destination"]


def test_a_router_stands_in_a_chain_once() -> None:
    net = double_nat()
    net.sites["flat"]["gateways"][1]["host"] = "flat-router"
    assert [finding.severity.value for finding in net.findings()] == ["error"]


def test_two_routers_of_one_chain_meet_under_the_inner_ones_public_address() -> None:
    network = Network()
    network.sites["plant"] = {
        "networks": ["10.1.0.0/24"],
        "gateways": [
            {"host": "inner", "public_address": "192.168.100.1"},
            {"host": "outer", "public_address": "203.0.113.1"},
        ],
    }
    for host, address, other in (("inner", "10.1.0.1", "outer"), ("outer", "192.168.100.2", "inner")):
        network.hosts[host] = {
            "faxnet_address": address,
            "faxnet_offers": [{"service": "kerio_control", "version": "console"}],
            "faxnet_uses": [{"service": "kerio_control", "server": other}],
        }
    made = network.made()
    outward, inward = made.flow("kerio_control.admin/inner>outer"), made.flow("kerio_control.admin/outer>inner")
    assert (outward["arrives_from"], outward["via"]) == ("192.168.100.1", [])
    assert (inward["dial"], inward["destination_address"], inward["via"]) == ("192.168.100.1", "192.168.100.1", [])


def chain_and_office() -> Network:
    """Two routers in a row before a plant, and an office behind NAT, in one realm; the outer router offers NetCFax."""
    net = Network().site("office", "10.6.0.0/24", gateway="office-router", public="203.0.113.60", realm="company")
    net.sites["plant"] = {
        "networks": ["10.5.0.0/24"],
        "gateways": [{"host": "plant-firewall"}, {"host": "plant-router", "public_address": "192.0.2.50"}],
        "realm": "company",
    }
    net.hosts["plant-firewall"] = {"faxnet_address": "10.5.0.1"}
    net.server("plant-router", "plant", "172.31.5.1")
    return net.client("office-pc", "office", "10.6.0.10", "plant-router").client(
        "plant-pc", "plant", "10.5.0.10", "plant-router"
    )


def test_an_outer_router_is_met_by_its_own_address_in_all_its_realm() -> None:
    made = chain_and_office().made()
    (nat,) = made.policy("office-router")["source_nat"]
    assert nat["except"] == ["10.5.0.0/24", "10.6.0.0/24", "172.31.5.1/32"]
    verdict = made.trace("office-pc", "plant-router", 7488)
    assert (verdict.reached, verdict.hops[-1].goes_as) == ("plant-router", "10.6.0.10 -> 172.31.5.1")
    back = made.trace("plant-router", "office-pc", 10000)
    assert back.hops[0].goes_as == "172.31.5.1 -> 10.6.0.10"


def test_what_a_router_between_two_others_starts_wears_the_outer_ones_address() -> None:
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.server("fl-fax", "florida", "10.1.0.10")
    net.sites["plant"] = {
        "networks": ["10.5.0.0/24"],
        "gateways": [{"host": "first"}, {"host": "second"}, {"host": "third", "public_address": "192.0.2.50"}],
    }
    net.hosts |= {"first": {"faxnet_address": "10.5.0.1"}, "third": {"faxnet_address": "172.31.5.2"}}
    net.client("second", "plant", "172.31.5.1")
    made = net.made()
    (nat,) = made.policy("third")["source_nat"]
    assert nat["networks"] == ["10.5.0.0/24", "172.31.5.1/32"]
    verdict = made.trace("second", "fl-fax", 7488)
    assert (verdict.reached, verdict.hops[-1].goes_as) == ("fl-fax", "192.0.2.50 -> 10.1.0.10")
