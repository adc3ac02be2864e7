# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a plan, its lock file and the results are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.locations import (
    find_locations,
    inventory_directory,
    locations_of,
)


@pytest.mark.parametrize(
    ("options", "variables", "expected"),
    [
        ({}, {}, ("/inv/.faxnet/plan", "/inv/.faxnet.lock.json")),
        ({}, {"faxnet_directory": "/d", "faxnet_lock": "/l/x.json"}, ("/d/plan", "/l/x.json")),
        ({"directory": "/p", "lock": "/o"}, {"faxnet_directory": "/d", "faxnet_lock": "/l"}, ("/p", "/o")),
        (
            {"directory": None, "lock": None},
            {"faxnet_directory": None},
            ("/inv/.faxnet/plan", "/inv/.faxnet.lock.json"),
        ),
    ],
)
def test_a_task_decides_before_a_variable_and_a_variable_before_the_default(
    options: dict[str, Any], variables: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = locations_of(options, variables, Path("/inv"))
    assert (found.plan, found.lock) == tuple(map(Path, expected))
    # Where the user names the file, no other is looked for.
    assert found.old_lock == (Path("/inv/faxnet.lock.json") if "/inv/.faxnet.lock.json" in expected else None)


def test_the_first_source_that_is_a_file_or_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").touch()
    (tmp_path / "folder").mkdir()
    assert inventory_directory(["a,b,", str(tmp_path / "hosts.yml")], "/x") == tmp_path
    assert inventory_directory([str(tmp_path / "folder"), str(tmp_path / "hosts.yml")], "/x") == tmp_path / "folder"
    assert inventory_directory(["a,b,"], "/x") == Path("/x")


def test_a_host_without_an_inventory_directory_is_lent_the_first_sources(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def evaluate(value: Any, variables: Any) -> Any:
        seen.update(variables)
        return {name: text.replace("HERE", variables["inventory_dir"]) for name, text in value.items()}

    variables = {"ansible_inventory_sources": [str(tmp_path)], "faxnet_directory": "HERE/x", "playbook_dir": "/p"}
    assert find_locations({}, variables, evaluate).plan == tmp_path / "x" / "plan"
    assert find_locations({}, {**variables, "inventory_dir": "/own"}, evaluate).plan == Path("/own/x/plan")
