# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference pages say what the engine's tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import KINDS
from tools import reference


def test_every_code_of_the_engines_source_is_in_the_table_and_every_code_of_the_table_is_used(root: Path) -> None:
    sources = [path for path in (root / "plugins" / "plugin_utils").rglob("*.py") if path.name != "findings.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = {text[place : place + 6] for place in range(len(text)) if text.startswith("FXN", place)}
    assert used == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_every_code_is_on_the_page(code: str) -> None:
    assert f"| {code} | {KINDS[code].severity.value} | {KINDS[code].title} |" in reference.findings_page()
