# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan on disk, held against the approved one: the same, none, another one, or one that cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.plans import (
    Place,
    SinceApproved,
    places_of,
    since_approved,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.since_words import since_lines
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.approved import approve, approved_directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import read_plan, write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from tests.unit.networks import FLORIDA, SHEFFIELD, Network

TIME = "2026-11-29T18:44:10Z"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan of one server and two clients."""
    write(tmp_path / "plan", pc1="10.2.0.21", pc2="10.2.0.22")
    return tmp_path / "plan"


def write(plan: Path, **clients: str) -> None:
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
    net.server("fl-fax", "florida", "10.1.0.10")
    for name, address in clients.items():
        net.client(name, "sheffield", address)
    write_plan(PlanDocuments(net.plan()), plan)


def since(plan: Path) -> SinceApproved:
    document = read_plan(plan)
    return since_approved(plan, document["digest"], places_of(document))


def test_where_nobody_approved_anything_it_says_so(plan: Path) -> None:
    found = since(plan)
    assert (found.digest, found.time, found.is_this, found.changes) == ("", "", False, None)
    assert list(since_lines(found)) == ["No plan has been approved so far."]


def test_the_approved_plan_is_known_as_such_with_its_time(plan: Path) -> None:
    approve(plan, TIME)
    found = since(plan)
    assert (found.digest, found.time, found.is_this) == (read_plan(plan)["digest"], TIME, True)
    (line,) = since_lines(found)
    assert line == "This is the approved plan. It was approved 2026-11-29 18:44:10 UTC."
    (approved_directory(plan) / "approved_at").unlink()
    assert list(since_lines(since(plan))) == ["This is the approved plan."]


def test_hosts_that_came_went_and_moved_are_told_beside_access(plan: Path) -> None:
    approve(plan, TIME)
    digest = read_plan(plan)["digest"]
    write(plan, pc1="10.2.0.99", pc3="10.2.0.23")
    found = since(plan)
    assert (found.digest, found.is_this) == (digest, False)
    assert found.changes is not None
    assert (found.changes.added, found.changes.removed) == (("pc3",), ("pc2",))
    assert found.changes.moved == {
        "pc1": (Place("sheffield", ("10.2.0.21",)), Place("sheffield", ("10.2.0.99",))),
    }
    assert set(found.changes.others) == {"fl-fax", "fl-router", "uk-router"}
    lines = list(since_lines(found))
    assert lines[0] == f"The approved plan is another one: {digest} (approved 2026-11-29 18:44:10 UTC). Since then:"
    assert "  gains: pc3 to fl-fax: tcp 7488 (netcfax.pcp)" in lines
    assert "  loses: pc2 to fl-fax: tcp 7488 (netcfax.pcp)" in lines
    assert lines[-4:] == [
        "  hosts added: pc3",
        "  hosts removed: pc2",
        "  host moved: pc1: 10.2.0.21 in sheffield becomes 10.2.0.99 in sheffield",
        "  their part of the plan is another one: fl-fax, fl-router, uk-router",
    ]


def test_a_move_says_what_is_different_where_the_packets_are_called_the_same(plan: Path) -> None:
    approve(plan, TIME)
    write(plan, pc1="10.2.0.99", pc2="10.2.0.22")
    lines = list(since_lines(since(plan)))
    assert (
        f"  moves: pc1 to fl-fax: tcp 7488 from {SHEFFIELD} to 10.1.0.10 (10.2.0.21 sends them) becomes "
        f"tcp 7488 from {SHEFFIELD} to 10.1.0.10 (10.2.0.99 sends them) (netcfax.pcp)"
    ) in lines


def test_an_approved_plan_that_cannot_be_read_is_no_plan_in_which_everything_is_new(plan: Path) -> None:
    approve(plan, TIME)
    write(plan, pc1="10.2.0.21", pc2="10.2.0.22", pc3="10.2.0.23")
    kept = approved_directory(plan)
    safe = plan.parent / "safe"
    shutil.copytree(kept, safe)
    for file, content in (("plan.json", "{}"), ("hosts/fl-fax.json", "{}"), ("digest", f"{'0' * 64}\n")):
        shutil.rmtree(kept)
        shutil.copytree(safe, kept)
        (kept / file).write_text(content, encoding="utf-8")
        with pytest.raises(PlanFileError, match="have the plan approved that is there now"):
            since(plan)
    shutil.rmtree(kept)
    shutil.copytree(safe, kept)
    assert since(plan).changes is not None
