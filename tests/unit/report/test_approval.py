# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page says of the approved plan and of the approver: which plan, what changed since, and who signs what."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.plans import SinceApproved
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.since_words import since_lines
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.words import told_changes
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import UNSAID, Approval
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.approved import approve, approved_directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report import changes_section
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.exports import tables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.source import read_source
from tests.unit.report.test_page import HOSTILE, outline
from tests.unit.verification.offices import (
    APPROVED_AT,
    TIME,
    as_planned,
    planned,
    reported,
    since_plan_of,
    two_offices,
)


def approved_before() -> dict[str, Any]:
    """Return the two offices as they were: a client less, one more and one elsewhere, and other permits."""
    old = copy.deepcopy(two_offices())
    del old["hosts"]["uk-pc2"]
    use = {"service": "netcfax", "server": "fl-fax"}
    old["hosts"]["fl-old"] = {"faxnet_site": "florida", "faxnet_address": "10.1.0.77", "faxnet_uses": [use]}
    old["hosts"]["uk-pc1"]["faxnet_address"] = "10.2.0.99"
    old["hosts"]["fl-fax"]["faxnet_permits"] = [
        {"name": "web", "ports": 80, "sources": ["10.1.0.0/24"]},
        {"name": "wide", "ports": "1-1000", "sources": ["10.1.0.0/25"]},
    ]
    return old


def now() -> dict[str, Any]:
    new = two_offices()
    new["hosts"]["fl-fax"]["faxnet_permits"] = [
        {"name": "wide", "ports": "1-1000", "sources": ["10.1.0.0/24"]},
        {"name": "ntp", "ports": 123, "sources": ["10.1.0.9"]},
    ]
    return new


def changed(**more: Any) -> Report:
    return reported(now(), None, since=since_plan_of(approved_before(), now()), **more)


def part(report: Report, identity: str) -> str:
    """The text of one section of the page, spaces made one."""
    (markup,) = re.findall(rf'<section id="{identity}".*?</section>', report_page(report), re.DOTALL)
    read = type(outline(report))()
    read.feed(markup)
    return " ".join(" ".join(read.words).split())


# --- since the approved plan ------------------------------------------------------------------------------------------


def test_the_section_stands_near_the_top_of_every_page() -> None:
    for report in (changed(), reported(two_offices(), as_planned)):
        assert re.findall(r"<h2>(.*?)</h2>", report_page(report))[0] == "Since the approved plan"
        assert "#approved" in outline(report).links


def test_where_no_plan_was_approved_it_says_so_plainly_and_nothing_else() -> None:
    report = reported(two_offices(), None)
    said = part(report, "approved")
    assert said == f"Since the approved plan none No plan has been approved so far. This plan {report.view.digest}"


def test_the_approved_plan_is_called_so_with_its_time() -> None:
    report = reported(two_offices(), as_planned, since=since_plan_of(two_offices(), two_offices()))
    said = part(report, "approved")
    assert "the same This is the approved plan." in said
    assert said.count(report.view.digest) == 2
    assert "Approved 2026-11-13 09:30:00 UTC" in said
    assert "gains" not in said


def test_what_changed_is_on_the_page_in_the_terminals_words() -> None:
    report = changed()
    changes = report.source.since.changes
    assert changes is not None
    said = part(report, "approved")
    assert "another plan The approved plan is another one." in said
    assert report.source.since.digest in said
    assert "2026-11-13 09:30:00 UTC" in said
    every = list(told_changes(changes.access))
    assert {told.change for told in every} == {"gains", "loses", "moves", "no change necessary", "still passes"}
    for told in every:
        through = f" through {told.through}" if told.through else ""
        to = f"{told.destination}{through}{' by IPv6' if told.version == 6 else ''}"
        becomes = f" {told.becomes}" if told.becomes else ""
        assert f"{told.source} {to} {told.packets}{becomes} {told.entry}" in said
        assert told.line in " ".join(since_lines(report.source.since))
    heads = ["Who gains access", "Who loses access", "What moves", "What stays", "No change necessary", "Hosts"]
    places = [said.index(head) for head in heads]
    assert places == sorted(places)
    for words in ("Added uk-pc2", "Removed fl-old", "Moved uk-pc1: 10.2.0.99 in sheffield becomes 10.2.0.21"):
        assert words in said


def test_a_plan_that_gives_nobody_any_more_or_less_says_so() -> None:
    old = two_offices()
    old["hosts"]["uk-pc1"]["faxnet_system"] = "linux"
    report = reported(two_offices(), None, since=since_plan_of(old, two_offices()))
    assert report.source.since.changes is not None
    said = part(report, "approved")
    assert "Nobody gains or loses access." in said
    assert "Who gains access" not in said


def test_of_many_changes_the_first_of_each_kind_are_shown_and_the_file_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_section, "MOST_ROWS", 2)
    monkeypatch.setattr(changes_section, "MOST_NAMES", 1)
    report = changed()
    said = part(report, "approved")
    shown = re.findall(r'<section id="approved".*?</section>', report_page(report), re.DOTALL)[0].count("<tr><td")
    assert shown == 2 + 2 + 2 + 1 + 1
    assert "3 more are in changes.csv." in said
    assert "2 more are in changes.csv." in said
    assert "What moves" in said
    assert "fl-fax and 2 more 3 hosts fl-fax; fl-router; uk-router" in said


def test_the_tables_beside_the_page_and_the_document_hold_all_changes() -> None:
    report = changed()
    changes = report.source.since.changes
    assert changes is not None
    texts = ["".join(pieces) for pieces in zip(*tables(report)["changes.csv", "changes.md"], strict=True)]
    rows = list(csv.DictReader(io.StringIO(texts[0], newline="")))
    every = list(told_changes(changes.access))
    assert [(row["change"], row["source"], row["packets"], row["becomes"]) for row in rows] == [
        (told.change, told.source, told.packets, told.becomes) for told in every
    ]
    assert report.source.since.digest in texts[1]
    assert "approved 2026-11-13 09:30:00 UTC" in texts[1]
    document = json.loads("".join(report_json(report)))
    assert document["access_changes"] == [told._asdict() for told in every]
    assert document["since_approved"] == {
        "approved": report.source.since.digest,
        "approved_at": APPROVED_AT,
        "is_this": False,
        "problem": None,
        "added": ["uk-pc2"],
        "removed": ["fl-old"],
        "moved": ["uk-pc1"],
        "others": list(changes.others),
    }


def test_without_an_approved_plan_the_tables_say_so_and_hold_no_row() -> None:
    texts = [
        "".join(pieces)
        for pieces in zip(*tables(reported(two_offices(), None))["changes.csv", "changes.md"], strict=True)
    ]
    assert texts[0] == "change,source,destination,through,ip_version,packets,becomes,entry\n"
    assert "No plan has been approved so far." in texts[1]


# --- from files -------------------------------------------------------------------------------------------------------


def write(plan: Path, inventory: dict[str, Any]) -> None:
    made = make_plan(Inputs(sites=inventory["faxnet_sites"], hosts=inventory["hosts"])).plan
    assert made is not None
    write_plan(PlanDocuments(made), plan)


def test_a_report_reads_the_approved_plan_beside_its_own(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, approved_before())
    approve(plan, APPROVED_AT)
    assert read_source(plan, TIME, {}).since.is_this
    write(plan, now())
    assert read_source(plan, TIME, {}).since == since_plan_of(approved_before(), now())


def test_an_approved_plan_that_cannot_be_read_costs_no_report_and_is_a_warning(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, approved_before())
    approve(plan, APPROVED_AT)
    write(plan, now())
    (approved_directory(plan) / "plan.json").write_text("{}", encoding="utf-8")
    report = make_report(read_source(plan, TIME, {}))
    (finding,) = [item for item in report.findings if item["code"] == "FXN704"]
    assert finding["severity"] == "warning"
    assert "faxnet.deploy.approve" in finding["cure"]
    said = part(report, "approved")
    assert "not known The approved plan cannot be read" in said
    assert "gains" not in said
    assert "This is the approved plan" not in said


# --- who signs --------------------------------------------------------------------------------------------------------

SAID = Approval("Two offices", "CHG-20417", "R. Jones", "A. Smith", "2026-11-14")
DIGEST = planned(two_offices())[0]["digest"]


def signed(approval: Approval, **more: Any) -> Report:
    return reported(two_offices(), None, approval=approval, **more)


def with_digest(digest: str) -> Approval:
    return Approval(SAID.network, SAID.change, SAID.requested_by, SAID.approved_by, SAID.approved_on, digest)


def test_the_block_holds_all_that_was_said_and_the_plans_digest() -> None:
    report = signed(with_digest(DIGEST[:12]))
    said = part(report, "approval")
    assert said.startswith("Approval signed for this plan This plan was approved by A. Smith on 2026-11-14.")
    for words in (
        f"Plan {DIGEST}",
        "Network Two offices",
        "Change CHG-20417",
        "Asked for by R. Jones",
        "Approved by A. Smith",
        "Approved on 2026-11-14",
    ):
        assert words in said
    page = report_page(report)
    assert "Fax network report \u00b7 Two offices \u00b7 change CHG-20417" in page
    assert page.count('class="line"') == 1
    assert "not said" not in said
    assert [item["code"] for item in report.findings] == []


@pytest.mark.parametrize(
    ("digest", "code", "words"),
    [
        ("0" * 12, "FXN702", "signed for another plan The signature is for another plan: the plan 000000000000 was"),
        (
            "",
            "FXN703",
            "signed for no plan The signature names no plan: nothing says which plan was approved by A. Smith",
        ),
    ],
)
def test_a_signature_for_another_plan_or_none_fills_no_field_and_is_a_warning(
    digest: str, code: str, words: str
) -> None:
    report = signed(with_digest(digest))
    said = part(report, "approval")
    assert words in said
    assert words.split(" The ")[1] in part(report, "approved")
    assert "Approved by not for this plan" in said
    assert "Approved on not for this plan" in said
    assert report_page(report).count('class="line"') == 3
    assert [(item["code"], item["severity"]) for item in report.findings] == [(code, "warning")]
    assert code in part(report, "findings")


def test_what_nobody_filled_in_is_a_line_on_paper() -> None:
    report = signed(Approval(network="Two offices"))
    said = part(report, "approval")
    assert "not signed yet" in said
    assert "Change not said" in said
    assert report_page(report).count('class="line"') == 5
    assert "#approval" in outline(report).links


def test_where_nothing_is_said_of_an_approval_the_block_is_on_paper_alone() -> None:
    report = signed(UNSAID)
    page = report_page(report)
    assert re.search(r'<section id="approval" class="approval on-paper">', page)
    assert page.count('class="line"') == 6
    assert "#approval" not in outline(report).links
    assert DIGEST in part(report, "approval")
    assert "Fax network report</p>" in page


def test_hostile_and_very_long_values_stay_text_and_whole() -> None:
    long = "x" * 5000
    hostile = Approval(f"n{HOSTILE}", f"c{HOSTILE}", f"r{HOSTILE}{long}", f"a{HOSTILE}", "2026-11-14", DIGEST)
    for approval in (hostile, Approval(*(f"{name}{HOSTILE}" for name in "ncra"), approved_on="d", digest="0" * 12)):
        report = signed(approval)
        read = outline(report)
        assert read.seen.count("script") == 1
        assert report_page(report).count("<script") == 1
        assert "\x07" not in report_page(report)
        assert any("<script>alert('x')</script>" in words for words in read.words)
    assert long in report_page(signed(hostile))


def test_mistakes_in_what_was_said_are_findings_of_the_report() -> None:
    mistake = Finding("FXN701", (), "faxnet_approval.digest", "abc", "is not the digest of a plan", "write another")
    report = signed(SAID, mistakes=(mistake,))
    assert [item["code"] for item in report.findings] == ["FXN701", "FXN703"]
    assert "FXN701" in part(report, "findings")


def test_programs_are_told_what_was_said_and_whether_it_counts() -> None:
    document = json.loads("".join(report_json(signed(with_digest("0" * 12)))))
    assert document["approval"] == {
        "network": "Two offices",
        "change": "CHG-20417",
        "requested_by": "R. Jones",
        "approved_by": "A. Smith",
        "approved_on": "2026-11-14",
        "digest": "0" * 12,
        "signed": "another plan",
    }


def test_a_plan_that_was_approved_without_a_time_says_that_nobody_noted_it() -> None:
    report = reported(two_offices(), None, since=SinceApproved(DIGEST, is_this=True))
    assert "Approved nobody noted when" in part(report, "approved")
