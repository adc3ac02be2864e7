# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo SCENARIO=...``: which demonstrations there are, and what becomes of a name that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import demo
from tools.lab import fax
from tools.lab.errors import LabError
from tools.lab.lifecycle import described


def test_every_product_has_a_demonstration() -> None:
    assert {"two_offices", "faxpress", "kerio", "communigate", "dual_stack"} <= set(demo.scenarios())


def test_what_runs_without_a_name_exists() -> None:
    assert demo.inventory_of(demo.DEFAULT_SCENARIO).is_dir()


@pytest.mark.parametrize("scenario", demo.scenarios())
def test_a_lab_can_be_drawn_for_each_of_them(scenario: str) -> None:
    """Two of them fit on a machine at once: root has 128 inotify instances there, a container needs four."""
    nodes = described(demo.inventory_of(scenario)).topology.nodes
    assert 5 <= len(nodes) <= 10


def test_a_misspelt_name_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    for name in ("faxpress", "kerio"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts.yml").touch()
    with pytest.raises(LabError, match=r"no scenario 'faxpres', did you mean faxpress\? There are: faxpress, kerio"):
        demo.inventory_of("faxpres", tmp_path)
    with pytest.raises(LabError, match=r"no scenario 'x'\. There are: faxpress, kerio"):
        demo.inventory_of("x", tmp_path)


def test_the_program_ends_with_the_list_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--scenario", "tow_offices"]) == 1
    answer = capsys.readouterr().err
    assert "did you mean two_offices?" in answer
    assert "Traceback" not in answer


def test_a_received_page_is_shown_in_letters() -> None:
    rows = (b"\x00\xff\x00", b"\x00\x00\xff", b"\xff\xff\x00")
    assert fax.in_letters(b"P5\n# by Ghostscript\n3 3\n255\n" + b"".join(rows)) == "█▄▀\n  ▀"


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(LabError, match="no picture"):
        fax.in_letters(b"Error: /undefined")
