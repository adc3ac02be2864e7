# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenarios, each as one test with a lab of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

SCENARIOS = sorted(
    path.parent.name
    for path in (Path(__file__).resolve().parents[2] / "molecule").glob("*/molecule.yml")
    if path.parent.name != "default"
)
#: What shows each product; the others vary these.
MAIN = {"two_offices", "faxpress", "kerio", "communigate"}
#: Of those, the ones whose every step is run: one goes by roles, one by playbooks. Check mode and the removal do the
#: same in all networks, and a second run by each product's; `make test-full` runs every step of all.
WHOLE = {"two_offices", "kerio"}
pytestmark = pytest.mark.lab


def test_each_products_scenario_is_there() -> None:
    assert set(SCENARIOS) >= MAIN


def molecule(root: Path, *arguments: str, markers: str = "") -> str:
    """Run molecule; its output without colours. ``markers`` chooses among the scenario's own tests.

    Raises:
        pytest.fail: molecule failed.
    """
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "COLUMNS": "160"}
    if markers:
        environment["PYTEST_ADDOPTS"] = shlex.join(["-m", markers])
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


def steps(output: str, scenario: str) -> list[tuple[str, str]]:
    """The steps of molecule's closing report with what became of them, in order."""
    return re.findall(rf"^{re.escape(scenario)} > (\w+): Executed: (\w+)", output, re.MULTILINE)


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=() if name in MAIN else pytest.mark.labs, id=name) for name in SCENARIOS]
)
def test_scenario_converges_stays_and_is_verified(root: Path, pytestconfig: pytest.Config, scenario: str) -> None:
    everything = "not slow" not in pytestconfig.getoption("markexpr")
    markers = "" if everything else "not slow"
    if everything or scenario in WHOLE:
        output = molecule(root, "test", "--scenario-name", scenario, "--report", markers=markers)
        wanted = {"check", "converge", "idempotence", "verify", "cleanup"}
    else:
        output = shortened(root, scenario, markers)
        wanted = {"converge", "verify"}
    # Where one step is asked for, molecule also names those before it, which no scenario has or which were done before.
    done = [(step, result) for step, result in steps(output, scenario) if step in wanted or result == "Failed"]
    assert {result for _step, result in done} == {"Successful"}, done
    assert wanted <= {step for step, _result in done}, done


def shortened(root: Path, scenario: str, markers: str) -> str:
    """Run the steps of a scenario that its network alone decides; what molecule said of them all."""
    sequence = molecule(root, "matrix", "--scenario-name", scenario, "test")
    again = {"idempotence"} if scenario in MAIN else set()
    wanted = {"converge", "side_effect", "verify"} | again  # the first makes the lab
    found = [step for step in re.findall(r"[├└]─ (\w+)", sequence) if step in wanted]
    output = molecule(root, "destroy", "--scenario-name", scenario)
    try:
        for step in dict.fromkeys(found):
            command = step.replace("_", "-")
            output += molecule(root, command, "--scenario-name", scenario, "--report", markers=markers)
    finally:
        molecule(root, "destroy", "--scenario-name", scenario)
    return output
