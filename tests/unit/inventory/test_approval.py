# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``faxnet_approval``: read with all its mistakes at once, and never part of the plan that it approves."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import NOT_SHOWN, VaultedNumber, VaultedText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import (
    UNSAID,
    Approval,
    read_approval,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.reader import Reader
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from tests.unit.verification.offices import two_offices

WHOLE = {
    "network": "Two offices",
    "change": "CHG-20417",
    "requested_by": "telephony",
    "approved_by": "network security",
    "approved_on": "2026-11-29",
    "digest": "9f2c61d0a7be",
}


def read(raw: object) -> tuple[Approval, list[Finding]]:
    findings: list[Finding] = []
    return read_approval(Reader("", findings), raw), findings


@pytest.mark.parametrize("raw", [None, {}, dict.fromkeys(WHOLE)])
def test_nothing_said_is_nothing_said(raw: object) -> None:
    approval, findings = read(raw)
    assert (approval, bool(approval), findings) == (UNSAID, False, [])


def test_everything_is_read_as_it_was_written() -> None:
    assert read(WHOLE) == (Approval(**WHOLE), [])


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("change", 20417, "20417"),
        ("approved_on", datetime.date(2026, 11, 29), "2026-11-29"),
        ("approved_on", datetime.datetime(2026, 11, 29, 18, 0), "2026-11-29"),
        ("approved_on", " 2026-11-29 ", "2026-11-29"),
        ("digest", "9F2C61D0A7BE" + "0" * 52, "9f2c61d0a7be" + "0" * 52),
        ("network", "two\n  offices", "two offices"),
        ("approved_by", VaultedText("somebody"), NOT_SHOWN),
        ("change", VaultedNumber(8675309), NOT_SHOWN),
    ],
)
def test_what_people_write_is_understood(key: str, value: object, wanted: str) -> None:
    approval, findings = read({key: value})
    assert (getattr(approval, key), findings) == (wanted, [])


MISTAKES: list[tuple[str, object, str]] = [
    ("network", ["Two offices"], "FXN101"),
    ("network", " ", "FXN103"),
    ("change", 4.5, "FXN101"),
    ("change", True, "FXN101"),
    ("requested_by", 7, "FXN101"),
    ("approved_by", {"name": "x"}, "FXN101"),
    ("approved_on", "29.11.2026", "FXN701"),
    ("approved_on", "2026-02-30", "FXN701"),
    ("approved_on", "20261129", "FXN701"),
    ("approved_on", 20261129, "FXN701"),
    ("digest", "9f2c61d0a7b", "FXN701"),
    ("digest", "9f2c61d0a7bg", "FXN701"),
    ("digest", 123456789012, "FXN701"),
    ("digest", "0" * 65, "FXN701"),
]


@pytest.mark.parametrize(("key", "value", "code"), MISTAKES)
def test_each_mistake_is_one_error_and_what_is_sound_stays(key: str, value: object, code: str) -> None:
    approval, (finding,) = read({**WHOLE, key: value})
    assert (finding.code, finding.variable, finding.severity) == (code, f"faxnet_approval.{key}", "error")
    assert finding.value
    assert finding.cure
    assert approval == Approval(**{**WHOLE, key: ""})


def test_a_value_that_is_no_mapping_and_a_key_that_is_none_are_named() -> None:
    (finding,) = read("signed")[1]
    assert (finding.code, finding.variable, finding.value) == ("FXN101", "faxnet_approval", "signed")
    (finding,) = read({"approver": "x"})[1]
    assert finding.code == "FXN102"
    assert "approved_by" in finding.cure


def inputs(**more: Any) -> Inputs:
    inventory = two_offices()
    return Inputs(sites=inventory["faxnet_sites"], hosts=inventory["hosts"], **more)


def test_all_mistakes_come_out_in_one_run_of_the_plan_and_none_is_made() -> None:
    wrong = {"change": [], "approved_on": "soon", "digest": "abc", "aproved_by": "x"}
    planned = make_plan(inputs(approval=wrong, controller="nowhere at all"))
    assert planned.plan is None
    assert [(item.code, item.variable, item.hosts) for item in planned.findings] == [
        ("FXN101", "faxnet_approval.change", ()),
        ("FXN102", "faxnet_approval.aproved_by", ()),
        ("FXN122", "faxnet_controller", ()),
        ("FXN701", "faxnet_approval.approved_on", ()),
        ("FXN701", "faxnet_approval.digest", ()),
    ]


@pytest.mark.parametrize(
    "approval", [WHOLE, {"network": "Another"}, {**WHOLE, "digest": "0" * 64}, {"approved_by": "x"}]
)
def test_an_approval_changes_nothing_in_the_plan_that_it_approves(approval: object) -> None:
    written = []
    for said in (None, approval):
        plan = make_plan(inputs(approval=said)).plan
        assert plan is not None
        documents = PlanDocuments(plan)
        slices = [part.content for part in documents.slices]
        written.append((slices, b"".join(documents.plan), documents.findings, documents.digest))
    assert written[0] == written[1]
    assert json.loads(written[0][1])["digest"] == written[0][3]
