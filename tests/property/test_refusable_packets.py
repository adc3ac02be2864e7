# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no flow names is refused exactly where verification says so: management and other openings pass as planned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.topology import Topology
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.guards import Guards
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.permitted import Candidate, Permissions
from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import planned
from tests.property.test_expectations_packets import Devices, administer
from tests.property.test_flows_pass import MANY
from tests.property.test_logins_pass import Unfiltered, is_routed
from tests.property.wire import Packet, has_port
from tests.unit.networks import Made, Network

SOME = settings(max_examples=80, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
#: Of management, and of another service of some hosts; where no flow goes.
PORTS = (22, 80)


@SOME
@given(st.one_of(networks(), routed_networks()), st.data())
def test_what_is_to_be_refused_is_what_devices_refuse(net: Network, data: st.DataObject) -> None:
    refusals_agree(net, data)


@pytest.mark.slow
def test_and_in_thousands_of_networks() -> None:
    MANY(given(st.one_of(networks(), routed_networks()), st.data())(refusals_agree))()


def refusals_agree(net: Network, data: st.DataObject) -> None:
    """Ask about each packet between hosts inside of sites that would get there if nobody refused anything."""
    administer(net, data)
    made = planned(net)
    view = view_plan(made.document)
    guards = Guards(view, Topology(made.document), made.slices)
    permissions = Permissions(view, guards)
    devices, unfiltered = Devices(net, made), Unfiltered(net.sites, made.slices)
    for sender, target, worn, dial, port in packets(made):
        packet = Packet(worn, dial, "tcp", port)
        reached = unfiltered.send(sender, packet)
        if reached is None or reached.host != target:
            continue
        refusable = permissions.refusable(Candidate(sender, target, reached.packet.source, dial, port, "tcp"))
        arrival = devices.send(sender, packet)
        event(f"refusable: {refusable}")
        # Whoever has no rules of the plan may refuse what it likes.
        if target not in devices.unguarded or refusable:
            assert refusable == (arrival is None), f"{sender} to {target} at {dial} port {port}: {arrival}"


def packets(made: Made) -> Iterator[tuple[str, str, str, str, int]]:
    """Sender, target, both addresses and a port."""
    routers = {gateway["host"] for site in made.document["sites"].values() for gateway in site["gateways"]}
    inside = [name for name in made.slices if name not in routers]
    ports = [
        port
        for port in PORTS
        if not any(flow["enabled"] and has_port(flow["ports"], port) for flow in made.document["flows"])
    ]
    for sender in inside:
        for target in inside:
            for worn in made.slices[sender]["addresses"] if sender != target else ():
                for dial in made.slices[target]["addresses"]:
                    if (":" in worn) == (":" in dial) and is_routed(made, sender, target, dial):
                        yield from ((sender, target, worn, dial, port) for port in ports)
