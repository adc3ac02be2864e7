# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity: every test, no ignore files, every Python at hand from the 3.9 of managed hosts on."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.gates.command import run

#: These look at plugins and modules alone, as a release has them; the others at every file of the checkout.
OF_RELEASE = ("ansible-doc", "import", "validate-modules")


def _each(option: str) -> list[str]:
    return [word for test in OF_RELEASE for word in (option, test)]


@pytest.mark.xdist_group("sanity")  # both have one place
@pytest.mark.parametrize(
    ("options", "at_least"),
    [
        pytest.param(["--released", *_each("--test")], set(OF_RELEASE), id="released"),
        pytest.param(_each("--skip-test"), {"compile", "pylint", "shellcheck"}, id="checkout", marks=pytest.mark.labs),
    ],
)
def test_sanity_passes_without_ignores(root: Path, options: list[str], at_least: set[str]) -> None:
    output = run([sys.executable, "-m", "tools.sanity", *options], cwd=root, keep=r"ERROR|FATAL|WARNING: (?!Location)")
    ran = set(re.findall(r'^Running sanity test "([a-z-]+)"', output, re.MULTILINE))
    # A run that found nothing to test, or lost its main tests, would end with status 0 as well.
    assert ran >= at_least, output
    assert "All targets skipped" not in output
    assert shutil.which("shellcheck"), "shellcheck is missing: run `make setup`"


def test_there_are_no_ignore_files(root: Path) -> None:
    assert list(root.glob("tests/sanity/ignore*")) == []
