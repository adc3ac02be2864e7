# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices with one and the same network: each meets the other at the addresses that the VPN maps it to."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Packet, trace

PCP = 7488
#: What york dials at leeds, and how leeds sees york; both hosts have 192.168.1.5 themselves.
SERVER, CLIENT = "10.201.0.5", "10.202.0.5"
OWN = "192.168.1.5"
LEEDS, YORK = "198.51.100.20", "203.0.113.30"


@pytest.fixture(scope="module", autouse=True)
def the_client_is_known(network: Any) -> None:
    network.settled(lambda: network.instance("york-pc", "netcfax", "leeds-fax")["connected"])


def test_the_server_sees_the_mapped_address(network: Any) -> None:
    (server,) = network.ask("leeds-fax", "state")["servers"]
    assert [login["address"] for login in server["logins"]] == [CLIENT]


def test_a_call_back_goes_to_the_mapped_address(network: Any, call_back_ports: dict[str, range]) -> None:
    (sent,) = network.ask("leeds-fax", "notify")["results"]
    assert (sent["outcome"], sent["address"]) == ("delivered", CLIENT)
    assert "silent" not in network.knock("leeds-fax", CLIENT, call_back_ports["york-pc"]).values()


@pytest.mark.parametrize(
    ("host", "address", "port", "passes"),
    [
        ("york-pc", SERVER, PCP, True),
        ("york-pc", SERVER, PCP + 1, False),
        ("york-pc", LEEDS, PCP, False),
        ("york-router", SERVER, PCP, False),
        ("stranger", SERVER, PCP, False),
        ("stranger", LEEDS, PCP, False),
        ("stranger", YORK, PCP, False),
    ],
)
def test_packets_and_trace_agree(
    network: Any,
    plan: dict[str, Any],
    slices: dict[str, dict[str, Any]],
    host: str,
    address: str,
    port: int,
    passes: bool,
) -> None:
    assert (network.knock(host, address, [port])[port] != "silent") is passes
    assert trace(plan, slices.__getitem__, Packet(host, address, "tcp", port)).passes is passes


def test_nobody_else_reaches_the_call_back_ports(network: Any, call_back_ports: dict[str, range]) -> None:
    ports = call_back_ports["york-pc"]
    for address in (CLIENT, YORK):
        assert set(network.knock("stranger", address, ports).values()) == {"silent"}, address
    beside = [ports[0] - 1, ports[-1] + 1, 22]
    assert set(network.knock("leeds-fax", CLIENT, beside).values()) == {"silent"}


def test_neither_router_translates_what_the_vpn_maps(slices: dict[str, dict[str, Any]]) -> None:
    for router, other in (("leeds-router", "10.202.0.0/24"), ("york-router", "10.201.0.0/24")):
        (translation,) = slices[router]["policy"]["source_nat"]
        assert other in str(translation)
        assert slices[router]["policy"]["destination_nat"] == []


@pytest.mark.parametrize("name", ["leeds-router", "york-pc"])
def test_it_is_so_after_a_reboot(network: Any, call_back_ports: dict[str, range], name: str) -> None:
    before = network.rules(name)
    network.reboot(name)
    assert network.rules(name) == before
    assert "silent" not in network.knock("leeds-fax", CLIENT, call_back_ports["york-pc"]).values()
    assert network.knock("stranger", SERVER, [PCP]) == {PCP: "silent"}
