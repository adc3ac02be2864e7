# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: each device permits exactly what flows name, and a rule can be switched off without losing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.rule_list import rule_list
from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network, two_offices


def entries(made: Made) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for host in made.slices:
        for section in ("input", "forward", "destination_nat"):
            for entry in made.policy(host)[section]:
                yield host, section, entry


def test_every_rule_names_its_flows_and_every_flow_has_its_rules() -> None:
    made = two_offices().made()
    flows = {flow["id"]: flow for flow in made.document["flows"]}
    assert flows
    on_hosts: dict[str, set[tuple[str, str]]] = {flow: set() for flow in flows}
    for host, section, entry in entries(made):
        assert entry["flows"]
        for flow in entry["flows"]:
            assert (entry["transport"], entry["ports"]) == (flows[flow]["transport"], flows[flow]["ports"])
            on_hosts[flow].add((host, section))
    for name, flow in flows.items():
        translating = {(device, "destination_nat") for device in flow["via"][-1:]} if flow["via"] else set()
        forwards = {(device, "forward") for device in flow["via"]}
        assert on_hosts[name] == {(flow["destination"], "input")} | forwards | translating


def test_both_ends_open_login_and_call_back_up_to_the_internal_addresses() -> None:
    made = two_offices().made()
    ports = made.flow("netcfax.scp/fl-fax>uk-ts1")["ports"]
    seen = {
        (host, section, entry.get("direction"), entry["source"], entry.get("destination", entry.get("target")))
        for host, section, entry in entries(made)
        if entry["ports"] in ("7488", ports)
        and {"netcfax.pcp/uk-ts1>fl-fax", "netcfax.scp/fl-fax>uk-ts1"} & set(entry["flows"])
    }
    assert seen == {
        ("uk-router", "forward", "out", "10.2.0.10", FLORIDA),
        ("fl-router", "destination_nat", None, SHEFFIELD, "10.1.0.10"),
        ("fl-router", "forward", "in", SHEFFIELD, "10.1.0.10"),
        ("fl-fax", "input", "in", SHEFFIELD, "10.1.0.10"),
        ("fl-router", "forward", "out", "10.1.0.10", SHEFFIELD),
        ("uk-router", "destination_nat", None, FLORIDA, "10.2.0.10"),
        ("uk-router", "forward", "in", FLORIDA, "10.2.0.10"),
        ("uk-ts1", "input", "in", FLORIDA, "10.2.0.10"),
    }


def test_one_fixed_port_for_all_clients_is_one_port_in_and_out_on_the_servers_side() -> None:
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.server("fl-fax", "florida", "10.1.0.10")
    for number in (1, 2, 3):
        public = f"203.0.113.{number}"
        net.site(f"home{number}", f"10.2.{number}.0/24", gateway=f"router{number}", public=public)
        net.client(f"pc{number}", f"home{number}", f"10.2.{number}.10", callback={"mode": "fixed"})
    forwards = net.made().policy("fl-router")["forward"]
    assert {entry["ports"] for entry in forwards if entry["direction"] == "out"} == {"7485"}
    assert {entry["ports"] for entry in forwards if entry["direction"] == "in"} == {"7488"}


def test_each_client_behind_a_router_has_a_forward_of_its_own() -> None:
    forwards = two_offices().made().policy("uk-router")["destination_nat"]
    assert sorted(entry["target"] for entry in forwards) == ["10.2.0.10", "10.2.0.21", "10.2.0.22"]
    assert all(entry["address"] == SHEFFIELD and entry["source"] == FLORIDA for entry in forwards)


@pytest.mark.acceptance("NR-22")
def test_no_rule_leads_to_a_range_of_addresses() -> None:
    net = two_offices()
    for number in range(30, 40):
        net.client(f"pc{number}", "sheffield", f"10.2.0.{number}")
    found = list(entries(net.made()))
    assert len(found) > 10
    for _host, _section, entry in found:
        assert "-" not in entry.get("target", "") + entry.get("destination", "")


def test_a_host_that_takes_part_in_no_flow_is_only_managed() -> None:
    policy = two_offices().made().policy("stranger")
    assert policy["management"]
    assert not policy["forwarding"]
    assert not any(policy[section] for section in ("input", "forward", "destination_nat", "source_nat", "networks"))


@pytest.mark.parametrize(
    ("variables", "management"),
    [
        ({}, [("management", "22", ["0.0.0.0/0", "::/0"])]),
        ({"ansible_port": 2222}, [("management", "2222", ["0.0.0.0/0", "::/0"])]),
        (
            {"ansible_port": 2222, "faxnet_management": [{"ports": "2222,5985", "sources": ["10.9.0.0/16"]}]},
            [("management", "2222,5985", ["10.9.0.0/16"])],
        ),
    ],
)
def test_management_is_part_of_every_policy(variables: dict[str, Any], management: list[Any]) -> None:
    net = two_offices()
    net.hosts["stranger"] |= variables
    opened = net.made().policy("stranger")["management"]
    assert [(item["name"], item["ports"], item["sources"]) for item in opened] == management


def test_permits_of_a_host_stay_open() -> None:
    net = two_offices()
    net.hosts["uk-router"]["faxnet_permits"] = [
        {"name": "dns", "transport": "udp", "ports": 53, "sources": ["10.2.0.0/24"]}
    ]
    made = net.made()
    assert made.trace("uk-pc1", "uk-router", 53, "udp").reached == "uk-router"
    assert not made.trace("stranger", SHEFFIELD, 53, "udp").reached


@pytest.mark.parametrize(("outbound", "passes"), [("any", True), ("flows", False)])
def test_a_router_lets_its_networks_out_freely_or_by_flows_only(outbound: str, passes: bool) -> None:
    net = two_offices()
    net.hosts["uk-router"]["faxnet_outbound"] = outbound
    made = net.made()
    assert made.trace("uk-pc1", "192.0.2.66", 80).hops[0].decision == ("forward" if passes else "refuse")
    assert made.trace("uk-pc1", "fl-fax", 7488).reached == "fl-fax"


OFF = {
    "a use": lambda net: net.hosts["uk-pc1"]["faxnet_uses"][0].update(enabled=False),
    "both exchanges of a use": lambda net: net.hosts["uk-pc1"]["faxnet_uses"][0].update(
        exchanges={"scp": False, "pcp": False}
    ),
}


@pytest.mark.acceptance("NR-18")
@pytest.mark.parametrize("switch", OFF.values(), ids=list(OFF))
def test_what_is_switched_off_keeps_its_definition_and_lets_nothing_through(switch: Any) -> None:
    on = two_offices().made()
    net = two_offices()
    switch(net)
    off = net.made()
    for flow_id in ("netcfax.pcp/uk-pc1>fl-fax", "netcfax.scp/fl-fax>uk-pc1"):
        assert off.flow(flow_id) == {**on.flow(flow_id), "enabled": False}
        definitions = [
            [(host, section, {**entry, "enabled": None, "flows": [flow_id]})
             for host, section, entry in entries(made) if flow_id in entry["flows"]]
            for made in (on, off)
        ]  # fmt: skip
        assert definitions[0] == definitions[1]
        assert not any(entry["enabled"] for _h, _s, entry in entries(off) if entry["flows"] == [flow_id])
    port = int(on.flow("netcfax.scp/fl-fax>uk-pc1")["ports"].partition("-")[0])
    assert on.trace("fl-fax", "uk-pc1", port).reached == "uk-pc1"
    refused = off.trace("fl-fax", "uk-pc1", port)
    assert not refused.passes
    assert any("switched off" in sentence for sentence in refused.near)
    assert off.plan.lock == on.plan.lock


@pytest.mark.acceptance("NR-18")
def test_one_exchange_can_be_switched_off_alone() -> None:
    net = two_offices()
    net.hosts["uk-pc1"]["faxnet_uses"][0]["exchanges"] = {"scp": False}
    made = net.made()
    enabled = {flow["id"]: flow["enabled"] for flow in made.document["flows"] if "uk-pc1" in flow["id"]}
    assert enabled == {"netcfax.pcp/uk-pc1>fl-fax": True, "netcfax.scp/fl-fax>uk-pc1": False}


@pytest.mark.acceptance("NR-18")
def test_an_offer_that_is_switched_off_switches_off_all_its_flows() -> None:
    net = two_offices()
    net.hosts["fl-fax"]["faxnet_offers"][0]["enabled"] = False
    made = net.made()
    assert len(made.document["flows"]) == 8
    assert not any(flow["enabled"] for flow in made.document["flows"])
    assert not any(use["enabled"] for use in made.document["uses"])


@pytest.mark.acceptance("NR-18")
@pytest.mark.parametrize("on", [(), ("fl-fax",), ("fl-spare",)], ids=["none", "the first", "the second"])
def test_servers_that_are_switched_off_may_wait_for_one_port_of_one_public_address(on: tuple[str, ...]) -> None:
    net = two_offices().server("fl-spare", "florida", "10.1.0.11")
    net.client("uk-pc3", "sheffield", "10.2.0.23", server="fl-spare")
    for server in ("fl-fax", "fl-spare"):
        net.hosts[server]["faxnet_offers"][0]["enabled"] = server in on
    made = net.made()
    forwards = [item for item in made.policy("fl-router")["destination_nat"] if item["ports"] == "7488"]
    assert sorted((item["target"], item["enabled"]) for item in forwards) == [
        ("10.1.0.10", "fl-fax" in on),
        ("10.1.0.11", "fl-spare" in on),
    ]
    for client, server in (("uk-pc1", "fl-fax"), ("uk-pc3", "fl-spare")):
        assert made.trace(client, FLORIDA, 7488).reached == "".join(on)
        assert made.trace(client, server, 7488).reached == "".join(on)
    rules = render_slice(made.slices["fl-router"]).splitlines()
    loaded = [line for line in rules if "7488 . " in line and not line.lstrip().startswith("#")]
    assert [{"10.1.0.10": "fl-fax", "10.1.0.11": "fl-spare"}[line.split()[-1].rstrip(",")] for line in loaded] == [*on]
    assert sum("# switched off: destination_nat" in line and " 7488 " in line for line in rules) == 2 - len(on)


def test_two_servers_that_are_switched_on_do_not_get_one_port_of_one_public_address() -> None:
    net = two_offices().server("fl-spare", "florida", "10.1.0.11")
    net.client("uk-pc3", "sheffield", "10.2.0.23", server="fl-spare")
    assert [finding.code for finding in net.findings()] == ["FXN404"]


@pytest.mark.acceptance("NR-18")
def test_a_service_that_is_switched_off_may_wait_for_the_port_of_another_on_its_host() -> None:
    net = two_offices()
    offers = net.hosts["fl-fax"]["faxnet_offers"]
    offers.append({"service": "hylafax", "control_port": 7488})
    assert {finding.code for finding in net.findings() if finding.severity == "error"} == {"FXN210"}
    offers[1]["enabled"] = False
    assert not [finding for finding in net.findings() if finding.severity == "error"]


@pytest.mark.acceptance("NR-02", "NR-03")
def test_one_change_of_the_servers_port_reaches_every_client_router_and_setting() -> None:
    before = two_offices().made()
    net = two_offices()
    net.hosts["fl-fax"]["faxnet_offers"][0]["primary_port"] = 7600
    after = net.with_lock(before.plan).made()
    assert {flow["ports"] for flow in before.document["flows"] if flow["exchange"] == "pcp"} == {"7488"}
    assert {flow["ports"] for flow in after.document["flows"] if flow["exchange"] == "pcp"} == {"7600"}
    for host in ("uk-router", "fl-router", "fl-fax"):
        changed = [entry["ports"] for name, _section, entry in entries(after) if name == host]
        assert "7600" in changed
        assert "7488" not in changed
    for client in ("uk-ts1", "uk-pc1", "uk-pc2", "fl-pc1"):
        (use,) = after.slices[client]["uses"]
        assert use["settings"] == {"primary_port": 7600}
        assert "Primary connection port: 7600." in " ".join(use["instructions"])
    assert after.plan.lock == before.plan.lock


@pytest.mark.acceptance("NR-17", "NR-21")
def test_a_router_is_described_as_a_list_of_services_and_a_list_of_rules() -> None:
    made = two_offices().made()
    told = rule_list(made.slices["uk-router"])
    ports = {host: made.flow(f"netcfax.scp/fl-fax>{host}")["ports"] for host in ("uk-ts1", "uk-pc1", "uk-pc2")}
    assert told["services"] == [
        {"name": f"netcfax {name}", "transport": "tcp", "source_ports": None, "ports": name[4:]}
        for name in sorted(["PCP 7488", *(f"SCP {text}" for text in ports.values())])
    ]
    services = {service["name"] for service in told["services"]}
    rules = told["rules"]
    assert len({(rule["name"], rule["direction"]) for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["service"] in services
        assert rule["action"] == "allow"
    inward = {(rule["service"], rule["public"], rule["target"]) for rule in rules if rule["direction"] == "in"}
    assert inward == {
        (f"netcfax SCP {ports['uk-ts1']}", SHEFFIELD, "10.2.0.10"),
        (f"netcfax SCP {ports['uk-pc1']}", SHEFFIELD, "10.2.0.21"),
        (f"netcfax SCP {ports['uk-pc2']}", SHEFFIELD, "10.2.0.22"),
    }
    outward = {(rule["service"], rule["from"], rule["target"]) for rule in rules if rule["direction"] == "out"}
    assert outward == {("netcfax PCP 7488", f"10.2.0.{number}", FLORIDA) for number in (10, 21, 22)}


def test_rules_of_a_product_with_dots_in_its_names_keep_its_own_words() -> None:
    net = two_offices()
    net.services = {
        "t.38": {
            "exchanges": [{"name": "a.b", "title": "UDPTL", "initiator": "client", "transport": "udp", "ports": 4000,
                           "purpose": "carries pages"}],
            "sources": [{"document": "the handbook"}],
        }
    }  # fmt: skip
    net.host("gate", "florida", "10.1.0.12", offers=[{"service": "t.38"}])
    net.hosts["fl-pc1"]["faxnet_uses"].append({"service": "t.38", "server": "gate"})
    (rule,) = rule_list(net.made().slices["gate"])["rules"]
    assert (rule["service"], rule["target"]) == ("t.38 UDPTL 4000", "10.1.0.12")


def test_what_goes_to_the_realm_untranslated_is_let_out_by_a_router_beyond_one_that_translates() -> None:
    net = Network()
    net.site("york", "10.4.0.0/24", "2001:db8:4::/64", realm="company")
    net.sites["york"]["gateways"] = [{"host": "inner", "public_address": "172.31.4.1"}, {"host": "edge"}]
    net.sites["york"]["public_address"] = "192.0.2.4"
    net.hosts |= {"inner": {"faxnet_address": "10.4.0.1"}, "edge": {"faxnet_address": "172.31.4.2"}}
    net.site("leeds", "10.3.0.0/24", realm="company")
    net.server("fax", "leeds", "10.3.0.10").host("pc", "york", "10.4.0.10")
    made = net.made()
    assert made.trace("pc", "fax", 22).reached == "fax"
    assert made.policy("edge")["networks"] == ["10.4.0.0/24", "172.31.4.1/32", "2001:db8:4::/64"]
    # Where nobody else is in the realm, everything that comes there has been translated.
    del net.sites["leeds"]["realm"], net.hosts["fax"]
    assert net.made().policy("edge")["networks"] == ["172.31.4.1/32", "2001:db8:4::/64"]
