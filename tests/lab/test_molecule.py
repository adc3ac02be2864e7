# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenarios, each as one test; the lab is made once for all of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SCENARIOS = sorted(
    path.parent.name
    for path in (Path(__file__).resolve().parents[2] / "molecule").glob("*/molecule.yml")
    if path.parent.name != "default"
)
pytestmark = pytest.mark.lab


def molecule(root: Path, *arguments: str) -> str:
    """Run molecule; its output without colours.

    Raises:
        pytest.fail: molecule failed.
    """
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "COLUMNS": "160"}
    done = subprocess.run(
        ["molecule", *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    if done.returncode != 0:
        pytest.fail(f"molecule {' '.join(arguments)} ended with status {done.returncode}:\n{output}", pytrace=False)
    return output


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[None]:
    """Make the lab before the first scenario and remove it after the last one, whatever happened."""
    # Molecule remembers that a lab was made, whatever has become of it since: make it forget.
    molecule(root, "destroy", "--scenario-name", "default")
    try:
        molecule(root, "create", "--scenario-name", "default")
        yield
    finally:
        molecule(root, "destroy", "--scenario-name", "default")


def steps(output: str, scenario: str) -> list[tuple[str, str]]:
    """The steps of molecule's closing report with what became of them, in order."""
    return re.findall(rf"^{re.escape(scenario)} > (\w+): Executed: (\w+)", output, re.MULTILINE)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_converges_stays_and_is_verified(root: Path, lab: None, scenario: str) -> None:
    output = molecule(root, "test", "--scenario-name", scenario, "--no-shared-state", "--destroy", "never", "--report")
    done = steps(output, scenario)
    assert {result for _step, result in done} == {"Successful"}, done
    assert {"check", "converge", "idempotence", "verify", "cleanup"} <= {step for step, _result in done}, done
