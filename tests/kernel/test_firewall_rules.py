# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says its rules do with a packet is what the policy says, read from nft's listing."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import (
    Rules,
    Verdict,
    listed,
    rehearsed,
)
from tests.kernel.hosts import OLD, Host
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router, stateless_rules

ADDRESSES = ["10.1.0.1", "10.1.0.2", "10.1.1.1", "192.0.2.7", "203.0.113.20"]
NETWORKS = [*ADDRESSES, "10.1.0.0/24", "10.1.0.0/16", "0.0.0.0/0"]
PORTS = [22, 1000, 1001, 1050, 1099, 1100, 7488, 65535]
RANGES = ["22", "1000-1099", "1050", "1050-1100", "7488", "1-65535"]
ADMINS = [{"transport": "tcp", "ports": "22", "sources": ["192.0.2.0/24"]}]


def some_permits(dice: random.Random) -> list[dict[str, Any]]:
    """Permits that overlap in any way."""
    return [
        permit(
            dice.choice(NETWORKS),
            dice.choice(NETWORKS),
            dice.choice(RANGES),
            transport=dice.choice(["tcp", "udp"]),
            source_ports=dice.choice([None, None, "4644", "1024-2000"]),
            enabled=dice.random() < 0.9,
            idle=dice.choice([None, None, 7200]),
            flows=[f"f/{number}"],
        )
        for number in range(dice.randrange(12))
    ]


def some_packets(dice: random.Random) -> list[Packet]:
    """Packets that may or may not be permitted."""
    return [
        Packet(
            4,
            dice.choice(["tcp", "udp"]),
            dice.choice(ADDRESSES),
            dice.choice([1024, 4644, 50000]),
            dice.choice(ADDRESSES),
            dice.choice(PORTS),
        )
        for _number in range(200)
    ]


def within(address: str, network: str) -> bool:
    """Whether a network holds an address."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def in_range(port: int, ports: str | None) -> bool:
    """Whether a port is one of a range; any is one of none."""
    low, _hyphen, high = (ports or "0-65535").partition("-")
    return int(low) <= port <= int(high or low)


def permitted(packet: Packet, permits: Iterable[dict[str, Any]]) -> bool:
    """What permits say of a packet, word for word."""
    return any(
        item["enabled"]
        and item["transport"] == packet.transport
        and within(packet.source, item["source"])
        and within(packet.destination, item["destination"])
        and in_range(packet.destination_port, item["ports"])
        and in_range(packet.source_port, item["source_ports"])
        for item in permits
    )


@pytest.mark.parametrize("rules", [nft_rules, stateless_rules])
@pytest.mark.parametrize("seed", range(8))
def test_a_hosts_rules_do_what_its_policy_says(host: Host, seed: int, rules: Any) -> None:
    dice = random.Random(seed)  # noqa: S311 nothing secret
    permits = some_permits(dice)
    held = rehearsed(host.machine, rules(policy(management=ADMINS, input=permits)))
    packets = some_packets(dice)
    assert packets
    for packet in packets:
        manages = packet.transport == "tcp" and packet.destination_port == 22 and within(packet.source, "192.0.2.0/24")
        wanted = manages or permitted(packet, permits)
        verdict = held.judge("input", packet)
        assert verdict is not None
        assert verdict.accepted is wanted, (packet, permits)
        assert (verdict.reason == "management") is manages
        assert held.judge("forward", packet) is None
        assert held.target(packet) == packet.destination


@pytest.mark.parametrize("clamp", [None, {"size": None, "interfaces": ["ppp*"]}, {"size": 1300}])
@pytest.mark.parametrize("outbound", ["any", "flows"])
@pytest.mark.parametrize("seed", range(4))
def test_a_routers_rules_pass_and_translate_what_its_policy_says(
    host: Host, seed: int, outbound: str, clamp: dict[str, Any] | None
) -> None:
    dice = random.Random(seed)  # noqa: S311 nothing secret
    permits = some_permits(dice)
    sent_on = [
        forward(source, "203.0.113.20", ports, f"10.1.1.{number}", transport=kind)
        for number, (kind, ports) in enumerate([("tcp", "1000-1099"), ("udp", "1000-1099"), ("tcp", "7488")])
        for source in dice.sample(["10.1.0.0/24", "10.1.1.1", "192.0.2.7"], 2)
    ]
    inside = ["10.1.0.0/16"]
    worn = {"version": 4, "networks": inside, "except": inside, "address": "203.0.113.20"}
    parts: dict[str, Any] = {"management": ADMINS, "networks": inside, "source_nat": [worn], "outbound": outbound}
    parts["clamp_mss"] = clamp
    held = rehearsed(host.machine, nft_rules(router(forward=permits, destination_nat=sent_on, **parts)))
    packets = some_packets(dice)
    assert packets
    for packet in packets:
        leaves = within(packet.source, inside[0]) and not within(packet.destination, inside[0])
        verdict = held.judge("forward", packet)
        assert verdict is not None
        # Whether a bridge shows what stays inside the network, the kernel's routes decide.
        stays = None if within(packet.source, inside[0]) and within(packet.destination, inside[0]) else False
        passes = permitted(packet, permits) or (outbound == "any" and leaves) or stays
        assert verdict.accepted is passes, (packet, permits)
        targets = [
            item["target"]
            for item in sent_on
            if packet.transport == item["transport"]
            and packet.destination == item["address"]
            and in_range(packet.destination_port, item["ports"])
            and within(packet.source, item["source"])
        ]
        assert held.target(packet) == (targets[0] if targets else packet.destination)


SAYING = """
table inet faxnet {{
  chain faxnet_input {{
    type filter hook input priority filter; policy drop;
    {rules}
  }}
}}
"""
SYN = Packet(4, "tcp", "192.0.2.7", 50000, "10.1.0.1", 7488)


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        ("accept", True),
        ("counter", False),
        ("reject", False),
        ("ct state established,related accept", False),
        ("ct state != new accept", False),
        ("ct state { new, established } accept", True),
        ("tcp flags & (syn | ack) == ack accept", False),
        ("tcp flags & (syn | ack) == syn accept", True),
        ("tcp flags & (ack | rst) != 0 accept", False),
        ("tcp flags syn / syn,ack accept", True),
        ("tcp dport != 7488 accept", False),
        ("udp dport != 7489 accept", False),
        ("ip6 saddr != ::1 accept", False),
        ("ip saddr != { 10.0.0.0/8, 172.16.0.1-172.16.0.9 } accept", True),
        ("th dport 7000-7999 accept", True),
        ("meta l4proto tcp accept", True),
        ("meta l4proto != tcp accept", False),
        ("meta nfproto ipv6 accept", False),
        ('iif "lo" accept', False),
        ('iif != "lo" accept', True),
        ("limit rate 5/second accept", True),
        ("limit rate over 5/second drop; accept", True),
        ("fib saddr . iif oif missing drop; accept", True),
        ("icmp type echo-request accept", False),
        # Not known here: what follows decides whether it matters.
        ('iifname "eth0" accept', None),
        ('iifname "eth0" accept; accept', True),
        ('iifname "eth0" drop; accept', None),
        ('iifname "eth0" tcp dport 22 accept', False),
        ("meta mark 1 drop; drop", False),
        ("tcp dport vmap { 7488 : accept }", None),
        ("tcp dport vmap { 7488 : accept }; accept", None),
    ],
)
def test_what_a_rule_does_with_a_first_packet(host: Host, rules: str, accepted: bool | None) -> None:
    text = SAYING.format(rules=rules.replace("; ", "\n\t\t"))
    verdict = rehearsed(host.machine, text).judge("input", SYN)
    assert verdict == Verdict(accepted)


IN_USE = """
table inet faxnet {
  set links { type ifname; elements = { "wg0", "br0" } }
  set carried { type inet_proto; flags interval; elements = { esp, 112, 200-210 } }
  set clients {
    type ipv4_addr . ipv4_addr . inet_service
    flags interval
    elements = { 192.0.2.0/24 . 10.1.0.1 . 7488, 192.0.2.9 . 10.1.0.2 . 1000-1099 }
  }
  chain faxnet_forward {
    type filter hook forward priority filter; policy drop;
    RULE
  }
}
"""


@pytest.mark.parametrize(
    ("rule", "packet", "accepted"),
    [
        # All of a class pass, none does, or some do.
        ("ip saddr . ip daddr . tcp dport @clients accept", ("tcp", "", None, "10.1.0.1", 7488), None),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("tcp", "192.0.2.0/25", None, "10.1.0.1", 7488), True),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("tcp", "192.0.2.0/23", None, "10.1.0.1", 7488), None),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("tcp", "", None, "", 7489), False),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("tcp", "", None, "10.1.0.2", None), None),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("udp", "", None, "", None), False),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("", "10.9.0.0/24", None, "", None), False),
        ("ip saddr . ip daddr . tcp dport @clients accept", ("", "192.0.2.7", None, "", None), None),
        ("ip saddr 10.9.0.0/16 accept", ("", "10.9.0.0/24", None, "", None), True),
        ("tcp dport 1-65535 accept", ("", "", None, "", None), None),
        ("meta nfproto ipv4 accept", ("", "", None, "", None), True),
        ("meta nfproto ipv6 accept", ("", "", None, "", None), False),
        # Protocols without ports.
        ("meta l4proto esp accept", ("esp", "", None, "", None), True),
        ("meta l4proto esp accept", ("50", "", None, "", None), True),
        ("meta l4proto { ah, gre } accept", ("esp", "", None, "", None), False),
        ("meta l4proto @carried accept", ("vrrp", "", None, "", None), True),
        ("meta l4proto @carried accept", ("205", "", None, "", None), True),
        ("ip protocol gre accept", ("gre", "", None, "", None), True),
        ("th dport 1-65535 accept", ("gre", "", None, "", None), False),
        ("tcp dport != 1 accept", ("esp", "", None, "", None), False),
        ("igmp type 17 accept", ("esp", "", None, "", None), False),
        # What another table has translated, and whose the destination is.
        ("ct status dnat accept", ("tcp", "", None, "10.88.0.5", 80, "", "", True), True),
        ("ct status dnat accept", ("tcp", "", None, "10.88.0.5", 80), False),
        ("fib daddr type local accept", ("tcp", "", None, "10.88.0.5", 80), False),
        ("fib daddr type multicast accept", ("udp", "", None, "224.0.0.251", 5353), True),
        # Interfaces.
        ("iifname @links accept", ("tcp", "", None, "", None, "wg0"), True),
        ("iifname @links accept", ("tcp", "", None, "", None, "eth0"), False),
        ("iifname @links accept", ("tcp", "", None, "", None), None),
        ('iifname "wg*" oifname { "br0", "eth*" } accept', ("tcp", "", None, "", None, "wg1", "eth7"), True),
        ('iifname "wg*" oifname { "br0", "eth*" } accept', ("tcp", "", None, "", None, "wg1", "wg0"), False),
        ('ip saddr . oifname { 192.0.2.1 . "eth0" } accept', ("tcp", "192.0.2.1", None, "", None, "", "eth0"), True),
        ('ip saddr . oifname { 192.0.2.1 . "eth0" } accept', ("tcp", "192.0.2.1", None, "", None), None),
    ],
)
def test_what_rules_do_with_a_whole_class_of_packets(
    host: Host, rule: str, packet: tuple[Any, ...], accepted: bool | None
) -> None:
    found = rehearsed(host.machine, IN_USE.replace("RULE", rule)).judge("forward", Packet(4, *packet))
    assert found is not None
    assert found.accepted is accepted


def test_what_is_in_force_is_read_as_what_is_rehearsed_is(host: Host) -> None:
    assert listed(host.machine) is None
    host.settle(OLD)
    held = listed(host.machine)
    assert held is not None
    packet = Packet(4, "tcp", "192.0.2.1", 50000, "10.1.0.10", 7488)
    wanted = Verdict(True, "netcfax.pcp/192.0.2.1>10.1.0.10")
    assert held.judge("input", packet) == rehearsed(host.machine, OLD).judge("input", packet) == wanted


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"nftables": [{"chain": {}}]}', '{"nftables": [{"rule": 1}]}'])
def test_a_listing_that_is_none_is_a_sentence(text: str) -> None:
    with pytest.raises(FirewallError, match="nft lists table inet faxnet in a form that is no JSON of its own"):
        Rules(text)
