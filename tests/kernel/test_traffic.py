# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets through the rendered rules: what a flow names passes, everything else does not."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from tests.kernel import networks
from tests.kernel.offices import CLIENTS, PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.networks import ports_of, two_offices
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router


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
    networks.load(net.router, nft_rules(router(destination_nat=nat, forward=through)))
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
    networks.load(net.router, nft_rules(router()))
    with networks.listen(net.outside, SERVER, 7488) as listener:
        assert networks.connects(net.office, SERVER, 7488, source=CLIENTS[3])
        accepted, peer = listener.accept()
        assert peer[0] == PUBLIC
        accepted.close()
    with networks.listen(net.office, CLIENTS[3], 7488):
        assert not networks.connects(net.outside, CLIENTS[3], 7488, source=SERVER)


def test_outbound_flows_lets_out_only_what_a_flow_names(net: Net) -> None:
    rules = router(outbound="flows", forward=[permit(CLIENTS[3], SERVER, "7488")])
    networks.load(net.router, nft_rules(rules))
    with networks.listen(net.outside, SERVER, 7488), networks.listen(net.outside, SERVER, 7489):
        assert networks.connects(net.office, SERVER, 7488, source=CLIENTS[3])
        assert not networks.connects(net.office, SERVER, 7489, source=CLIENTS[3])
        assert not networks.connects(net.office, SERVER, 7488, source=CLIENTS[4])


def test_ipv6_passes_by_the_same_rules_without_translation(net: Net) -> None:
    rules = router(
        networks=["10.2.0.0/24", "2001:db8:2::/64"],
        forward=[permit("2001:db8:1::10", "2001:db8:2::21", "10000-10099")],
    )
    networks.load(net.router, nft_rules(rules))
    with networks.listen(net.office, "2001:db8:2::21", 10099), networks.listen(net.office, "2001:db8:2::21", 10100):
        assert networks.connects(net.outside, "2001:db8:2::21", 10099)
        assert not networks.connects(net.outside, "2001:db8:2::21", 10100)
    with networks.listen(net.outside, "2001:db8:1::10", 7488):
        assert networks.connects(net.office, "2001:db8:1::10", 7488)


def test_a_host_lets_in_management_and_its_flows_and_counts_what_it_refuses(net: Net) -> None:
    only_server = [{"transport": "tcp", "ports": "22", "sources": [f"{STRANGER}/32"]}]
    rules = policy(management=only_server, input=[permit(SERVER, "198.51.100.1", "7488")])
    networks.load(net.router, nft_rules(rules))
    with networks.listen(net.router, "198.51.100.1", 22), networks.listen(net.router, "198.51.100.1", 7488):
        assert networks.connects(net.outside, "198.51.100.1", 22, source=STRANGER)
        assert networks.connects(net.outside, "198.51.100.1", 7488, source=SERVER)
        assert not networks.connects(net.outside, "198.51.100.1", 22, source=SERVER)
        assert not networks.connects(net.outside, "198.51.100.1", 7488, source=STRANGER)
    with networks.inside(net.router):
        counter = networks.run("nft", "list", "counter", "inet", "faxnet", "faxnet_refused")
    assert "packets 0 " not in counter


@pytest.mark.acceptance("FP-10")
def test_an_alert_passes_from_the_servers_port_to_any_port_of_the_client_and_from_no_other(net: Net) -> None:
    """Through a router and into a host, both with rules of their own."""
    client = CLIENTS[5]
    entry = permit(SERVER, client, "1-65535", transport="udp", source_ports="4644")
    networks.load(net.router, nft_rules(router(source_nat=[], outbound="flows", forward=[entry])))
    networks.load(net.office, nft_rules(policy(input=[entry])))
    try:
        with (
            networks.datagrams(net.outside, SERVER, 4644) as right,
            networks.datagrams(net.outside, SERVER, 4645) as wrong,
            networks.datagrams(net.outside, STRANGER, 4644) as stranger,
        ):
            for port in (1, 5555, 65535):
                with networks.datagrams(net.office, client, port) as receiver:
                    wrong.sendto(b"another port", (client, port))
                    stranger.sendto(b"another sender", (client, port))
                    right.sendto(b"alert", (client, port))
                    assert networks.received(receiver) == (b"alert", (SERVER, 4644))
                    assert networks.received(receiver) is None
    finally:
        networks.load(net.office, "delete table inet faxnet")


@pytest.mark.acceptance("FP-08", "FP-09")
def test_a_request_is_answered_through_nat_and_nobody_else_answers(net: Net) -> None:
    client = CLIENTS[6]
    networks.load(net.router, nft_rules(router(outbound="flows", forward=[request(client)])))
    with (
        networks.datagrams(net.office, client) as asking,
        networks.datagrams(net.outside, SERVER, 4644) as server,
        networks.datagrams(net.outside, SERVER, 4645) as beside,
    ):
        asking.sendto(b"request", (SERVER, 4644))
        arrived = networks.received(server)
        assert arrived is not None
        assert arrived[1][0] == PUBLIC
        beside.sendto(b"not asked", arrived[1])
        server.sendto(b"response", arrived[1])
        assert networks.received(asking) == (b"response", (SERVER, 4644))
        assert networks.received(asking) is None


def request(client: str) -> dict[str, Any]:
    """A client's request to a FaxPress."""
    return permit(client, SERVER, "4644", transport="udp")


@pytest.mark.acceptance("NR-08", "NR-20")
def test_the_planned_two_offices_carry_notifications_to_each_client(net: Net) -> None:
    """From an inventory to packets: the router's slice of a whole plan, loaded as it is."""
    offices = two_offices()
    plan = offices.plan()
    parts = {item.host: json.loads(item.content) for item in PlanDocuments(plan).slices}
    for part in parts.values():
        networks.checked_by_nft(nft_rules(part["policy"]))
    for last in (10, 21, 22):
        networks.run("ip", "-n", net.office, "address", "add", f"10.2.0.{last}/32", "dev", "lo")
    networks.load(net.router, nft_rules(parts["uk-router"]["policy"]))
    for client, address in {"uk-ts1": "10.2.0.10", "uk-pc1": "10.2.0.21", "uk-pc2": "10.2.0.22"}.items():
        first = int(ports_of(plan, client).partition("-")[0])
        with networks.listen(net.office, address, first) as listener:
            assert networks.connects(net.outside, PUBLIC, first, source=SERVER), f"{first} to {client}"
            listener.accept()[0].close()
            assert not networks.connects(net.outside, PUBLIC, first, source=STRANGER)


FORGED = "10.2.0.100"


@pytest.mark.parametrize(("reverse_path", "taken"), [("strict", False), ("loose", True), ("off", True)])
def test_an_address_of_the_office_worn_on_the_providers_side_gets_nowhere(
    net: Net, reverse_path: str, taken: bool
) -> None:
    """Neither in, to what is open to the office, nor out again under the office's own address."""
    to_the_office = {"name": "log", "transport": "udp", "ports": "5000", "sources": ["10.2.0.0/24"]}
    networks.load(net.router, nft_rules(router(reverse_path=reverse_path, openings=[to_the_office])))
    networks.run("ip", "-n", net.outside, "address", "add", f"{FORGED}/32", "dev", "lo")
    networks.run("ip", "-n", net.router, "route", "add", "192.0.2.0/24", "via", SERVER)
    try:
        with (
            networks.datagrams(net.outside, FORGED) as forging,
            networks.datagrams(net.router, "198.51.100.1", 5000) as log,
        ):
            forging.sendto(b"in", ("198.51.100.1", 5000))
            assert (networks.received(log) is not None) == taken
            forging.sendto(b"out", ("192.0.2.77", 7488))
        with networks.inside(net.router):
            out = re.search(r'packets (\d+) .*"outbound any"', networks.run("nft", "list", "table", "inet", "faxnet"))
        assert out is not None
        assert (out[1] != "0") == taken
    finally:
        networks.run("ip", "-n", net.outside, "address", "del", f"{FORGED}/32", "dev", "lo")
        networks.run("ip", "-n", net.router, "route", "del", "192.0.2.0/24")


def test_pings_with_one_id_are_limited_too(net: Net) -> None:
    networks.load(net.router, nft_rules(router()))
    answered = 0
    with (
        networks.inside(net.outside),
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as pinging,
    ):
        pinging.settimeout(0.3)
        for number in range(400):
            pinging.sendto(echo_request(7, number), ("198.51.100.1", 0))
        with contextlib.suppress(TimeoutError):
            while True:
                answered += pinging.recv(100)[20] == ECHO_REPLY
    assert 0 < answered < 100  # 20 a second, and what a burst may hold


ECHO_REQUEST, ECHO_REPLY = 8, 0


def echo_request(identifier: int, number: int) -> bytes:
    """A ping (RFC 792)."""
    words = (ECHO_REQUEST << 8, 0, identifier, number)
    total = sum(words)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return struct.pack("!4H", words[0], checksum, identifier, number)


@pytest.mark.parametrize(
    ("wish", "seen"),
    [
        (None, (1460, 1440)),
        ({"size": None}, (1452, 1432)),
        ({"size": 1300}, (1300, 1300)),
        ({"size": 9000}, (1460, 1440)),
        ({"size": None, "interfaces": ["b*"]}, (1452, 1432)),
        ({"size": None, "interfaces": ["ppp0"]}, (1460, 1440)),
    ],
)
def test_both_sides_of_a_connection_name_no_more_than_fits(
    net: Net, wish: dict[str, Any] | None, seen: tuple[int, int]
) -> None:
    """The router's outside holds 1492 bytes, as PPPoE does, and neither end knows of it."""
    four, six = permit(SERVER, CLIENTS[0], "10000"), permit("2001:db8:1::10", "2001:db8:2::21", "10000")
    rules = router(networks=["10.2.0.0/24", "2001:db8:2::/64"], forward=[four, six], clamp_mss=wish, reverse_path="off")
    networks.load(net.router, nft_rules(rules))
    with networks.inside(net.router):
        outside = json.loads(networks.run("ip", "-j", "route", "get", SERVER))[0]["dev"]
    networks.run("ip", "-n", net.router, "link", "set", outside, "mtu", "1492")
    try:
        for place, (ours, theirs) in enumerate(((CLIENTS[0], SERVER), ("2001:db8:2::21", "2001:db8:1::10"))):
            for side, (start, source), (end, target) in (
                ("outward", (net.office, ours), (net.outside, theirs)),
                ("inward", (net.outside, theirs), (net.office, ours)),
            ):
                with networks.inside(end), syns() as heard, networks.listen(end, target, 10000):
                    assert networks.connects(start, target, 10000, source=source), side
                    assert segment_size(heard) == seen[place], side
    finally:
        networks.run("ip", "-n", net.router, "link", "set", outside, "mtu", "1500")


@contextlib.contextmanager
def syns() -> Iterator[socket.socket]:
    """Everything that arrives where this process stands."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)) as heard:
        heard.settimeout(2)
        yield heard


ETH_P_ALL, SYN, ACK = 3, 2, 16


def segment_size(heard: socket.socket) -> int:
    """The option of the next SYN to port 10000 (RFC 9293, 3.1 and 3.2)."""
    while True:
        packet, (_interface, _protocol, kind, *_rest) = heard.recvfrom(2048)
        if kind == socket.PACKET_OUTGOING:
            continue
        version = packet[0] >> 4
        transport, start = (packet[9], 4 * (packet[0] & 15)) if version == 4 else (packet[6], 40)
        tcp = packet[start:]
        if transport != socket.IPPROTO_TCP or tcp[2:4] != struct.pack("!H", 10000) or tcp[13] & (SYN | ACK) != SYN:
            continue
        options = tcp[20 : 4 * (tcp[12] >> 4)]
        while options:
            if options[0] == 2:
                return int(struct.unpack("!H", options[2:4])[0])
            options = options[1 if options[0] == 1 else options[1] :]
        raise AssertionError("a SYN without a segment size")
