# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows that are tried before a network keeps its new rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import PlanView, view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.transactions.trials import (
    Trials,
    Try,
    choose,
    run_trials,
)
from tests.unit.verification.offices import planned, two_offices

TRY = Try("uk-pc1", "198.51.100.10", 7488, "netcfax.pcp/uk-pc1>fl-fax")
TRIALS = Trials({"uk-pc1": (TRY,)}, 1, 1)


@pytest.fixture
def offices() -> PlanView:
    return view_plan(planned(two_offices())[0])


def flows(trials: Trials) -> set[str]:
    return {item.flow for tries in trials.by_host.values() for item in tries}


def test_every_tcp_flow_is_tried_where_all_hosts_have_new_rules(offices: PlanView) -> None:
    trials = choose(offices, set(offices.hosts), set(offices.hosts), 1000)
    wanted = {flow.id for flow in offices.flows if flow.transport == "tcp" and flow.enabled}
    assert flows(trials) == wanted
    assert len(wanted) == trials.flows == trials.possible == 8


def test_each_sender_tries_its_own_flows_at_both_ends_of_a_range(offices: PlanView) -> None:
    trials = choose(offices, set(offices.hosts), set(offices.hosts), 1000)
    back = next(flow for flow in offices.flows if flow.callback and flow.destination == "uk-ts1")
    ports = [item.port for item in trials.by_host[back.source] if item.flow == back.id]
    assert ports == [back.ports[0].low, back.ports[0].high]
    assert all(item.host == host for host, tries in trials.by_host.items() for item in tries)


def test_only_flows_over_a_device_with_new_rules_are_tried(offices: PlanView) -> None:
    trials = choose(offices, {"uk-router"}, set(offices.hosts), 1000)
    assert flows(trials) == {
        flow.id for flow in offices.flows if "uk-router" in flow.via and flow.transport == "tcp" and flow.enabled
    }


@pytest.mark.parametrize("absent", ["fl-fax", "fl-router", "uk-router", "uk-pc1"])
def test_what_goes_by_way_of_a_device_that_takes_no_part_is_not_tried(offices: PlanView, absent: str) -> None:
    there = set(offices.hosts) - {absent}
    trials = choose(offices, there, there, 1000)
    for flow in offices.flows:
        if flow.id in flows(trials):
            assert absent not in (flow.source, *flow.via, flow.destination)
    assert len(flows(trials)) < trials.flows + 1 < len(offices.flows)


def test_of_too_many_flows_each_router_has_one_and_the_choice_is_the_same_each_time(offices: PlanView) -> None:
    every = set(offices.hosts)
    trials = choose(offices, every, every, 2)
    assert trials == choose(offices, every, every, 2)
    assert (trials.flows, trials.possible) == (2, choose(offices, every, every, 1000).flows)
    by_id = {flow.id: flow for flow in offices.flows}
    crossed = {device for flow in flows(trials) for device in by_id[flow].via}
    assert crossed == {"fl-router", "uk-router"}


class Hosts:
    """Hosts that answer one after the other what they were told to."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def __call__(self, by_host: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        assert list(by_host) == ["uk-pc1"]
        return {"uk-pc1": self.answers.pop(0)}


def result(outcome: str) -> dict[str, Any]:
    return {"results": [{"id": TRY.packet["id"], "outcome": outcome, "detail": ""}]}


@pytest.mark.parametrize("outcome", ["open", "refused", "unreachable", "unsent"])
def test_what_the_rules_did_not_hold_up_is_no_failure(outcome: str) -> None:
    assert run_trials(TRIALS, Hosts(result(outcome))) == {}


@pytest.mark.parametrize("outcome", ["silent", "prohibited"])
def test_what_the_rules_hold_up_is_told_with_flow_and_cure(outcome: str) -> None:
    said = run_trials(TRIALS, Hosts(result(outcome)))
    assert said == {
        "uk-pc1": "no connection to 198.51.100.10 port 7488/tcp (netcfax.pcp/uk-pc1>fl-fax) came about while all new "
        "rules were in force. Ask faxnet.deploy.trace what stands in its way; with faxnet_flows_tried: 0 rules are "
        "kept without a trial"
    }


def test_one_lost_message_is_no_failure() -> None:
    assert run_trials(TRIALS, Hosts({"unreachable": True, "msg": "timed out"}, result("open"))) == {}


@pytest.mark.parametrize(
    "answers",
    [
        ({"unreachable": True, "msg": "timed out"}, {"unreachable": True, "msg": "timed out"}),
        ({"failed": True, "msg": "timed out"},),
    ],
)
def test_a_host_that_cannot_try_is_told(answers: tuple[dict[str, Any], ...]) -> None:
    assert run_trials(TRIALS, Hosts(*answers)) == {"uk-pc1": "it could not try the plan's flows: timed out"}
