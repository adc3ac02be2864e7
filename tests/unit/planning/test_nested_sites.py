# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested sites: their routers stand in a network of another site, where some meet them, and others beyond it."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import Made, Network


class Way(NamedTuple):
    """What a flow's source dials, what its destination sees, and the devices in between."""

    dial: str
    arrives_from: str
    via: list[str]


def way(made: Made, flow_id: str) -> Way:
    """A flow's way, which a trace has to confirm."""
    flow = made.flow(flow_id)
    verdict = made.trace(flow["source"], flow["destination"], int(flow["ports"].partition("-")[0]))
    assert verdict.reached == flow["destination"], verdict.text()
    assert [hop.device for hop in verdict.hops[:-1]] == flow["via"], verdict.text()
    return Way(flow["dial"], flow["arrives_from"], flow["via"])


def rules(made: Made, host: str, *sections: str) -> list[tuple[str, str, str, str]]:
    """Section, source, destination and ports of a host's rules; of a forward where it leads."""
    policy = made.policy(host)
    return [
        (section, entry["source"], entry.get("destination", entry.get("target")), entry["ports"])
        for section in sections or ("input", "forward", "destination_nat")
        for entry in policy[section]
    ]


def box_and_router(**inner: Any) -> Network:
    """A provider's box, its network, and behind a router of one's own there another network with a client."""
    net = Network().site("outer", "192.168.1.0/24", gateway="box", public="203.0.113.5")
    net.site("inner", "192.168.50.0/24", gateway="own", public="192.168.1.254")
    net.sites["inner"].update(inner)
    return net.client("pc", "inner", "192.168.50.21", "server")


def errors_of(net: Network) -> list[tuple[str, str]]:
    """Code and variable of the errors."""
    return [(item.code, item.variable) for item in net.findings() if item.severity == "error"]


# --- cases from the field -------------------------------------------------------------------------------------------


@pytest.mark.acceptance("FC-02")
def test_a_container_uses_the_server_that_it_runs_on_and_only_that_one_lets_it_in() -> None:
    made = field_case("container_at_home").made()
    assert way(made, "hylafax.control/backend>faxhost") == Way("192.168.1.10", "172.18.0.5", [])
    assert rules(made, "faxhost") == [("input", "172.18.0.5", "192.168.1.10", "4559")]
    assert rules(made, "router") == []


@pytest.mark.acceptance("FC-02")
def test_its_server_calls_a_container_back_directly() -> None:
    net = field_case("container_at_home")
    net.hosts["faxhost"]["faxnet_offers"] = [{"service": "netcfax"}]
    net.hosts["backend"]["faxnet_uses"] = [{"service": "netcfax", "server": "faxhost"}]
    made = net.made()
    assert way(made, "netcfax.scp/faxhost>backend") == Way("172.18.0.5", "192.168.1.10", [])
    assert rules(made, "router") == []


@pytest.mark.acceptance("FC-02c")
def test_a_masqueraded_container_dials_a_server_of_the_same_network() -> None:
    made = field_case("container_behind_masquerade").made()
    assert way(made, "hylafax.control/backend>faxbox") == Way("192.168.1.10", "192.168.1.20", ["dockerhost"])
    assert rules(made, "faxbox") == [("input", "192.168.1.20", "192.168.1.10", "4559")]
    assert rules(made, "dockerhost") == [("forward", "172.18.0.5", "192.168.1.10", "4559")]
    assert rules(made, "router") == []


@pytest.mark.acceptance("FC-05")
def test_a_server_between_two_translations_is_met_there_and_calls_the_inner_one() -> None:
    made = field_case("middle_network").made()
    assert way(made, "netcfax.pcp/pc>server") == Way("192.168.1.10", "192.168.1.254", ["ownrouter"])
    assert way(made, "netcfax.scp/server>pc") == Way("192.168.1.254", "192.168.1.10", ["ownrouter"])
    assert rules(made, "ispbox") == []
    ports = made.flow("netcfax.scp/server>pc")["ports"]
    assert rules(made, "ownrouter") == [
        ("forward", "192.168.1.10", "192.168.50.21", ports),
        ("forward", "192.168.50.21", "192.168.1.10", "7488"),
        ("destination_nat", "192.168.1.10", "192.168.50.21", ports),
    ]
    assert made.policy("ownrouter")["destination_nat"][0]["address"] == "192.168.1.254"
    assert ("input", "192.168.1.254", "192.168.1.10", "7488") in rules(made, "server")


@pytest.mark.acceptance("FC-05")
def test_verification_expects_the_same_of_the_middle_network() -> None:
    made = field_case("middle_network").made()
    expected = {
        (probe.host, probe.address, probe.port)
        for probes in expectations(made.document, made.slices).probes.values()
        for probe in probes
        if probe.expect != "silent" and probe.port
    }
    assert ("pc", "192.168.1.10", 7488) in expected
    assert {address for host, address, _port in expected if host == "server"} == {"192.168.1.254"}


# --- ways -----------------------------------------------------------------------------------------------------------


def test_beyond_the_outer_site_packets_pass_the_routers_of_both() -> None:
    net = box_and_router().site("far", "10.9.0.0/24", gateway="far-router", public="198.51.100.9")
    made = net.server("server", "far", "10.9.0.10").made()
    assert way(made, "netcfax.pcp/pc>server") == Way("198.51.100.9", "203.0.113.5", ["own", "box", "far-router"])
    assert way(made, "netcfax.scp/server>pc") == Way("203.0.113.5", "198.51.100.9", ["far-router", "box", "own"])
    led = {host: made.policy(host)["destination_nat"][0]["target"] for host in ("box", "own")}
    assert led == {"box": "192.168.1.254", "own": "192.168.50.21"}


def test_two_sites_nested_in_one_meet_in_its_network() -> None:
    net = box_and_router().site("lab", "192.168.60.0/24", gateway="lab-router", public="192.168.1.253")
    made = net.server("server", "lab", "192.168.60.10").made()
    assert way(made, "netcfax.pcp/pc>server") == Way("192.168.1.253", "192.168.1.254", ["own", "lab-router"])
    assert way(made, "netcfax.scp/server>pc") == Way("192.168.1.254", "192.168.1.253", ["lab-router", "own"])
    assert rules(made, "box") == []


def test_a_service_on_the_outer_router_ends_the_way_there() -> None:
    net = box_and_router()
    net.hosts["box"]["faxnet_offers"] = [{"service": "netcfax"}]
    net.hosts["pc"]["faxnet_uses"][0]["server"] = "box"
    made = net.made()
    assert way(made, "netcfax.pcp/pc>box") == Way("192.168.1.1", "192.168.1.254", ["own"])
    assert way(made, "netcfax.scp/box>pc") == Way("192.168.1.254", "192.168.1.1", ["own"])


#: What leads to a VPN, and by the way to the network around the site, where the site is known by its public address.
WIDE = {"name": "vpn", "from": ["192.168.0.0/16"], "to": ["192.168.0.0/16", "10.50.0.0/16"], "both_directions": True}


def test_a_permit_of_the_inner_router_takes_nothing_of_what_the_network_around_meets_out_of_its_translation() -> None:
    net = box_and_router().server("server", "inner", "192.168.50.10")
    net.hosts["own"]["faxnet_forward_permits"] = [WIDE]
    # A row: the inner router wears an address of the link, in no network that the permit names.
    net.hosts["first"] = {"faxnet_address": "192.168.50.1", "faxnet_forward_permits": [WIDE]}
    net.sites["inner"] = {
        "networks": ["192.168.50.0/24"],
        "gateways": [{"host": "first", "public_address": "172.31.78.1"}, {"host": "own"}],
    }
    net.hosts["own"] = {"faxnet_site": "outer", "faxnet_address": "192.168.1.254"}
    net.client("around", "outer", "192.168.1.21", "server")
    net.hosts["own"]["faxnet_uses"] = [{"service": "netcfax", "server": "server"}]
    made = net.made()
    assert way(made, "netcfax.pcp/own>server") == Way("172.31.78.1", "192.168.1.254", ["first"])
    assert way(made, "netcfax.scp/server>own") == Way("192.168.1.254", "172.31.78.1", ["first"])
    assert way(made, "netcfax.scp/server>around") == Way("192.168.1.21", "172.31.78.1", ["first", "own"])
    (nat,) = made.policy("first")["source_nat"]
    exempt = [ipaddress.ip_network(network) for network in nat["except"]]
    holding = {
        address: any(ipaddress.ip_address(address) in network for network in exempt)
        for address in ("192.168.1.21", "192.168.2.1", "192.168.50.10", "10.50.0.1")
    }
    assert holding == {"192.168.1.21": False, "192.168.2.1": True, "192.168.50.10": True, "10.50.0.1": True}


def test_between_the_networks_around_it_their_router_stands() -> None:
    net = box_and_router()
    net.sites["outer"]["networks"].append("192.168.2.0/24")
    made = net.server("server", "outer", "192.168.2.10").made()
    assert way(made, "netcfax.pcp/pc>server") == Way("192.168.2.10", "192.168.1.254", ["own", "box"])
    assert way(made, "netcfax.scp/server>pc") == Way("192.168.1.254", "192.168.2.10", ["box", "own"])


def three_levels() -> Network:
    """Containers that are masqueraded on a host of the inner of two networks."""
    net = box_and_router().site("bridge", "172.18.0.0/24", gateway="docker", public="192.168.50.7")
    net.hosts["docker"] = {"faxnet_site": "inner", "faxnet_address": "192.168.50.7"}
    del net.hosts["pc"]
    return net.client("container", "bridge", "172.18.0.5", "server")


def test_three_levels_deep_each_router_translates_as_far_as_the_server() -> None:
    made = three_levels().server("server", "outer", "192.168.1.10").made()
    assert way(made, "netcfax.pcp/container>server") == Way("192.168.1.10", "192.168.1.254", ["docker", "own"])
    assert way(made, "netcfax.scp/server>container") == Way("192.168.1.254", "192.168.1.10", ["own", "docker"])
    assert rules(made, "box") == []


def test_a_server_three_levels_deep_is_public_by_a_forward_at_each() -> None:
    net = three_levels()
    net.hosts["container"] = {
        "faxnet_site": "bridge",
        "faxnet_address": "172.18.0.5",
        "faxnet_offers": [{"service": "kerio_connect", "exchanges": ["smtp"], "public": True}],
    }
    made = net.made()
    assert way(made, "kerio_connect.smtp/internet>container").via == ["box", "own", "docker"]
    nat = {host: made.policy(host)["destination_nat"][0] for host in ("box", "own", "docker")}
    assert {host: (entry["address"], entry["target"]) for host, entry in nat.items()} == {
        "box": ("203.0.113.5", "192.168.1.254"),
        "own": ("192.168.1.254", "192.168.50.7"),
        "docker": ("192.168.50.7", "172.18.0.5"),
    }


def test_a_server_is_public_to_the_network_that_its_site_is_nested_in() -> None:
    net = box_and_router()
    del net.hosts["pc"]
    net.offers("mail", "inner", "192.168.50.10", "kerio_connect", exchanges=["smtp"], public=["192.168.1.0/24"])
    made = net.made()
    assert [flow["dial"] for flow in made.document["flows"]] == ["192.168.1.254"]
    assert made.trace("192.168.1.77", "mail", 25).reached == "mail"
    assert rules(made, "box") == []


def test_a_permit_for_a_nested_site_means_what_it_shows_there() -> None:
    net = box_and_router().server("server", "outer", "192.168.1.10")
    net.hosts["server"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["site:inner"]}]
    (permit,) = net.made().policy("server")["openings"]
    assert permit["sources"] == ["192.168.1.254/32"]


# --- without translation --------------------------------------------------------------------------------------------


def routed(**inner: Any) -> Network:
    """A subnet that is routed: its router, a host of the outer network, translates nothing."""
    net = box_and_router(**inner)
    del net.sites["inner"]["public_address"]
    net.hosts["own"] = {"faxnet_site": "outer", "faxnet_address": "192.168.1.254"}
    return net


def test_a_routed_subnet_is_of_the_realm_around_it() -> None:
    made = routed().server("server", "outer", "192.168.1.10").made()
    assert made.document["sites"]["inner"]["within"] == "outer"
    assert made.document["sites"]["inner"]["realm"]["4"] == "site outer"
    assert way(made, "netcfax.pcp/pc>server") == Way("192.168.1.10", "192.168.50.21", ["own"])
    assert way(made, "netcfax.scp/server>pc") == Way("192.168.50.21", "192.168.1.10", ["own"])
    (nat,) = made.policy("box")["source_nat"]
    assert nat["networks"] == ["192.168.1.0/24", "192.168.50.0/24"]


def test_whoever_may_administer_it_passes_its_own_router_alone() -> None:
    net = routed().server("server", "outer", "192.168.1.10")
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["192.168.1.0/24"]}]
    net.hosts["pc"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["192.168.1.10"]}]
    made = net.made()
    assert ("forward", "192.168.1.0/24", "192.168.50.21", "22") in rules(made, "own")
    assert [permit["name"] for permit in made.policy("own")["forward_permits"]] == ["permit/web"]
    assert rules(made, "box") == []
    assert made.policy("box")["forward_permits"] == []
    assert made.trace("server", "pc", 22).reached == "pc"
    assert made.trace("server", "pc", 80).reached == "pc"


def test_a_router_without_state_carries_a_routed_subnet() -> None:
    net = routed().server("server", "outer", "192.168.1.10")
    net.hosts["own"].update(faxnet_platform="nftables_stateless", faxnet_outbound="flows")
    assert way(net.made(), "netcfax.pcp/pc>server") == Way("192.168.1.10", "192.168.50.21", ["own"])


def test_the_outer_site_may_be_of_a_named_realm() -> None:
    net = routed().server("server", "far", "10.9.0.10")
    net.sites["outer"]["realm"] = "firm"
    net.site("far", "10.9.0.0/24", gateway="far-router", realm="firm")
    made = net.made()
    assert way(made, "netcfax.pcp/pc>server") == Way("10.9.0.10", "192.168.50.21", ["own", "box", "far-router"])
    assert "192.168.50.0/24" in made.policy("box")["networks"]


def test_what_translates_one_ip_version_routes_the_other() -> None:
    net = box_and_router().server("server", "outer", ["192.168.1.10", "2001:db8:1::10"])
    net.sites["outer"]["networks"].append("2001:db8:1::/64")
    net.sites["inner"]["networks"].append("2001:db8:50::/64")
    net.hosts["pc"]["faxnet_address"] = ["192.168.50.21", "2001:db8:50::21"]
    made = net.made()
    assert way(made, "netcfax.pcp/pc>server") == Way("192.168.1.10", "192.168.1.254", ["own"])
    six = made.flow("netcfax.pcp/pc>server/6")
    assert (six["dial"], six["arrives_from"], six["via"]) == ("2001:db8:1::10", "2001:db8:50::21", ["own"])


# --- which site is nested in which ----------------------------------------------------------------------------------


def test_the_routers_site_says_which_of_two_like_networks_is_meant() -> None:
    net = box_and_router().server("server", "outer", "192.168.1.10")
    net.site("twin", "192.168.1.0/24", gateway="twin-router", public="203.0.113.6")
    assert errors_of(net) == [("FXN156", "faxnet_sites.inner.public_address")]
    net.hosts["own"]["faxnet_site"] = "outer"
    assert net.made().document["sites"]["inner"]["within"] == "outer"


def test_a_row_whose_last_address_lies_in_no_site_is_nested_nowhere() -> None:
    net = box_and_router(public_address="192.168.77.2").server("server", "outer", "192.168.1.10")
    assert net.plan().intent.sites["inner"].outer is None


def test_an_address_of_the_internet_is_not_in_a_network_that_hides_behind_another() -> None:
    net = box_and_router(public_address="198.51.100.254").server("server", "outer", "198.51.100.10")
    net.sites["outer"]["networks"] = ["198.51.100.0/24"]
    net.hosts["box"]["faxnet_address"] = "198.51.100.1"
    assert net.plan().intent.sites["inner"].outer is None
    net.hosts["own"]["faxnet_site"] = "outer"
    outer = net.plan().intent.sites["inner"].outer
    assert outer is not None
    assert outer.name == "outer"


@pytest.mark.parametrize(
    ("inner", "outer", "where"),
    [
        # each behind the other
        ({}, {"public_address": "192.168.50.9"}, ["inner.public_address", "outer.public_address"]),
        # one address in the network, the other one nowhere
        ({"public_address": ["192.168.1.254", "2001:db8:7::1"]}, {}, ["inner.public_address"]),
        # the router would stand behind itself
        ({"gateway": "box", "realm": "firm"}, {"realm": "firm"}, ["inner.public_address"]),
    ],
)
def test_a_tie_that_contradicts_itself_is_refused(
    inner: dict[str, Any], outer: dict[str, Any], where: list[str]
) -> None:
    net = box_and_router(**inner).server("server", "outer", "192.168.1.10")
    net.sites["outer"].update(outer)
    found = [item for item in net.findings() if item.code == "FXN156"]
    assert [item.variable.removeprefix("faxnet_sites.") for item in found] == where
    assert all(item.cure for item in found)


def test_what_is_not_translated_cannot_be_in_another_realm() -> None:
    net = routed(realm="lab").server("server", "outer", "192.168.1.10")
    assert ("FXN156", "faxnet_sites.inner.realm") in errors_of(net)


def test_sites_of_a_realm_cannot_meet_through_one_that_is_not_in_it() -> None:
    net = box_and_router(realm="firm").server("server", "far", "10.9.0.10")
    net.site("far", "10.9.0.0/24", gateway="far-router", realm="firm")
    assert ("FXN156", "faxnet_sites.inner.realm") in errors_of(net)


def test_a_nested_site_has_addresses_of_nobody_whom_it_reaches() -> None:
    net = box_and_router(networks=["10.0.5.0/24"]).server("server", "outer", "192.168.1.10")
    net.hosts["own"]["faxnet_address"], net.hosts["pc"]["faxnet_address"] = "10.0.5.1", "10.0.5.21"
    net.sites["outer"]["networks"].append("10.0.0.0/16")
    assert errors_of(net) == [("FXN109", "faxnet_sites.inner.networks[0]")]


def test_a_routers_address_there_is_its_own_alone() -> None:
    net = box_and_router().server("server", "outer", "192.168.1.254")
    assert [code for code, _variable in errors_of(net)] == ["FXN112"]


@pytest.mark.parametrize("translates", [True, False])
@pytest.mark.parametrize("realm", ["company", None])
def test_a_nested_site_uses_an_outer_router_of_the_row_around(realm: str | None, translates: bool) -> None:
    """Found by chance: the inner router of the row translates what comes to it untranslated, too."""
    net = Network()
    same = {"realm": realm} if realm else {}
    net.sites["office"] = {
        "networks": ["10.1.0.0/24"],
        "gateways": [
            {"host": "inner", **({"public_address": "172.31.1.10"} if translates else {})},
            {"host": "outer", "public_address": "203.0.113.11"},
        ],
        **same,
    }
    net.sites["nest"] = {"networks": ["172.18.1.0/24"], "gateway": "own", "public_address": "10.1.0.201", **same}
    net.host("inner", "office", "10.1.0.1").offers("outer", "office", "172.31.1.101", "netcfax")
    net.client("own", "nest", "172.18.1.1", "outer").client("pc", "nest", "172.18.1.7", "outer")
    net.client("colleague", "office", "10.1.0.7", "outer")
    made = net.made()
    for client in ("own", "pc", "colleague"):
        seen = way(made, f"netcfax.pcp/{client}>outer").arrives_from
        assert seen == "172.31.1.10" or not translates
        way(made, f"netcfax.scp/outer>{client}")
