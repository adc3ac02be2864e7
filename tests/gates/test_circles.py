# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test falls between the circles: each belongs to `make test` or to `make test-labs`, or is slow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

#: Collects once and writes each test's markers down: a collection for each circle would cost as much again.
LIST = """
import json, sys, pytest

class Lister:
    def pytest_collection_finish(self, session):
        marks = {item.nodeid: [mark.name for mark in item.iter_markers()] for item in session.items}
        print("\\n" + json.dumps(marks))

sys.exit(pytest.main(["--collect-only", "-qq"], plugins=[Lister()]))
"""


def markers_of_all(root: Path) -> dict[str, set[str]]:
    """Every test with its markers.

    Raises:
        pytest.fail: they cannot be collected.
    """
    done = subprocess.run([sys.executable, "-c", LIST], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(done.stdout[-3000:] + done.stderr, pytrace=False)
    found = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    return {test: set(marks) for test, marks in json.loads(found).items()}


def expression_of(root: Path, target: str) -> str:
    """The marker expression that a target of the Makefile hands to pytest; none chooses all tests."""
    command = ["make", "--dry-run", "--no-print-directory", target, "ARGS="]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "-m pytest" in said
    found = re.search(r'-m pytest .*-m "([^"]*)"', said)
    return found.group(1) if found else ""


def chosen(tests: dict[str, set[str]], expression: str) -> set[str]:
    """The tests that pytest would run for a marker expression."""
    matches = Expression.compile(expression)
    return {test for test, marks in tests.items() if matches.evaluate(lambda name, /, **_given: name in marks)}  # noqa: B023, called at once


def test_each_test_belongs_to_one_circle_or_is_slow(root: Path) -> None:
    tests = markers_of_all(root)
    slow = {test for test, marks in tests.items() if "slow" in marks}
    assert expression_of(root, "test-full") == ""
    first, second = (chosen(tests, expression_of(root, target)) for target in ("test", "test-labs"))
    assert first
    assert second
    assert slow
    assert not first & second
    assert set(tests) - first - second == slow
