# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever is not root lends it to a command, and can go on without it: no file in the checkout stays root's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools.lab.root import give_back

#: Targets of the Makefile that run their tests or measurements as root.
AS_ROOT = {"test", "test-labs", "test-full", "unit", "coverage", "gates", "lint", "molecule", "bench"}
#: sudo, as far as it is needed here: the command alone, written down.
SUDO = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
[ "$1" != env ]
"""


@pytest.fixture
def not_root(tmp_path: Path) -> dict[str, str]:
    """An environment in which make believes to be run by user 1000, and sudo runs nothing."""
    for name, text in (("id", "#!/bin/sh\necho 1000\n"), ("sudo", SUDO)):
        (tmp_path / name).write_text(text, encoding="ascii")
        (tmp_path / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}


def targets(root: Path) -> dict[str, str]:
    """Each target of the Makefile with its recipe."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", text, re.MULTILINE))


def test_these_are_the_targets_that_become_root(root: Path) -> None:
    recipes = targets(root)
    assert {name for name, recipe in recipes.items() if re.search(r"\$\((AS_ROOT|PYTEST)\)", recipe)} == AS_ROOT


@pytest.mark.parametrize("target", sorted(AS_ROOT))
def test_files_are_given_back_however_the_target_ends(root: Path, not_root: dict[str, str], target: str) -> None:
    """The line that becomes root is run as make prints it, with a sudo that fails."""
    shown = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=root,
        env=not_root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = [each for each in shown.replace("\\\n", "").splitlines() if "sudo env" in each]
    # The labs of this checkout may be in use by other tests.
    line = re.sub(r"for lab in .*?; do", "for lab in; do", line).replace("cat .build", "true .build")
    done = subprocess.run(["bash", "-euc", line], cwd=root, env=not_root, capture_output=True, text=True, check=False)
    calls = Path(not_root["CALLS"]).read_text(encoding="utf-8").splitlines()
    assert done.returncode != 0
    assert [call.split()[0] for call in calls] == ["env", "find"]
    assert calls[-1] == "find . -xdev -user root -exec chown --no-dereference 1000:1000 {} +"


def test_the_labs_own_commands_give_back_what_root_wrote_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert os.geteuid() == 0, "files can be given back by root alone: run the tests as root or with sudo"
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "somebodys").touch()
    os.chown(tmp_path / "somebodys", 4242, 4242)
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1001")
    give_back(tmp_path)
    owners = {str(path.relative_to(tmp_path)): path.lstat().st_uid for path in tmp_path.rglob("*")}
    assert owners == {"deep": 1000, "deep/er": 1000, "deep/file": 1000, "dangling": 1000, "somebodys": 4242}
    assert (tmp_path.stat().st_uid, tmp_path.stat().st_gid) == (1000, 1001)


def test_who_is_root_without_sudo_keeps_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    give_back(tmp_path)
    assert tmp_path.stat().st_uid == os.geteuid()
