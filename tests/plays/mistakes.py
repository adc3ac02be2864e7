# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the playbook must say of an inventory that holds one of every mistake."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from tests.plays.network import Network, Outcome, tree


class Expected(NamedTuple):
    """A mistake's finding.

    Attributes:
        code: of the finding.
        host: the first host; empty for the whole network.
        variable: with the path into it.
        written: what the inventory has at its place, and has nowhere else (twice, where the mistake is two hosts').
    """

    code: str
    host: str
    variable: str
    written: str


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


def told(finding: dict[str, Any]) -> tuple[str, str, str]:
    """Return a finding's code, first host and variable."""
    return (finding["code"], "".join(finding["hosts"][:1]), finding["variable"])


def places(folder: Path, written: str) -> set[str]:
    """Return where *written* begins in the inventory, as ``FILE:LINE:COLUMN``."""
    file = folder / "hosts.yml"
    lines = file.read_text(encoding="utf-8").splitlines()
    return {
        f"{file}:{number}:{found.start() + 1}"
        for number, line in enumerate(lines, 1)
        for found in re.finditer(re.escape(written), line)
    }


def check_told(outcome: Outcome, folder: Path, expected: Expected) -> None:
    """A mistake is one finding, told with its place and its cure."""
    (found,) = [item for item in errors_of(outcome) if told(item)[1:] == expected[1:3]]
    assert told(found) == expected[:3]
    assert found["message"]
    where = places(folder, expected.written)
    assert set(found["places"]) == where
    assert len(found["places"]) == len(where) == (2 if expected.code == "FXN305" else 1)
    assert f"{found['code']} {found['title']}\n  host      {expected[1] or 'all hosts'}" in outcome.text
    assert f"  cure      {found['cure']}\n" in outcome.text
    if found["value"]:
        standing = "".join(f"  place     {place}\n" for place in found["places"])
        assert f"  variable  {found['variable']}\n  value     {found['value']}\n{standing}" in outcome.text


def check_stopped(outcome: Outcome, expected: Collection[Expected]) -> None:
    """The run tells these and no others, and stops there."""
    assert sorted(told(item) for item in errors_of(outcome)) == sorted(item[:3] for item in expected)
    assert outcome.code != 0
    assert f"The inventory has {len(expected)} mistakes. Nothing was changed" in outcome.text
