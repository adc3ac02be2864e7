# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every planned flow passes the plan's own rules, in whatever network: between hosts, from and to the Internet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import ends, planned, source_port
from tests.property.wire import Arrival, Packet, Wire, within
from tests.unit.networks import Made, Network

SOME = settings(max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
#: So many inventories in so many parts, other ones each time (`make test-full`): Hypothesis keeps all that it has made
#: in one run, which is many gigabytes for twenty thousand networks.
PARTS, OF_EACH = 20, 1000
MANY = settings(max_examples=OF_EACH, suppress_health_check=list(HealthCheck), deadline=None)

#: A machine of the Internet that no inventory here has.
STRANGERS = {4: "192.0.2.199", 6: "2001:db8:eeee::199"}
OUTSIDE = "nobody here"


class Roads(Wire):
    """As the wire has them; and a packet that no machine of the inventory wants ends where it left them."""

    elsewhere = OUTSIDE

    def from_outside(self, packet: Packet) -> Arrival | None:
        """Send a stranger's packet."""
        self.realm[""] = None
        return self._outside("", packet)


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


def kind(made: Made, end: str) -> str:
    """What an end of a flow is."""
    return "host" if end in made.slices else "internet" if end == "internet" else "address"


def assert_passes(made: Made, roads: Roads, flow: dict[str, Any], port: int) -> None:
    """Send one packet of a flow; it must end where the flow ends, wearing what the plan says."""
    stranger = STRANGERS[flow["version"]]
    dial = stranger if flow["destination"] == "internet" else flow["dial"]
    if flow["source"] in made.slices:
        sent_as = roads.sent_as(flow["source"], flow["source_address"])
        packet = Packet(sent_as, dial, flow["transport"], port, source_port(flow))
        arrival = roads.send(flow["source"], packet)
        worn = flow["arrives_from"].split(", ")
    else:
        arrival = roads.from_outside(Packet(stranger, dial, flow["transport"], port, source_port(flow)))
        worn = [stranger]
    assert arrival is not None, f"{flow['id']} port {port} does not arrive"
    assert arrival.by_flow, flow["id"]
    assert arrival.host == (flow["destination"] if flow["destination"] in made.slices else OUTSIDE), flow["id"]
    assert within(arrival.packet.source, worn), f"{flow['id']} wears {arrival.packet.source}, not {worn[0]}"
