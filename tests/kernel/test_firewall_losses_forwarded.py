# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host names what it forwards or leads on today and would not with new rules, each kind with real traffic."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import judgement
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.sessions import Session
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import rehearsed
from tests.kernel import networks
from tests.kernel.in_use import (
    ALL,
    CLOSED,
    HOST,
    NAMED,
    OTHER,
    PEER,
    PLANNED,
    ROUTER,
    ROUTER_NAMED,
    TCP,
    Used,
    bound,
    forwarding,
    opening,
)
from tests.unit.platforms.policies import nft_rules, permit, policy, router


def test_a_network_that_nothing_names_is_a_loss_while_it_is_forwarded_for(used: Used) -> None:
    networks.run("ip", "route", "add", "10.77.0.0/16", "via", OTHER)
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    # Who is planned may start connections to them, but they to nobody.
    assert used.told(ROUTER) == ["network 10.77.0.0/16", "network 10.9.0.0/24"]
    alone = nft_rules(router(**PLANNED, outbound="flows"))
    assert used.told(alone) == ["network 10.77.0.0/16", "network 10.9.0.0/24"]
    named = nft_rules(router(**PLANNED, outbound="flows", forward=[permit("10.1.0.0/24", OTHER)]))
    assert used.told(named) == ["network 10.77.0.0/16"]
    forwarding(False)
    assert used.told(alone) == []


def test_the_way_to_everything_else_is_no_network_and_ipv6_is_one(used: Used) -> None:
    networks.route(used.host, OTHER)
    assert used.told(nft_rules(router(**PLANNED, outbound="flows", forward=[permit(PEER, "0.0.0.0/0")]))) == [
        "network 2001:db8:1::/64"
    ]


def test_a_device_without_anybody_behind_it_is_no_network(used: Used) -> None:
    networks.run("ip", "link", "add", "br7", "type", "bridge")
    networks.run("ip", "address", "add", "172.17.0.1/16", "dev", "br7")
    networks.run("ip", "link", "set", "br7", "up")
    assert "network 172.17.0.0/16" not in used.told(nft_rules(router(**PLANNED, outbound="flows")))


def bridge(*addresses: str) -> None:
    """A bridge of this host with two ports, and addresses of its own."""
    networks.run("ip", "link", "add", "br7", "type", "bridge")
    for end in ("one", "two"):
        networks.run("ip", "link", "add", end, "type", "veth", "peer", "name", f"{end}-far")
        networks.run("ip", "link", "set", end, "master", "br7", "up")
        networks.run("ip", "link", "set", f"{end}-far", "up")
    for address in addresses:
        networks.run("ip", "address", "add", address, "dev", "br7")
    networks.run("ip", "link", "set", "br7", "up")


def shown(ip4: bool, ip6: bool) -> None:
    """Whether the filter sees what passes over a bridge."""
    for name, on in (("iptables", ip4), ("ip6tables", ip6)):
        Path("/proc/sys/net/bridge", f"bridge-nf-call-{name}").write_text(f"{int(on)}\n", encoding="ascii")


def test_a_bridge_that_the_filter_sees_is_a_loss(used: Used) -> None:
    forwarding(False)
    bridge()
    shown(True, False)
    assert used.told(ROUTER) == ["bridge br7"]
    assert used.told(CLOSED) == []  # a host that is no router has no forward chain
    shown(False, False)
    assert used.told(ROUTER) == []
    shown(True, True)
    (lost,) = used.lost(ROUTER)
    assert {packet.version for packet in lost.packets} == {4, 6}


def test_a_bridge_on_a_network_of_the_plan_is_named(used: Used) -> None:
    forwarding(False)
    bridge("10.66.0.1/24")
    shown(True, False)
    assert used.told(nft_rules(router(networks=["10.66.0.0/24"], source_nat=[]))) == []


def test_a_bridge_with_networks_is_a_loss_for_each(used: Used) -> None:
    forwarding(False)
    bridge("10.66.0.1/24", "10.67.0.1/24")
    shown(True, False)
    named = [permit("10.66.0.0/24", "10.66.0.0/24", "1-65535")]
    assert used.told(ROUTER) == ["bridge br7 10.66.0.0/24", "bridge br7 10.67.0.0/24"]
    assert used.told(nft_rules(router(**PLANNED, forward=named))) == ["bridge br7 10.67.0.0/24"]


@contextlib.contextmanager
def connection(used: Used, source: str, address: str, port: int) -> Iterator[None]:
    """A TCP connection from the peer to an address, which is in the host itself or in the other machine."""
    where = used.host if address == HOST else used.other
    with networks.listen(where, address, port) as listener:
        with networks.inside(used.peer):
            caller = socket.create_connection((address, port), 2, (source, 0))
        accepted, _peer = listener.accept()
        with caller, accepted:
            yield


TRACKING = (
    """
table inet watching {
  chain forward { type filter hook forward priority 50; policy accept; ct state established counter; }
}
""".replace("{ type", "{\n type")
    .replace("; }", ";\n}")
    .replace("; ", ";\n")
)


def test_a_session_with_this_host_is_a_loss_where_others_get_in_and_its_peer_does_not(used: Used) -> None:
    others = nft_rules(policy(openings=[opening("8000", "tcp", ["10.9.0.0/24"])]))
    with connection(used, PEER, HOST, 8000):
        assert used.told(others) == ["session tcp port 8000 from 10.1.0.0/24"]
        assert used.told(CLOSED) == ["listener tcp port 8000"]  # for everybody, and so for him
        assert used.told(nft_rules(policy(openings=[opening("8000", "tcp")]))) == []


def test_a_session_through_this_host_is_a_loss(used: Used) -> None:
    networks.run("nft", "-f", "-", text=TRACKING)
    named = [permit("10.1.0.99", OTHER, "1"), permit(OTHER, "10.1.0.99", "1")]
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    strict = {**PLANNED, "outbound": "flows"}
    with connection(used, PEER, OTHER, 443):
        told = used.told(nft_rules(router(**strict, forward=named)))
        assert told == ["session tcp port 443 from 10.1.0.0/24 to 10.9.0.0/24"]
        assert used.told(nft_rules(router(**strict, forward=[permit("10.1.0.0/24", "10.9.0.0/24", "443")]))) == []
        assert used.told(ROUTER_NAMED) == []


def test_a_session_of_a_network_that_is_lost_is_lost_with_it(used: Used) -> None:
    networks.run("nft", "-f", "-", text=TRACKING)
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    with connection(used, PEER, OTHER, 443):
        assert used.told(nft_rules(router(**PLANNED, outbound="flows"))) == ["network 10.9.0.0/24"]


def test_a_session_that_was_seen_from_its_middle_is_told_by_who_began_it(used: Used) -> None:
    """The kernel takes whoever it sees first for the one who began it."""
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    strict = {**PLANNED, "outbound": "flows"}
    with (
        networks.listen(used.other, OTHER, 44337) as listener,
        networks.inside(used.peer),
        socket.create_connection((OTHER, 44337), 2, (PEER, 40001)),
    ):
        accepted, _peer = listener.accept()
        with accepted, networks.inside(used.host):
            networks.run("nft", "-f", "-", text=TRACKING)
            accepted.sendall(b"from the server")
            named = [*NAMED, permit(PEER, OTHER, "44337")]
            assert used.told(nft_rules(router(**strict, forward=named))) == []
            lost = used.told(nft_rules(router(**strict, forward=NAMED)))
            assert lost == ["session tcp port 40001 from 10.9.0.0/24 to 10.1.0.0/24"]
            # Both ports may be a server's: that anything may go out excuses nothing.
            assert used.told(ROUTER_NAMED) == lost


@pytest.mark.parametrize(
    ("source_port", "port", "ends"), [(443, 40001, False), (40001, 443, True), (44337, 40001, True), (80, 443, True)]
)
def test_the_ports_say_who_began_a_session(used: Used, source_port: int, port: int, ends: bool) -> None:
    session = Session("forward", Packet(4, "tcp", OTHER, source_port, PEER, port))
    assert judgement.ends(rehearsed(used.machine, ROUTER_NAMED), session) is ends


def test_a_session_without_ports_is_told(used: Used) -> None:
    networks.run("nft", "-f", "-", text=TRACKING)
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    with networks.inside(used.peer):
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
    with sender:
        sender.sendto(struct.pack(">II", 1, 1) + bytes(16), (OTHER, 0))
    named = [permit("10.1.0.99", OTHER, "1"), permit(OTHER, "10.1.0.99", "1")]
    told = used.told(nft_rules(router(**PLANNED, outbound="flows", forward=named)))
    assert told == ["session esp from 10.1.0.0/24 to 10.9.0.0/24"]


def test_many_sessions_are_few_lines(used: Used) -> None:
    networks.run("nft", "-f", "-", text=TRACKING)
    networks.run("ip", "-6", "address", "flush", "scope", "global")
    networks.route(used.host, OTHER)
    with contextlib.ExitStack() as held:
        for number in range(40):
            networks.run("ip", "-n", used.other, "address", "add", f"198.51.{number}.7/32", "dev", "lo")
            held.enter_context(connection(used, PEER, f"198.51.{number}.7", 443))
        named = [permit("10.1.0.99", OTHER, "1"), permit(OTHER, "10.1.0.99", "1")]
        told = used.told(nft_rules(router(**PLANNED, outbound="flows", forward=named)))
    assert told == ["session tcp port 443 from 10.1.0.0/24 to 0.0.0.0/0"]


def docker(*rules: str) -> None:
    """What iptables is told by Docker, and by whoever publishes ports."""
    for rule in rules:
        networks.run("iptables-nft", "-t", "nat", *rule.split())


PUBLISHED = "-A PREROUTING ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.2:80"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (PUBLISHED, "published tcp port 8080 to 10.9.0.2/32"),
        (
            PUBLISHED.replace("-p tcp", "-s 203.0.113.9 -p tcp"),
            "published tcp port 8080 from 203.0.113.9/32 to 10.9.0.2/32",
        ),
        ("-A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353", "published udp port 53"),
        ("-A PREROUTING -p esp -j DNAT --to-destination 10.9.0.2", "published esp to 10.9.0.2/32"),
    ],
)
def test_what_iptables_leads_on_is_a_loss(used: Used, rule: str, told: str) -> None:
    docker(rule)
    assert used.told(ROUTER_NAMED) == [told]


def test_what_is_led_on_is_named_by_where_it_arrives(used: Used) -> None:
    docker(PUBLISHED)
    named = [*NAMED, permit("203.0.113.7", OTHER, "80")]
    assert used.told(nft_rules(router(**PLANNED, forward=named))) == []
    other = [*NAMED, permit("203.0.113.7", OTHER, "8080")]
    assert used.told(nft_rules(router(**PLANNED, forward=other))) == ["published tcp port 8080 to 10.9.0.2/32"]
    # A host that is no router has no forward chain, and what is led on past its input is not refused.
    assert used.told(CLOSED) == []


def test_a_port_that_is_led_on_past_the_input_is_no_listeners(used: Used) -> None:
    """Docker's proxy listens on what it publishes, and what comes from others never gets there."""
    docker(PUBLISHED)
    with bound(TCP, ALL, 8080), bound(TCP, HOST, 8081):
        assert used.told(CLOSED) == ["listener tcp port 8081"]
        forwarding(False)
        assert used.told(CLOSED) == ["listener tcp port 8080", "listener tcp port 8081"]


NETAVARK = """
table ip other {
  chain side {
    tcp dport 8443 dnat to 10.9.0.2:443
  }
  chain lead {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump side
  }
}
"""


def test_what_nft_leads_on_is_a_loss(used: Used) -> None:
    networks.run("nft", "-f", "-", text=NETAVARK)
    assert used.told(ROUTER_NAMED) == ["published tcp port 8443 to 10.9.0.2/32"]


def test_a_masked_network_that_no_route_tells_of_is_a_loss(used: Used) -> None:
    docker("-A POSTROUTING -s 172.31.0.0/16 -j MASQUERADE")
    strict = nft_rules(router(**PLANNED, outbound="flows"))
    assert "network 172.31.0.0/16" in used.told(strict)
