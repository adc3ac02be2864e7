# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the controller is: its logins get through to every host, or there is no plan."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import VaultedText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.logins import UNKNOWN
from tests.unit.networks import Network
from tests.unit.planning.test_login_permits import passed, two_nat_offices, two_routed_offices


def with_admin() -> Network:
    """Two offices whose routers let out nothing but flows; a machine in the first that takes part in nothing."""
    net = two_routed_offices()
    del net.hosts["pc"]["ansible_ssh_common_args"]
    return net.host("admin", "leeds", "10.3.0.9")


def shut(net: Network) -> list[Finding]:
    """The findings about logins."""
    return [item for item in net.findings() if item.code in ("FXN103", "FXN116", "FXN122")]


def test_without_a_word_nothing_is_claimed() -> None:
    made = with_admin().made()
    assert made.trace("admin", "pc", 22).reached == ""
    assert {finding.code for finding in made.plan.findings} == {"FXN123"}


@pytest.mark.parametrize("said", ["admin", ["admin"], "10.3.0.9", "admin.example.com", "local"])
def test_the_controller_is_let_out_to_each_host(said: Any) -> None:
    net = with_admin()
    net.hosts["admin"]["ansible_host"] = "admin.example.com"
    if said == "local":
        net.hosts["admin"]["ansible_connection"] = "ansible.builtin.local"
    else:
        net.controller = said
    made = net.made()
    assert ("10.3.0.9", "10.4.0.10", "22", "out", "management/admin>company") in passed(made, "leeds-router")
    for name in ("pc", "york-router"):
        assert made.trace("admin", name, 22).reached == name
    assert made.trace("fax", "pc", 22).reached == ""


def test_of_several_local_hosts_nobody_can_tell() -> None:
    net = with_admin()
    for name in ("admin", "fax"):
        net.hosts[name]["ansible_connection"] = "local"
    assert net.plan().intent.controllers == ()


def test_a_host_that_leaves_it_out_is_refused_with_its_cure() -> None:
    net = with_admin()
    net.controller = "admin"
    for name in ("pc", "york-router"):
        net.hosts[name]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.0/24"]}]
    (finding,) = shut(net)
    assert (finding.code, finding.hosts) == ("FXN116", ("pc", "york-router"))
    assert "10.3.0.9, from which the controller admin comes" in finding.message
    assert "add 10.3.0.9 to its sources" in finding.cure
    assert "faxnet_controller" in finding.cure


def test_it_is_seen_as_its_router_beyond_nat() -> None:
    net = two_nat_offices()
    net.site("hull", "198.51.100.0/24", gateway="hull-router")
    net.client("far", "hull", "198.51.100.10", "fax")
    net.controller = "bastion"
    for name in ("york-router", "pc"):
        net.hosts[name] |= {"ansible_host": "192.0.2.4", "faxnet_address": net.hosts[name]["faxnet_address"]}
    net.hosts["pc"] |= {"ansible_host": "10.4.0.10", "ansible_ssh_common_args": "-J 192.0.2.4"}
    net.hosts["far"]["faxnet_management"] = [{"ports": 22, "sources": ["10.3.0.0/24"]}]
    net.hosts["york-router"]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.3"]}]
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    (finding,) = shut(net)
    assert finding.hosts == ("far",)
    assert "add 192.0.2.3 to" in finding.cure
    net.hosts["far"]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.3"]}]
    made = net.made()
    assert made.trace("bastion", "far", 22).reached == "far"
    assert made.trace("bastion", "york-router", 22).reached == "york-router"


def test_nobody_behind_a_router_that_translates_is_logged_in_to_without_a_jump_host() -> None:
    net = two_nat_offices()
    net.controller = ["bastion"]
    (finding,) = shut(net)
    assert (finding.hosts, finding.variable, finding.value) == (("pc",), "faxnet_controller", "bastion")
    assert "through york-router, whose rules forward no management" in finding.message
    net.controller = "198.51.100.77"
    assert {finding.hosts for finding in shut(net)} == {("pc",), ("bastion", "fax")}
    net.controller = "172.20.0.5"  # a VPN's
    made = net.made()
    assert ("172.20.0.5", "10.4.0.10", "22", "in", "management/172.20.0.5>york") in passed(made, "york-router")


def test_an_outer_router_reaches_no_host_behind_one_that_translates() -> None:
    net = two_nat_offices()
    del net.sites["york"]["gateway"], net.sites["york"]["public_address"]
    net.sites["york"]["gateways"] = [{"host": "york-router", "public_address": "172.31.4.1"}, {"host": "edge"}]
    net.sites["york"]["public_address"] = "192.0.2.4"
    net.hosts["edge"] = {"faxnet_address": "172.31.4.2", "ansible_connection": "local"}
    findings = {finding.hosts: finding for finding in shut(net)}
    assert "through york-router, whose rules forward no management" in findings["pc",].message
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J 172.31.4.1"
    assert ("pc",) not in {finding.hosts for finding in shut(net)}


def test_a_networks_machines_all_have_to_get_in() -> None:
    net = with_admin()
    net.controller = ["10.3.0.8/29", "198.51.100.0/28"]
    net.hosts["pc"]["faxnet_management"] = [
        {"ports": 22, "sources": ["10.3.0.8/30", "10.3.0.12/30"]},
        {"ports": 22, "sources": ["198.51.100.0/24"]},
    ]
    made = net.made()
    out = [entry for entry in passed(made, "leeds-router") if entry[3] == "out"]
    assert ("10.3.0.8/29", "10.4.0.10", "22", "out", "management/10.3.0.8/29>company") in out
    assert made.trace("10.3.0.15", "pc", 22).reached == "pc"
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["10.3.0.8/30", "198.51.100.0/24"]}]
    (finding,) = shut(net)
    assert "10.3.0.8/29" in finding.message


def test_a_network_that_is_wider_than_sites_is_in_each_of_them() -> None:
    net = with_admin()
    net.controller = "10.0.0.0/8"
    made = net.made()
    assert made.trace("10.3.0.77", "pc", 22).reached == "pc"
    assert made.trace("10.4.0.77", "fax", 22).reached == "fax"


@pytest.mark.parametrize(
    ("said", "variable", "reason"),
    [
        ("nobody", "faxnet_controller", "neither a host of the inventory nor an address"),
        (["admin", "127.0.0.1"], "faxnet_controller[1]", "this machine itself"),
        ("10.0.0.1/8", "faxnet_controller", "CIDR"),
        ({"host": "admin"}, "faxnet_controller", "neither a name nor an address"),
        (["nowhere"], "faxnet_controller[0]", "without an address"),
        ([], "faxnet_controller", "empty"),
    ],
)
def test_what_nobody_can_tell_is_told(said: Any, variable: str, reason: str) -> None:
    net = with_admin()
    net.hosts["nowhere"] = {"ansible_host": "nowhere.example.com"}
    net.controller = said
    (finding,) = shut(net)
    assert finding.variable == variable
    assert reason in finding.message
    assert "192.0.2.10" in finding.cure


def test_an_address_that_several_sites_use_is_told() -> None:
    net = two_nat_offices()
    net.sites["york"]["networks"] = ["10.3.0.0/24"]
    net.hosts["pc"]["faxnet_address"] = "10.3.0.20"
    net.hosts["york-router"]["faxnet_address"] = "10.3.0.1"
    net.controller = ["10.3.0.99", "10.3.0.96/28"]
    assert [finding.code for finding in shut(net)] == ["FXN122", "FXN122"]


def test_an_address_from_a_vault_is_not_shown() -> None:
    net = with_admin()
    net.controller = VaultedText("2001:DB8:77::1")
    net.sites["york"]["networks"].append("2001:db8:4::/64")
    net.hosts["pc"] |= {"faxnet_address": ["10.4.0.10", "2001:db8:4::10"], "ansible_host": "2001:db8:4::10"}
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.0/24"]}]
    (finding,) = shut(net)
    assert "77::" not in finding.text().lower()


def test_a_login_by_name_gets_in_by_either_ip_version_and_one_by_address_by_that_one() -> None:
    net = with_admin()
    net.sites["york"]["networks"].append("2001:db8:4::/64")
    net.sites["leeds"]["networks"].append("2001:db8:3::/64")
    net.hosts["admin"]["faxnet_address"] = ["10.3.0.9", "2001:db8:3::9"]
    net.hosts["pc"]["faxnet_address"] = ["10.4.0.10", "2001:db8:4::10"]
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["2001:db8:3::/64"]}]
    net.controller = "admin"
    assert shut(net) == []
    net.hosts["pc"]["ansible_host"] = "10.4.0.10"
    assert [finding.hosts for finding in shut(net)] == [("pc",)]


@pytest.mark.parametrize("variable", ["ansible_ssh_common_args", "ansible_ssh_args", "ansible_connection"])
def test_of_a_way_that_is_not_known_nothing_is_claimed(variable: str) -> None:
    net = two_nat_offices()
    net.controller = "bastion"
    assert [finding.hosts for finding in shut(net)] == [("pc",)]
    net.hosts["pc"][variable] = UNKNOWN
    assert shut(net) == []
    assert net.plan().intent.hosts["pc"].management == net.plan().intent.hosts["fax"].management


def test_nor_of_one_that_cannot_be_read() -> None:
    net = two_nat_offices()
    net.controller = "bastion"
    net.hosts["pc"]["ansible_ssh_common_args"] = "-o ProxyCommand='gate.sh %h'"
    assert shut(net) == []


def test_a_port_that_is_not_known_is_not_held_against_the_management_that_is_named() -> None:
    net = with_admin()
    net.controller = "admin"
    net.hosts["pc"] |= {"ansible_port": UNKNOWN, "faxnet_management": [{"ports": 2222, "sources": ["192.0.2.0/24"]}]}
    assert shut(net) == []
