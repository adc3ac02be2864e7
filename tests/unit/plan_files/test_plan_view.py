# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A written plan read back: under which addresses hosts meet, and what a flow says of ports and mappings."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import PlanView, view_plan
from tests.unit.verification.products import products


@pytest.fixture
def chained() -> PlanView:
    """Sheffield with an inner router that translates, too."""
    plan = products()
    plan["hosts"]["uk-inner"] = dict(plan["hosts"]["uk-router"], addresses=["10.2.0.2"])
    plan["hosts"]["uk-router"]["addresses"] = ["192.168.7.1"]
    plan["sites"]["sheffield"]["gateways"].insert(0, {"host": "uk-inner", "public": ["192.168.7.2"]})
    return view_plan(plan)


def test_hosts_of_one_site_meet_under_their_own_addresses() -> None:
    view = view_plan(products())
    assert (view.dial("fl-pc1", "fl-press", 4), view.worn("fl-pc1", "fl-press", 4)) == ("10.1.0.10", "10.1.0.21")
    assert (view.dial("fl-pc1", "fl-router", 4), view.worn("fl-pc1", "fl-router", 4)) == ("10.1.0.1", "10.1.0.21")


def test_hosts_of_two_sites_meet_under_public_addresses() -> None:
    view = view_plan(products())
    assert (view.dial("uk-pc1", "fl-press", 4), view.worn("uk-pc1", "fl-press", 4)) == ("198.51.100.10", "203.0.113.20")


def test_an_outer_router_meets_its_own_site_under_what_the_inner_one_shows(chained: PlanView) -> None:
    assert chained.worn("uk-pc1", "uk-router", 4) == "192.168.7.2"
    assert chained.worn("uk-inner", "uk-router", 4) == "192.168.7.2"
    assert chained.dial("uk-router", "uk-pc1", 4) == "192.168.7.2"
    assert chained.dial("uk-pc1", "uk-router", 4) == "192.168.7.1"
    assert chained.worn("uk-router", "uk-pc1", 4) == "192.168.7.1"
    assert chained.worn("uk-pc1", "uk-inner", 4) == "10.2.0.21"


def test_a_flow_keeps_what_it_needs_besides_its_port() -> None:
    flows = {flow.id: flow for flow in view_plan(products()).flows}
    alert = flows["faxpress.alert/fl-press>uk-pc1"]
    assert (alert.source_port, alert.to_any_port, alert.from_server, alert.kind) == (4644, True, True, "alert")
    assert alert.carried_by == "faxpress.request/uk-pc1>fl-press"
    log = flows["kerio_control.log/uk-pc1>fl-kerio"]
    assert (log.source_port, log.to_any_port, log.from_server, log.idle) == (None, False, False, 7200)


def test_a_plan_of_before_source_ports_and_idle_times_is_still_read() -> None:
    plan: dict[str, Any] = products()
    for flow in plan["flows"]:
        for key in ("source_ports", "idle", "helper", "carried_by"):
            del flow[key]
    flow = view_plan(plan).flows[0]
    assert (flow.source_ports, flow.idle, flow.helper, flow.carried_by) == ((), None, "", "")
