# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends that are no hosts of the inventory: the Internet at large, and addresses that a server talks to."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from tests.unit.networks import Made, Network

PROFILE: dict[str, Any] = {
    "title": "Gateway",
    "settings": {
        "mail_port": {"default": 25, "well_known": True},
        "media": {"kind": "ports", "title": "media ports"},
        "resolvers": {"kind": "addresses"},
    },
    "exchanges": [
        {
            "name": "mail",
            "initiator": "client",
            "transport": "tcp",
            "ports": "mail_port",
            "with": "everyone",
            "purpose": "p",
        },
        {
            "name": "media",
            "initiator": "client",
            "transport": "udp",
            "ports": "media",
            "with": "everyone",
            "default": False,
            "purpose": "p",
        },
        {"name": "admin", "initiator": "client", "transport": "tcp", "ports": 8010, "purpose": "p"},
        {
            "name": "mail_out",
            "initiator": "server",
            "transport": "tcp",
            "ports": 25,
            "with": "internet",
            "purpose": "p",
        },
        {
            "name": "media_out",
            "initiator": "server",
            "transport": "udp",
            "ports": "any",
            "source_ports": "media",
            "with": "internet",
            "part_of": "media",
            "purpose": "p",
        },
        {"name": "dns", "initiator": "server", "transport": "udp", "ports": 53, "with": "resolvers", "purpose": "p"},
    ],
    "sources": [{"document": "test"}],
}


def gateway(address: Any = "10.1.0.12", wan: Any = "198.51.100.10", **offer: Any) -> Network:
    """A gateway behind a NAT router that lets out nothing but flows; its offer is public."""
    network = Network(services={"gateway": PROFILE})
    network.site("main", "10.1.0.0/24", "2001:db8:1::/64", gateway="router", public=wan)
    network.site("home", "10.2.0.0/24", gateway="home-router", public="203.0.113.20")
    network.hosts["router"]["faxnet_outbound"] = "flows"
    network.offers("server", "main", address, "gateway", **{"public": True, **offer})
    return network.host("stranger", "home", "10.2.0.66")


MEDIA: dict[str, Any] = {"exchanges": {"media": True}, "media": "60000-60099"}


def found(made: Made, host: str, section: str) -> set[tuple[str, str, str, str]]:
    key = "target" if section == "destination_nat" else "destination"
    return {(item["transport"], item["ports"], item["source"], item[key]) for item in made.policy(host)[section]}


@pytest.mark.acceptance("CG-08")
def test_a_public_offer_is_relayed_to_the_servers_lan_address_for_everybody() -> None:
    made = gateway(**MEDIA).made()
    wanted = {("tcp", "25", "0.0.0.0/0", "10.1.0.12"), ("udp", "60000-60099", "0.0.0.0/0", "10.1.0.12")}
    assert found(made, "router", "destination_nat") == wanted
    assert found(made, "server", "input") == wanted
    assert {item["address"] for item in made.policy("router")["destination_nat"]} == {"198.51.100.10"}
    assert made.trace("stranger", "server", 25).passes
    assert made.trace("stranger", "server", 60050, "udp").passes
    assert not made.trace("stranger", "server", 8010).passes
    assert not made.trace("stranger", "server", 60100, "udp").passes


def test_an_offer_that_is_not_public_opens_nothing_to_strangers() -> None:
    made = gateway(public=False).made()
    assert made.policy("server")["input"] == []
    assert not made.trace("stranger", "server", 25).passes


@pytest.mark.acceptance("CG-10")
def test_what_the_server_sends_to_anybody_is_let_out_from_its_own_ports_only() -> None:
    made = gateway(**MEDIA).made()
    out = [item for item in made.policy("router")["forward"] if item["direction"] == "out"]
    assert {(item["transport"], item["source_ports"], item["ports"], item["destination"]) for item in out} == {
        ("tcp", None, "25", "0.0.0.0/0"),
        ("udp", "60000-60099", "1-65535", "0.0.0.0/0"),
    }
    assert {item["source"] for item in out} == {"10.1.0.12"}


@pytest.mark.acceptance("CG-17")
def test_a_named_address_is_reached_and_no_other() -> None:
    made = gateway(resolvers=["192.0.2.53", "10.1.0.53"]).made()
    flow = made.flow("gateway.dns/server>192.0.2.53")
    assert (flow["destination"], flow["dial"], flow["via"]) == ("192.0.2.53", "192.0.2.53", ["router"])
    inside = made.flow("gateway.dns/server>10.1.0.53")
    assert inside["via"] == []
    assert made.trace("server", "192.0.2.53", 53, "udp").passes
    assert not made.trace("server", "192.0.2.54", 53, "udp").passes


def test_a_named_address_that_is_a_hosts_own_opens_that_host() -> None:
    network = gateway(resolvers=["10.1.0.53"]).host("resolver", "main", "10.1.0.53")
    made = network.made()
    assert made.flow("gateway.dns/server>resolver")["destination"] == "resolver"
    assert found(made, "resolver", "input") == {("udp", "53", "10.1.0.12", "10.1.0.53")}


def test_both_ip_versions_of_the_internet_come_in_where_the_server_has_both() -> None:
    made = gateway(address=["10.1.0.12", "2001:db8:1::12"]).made()
    assert found(made, "server", "input") == {
        ("tcp", "25", "0.0.0.0/0", "10.1.0.12"),
        ("tcp", "25", "::/0", "2001:db8:1::12"),
    }
    # IPv6 is routed and not translated.
    assert found(made, "router", "destination_nat") == {("tcp", "25", "0.0.0.0/0", "10.1.0.12")}


def test_a_public_offer_that_nobody_outside_can_reach_is_refused() -> None:
    network = gateway(wan=None)
    network.sites["main"].pop("public_address", None)
    network.sites["main"]["realm"] = "inside"
    (finding,) = [item for item in network.findings() if item.code == "FXN401"]
    assert (finding.host, finding.variable) == ("server", "faxnet_sites.main.public_address")
    assert finding.cure == "set the site's public_address, or omit 'public'"


def test_a_service_with_nothing_for_the_internet_cannot_be_public() -> None:
    network = Network().site("main", "10.1.0.0/24").server("fl-fax", "main", "10.1.0.10", public=True)
    (finding,) = [item for item in network.findings() if item.code == "FXN215"]
    assert (finding.host, finding.variable) == ("fl-fax", "faxnet_offers[0].public")


def test_a_setting_without_a_documented_default_must_be_given_where_it_is_needed() -> None:
    network = gateway(exchanges={"media": True})
    (finding,) = [item for item in network.findings() if item.code == "FXN103"]
    assert (finding.host, finding.variable) == ("server", "faxnet_offers[0].media")
    assert "switch media off" in finding.cure
    assert gateway().planned().plan is not None


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("media", "60099-60000", "FXN204"),
        ("media", "many", "FXN204"),
        ("media", "5060-5070", "FXN205"),
        ("mail_port", 70000, "FXN204"),
        ("resolvers", ["10.1.0.300"], "FXN105"),
        ("resolvers", "10.1.0.53", "FXN101"),
        ("exchanges", ["post"], "FXN102"),
        ("exchanges", [], "FXN103"),
        ("exchanges", "mail", "FXN101"),
    ],
)
def test_a_wrong_setting_is_one_finding_at_its_place(key: str, value: Any, code: str) -> None:
    offer = {**MEDIA, key: value}
    findings = [item for item in gateway(**offer).findings() if item.severity == "error"]
    assert {(item.code, item.host) for item in findings} == {(code, "server")}
    assert all(item.variable.startswith(f"faxnet_offers[0].{key}") for item in findings)


def test_a_well_known_port_may_be_chosen_where_the_profile_says_so() -> None:
    assert gateway(mail_port=587).planned().plan is not None


def test_no_host_may_be_called_internet() -> None:
    network = gateway().host("internet", "main", "10.1.0.99")
    assert ("FXN104", "internet") in {(item.code, item.host) for item in network.findings()}


def test_call_backs_stay_clear_of_what_is_public_on_their_address() -> None:
    network = gateway(exchanges={"media": True}, media="11212-27016")
    profile = copy.deepcopy(PROFILE)
    profile["exchanges"][1]["transport"] = "tcp"
    network.services = {"gateway": profile}
    network.site("away", "10.3.0.0/24", gateway="away-router", public="192.0.2.30").server("fax", "away", "10.3.0.10")
    network.client("pc", "main", "10.1.0.21", server="fax")
    ports = network.plan().flows.callback_ranges[HostService("pc", "netcfax")].ports
    assert ports.low > 27016 or ports.high < 11212
    network.hosts["pc"]["faxnet_uses"][0]["callback"] = {"low": 20000, "high": 20099}
    assert ("FXN307", "pc") in {(item.code, item.host) for item in network.findings()}


def test_a_server_that_asks_itself_needs_no_rule() -> None:
    flows = gateway(resolvers=["127.0.0.1", "10.1.0.12"]).made().document["flows"]
    assert flows
    assert not [flow for flow in flows if flow["exchange"] == "dns"]


@pytest.mark.parametrize("address", ["0.0.0.1", "224.0.0.251", "255.255.255.255", "ff02::fb", "::"])
def test_an_address_that_no_host_has_is_refused(address: str) -> None:
    (finding,) = [item for item in gateway(resolvers=[address]).findings() if item.severity == "error"]
    assert (finding.code, finding.variable) == ("FXN105", "faxnet_offers[0].resolvers[0]")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.2.0.53", "it is ns's own address, in another realm that routers translate"),
        ("10.50.0.53", "it is in no site of the inventory"),
        ("2001:db8:9::53", "server has no IPv6 address"),
        ("203.0.113.20", "it is a router's public address"),
        ("198.51.100.10", "it is a router's public address"),
        ("10.1.0.255", "it is the first or last address of a network"),
    ],
)
def test_a_named_address_that_cannot_be_reached_is_refused(address: str, why: str) -> None:
    network = gateway(resolvers=[address]).host("ns", "home", "10.2.0.53")
    (finding,) = [item for item in network.findings() if item.severity == "error"]
    assert (finding.code, finding.variable, finding.value) == ("FXN408", "faxnet_offers[0].resolvers[0]", address)
    assert finding.message.startswith(why)


def test_one_ip_version_is_enough_to_be_public() -> None:
    made = gateway(address=["10.1.0.12", "fd00:1::12"]).planned()
    assert made.plan is None  # the address is in none of the site's networks
    network = gateway(address=["10.1.0.12", "fd00:1::12"])
    network.sites["main"]["networks"].append("fd00:1::/64")
    assert {item["version"] for item in network.made().policy("server")["input"]} == {4}


def test_what_leaves_needs_an_address_to_come_back_to() -> None:
    network = gateway(wan=None, exchanges=["mail_out"])
    network.sites["main"]["realm"] = "inside"
    assert ("FXN401", "server") in {(item.code, item.host) for item in network.findings()}


def test_two_settings_of_one_offer_cannot_be_one_port() -> None:
    network = Network().site("main", "10.1.0.0/24")
    network.offers("mail", "main", "10.1.0.12", "kerio_connect", exchanges=["smtp", "imap"], imap_port=25)
    (finding,) = [item for item in network.findings() if item.code == "FXN210"]
    assert finding.variable == "faxnet_offers[0].imap_port"
    assert "smtp_port and imap_port are both 25/tcp" in finding.message


@pytest.mark.acceptance("CG-20")
@pytest.mark.parametrize(
    ("system", "warned"), [("freebsd", True), ("netbsd", True), ("openbsd", True), ("linux", False)]
)
def test_a_system_that_does_not_map_ipv4_into_ipv6_sockets_is_warned_of(system: str, warned: bool) -> None:
    network = Network().site("main", "10.1.0.0/24", "2001:db8:1::/64")
    network.offers("mail", "main", ["10.1.0.12", "2001:db8:1::12"], "communigate", exchanges=["smtp"], system=system)
    found = [item for item in network.findings() if item.code == "FXN216"]
    assert bool(found) == warned
    if warned:
        assert (found[0].host, found[0].severity) == ("mail", "warning")
        assert "IPv6 off" in found[0].cure
    network.hosts["mail"]["faxnet_address"] = "10.1.0.12"
    assert not [item for item in network.findings() if item.code == "FXN216"]


def test_a_named_address_is_first_of_all_the_one_in_the_servers_own_realm() -> None:
    network = gateway(resolvers=["10.1.0.53"]).host("ns", "main", "10.1.0.53")
    network.site("twin", "10.1.0.0/24", gateway="twin-router", public="192.0.2.40").host("ns-twin", "twin", "10.1.0.53")
    assert network.made().flow("gateway.dns/server>ns")["dial"] == "10.1.0.53"


def test_somebody_elses_gateway_that_needs_rules_is_told_of() -> None:
    network = gateway()
    network.hosts["router"]["faxnet_platform"] = "unmanaged"
    (finding,) = [item for item in network.findings() if item.code == "FXN504"]
    assert (finding.host, finding.severity) == ("router", "advice")
    assert "2 permits and 1 port forwards" in finding.message
    assert "faxnet_platform to worksheet" in finding.cure


def test_a_neighbour_dials_the_server_itself_and_not_the_router_before_it() -> None:
    made = gateway().host("phone", "main", "10.1.0.30").made()
    assert made.trace("stranger", "198.51.100.10", 25).passes
    verdict = made.trace("phone", "198.51.100.10", 25)
    assert not verdict.passes
    assert not verdict.hops[-1].translation


def test_whoever_is_only_asked_by_a_server_knows_what_for() -> None:
    made = gateway(resolvers=["10.1.0.53"]).host("resolver", "main", "10.1.0.53").made()
    assert {item["name"] for item in made.slices["resolver"]["exchanges"]} >= {"dns"}


def test_a_use_may_name_only_what_is_for_clients() -> None:
    network = gateway().uses("pc", "main", "10.1.0.21", "gateway", "server", exchanges=["mail_out"])
    (finding,) = [item for item in network.findings() if item.code == "FXN214"]
    assert (finding.host, finding.value) == ("pc", "mail_out")
    assert "for others than clients" in finding.message
    network = gateway(exchanges=["mail_out"]).uses("pc", "main", "10.1.0.21", "gateway", "server")
    (finding,) = [item for item in network.findings() if item.code == "FXN214"]
    assert finding.variable == "faxnet_uses[0].service"
