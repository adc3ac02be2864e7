# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every notification reaches the client that it is meant for, or the check says what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.notifications import judge_notifications
from tests.unit.expectations.offices import as_planned, planned, results_of, two_offices


@pytest.fixture
def network() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    plan, slices = planned(two_offices())
    return plan, results_of(plan, expectations(plan, slices), as_planned)


def verdicts(network: tuple[dict[str, Any], dict[str, dict[str, Any]]], client: str) -> list[tuple[str, str]]:
    plan, results = network
    checks = judge_notifications(plan["uses"], results)
    return [(check["verdict"], check["text"]) for check in checks if check["client"] == client]


def test_all_forty_clients_of_a_terminal_server_got_their_own(network: Any) -> None:
    found = verdicts(network, "uk-ts1")
    assert len(found) == 40
    assert {verdict for verdict, _text in found} == {"passed"}


def test_a_notification_that_reached_another_client_failed(network: Any) -> None:
    instances = network[1]["uk-ts1"]["instances"]
    instances[0]["notifications"], instances[1]["notifications"] = (
        instances[1]["notifications"],
        instances[0]["notifications"],
    )
    failed = [text for verdict, text in verdicts(network, "uk-ts1") if verdict == "failed"]
    assert failed[0] == "reached uk-ts1/netcfax@fl-fax/2 instead of uk-ts1/netcfax@fl-fax/1"
    assert len(failed) == 2


def test_a_notification_that_nobody_answered_failed_with_its_reason(network: Any) -> None:
    network[1]["fl-fax"]["notifications"][0].update(outcome="timed_out", detail="no answer in 5 s")
    network[1]["fl-pc1"]["instances"][0]["notifications"] = []
    assert verdicts(network, "fl-pc1") == [("failed", "timed out: no answer in 5 s")]


def test_an_acknowledgement_that_the_client_knows_nothing_of_failed(network: Any) -> None:
    network[1]["uk-pc1"]["instances"][0]["notifications"] = []
    assert [verdict for verdict, _text in verdicts(network, "uk-pc1")] == ["failed"]


def test_a_client_that_was_not_asked_leaves_it_unproven(network: Any) -> None:
    del network[1]["uk-pc1"]
    assert [verdict for verdict, _text in verdicts(network, "uk-pc1")] == ["not proven"]


def test_clients_that_were_not_logged_in_are_missed(network: Any) -> None:
    sent = network[1]["fl-fax"]["notifications"]
    sent[:] = [item for item in sent if not item["instance"].endswith("fl-fax/40")]
    failed = [text for verdict, text in verdicts(network, "uk-ts1") if verdict == "failed"]
    assert failed == ["39 of 40 instances of uk-ts1 were logged in to be called back"]


def test_nothing_is_said_where_no_server_called_anybody(network: Any) -> None:
    network[1]["fl-fax"]["notifications"] = None
    assert judge_notifications(network[0]["uses"], network[1]) == []
