# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that turn in a router: client and server on one switch, and the client dials the public address.

client 10.1.0.21 --+
server 10.1.0.10 --+-- switch -- router 10.1.0.1, 198.51.100.10
other  10.1.0.22 --+
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kernel import networks
from tests.unit.networks import FLORIDA, Made, Network
from tests.unit.platforms.policies import nft_rules

ROUTER, SERVER, CLIENT, OTHER = "10.1.0.1", "10.1.0.10", "10.1.0.21", "10.1.0.22"


class Lan(NamedTuple):
    """Namespaces."""

    router: str
    server: str
    client: str
    other: str


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    """Four machines on a switch; the router has the public address as well."""
    with (
        networks.namespace("switch") as switch,
        networks.namespace("router") as gateway,
        networks.namespace("server") as server,
        networks.namespace("client") as client,
        networks.namespace("other") as other,
    ):
        networks.run("ip", "-n", switch, "link", "add", "br0", "type", "bridge")
        networks.run("ip", "-n", switch, "link", "set", "br0", "up")
        machines = ((gateway, ROUTER), (server, SERVER), (client, CLIENT), (other, OTHER))
        for number, (where, address) in enumerate(machines):
            port = f"port{number}"
            ends = ("type", "veth", "peer", "name", "lan", "netns", where)
            networks.run("ip", "link", "add", port, "netns", switch, *ends)
            networks.run("ip", "-n", switch, "link", "set", port, "master", "br0", "up")
            networks.run("ip", "-n", where, "address", "add", f"{address}/24", "dev", "lan")
            networks.run("ip", "-n", where, "link", "set", "lan", "up")
            if where != gateway:
                networks.route(where, ROUTER)
        networks.run("ip", "-n", gateway, "address", "add", f"{FLORIDA}/32", "dev", "lo")
        with networks.inside(gateway):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        yield Lan(gateway, server, client, other)


def planned() -> Made:
    """What the plan makes of them."""
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.server("fl-fax", "florida", SERVER)
    return net.client("fl-pc", "florida", CLIENT, dials="public").client("fl-pc2", "florida", OTHER).made()


def load(lan: Lan, made: Made) -> None:
    """Give every machine its own rules."""
    for where, host in zip(lan, ("fl-router", "fl-fax", "fl-pc", "fl-pc2"), strict=True):
        networks.load(where, nft_rules(made.policy(host)))


def test_a_login_to_the_public_address_and_the_call_back_turn_in_the_router(lan: Lan) -> None:
    made = planned()
    load(lan, made)
    with networks.listen(lan.server, SERVER, 7488) as server:
        assert networks.connects(lan.client, FLORIDA, 7488, patience=2)
        accepted, peer = server.accept()
        accepted.close()
        assert peer[0] == made.flow("netcfax.pcp/fl-pc>fl-fax")["arrives_from"] == ROUTER
        # Nobody else is turned; who dials the server's own address gets there as ever.
        assert not networks.connects(lan.other, FLORIDA, 7488)
        assert networks.connects(lan.other, SERVER, 7488, patience=2)
    port = int(made.flow("netcfax.scp/fl-fax>fl-pc")["ports"].partition("-")[0])
    with networks.listen(lan.client, CLIENT, port) as client:
        assert networks.connects(lan.server, peer[0], port, patience=2)
        accepted, peer = client.accept()
        accepted.close()
        assert peer[0] == ROUTER
        assert not networks.connects(lan.server, ROUTER, port - 1)


def test_without_source_translation_the_session_does_not_come_about(lan: Lan) -> None:
    """What the test above shows comes from the router's own address and from nothing else."""
    made = planned()
    load(lan, made)
    rules = nft_rules(made.policy("fl-router"))
    (worn,) = [line for line in rules.splitlines() if "@faxnet_worn_tcp4" in line]
    networks.load(lan.router, rules.replace(worn, ""))
    # The server's own rules would refuse the client by its address already.
    networks.load(lan.server, "delete table inet faxnet")
    with networks.listen(lan.server, SERVER, 7488):
        assert not networks.connects(lan.client, FLORIDA, 7488, patience=1)
