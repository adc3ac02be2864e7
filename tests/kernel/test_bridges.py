# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router whose LAN is a bridge that shows its frames to the packet filter, as br_netfilter does: guests, containers.

one -- [bridge of the router, 10.2.0.1] -- other
                 |
              outside
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, router, stateless_rules

ONE, OTHER, SERVER = "10.2.0.101", "10.2.0.102", "198.51.100.10"
ONE6, OTHER6 = "2001:db8:2::101", "2001:db8:2::102"
LAN = ["10.2.0.0/24", "2001:db8:2::/64"]
_SHOWN = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


class Bridge(NamedTuple):
    """Namespaces."""

    router: str
    one: str
    other: str
    outside: str


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    """A router with a bridge and two machines on it, and a machine outside that can wear any address."""
    with (
        networks.namespace("router") as gateway,
        networks.namespace("one") as one,
        networks.namespace("other") as other,
        networks.namespace("outside") as outside,
    ):
        networks.run("ip", "-n", gateway, "link", "add", "br0", "type", "bridge")
        for address in ("10.2.0.1/24", "2001:db8:2::1/64"):
            dad = ["nodad"] if ":" in address else ["broadcast", "10.2.0.255"]
            networks.run("ip", "-n", gateway, "address", "add", address, "dev", "br0", *dad)
        networks.run("ip", "-n", gateway, "link", "set", "br0", "up")
        for number, (where, addresses) in enumerate(((one, (ONE, ONE6)), (other, (OTHER, OTHER6)))):
            port = f"port{number}"
            networks.run(
                *("ip", "link", "add", port, "netns", gateway, "type", "veth"), *("peer", "name", "lan", "netns", where)
            )
            networks.run("ip", "-n", gateway, "link", "set", port, "master", "br0", "up")
            networks.run("ip", "-n", where, "address", "add", f"{addresses[0]}/24", "broadcast", "+", "dev", "lan")
            networks.run("ip", "-n", where, "address", "add", f"{addresses[1]}/64", "dev", "lan", "nodad")
            networks.run("ip", "-n", where, "link", "set", "lan", "up")
            networks.route(where, "10.2.0.1")
        networks.link(outside, [f"{SERVER}/24", f"{ONE}/32"], gateway, ["198.51.100.1/24", "203.0.113.20/32"])
        networks.route(outside, "198.51.100.1")
        with networks.inside(gateway):
            if not _SHOWN.exists():
                pytest.skip("this kernel has no br_netfilter")
            for setting in ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"):
                Path("/proc/sys", setting).write_text("1\n", encoding="ascii")
            for setting in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
                Path("/proc/sys", setting).write_text("1\n", encoding="ascii")
        yield Bridge(gateway, one, other, outside)


def flush_neighbours(bridge: Bridge) -> None:
    """Let both machines ask for each other anew."""
    for where in (bridge.one, bridge.other):
        networks.run("ip", "-n", where, "neigh", "flush", "all")


@pytest.mark.parametrize("more", [[], ["10.3.0.0/24", "10.2.1.0/24", "203.0.113.7/32", "2001:db8:3::/64"]])
@pytest.mark.parametrize("reverse_path", ["strict", "loose", "off"])
def test_what_stays_inside_one_network_passes(bridge: Bridge, reverse_path: str, more: list[str]) -> None:
    rules = router(networks=[*LAN, *more], reverse_path=reverse_path, outbound="flows")
    networks.load(bridge.router, nft_rules(rules))
    flush_neighbours(bridge)
    for address in (OTHER, OTHER6):
        with networks.listen(bridge.other, address, 445):
            assert networks.connects(bridge.one, address, 445, patience=3)


def test_what_stays_inside_one_network_passes_without_connection_tracking(bridge: Bridge) -> None:
    networks.load(bridge.router, stateless_rules(router(networks=LAN, source_nat=[], public=[], outbound="flows")))
    flush_neighbours(bridge)
    for address in (OTHER, OTHER6):
        with networks.listen(bridge.other, address, 445):
            assert networks.connects(bridge.one, address, 445, patience=3)


@pytest.mark.parametrize(
    "destination", ["255.255.255.255", "10.2.0.255", "224.0.0.251", "239.255.255.250", "ff02::fb%lan"]
)
def test_what_goes_to_all_or_to_a_group_passes(bridge: Bridge, destination: str) -> None:
    """Guests ask for their addresses by broadcast, and find printers by multicast."""
    networks.load(bridge.router, nft_rules(router(networks=LAN, outbound="flows")))
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    with networks.inside(bridge.other):
        receiver = socket.socket(family, socket.SOCK_DGRAM)
        scope = socket.if_nametoindex("lan")
    with receiver:
        receiver.bind(("", 5353))
        receiver.settimeout(1)
        if destination.startswith(("224.", "239.")):
            group = socket.inet_aton(destination) + socket.inet_aton(OTHER)
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        elif family == socket.AF_INET6:
            group = socket.inet_pton(family, "ff02::fb") + scope.to_bytes(4, "little")
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        with networks.inside(bridge.one), socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if family == socket.AF_INET:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ONE))
                sender.sendto(b"who is there", (destination, 5353))
            else:
                sender.sendto(b"who is there", ("ff02::fb", 5353, 0, socket.if_nametoindex("lan")))
        assert receiver.recv(100) == b"who is there"


@pytest.mark.parametrize("reverse_path", ["strict", "loose", "off"])
def test_who_wears_an_address_of_the_network_outside_gets_nothing_in(bridge: Bridge, reverse_path: str) -> None:
    networks.load(bridge.router, nft_rules(router(networks=LAN, reverse_path=reverse_path)))
    with networks.datagrams(bridge.other, OTHER, 5000) as receiver:
        with networks.datagrams(bridge.outside, ONE) as forging:
            forging.sendto(b"forged", (OTHER, 5000))
        assert networks.received(receiver) is None
        with networks.datagrams(bridge.one, ONE, 5001) as sender:
            sender.sendto(b"true", (OTHER, 5000))
        assert networks.received(receiver) == (b"true", (ONE, 5001))
