# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every notification reaches the client that it is meant for, or the check says what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.notifications import judge_notifications
from tests.unit.verification.offices import as_planned, planned, results_of, two_offices


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


ASKING = [{"name": "request", "kind": "request"}, {"name": "alert", "kind": "alert"}]
CONSOLE = [{"name": "admin", "kind": "login"}, {"name": "log", "kind": "log_channel"}]
SERVICES = {"asking": ASKING, "console": CONSOLE}


def use(service: str, exchanges: list[str], **changes: Any) -> dict[str, Any]:
    """A client "pc" of the server "fax"; changes are those of its use."""
    found = {"host": "pc", "server": "fax", "service": service, "enabled": True, "callback": None, "instances": 1}
    return {**found, "exchanges": exchanges, **changes}


def datagram(kind: str, instance: str, **more: Any) -> dict[str, Any]:
    sent = {"kind": kind, "transport": "udp", "instance": instance, "token": f"token of {instance}", "detail": ""}
    return {**sent, "address": "203.0.113.20", "port": 40112, "source_port": 4711, "outcome": "sent", **more}


def judged(uses: list[dict[str, Any]], sent: list[dict[str, Any]], received: Any, **more: Any) -> list[dict[str, Any]]:
    """The checks of a round in which the server sent this and the client's instances, by name, got these tokens."""
    instances = None
    if received is not None:
        instances = [
            {"name": name, "notifications": [{"token": token} for token in tokens]} for name, tokens in received.items()
        ]
    results = {"fax": {"notifications": sent, "instances": None}, "pc": {"notifications": None, "instances": instances}}
    return judge_notifications(uses, results, services=SERVICES, **more)


PC, TWIN = "pc/asking@fax/1", "pc/asking@fax/2"


@pytest.mark.parametrize(
    ("received", "verdict", "text"),
    [
        ({PC: [f"token of {PC}"]}, "passed", "arrived once, at the client it was meant for and nowhere else"),
        ({PC: [], TWIN: []}, "failed", f"sent, but it did not reach {PC}"),
        ({PC: [], TWIN: [f"token of {PC}"]}, "failed", f"reached {TWIN} instead of {PC}"),
        ({PC: [f"token of {PC}"] * 2}, "failed", "arrived 2 times"),
        (None, "not proven", "it was sent, but pc was not asked what it received"),
    ],
)
def test_a_datagram_counts_when_its_client_says_that_it_got_it(received: Any, verdict: str, text: str) -> None:
    (check,) = judged([use("asking", ["request", "alert"])], [datagram("alert", PC)], received)
    assert (check["verdict"], check["text"]) == (verdict, text)
    assert (check["kind"], check["transport"], check["source_port"]) == ("alert", "udp", 4711)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("unreachable", "unreachable: Operation not permitted"),
        ("no_log_channel", "no log channel: Operation not permitted"),
    ],
)
def test_a_datagram_that_was_not_sent_failed_with_its_reason(outcome: str, text: str) -> None:
    sent = datagram("log item", "pc/console@fax/1", outcome=outcome, detail="Operation not permitted", token=None)
    (check,) = judged([use("console", ["admin", "log"])], [sent], {"pc/console@fax/1": []})
    assert (check["verdict"], check["text"]) == ("failed", text)


@pytest.mark.parametrize(
    ("wanting", "kind", "text"),
    [
        (use("asking", ["request", "alert"]), "alert", "0 of 1 instances of pc were known to the server to be alerted"),
        (
            use("console", ["admin", "log"], instances=3),
            "log item",
            "0 of 3 instances of pc were logged in to be sent log items",
        ),
    ],
)
def test_a_client_that_its_server_does_not_know_is_missed(wanting: dict[str, Any], kind: str, text: str) -> None:
    (check,) = judged([wanting], [], {})
    assert (check["verdict"], check["kind"], check["text"]) == ("failed", kind, text)


@pytest.mark.parametrize(
    "unwanting",
    [
        use("asking", ["request"]),
        use("asking", ["alert"]),
        use("console", ["admin"]),
        use("console", ["admin", "log"], enabled=False),
        use("unknown", ["admin", "log"]),
        use("console", ["admin", "log"], server="other"),
    ],
)
def test_a_client_that_wants_no_notification_is_not_missed(unwanting: dict[str, Any]) -> None:
    assert judged([unwanting], [], {}) == []


def test_a_client_on_a_host_without_an_emulator_is_not_missed() -> None:
    assert judged([use("asking", ["request", "alert"])], [], {}, without=["pc"]) == []


def test_one_service_of_a_client_does_not_stand_in_for_another() -> None:
    both = [use("asking", ["request", "alert"]), use("console", ["admin", "log"])]
    checks = judged(both, [datagram("alert", PC)], {PC: [f"token of {PC}"]})
    assert [(check["verdict"], check["kind"]) for check in checks] == [("passed", "alert"), ("failed", "log item")]
