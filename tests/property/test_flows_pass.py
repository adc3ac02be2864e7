# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every planned flow passes the plan's own rules, in whatever network: between hosts, from and to the Internet."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import ends, planned, source_port
from tests.property.wire import Arrival, Packet, Wire, within
from tests.unit.networks import Made, Network

SOME = settings(max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
#: Twenty thousand inventories, half of each kind, other ones each time (`make test-full`), in parts: Hypothesis keeps
#: all that it has made in one run, which is many gigabytes for so many networks.
PARTS, OF_EACH = 20, 500
MANY = settings(max_examples=OF_EACH, suppress_health_check=list(HealthCheck), deadline=None)

#: A machine of the Internet that no inventory here has.
STRANGERS = {4: "192.0.2.199", 6: "2001:db8:eeee::199"}
OUTSIDE = "nobody here"


class Roads(Wire):
    """As the wire has them; and a packet that no machine of the inventory wants ends where it left them."""

    elsewhere = OUTSIDE

    def from_nobody(self, site: str, packet: Packet) -> Arrival | None:
        """Send a packet from a machine that is no host, in a site or in none."""
        return self.send_from(site, packet) if site else self._outside("", packet)


@SOME
@given(routed_networks())
def test_every_enabled_flow_passes_the_rules_of_every_device_on_its_way(net: Network) -> None:
    every_flow_passes(net)


@SOME
@given(networks())
def test_every_enabled_flow_of_the_usual_kinds_of_sites_passes(net: Network) -> None:
    every_flow_passes(net)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [routed_networks(), networks()], ids=["routed", "usual"])
@pytest.mark.parametrize("part", range(PARTS))
def test_every_enabled_flow_of_thousands_of_inventories_passes(strategy: Any, part: int) -> None:
    del part  # each is a run of its own
    MANY(given(strategy)(every_flow_passes))()


def every_flow_passes(net: Network) -> None:
    """Send the first and the last port of each flow."""
    made = planned(net)
    roads = Roads(net.sites, made.slices)
    for flow in made.document["flows"]:
        if flow["enabled"] and not flow["carried_by"]:
            event(f"{kind(made, flow['source'])} to {kind(made, flow['destination'])}")
            for _change in roads.changes():
                for port in ends(flow["ports"]):
                    assert_passes(made, roads, flow, port)


def address_of(end: str, version: int) -> str:
    """An address of an end that is no host of the inventory."""
    if end in ("internet", "0.0.0.0/0", "::/0"):
        return STRANGERS[version]
    network = ipaddress.ip_network(end)
    return str(network[min(200, network.num_addresses - 1)])


def home_of(made: Made, flow: dict[str, Any]) -> str:
    """The site that a flow comes from which no host of the inventory sends; empty where that is none."""
    if flow["source"] == "internet":
        return ""
    sites, version = made.document["sites"], str(flow["version"])
    levels = [made.slices[flow["destination"]]["site"]]
    while "within" in sites[levels[-1]]:
        levels.append(sites[levels[-1]]["within"])
    realms = [sites[level]["realm"][version] for level in levels]
    sender = address_of(flow["source"], flow["version"])
    if within(sender, sites[levels[0]]["networks"]):
        return levels[0]
    near = (
        name
        for name, site in sites.items()
        if site["realm"][version] in realms and name != levels[0] and within(sender, known_as(site))
    )
    return next(near, "")


def known_as(site: dict[str, Any]) -> list[str]:
    """A site's networks as others of its realm know them."""
    return [site.get("mapped_as", {}).get(network, network) for network in site["networks"]]


def kind(made: Made, end: str) -> str:
    """What an end of a flow is."""
    return "host" if end in made.slices else "internet" if end == "internet" else "address"


def assert_passes(made: Made, roads: Roads, flow: dict[str, Any], port: int) -> None:
    """Send one packet of a flow; it must end where the flow ends, wearing what the plan says."""
    dial = address_of(flow["dial"], flow["version"]) if flow["destination"] not in made.slices else roads.dialled(flow)
    if flow["source"] in made.slices:
        sent_as = roads.sent_as(flow["source"], flow["source_address"])
        packet = Packet(sent_as, dial, flow["transport"], port, source_port(flow))
        arrival = roads.send(flow["source"], packet)
        worn = flow["arrives_from"].split(", ")
    else:
        stranger = address_of(flow["source_address"], flow["version"])
        arrival = roads.from_nobody(
            home_of(made, flow), Packet(stranger, dial, flow["transport"], port, source_port(flow))
        )
        same = flow["arrives_from"] == flow["source_address"] != "0.0.0.0/0"
        worn = [stranger] if same else flow["arrives_from"].split(", ")
    assert arrival is not None, f"{flow['id']} port {port} does not arrive"
    assert arrival.by_flow, flow["id"]
    assert arrival.host == (flow["destination"] if flow["destination"] in made.slices else OUTSIDE), flow["id"]
    assert within(arrival.packet.source, worn), f"{flow['id']} wears {arrival.packet.source}, not {worn[0]}"
