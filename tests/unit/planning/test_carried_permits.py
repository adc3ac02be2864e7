# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits of hosts behind routers: what the routers carry for them, and what is said where they translate."""

from __future__ import annotations

import ipaddress
from typing import Any

from tests.unit.networks import Network, two_offices
from tests.unit.planning.test_management import two_routed_offices

WEB: dict[str, Any] = {"name": "web", "ports": [80, 443], "sources": ["leeds", "192.0.2.0/24"]}


def carried(net: Network, router: str) -> list[tuple[str, str, str | None, list[str], list[str]]]:
    """What a router carries for the permits of others."""
    return [
        (item["name"], item["transport"], item["ports"], item["sources"], item["destinations"])
        for item in net.made().policy(router)["forward_permits"]
    ]


def test_every_router_on_the_way_carries_what_a_host_lets_in() -> None:
    net = two_routed_offices()
    net.hosts["pc"]["faxnet_permits"] = [WEB, {"name": "vpn", "protocols": "esp", "sources": ["fax"]}]
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    of_version_4 = [item for item in carried(net, "york-router") if ":" not in item[3][0]]
    assert of_version_4 == [
        ("permit/vpn", "esp", None, ["10.3.0.10/32"], ["10.4.0.10/32"]),
        ("permit/web", "tcp", "80,443", ["10.3.0.0/24", "192.0.2.0/24"], ["10.4.0.10/32"]),
    ]
    assert ("permit/web", "tcp", "80,443", ["10.3.0.0/24"], ["10.4.0.10/32"]) in carried(net, "leeds-router")
    verdict = net.made().trace("fax", "pc", 443)
    assert (verdict.reached, [hop.decision for hop in verdict.hops]) == ("pc", ["forward", "forward", "accept"])
    assert "forward permit/web" in verdict.hops[1].rule
    assert not net.made().trace("fax", "pc", 444).passes


def test_hosts_that_say_the_same_share_what_is_carried() -> None:
    net = two_routed_offices()
    for number in range(100):
        net.host(f"host{number}", "york", f"10.4.0.{100 + number}", permits=[WEB])
    assert len(carried(net, "york-router")) == 1


def test_behind_a_router_that_translates_an_advice_says_which_forward_would_lead_there() -> None:
    net = two_offices()
    for name in ("uk-pc1", "uk-pc2"):
        net.hosts[name]["faxnet_permits"] = [
            {"name": "web", "ports": 80, "sources": ["192.0.2.0/24", "10.2.0.0/24"]},
            {"name": "open", "ports": 81},
        ]
    (advice,) = net.findings()
    assert (advice.code, advice.hosts, advice.value) == ("FXN129", ("uk-pc1", "uk-pc2"), "192.0.2.0/24")
    assert "forward 80/tcp of 203.0.113.20 on uk-router" in advice.cure
    assert carried(net, "uk-router") == []


def test_a_router_without_connection_tracking_carries_flows_alone() -> None:
    net = two_routed_offices()
    net.hosts["pc"]["faxnet_permits"] = [WEB]
    net.hosts["york-router"].update(faxnet_platform="nftables_stateless", faxnet_outbound="flows")
    assert carried(net, "york-router") == []
    (advice,) = [item for item in net.findings() if item.code == "FXN130"]
    assert (advice.severity, advice.hosts, advice.value) == ("advice", ("york-router",), "web")
    assert "what web lets in from" in advice.message


def test_a_permit_without_sources_is_told_with_the_routers_that_it_opens() -> None:
    net = two_routed_offices()
    everybody = {"name": "all", "ports": 82, "sources": ["0.0.0.0/0", "::/0"]}
    for name in ("pc", "fax"):
        net.hosts[name]["faxnet_permits"] = [{"name": "web", "ports": [80, 443]}, WEB | {"name": "named"}, everybody]
    net.host("pc2", "york", "10.4.0.11", permits=[{"name": "web", "ports": [80, 443]}])
    found = [item for item in net.findings() if item.code == "FXN131"]
    assert [(item.severity, item.hosts, item.variable, item.value) for item in found] == [
        ("advice", ("fax",), "faxnet_permits", "web"),
        ("advice", ("pc", "pc2"), "faxnet_permits", "web"),
    ]
    assert "web (80,443/tcp) names no sources: everybody is let through to it by york-router" in found[1].message
    assert "sources: [192.0.2.0/28]" in found[1].cure


def test_a_permit_without_sources_opens_no_router_that_translates_tracks_nothing_or_has_no_rules() -> None:
    net = two_offices()
    net.hosts["uk-pc1"]["faxnet_permits"] = [{"name": "web", "ports": 80}]
    assert [item.code for item in net.findings()] == []
    net = two_routed_offices()
    net.hosts["pc"]["faxnet_permits"] = [{"name": "web", "ports": 80}]
    for platform in ("nftables_stateless", "unmanaged"):
        net.hosts["york-router"].update(faxnet_platform=platform, faxnet_outbound="flows")
        assert "FXN131" not in {item.code for item in net.findings()}


def test_a_permit_takes_no_router_further_out_out_of_the_translation() -> None:
    """A server on the second router of a row meets what the first one shows, also where a permit names its network."""
    net = Network().site("office", "10.1.0.0/24").server("second", "office", "172.31.1.102")
    net.sites["office"]["gateways"] = [
        {"host": "first", "public_address": "192.168.9.1"},
        {"host": "second", "public_address": "203.0.113.1"},
    ]
    permit = {"name": "vpn", "from": "10.1.0.0/24", "to": "172.16.0.0/12", "protocols": "any"}
    net.hosts["first"] = {"faxnet_address": "10.1.0.1", "faxnet_forward_permits": [permit]}
    net.client("pc", "office", "10.1.0.21", "second")
    made = net.made()
    (nat,) = made.policy("first")["source_nat"]
    exempt = [ipaddress.ip_network(network) for network in nat["except"]]
    holding = [
        any(ipaddress.ip_address(address) in network for network in exempt)
        for address in ("172.31.1.102", "172.31.1.103", "172.16.0.1")
    ]
    assert holding == [False, True, True]
