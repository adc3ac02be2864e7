# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CommuniGate Pro behind NAT: for telephones on its LAN and behind another NAT, and for anybody on the Internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

SERVER = "10.0.1.12"
OFFICE = "198.51.100.77"
BRANCH = "203.0.113.80"
RESOLVER = "192.0.2.53"
VISITOR = "192.0.2.90"
SMTP, IMAPS, SIP, STUN, FTP, DNS = 25, 993, 5060, 3478, 8021, 53
MEDIA = range(60000, 60100)
# What the inventory's server runs; both ends of the media range and one in between stand for all of it.
TCP = [SMTP, IMAPS, SIP, FTP, MEDIA[0], MEDIA[50], MEDIA[-1]]
UDP = [SIP, STUN, MEDIA[0], MEDIA[50], MEDIA[-1]]
# Of the product's other listeners: POP3, PWD, LDAP, WebAdmin, WebUser, XMPP; and what lies beside the media range.
SHUT = [106, 110, 389, 8010, 8100, 5222, MEDIA[0] - 1, MEDIA[-1] + 1]
# Who talks to the server at which address: on its LAN directly, from everywhere else through the office's router.
WAYS = [("lan-phone", SERVER), ("branch-phone", OFFICE), ("visitor", OFFICE)]

# A name server in a few lines: any question over UDP is answered "truncated", over TCP it is answered. RFC 1035, 4.1.1.
NAME_SERVER = """
import socket, threading
def answer(question, flags):
    return question[:2] + flags + question[4:]
def stream(listening):
    while True:
        peer, _ = listening.accept()
        said = peer.recv(512)
        peer.sendall(said[:2] + answer(said[2:], bytes([0x81, 0x80])))
        peer.close()
listening = socket.create_server(("192.0.2.53", 53))
threading.Thread(target=stream, args=(listening,), daemon=True).start()
said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
said.bind(("192.0.2.53", 53))
while True:
    question, there = said.recvfrom(512)
    said.sendto(answer(question, bytes([0x83, 0x80])), there)
"""
# Asks for the address of "example." over UDP, and over TCP when the answer is truncated; prints what came of it.
QUESTION = """
import socket
question = bytes.fromhex("abcd01000001000000000000076578616d706c650000010001")
said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
said.settimeout(3)
said.sendto(question, ("192.0.2.53", 53))
answer = said.recv(512)
print("truncated" if answer[2] & 0x02 else "whole")
stream = socket.create_connection(("192.0.2.53", 53), 3)
stream.settimeout(3)
stream.sendall(len(question).to_bytes(2, "big") + question)
answer = stream.recv(512)[2:]
print("truncated" if answer[2] & 0x02 else "whole")
"""


@pytest.fixture(scope="module", autouse=True)
def the_server_listens(network: Any) -> None:
    def listens() -> bool:
        state = network.ask("cgate", "state")
        return all(each["state"] == "listening" for each in (*state["servers"], *state["responders"]))

    network.settled(listens)


@pytest.fixture(scope="module")
def name_server(network: Any) -> Iterator[None]:
    """Let somebody answer on the provider's name server, which is no host of ours to manage."""
    host = network.host("resolver")
    host.check_output("systemd-run --unit=name-server /usr/bin/python3 -c %s", NAME_SERVER)
    network.wait_for(lambda: host.socket("tcp://192.0.2.53:53").is_listening, "the name server listens")
    yield
    host.check_output("systemctl stop name-server")


# ---- what must pass


@pytest.mark.acceptance("CG-08", "CG-09", "CG-10", "CG-11")
@pytest.mark.parametrize(("source", "address"), WAYS)
def test_everything_that_the_server_runs_is_reached(network: Any, source: str, address: str) -> None:
    assert network.knock(source, address, TCP) == dict.fromkeys(TCP, "open")
    assert network.knock(source, address, UDP, "udp") == dict.fromkeys(UDP, "open")


@pytest.mark.acceptance("CG-10", "CG-11")
def test_every_media_port_is_relayed_to_itself(network: Any) -> None:
    """The media proxy tells the far end a port number: the router must not make another one of it."""
    for transport in ("tcp", "udp"):
        assert set(network.knock("visitor", OFFICE, MEDIA, transport, patience=4).values()) == {"open"}
    said = 'printf \'{"probe": "which"}\\n\' | timeout 3 nc -u -W 1 %s %s'
    answer = network.host("visitor").check_output(said, OFFICE, str(MEDIA[7]))
    assert f'"{VISITOR}"' in answer, answer


@pytest.mark.acceptance("CG-08")
def test_a_telephone_behind_the_far_nat_is_known_by_its_public_address(network: Any) -> None:
    servers = {server["exchange"]: server for server in network.ask("cgate", "state")["servers"]}
    seen = {login["instance"].split("/")[0]: login["address"] for login in servers["sip_udp"]["logins"]}
    assert seen == {"lan-phone": "10.0.1.21", "branch-phone": BRANCH}


@pytest.mark.acceptance("CG-17")
def test_a_truncated_answer_of_the_name_server_is_asked_for_again_by_tcp(network: Any, name_server: None) -> None:
    assert network.host("cgate").check_output("python3 -c %s", QUESTION).split() == ["truncated", "whole"]


@pytest.mark.acceptance("CG-08")
def test_the_server_delivers_mail_to_anybody(network: Any) -> None:
    # Nobody listens there, and it is the far end that says so.
    assert network.knock("cgate", "192.0.2.1", [SMTP]) == {SMTP: "refused"}


# ---- what must not


@pytest.mark.acceptance("CG-08")
@pytest.mark.parametrize(("source", "address"), WAYS)
def test_what_the_server_does_not_run_stays_shut(network: Any, source: str, address: str) -> None:
    assert network.knock(source, address, SHUT) == dict.fromkeys(SHUT, "silent")
    assert network.knock(source, address, [*SHUT, FTP], "udp") == dict.fromkeys([*SHUT, FTP], "silent")
    assert network.knock(source, address, [STUN]) == {STUN: "silent"}


@pytest.mark.acceptance("CG-03")
@pytest.mark.parametrize("source", ["visitor", "internet"])
@pytest.mark.parametrize("address", ["10.0.1.21", "10.0.8.21", BRANCH])
def test_a_telephone_is_reached_by_nobody_from_outside(network: Any, source: str, address: str) -> None:
    ports = [80, SIP, MEDIA[0]]  # and not 22: the routers are managed from anywhere
    for transport in ("tcp", "udp"):
        assert network.knock(source, address, ports, transport) == dict.fromkeys(ports, "silent")


@pytest.mark.acceptance("CG-17")
def test_other_name_servers_are_not_asked(network: Any) -> None:
    for transport in ("tcp", "udp"):
        assert network.knock("cgate", "192.0.2.1", [DNS], transport) == {DNS: "silent"}
        assert network.knock("lan-phone", RESOLVER, [DNS], transport) == {DNS: "silent"}


def test_nothing_was_done_to_the_host_that_is_somebody_elses(network: Any) -> None:
    assert network.rules("resolver") == ""
    assert not network.host("resolver").file("/etc/faxnet").exists


# ---- openings that must live


@pytest.mark.acceptance("CG-07")
@pytest.mark.parametrize(
    ("device", "own"), [("branch-router", "10.0.8.21"), ("office-router", BRANCH), ("cgate", BRANCH)]
)
def test_every_device_on_the_way_lets_a_telephones_opening_live_longer_than_linux_would(
    network: Any, device: str, own: str
) -> None:
    stream = int(network.host(device).sysctl("net.netfilter.nf_conntrack_udp_timeout_stream"))
    kept = [each.seconds for each in network.tracked(device, "udp", SIP) if each.source == own]
    assert max(kept) > 10 * stream, kept


# ---- that it stays


def test_rules_are_back_after_a_reboot(network: Any) -> None:
    before = network.rules("office-router")
    network.reboot("office-router")
    assert network.rules("office-router") == before
    assert network.knock("visitor", OFFICE, TCP) == dict.fromkeys(TCP, "open")
    assert network.knock("visitor", OFFICE, SHUT) == dict.fromkeys(SHUT, "silent")
