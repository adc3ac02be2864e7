# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verify action adds to a plan's probes, and what it says of one host's results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.action import verify
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.judgement import judge, witnesses

CALL_BACK = {"instance": "pc/netcfax@fax/1", "address": "203.0.113.20", "port": 10500, "transport": "tcp"}


def test_a_port_on_which_a_client_listens_must_answer() -> None:
    (found,) = list(verify._listening("fax", [CALL_BACK]).values())
    assert (found["id"], found["expect"], found["target"]) == ("fax>203.0.113.20:10500/tcp", "open", "pc")


END_OF_A_RANGE = {"id": "fax>203.0.113.20:10500/tcp", "host": "fax", "target": "pc", "address": "203.0.113.20"}
END_OF_A_RANGE |= {"expect": "through", "reason": "the low end", "flow": "a flow", "kind": "call-back"}
NEIGHBOUR = {"id": "fax>203.0.113.20:1/tcp", "host": "fax", "target": "pc", "address": "203.0.113.20"}
NEIGHBOUR |= {"expect": "silent", "reason": "a neighbour", "kind": "neighbour port", "transport": "tcp"}


def answered(identity: str, outcome: str) -> dict[str, Any]:
    return {"id": identity, "outcome": outcome, "detail": "", "tries": 1, "milliseconds": None}


def test_a_planned_end_of_a_range_must_answer_where_somebody_listens_on_it() -> None:
    identity = END_OF_A_RANGE["id"]
    results = [answered(identity, "refused"), answered(identity, "open")]
    (found,), missing = verify._tried({identity: END_OF_A_RANGE}, verify._listening("fax", [CALL_BACK]), results)
    assert (found["expect"], found["flow"], found["outcome"], missing) == ("open", "a flow", "open", [])
    assert found["reason"] == "pc/netcfax@fax/1 listens here for call-backs"
    assert END_OF_A_RANGE["expect"] == "through"


def test_a_port_that_no_plan_names_comes_behind_the_planned_ones() -> None:
    planned = {NEIGHBOUR["id"]: NEIGHBOUR}
    results = [answered(NEIGHBOUR["id"], "silent"), answered(END_OF_A_RANGE["id"], "open")]
    tried, missing = verify._tried(planned, verify._listening("fax", [CALL_BACK]), results)
    assert [probe["id"] for probe in tried] == [NEIGHBOUR["id"], END_OF_A_RANGE["id"]]
    assert missing == []


def test_a_planned_packet_that_was_not_sent_is_missing_and_one_sent_later_is_not() -> None:
    planned = {probe["id"]: probe for probe in (NEIGHBOUR, END_OF_A_RANGE)}
    late = [answered(END_OF_A_RANGE["id"], "open")]
    assert verify._tried(planned, verify._listening("fax", [CALL_BACK]), late)[1] == [NEIGHBOUR["id"]]


@pytest.mark.parametrize(
    ("first", "verdict"), [("refused", "passed"), ("open", "passed"), ("silent", "not proven"), (None, "not proven")]
)
def test_what_came_through_later_vouches_for_no_silence(first: str | None, verdict: str) -> None:
    planned = {probe["id"]: probe for probe in (NEIGHBOUR, END_OF_A_RANGE) if first or probe is NEIGHBOUR}
    sent = [answered(NEIGHBOUR["id"], "silent")] + ([answered(END_OF_A_RANGE["id"], first)] if first else [])
    late = answered(END_OF_A_RANGE["id"], "open")
    tried, _missing = verify._tried(planned, verify._listening("fax", [CALL_BACK]), [*sent, late])
    assert tried[-1]["outcome"] == "open"
    assert judge(tried[0], witnesses(tried)).verdict == verdict


def test_results_of_before_alerts_name_no_protocol_and_are_connections() -> None:
    old = {key: value for key, value in CALL_BACK.items() if key != "transport"}
    assert [probe["transport"] for probe in verify._listening("fax", [old]).values()] == ["tcp"]


@pytest.mark.parametrize("change", [{"transport": "udp"}, {"port": None}, {"address": None}])
def test_an_alerts_port_is_not_knocked_at_for_the_alert_itself_is_the_proof(change: dict[str, Any]) -> None:
    assert verify._listening("fax", [{**CALL_BACK, **change}]) == {}


def test_two_hosts_that_are_one_machine_give_up_nothing_of_each_other(tmp_path: Path) -> None:
    names = {verify._run_name(base, host) for base in (tmp_path, tmp_path / "other") for host in ("pc", "fax")}
    assert len(names) == 4


@pytest.mark.parametrize(("emulated", "failed"), [(["pc"], 1), ([], 0)])
def test_one_hosts_own_view_knows_no_other_hosts_emulator(emulated: list[str], failed: int) -> None:
    probe = {"id": "pc>10.1.0.10:4644/udp", "host": "pc", "target": "pc", "address": "10.1.0.10", "transport": "udp"}
    probe |= {"expect": "open", "kind": "flow", "outcome": "silent", "detail": ""}
    assert len(verify._judged([probe], emulated)["failures"]) == failed
