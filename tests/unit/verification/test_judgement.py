# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an outcome means; silence most of all."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.judgement import judge, witnesses


def tried(outcome: str, **changes: Any) -> dict[str, Any]:
    probe = {"host": "pc", "target": "fax", "address": "10.1.0.10", "expect": "silent", "kind": "neighbour port"}
    probe["transport"] = "tcp"
    return {**probe, "outcome": outcome, "detail": "", **changes}


@pytest.mark.parametrize(
    ("expect", "outcome", "verdict"),
    [
        ("open", "open", "passed"),
        ("open", "refused", "failed"),
        ("open", "silent", "failed"),
        ("open", "unsent", "failed"),
        ("open", "unreachable", "failed"),
        ("through", "open", "passed"),
        ("through", "refused", "passed"),
        ("through", "silent", "failed"),
        ("through", "prohibited", "failed"),
        ("silent", "open", "failed"),
        ("silent", "refused", "failed"),
        ("silent", "prohibited", "passed"),
        ("silent", "unreachable", "not proven"),
        ("silent", "unsent", "not proven"),
        ("silent", "silent", "not proven"),
    ],
)
def test_an_outcome_without_witnesses(expect: str, outcome: str, verdict: str) -> None:
    assert judge(tried(outcome, expect=expect), witnesses([])).verdict == verdict


def test_silence_is_proven_where_the_same_address_answered_the_same_host() -> None:
    seen = witnesses([tried("open", expect="open")])
    assert judge(tried("silent"), seen).verdict == "passed"
    assert judge(tried("silent"), seen).witness == "path"


def test_silence_is_proven_where_both_ends_answered_others() -> None:
    elsewhere = tried("open", address="10.1.0.20", target="printer", expect="open")
    from_another = tried("refused", host="laptop", expect="through")
    assert judge(tried("silent"), witnesses([elsewhere, from_another])).witness == "ends"


def test_a_client_that_takes_nothing_in_is_alive_by_the_answers_that_it_gets() -> None:
    elsewhere = tried("open", address="10.1.0.20", target="printer", expect="open")
    its_own = tried("open", host="fax", target="laptop", address="10.1.0.30", expect="open")
    assert judge(tried("silent"), witnesses([elsewhere, its_own])).witness == "ends"
    assert judge(tried("silent"), witnesses([its_own])).verdict == "not proven"


@pytest.mark.parametrize("missing", [0, 1])
def test_one_end_alone_proves_nothing(missing: int) -> None:
    ends = [
        tried("open", address="10.1.0.20", target="printer", expect="open"),
        tried("open", host="laptop", expect="open"),
    ]
    assert judge(tried("silent"), witnesses([ends[missing]])).verdict == "not proven"


def test_a_router_that_knows_no_way_to_a_hidden_host_keeps_it_hidden() -> None:
    probe = tried("unreachable", kind="unsolicited to the LAN", detail="net unreachable, said by 192.0.2.1")
    assert judge(probe, witnesses([])).verdict == "passed"


@pytest.mark.parametrize(
    ("expect", "foreign", "emulated", "verdict"),
    [
        ("open", False, ["fax"], "failed"),
        ("open", False, [], "not proven"),
        ("through", False, [], "failed"),
        ("through", False, ["fax"], "failed"),
        ("through", True, [], "not proven"),
    ],
)
def test_a_datagram_without_an_answer_failed_only_where_an_answer_was_sure(
    expect: str, foreign: bool, emulated: list[str], verdict: str
) -> None:
    probe = tried("silent", expect=expect, foreign=foreign, transport="udp", kind="flow")
    assert judge(probe, witnesses([], emulated)).verdict == verdict


def test_a_connection_without_an_answer_failed_wherever_it_goes() -> None:
    probe = tried("silent", expect="through", foreign=True, kind="flow")
    assert judge(probe, witnesses([])).verdict == "failed"


@pytest.mark.parametrize("outcome", ["open", "silent"])
def test_a_control_passes_no_judgement(outcome: str) -> None:
    assert judge(tried(outcome, kind="control", expect="open"), witnesses([])).verdict == "noted"
