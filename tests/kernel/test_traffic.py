# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets through the rendered rules: what a flow names passes, everything else does not."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils import slices
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms import nftables
from tests.kernel import networks
from tests.unit.engine.networks import ports_of, two_offices
from tests.unit.platforms.policies import forward, permit, policy, router

SERVER, STRANGER, PUBLIC = "198.51.100.10", "198.51.100.66", "203.0.113.20"
CLIENTS = [f"10.2.0.{n}" for n in range(100, 140)]


@dataclass(frozen=True)
class Net:
    """Namespaces: a fax server and a stranger on the Internet, a router, the office behind it."""

    outside: str
    router: str
    office: str


@contextlib.contextmanager
def two_sides() -> Iterator[Net]:
    """The Internet's side with two addresses, a router that forwards, an office with forty addresses."""
    with (
        networks.namespace("outside") as outside,
        networks.namespace("router") as gateway,
        networks.namespace("office") as office,
    ):
        wan = [f"{SERVER}/24", f"{STRANGER}/24", "2001:db8:1::10/64"]
        networks.link(outside, wan, gateway, ["198.51.100.1/24", f"{PUBLIC}/32", "2001:db8:1::1/64"])
        lan = [f"{client}/24" for client in CLIENTS]
        networks.link(office, [*lan, "2001:db8:2::21/64"], gateway, ["10.2.0.1/24", "2001:db8:2::1/64"])
        networks.route(outside, "198.51.100.1")
        networks.route(office, "10.2.0.1")
        networks.run("ip", "-n", outside, "-6", "route", "add", "default", "via", "2001:db8:1::1")
        networks.run("ip", "-n", office, "-6", "route", "add", "default", "via", "2001:db8:2::1")
        with networks.inside(gateway):
            for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                Path("/proc/sys/net", setting).write_text("1\n", encoding="ascii")
        yield Net(outside, gateway, office)


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """One network for all tests of this file; each loads its own rules."""
    with two_sides() as made:
        yield made


@pytest.mark.acceptance("NR-08", "NR-20")
def test_forty_ranges_each_lead_to_their_own_client_and_nowhere_else(net: Net) -> None:
    spans = {client: (10000 + 10 * n, 10009 + 10 * n) for n, client in enumerate(CLIENTS)}
    nat = [forward(SERVER, PUBLIC, f"{low}-{high}", client) for client, (low, high) in spans.items()]
    through = [permit(SERVER, client, f"{low}-{high}") for client, (low, high) in spans.items()]
    networks.load(net.router, nftables.render(router(destination_nat=nat, forward=through)))
    for client, (low, high) in spans.items():
        for port in (low, high):
            with networks.listen(net.office, client, port) as listener:
                assert networks.connects(net.outside, PUBLIC, port, source=SERVER), f"{port} to {client}"
                accepted, peer = listener.accept()
                assert (peer[0], accepted.getsockname()) == (SERVER, (client, port))
                accepted.close()
    # The listeners are there; only the rules stand between.
    for address, port in ((CLIENTS[0], 9999), (CLIENTS[-1], 10400)):
        with networks.listen(net.office, address, port):
            assert not networks.connects(net.outside, PUBLIC, port, source=SERVER), f"neighbouring port {port}"
    with networks.listen(net.office, CLIENTS[0], 10000):
        assert not networks.connects(net.outside, PUBLIC, 10000, source=STRANGER), "another sender"
        assert not networks.connects(net.outside, CLIENTS[0], 10000, source=STRANGER), "past the translation"


def test_outbound_any_lets_the_office_out_in_the_routers_address_and_nobody_in(net: Net) -> None:
    networks.load(net.router, nftables.render(router()))
    with networks.listen(net.outside, SERVER, 7488) as listener:
        assert networks.connects(net.office, SERVER, 7488, source=CLIENTS[3])
        accepted, peer = listener.accept()
        assert peer[0] == PUBLIC
        accepted.close()
    with networks.listen(net.office, CLIENTS[3], 7488):
        assert not networks.connects(net.outside, CLIENTS[3], 7488, source=SERVER)


def test_outbound_flows_lets_out_only_what_a_flow_names(net: Net) -> None:
    rules = router(outbound="flows", forward=[permit(CLIENTS[3], SERVER, "7488")])
    networks.load(net.router, nftables.render(rules))
    with networks.listen(net.outside, SERVER, 7488), networks.listen(net.outside, SERVER, 7489):
        assert networks.connects(net.office, SERVER, 7488, source=CLIENTS[3])
        assert not networks.connects(net.office, SERVER, 7489, source=CLIENTS[3])
        assert not networks.connects(net.office, SERVER, 7488, source=CLIENTS[4])


def test_ipv6_passes_by_the_same_rules_without_translation(net: Net) -> None:
    rules = router(
        networks=["10.2.0.0/24", "2001:db8:2::/64"],
        forward=[permit("2001:db8:1::10", "2001:db8:2::21", "10000-10099")],
    )
    networks.load(net.router, nftables.render(rules))
    with networks.listen(net.office, "2001:db8:2::21", 10099), networks.listen(net.office, "2001:db8:2::21", 10100):
        assert networks.connects(net.outside, "2001:db8:2::21", 10099)
        assert not networks.connects(net.outside, "2001:db8:2::21", 10100)
    with networks.listen(net.outside, "2001:db8:1::10", 7488):
        assert networks.connects(net.office, "2001:db8:1::10", 7488)


def test_a_host_lets_in_management_and_its_flows_and_counts_what_it_refuses(net: Net) -> None:
    only_server = [{"transport": "tcp", "ports": "22", "sources": [f"{STRANGER}/32"]}]
    rules = policy(management=only_server, input=[permit(SERVER, "198.51.100.1", "7488")])
    networks.load(net.router, nftables.render(rules))
    with networks.listen(net.router, "198.51.100.1", 22), networks.listen(net.router, "198.51.100.1", 7488):
        assert networks.connects(net.outside, "198.51.100.1", 22, source=STRANGER)
        assert networks.connects(net.outside, "198.51.100.1", 7488, source=SERVER)
        assert not networks.connects(net.outside, "198.51.100.1", 22, source=SERVER)
        assert not networks.connects(net.outside, "198.51.100.1", 7488, source=STRANGER)
    with networks.inside(net.router):
        counter = networks.run("nft", "list", "counter", "inet", "faxnet", "faxnet_refused")
    assert "packets 0 " not in counter


def test_udp_answers_come_back_and_unasked_packets_do_not(net: Net) -> None:
    """FaxAlert's shape: the sender's port is part of the rule."""
    entry = permit(SERVER, "198.51.100.1", "5000-6000", transport="udp", source_ports="4644")
    networks.load(net.router, nftables.render(policy(input=[entry])))
    with networks.inside(net.router):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with networks.inside(net.outside):
        right, wrong = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _number in range(2))
    with receiver, right, wrong:
        receiver.bind(("198.51.100.1", 5555))
        receiver.settimeout(0.4)
        right.bind((SERVER, 4644))
        wrong.bind((SERVER, 4645))
        wrong.sendto(b"wrong", ("198.51.100.1", 5555))
        right.sendto(b"right", ("198.51.100.1", 5555))
        assert receiver.recv(16) == b"right"
        with pytest.raises(TimeoutError):
            receiver.recv(16)


def test_a_new_connection_costs_the_same_with_ten_thousand_entries(net: Net) -> None:
    """A sanity bound on the shape, wide enough for a busy machine; the measurement proper is `make bench`."""
    entries = [permit(f"172.{16 + n // 65536}.{n // 256 % 256}.{n % 256}", "198.51.100.1") for n in range(10_000)]
    entries.append(permit(SERVER, "198.51.100.1"))

    def median_of_connects() -> float:
        times = []
        with networks.listen(net.router, "198.51.100.1", 7488) as listener:
            for _number in range(101):
                began = time.perf_counter()
                assert networks.connects(net.outside, "198.51.100.1", 7488, source=SERVER)
                times.append(time.perf_counter() - began)
                listener.accept()[0].close()
        return sorted(times)[len(times) // 2]

    networks.load(net.router, nftables.render(policy(input=entries[-1:])))
    one = min(median_of_connects() for _number in range(3))
    networks.load(net.router, nftables.render(policy(input=entries)))
    many = min(median_of_connects() for _number in range(3))
    assert many < 1.5 * one, f"{many * 1e6:.0f} us with 10,001 entries, {one * 1e6:.0f} us with one"


@pytest.mark.acceptance("NR-08", "NR-20")
def test_the_planned_two_offices_carry_notifications_to_each_client(net: Net) -> None:
    """From an inventory to packets: the router's slice of a whole plan, loaded as it is."""
    offices = two_offices()
    plan = offices.plan()
    parts = {item.host: json.loads(item.text) for item in slices.describe(plan).slices}
    for part in parts.values():
        networks.checked_by_nft(nftables.render(part["policy"]))
    for last in (10, 21, 22):
        networks.run("ip", "-n", net.office, "address", "add", f"10.2.0.{last}/32", "dev", "lo")
    networks.load(net.router, nftables.render(parts["uk-router"]["policy"]))
    for client, address in {"uk-ts1": "10.2.0.10", "uk-pc1": "10.2.0.21", "uk-pc2": "10.2.0.22"}.items():
        first = int(ports_of(plan, client).partition("-")[0])
        with networks.listen(net.office, address, first) as listener:
            assert networks.connects(net.outside, PUBLIC, first, source=SERVER), f"{first} to {client}"
            listener.accept()[0].close()
            assert not networks.connects(net.outside, PUBLIC, first, source=STRANGER)
