# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the playbook must say of an inventory that holds one of every mistake."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.plays.network import Network, Outcome, tree

#: A mistake's finding: code, first host (empty: the whole network), variable.
Expected = tuple[str, str, str]


def planned(inventory: Path, folder: Path) -> Outcome:
    """Run the playbook over all the mistakes; it leaves the folder as it was."""
    network = Network(folder)
    network.write(inventory.read_text(encoding="utf-8"))
    before = tree(network.folder)
    outcome = network.run("faxnet.deploy.plan", "--diff")
    assert tree(network.folder) == before
    return outcome


def errors_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the errors of a run."""
    return [item for item in outcome.plan["findings"] if item["severity"] == "error"]


def place(finding: dict[str, Any]) -> Expected:
    """Return where a finding stands."""
    return (finding["code"], "".join(finding["hosts"][:1]), finding["variable"])


def check_told(outcome: Outcome, expected: Expected) -> None:
    """A mistake is one finding, told with its place and its cure."""
    (found,) = [item for item in errors_of(outcome) if place(item)[1:] == expected[1:]]
    assert place(found) == expected
    assert found["message"]
    assert f"{found['code']} {found['title']}\n  host      {expected[1] or 'all hosts'}" in outcome.text
    assert f"  cure      {found['cure']}\n" in outcome.text
    if found["value"]:
        assert f"  variable  {found['variable']}\n  value     {found['value']}\n" in outcome.text


def check_stopped(outcome: Outcome, expected: Collection[Expected]) -> None:
    """The run tells these and no others, and stops there."""
    assert sorted(place(item) for item in errors_of(outcome)) == sorted(expected)
    assert outcome.code != 0
    assert f"The inventory has {len(expected)} mistakes. Nothing was changed" in outcome.text
