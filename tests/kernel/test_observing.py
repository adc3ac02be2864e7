# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An observing host lets everything pass and notes it; what it noted lets the same pass when it refuses."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Observed, observed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_running import running
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_told import told
from tests.kernel import networks
from tests.kernel.offices import CLIENTS, PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.networks import Network
from tests.unit.platforms.policies import nft_rules, permit, router

WAN = "198.51.100.1"
GRE, ESP = 47, 50
CLIENT, OTHER = CLIENTS[:2]
ROUTER = router(
    outbound="flows", source_nat=[], management=[{"transport": "tcp", "ports": "22", "sources": ["::1/128"]}]
)


@pytest.fixture
def net() -> Iterator[Net]:
    """A network whose router observes."""
    with two_sides() as made:
        networks.load(made.router, nft_rules({**ROUTER, "stance": "observe"}))
        yield made


#: Seconds for what is to pass: an IPv6 neighbour may have to be found first.
PATIENCE = 3.0


def here() -> Machine:
    """The host where this process stands."""

    def run(argv: list[str], _text: str | None) -> Ran:
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return Machine(run=run, find=shutil.which)


def seen(where: str) -> Observed:
    """What a namespace's host has seen."""
    with networks.inside(where):
        return observed(here())


def kinds(found: Observed) -> set[tuple[object, ...]]:
    """Its packets without their times."""
    return {one[:7] for one in found.packets}


def asks(where: str, source: str, address: str, port: int) -> bytes | None:
    """What a datagram from there brings back."""
    with networks.datagrams(where, source) as sender:
        sender.sendto(b"ask", (address, port))
        answer = networks.received(sender)
        return answer and answer[0]


@contextlib.contextmanager
def answering(where: str, address: str, port: int) -> Iterator[None]:
    """Somebody who answers the first datagram that comes."""
    with networks.datagrams(where, address, port, patience=2) as bound:

        def answer() -> None:
            asked = networks.received(bound)
            if asked:
                bound.sendto(b"answer", asked[1])

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def raw(where: str, source: str, address: str, protocol: int) -> None:
    """Send a packet of a protocol without ports."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with networks.inside(where), socket.socket(family, socket.SOCK_RAW, protocol) as sender:
        sender.bind((source, 0))
        sender.sendto(b"\0" * 24, (address, 0))


def refused(where: str) -> int:
    """How many packets the rules have refused."""
    with networks.inside(where):
        counter = networks.run("nft", "-j", "list", "counter", "inet", "faxnet", "faxnet_refused")
    return int(json.loads(counter)["nftables"][1]["counter"]["packets"])


def test_what_nothing_names_passes_and_is_noted_by_protocol_port_and_direction(net: Net) -> None:
    with networks.listen(net.router, WAN, 8080), networks.listen(net.office, CLIENT, 25):
        assert networks.connects(net.outside, WAN, 8080, source=STRANGER)
        assert networks.connects(net.outside, CLIENT, 25, source=SERVER)
    with answering(net.router, WAN, 514):
        assert asks(net.outside, SERVER, WAN, 514) == b"answer"
    with networks.listen(net.router, "2001:db8:1::1", 8080):
        assert networks.connects(net.outside, "2001:db8:1::1", 8080, source="2001:db8:1::10", patience=PATIENCE)
    assert not networks.connects(net.outside, WAN, 8081, source=STRANGER)  # nobody listens
    raw(net.outside, STRANGER, WAN, GRE)
    raw(net.outside, STRANGER, CLIENT, ESP)
    assert kinds(seen(net.router)) == {
        ("input", 4, STRANGER, "", "tcp", 8080, True),
        ("input", 4, SERVER, "", "udp", 514, True),
        ("input", 6, "2001:db8:1::10", "", "tcp", 8080, True),
        ("input", 4, STRANGER, "", "tcp", 8081, False),
        ("input", 4, STRANGER, "", "gre", None, None),
        ("forward", 4, SERVER, CLIENT, "tcp", 25, None),
        ("forward", 4, STRANGER, CLIENT, "esp", None, None),
    }


def test_what_the_rules_name_and_what_answers_is_not_noted(net: Net) -> None:
    named = permit(SERVER, CLIENT, "25")
    networks.load(net.router, nft_rules({**ROUTER, "forward": [named], "outbound": "any", "stance": "observe"}))
    with networks.listen(net.office, CLIENT, 25), networks.listen(net.outside, SERVER, 80):
        assert networks.connects(net.outside, CLIENT, 25, source=SERVER)
        assert networks.connects(net.office, SERVER, 80, source=CLIENT)
        assert networks.connects(net.router, SERVER, 80)
    assert seen(net.router).packets == ()


def test_it_says_when_each_came_first_and_last_and_since_when_it_watches(net: Net) -> None:
    begun = time.time()
    with networks.listen(net.router, WAN, 8080):
        assert networks.connects(net.outside, WAN, 8080, source=STRANGER)
        first = time.time()
        time.sleep(3)
        assert networks.connects(net.outside, WAN, 8080, source=STRANGER)
        last = time.time()
        time.sleep(2)
    found = seen(net.router)
    (packets,) = found.packets
    assert found.since is not None
    assert found.since <= begun
    assert found.since + 3 > begun
    assert packets.first == pytest.approx(first, abs=1.2)
    assert packets.last == pytest.approx(last, abs=1.2)


def test_what_no_permit_would_help_is_told_apart(net: Net) -> None:
    with networks.inside(net.outside):
        networks.run("ip", "address", "add", "10.2.0.250/32", "dev", "lo")
    with networks.datagrams(net.outside, "10.2.0.250") as liar:
        liar.sendto(b"from the wrong side", (CLIENT, 9))
        time.sleep(0.2)
    found = seen(net.router)
    assert [(one.reason, one.source, one.destination, one.protocol, one.packets) for one in found.strays] == [
        ("no_way_back", "10.2.0.250", CLIENT, "udp", 1)
    ]


def test_a_full_set_lets_pass_and_is_told(net: Net) -> None:
    text = nft_rules({**ROUTER, "stance": "observe"}).replace("size 16384", "size 2")
    networks.load(net.router, text)
    with contextlib.ExitStack() as stack:
        for port in (8080, 8081, 8082):
            stack.enter_context(networks.listen(net.router, WAN, port))
            assert networks.connects(net.outside, WAN, port, source=STRANGER), "noted or not, it passes"
    found = seen(net.router)
    assert {one.port for one in found.packets} == {8080, 8081}
    assert found.full == ("input IPv4",)


def test_a_scan_of_shut_ports_takes_no_place_from_what_is_in_use(net: Net) -> None:
    networks.load(net.router, nft_rules({**ROUTER, "stance": "observe"}).replace("size 4096", "size 4"))
    with networks.datagrams(net.outside, STRANGER) as scanner:
        for port in range(1000, 1100):
            with contextlib.suppress(ConnectionError):
                scanner.sendto(b"scan", (WAN, port))
    with networks.listen(net.router, WAN, 8080):
        assert networks.connects(net.outside, WAN, 8080, source=SERVER)
    found = seen(net.router)
    assert ("input", 4, SERVER, "", "tcp", 8080, True) in kinds(found)
    assert found.full == ("unheard IPv4",)


def enforced(pasted: dict[str, Any]) -> dict[str, Any]:
    """The router's policy once these variables are in the inventory, and what they do not name is refused."""
    net = Network().site("office", "10.2.0.0/24", gateway="router").host("router", "office", "10.2.0.1")
    net.sites["office"]["networks"].append("2001:db8:2::/64")
    net.hosts["router"] |= {
        **pasted,
        "faxnet_outbound": "flows",
        "faxnet_management": [{"ports": 22, "sources": ["::1"]}],
    }
    return net.made().policy("router")


def test_whoever_was_seen_passes_when_the_host_refuses_and_nobody_else(net: Net) -> None:
    v6 = "2001:db8:1::10"
    connections = [
        (STRANGER, WAN, 8080, net.router),
        (SERVER, WAN, 8080, net.router),
        (SERVER, PUBLIC, 443, net.router),
        (v6, "2001:db8:1::1", 8080, net.router),
        (SERVER, CLIENT, 25, net.office),
        (STRANGER, OTHER, 993, net.office),
        (v6, "2001:db8:2::21", 993, net.office),
    ]
    unseen = [
        (STRANGER, WAN, 443, net.router),
        (STRANGER, WAN, 8081, net.router),
        (v6, "2001:db8:1::1", 443, net.router),
        (STRANGER, CLIENT, 25, net.office),
        (SERVER, OTHER, 993, net.office),
        (v6, "2001:db8:2::21", 25, net.office),
    ]

    def passes(source: str, address: str, port: int, where: str, patience: float = PATIENCE) -> bool:
        with networks.listen(where, address, port):
            return networks.connects(net.outside, address, port, source=source, patience=patience)

    for one in connections:
        assert passes(*one), one
    with answering(net.router, WAN, 514):
        assert asks(net.outside, SERVER, WAN, 514) == b"answer"
    # A scan in between opens nothing.
    assert not networks.connects(net.outside, WAN, 8081, source=STRANGER)
    raw(net.outside, STRANGER, WAN, GRE)
    raw(net.outside, STRANGER, CLIENT, ESP)
    pasted = yaml.safe_load(told(seen(net.router))["yaml"])
    networks.load(net.router, nft_rules(enforced(pasted)))
    raw(net.outside, STRANGER, WAN, GRE)
    raw(net.outside, STRANGER, CLIENT, ESP)
    assert refused(net.router) == 0, "protocols without ports that were seen"
    raw(net.outside, STRANGER, WAN, ESP)
    raw(net.outside, SERVER, CLIENT, ESP)
    assert refused(net.router) == 2, "and the same of others"
    for one in connections:
        assert passes(*one), one
    with answering(net.router, WAN, 514):
        assert asks(net.outside, SERVER, WAN, 514) == b"answer"
    for one in unseen:
        assert not passes(*one, patience=0.4), one


def test_what_runs_since_before_is_told_until_it_begins_anew(net: Net) -> None:
    networks.load(net.router, nft_rules({**ROUTER, "stance": "additive"}))
    with (
        networks.listen(net.router, WAN, 5432),
        networks.listen(net.office, CLIENT, 25),
        contextlib.ExitStack() as open_,
    ):
        for address, port in ((WAN, 5432), (CLIENT, 25)):
            with networks.inside(net.outside):
                caller = open_.enter_context(socket.socket())
            caller.bind((SERVER, 0))
            caller.connect((address, port))
        networks.load(net.router, nft_rules({**ROUTER, "stance": "observe"}))
        with networks.inside(net.router):
            found = observed(here())
            since_before = running(here(), found.packets, None)
        assert found.packets == ()
        assert sorted(one[:6] for one in since_before) == [
            ("forward", 4, SERVER, CLIENT, "tcp", 25),
            ("input", 4, SERVER, "", "tcp", 5432),
        ]
        text = told(found, running=since_before)["yaml"]
        assert f"#   tcp from {SERVER} to {CLIENT} port 25\n" in text
        assert yaml.safe_load(text) is None, "who began them is not sure"
        assert networks.connects(net.outside, WAN, 5432, source=SERVER)
        with networks.inside(net.router):
            found = observed(here())
            assert [one[:6] for one in running(here(), found.packets, None)] == [
                ("forward", 4, SERVER, CLIENT, "tcp", 25)
            ]
