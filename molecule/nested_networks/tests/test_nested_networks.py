# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested networks, a DHCP network, a changing address, a provider's pool: packets, and a trace that says the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Packet, trace

OFFICE, SERVER = "203.0.113.5", "192.168.7.10"
WORKSHOP, WORKSHOP_PC = "192.168.7.2", "192.168.50.21"
PCP, HYLAFAX, SIP = 7488, 4559, 5060
MEDIA = [20000, 20099]
#: The provider's pool: its two addresses, and one of its network, which the lab gave to its machine.
TWO_OF_POOL = ["192.0.2.10", "192.0.2.11"]


class Try(NamedTuple):
    """Packets from a host, or from one of its addresses, to ports of an address."""

    host: str
    address: str
    ports: list[int]
    transport: str = "tcp"
    source: str = ""


PASSES = [
    Try("workshop-pc", SERVER, [PCP]),
    Try("backend", SERVER, [HYLAFAX]),
    Try("pcs", SERVER, [HYLAFAX]),
    Try("home-pc", OFFICE, [HYLAFAX]),
    *(Try("trunk", OFFICE, [SIP, *MEDIA], "udp", source) for source in TWO_OF_POOL),
]
REFUSED = [
    # Nobody's business.
    Try("internet", OFFICE, [PCP, HYLAFAX]),
    Try("internet", OFFICE, [SIP, *MEDIA], "udp"),
    Try("internet", SERVER, [PCP, HYLAFAX]),
    Try("internet", WORKSHOP_PC, [22, PCP]),
    # Each uses its own service alone.
    Try("pcs", SERVER, [PCP, 80]),
    Try("backend", SERVER, [PCP, 80]),
    Try("workshop-pc", SERVER, [HYLAFAX, 80]),
    Try("home-pc", OFFICE, [PCP, 80]),
    *(Try("trunk", OFFICE, [PCP, HYLAFAX, SIP], source=source) for source in TWO_OF_POOL),
    *(Try("trunk", OFFICE, [MEDIA[0] - 1, MEDIA[1] + 1], "udp", source) for source in TWO_OF_POOL),
    # The networks behind the inner routers, from around them: there is a way, and nobody may take it.
    Try("pcs", WORKSHOP_PC, [22, PCP]),
    Try("pcs", "172.18.0.5", [22, HYLAFAX]),
    Try("office-fax", WORKSHOP_PC, [22, PCP]),
    Try("workshop-pc", "172.18.0.5", [22, HYLAFAX]),
]


@pytest.fixture(scope="module", autouse=True)
def the_client_is_known(network: Any) -> None:
    network.settled(lambda: network.instance("workshop-pc", "netcfax", "office-fax")["connected"])


def of_pool(network: Any) -> str:
    """The address that the provider's machine has of the pool's network."""
    legs = str(network.host("trunk").check_output("ip -o -4 address show scope global")).split()
    own = {word.partition("/")[0] for word in legs if word.startswith("192.0.2.")} - set(TWO_OF_POOL)
    (found,) = (address for address in own if int(address.rpartition(".")[2]) >= 128)
    return found


def met(network: Any, tried: Try) -> set[str]:
    """What the packets met."""
    source = {"source_address": tried.source} if tried.source else {}
    answers = network.knock(tried.host, tried.address, tried.ports, tried.transport, **source)
    assert len(answers) == len(tried.ports)
    return set(answers.values())


def traced(plan: dict[str, Any], slices: dict[str, dict[str, Any]], tried: Try) -> set[bool]:
    """Whether the plan's own trace lets these packets pass."""
    source = tried.source or tried.host
    packets = [Packet(source, tried.address, tried.transport, port) for port in tried.ports]
    return {trace(plan, slices.__getitem__, packet).passes for packet in packets}


@pytest.mark.acceptance("FC-02", "FC-04", "FC-11", "FC-13")
@pytest.mark.parametrize("tried", PASSES)
def test_what_is_planned_passes_and_the_trace_says_so(
    network: Any, plan: dict[str, Any], slices: dict[str, dict[str, Any]], tried: Try
) -> None:
    assert "silent" not in met(network, tried)
    assert traced(plan, slices, tried) == {True}


@pytest.mark.parametrize("tried", REFUSED)
def test_what_is_not_planned_is_refused_and_the_trace_says_so(
    network: Any, plan: dict[str, Any], slices: dict[str, dict[str, Any]], tried: Try
) -> None:
    assert met(network, tried) == {"silent"}
    assert traced(plan, slices, tried) == {False}


def test_any_address_of_the_providers_network_may_call(network: Any) -> None:
    assert "silent" not in met(network, Try("trunk", OFFICE, [SIP, *MEDIA], "udp", of_pool(network)))


@pytest.mark.acceptance("FC-05")
def test_a_call_back_turns_at_the_workshops_own_router(
    network: Any, call_back_ports: dict[str, range], slices: dict[str, dict[str, Any]]
) -> None:
    (server,) = (each for each in network.ask("office-fax", "state")["servers"] if each["service"] == "netcfax")
    assert [login["address"] for login in server["logins"]] == [WORKSHOP]
    results = network.ask("office-fax", "notify")["results"]
    assert [each["outcome"] for each in results if each["instance"].startswith("workshop-pc")] == ["delivered"]
    assert "silent" not in network.knock("office-fax", WORKSHOP, call_back_ports["workshop-pc"]).values()
    assert slices["box"]["policy"]["destination_nat"]
    forwarded = {entry["ports"] for entry in slices["box"]["policy"]["destination_nat"]}
    assert not any(str(call_back_ports["workshop-pc"][0]) in ports for ports in forwarded)


def test_nobody_else_reaches_the_call_back_ports(network: Any, call_back_ports: dict[str, range]) -> None:
    ports = call_back_ports["workshop-pc"]
    for host in ("pcs", "box"):
        assert set(network.knock(host, WORKSHOP, ports).values()) == {"silent"}, host
    assert set(network.knock("internet", OFFICE, ports).values()) == {"silent"}


def test_the_server_starts_nothing_towards_a_changing_address(network: Any) -> None:
    home = str(network.host("home-router").check_output("ip -o -4 address show dev wan0")).split()[3].partition("/")[0]
    assert home.startswith("198.51.100.")
    # Not 22: the router is managed from anywhere.
    assert network.knock("office-fax", home, [80, HYLAFAX, PCP]) == dict.fromkeys([80, HYLAFAX, PCP], "silent")


@pytest.mark.parametrize("name", ["workshop-router", "office-fax"])
def test_it_is_so_after_a_reboot(network: Any, name: str) -> None:
    before = network.rules(name)
    network.reboot(name)
    assert network.rules(name) == before
    assert "silent" not in met(network, Try("backend", SERVER, [HYLAFAX]))
    assert met(network, Try("pcs", WORKSHOP_PC, [22, PCP])) == {"silent"}
