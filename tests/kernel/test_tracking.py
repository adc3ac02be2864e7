# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flow asks of connection tracking, with packets: silent channels stay known, called-back data gets through.

Everything crosses three devices with rules of their own: the client's host, its office's NAT router, the server's host.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import in_order
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import sets
from tests.kernel import networks
from tests.kernel.offices import CLIENTS, PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router

LOG_PORT, CONTROL_PORT, DATA_PORT = 44337, 4559, 4558
LONG = 432000  # seconds
#: The kernel forgets a lone datagram and an answered one after 30 s, a channel that was used on after 120 s.
ALONE, BOTH_WAYS = 30, 120


@pytest.fixture
def net() -> Iterator[Net]:
    """A network for each test: what was tracked before must not help."""
    with two_sides() as made:
        for device in (made.outside, made.router, made.office):
            with networks.inside(device):
                assert default("udp_timeout") == ALONE
                assert default("udp_timeout_stream") == BOTH_WAYS
        yield made


def default(name: str) -> int:
    return int(Path("/proc/sys/net/netfilter/nf_conntrack_" + name).read_text(encoding="ascii"))


def load_all(net: Net, flows: dict[str, dict[str, dict[str, Any]]], transport: str, port: int) -> None:
    """Rules on all three devices for flows of clients to one port; what each asks for at which device."""

    def entries(device: str, source: str = "") -> list[dict[str, Any]]:
        return [
            permit(source or client, SERVER, str(port), transport=transport, **wanted.get(device, {}))
            for client, wanted in flows.items()
        ]

    networks.load(net.office, nft_rules(policy(output=entries("console"))))
    networks.load(net.router, nft_rules(router(outbound="flows", forward=entries("router"))))
    networks.load(net.outside, nft_rules(policy(input=entries("server", PUBLIC)[:1])))


IDLE = {"idle": LONG}
EVERYWHERE, NOT_ON_THE_ROUTER, NOT_ON_THE_CONSOLE, NOWHERE = CLIENTS[:4]
CHANNELS: dict[str, dict[str, dict[str, Any]]] = {
    EVERYWHERE: {"console": IDLE, "router": IDLE, "server": IDLE},
    NOT_ON_THE_ROUTER: {"console": IDLE},
    NOT_ON_THE_CONSOLE: {"router": IDLE},
    NOWHERE: {},
}


def channels_that_live(net: Net, silence: int, talk: int) -> set[str]:
    """Open a log channel from each client, exchange `talk` datagrams, be silent, then log: who receives it."""
    load_all(net, CHANNELS, "udp", LOG_PORT)
    consoles = {client: networks.datagrams(net.office, client) for client in CHANNELS}
    server = networks.datagrams(net.outside, SERVER, LOG_PORT)
    try:
        senders = {}
        for client, console in consoles.items():
            console.sendto(b"identifier", (SERVER, LOG_PORT))
            message = networks.received(server)
            assert message is not None, f"the message of {client} does not arrive"
            assert message[1][0] == PUBLIC
            senders[client] = message[1]
        for _exchange in range(talk):
            for client, console in consoles.items():
                server.sendto(b"log item", senders[client])
                assert networks.received(console) == (b"log item", (SERVER, LOG_PORT))
                console.sendto(b"still there", (SERVER, LOG_PORT))
                assert networks.received(server) == (b"still there", senders[client])
            time.sleep(2.5)  # only traffic after two seconds makes the kernel take a channel for a stream
        time.sleep(silence)
        for sender in senders.values():
            server.sendto(b"log item", sender)
        return {client for client, console in consoles.items() if networks.received(console) is not None}
    finally:
        for bound in (server, *consoles.values()):
            bound.close()


@pytest.mark.acceptance("KE-10")
def test_a_log_channel_lives_through_silence_where_every_device_was_told_and_dies_elsewhere(net: Net) -> None:
    assert channels_that_live(net, ALONE + 4, talk=0) == {EVERYWHERE}


@pytest.mark.slow
@pytest.mark.acceptance("KE-10")
def test_a_log_channel_that_was_used_lives_past_the_kernels_longest_patience(net: Net) -> None:
    assert channels_that_live(net, BOTH_WAYS + 5, talk=2) == {EVERYWHERE}


def test_an_ipv6_channel_gets_the_same_time(net: Net) -> None:
    client, server = "2001:db8:2::21", "2001:db8:1::10"
    entry = permit(client, server, str(LOG_PORT), transport="udp", idle=LONG)
    networks.load(net.router, nft_rules(router(networks=["2001:db8:2::/64"], forward=[entry])))
    with (
        networks.datagrams(net.office, client) as console,
        networks.datagrams(net.outside, server, LOG_PORT) as bound,
    ):
        # The links have just come up: IPv6 needs a second or two to find its neighbours.
        assert any(
            console.sendto(b"identifier", (server, LOG_PORT)) and networks.received(bound) for _attempt in range(10)
        )
    with networks.inside(net.router):
        tracked = Path("/proc/net/nf_conntrack").read_text(encoding="ascii")
    (line,) = [line for line in tracked.splitlines() if f"dport={LOG_PORT}" in line]
    assert LONG - 10 <= int(line.split()[4]) <= LONG


HELPER = {"helper": "ftp"}
EVERYWHERE_FTP = {"console": HELPER, "router": HELPER, "server": HELPER}


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (EVERYWHERE_FTP, True),
        ({**EVERYWHERE_FTP, "server": {}}, True),  # the server's host lets its own connections out
        ({**EVERYWHERE_FTP, "router": {}}, False),
        ({**EVERYWHERE_FTP, "console": {}}, False),
    ],
    ids=["everywhere", "not on the server", "not on the router", "not on the client"],
)
def test_a_data_connection_is_called_back_where_the_helper_reads_the_control_connection(
    net: Net, wanted: dict[str, dict[str, Any]], calls: bool
) -> None:
    """FTP's active mode, as HylaFAX uses it: the client names its address and port, the server connects to them."""
    client = CLIENTS[0]
    load_all(net, {client: wanted}, "tcp", CONTROL_PORT)
    with (
        networks.listen(net.outside, SERVER, CONTROL_PORT) as control,
        networks.listen(net.office, client, 40004) as waiting,
        stream(net.office, client) as asking,
    ):
        asking.connect((SERVER, CONTROL_PORT))
        answering, _peer = control.accept()
        with answering, stream(net.outside, SERVER, DATA_PORT) as calling:
            answering.settimeout(2)
            # The helper reads a line only when it has seen the end of the one before it; a login always comes first.
            asking.sendall(b"USER fax\r\n")
            assert answering.recv(200) == b"USER fax\r\n"
            numbers = client.replace(".", ",")
            asking.sendall(f"PORT {numbers},{40004 // 256},{40004 % 256}\r\n".encode("ascii"))
            address, port = told(answering.recv(200))
            if wanted["router"]:
                assert address == PUBLIC, "the router writes its own address where the client's was"
            try:
                calling.connect((address, port))
            except OSError:
                assert not calls
                return
            data, peer = waiting.accept()
            with data:
                assert (calls, peer) == (True, (SERVER, DATA_PORT))


def test_the_helper_opens_nothing_that_the_control_connection_did_not_name(net: Net) -> None:
    client = CLIENTS[0]
    load_all(net, {client: EVERYWHERE_FTP}, "tcp", CONTROL_PORT)
    with (
        networks.listen(net.outside, SERVER, CONTROL_PORT) as control,
        networks.listen(net.office, client, 40004),
        stream(net.office, client) as asking,
    ):
        asking.connect((SERVER, CONTROL_PORT))
        control.accept()[0].close()
        assert not networks.connects(net.outside, PUBLIC, 40004, source=SERVER)


def stream(where: str, address: str, port: int = 0) -> socket.socket:
    """A TCP socket bound in a namespace, not connected."""
    with networks.inside(where):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.settimeout(0.6)
    return made


def told(line: bytes) -> tuple[str, int]:
    """The address and port of a PORT command."""
    numbers = line.decode("ascii").split()[1].split(",")
    return ".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5])


def test_a_named_sender_cannot_fill_the_table_with_channels_that_are_remembered_for_days(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can forge a named address sends from one port after the other; others are not harmed."""
    monkeypatch.setattr(sets, "_MOST_CONNECTIONS", 5)
    rules = nft_rules(
        policy(input=[permit(source, SERVER, str(LOG_PORT), transport="udp", **IDLE) for source in (FORGED, HONEST)])
    )
    networks.load(net.outside, rules)
    networks.run("ip", "-n", net.office, "address", "add", f"{FORGED}/32", "dev", "lo")
    networks.run("ip", "-n", net.office, "address", "add", f"{HONEST}/32", "dev", "lo")
    with networks.datagrams(net.outside, SERVER, LOG_PORT) as log:
        arrived = 0
        for _number in range(8):
            with networks.datagrams(net.office, FORGED) as forging:
                forging.sendto(b"forged", (SERVER, LOG_PORT))
            arrived += networks.received(log) is not None
        assert arrived == 5
        with networks.datagrams(net.office, HONEST) as honest:
            honest.sendto(b"log", (SERVER, LOG_PORT))
            assert networks.received(log) is not None
    with networks.inside(net.outside):
        listed = networks.run("nft", "-s", "list", "table", "inet", "faxnet")
        assert "ct count over 5 }" in listed.partition("chain")[0]
        # What the kernel has counted is no difference that the next run would mend.
        with networks.namespace("fresh") as fresh, networks.inside(fresh):
            networks.run("nft", "-f", "-", text=rules)
            assert in_order(networks.run("nft", "-s", "list", "table", "inet", "faxnet")) == in_order(listed)


FORGED, HONEST = "10.3.0.1", "10.3.0.2"


def remembered(where: str, port: int) -> list[int]:
    """The seconds for which a namespace's kernel will still know each connection to a port, the shortest first."""
    with networks.inside(where):
        tracked = Path("/proc/net/nf_conntrack").read_text(encoding="ascii")
    return sorted(int(line.split()[4]) for line in tracked.splitlines() if f"dport={port} " in line)


SIP_PORT, AN_HOUR = 5060, 3600


def from_anybody(net: Net, idle: int | None) -> str:
    """A router that forwards from the whole Internet to a server in its office, loaded; the server's address."""
    server = CLIENTS[0]
    entry = permit("0.0.0.0/0", server, str(SIP_PORT), transport="udp", idle=idle)
    relayed = forward("0.0.0.0/0", PUBLIC, str(SIP_PORT), server, transport="udp")
    networks.load(net.router, nft_rules(router(forward=[entry], destination_nat=[relayed])))
    networks.load(net.office, nft_rules(policy(input=[entry])))
    return server


@pytest.mark.parametrize(("idle", "seconds"), [(AN_HOUR, AN_HOUR), (None, ALONE)])
def test_a_telephone_that_registered_from_the_internet_by_one_question_and_answer_is_remembered(
    net: Net, idle: int | None, seconds: int
) -> None:
    """The kernel alone forgets it after 30 s, for nothing came later than 2 s after the first packet."""
    server = from_anybody(net, idle)
    with (
        networks.datagrams(net.outside, STRANGER) as phone,
        networks.datagrams(net.office, server, SIP_PORT) as registrar,
    ):
        phone.sendto(b"REGISTER", (PUBLIC, SIP_PORT))
        request = networks.received(registrar)
        assert request is not None
        registrar.sendto(b"200 OK", request[1])
        assert networks.received(phone) == (b"200 OK", (PUBLIC, SIP_PORT))
        for device in (net.router, net.office):
            (left,) = remembered(device, SIP_PORT)
            assert seconds - 10 <= left <= seconds


def test_strangers_cannot_fill_the_table_with_what_is_remembered_for_long_and_nobody_is_shut_out(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "_MOST_OF_A_STRANGER", 3)
    monkeypatch.setattr(sets, "_MOST_OF_STRANGERS", 5)
    server = from_anybody(net, AN_HOUR)
    with networks.datagrams(net.office, server, SIP_PORT) as registrar:
        for sender, long in ((STRANGER, 3), (SERVER, 5)):
            for _number in range(4):
                with networks.datagrams(net.outside, sender) as phone:
                    phone.sendto(b"REGISTER", (PUBLIC, SIP_PORT))
                assert networks.received(registrar) is not None, "who finds no room is let in all the same"
            for device in (net.router, net.office):
                left = remembered(device, SIP_PORT)
                assert len([seconds for seconds in left if seconds > ALONE]) == long
    listed = networks.run("ip", "netns", "exec", net.office, "nft", "-s", "list", "table", "inet", "faxnet")
    rules = nft_rules(policy(input=[permit("0.0.0.0/0", server, str(SIP_PORT), transport="udp", idle=AN_HOUR)]))
    with networks.namespace("fresh") as fresh, networks.inside(fresh):
        networks.run("nft", "-f", "-", text=rules)
        assert in_order(networks.run("nft", "-s", "list", "table", "inet", "faxnet")) == in_order(listed)
