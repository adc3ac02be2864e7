# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grid: everybody is in it, and a sign says what was tried and no more than that."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import parse_ranges
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.flow_words import ports_label
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.matrix import make_matrix, proof_of, summary_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.matrix_section import matrix_section
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.tried import Tried
from tests.unit.verification.offices import as_planned, reported, two_offices, wide_open


def proof(report: Report, source: str, target: str) -> list[str]:
    return list(proof_of(make_matrix(report).cell(source, target)))


def shown(report: Report, source: str, target: str) -> str:
    """The text of a cell's sign and ports."""
    grid = str(matrix_section(report))
    columns = make_matrix(report).columns
    row = re.search(rf'<tr><th scope="row">{re.escape(source)}</th>(.*?)</tr>', grid, re.DOTALL)
    assert row is not None
    cell = re.findall(r"<td.*?</td>", row.group(1), re.DOTALL)[columns.index(target)]
    summary = re.search(r"<summary.*?</summary>", cell, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", summary.group(0) if summary else cell))


def test_routers_have_rows_and_columns_as_hosts_do_last_in_their_sites() -> None:
    matrix = make_matrix(reported(two_offices(), as_planned))
    assert matrix.sources == matrix.targets
    assert matrix.sources == (
        ("florida", ("fl-fax", "fl-pc1", "fl-router")),
        ("sheffield", ("uk-pc1", "uk-pc2", "uk-ts1", "uk-router")),
        ("elsewhere", ("stranger",)),
    )
    assert proof(reported(two_offices(), as_planned), "fl-router", "fl-fax") == [
        "1 connection tried to be refused (1 another host): 7488 tcp; refused"
    ]


def test_a_tick_names_how_many_of_what_kinds_and_which_ports() -> None:
    report = reported(two_offices(), as_planned)
    assert proof(report, "fl-fax", "uk-ts1") == [
        "2 connections tried (2 call-back): 10500, 10599 tcp; all got through",
        "5 packets tried to be refused (2 neighbour port, 2 other protocol, 1 unsolicited to the LAN): "
        "22, 10499, 10600 tcp, 10500, 10599 udp; all refused",
        "40 notifications sent; all arrived as meant",
    ]
    section = str(matrix_section(report))
    assert section.count("2 connections tried (2 call-back): 10500, 10599 tcp; all got through") == 2
    assert shown(report, "fl-fax", "uk-ts1") == "10500\u201310599 tcp\u2713"


def test_a_dash_with_a_sign_can_be_opened_and_one_without_says_that_nothing_was_tried() -> None:
    report = reported(two_offices(), wide_open)
    assert shown(report, "stranger", "fl-fax") == "\u2013\u2715"
    (sentence,) = proof(report, "stranger", "fl-fax")
    assert sentence.endswith("got through")
    assert sentence[:1].upper() + sentence[1:] in html.unescape(str(matrix_section(report)))
    untested = make_matrix(reported(two_offices(), None)).cell("stranger", "fl-fax")
    assert summary_of(untested, "stranger", "fl-fax") == "no fax flow from stranger to fl-fax: not tested"


def without(report: Report, wanted: Any) -> Report:
    """The report of a run in which only those checks were made, and no notification was sent."""
    kept = [check for check in report.checks if wanted(check)]
    # A matrix goes through them and counts nothing, for which a list will do.
    return dataclasses.replace(report, checks=kept, notifications=None)  # type: ignore[arg-type]


def test_refusals_alone_make_no_tick_where_something_may_pass() -> None:
    report = without(reported(two_offices(), as_planned), lambda check: check["expect"] == "silent")
    cell = make_matrix(report).cell("fl-fax", "uk-ts1")
    assert (cell.probes, cell.verdict) == (5, "")
    assert shown(report, "fl-fax", "uk-ts1") == "10500\u201310599 tcp"
    assert list(proof_of(cell))[-1] == "1 of 1 flows not tried"


def test_a_tick_over_some_of_the_flows_says_over_how_many() -> None:
    inventory = two_offices()
    for index in range(20):
        more = {"faxnet_site": "sheffield", "faxnet_address": f"10.2.0.{100 + index}"}
        use = {"service": "netcfax", "server": "fl-fax"}
        inventory["hosts"][f"uk-pc{100 + index}"] = {**more, "faxnet_uses": [use]}
    report = without(reported(inventory, as_planned), lambda check: check["host"] != "uk-pc100")
    cell = make_matrix(report).cell("sheffield", "florida")
    assert (cell.verdict, len(cell.flows), cell.untried) == ("passed", 23, 1)
    assert shown(report, "sheffield", "florida") == "7488 tcp\u2713 22 of 23"


def test_a_flow_whose_question_another_one_asked_counts_as_tried() -> None:
    report = reported(two_offices(), as_planned)
    (flow,) = make_matrix(report).cell("uk-pc1", "fl-fax").flows
    view = dataclasses.replace(report.view, flows=(*report.view.flows, flow._replace(id="another")))
    cell = make_matrix(dataclasses.replace(report, view=view)).cell("uk-pc1", "fl-fax")
    assert (len(cell.flows), cell.untried) == (2, 0)


def test_a_notification_that_went_astray_shows_where_it_should_have_gone() -> None:
    report = reported(two_offices(), as_planned)
    assert report.notifications
    astray = tuple(
        {**item, "verdict": "failed" if item["instance"] == "uk-ts1/netcfax@fl-fax/7" else item["verdict"]}
        for item in report.notifications
    )
    cell = make_matrix(dataclasses.replace(report, notifications=astray)).cell("fl-fax", "uk-ts1")
    assert cell.verdict == "failed"
    assert list(proof_of(cell))[-1] == "40 notifications sent; 1 lost or astray, 39 arrived as meant"


def check(port: int | None, transport: str = "tcp", **more: Any) -> dict[str, Any]:
    return {"port": port, "transport": transport, "kind": "flow", "expect": "open", "verdict": "passed", **more}


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ([check(25)], "1 connection tried (1 flow): 25 tcp; got through"),
        ([check(53, "udp"), check(54, "udp")], "2 datagrams tried (2 flow): 53\u201354 udp; all got through"),
        ([check(25), check(53, "udp")], "2 packets tried (2 flow): 25 tcp, 53 udp; all got through"),
        ([check(None, "icmp", kind="permit")], "1 packet tried (1 permit): icmp; got through"),
        (
            [check(port) for port in range(1, 20, 2)],
            "10 connections tried (10 flow): 1, 3, 5, 7, 9, 11 and 4 more tcp; all got through",
        ),
        (
            [check(25), check(26, verdict="failed"), check(27, verdict="not proven", kind="call-back")],
            "3 connections tried (2 flow, 1 call-back): 25\u201327 tcp; "
            "1 did not get through, 1 not proven, 1 got through",
        ),
    ],
)
def test_what_was_tried_is_said_in_one_sentence(checks: list[dict[str, Any]], words: str) -> None:
    tried = Tried()
    for item in checks:
        tried.add(item)
    assert list(tried.sentences()) == [words]


@pytest.mark.parametrize(
    ("ports", "most", "label"),
    [
        ("993,7488", 1, "993, 7488"),
        ("25,10500-10599", 1, "25, 10500\u201310599"),
        ("25,993,7488", 1, "3 ports in 25\u20137488"),
        ("25,993,10500-10599", 1, "3 ranges in 25\u201310599"),
        ("25,993,7488", 3, "25, 993, 7488"),
        ("1-65535", 1, "any port"),
    ],
)
def test_ports_are_called_ports_and_ranges_ranges(ports: str, most: int, label: str) -> None:
    assert ports_label(parse_ranges(ports), most) == label


def strips(report: Report) -> list[list[str]]:
    """The columns of each strip of the grid for paper."""
    _screen, _paper, rest = str(matrix_section(report)).partition('<div class="paper">')
    heads = re.findall(r"<thead>(.*?)</thead>", rest, re.DOTALL)
    return [re.findall(r'<th scope="col">(.*?)</th>', head) for head in heads]


def test_on_paper_the_grid_is_cut_into_strips_that_fit_with_every_column_once() -> None:
    found = strips(reported(two_offices(), as_planned))
    assert [len(columns) for columns in found] == [4, 4]
    every = [name for columns in found for name in columns]
    assert every == list(make_matrix(reported(two_offices(), as_planned)).columns)


def test_on_paper_nothing_needs_to_be_opened() -> None:
    _screen, _paper, rest = str(matrix_section(reported(two_offices(), as_planned))).partition('<div class="paper">')
    grid = rest.partition('<p class="legend">')[0]
    assert "<details" not in grid
    assert "10500\u201310599 tcp" in grid


def test_long_names_may_be_broken_after_their_dots() -> None:
    inventory = two_offices()
    name = "reception-desk-seventeen.accounts-receivable.leeds.example.org"
    inventory["hosts"][name] = inventory["hosts"].pop("uk-pc1")
    grid = str(matrix_section(reported(inventory, None)))
    assert name.replace(".", ".<wbr>") in grid
