# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict over a whole network, and the words for it."""

from __future__ import annotations

import html
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Limits
from tests.unit.verification.offices import (
    as_planned,
    dead,
    planned,
    reported,
    results_of,
    source_of,
    two_offices,
    wide_open,
)


def test_a_network_that_holds_exactly_the_plan_passes() -> None:
    report = reported(two_offices(), as_planned)
    assert (report.verdict, report.headline) == ("passed", "Exactly the planned traffic passes")
    assert report.sentence.startswith("All 11 connections that must work do, all ")
    assert report.sentence.endswith(", and all 43 notifications reached the client they were meant for.")


def test_where_hosts_refuse_nothing_it_says_which_and_claims_nothing_of_them() -> None:
    offices = two_offices()
    offices["hosts"]["fl-fax"]["faxnet_stance"] = "observe"
    offices["hosts"]["fl-router"]["faxnet_stance"] = "additive"
    report = reported(offices, as_planned)
    assert (report.verdict, report.headline) == ("passed", "The planned traffic passes")
    assert "No refusal is claimed of fl-router (additive) and fl-fax (observe)" in report.sentence
    assert report.lenient == {"additive": ("fl-router",), "observe": ("fl-fax",)}
    page = html.unescape(report_page(report))
    assert "and to and through fl-router and fl-fax: nothing is refused there." in page
    assert "refuses nothing (observe)" in page
    assert "refuses nothing (additive)" in page


def test_a_network_without_rules_fails_on_everything_that_must_be_refused() -> None:
    report = reported(two_offices(), wide_open)
    assert report.verdict == "failed"
    refused = [check for check in report.checks if check["expect"] == "silent"]
    assert {check["verdict"] for check in refused} == {"failed"}
    assert report.headline == f"Not as planned: {len(refused)} checks failed"


def test_a_dead_network_proves_no_refusal() -> None:
    report = reported(two_offices(), dead, notify=False)
    refused = {check["verdict"] for check in report.checks if check["expect"] == "silent"}
    assert (report.verdict, refused) == ("failed", {"not proven"})


def test_one_lost_flow_is_one_failure() -> None:
    def broken(probe: dict[str, Any]) -> str:
        return "silent" if probe["id"] == "uk-pc1>198.51.100.10:7488/tcp" else as_planned(probe)

    report = reported(two_offices(), broken)
    assert report.headline == "Not as planned: 1 check failed"
    assert [check["id"] for check in report.of_verdict("failed")] == ["uk-pc1>198.51.100.10:7488/tcp"]


def test_before_any_test_it_says_so() -> None:
    report = reported(two_offices(), None)
    assert (report.verdict, report.headline) == ("not tested", "Planned, not tested yet")


def test_after_a_limited_run_it_names_the_hosts_that_were_not_tested() -> None:
    report = reported(two_offices(), as_planned, only="fl-")
    assert report.verdict == "incomplete"
    assert report.untested == ("stranger", "uk-pc1", "uk-pc2", "uk-ts1")
    assert report.sentence.endswith("stranger, uk-pc1, uk-pc2 and uk-ts1 were not tested.")


def test_results_of_another_plan_do_not_count() -> None:
    plan, slices = planned(two_offices())
    expects = expectations(plan, slices)
    results = results_of({**plan, "digest": "of yesterday"}, expects, as_planned)
    assert make_report(source_of(plan, slices, expects, results)).verdict == "not tested"


def test_what_was_never_notified_is_not_counted_as_notified() -> None:
    report = reported(two_offices(), as_planned, notify=False)
    assert report.notifications is None
    assert "notifications" not in report.sentence


def test_what_was_sampled_is_said_once_a_kind() -> None:
    plan, slices = planned(two_offices())
    expects = expectations(plan, slices, Limits(refused=3, others=1, pairs=1))
    report = make_report(source_of(plan, slices, expects, results_of(plan, expects, as_planned)))
    said = report.sampled()
    pairs = (
        "Unsolicited to the LAN: 6 of 30 pairs of hosts were tried; each host tries 1 hosts behind routers, in turn."
    )
    assert pairs in said
    some = "Another client's range: 6 of 8 packets of fl-fax and uk-pc1 were tried; chosen by the hash of their ids."
    assert some in said
    page = report_page(report)
    assert all(html.escape(line) in page for line in said)
