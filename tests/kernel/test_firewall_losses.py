# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host names what passes into it today and would not with new rules, each kind with real traffic."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import listeners as of_listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import RULES_FILE
from tests.kernel import networks
from tests.kernel.hosts import Host
from tests.kernel.in_use import ALL, CLOSED, HOST, PEER, PLANNED, TCP, UDP, Used, bound, opening
from tests.unit.platforms.policies import nft_rules, permit, policy, router


@pytest.mark.parametrize(
    ("kind", "address", "port", "told"),
    [
        (TCP, ALL, 8000, ["listener tcp port 8000"]),
        (TCP, HOST, 8000, ["listener tcp port 8000"]),
        (UDP, ALL, 53, ["listener udp port 53"]),
        # A server's port among those that the system gives out itself, as WireGuard has one.
        (UDP, ALL, 51820, ["listener udp port 51820"]),
        (UDP, HOST, 67, ["listener udp port 67"]),
        # Management is let in, nobody else reaches the loopback, and DHCP's answers come another way.
        (TCP, ALL, 22, []),
        (TCP, "127.0.0.1", 8000, []),
        (UDP, "127.0.0.53", 53, []),
        (UDP, ALL, 68, []),
    ],
)
def test_a_port_that_would_be_shut_is_a_loss(used: Used, kind: int, address: str, port: int, told: list[str]) -> None:
    with bound(kind, address, port):
        assert used.told(CLOSED) == told
        (*lost,) = used.lost(CLOSED)
    assert [bool(use.program) for use in lost] == [True] * len(told)


@pytest.mark.parametrize(
    ("openings", "told"),
    [
        ([opening("53")], []),
        ([opening("1-65535")], []),
        ([opening("53", sources=["10.9.0.0/24"])], []),
        ([opening("54")], ["listener udp port 53"]),
        ([opening("53", "tcp")], ["listener udp port 53"]),
    ],
)
def test_a_port_that_somebody_gets_at_is_named(used: Used, openings: list[Any], told: list[str]) -> None:
    with bound(UDP, HOST, 53):
        assert used.told(nft_rules(policy(openings=openings))) == told


def test_a_flow_to_another_address_does_not_name_a_port(used: Used) -> None:
    with bound(TCP, HOST, 7488):
        assert used.told(nft_rules(policy(input=[permit(PEER, "10.1.0.99")]))) == ["listener tcp port 7488"]
        assert used.told(nft_rules(policy(input=[permit(PEER, HOST)]))) == []


def test_dhcp_is_heard_from_those_who_have_no_address_yet(used: Used) -> None:
    with bound(UDP, ALL, 67):
        narrow = [opening("67", sources=["10.9.0.0/24"])]
        assert used.told(nft_rules(policy(openings=narrow))) == ["listener udp port 67"]
        wide = [opening("67", sources=["10.9.0.0/24", "0.0.0.0/32"])]
        assert used.told(nft_rules(policy(openings=wide))) == []


def test_ipv6_counts_where_only_ipv4_was_planned(used: Used) -> None:
    only4 = nft_rules(policy(openings=[opening("8000", "tcp", ["0.0.0.0/0"])]))
    with bound(TCP, "::", 8000, socket.AF_INET6):
        (lost,) = used.lost(only4)
        assert consent.in_words(lost).endswith("IPv6)")
        assert used.told(nft_rules(policy(openings=[opening("8000", "tcp")]))) == []
        # Without an address that others can use, nobody speaks to it by IPv6.
        networks.run("ip", "-6", "address", "flush", "scope", "global")
        assert used.told(only4) == []


def test_a_client_that_waits_for_an_answer_is_no_loss(used: Used, monkeypatch: pytest.MonkeyPatch) -> None:
    with bound(UDP, HOST, 40000) as asking:
        monkeypatch.setattr(of_listeners.time, "sleep", lambda _seconds: asking.close())
        assert used.told(CLOSED) == []


def test_what_the_kernel_itself_listens_on_needs_no_second_look(used: Used, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.run("ip", "link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "47890", "local", HOST)
    networks.run("ip", "link", "set", "vx0", "up")
    monkeypatch.setattr(of_listeners.time, "sleep", lambda _seconds: pytest.fail("nobody waits for the kernel"))
    (lost,) = used.lost(CLOSED)
    assert consent.in_words(lost) == "listener udp port 47890 (no program holds it: the kernel's own)"


@pytest.mark.parametrize(("number", "name"), [(50, "esp"), (51, "ah"), (89, "ospf"), (112, "vrrp"), (200, "200")])
def test_a_raw_socket_is_a_loss(used: Used, number: int, name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, number):
        assert used.told(CLOSED) == [f"protocol {name}"]


@pytest.mark.parametrize("number", [socket.IPPROTO_ICMP, socket.IPPROTO_RAW])
def test_a_raw_socket_that_nobody_need_be_let_in_to_is_none(used: Used, number: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, number):
        assert used.told(CLOSED) == []


def joined(group: str) -> socket.socket:
    """A socket that makes this host a member of a group on the peer's network."""
    member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(HOST))
    return member


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ("224.0.0.18", ["multicast vrrp to 224.0.0.18/32"]),
        ("224.0.0.5", ["multicast ospf to 224.0.0.5/32"]),
        ("239.255.255.250", ["multicast udp port 1900 to 239.255.255.250/32"]),
        # Of a group that is anybody's, a port says what comes to it; here nobody listens.
        ("239.7.7.7", []),
    ],
)
def test_a_multicast_group_is_a_loss(used: Used, group: str, told: list[str]) -> None:
    with joined(group):
        assert used.told(CLOSED) == told


def test_a_group_says_nothing_more_than_the_protocol_that_is_lost(used: Used) -> None:
    with joined("224.0.0.18"), socket.socket(socket.AF_INET, socket.SOCK_RAW, 112):
        assert used.told(CLOSED) == ["protocol vrrp"]


def test_a_group_says_nothing_more_than_the_port_that_is_lost(used: Used) -> None:
    with joined("224.0.0.251"), bound(UDP, ALL, 5353):
        assert used.told(CLOSED) == ["listener udp port 5353"]
        assert used.told(nft_rules(policy(openings=[opening("5353")]))) == []


def test_a_rule_for_one_device_lets_not_everybody_in(used: Used) -> None:
    guests = 'iifname "docker0" ip saddr 172.17.0.0/16 counter accept'
    admitted = CLOSED.replace('iif "lo" accept', 'iif "lo" accept\n\t\t' + guests, 1)
    with bound(TCP, ALL, 8000), bound(UDP, HOST, 53):
        assert used.told(admitted) == ["listener tcp port 8000", "listener udp port 53"]


def test_what_is_refused_already_is_no_loss(used: Used) -> None:
    with bound(TCP, ALL, 8000):
        networks.run("nft", "-f", "-", text=CLOSED)
        assert used.told(nft_rules(policy(openings=[opening("53")]))) == []
        # A host that becomes a router refuses at one more hook.
        networks.run("ip", "-6", "address", "flush", "scope", "global")
        assert used.told(nft_rules(router(**PLANNED, outbound="flows"))) == ["network 10.9.0.0/24"]


def test_what_the_hosts_own_file_refuses_is_no_loss_after_a_flush(used: Used) -> None:
    host = Host(used.machine, Path(used.machine.root))
    wanted = ensure.Wanted(nft_rules(policy(openings=[opening("53")])), (), (), tolerate_drops=False)
    with bound(TCP, ALL, 8000):
        assert [use.protocol for use in ensure.compare(used.machine, wanted).lost] == ["tcp"]
        host.settle(CLOSED)
        networks.run("nft", "delete", "table", "inet", "faxnet")
        assert ensure.compare(used.machine, wanted).lost == ()
        Path(used.machine.path(RULES_FILE)).write_text("table {", encoding="utf-8")
        assert [use.protocol for use in ensure.compare(used.machine, wanted).lost] == ["tcp"]


@pytest.mark.parametrize("stance", ["additive", "observe"])
def test_rules_that_refuse_nothing_lose_nothing(used: Used, stance: str) -> None:
    lenient = nft_rules(policy(stance=stance))
    with bound(TCP, ALL, 8000):
        assert used.told(lenient) == []
        # And whoever has had such rules is told when they become strict.
        networks.run("nft", "-f", "-", text=lenient)
        assert used.told(CLOSED) == ["listener tcp port 8000"]
