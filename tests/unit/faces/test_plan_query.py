# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plan_query of a path: a plan's directory, its document, or a host's slice, wherever that lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.faxnet.deploy.plugins.filter.plan_query import FilterModule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import seal
from tests.unit.networks import two_offices

ask = FilterModule().filters()["plan_query"]


@pytest.fixture(params=["small", "large"])
def plan(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan directory with a file for each host, or with one for all."""
    if request.param == "large":
        monkeypatch.setattr(directory, "MOST_FILES", 1)
    directory.write_plan(PlanDocuments(two_offices().plan()), tmp_path / "plan")
    return str(tmp_path / "plan")


def test_a_directory_and_its_document_are_the_plan(plan: str) -> None:
    for path in (plan, f"{plan}/plan.json"):
        assert ask(path, 'hosts."uk-pc1".addresses') == ["10.2.0.21"]


def test_a_hosts_file_is_its_slice_in_a_network_of_any_size(plan: str) -> None:
    assert ask(f"{plan}/hosts/uk-pc1.json", "uses[].dial") == ["198.51.100.10"]


@pytest.mark.parametrize("name", ["hosts/nobody.json", "hosts/.json", "nothing/plan.json"])
def test_what_is_not_there_is_said_with_the_cure(plan: str, name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^plan_query: .*(faxnet\.deploy\.plan|host name)"):
        ask(f"{plan}/{name}", "hosts")


def test_a_plan_whose_parts_are_missing_is_said_with_the_place(plan: str) -> None:
    body = json.dumps({"format": 1, "flows": [{"service": "netcfax"}], "services": {}})
    Path(plan, "plan.json").write_bytes(seal(body[:-1])[0])
    with pytest.raises(
        AnsibleFilterError, match=r"^plan_query: .*plan\.json.*; run the playbook faxnet\.deploy\.plan again"
    ):
        ask(plan, "flows")
