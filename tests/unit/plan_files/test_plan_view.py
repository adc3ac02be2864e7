# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A written plan read back: what a flow says of ports and mappings."""

from __future__ import annotations

from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from tests.unit.verification.products import products


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
