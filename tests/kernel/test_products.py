# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From inventories to packets: what the plans of products that speak UDP let through, on hosts and routers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from tests.kernel import networks
from tests.kernel.offices import CLIENTS, PUBLIC, SERVER, Net, two_sides
from tests.unit.networks import Made, Network

CLIENT = CLIENTS[0]
FAXPRESS, KERIO = 4644, 44337
LONG = 400000  # seconds; the kernel's own times are far below


@pytest.fixture
def net() -> Iterator[Net]:
    """A fresh network for each test."""
    with two_sides() as made:
        yield made


def offices(*, translated: bool) -> Network:
    """An office behind its router, and a network outside: the router translates, or both are one realm."""
    wide = {} if translated else {"realm": "corp"}
    return (
        Network()
        .site("outside", "198.51.100.0/24", **wide)
        .site("office", "10.2.0.0/24", gateway="router", public=PUBLIC if translated else None, **wide)
    )


def faxpress(*, translated: bool, alert: bool = True) -> Made:
    """The plan of an appliance outside, and a client in the office."""
    use = {"service": "faxpress", "server": "fp", "exchanges": {"alert": alert}}
    net = offices(translated=translated).host("fp", "outside", SERVER, offers=[{"service": "faxpress"}])
    net.hosts["fp"]["faxnet_platform"] = "unmanaged"
    return net.host("pc", "office", CLIENT, uses=[use]).made()


def load(made: Made, where: dict[str, str]) -> None:
    """Load each host's rules in its namespace."""
    for host, namespace in where.items():
        networks.load(namespace, render_slice(made.slices[host]))


@pytest.mark.acceptance("FP-08", "FP-09", "FP-10", "FP-11")
@pytest.mark.parametrize("alert", [True, False], ids=["alert on", "alert off"])
def test_a_faxpress_answers_and_alerts_from_its_port_unless_that_is_switched_off(net: Net, alert: bool) -> None:
    load(faxpress(translated=False, alert=alert), {"router": net.router, "pc": net.office})
    with (
        networks.datagrams(net.office, CLIENT) as asking,
        networks.datagrams(net.office, CLIENT, 1234) as waiting,
        networks.datagrams(net.outside, SERVER, FAXPRESS) as server,
        networks.datagrams(net.outside, SERVER, FAXPRESS + 1) as beside,
    ):
        asking.sendto(b"request", (SERVER, FAXPRESS))
        request = networks.received(server)
        assert request is not None
        server.sendto(b"response", request[1])
        assert networks.received(asking) == (b"response", (SERVER, FAXPRESS))
        beside.sendto(b"from another port", (CLIENT, 1234))
        server.sendto(b"alert", (CLIENT, 1234))
        assert networks.received(waiting) == ((b"alert", (SERVER, FAXPRESS)) if alert else None)
        assert networks.received(waiting) is None


@pytest.mark.acceptance("FP-10")
def test_behind_nat_an_alert_gets_through_to_the_port_that_asked_and_the_router_remembers_it_for_days(net: Net) -> None:
    load(faxpress(translated=True), {"router": net.router, "pc": net.office})
    with (
        networks.datagrams(net.office, CLIENT, 1234) as client,
        networks.datagrams(net.outside, SERVER, FAXPRESS) as server,
    ):
        server.sendto(b"alert", (PUBLIC, 1234))
        assert networks.received(client) is None, "nobody knows yet where to"
        client.sendto(b"request", (SERVER, FAXPRESS))
        request = networks.received(server)
        assert request is not None
        for device in (net.router, net.office):
            assert known_for(device, FAXPRESS) > LONG
        server.sendto(b"alert", request[1])
        assert networks.received(client) == (b"alert", (SERVER, FAXPRESS))


@pytest.mark.acceptance("FP-06", "FP-12")
def test_the_rules_of_a_faxpress_plan_hold_requests_and_alerts_and_nothing_else() -> None:
    made = faxpress(translated=False)
    elements = {host: set(re.findall(r'comment "([^"]+)"', in_force(made, host))) for host in ("router", "pc")}
    always = {
        "management",
        "management/anywhere>office",
        "outbound any",
        "no way back to the source",
        "inside one network",
    }
    assert elements["router"] == {*always, "faxpress.request/pc>fp", "faxpress.alert/fp>pc"}
    assert elements["pc"] == {"management", "faxpress.alert/fp>pc"}
    for host in ("router", "pc"):
        other = re.search(r"tcp dport(?! 22 | @faxnet_forward_tcp4 )", in_force(made, host))
        assert not other, "TCP for managing machines alone"
    through = re.search(r"set faxnet_forward_tcp4 .*?elements = \{(.*?)\}", in_force(made, "router"), re.DOTALL)
    assert through is not None
    assert re.findall(r" \. (\d+(?:-\d+)?) comment", through[1]) == ["22"]


def in_force(made: Made, host: str) -> str:
    """A host's rules."""
    return render_slice(made.slices[host])


@pytest.mark.acceptance("KE-08", "KE-10")
def test_a_console_administers_a_server_behind_nat_by_both_protocols_and_its_log_is_remembered(net: Net) -> None:
    made = (
        offices(translated=True)
        .host("mail", "office", CLIENT, offers=[{"service": "kerio_connect", "version": "console"}])
        .host("console", "outside", SERVER, uses=[{"service": "kerio_connect", "server": "mail"}])
        .made()
    )
    load(made, {"router": net.router, "mail": net.office, "console": net.outside})
    with networks.listen(net.office, CLIENT, KERIO), networks.datagrams(net.office, CLIENT, KERIO) as server:
        assert networks.connects(net.outside, PUBLIC, KERIO, source=SERVER)
        with networks.datagrams(net.outside, SERVER) as console:
            console.sendto(b"identifier", (PUBLIC, KERIO))
            message = networks.received(server)
            assert message is not None
            for device in (net.router, net.office, net.outside):
                assert known_for(device, KERIO) > LONG
            server.sendto(b"log item", message[1])
            assert networks.received(console) == (b"log item", (PUBLIC, KERIO))


@pytest.mark.acceptance("KE-09", "KE-10")
def test_a_console_behind_nat_needs_nothing_inbound(net: Net) -> None:
    made = (
        offices(translated=True)
        .host("mail", "outside", SERVER, offers=[{"service": "kerio_connect", "version": "console"}])
        .host("console", "office", CLIENT, uses=[{"service": "kerio_connect", "server": "mail"}])
        .made()
    )
    assert made.policy("console")["input"] == made.policy("router")["destination_nat"] == []
    load(made, {"router": net.router, "mail": net.outside, "console": net.office})
    with networks.listen(net.outside, SERVER, KERIO), networks.datagrams(net.outside, SERVER, KERIO) as server:
        assert networks.connects(net.office, SERVER, KERIO, source=CLIENT)
        with (
            networks.datagrams(net.office, CLIENT) as console,
            networks.datagrams(net.outside, SERVER, KERIO + 1) as beside,
        ):
            beside.sendto(b"unasked", (PUBLIC, console.getsockname()[1]))
            assert networks.received(console) is None
            console.sendto(b"identifier", (SERVER, KERIO))
            message = networks.received(server)
            assert message is not None
            assert all(known_for(device, KERIO) > LONG for device in (net.router, net.office, net.outside))
            server.sendto(b"log item", message[1])
            assert networks.received(console) == (b"log item", (SERVER, KERIO))


def known_for(device: str, port: int) -> int:
    """For how many more seconds a device knows the UDP exchange that was opened to a port."""
    with networks.inside(device):
        listed = Path("/proc/self/net/nf_conntrack").read_text(encoding="ascii").splitlines()
    opened = [line.split() for line in listed if " udp " in line]
    return max(int(words[4]) for words in opened if f"dport={port}" in words)
