# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every inventory holds where a VPN maps networks of sites one to one, so that several are the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property import test_engine_packets as packets
from tests.property import test_expectations_packets as probes
from tests.property import test_refusable_packets as refusals
from tests.property import test_topology as topology
from tests.property.mapped_inventories import mapped_networks
from tests.property.test_flows_pass import MANY, every_flow_passes
from tests.unit.networks import Network

SOME = settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
FEW = settings(SOME, max_examples=40)
ONE = (mapped_networks(),)
WITH_CHANCE = (mapped_networks(), st.randoms(use_true_random=False))
WITH_DATA = (mapped_networks(), st.data())

_CASES: list[tuple[Callable[..., None], tuple[st.SearchStrategy[object], ...]]] = [
    (packets.test_a_packet_of_every_enabled_flow_arrives_and_its_neighbours_do_not, ONE),
    (packets.test_whatever_arrives_by_a_rule_is_what_a_flow_names, WITH_CHANCE),
    (packets.test_a_trace_says_what_the_simulated_devices_do, WITH_CHANCE),
    (packets.test_the_internet_gets_to_what_is_public, ONE),
    (packets.test_no_two_hosts_share_a_port_of_one_address_that_is_dialled, ONE),
    (packets.test_the_order_of_the_inventory_changes_nothing, WITH_CHANCE),
    (packets.test_with_a_lock_nobody_moves_when_others_come_and_go, ONE),
    (packets.test_the_text_of_a_plan_is_what_a_json_writer_would_write, ONE),
    (probes.test_every_probe_meets_what_devices_do_that_hold_the_plan, WITH_CHANCE),
    (probes.test_every_flow_is_probed_or_listed_or_left_out_by_name, ONE),
    (probes.test_every_probe_knows_what_is_let_through_for_management, WITH_DATA),
    (refusals.test_what_is_to_be_refused_is_what_devices_refuse, WITH_DATA),
    (topology.test_addresses_and_routers_are_those_that_a_traced_packet_meets, ONE),
]
each_case = pytest.mark.parametrize(
    ("test", "strategies"), _CASES, ids=lambda value: getattr(value, "__name__", "")[5:]
)


@SOME
@given(mapped_networks())
def test_every_flow_over_a_vpn_that_maps_networks_passes(net: Network) -> None:
    plan = net.planned().plan
    event(f"mapped: {plan is not None and any(f.path.route.leaves or f.path.route.enters for f in plan.flows.flows)}")
    every_flow_passes(net)


@each_case
def test_what_holds_elsewhere_holds_where_networks_are_mapped(
    test: Callable[..., None], strategies: tuple[st.SearchStrategy[object], ...]
) -> None:
    # Hypothesis puts the function that it wraps there, and its types do not say so.
    FEW(given(*strategies)(test.hypothesis.inner_test))()  # type: ignore[attr-defined]


@pytest.mark.slow
@each_case
def test_and_for_thousands(test: Callable[..., None], strategies: tuple[st.SearchStrategy[object], ...]) -> None:
    # Hypothesis puts it there, and its types do not say so.
    MANY(given(*strategies)(test.hypothesis.inner_test))()  # type: ignore[attr-defined]
