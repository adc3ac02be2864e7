# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's network follows from the inventory: legs, addresses, routes, and what is refused."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from tools.lab.errors import LabError
from tools.lab.inventory import parse
from tools.lab.network import Node, Topology
from tools.lab.topology import INTERNET, topology


def listing(sites: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what ``ansible-inventory --list`` prints for these sites and hosts."""
    return {"_meta": {"hostvars": {name: {"faxnet_sites": sites, **values} for name, values in hosts.items()}}}


def drawn(sites: dict[str, Any], hosts: dict[str, dict[str, Any]]) -> Topology:
    return topology(parse(listing(sites, hosts)))


def host(site: str, *addresses: str) -> dict[str, Any]:
    return {"faxnet_site": site, "faxnet_address": list(addresses)}


def legs(node: Node) -> dict[str, tuple[str, list[str]]]:
    return {leg.interface: (leg.segment, [str(address) for address in leg.addresses]) for leg in node.legs}


def routes(node: Node) -> dict[str, str]:
    return {str(route.network): str(route.via) for route in node.routes}


OFFICES = {
    "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": "198.51.100.10"},
    "sheffield": {"networks": ["10.2.0.0/24"], "gateway": "uk-router", "public_address": "203.0.113.20"},
}
OFFICE_HOSTS = {
    "fl-fax": host("florida", "10.1.0.10"),
    "fl-router": host("florida", "10.1.0.1"),
    "uk-pc": host("sheffield", "10.2.0.21"),
    "uk-router": {},
}


def test_a_host_stands_in_its_site_behind_its_gateway() -> None:
    node = drawn(OFFICES, OFFICE_HOSTS).node("fl-fax")
    assert legs(node) == {"lan0": ("florida", ["10.1.0.10/24"])}
    assert routes(node) == {"0.0.0.0/0": "10.1.0.1"}


def test_a_gateway_has_one_leg_inside_and_one_at_its_provider() -> None:
    node = drawn(OFFICES, OFFICE_HOSTS).node("fl-router")
    assert legs(node) == {
        "lan0": ("florida", ["10.1.0.1/24"]),
        "wan0": ("wan-198.51.100.0", ["198.51.100.10/24"]),
    }
    assert routes(node) == {"0.0.0.0/0": "198.51.100.1"}
    assert not node.forwards


def test_a_gateway_without_a_stated_address_takes_the_first_free_one_inside() -> None:
    taken = {**OFFICE_HOSTS, "uk-first": host("sheffield", "10.2.0.1")}
    assert legs(drawn(OFFICES, taken).node("uk-router"))["lan0"] == ("sheffield", ["10.2.0.2/24"])


def test_the_internet_knows_the_way_to_public_and_private_networks() -> None:
    node = drawn(OFFICES, OFFICE_HOSTS).node(INTERNET)
    assert node.forwards
    assert legs(node) == {
        "net0": ("wan-198.51.100.0", ["198.51.100.1/24"]),
        "net1": ("wan-203.0.113.0", ["203.0.113.1/24"]),
    }
    assert routes(node) == {"10.1.0.0/24": "198.51.100.10", "10.2.0.0/24": "203.0.113.20"}


def test_the_internet_router_leaves_a_public_address_to_its_owner() -> None:
    sites = {**OFFICES, "florida": {**OFFICES["florida"], "public_address": "198.51.100.1"}}
    assert legs(drawn(sites, OFFICE_HOSTS).node(INTERNET))["net0"][1] == ["198.51.100.2/24"]


def test_gateways_with_one_provider_share_its_network() -> None:
    sites = {**OFFICES, "sheffield": {**OFFICES["sheffield"], "public_address": "198.51.100.20"}}
    assert drawn(sites, OFFICE_HOSTS).segments == ("florida", "sheffield", "wan-198.51.100.0")


def test_a_site_without_a_gateway_stands_on_the_internet() -> None:
    sites = {**OFFICES, "elsewhere": {"networks": ["192.0.2.0/24"]}}
    net = drawn(sites, {**OFFICE_HOSTS, "stranger": host("elsewhere", "192.0.2.66")})
    assert routes(net.node("stranger")) == {"0.0.0.0/0": "192.0.2.1"}
    assert ("elsewhere", ["192.0.2.1/24"]) in legs(net.node(INTERNET)).values()


def test_a_chain_of_gateways_translates_twice() -> None:
    sites = {
        "office": {
            "networks": ["10.3.0.0/24"],
            "gateways": [
                {"host": "inner", "public_address": "192.168.7.2"},
                {"host": "outer", "public_address": "203.0.113.30"},
            ],
        }
    }
    net = drawn(sites, {"pc": host("office", "10.3.0.5"), "inner": {}, "outer": {}})
    assert routes(net.node("pc")) == {"0.0.0.0/0": "10.3.0.1"}
    assert legs(net.node("inner")) == {
        "lan0": ("office", ["10.3.0.1/24"]),
        "wan0": ("transit-office-inner", ["192.168.7.2/24"]),
    }
    assert routes(net.node("inner")) == {"0.0.0.0/0": "192.168.7.1"}
    assert legs(net.node("outer")) == {
        "lan0": ("transit-office-inner", ["192.168.7.1/24"]),
        "wan0": ("wan-203.0.113.0", ["203.0.113.30/24"]),
    }
    assert routes(net.node("outer")) == {"10.3.0.0/24": "192.168.7.2", "0.0.0.0/0": "203.0.113.1"}
    assert routes(net.node(INTERNET)) == {"10.3.0.0/24": "203.0.113.30", "192.168.7.0/24": "203.0.113.30"}


def test_both_families_share_a_segment() -> None:
    sites = {
        "office": {
            "networks": ["2001:db8:1::/64", "10.3.0.0/24"],
            "gateway": "router",
            "public_address": ["198.51.100.10", "2001:db8:ff::10"],
        }
    }
    net = drawn(sites, {"pc": host("office", "10.3.0.5", "2001:db8:1::5"), "router": {}})
    assert legs(net.node("pc")) == {"lan0": ("office", ["10.3.0.5/24", "2001:db8:1::5/64"])}
    assert routes(net.node("pc")) == {"0.0.0.0/0": "10.3.0.1", "::/0": "2001:db8:1::1"}
    assert legs(net.node("router"))["wan0"][1] == ["198.51.100.10/24", "2001:db8:ff::10/64"]
    assert routes(net.node(INTERNET))["2001:db8:1::/64"] == "2001:db8:ff::10"


DUAL = {
    "oak": {"networks": ["10.4.0.0/24", "2001:db8:4::/64"], "gateway": "oak-rt", "public_address": "198.51.100.40"},
    "elm": {"networks": ["10.5.0.0/24", "2001:db8:5::/64"], "gateway": "elm-rt", "public_address": "203.0.113.50"},
    "alone": {"networks": ["2001:db8:6::/64"]},
}
DUAL_HOSTS = {
    "oak-rt": host("oak", "10.4.0.1", "2001:db8:4::1"),
    "oak-fax": host("oak", "10.4.0.10", "2001:db8:4::10"),
    "elm-rt": {},
    "elm-new": host("elm", "2001:db8:5::66"),
    "far": host("alone", "2001:db8:6::6"),
}


def test_where_ipv4_is_translated_and_ipv6_routed_the_outer_side_has_an_address_of_each() -> None:
    net = drawn(DUAL, DUAL_HOSTS)
    (_lan, four), six = legs(net.node("oak-rt"))["lan0"], legs(net.node("oak-rt"))["wan0"][1]
    assert four == ["10.4.0.1/24", "2001:db8:4::1/64"]
    assert six[0] == "198.51.100.40/24"
    assert ipaddress.ip_interface(six[1]) in ipaddress.ip_network("2001:2::/48")
    outer = str(ipaddress.ip_interface(six[1]).ip)
    assert routes(net.node(INTERNET))["2001:db8:4::/64"] == outer
    assert routes(net.node(INTERNET))["10.4.0.0/24"] == "198.51.100.40"
    assert routes(net.node("oak-rt"))["0.0.0.0/0"] == "198.51.100.1"
    assert ipaddress.ip_address(routes(net.node("oak-rt"))["::/0"]) in ipaddress.ip_network("2001:2::/48")


def test_a_routing_gateway_sends_its_own_packets_from_its_inner_address() -> None:
    """The plan knows the router by this address: behind it, the link's address means nothing to anybody."""
    net = drawn(DUAL, DUAL_HOSTS)
    sources = {str(route.network): route.source for route in net.node("oak-rt").routes}
    assert sources == {"0.0.0.0/0": None, "::/0": ipaddress.ip_address("2001:db8:4::1")}
    assert {route.source for route in net.node("elm-rt").routes} == {None}


def test_a_host_with_ipv6_alone_has_no_way_for_ipv4() -> None:
    net = drawn(DUAL, DUAL_HOSTS)
    assert routes(net.node("elm-new")) == {"::/0": "2001:db8:5::1"}
    assert routes(net.node("far")) == {"::/0": "2001:db8:6::1"}
    assert {leg.network.version for leg in net.node("far").legs[0].addresses} == {6}


def test_gateways_at_one_provider_share_one_link() -> None:
    sites = {**DUAL, "elm": {**DUAL["elm"], "public_address": "198.51.100.50"}}
    net = drawn(sites, DUAL_HOSTS)
    links = {
        address.network
        for node in ("oak-rt", "elm-rt", INTERNET)
        for leg in net.node(node).legs
        for address in leg.addresses
        if address in ipaddress.ip_network("2001:2::/48")
    }
    assert len(links) == 1
    assert len(routes(net.node(INTERNET))) == 4


def test_the_wiring_proof_crosses_the_internet_by_both_versions() -> None:
    tried = {(reach.source, str(reach.address)) for reach in drawn(DUAL, DUAL_HOSTS).reaches}
    assert {("elm-rt", "198.51.100.40"), ("elm-rt", "2001:db8:4::1"), ("elm-new", "2001:db8:5::1")} <= tried


def test_a_lab_without_ipv6_addresses_needs_none() -> None:
    assert not drawn(OFFICES, OFFICE_HOSTS).uses_ipv6
    assert drawn(DUAL, DUAL_HOSTS).uses_ipv6


def test_a_site_with_several_networks_has_a_segment_each() -> None:
    sites = {"office": {**OFFICES["florida"], "networks": ["10.1.0.0/24", "10.1.5.0/24"]}}
    net = drawn(sites, {"a": host("office", "10.1.0.5"), "b": host("office", "10.1.5.5"), "fl-router": {}})
    assert legs(net.node("fl-router"))["lan1"] == ("office-2", ["10.1.5.1/24"])
    assert routes(net.node("b")) == {"0.0.0.0/0": "10.1.5.1"}


def test_two_sites_may_use_one_private_network_and_the_internet_has_no_way_there() -> None:
    sites = {**OFFICES, "sheffield": {**OFFICES["sheffield"], "networks": ["10.1.0.0/24"]}}
    net = drawn(sites, {**OFFICE_HOSTS, "uk-pc": host("sheffield", "10.1.0.10")})
    assert routes(net.node(INTERNET)) == {}
    assert any("10.1.0.0/24 is used behind more than one gateway" in remark for remark in net.remarks)


def test_a_routed_site_is_linked_by_a_network_set_aside_for_tests() -> None:
    sites = {"office": {"networks": ["192.0.2.0/24", "2001:db8:3::/64"], "gateway": "router"}}
    net = drawn(sites, {"pc": host("office", "192.0.2.5"), "router": {}})
    four, six = net.node("router").legs[-1].addresses
    assert four in ipaddress.ip_network("198.18.0.0/15")
    assert six in ipaddress.ip_network("2001:2::/48")
    assert routes(net.node(INTERNET)) == {"192.0.2.0/24": str(four.ip), "2001:db8:3::/64": str(six.ip)}


def test_the_wiring_proof_tries_each_host_and_every_pair_of_gateways() -> None:
    tried = {(reach.source, str(reach.address)) for reach in drawn(OFFICES, OFFICE_HOSTS).reaches}
    assert tried == {
        ("fl-fax", "10.1.0.1"),
        ("uk-pc", "10.2.0.1"),
        ("fl-router", "198.51.100.1"),
        ("uk-router", "203.0.113.1"),
        ("fl-router", "203.0.113.20"),
        ("uk-router", "198.51.100.10"),
    }


def test_a_host_knows_the_names_of_its_own_segment_only() -> None:
    names = {name for name, _address in drawn(OFFICES, OFFICE_HOSTS).node("fl-fax").neighbours}
    assert names == {"fl-fax", "fl-router"}


def test_a_host_in_no_site_gets_no_container_and_a_remark() -> None:
    net = drawn(OFFICES, {**OFFICE_HOSTS, "printer": {}})
    assert "printer" not in {node.name for node in net.nodes}
    assert any("printer has no faxnet_site" in remark for remark in net.remarks)


@pytest.mark.parametrize(
    ("sites", "hosts", "message"),
    [
        pytest.param(
            OFFICES, {**OFFICE_HOSTS, "pc": {"faxnet_site": "florida"}}, "host pc: it has no address", id="no-address"
        ),
        pytest.param(
            OFFICES,
            {**OFFICE_HOSTS, "pc": host("florida", "10.9.0.1")},
            r"host pc: address 10.9.0.1 is in no network of its site florida \(10.1.0.0/24\)",
            id="address-outside",
        ),
        pytest.param(
            OFFICES,
            {**OFFICE_HOSTS, "pc": host("florida", "10.1.0.10")},
            "host pc: address 10.1.0.10 is taken by another host",
            id="address-twice",
        ),
        pytest.param(
            OFFICES,
            {**OFFICE_HOSTS, "pc": host("florida", "10.1.0.1")},
            "gateway fl-router: address 10.1.0.1 is taken",
            id="gateway-address-twice",
        ),
        pytest.param(
            {"tiny": {**OFFICES["florida"], "networks": ["10.1.0.8/31"]}},
            {"a": host("tiny", "10.1.0.8"), "b": host("tiny", "10.1.0.9"), "fl-router": {}},
            "network 10.1.0.8/31 of tiny has no free address left",
            id="network-full",
        ),
        pytest.param(
            OFFICES,
            {**OFFICE_HOSTS, "internet": host("florida", "10.1.0.99")},
            "host internet: the lab needs this name",
            id="reserved-name",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(sites: dict[str, Any], hosts: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        drawn(sites, hosts)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"public_address": "dynamic"}, ".*public_address: dynamic"),
        ({"public_address": "198.51.100.10", "outside_address": "192.168.178.2"}, "outside_address"),
    ],
)
def test_a_router_that_does_not_have_its_public_address_itself_is_refused(said: dict[str, Any], named: str) -> None:
    for site in ({"gateway": "fl-router", **said}, {"gateways": [{"host": "fl-router", **said}]}):
        with pytest.raises(LabError, match=f"site florida: {named} cannot be laid out"):
            drawn({"florida": {"networks": ["10.1.0.0/24"], **site}}, {"fl-router": host("florida", "10.1.0.1")})
