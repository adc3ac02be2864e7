# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management of hosts behind routers: let through where packets are routed, from where each host names, no wider."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import parse_prefix
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.few_networks import MOST_PARTS, summary
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.nftables import closed_policy
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.networks import Made, Network


def two_routed_offices() -> Network:
    """Two offices of one realm, each behind a router, untranslated."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", "2001:db8:3::/64", gateway="leeds-router", realm="company")
    net.site("york", "10.4.0.0/24", "2001:db8:4::/64", gateway="york-router", realm="company")
    net.server("fax", "leeds", ["10.3.0.10", "2001:db8:3::10"])
    return net.client("pc", "york", ["10.4.0.10", "2001:db8:4::10"], "fax")


def passed(made: Made, router: str) -> list[tuple[Any, ...]]:
    """What a router lets through for management."""
    return [
        (entry["source"], entry["destination"], entry["ports"], entry["direction"], *entry["flows"])
        for entry in made.policy(router)["forward"]
        if entry["flows"][0].startswith("management/")
    ]


def test_a_router_lets_the_controller_through_to_each_host_behind_it() -> None:
    made = two_routed_offices().made()
    assert passed(made, "york-router") == [
        ("0.0.0.0/0", "10.4.0.10", "22", "in", "management/anywhere>york"),
        ("::/0", "2001:db8:4::10", "22", "in", "management/anywhere>york/6"),
    ]
    verdict = made.trace("fax", "pc", 22)
    assert (verdict.reached, verdict.hops[1].flows) == ("pc", ("management/anywhere>york",))


@pytest.mark.parametrize("plugin", ["local", "community.general.podman", "containers.podman.podman"])
def test_a_host_that_nobody_logs_in_to_over_the_network_needs_nothing(plugin: str) -> None:
    net = two_routed_offices()
    net.hosts["pc"]["ansible_connection"] = plugin
    assert "in" not in {entry[3] for entry in passed(net.made(), "york-router")}


@pytest.mark.parametrize(
    ("login", "let_through"),
    [
        ("10.4.0.11", ["10.4.0.10/31"]),  # its second address in the office
        ("172.16.0.10", ["10.4.0.10"]),  # a network for administrators alone
        ("york-pc.example.com", ["10.4.0.10"]),
    ],
)
def test_a_host_is_reached_where_ansible_logs_in(login: str, let_through: list[str]) -> None:
    net = two_routed_offices()
    net.hosts["pc"]["ansible_host"] = login
    found = [entry[1] for entry in passed(net.made(), "york-router") if ":" not in entry[1]]
    assert found == let_through


def test_a_router_between_two_is_reached_on_the_wire_between_them() -> None:
    net = two_routed_offices()
    net.hosts["inner"] = {"faxnet_address": "10.4.0.2", "ansible_host": "198.18.0.1"}
    del net.sites["york"]["gateway"]
    net.sites["york"]["gateways"] = [{"host": "inner"}, {"host": "york-router"}]
    net.hosts["york-router"] = {"faxnet_address": "198.18.0.2"}
    reached = {entry[1] for entry in passed(net.made(), "york-router")}
    assert {"198.18.0.1", "10.4.0.2"} <= reached


@pytest.mark.parametrize("platform", ["unmanaged", "worksheet"])
def test_nor_does_a_device_that_ansible_leaves_alone(platform: str) -> None:
    net = two_routed_offices()
    net.hosts["pc"] |= {"faxnet_platform": platform, "faxnet_address": "10.4.0.10"}
    assert passed(net.made(), "york-router") == []


def test_named_sources_are_let_out_of_their_own_site_as_well() -> None:
    net = two_routed_offices()
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    net.hosts["pc"]["faxnet_management"] = [{"ports": [22, 5986], "sources": ["10.3.0.0/28", "192.0.2.0/24"]}]
    made = net.made()
    ids = ("management/10.3.0.0/28>york", "management/192.0.2.0/24>york")
    assert passed(made, "york-router") == [
        ("10.3.0.0/28", "10.4.0.10", "22", "in", ids[0]),
        ("10.3.0.0/28", "10.4.0.10", "5986", "in", ids[0]),
        ("192.0.2.0/24", "10.4.0.10", "22", "in", ids[1]),
        ("192.0.2.0/24", "10.4.0.10", "5986", "in", ids[1]),
    ]
    out = [entry for entry in passed(made, "leeds-router") if entry[3] == "out"]
    assert out == [
        ("10.3.0.0/28", "10.4.0.10", ports, "out", "management/10.3.0.0/28>company") for ports in ("22", "5986")
    ]
    assert made.trace("fax", "pc", 5986).reached == "pc"


def test_from_anywhere_nobody_is_let_out_of_a_site_that_lets_out_nothing_but_flows() -> None:
    net = two_routed_offices()
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    made = net.made()
    assert not [entry for entry in passed(made, "leeds-router") if entry[3] == "out"]
    assert made.trace("fax", "pc", 22).reached == ""


def test_behind_nat_only_the_realm_and_the_site_itself_come_in() -> None:
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", public="192.0.2.1", realm="company")
    net.site("york", "10.4.0.0/24", "10.4.1.0/24", gateway="york-router", public="192.0.2.2", realm="company")
    net.hosts["york-router"]["faxnet_address"] = "10.4.0.1"
    net.site("alone", "10.5.0.0/24", gateway="alone-router", public="192.0.2.3")
    net.server("fax", "leeds", "10.3.0.10").client("pc", "york", "10.4.0.10", "fax")
    net.client("far", "alone", "10.5.0.10", "fax")
    made = net.made()
    assert passed(made, "york-router") == [
        ("10.3.0.0/24", "10.4.0.10", "22", "in", "management/anywhere>york"),
        ("10.4.1.0/24", "10.4.0.10", "22", "in", "management/anywhere>york"),
    ]
    assert passed(made, "alone-router") == []


def test_every_router_of_a_row_lets_management_through_and_the_rows_own_routers_are_managed() -> None:
    net = two_routed_offices()
    del net.sites["york"]["gateway"]
    net.sites["york"]["gateways"] = [{"host": "york-router"}, {"host": "edge"}]
    net.hosts["edge"] = {"faxnet_address": "172.31.4.1"}
    net.hosts["york-router"]["faxnet_management"] = [{"ports": 2222, "sources": ["10.3.0.0/24"]}]
    net.hosts["edge"]["faxnet_management"] = [{"ports": 22, "sources": ["10.4.0.0/24"]}]
    net.hosts["york-router"]["ansible_port"] = 2222
    net.hosts["york-router"]["faxnet_outbound"] = "flows"
    made = net.made()
    for router in ("york-router", "edge"):
        assert ("0.0.0.0/0", "10.4.0.10", "22", "in", "management/anywhere>york") in passed(made, router)
    inner = ("10.3.0.0/24", "10.4.0.1", "2222", "in", "management/10.3.0.0/24>york-router")
    assert inner in passed(made, "edge")
    assert inner not in passed(made, "york-router")
    outer = ("10.4.0.0/24", "172.31.4.1", "22", "out", "management/10.4.0.0/24>edge")
    assert outer in passed(made, "york-router")
    assert made.trace("pc", "edge", 22).reached == "edge"


def test_a_router_has_as_many_permits_as_networks_however_many_hosts_stand_behind_it() -> None:
    net = Network().site("big", "10.9.0.0/16", gateway="router", realm="company").server("fax", "big", "10.9.0.10")
    for number in range(300):
        net.client(f"pc{number}", "big", f"10.9.{1 + number // 100}.{2 * (number % 100) + 1}", "fax")
    made = net.made()
    assert passed(made, "router") == [("0.0.0.0/0", "10.9.0.0/16", "22", "in", "management/anywhere>big")]


def test_a_sheet_and_a_rules_file_name_management_like_any_flow() -> None:
    made = two_routed_offices().made()
    (rule, *_six) = [item for item in made.slices["york-router"]["rules"]["rules"] if item["from"] == "0.0.0.0/0"]
    assert (rule["name"], rule["service"]) == ("management anyone to york", "management 22")
    assert "management/anywhere>york" in render_slice(made.slices["york-router"])


def test_a_sheet_names_no_ipv6_where_the_hosts_can_be_administered_by_ipv4() -> None:
    net = two_routed_offices()
    net.hosts["york-router"]["faxnet_platform"] = "worksheet"
    net.hosts["fax"]["faxnet_address"] = "10.3.0.10"
    assert passed(net.made(), "york-router") == [
        ("0.0.0.0/0", "10.4.0.10", "22", "in", "management/anywhere>york"),
    ]


def test_a_router_that_translates_is_reached_through_those_further_out_at_the_address_that_it_wears() -> None:
    net = two_routed_offices()
    del net.sites["york"]["gateway"], net.sites["york"]["realm"]
    net.sites["york"]["gateways"] = [{"host": "york-router", "public_address": "192.0.2.4"}, {"host": "edge"}]
    net.sites["leeds"] |= {"public_address": "192.0.2.3"}
    net.hosts["edge"] = {"faxnet_address": "172.31.4.1"}
    made = net.made()
    assert ("0.0.0.0/0", "192.0.2.4", "22", "in", "management/anywhere>york-router") in passed(made, "edge")
    assert made.trace("internet", "york-router", 22).reached == "york-router"


def test_hosts_that_name_no_sources_are_told_once_with_the_routers_that_let_anybody_through() -> None:
    net = two_routed_offices()
    net.site("hull", "10.5.0.0/24", gateway="hull-router", public="192.0.2.5").client("far", "hull", "10.5.0.9", "fax")
    net.sites["leeds"]["public_address"] = "192.0.2.3"
    net.host("near", "york", "10.4.0.11", management=[{"ports": 22}])
    net.host("named", "york", "10.4.0.12", management=[{"ports": 22, "sources": ["10.3.0.0/24"]}])
    net.host("everybody", "york", "10.4.0.13", management=[{"ports": 22, "sources": ["0.0.0.0/0", "::/0"]}])
    net.host("sheet", "york", "10.4.0.14", platform="unmanaged")
    (finding,) = [item for item in net.plan().findings if item.code == "FXN123"]
    # The server has an IPv6 address that its router does not translate.
    assert (finding.hosts, finding.variable) == (("fax", "near", "pc"), "faxnet_management")
    assert "leeds-router, york-router" in finding.message
    assert "sources" in finding.cure
    net.hosts["york-router"]["faxnet_platform"] = "unmanaged"
    (finding,) = [item for item in net.plan().findings if item.code == "FXN123"]
    assert finding.hosts == ("fax",)


def test_many_networks_become_few_that_hold_them_all() -> None:
    many = [parse_prefix(f"10.{number}.0.0/24") for number in range(0, 200, 2)]
    few = summary(many)
    assert 1 < len(few) <= MOST_PARTS
    assert all(any(wide.first <= item.first and item.last <= wide.last for wide in few) for item in many)
    assert summary(many[:3]) == tuple(many[:3])


def test_rules_for_a_damaged_file_let_management_through_and_no_flow() -> None:
    part = two_routed_offices().made().slices["york-router"]
    closed = closed_policy(read_policy(part["policy"]))
    assert [ids for _permit, ids in closed.forward] == [("management/anywhere>york",), ("management/anywhere>york/6",)]
