# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of the engine on thousands of inventories, other ones each time (`make test-full`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property import test_engine_packets as packets
from tests.property.inventories import networks

LONG = settings(max_examples=2000, suppress_health_check=list(HealthCheck))
ONE = (networks(),)
WITH_CHANCE = (networks(), st.randoms(use_true_random=False))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "strategies"),
    [
        (packets.test_a_packet_of_every_enabled_flow_arrives_and_its_neighbours_do_not, ONE),
        (packets.test_whatever_arrives_by_a_rule_is_what_a_flow_names, WITH_CHANCE),
        (packets.test_a_trace_says_what_the_simulated_devices_do, WITH_CHANCE),
        (packets.test_a_datagram_that_nobody_asked_for_passes_where_nobody_remembers_and_the_trace_says_so, ONE),
        (packets.test_no_two_hosts_share_a_port_of_one_address_that_is_dialled, ONE),
        (packets.test_the_order_of_the_inventory_changes_nothing, WITH_CHANCE),
        (packets.test_with_a_lock_nobody_moves_when_others_come_and_go, ONE),
        (packets.test_the_text_of_a_plan_is_what_a_json_writer_would_write, ONE),
    ],
    ids=lambda value: getattr(value, "__name__", "")[5:],
)
def test_what_holds_for_some_inventories_holds_for_thousands(
    test: Callable[..., None], strategies: tuple[st.SearchStrategy[object], ...]
) -> None:
    # Hypothesis writes it into its tests.
    LONG(given(*strategies)(test.hypothesis.inner_test))()  # type: ignore[attr-defined]
