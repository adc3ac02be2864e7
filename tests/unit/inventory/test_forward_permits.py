# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `faxnet_forward_permits` may say, whom permits may name, and what becomes of it in rules and traces."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from tests.unit.networks import Network, two_offices
from tests.unit.platforms.policies import nft_rules

VPN = {"name": "vpn", "from": "10.9.0.0/24", "to": "site:sheffield", "both_directions": True}


def carrying(*permits: dict[str, Any]) -> Network:
    """Two offices whose router in Sheffield carries more."""
    net = two_offices()
    net.hosts["uk-router"]["faxnet_forward_permits"] = list(permits)
    net.hosts["uk-router"]["faxnet_outbound"] = "flows"
    net.groups = {"clients": ["uk-ts1", "uk-pc1"], "everybody": sorted(net.hosts)}
    return net


def rules_of(net: Network) -> list[str]:
    """The rules that a router's forward permits become."""
    lines = (line.strip() for line in nft_rules(net.made().policy("uk-router")).splitlines())
    return [line.partition(" counter accept")[0] for line in lines if 'comment "forward ' in line]


@pytest.mark.parametrize(
    ("entry", "rules"),
    [
        (VPN, ["ip saddr 10.9.0.0/24 ip daddr 10.2.0.0/24", "ip saddr 10.2.0.0/24 ip daddr 10.9.0.0/24"]),
        (
            {"name": "x", "from": "uk-pc1", "to": "192.0.2.0/24", "protocols": ["udp", "esp"], "ports": "500,4500"},
            [
                "ip saddr 10.2.0.21 ip daddr 192.0.2.0/24 udp dport { 500, 4500 }",
                "ip saddr 10.2.0.21 ip daddr 192.0.2.0/24 meta l4proto 50",
            ],
        ),
        ({"name": "x", "to": ["clients"], "ports": 80}, ["ip daddr { 10.2.0.10, 10.2.0.21 } tcp dport 80"]),
        (
            {"name": "x", "from": "florida", "to": "uk-pc1", "protocols": "gre"},
            ["ip saddr 198.51.100.10 ip daddr 10.2.0.21 meta l4proto 47"],
        ),
        ({"name": "x", "only_translated": True}, ["ct status dnat"]),
        (
            {"name": "x", "from_interfaces": ["wg*", "tun0"], "to": "2001:db8:2::/64"},
            [f'iifname "{name}" ip6 daddr 2001:db8:2::/64' for name in ("tun0", "wg*")],
        ),
        ({"name": "x", "to_interfaces": "wg0", "protocols": "ah"}, [
            'oifname "wg0" meta nfproto ipv4 meta l4proto 51', 'oifname "wg0" meta nfproto ipv6 ip6 nexthdr 51',
        ]),
        ({"name": "x", "from": "0.0.0.0/0", "from_interfaces": "wg0"}, ['iifname "wg0" meta nfproto ipv4']),
    ],
)  # fmt: skip
def test_a_forward_permit_becomes_a_rule(entry: dict[str, Any], rules: list[str]) -> None:
    assert rules_of(carrying(entry)) == rules


def test_a_vpn_meets_the_sites_own_addresses_and_the_internet_its_public_one() -> None:
    (worn,) = carrying(VPN, {"name": "x", "to": "192.0.2.0/24"}).made().policy("uk-router")["source_nat"]
    assert "10.9.0.0/24" in worn["except"]
    assert "192.0.2.0/24" not in worn["except"]


def test_where_the_public_address_is_itself_private_its_network_is_met_translated() -> None:
    net = carrying({"name": "x", "to": "192.168.178.0/24"})
    net.sites["sheffield"]["public_address"] = "192.168.178.2"
    (worn,) = net.made().policy("uk-router")["source_nat"]
    assert "192.168.178.0/24" not in worn["except"]


def test_a_trace_says_which_permit_carries_a_packet() -> None:
    made = carrying({**VPN, "from_interfaces": "wg0"}).made()
    verdict = made.trace("uk-pc1", "10.9.0.7", 445)
    assert verdict.outcome in {Outcome.LEAVES, Outcome.LOST}
    assert "forward vpn: any from 10.2.0.0/24 to 10.9.0.0/24 if it goes out by wg0" in verdict.hops[0].rule
    assert two_offices().made().trace("uk-pc1", "10.9.0.7", 445).hops[0].rule != verdict.hops[0].rule


@pytest.mark.parametrize(
    ("entry", "code", "variable", "cure"),
    [
        ({"name": "x", "ports": 80}, "FXN128", "faxnet_forward_permits[0]", "from_interfaces"),
        ({"from": "uk-pc1"}, "FXN101", "faxnet_forward_permits[0].name", "letters"),
        ({"name": "x", "from": []}, "FXN103", "faxnet_forward_permits[0].from", "omit it"),
        ({"name": "x", "from": "uk-pcl"}, "FXN127", "faxnet_forward_permits[0].from", "group"),
        ({"name": "x", "to": ["site:florida", "group:florida"]}, "FXN127", "faxnet_forward_permits[0].to[1]", "group"),
        ({"name": "x", "to": "10.2.0.1/24"}, "FXN105", "faxnet_forward_permits[0].to", "CIDR"),
        ({"name": "x", "to": 7}, "FXN101", "faxnet_forward_permits[0].to", "hyphen"),
        ({"name": "x", "to_interfaces": ['a" accept']}, "FXN150", "faxnet_forward_permits[0].to_interfaces[0]", "ip"),
        ({"name": "x", "only_translated": True, "both_directions": True}, "FXN128",
         "faxnet_forward_permits[0].both_directions", "omit"),
        ({"name": "x", "form": "uk-pc1", "to": "uk-pc1"}, "FXN102", "faxnet_forward_permits[0].form", "from"),
    ],
)  # fmt: skip
def test_a_mistake_gives_one_finding(entry: dict[str, Any], code: str, variable: str, cure: str) -> None:
    (finding,) = carrying(entry).findings()
    assert (finding.code, finding.hosts, finding.variable) == (code, ("uk-router",), variable)
    assert cure in finding.cure


def test_a_host_that_is_no_router_carries_nothing() -> None:
    net = two_offices()
    net.hosts["uk-pc1"]["faxnet_forward_permits"] = [VPN]
    (finding,) = net.findings()
    assert (finding.code, finding.hosts) == ("FXN128", ("uk-pc1",))


def sources_of(net: Network, host: str) -> list[str]:
    """The sources of a host's one permit."""
    (opening,) = net.made().policy(host)["openings"]
    found: list[str] = opening["sources"]
    return found


@pytest.mark.parametrize(
    ("named", "sources"),
    [
        (["uk-pc1"], ["10.2.0.21/32"]),
        (["sheffield"], ["10.2.0.0/24"]),
        (["fl-fax"], ["198.51.100.10/32"]),
        (["florida", "192.0.2.9"], ["198.51.100.10/32", "192.0.2.9/32"]),
        (["group:clients"], ["10.2.0.10/32", "10.2.0.21/32"]),
        (["fl-router"], ["198.51.100.10/32"]),
        (["cloud"], ["192.0.2.77/32"]),
    ],
)
def test_names_stand_for_the_addresses_that_are_worn_where_the_permit_holds(
    named: list[str], sources: list[str]
) -> None:
    net = carrying()
    net.hosts["cloud"] = {"ansible_host": "192.0.2.77"}
    net.hosts["uk-pc2"]["faxnet_permits"] = [{"name": "x", "ports": 80, "sources": named}]
    assert sources_of(net, "uk-pc2") == sources


def test_a_name_of_two_kinds_is_asked_back() -> None:
    net = carrying()
    net.groups["sheffield"] = ["uk-pc1"]
    net.hosts["uk-pc2"]["faxnet_permits"] = [{"name": "x", "ports": 80, "sources": ["sheffield"]}]
    (finding,) = net.findings()
    assert finding.code == "FXN127"
    assert "site:sheffield or group:sheffield" in finding.cure
    net.hosts["uk-pc2"]["faxnet_permits"][0]["sources"] = ["group:sheffield"]
    assert sources_of(net, "uk-pc2") == ["10.2.0.21/32"]


def test_a_member_without_an_address_is_named() -> None:
    net = carrying()
    net.hosts["cloud"] = {"ansible_host": "cloud.example.com"}
    net.groups["clouds"] = ["uk-pc1", "cloud"]
    net.hosts["uk-pc2"]["faxnet_permits"] = [{"name": "x", "ports": 80, "sources": ["clouds"]}]
    (finding,) = net.findings()
    assert (finding.code, finding.variable) == ("FXN127", "faxnet_permits[0].sources[0]")
    assert "faxnet_address of cloud" in finding.cure
