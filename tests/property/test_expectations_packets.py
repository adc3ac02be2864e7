# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification expects of any network is what devices that hold the plan do: nothing else would be a false alarm.

The probes are derived from the plan's flows alone; the simulated devices know only their policies.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import CONTROL, Probe
from tests.property.inventories import networks
from tests.property.test_engine_long import LONG, ONE, WITH_CHANCE
from tests.property.test_engine_packets import QUICK, planned
from tests.property.wire import Arrival, Packet, Wire, within
from tests.unit.engine.networks import Made, Network

#: Of the same examples, for each has hundreds of packets.
SOME = settings(QUICK, max_examples=60)

#: A port that Linux may choose where nobody chose one.
CHOSEN = 40000


class Devices(Wire):
    """As the wire has them; and whoever is not managed takes and passes on everything, whatever the plan says of it.

    What it translates is as planned: somebody has set it so by hand, or nothing of the plan would work.
    """

    def __init__(self, net: Network, made: Made) -> None:
        super().__init__(net.sites, made.slices)
        self.unmanaged = {host for host, part in made.slices.items() if part["platform"] == "unmanaged"}

    def _input(self, host: str, packet: Packet) -> Arrival | None:
        if host in self.unmanaged:
            return Arrival(host, packet, by_flow=False)
        return super()._input(host, packet)

    def _passes(self, name: str, policy: dict[str, Any], packet: Packet) -> bool:
        return name in self.unmanaged or super()._passes(name, policy, packet)

    def arrival(self, probe: Probe, worn: str) -> Arrival | None:
        """Where a probe gets."""
        assert probe.port is not None
        packet = Packet(worn, probe.address, probe.transport, probe.port, probe.source_port or CHOSEN)
        return self.send(probe.host, packet)


def worn_by(made: Made, probe: Probe) -> str:
    """The address that a probe's sender wears when it sends: where its flow says so, that one.

    A router has two: outward it sends from the one that it shows there.
    """
    flows = [flow for flow in made.document["flows"] if flow["id"] == probe.flow and flow["source"] == probe.host]
    if flows:
        return str(flows[0]["source_address"])
    policy = made.slices[probe.host]["policy"]
    shown = [] if within(probe.address, policy["networks"]) else policy["public"]
    addresses: list[str] = [*shown, *made.slices[probe.host]["addresses"]]
    return next(address for address in addresses if (":" in address) == (":" in probe.address))


@SOME
@given(networks(), st.randoms(use_true_random=False))
def test_every_probe_meets_what_devices_do_that_hold_the_plan(net: Network, chance: random.Random) -> None:
    some = chance.sample(sorted(net.hosts), k=chance.choice((0, 0, 1, 2)) if len(net.hosts) > 2 else 0)
    hosts = {name: {**own, "faxnet_platform": "unmanaged"} if name in some else own for name, own in net.hosts.items()}
    made = planned(replace(net, hosts=hosts))
    devices = Devices(net, made)
    event(f"unmanaged: {bool(devices.unmanaged)}")
    every = [probe for probes in expectations(made.document, made.slices).probes.values() for probe in probes]
    assume(every)
    for probe in every:
        if probe.kind == CONTROL:
            continue
        event(probe.kind)
        arrival = devices.arrival(probe, worn_by(made, probe))
        if probe.expect == "silent":
            assert arrival is None, f"{probe.id} ({probe.kind}: {probe.reason}) arrives at {arrival}"
        else:
            assert arrival is not None, f"{probe.id} ({probe.kind}: {probe.reason}) does not arrive"
            assert arrival.host == probe.target, probe.id


@SOME
@given(networks())
def test_every_flow_is_probed_or_listed_or_left_out_by_name(net: Network) -> None:
    made = planned(net)
    expected = expectations(made.document, made.slices)
    probes = [probe for probes in expected.probes.values() for probe in probes]
    shown = {probe.flow for probe in probes} | {flow for item in expected.not_probed for flow in item.flows}
    asked = {(probe.host, probe.address, probe.transport, probe.source_port) for probe in probes}
    asked |= {("internet", *question[1:]) for question in asked}
    for flow in made.document["flows"]:
        if flow["enabled"] and flow["id"] not in shown:
            # An equal question of another flow stands for it.
            source_port = int(flow["source_ports"].partition("-")[0]) if flow["source_ports"] else None
            assert (flow["source"], flow["dial"], flow["transport"], source_port) in asked, flow["id"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "strategies"),
    [
        (test_every_probe_meets_what_devices_do_that_hold_the_plan, WITH_CHANCE),
        (test_every_flow_is_probed_or_listed_or_left_out_by_name, ONE),
    ],
    ids=["met", "listed"],
)
def test_what_holds_for_some_networks_holds_for_thousands(
    test: Callable[..., None], strategies: tuple[st.SearchStrategy[object], ...]
) -> None:
    LONG(given(*strategies)(test.hypothesis.inner_test))()  # type: ignore[attr-defined]
