# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as planned, grouped by what happened: one missing rule is read of once."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.failures_section import failures_section
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.hosts_by_site import hosts_by_site
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report
from tests.unit.report.test_page import large
from tests.unit.verification.offices import as_planned, reported, two_offices, wide_open


def section(report: Report) -> str:
    return str(failures_section(report))


def causes(report: Report) -> list[tuple[str, str]]:
    """How many checks each cause has, and of which kind they are, in the order of the page."""
    return re.findall(r'<summary><span class="badge bad">(\d+) checks?</span> <strong>(.*?)</strong>', section(report))


def test_what_failed_alike_stands_together_the_most_first() -> None:
    report = reported(two_offices(), wide_open)
    failed = Counter(check["kind"] for check in report.checks if check["verdict"] == "failed")
    assert failed.total() == 81
    listed = [(kind.replace("&#x27;", "'"), int(count)) for count, kind in causes(report)]
    assert dict(listed) == failed
    assert [count for _kind, count in listed] == sorted(failed.values(), reverse=True)
    assert "81 checks failed, in 5 ways" in section(report)
    assert section(report).count(">must be refused</td>") == 81


def test_a_cause_names_its_ends_and_where_to_look() -> None:
    def router_open(probe: dict[str, Any]) -> str:
        return "refused" if probe["kind"] == "another host" else as_planned(probe)

    words = section(reported(two_offices(), router_open))
    assert "From fl-router and stranger to fl-fax. " in words
    assert "Are the plan&#x27;s rules in force on fl-fax, and on the routers before it?" in words


def test_few_failures_are_shown_at_once_and_many_are_folded() -> None:
    def shut(probe: dict[str, Any]) -> str:
        return "silent" if probe["id"] == "uk-pc1>198.51.100.10:7488/tcp" else as_planned(probe)

    few, many = section(reported(two_offices(), shut)), section(reported(two_offices(), wide_open))
    assert few.count('<details class="sheet" open>') == 1
    assert "Does fl-fax run the program that listens there" in few
    assert "1 check failed, in one way" in few
    assert '<details class="sheet" open>' not in many


def test_notifications_that_went_astray_have_a_cause_of_their_own() -> None:
    report = reported(two_offices(), as_planned)
    assert report.notifications
    lost = [{**item, "verdict": "failed", "text": "was lost"} for item in report.notifications[:3]]
    words = section(dataclasses.replace(report, notifications=tuple(lost)))
    assert causes(dataclasses.replace(report, notifications=tuple(lost))) == [("3", "call-back")]
    assert "and are their call-back ports set as planned?" in words


def test_of_many_checks_the_first_stand_on_the_page_and_the_number_of_the_others() -> None:
    report = reported(large(40), wide_open, notify=False)
    words = section(report)
    most = max(int(count) for count, _kind in causes(report))
    assert most > 200
    assert f"{most - 100} more are in report.json." in words
    assert max(part.count("<tr>") for part in words.split("<details")) == 101


# --- host by host, where the grid goes by site ------------------------------------------------------------------------


def test_below_a_grid_of_sites_each_host_has_a_row_with_whom_it_may_call_and_who_may_call_it() -> None:
    lists = {
        name: str(markup)
        for markup in hosts_by_site(reported(large(40), as_planned, notify=False))
        for name in re.findall(r"<summary><strong>(.*?)</strong>", markup)
    }
    assert set(lists) == {"florida", "sheffield", "elsewhere", "site000", "site001"}
    assert lists["site000"].count("<tr>") == 22
    row = next(row for row in lists["site000"].split("<tr>") if "<strong>pc000-03</strong>" in row)
    assert ">fl-fax on 7488 tcp<" in row
    assert re.search(r">fl-fax on \d+\u2013\d+ tcp<", row)
    assert '<span class="badge good">passed</span>' in row
    untested = hosts_by_site(reported(large(40), None))
    assert "not tested" in str(untested[0])


def test_a_network_too_large_for_that_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    report = reported(two_offices(), None)
    assert len(hosts_by_site(report)) == 3
    monkeypatch.setattr("ansible_collections.faxnet.deploy.plugins.plugin_utils.report.hosts_by_site.MOST_HOSTS", 7)
    assert hosts_by_site(report) == []
