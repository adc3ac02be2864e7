# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's line that installs: in a clean Python environment it brings all that planning needs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.gates.command import run
from tools.sanity import copy_tree


def install_line(page: str) -> str:
    """Return the line of the README's requirements that installs the collection."""
    (line,) = re.findall(r"^```console\n(.*)\n```$", page.partition("## Requirements")[2], re.MULTILINE)
    return str(line)


@pytest.mark.slow  # asks the package index for a handful of packages
def test_the_readmes_line_installs_what_plans(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "checkout"
    source.mkdir()
    copy_tree(source)
    run([sys.executable, "-m", "venv", str(tmp_path / "venv")], cwd=tmp_path)
    ours = ("ANSIBLE_", "VIRTUAL_ENV", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}", "ANSIBLE_HOME": str(tmp_path / "home")}
    line = install_line((root / "README.md").read_text(encoding="utf-8"))
    run(["sh", "-c", line], cwd=source, env=env)
    # The example as it was installed, in a folder that a plan may be written to.
    installed = tmp_path / "home/collections/ansible_collections/faxnet/deploy"
    network = tmp_path / "network"
    shutil.copytree(installed / "inventories/two_offices", network)
    planned = run(["ansible-playbook", "-i", str(network), "faxnet.deploy.plan"], cwd=network, env=env)
    assert "9 hosts (2 routers, 1 servers, 5 clients)" in planned
    assert (network / ".faxnet/plan/plan.json").is_file()
