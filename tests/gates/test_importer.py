# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built collection: small, without development files, and accepted by Galaxy's own importer."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tests.gates.command import run
from tools.sanity import copy_tree

LARGEST = 2_000_000  # bytes; the engine, the roles and the documentation with its drawings
ALLOWED_TOPS = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "changelogs",
    "docs",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}


@pytest.fixture(scope="module")
def tarball(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the collection as `ansible-galaxy collection build` makes it from a clean copy of the tracked files."""
    source = tmp_path_factory.mktemp("source")
    copy_tree(source)
    target = tmp_path_factory.mktemp("built")
    run(["ansible-galaxy", "collection", "build", "--output-path", str(target), str(source)], cwd=source)
    (built,) = target.glob("faxnet-deploy-*.tar.gz")
    return built


def test_tarball_holds_what_a_user_needs_and_no_more(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        tops = {name.split("/")[0] for name in archive.getnames()}
    assert tops <= ALLOWED_TOPS
    assert tarball.stat().st_size < LARGEST


def test_galaxy_importer_accepts_the_tarball(tarball: Path, root: Path, tmp_path: Path) -> None:
    run(["tools/setup.sh", "importer"], cwd=root)
    binaries = root / ".venv-importer" / "bin"
    settings = tmp_path / "galaxy-importer.cfg"
    # ansible-lint, with the same profile, is a gate of its own (test_commands.py).
    wanted = ("CHECK_REQUIRED_TAGS = True", "REQUIRE_V1_OR_GREATER = False", "RUN_ANSIBLE_LINT = False")
    settings.write_text("\n".join(("[galaxy-importer]", *wanted, "")), encoding="utf-8")
    env = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "GALAXY_IMPORTER_CONFIG": str(settings),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
    }
    output = run([str(binaries / "python"), "-m", "galaxy_importer.main", str(tarball)], cwd=tmp_path, env=env)
    complaints = [line for line in output.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert complaints == [], output
    assert "Importer processing completed successfully" in output
