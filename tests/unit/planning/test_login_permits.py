# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins through jump hosts: let through by the routers on the way, refused where the host would not let them in."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import VaultedText
from tests.unit.networks import Made, Network

LEEDS_ONLY = [{"ports": 22, "sources": ["10.3.0.0/24"]}]


def two_routed_offices() -> Network:
    """Two offices of one realm, each behind a router that lets out nothing but flows, and a jump host in one."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", realm="company")
    net.site("york", "10.4.0.0/24", gateway="york-router", realm="company")
    for router in ("leeds-router", "york-router"):
        net.hosts[router]["faxnet_outbound"] = "flows"
    net.server("fax", "leeds", "10.3.0.10").client("pc", "york", "10.4.0.10", "fax")
    net.host("bastion", "leeds", "10.3.0.5")
    net.hosts["bastion"]["ansible_host"] = "bastion.example.com"
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J bastion"
    return net


def two_nat_offices() -> Network:
    """Two offices behind NAT routers."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", public="192.0.2.3")
    net.site("york", "10.4.0.0/24", gateway="york-router", public="192.0.2.4")
    net.server("fax", "leeds", "10.3.0.10").client("pc", "york", "10.4.0.10", "fax")
    return net.host("bastion", "leeds", "10.3.0.5")


def passed(made: Made, router: str) -> list[tuple[Any, ...]]:
    """What a router lets through for management, but from anywhere."""
    return [
        (entry["source"], entry["destination"], entry["ports"], entry["direction"], *entry["flows"])
        for entry in made.policy(router)["forward"]
        if entry["flows"][0].startswith("management/") and not entry["source"].endswith("/0")
    ]


def shut(net: Network) -> Finding:
    """The one finding about logins."""
    (finding,) = [item for item in net.findings() if item.code in ("FXN116", "FXN120", "FXN121")]
    return finding


@pytest.mark.parametrize(
    "arguments",
    [
        "-J bastion",
        "-J admin@bastion.example.com:22",
        "-J BASTION.example.com",
        "-o ProxyJump=10.3.0.5",
        '-o ProxyCommand="ssh -W %h:%p -q admin@10.3.0.5"',
    ],
)
def test_a_jump_host_is_let_through_to_the_hosts_behind_it(arguments: str) -> None:
    net = two_routed_offices()
    net.hosts["pc"]["ansible_ssh_common_args"] = arguments
    made = net.made()
    assert {finding.code for finding in made.plan.findings} == {"FXN123"}
    assert passed(made, "leeds-router") == [
        ("10.3.0.5", "10.4.0.10", "22", "out", "management/bastion>company"),
    ]
    # Its own router lets in anybody.
    assert passed(made, "york-router") == []
    assert made.trace("bastion", "pc", 22).reached == "pc"
    assert made.trace("fax", "pc", 22).reached == ""


def test_ansible_cfg_names_one_as_well() -> None:
    net = two_routed_offices()
    net.logins = {"ansible_ssh_common_args": net.hosts["pc"].pop("ansible_ssh_common_args")}
    assert net.made().trace("bastion", "pc", 22).reached == "pc"


def test_each_host_of_a_chain_is_let_through_to_the_next() -> None:
    net = two_routed_offices()
    net.site("hull", "10.5.0.0/24", gateway="hull-router", realm="company")
    net.hosts["hull-router"]["faxnet_outbound"] = "flows"
    net.host("second", "hull", "10.5.0.5")
    net.hosts["second"]["ansible_port"] = 2222
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J bastion,second:2222"
    made = net.made()
    assert passed(made, "leeds-router") == [("10.3.0.5", "10.5.0.5", "2222", "out", "management/bastion>company")]
    assert passed(made, "hull-router") == [("10.5.0.5", "10.4.0.10", "22", "out", "management/second>company")]
    assert made.trace("bastion", "second", 2222).reached == "second"
    assert made.trace("second", "pc", 22).reached == "pc"
    assert made.trace("bastion", "pc", 22).reached == ""


def test_a_host_that_names_others_is_refused_with_its_cure() -> None:
    net = two_routed_offices()
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["10.3.0.8/29", "192.0.2.0/24"]}]
    finding = shut(net)
    assert (finding.code, finding.hosts, finding.variable) == ("FXN116", ("pc",), "faxnet_management")
    assert finding.value == "10.3.0.8/29, 192.0.2.0/24"
    assert "10.3.0.5" in finding.message
    assert "jump host bastion" in finding.message
    assert "add 10.3.0.5 to its sources" in finding.cure
    assert "ansible_ssh_common_args" in finding.cure


def test_all_hosts_that_say_the_same_are_in_one_finding() -> None:
    net = two_routed_offices()
    net.client("pc2", "york", "10.4.0.11", "fax")
    for name in ("pc", "pc2"):
        net.hosts[name] |= {
            "ansible_ssh_common_args": "-J bastion",
            "faxnet_management": [{"ports": 22, "sources": []}],
        }
        net.hosts[name]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.0/24"]}]
    assert shut(net).hosts == ("pc", "pc2")


def test_a_port_of_its_own_openings_is_as_good() -> None:
    net = two_routed_offices()
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.0/24"]}]
    net.hosts["pc"]["faxnet_permits"] = [{"name": "ssh", "ports": 22, "sources": ["10.3.0.5"]}]
    assert net.made().trace("bastion", "pc", 22).reached == "pc"


def test_a_jump_host_has_to_let_in_the_port_that_the_way_names() -> None:
    net = two_routed_offices()
    net.host("second", "york", "10.4.0.5")
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J bastion,second:2222"
    finding = shut(net)
    assert (finding.hosts, finding.variable) == (("second",), "faxnet_management")
    assert "2222/tcp" in finding.message
    net.hosts["second"]["faxnet_management"] = [{"ports": [22, 2222], "sources": ["10.3.0.0/24"]}]
    assert net.made().trace("bastion", "second", 2222).reached == "second"


def test_a_host_in_another_network_of_the_site_is_reached_through_its_router() -> None:
    net = two_routed_offices()
    net.sites["york"]["networks"].append("10.4.1.0/24")
    net.host("near", "york", "10.4.1.5")
    net.hosts["pc"] |= {
        "ansible_ssh_common_args": "-J near",
        "faxnet_management": [{"ports": 22, "sources": ["10.4.1.0/24"]}],
    }
    made = net.made()
    assert made.trace("near", "pc", 22).reached == "pc"


def test_a_router_that_translates_is_the_jump_host_of_its_site() -> None:
    net = two_nat_offices()
    net.hosts["pc"] |= {"ansible_host": "10.4.0.10", "ansible_ssh_common_args": "-J admin@192.0.2.4"}
    net.hosts["york-router"]["faxnet_address"] = "10.4.0.1"
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["10.4.0.2"]}]
    assert "10.4.0.1" in shut(net).message
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["10.4.0.1"]}]
    assert net.made().trace("york-router", "pc", 22).reached == "pc"


def test_a_router_comes_from_its_leg_in_the_hosts_own_network_whose_address_need_not_be_named() -> None:
    net = two_nat_offices()
    net.sites["york"]["networks"].append("10.4.1.0/24")
    net.hosts["york-router"]["faxnet_address"] = "10.4.0.1"
    net.host("upstairs", "york", "10.4.1.10", management=[{"ports": 22, "sources": ["10.4.1.0/29"]}])
    for name in ("upstairs", "pc"):
        net.hosts[name] |= {
            "ansible_host": net.hosts[name]["faxnet_address"],
            "ansible_ssh_common_args": "-J york-router",
        }
    assert [item for item in net.findings() if item.code == "FXN116"] == []
    net.hosts["upstairs"]["faxnet_management"] = [{"ports": 22, "sources": ["10.4.0.0/24"]}]
    assert "10.4.1.0/24" in shut(net).message


def test_a_jump_host_behind_nat_is_let_in_as_its_router() -> None:
    net = two_nat_offices()
    net.site("hull", "198.51.100.0/24", gateway="hull-router")
    net.client("far", "hull", "198.51.100.10", "fax")
    net.hosts["far"]["ansible_ssh_common_args"] = "-J bastion"
    net.hosts["far"]["faxnet_management"] = [{"ports": 22, "sources": ["10.3.0.0/24"]}]
    assert "add 192.0.2.3 to" in shut(net).cure
    net.hosts["far"]["faxnet_management"] = [{"ports": 22, "sources": ["192.0.2.3"]}]
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    assert net.made().trace("bastion", "far", 22).reached == "far"


def test_nobody_gets_through_a_router_that_translates_to_what_is_behind_it() -> None:
    net = two_nat_offices()
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J bastion"
    finding = shut(net)
    assert (finding.code, finding.hosts, finding.variable) == ("FXN116", ("pc",), "ansible_ssh_common_args")
    assert finding.value == "bastion"
    assert "through york-router, whose rules forward no management" in finding.message
    assert "-J york-router" in finding.cure
    net.hosts["york-router"]["faxnet_platform"] = "unmanaged"
    assert net.planned().plan is not None


@pytest.mark.parametrize("middle", [{}, {"public_address": "192.0.2.3"}])
def test_an_outer_router_comes_to_an_inner_one_whose_public_address_changes(middle: dict[str, Any]) -> None:
    net = Network()
    gateways = [
        {
            "host": "inner",
            "public_address": "dynamic",
            "outside_address": "192.168.9.2",
            "public_networks": ["185.1.0.0/24"],
        },
        {"host": "middle", **middle},
        {"host": "outer"},
    ]
    net.sites["leeds"] = {"networks": ["10.3.0.0/24"], "gateways": gateways}
    for name, address in (("inner", "10.3.0.1"), ("middle", "172.31.0.2"), ("outer", "172.31.1.2")):
        net.hosts[name] = {"faxnet_address": address, "faxnet_outbound": "flows"}
    net.hosts["inner"] |= {"ansible_ssh_common_args": "-J outer", "faxnet_management": LEEDS_ONLY}
    finding = shut(net)
    assert (finding.code, finding.hosts) == ("FXN116", ("inner",))
    if middle:
        assert "through middle, whose rules forward no management" in finding.message
        return
    assert "add 172.31.1.2 to" in finding.cure
    net.hosts["inner"]["faxnet_management"] = [{"ports": 22, "sources": ["172.31.1.2"]}]
    made = net.made()
    (entry,) = passed(made, "middle")
    assert entry == ("172.31.1.2", "10.3.0.1", "22", "in", "management/172.31.1.2/32>inner", "management/outer>inner")
    assert made.trace("outer", "10.3.0.1", 22).reached == "inner"


def test_a_login_at_the_public_address_of_a_router_needs_a_forward_that_the_plan_does_not_make() -> None:
    net = two_nat_offices()
    net.hosts["pc"] |= {"ansible_host": "192.0.2.4", "ansible_port": 2222}
    net.hosts["york-router"]["ansible_host"] = "192.0.2.4"
    finding = shut(net)
    assert (finding.code, finding.hosts, finding.variable) == ("FXN116", ("pc",), "ansible_host")
    assert finding.value == "192.0.2.4"
    assert "york-router" in finding.message
    assert "-J 192.0.2.4" in finding.cure
    net.hosts["york-router"]["faxnet_platform"] = "worksheet"
    assert net.planned().plan is not None


def test_an_address_that_is_no_hosts_is_a_machine_of_its_own() -> None:
    net = two_routed_offices()
    net.hosts["pc"] |= {"ansible_ssh_common_args": "-J 10.3.0.6", "faxnet_management": LEEDS_ONLY}
    made = net.made()
    assert made.trace("10.3.0.6", "pc", 22).reached == "pc"
    net.hosts["pc"]["ansible_ssh_common_args"] = "-J 198.51.100.9"
    assert "add 198.51.100.9 to" in shut(net).cure
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["198.51.100.8/29"]}]
    assert ("198.51.100.8/29", "10.4.0.10", "22", "in", "management/198.51.100.8/29>york") in passed(
        net.made(), "york-router"
    )


def test_a_host_of_the_inventory_that_is_not_planned_counts_by_its_address() -> None:
    net = two_routed_offices()
    net.hosts["gate"] = {"ansible_host": "198.51.100.9"}
    net.hosts["pc"] |= {"ansible_ssh_common_args": "-J gate", "faxnet_management": LEEDS_ONLY}
    assert "198.51.100.9" in shut(net).message


@pytest.mark.parametrize("name", ["gate.example.com", "127.0.0.1"])
def test_a_name_that_nobody_knows_is_told(name: str) -> None:
    net = two_routed_offices()
    net.hosts["pc"]["ansible_ssh_common_args"] = f"-o ProxyJump={name}:2222"
    finding = shut(net)
    assert (finding.code, finding.hosts, finding.variable) == ("FXN120", ("pc",), "ansible_ssh_common_args")
    assert finding.value == name
    assert "ansible_host" in finding.cure
    assert net.planned().plan is not None


def test_a_command_that_cannot_be_followed_is_told() -> None:
    net = two_routed_offices()
    net.hosts["pc"]["ansible_ssh_extra_args"] = "-o ProxyCommand='corkscrew proxy 3128 %h %p secret'"
    del net.hosts["pc"]["ansible_ssh_common_args"]
    finding = shut(net)
    assert (finding.code, finding.hosts, finding.variable) == ("FXN121", ("pc",), "ansible_ssh_extra_args")
    assert finding.value == "ProxyCommand=corkscrew"
    assert "secret" not in finding.text()


@pytest.mark.parametrize("way", ["-J gate.example.com", "-o ProxyCommand=gate.example.com", "-J 198.51.100.9"])
def test_what_came_from_a_vault_is_not_shown(way: str) -> None:
    net = two_routed_offices()
    net.hosts["pc"] |= {"ansible_ssh_common_args": VaultedText(way), "faxnet_management": LEEDS_ONLY}
    text = shut(net).text()
    assert "gate" not in text
    assert "198.51" not in text


def test_an_address_of_several_sites_is_the_one_near_the_host() -> None:
    net = two_nat_offices()
    net.sites["york"]["networks"] = ["10.3.0.0/24"]
    net.hosts["york-router"]["faxnet_address"] = "10.3.0.1"
    net.hosts["pc"] |= {"faxnet_address": "10.3.0.20", "ansible_ssh_common_args": "-J 10.3.0.5"}
    net.host("york-bastion", "york", "10.3.0.5")
    login = net.made().plan.intent.hosts["pc"].login
    assert login is not None
    assert login.jumps[0].origin.host == "york-bastion"
    net.site("hull", "198.51.100.0/24").client("far", "hull", "198.51.100.10", "fax")
    net.hosts["far"]["ansible_ssh_common_args"] = "-J 10.3.0.5"
    finding = shut(net)
    assert (finding.code, finding.hosts) == ("FXN120", ("far",))
    assert "bastion, york-bastion" in finding.message


def test_a_jump_host_needs_no_way_to_itself() -> None:
    net = two_routed_offices()
    net.hosts["bastion"] |= {
        "ansible_ssh_common_args": "-J bastion",
        "faxnet_management": [{"ports": 22, "sources": ["192.0.2.0/24"]}],
    }
    assert {finding.code for finding in net.findings()} == {"FXN123"}


def test_thousands_of_hosts_share_a_way_and_their_routers_have_few_permits() -> None:
    net = Network().site("leeds", "10.3.0.0/24", gateway="leeds-router", realm="company")
    net.server("fax", "leeds", "10.3.0.10").host("bastion", "leeds", "10.3.0.5")
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    for number in range(60):
        net.site(f"site{number}", f"10.100.{number}.0/24", gateway=f"router{number}", realm="company")
        for host in range(3):
            net.client(f"pc{number}-{host}", f"site{number}", f"10.100.{number}.{10 + 2 * host}", "fax")
            net.hosts[f"pc{number}-{host}"]["ansible_ssh_common_args"] = "-J bastion"
    made = net.made()
    found = passed(made, "leeds-router")
    assert 0 < len(found) <= 16
    assert made.trace("bastion", "pc59-2", 22).reached == "pc59-2"


@pytest.mark.parametrize(("sources", "refused"), [("192.168.1.0/24", False), ("172.18.1.0/24", True)])
def test_what_is_nested_comes_to_the_hosts_around_it_as_its_router_shows_it(sources: str, refused: bool) -> None:
    """But to the router itself, which stands beside those hosts, under its own address."""
    net = Network()
    net.site("office", "192.168.1.0/24", gateway="box", public="203.0.113.1")
    net.site("workshop", "172.18.1.0/24", gateway="inner", public="192.168.1.201")
    # Beside the inner router, which is the first of them by its name.
    net.hosts["inner"] |= {"faxnet_site": "office", "faxnet_address": "192.168.1.201"}
    net.host("server", "office", "192.168.1.10").host("control", "workshop", "172.18.1.11")
    net.hosts["server"]["faxnet_management"] = [{"ports": 22, "sources": [sources]}]
    net.hosts["inner"]["faxnet_management"] = [{"ports": 22, "sources": ["172.18.1.0/24"]}]
    net.controller = "control"
    found = net.planned()
    told = [(finding.code, finding.hosts, finding.message) for finding in found.findings]
    shut = "leaves out 192.168.1.201, from which the controller control comes: the host would be shut to it"
    assert told == ([("FXN116", ("server",), shut)] if refused else [])


@pytest.mark.parametrize("worn", ["203.0.113.9", "dynamic"])
def test_a_jump_host_beyond_a_router_that_translates_does_not_get_in_be_the_public_address_fixed_or_not(
    worn: str,
) -> None:
    net = Network().site("office", "10.1.0.0/24")
    net.sites["office"]["gateways"] = [{"host": "inner", "public_address": worn}, {"host": "outer"}]
    net.hosts |= {"inner": {"faxnet_address": "10.1.0.1"}, "outer": {"faxnet_address": "172.31.1.101"}}
    net.host("server", "office", "10.1.0.11").host("other", "office", "10.1.0.12")
    net.hosts["server"]["ansible_ssh_common_args"] = "-J outer"
    told = [(finding.code, finding.message) for finding in net.findings() if finding.hosts == ("server",)]
    through = "logins to the host come from the jump host outer through inner, whose rules forward no management"
    assert told == [("FXN116", f"{through} and would refuse them")]


def test_a_login_by_address_is_told_to_be_shut_although_another_by_name_gets_in() -> None:
    net = Network().site("office", "10.1.0.0/24", "2001:db8:1::/64")
    net.host("bastion", "office", ["10.1.0.5", "2001:db8:1::5"]).host(
        "server", "office", ["10.1.0.10", "2001:db8:1::a"]
    )
    net.host("other", "office", ["10.1.0.11", "2001:db8:1::b"])
    net.hosts["server"] |= {
        "ansible_ssh_common_args": "-J bastion",
        "ansible_host": "10.1.0.10",
        "faxnet_management": [{"ports": 22, "sources": ["2001:db8:1::/64"]}],
    }
    # As a jump host the server is logged in to by its name: IPv6 leads there.
    net.hosts["other"]["ansible_ssh_common_args"] = "-J bastion,server"
    shut = "leaves out 10.1.0.5, from which the jump host bastion comes: the host would be shut to it"
    assert [
        (finding.code, finding.hosts, finding.message) for finding in net.findings() if finding.code == "FXN116"
    ] == [("FXN116", ("server",), shut)]
