# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of faults: every fault has its test, every marker a fault; and the tool sees what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import faults

LINES = """
shut out:
  fault: rules shut out the controller
  then: the old ones come back
"""


def test_every_fault_has_its_test(root: Path) -> None:
    assert faults.faults(root) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout with one fault and no test."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/faults.yml").write_text(LINES, encoding="utf-8")
    return tmp_path


def claim(checkout: Path, marks: str) -> None:
    """Make a test with these marks the only one."""
    (checkout / "tests/test_a.py").write_text(
        f"import pytest\n{marks}\ndef test_it_goes_back(): ...\n", encoding="utf-8"
    )


def test_a_slow_test_counts_and_the_table_says_who_runs_it(checkout: Path) -> None:
    claim(checkout, '@pytest.mark.slow\n@pytest.mark.fault("shut out")')
    assert faults.faults(checkout) == []
    row = "| rules shut out the controller | the old ones come back | `test_a.py`: it goes back (`make test-full`) |"
    assert faults.render(checkout).splitlines()[2] == row


@pytest.mark.parametrize(
    ("marks", "wrong"),
    [
        ("", "'shut out' in tests/faults.yml has no test"),
        ('@pytest.mark.skip\n@pytest.mark.fault("shut out")', "'shut out' in tests/faults.yml has no test"),
        ('@pytest.mark.fault("shut out", "flood")', "claims 'flood'"),
        ("@pytest.mark.fault(NAME)", "names no line"),
    ],
)
def test_what_is_wrong_is_named(checkout: Path, marks: str, wrong: str) -> None:
    claim(checkout, marks)
    assert any(wrong in sentence for sentence in faults.faults(checkout))
