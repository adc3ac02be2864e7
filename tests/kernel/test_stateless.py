# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets through devices that remember no connections: the client's host, the router and the server's host."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel import networks
from tests.kernel.offices import CLIENTS, SERVER, STRANGER, Net, two_sides
from tests.unit.platforms.policies import permit, policy, router, stateless_rules

CLIENT, OTHER = CLIENTS[:2]
REQUESTS, LOGINS = 4644, 7488
#: How Linux is told never to fragment (linux/in.h); the socket module has no names for it.
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2

#: The kernel tracks from the first rule on that asks for it, whoever's rule that is.
SOMEBODY_WHO_TRACKS = """
table inet other {
  chain other {
    type filter hook input priority 10; policy accept;
    ct state new counter
  }
}
"""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """Three devices, each with its own part of: the client asks by UDP and logs in by TCP."""
    flows = [
        permit(CLIENT, SERVER, str(REQUESTS), transport="udp", flows=["faxpress.request/pc>fp"]),
        permit(CLIENT, SERVER, str(LOGINS), flows=["netcfax.pcp/pc>fl-fax"]),
    ]
    render = stateless_rules
    with two_sides() as made:
        for device in (made.outside, made.router, made.office):
            networks.load(device, SOMEBODY_WHO_TRACKS)
        networks.load(made.office, render(policy(output=flows)))
        networks.load(made.router, render(router(outbound="flows", source_nat=[], forward=flows)))
        networks.load(made.outside, render(policy(input=flows)))
        yield made


@pytest.mark.acceptance("FP-08", "FP-09")
def test_a_request_from_any_port_is_answered_from_the_servers_port(net: Net) -> None:
    with networks.datagrams(net.outside, SERVER, REQUESTS) as server:
        for port in (0, 1024, 65535):
            with networks.datagrams(net.office, CLIENT, port) as client:
                client.sendto(b"request", (SERVER, REQUESTS))
                request = networks.received(server)
                assert request is not None
                server.sendto(b"response", request[1])
                assert networks.received(client) == (b"response", (SERVER, REQUESTS))


def test_a_datagram_from_another_port_or_sender_or_for_another_client_is_refused(net: Net) -> None:
    with (
        networks.datagrams(net.office, CLIENT, 5000) as client,
        networks.datagrams(net.office, OTHER, 5000) as other,
        networks.datagrams(net.outside, SERVER, REQUESTS) as server,
        networks.datagrams(net.outside, SERVER, REQUESTS + 1) as beside,
        networks.datagrams(net.outside, STRANGER, REQUESTS) as stranger,
    ):
        beside.sendto(b"another port", (CLIENT, 5000))
        stranger.sendto(b"a stranger", (CLIENT, 5000))
        server.sendto(b"another client", (OTHER, 5000))
        assert networks.received(client) is None
        assert networks.received(other) is None
        server.sendto(b"right", (CLIENT, 5000))
        assert networks.received(client) == (b"right", (SERVER, REQUESTS)), "the way itself is open"


def test_a_request_to_another_port_is_refused(net: Net) -> None:
    with (
        networks.datagrams(net.office, CLIENT) as client,
        networks.datagrams(net.outside, SERVER, REQUESTS + 1) as beside,
    ):
        client.sendto(b"request", (SERVER, REQUESTS + 1))
        assert networks.received(beside) is None


def test_tcp_connects_and_talks_the_way_that_a_flow_names_and_no_other(net: Net) -> None:
    with networks.listen(net.outside, SERVER, LOGINS) as listener:
        with networks.inside(net.office):
            client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with client:
            client.settimeout(2)
            client.bind((CLIENT, 0))
            client.connect((SERVER, LOGINS))
            server, _peer = listener.accept()
            with server:
                server.settimeout(2)
                client.sendall(b"login")
                assert server.recv(16) == b"login"
                server.sendall(b"welcome")
                assert client.recv(16) == b"welcome"
    with networks.listen(net.outside, SERVER, LOGINS + 1):
        assert not networks.connects(net.office, SERVER, LOGINS + 1, source=CLIENT), "another port"
    with networks.listen(net.office, CLIENT, 7485):
        assert not networks.connects(net.outside, CLIENT, 7485, source=SERVER), "the other way"


def test_a_first_packet_from_the_port_of_a_service_is_no_answer(net: Net) -> None:
    """A caller may choose its own port: flags, and not ports, tell TCP's answers."""
    with networks.listen(net.office, CLIENT, 7485), networks.inside(net.outside):
        caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with caller:
            caller.settimeout(0.4)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            caller.bind((SERVER, LOGINS))
            with pytest.raises(TimeoutError):
                caller.connect((CLIENT, 7485))


def test_a_host_reaches_what_it_starts_by_tcp_itself_and_is_managed(net: Net) -> None:
    """No flow names these; the hosts' own business passes, through no other device of ours."""
    with networks.listen(net.outside, "198.51.100.10", 22):
        assert networks.connects(net.router, "198.51.100.10", 22)
    with networks.listen(net.router, "198.51.100.1", 22), networks.listen(net.router, "198.51.100.1", 23):
        assert networks.connects(net.outside, "198.51.100.1", 22)
        assert not networks.connects(net.outside, "198.51.100.1", 23)


def test_the_path_mtu_is_found_through_the_router(net: Net) -> None:
    with networks.inside(net.router):
        ways = networks.run("ip", "-o", "route", "get", CLIENT)
    inner = ways.split(" dev ")[1].split()[0]
    networks.run("ip", "-n", net.router, "link", "set", inner, "mtu", "1300")
    try:
        with networks.datagrams(net.outside, SERVER, REQUESTS) as server:
            server.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            server.sendto(b"x" * 1400, (CLIENT, 5000))
            assert too_long_now(server), "the router's word that the datagram is too long did not arrive"
    finally:
        networks.run("ip", "-n", net.router, "link", "set", inner, "mtu", "1500")


def too_long_now(sender: socket.socket) -> bool:
    """Whether the kernel has been told of a smaller MTU within two seconds and refuses to send."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            sender.sendto(b"x" * 1400, (CLIENT, 5000))
        except OSError as error:
            return error.errno == errno.EMSGSIZE
        time.sleep(0.05)
    return False


def test_no_device_tracked_anything(net: Net) -> None:
    with networks.datagrams(net.office, CLIENT) as client:
        client.sendto(b"request", (SERVER, REQUESTS))
    for device in (net.office, net.router, net.outside):
        with networks.inside(device):
            tracked = Path("/proc/self/net/nf_conntrack")
            assert not tracked.exists() or tracked.read_text(encoding="ascii") == ""
