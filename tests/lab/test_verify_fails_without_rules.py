# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification that could not fail would prove nothing: without rules it fails, with them it passes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.lab import lifecycle
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

pytestmark = [pytest.mark.lab, pytest.mark.labs]

INVENTORY = Path(__file__).parent / "unguarded"


@dataclass(frozen=True)
class Office:
    """The lab's inventories, and where a run leaves its plan, results and report."""

    inventories: tuple[Path, ...]
    directory: Path

    def play(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the collection's playbooks."""
        sources = [word for path in self.inventories for word in ("-i", str(path))]
        values = {
            "faxnet_directory": str(self.directory / "faxnet"),
            "faxnet_lock": str(self.directory / ".faxnet.lock.json"),
            "faxnet_emulate": True,
        }
        return subprocess.run(
            ["ansible-playbook", *sources, "-e", json.dumps(values), *arguments, f"faxnet.deploy.{name}"],
            env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def report(self) -> dict[str, Any]:
        """What the last verification wrote for programs."""
        text = (self.directory / "faxnet" / "report" / "report.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found

    def verdicts(self, expect: str) -> set[str]:
        """The verdicts of all checks with one expectation, controls aside."""
        checks = [check for check in self.report["checks"] if check["kind"] != "control"]
        return {check["verdict"] for check in checks if check["expect"] == expect}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Three hosts without rules and without services, planned; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="unguarded")
    try:
        made = Office((INVENTORY, lab.directory / "inventory.yml"), tmp_path_factory.mktemp("unguarded"))
        planned = made.play("plan")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


def test_without_rules_everything_that_must_be_refused_fails_and_the_report_is_written(office: Office) -> None:
    ran = office.play("verify")
    assert ran.returncode != 0, ran.stdout
    assert "Not as planned" in ran.stdout + ran.stderr
    assert "visitor to fax (10.78.0.10:7488/tcp), another host: got through" in ran.stdout + ran.stderr
    assert office.verdicts("silent") == {"failed"}
    assert (office.directory / "faxnet" / "report" / "index.html").is_file()


def test_check_mode_tries_nothing_and_leaves_the_results_alone(office: Office) -> None:
    before = office.report
    ran = office.play("verify", "--check")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert office.report == before


def test_with_the_rules_in_force_the_same_verification_passes(office: Office) -> None:
    for playbook in ("deploy", "verify"):
        ran = office.play(playbook)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (office.verdicts("silent"), office.verdicts("open")) == ({"passed"}, {"passed"})
    assert [check["verdict"] for check in office.report["notifications"]] == ["passed"]


def test_under_limit_the_report_names_who_was_not_tested(office: Office) -> None:
    ran = office.play("verify", "--limit", "pc")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert office.report["verdict"] == "incomplete"
    assert office.report["hosts"] == {"tested": ["pc"], "untested": ["fax", "visitor"]}
