# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection itself said of the scenario's network, before these tests tried it by other means."""

from __future__ import annotations

from typing import Any


def test_the_collections_own_verification_passed(report: dict[str, Any]) -> None:
    failed = [check["id"] for check in report["checks"] if check["verdict"] == "failed"]
    assert failed == []
    assert report["verdict"] == "passed", report["sentence"]


def test_packets_were_tried_that_must_pass_and_others_that_must_not(report: dict[str, Any]) -> None:
    tried = {check["expect"] for check in report["checks"] if check["kind"] != "control"}
    assert {"open", "silent"} <= tried
    assert report["hosts"]["untested"] == []


def test_the_plan_has_no_error_in_it(plan: dict[str, Any]) -> None:
    assert plan["flows"]
    assert [finding for finding in plan["findings"] if finding["severity"] == "error"] == []
