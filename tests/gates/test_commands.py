# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that are one command each: formatters, linters, types, documentation, changelog, licences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.command import run

PLUGINS = "ansible_collections.faxnet.deploy.plugins"

COMMANDS = {
    "ruff": ["ruff", "check", "."],
    "ruff_format": ["ruff", "format", "--check", "--diff", "."],
    "mypy": ["mypy", "--package", PLUGINS],
    "yamllint": ["yamllint", "--strict", "."],
    "ansible_lint": ["ansible-lint", "--nocolor", "--offline", "--profile", "production", "--strict"],
    "antsibull_docs": [
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs",
        "self",
        ".",
    ],
    "antsibull_changelog": ["antsibull-changelog", "lint"],
    "reuse": ["reuse", "lint"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_gate_passes(command: list[str], root: Path) -> None:
    run(command, cwd=root)
