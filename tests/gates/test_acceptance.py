# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance map: every line has its test, every marker a line; and the tool sees faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import acceptance

LINES = """
groups:
  - document: The manual
    lines:
      AA-01: One.
      AA-02: Two.
"""


def test_every_acceptance_line_has_its_test(root: Path) -> None:
    assert acceptance.faults(root) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout whose map is good."""
    for folder in ("tests", "molecule/default"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tests/acceptance.yml").write_text(LINES, encoding="utf-8")
    claim(tmp_path, '@pytest.mark.acceptance("AA-01", "AA-02")\ndef test_both(): ...')
    return tmp_path


def claim(checkout: Path, source: str) -> None:
    """Make `source` the only test module."""
    (checkout / "tests/test_a.py").write_text(f"import pytest\n{source}\n", encoding="utf-8")


def test_a_good_map_has_no_fault(checkout: Path) -> None:
    assert acceptance.faults(checkout) == []


@pytest.mark.parametrize(
    "source",
    [
        'pytestmark = pytest.mark.acceptance("AA-01", "AA-02")\ndef test_both(): ...',
        'pytestmark = [pytest.mark.lab, pytest.mark.acceptance("AA-01", "AA-02")]\ndef test_both(): ...',
        '@pytest.mark.acceptance("AA-01")\nclass TestIt:\n'
        '    @pytest.mark.acceptance("AA-02")\n    def test_it(self): ...',
        '@pytest.mark.acceptance("AA-01", "AA-02")\nasync def test_both(): ...',
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.acceptance("AA-01", "AA-02"))])\n'
        "def test_x(x): ...",
        'CASES = [pytest.param(1, marks=pytest.mark.acceptance("AA-01", "AA-02"))]\n'
        '@pytest.mark.parametrize("x", CASES)\ndef test_x(x): ...',
        # One case of a table may be slow; the others still run.
        '@pytest.mark.acceptance("AA-01", "AA-02")\n'
        '@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.slow)])\ndef test_x(x): ...',
    ],
)
def test_a_claim_is_found_wherever_pytest_takes_a_marker(checkout: Path, source: str) -> None:
    claim(checkout, source)
    assert acceptance.faults(checkout) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('@pytest.mark.acceptance("AA-01")\ndef test_one(): ...', "AA-02 has no test"),
        ('@pytest.mark.acceptance("AA-01", "AA-02", "AA-03")\ndef test_both(): ...', "claims AA-03"),
        ('@pytest.mark.skip\n@pytest.mark.acceptance("AA-01", "AA-02")\ndef test_both(): ...', "AA-01 has no test"),
        ('@pytest.mark.slow\n@pytest.mark.acceptance("AA-01", "AA-02")\ndef test_both(): ...', "AA-01 has no test"),
        ('@pytest.mark.acceptance("AA-01", "AA-02")\ndef helper(): ...', "stands on no test"),
        ("@pytest.mark.acceptance(NAME)\ndef test_both(): ...", "names no line"),
    ],
)
def test_a_fault_is_named(checkout: Path, source: str, fault: str) -> None:
    claim(checkout, source)
    assert any(fault in sentence for sentence in acceptance.faults(checkout))


def test_a_play_claims_by_the_comment_above_its_task(checkout: Path) -> None:
    tasks = "    # acceptance: AA-01, AA-02\n    - name: Both are there\n      ping:\n    - name: Other\n      ping:\n"
    play = f"- hosts: all\n  tasks:\n{tasks}"
    (checkout / "molecule/default/verify.yml").write_text(play, encoding="utf-8")
    claims = acceptance.scan(checkout).claims
    assert [claim.id for claim in claims if claim.test == "molecule/default/verify.yml::Both are there"] == [
        "AA-01",
        "AA-02",
    ]
    assert not any("Other" in claim.test for claim in claims)
