# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approved plan: kept, compared, insisted on; and what is wrong with it in sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.plans import access_between
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.words import access_lines
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.approved import (
    approve,
    approved_digest,
    approved_directory,
    insist_on_approved,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan, written_digest
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from tests.unit.networks import FLORIDA, SHEFFIELD, Network


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
    assert approve(plan)
    assert insist_on_approved(plan) == written_digest(plan)
    assert not approve(plan)
    write(plan, "pc1", "pc2")
    with pytest.raises(PlanFileError, match=r"is not the one that was approved .* nothing was changed"):
        insist_on_approved(plan)
    assert next(access_lines(access_between(approved_directory(plan), plan))).startswith("gains: pc2 to fl-fax")
    write(plan, "pc1")
    assert insist_on_approved(plan)


def test_a_plan_that_is_gone_is_not_the_approved_one(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan)
    plan.rename(tmp_path / "elsewhere")
    with pytest.raises(PlanFileError, match=r"\(none\) is not the one that was approved"):
        insist_on_approved(plan)


def test_a_plan_that_was_edited_by_hand_is_not_approved(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    document = plan / "plan.json"
    document.write_text(document.read_text(encoding="utf-8").replace("10.2.0.20", "10.2.0.99"), encoding="utf-8")
    with pytest.raises(PlanFileError, match="not as it was written"):
        approve(plan)
    assert not approved_directory(plan).exists()


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_text("xyz", encoding="ascii"), lambda path: path.write_bytes(b"\xff")]
)
def test_an_approved_plan_that_was_spoilt_is_told_with_its_own_cure(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan)
    spoil(approved_directory(plan) / "digest")
    with pytest.raises(PlanFileError, match="have the plan approved that is there now"):
        insist_on_approved(plan)
    assert approve(plan)
    assert insist_on_approved(plan)


def test_an_edited_copy_is_mended_by_approving_again(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approve(plan)
    (approved_directory(plan) / "plan.json").write_text("{}", encoding="utf-8")
    assert approve(plan, check_mode=True)
    assert approve(plan)
    assert not approve(plan)


def test_something_else_in_its_place_is_left_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write(plan, "pc1")
    approved_directory(plan).write_text("mine", encoding="utf-8")
    with pytest.raises(PlanFileError, match="is a file, where the approved plan is kept"):
        approve(plan)
    assert approved_directory(plan).read_text(encoding="utf-8") == "mine"
