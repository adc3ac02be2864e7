# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets where a router does not have its public address itself, or not for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kernel import networks
from tests.unit.networks import FLORIDA, SHEFFIELD, Network, two_offices
from tests.unit.platforms.policies import nft_rules

#: What the router has between itself and the provider's box.
OWN = "192.168.178.2"
CLIENT, STRANGER = "10.2.0.21", "198.51.100.66"
BOX_RULES = f"""
table ip provider {{
  chain prerouting {{
    type nat hook prerouting priority dstnat
    ip daddr {SHEFFIELD} dnat to {OWN}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {OWN} oifname "{{outside}}" snat to {SHEFFIELD}
  }}
}}
"""


@dataclass(frozen=True)
class Net:
    """Namespaces: the Internet with a server's address and a stranger's, a provider's box, a router, its office."""

    outside: str
    box: str
    router: str
    office: str

    def wan(self) -> str:
        """The router's interface towards the box."""
        with networks.inside(self.router):
            return networks.run("ip", "-o", "route", "get", FLORIDA).split(" dev ")[1].split()[0]


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with (
        networks.namespace("outside") as outside,
        networks.namespace("box") as box,
        networks.namespace("router") as router,
        networks.namespace("office") as office,
    ):
        networks.link(outside, [f"{FLORIDA}/24", f"{STRANGER}/24"], box, ["198.51.100.1/24", f"{SHEFFIELD}/32"])
        networks.link(box, ["192.168.178.1/24"], router, [f"{OWN}/24"])
        networks.link(router, ["10.2.0.1/24"], office, [f"{CLIENT}/24"])
        networks.route(outside, "198.51.100.1")
        networks.route(router, "192.168.178.1")
        networks.route(office, "10.2.0.1")
        for gateway in (box, router):
            with networks.inside(gateway):
                Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        with networks.inside(box):
            towards = networks.run("ip", "-o", "route", "get", FLORIDA).split(" dev ")[1].split()[0]
        networks.load(box, BOX_RULES.replace("{outside}", towards))
        yield Net(outside, box, router, office)


def peer_of(listener: socket.socket) -> str:
    accepted, peer = listener.accept()
    accepted.close()
    return str(peer[0])


def test_behind_a_box_that_translates_one_to_one_logins_and_call_backs_pass(net: Net) -> None:
    offices = two_offices()
    offices.sites["sheffield"]["outside_address"] = OWN
    made = offices.made()
    networks.load(net.router, nft_rules(made.policy("uk-router")))
    with networks.listen(net.outside, FLORIDA, 7488) as server:
        assert networks.connects(net.office, FLORIDA, 7488, source=CLIENT)
        assert peer_of(server) == made.flow("netcfax.pcp/uk-pc1>fl-fax")["arrives_from"] == SHEFFIELD
    flow = made.flow("netcfax.scp/fl-fax>uk-pc1")
    port = int(flow["ports"].partition("-")[0])
    with networks.listen(net.office, CLIENT, port) as client:
        assert networks.connects(net.outside, flow["dial"], port, source=FLORIDA)
        assert peer_of(client) == FLORIDA
        assert not networks.connects(net.outside, flow["dial"], port, source=STRANGER)


def test_without_the_routers_own_address_no_call_back_passes(net: Net) -> None:
    """What the test above shows comes from `outside_address` and from nothing else."""
    made = two_offices().made()
    networks.load(net.router, nft_rules(made.policy("uk-router")))
    flow = made.flow("netcfax.scp/fl-fax>uk-pc1")
    port = int(flow["ports"].partition("-")[0])
    with networks.listen(net.office, CLIENT, port):
        assert not networks.connects(net.outside, flow["dial"], port, source=FLORIDA)


def test_a_router_wears_whatever_address_it_has_when_that_changes(net: Net) -> None:
    offices = Network().site("florida", "198.51.100.0/24").server("fl-fax", "florida", FLORIDA)
    offices.site("sheffield", "10.2.0.0/24", gateway="uk-router", public="dynamic")
    offices.sites["sheffield"]["public_networks"] = ["192.168.178.0/24"]
    offices.client("uk-pc1", "sheffield", CLIENT, exchanges={"scp": False})
    networks.load(net.router, nft_rules(offices.made().policy("uk-router")))
    networks.load(net.box, "delete table ip provider")
    networks.run("ip", "-n", net.outside, "route", "replace", "192.168.178.0/24", "via", "198.51.100.1")
    device = net.wan()
    seen = []
    with networks.listen(net.outside, FLORIDA, 7488) as server:
        for address in (OWN, "192.168.178.77"):
            networks.run("ip", "-n", net.router, "address", "flush", "dev", device, "scope", "global")
            networks.run("ip", "-n", net.router, "address", "add", f"{address}/24", "dev", device)
            networks.route(net.router, "192.168.178.1")
            assert networks.connects(net.office, FLORIDA, 7488, source=CLIENT)
            seen.append(peer_of(server))
    assert seen == [OWN, "192.168.178.77"]
