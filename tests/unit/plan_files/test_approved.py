# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approved plan: kept, compared, insisted on; and what is wrong with it in sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.approved import (
    approve,
    approved_digest,
    approved_directory,
    approved_time,
    insist_on_approved,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan, written_digest
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from tests.unit.networks import FLORIDA, SHEFFIELD, Network

TIME = "2026-11-29T18:44:10Z"


def network(*clients: str) -> Network:
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
    net.server("fl-fax", "florida", "10.1.0.10")
    for number, name in enumerate(clients):
        net.client(name, "sheffield", f"10.2.0.{20 + number}")
    return net


def write(plan: Path, *clients: str) -> None:
    write_plan(PlanDocuments(network(*clients).plan()), plan)


def test_nobody_has_to_approve_where_nobody_ever_did(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    assert insist_on_approved(plan) == ""
    write(plan, "pc1")
    assert (approved_digest(plan), insist_on_approved(plan)) == ("", "")


def test_another_plan_than_the_approved_one_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    assert approve(plan, TIME)
    assert insist_on_approved(plan) == written_digest(plan)
    assert not approve(plan, TIME)
    write(plan, "pc1", "pc2")
    with pytest.raises(PlanFileError, match=r"is not the one that was approved .* nothing was changed"):
        insist_on_approved(plan)
    write(plan, "pc1")
    assert insist_on_approved(plan)


def test_the_time_of_an_approval_is_kept_with_the_copy_and_is_that_of_the_first(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    assert approved_time(plan) == ""
    approve(plan, TIME)
    assert not approve(plan, "2027-01-01T00:00:00Z")
    assert approved_time(plan) == TIME
    write(plan, "pc1", "pc2")
    assert approve(plan, "2027-01-01T00:00:00Z")
    assert approved_time(plan) == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize("content", [b"", b"yesterday", b"\xff\xfe", b"2026-11-29", None])
def test_a_time_that_says_nothing_is_none(tmp_path: Path, content: bytes | None) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan, TIME)
    noted = approved_directory(plan) / "approved_at"
    if content is None:
        noted.unlink()
    else:
        noted.write_bytes(content)
    assert approved_time(plan) == ""
    assert insist_on_approved(plan)


def test_a_plan_that_is_gone_is_not_the_approved_one(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan, TIME)
    plan.rename(tmp_path / "elsewhere")
    with pytest.raises(PlanFileError, match=r"\(none\) is not the one that was approved"):
        insist_on_approved(plan)


def test_a_plan_that_was_edited_by_hand_is_not_approved(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    document = plan / "plan.json"
    document.write_text(document.read_text(encoding="utf-8").replace("10.2.0.20", "10.2.0.99"), encoding="utf-8")
    with pytest.raises(PlanFileError, match="not as it was written"):
        approve(plan, TIME)
    assert not approved_directory(plan).exists()


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_text("xyz", encoding="ascii"), lambda path: path.write_bytes(b"\xff")]
)
def test_an_approved_plan_that_was_spoilt_is_told_with_its_own_cure(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan, TIME)
    spoil(approved_directory(plan) / "digest")
    with pytest.raises(PlanFileError, match="have the plan approved that is there now"):
        insist_on_approved(plan)
    assert approve(plan, TIME)
    assert insist_on_approved(plan)


def test_an_edited_copy_is_mended_by_approving_again(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan, TIME)
    (approved_directory(plan) / "plan.json").write_text("{}", encoding="utf-8")
    assert approve(plan, TIME, check_mode=True)
    assert approve(plan, TIME)
    assert not approve(plan, TIME)


def test_something_else_in_its_place_is_left_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approved_directory(plan).write_text("mine", encoding="utf-8")
    with pytest.raises(PlanFileError, match="is a file, where the approved plan is kept"):
        approve(plan, TIME)
    assert approved_directory(plan).read_text(encoding="utf-8") == "mine"
