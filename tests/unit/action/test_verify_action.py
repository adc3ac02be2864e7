# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verify action adds to a plan's probes, and what it says of one host's results alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.action import verify

CALL_BACK = {"instance": "pc/netcfax@fax/1", "address": "203.0.113.20", "port": 10500, "transport": "tcp"}


def test_a_port_on_which_a_client_listens_must_answer() -> None:
    (found,) = list(verify._listening("fax", [CALL_BACK]).values())
    assert (found["id"], found["expect"], found["target"]) == ("fax>203.0.113.20:10500/tcp", "open", "pc")


def test_a_planned_end_of_a_range_must_answer_where_somebody_listens_on_it() -> None:
    planned = {"id": "fax>203.0.113.20:10500/tcp", "expect": "through", "reason": "the low end", "flow": "a flow"}
    listening = verify._listening("fax", [CALL_BACK])
    (found,) = verify._with_listening({planned["id"]: planned}, listening).values()
    assert (found["expect"], found["flow"]) == ("open", "a flow")
    assert found["reason"] == "pc/netcfax@fax/1 listens here for call-backs"
    assert planned["expect"] == "through"


def test_a_port_that_no_plan_names_comes_behind_the_planned_ones() -> None:
    planned = {"id": "fax>203.0.113.20:1/tcp", "expect": "silent", "reason": "a neighbour"}
    both = verify._with_listening({planned["id"]: planned}, verify._listening("fax", [CALL_BACK]))
    assert list(both) == [planned["id"], "fax>203.0.113.20:10500/tcp"]


def test_results_of_before_alerts_name_no_protocol_and_are_connections() -> None:
    old = {key: value for key, value in CALL_BACK.items() if key != "transport"}
    assert [probe["transport"] for probe in verify._listening("fax", [old]).values()] == ["tcp"]


@pytest.mark.parametrize("change", [{"transport": "udp"}, {"port": None}, {"address": None}])
def test_an_alerts_port_is_not_knocked_at_for_the_alert_itself_is_the_proof(change: dict[str, Any]) -> None:
    assert verify._listening("fax", [{**CALL_BACK, **change}]) == {}


@pytest.mark.parametrize(("emulated", "failed"), [(["pc"], 1), ([], 0)])
def test_one_hosts_own_view_knows_no_other_hosts_emulator(emulated: list[str], failed: int) -> None:
    probe = {"id": "pc>10.1.0.10:4644/udp", "host": "pc", "target": "pc", "address": "10.1.0.10", "transport": "udp"}
    probe |= {"expect": "open", "kind": "flow", "outcome": "silent", "detail": ""}
    assert len(verify._judged([probe], emulated)["failures"]) == failed
