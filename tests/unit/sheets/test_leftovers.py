# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worksheets that nobody needs any more are known by their first line, whatever the device was."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.leftovers import remove_leftovers


def test_worksheets_of_hosts_and_of_routers_go_and_what_others_wrote_stays(tmp_path: Path) -> None:
    folder = tmp_path / "worksheets"
    folder.mkdir()
    first_lines = {
        "pc1": "Host firewall worksheet for pc1",
        # As every sheet was headed once.
        "pc2": "Router worksheet for pc2",
        "router": "Router worksheet for router",
        "kept": "Host firewall worksheet for kept",
        "copy": "Host firewall worksheet for pc1",
        "note": "The press is in the cellar.",
    }
    for name, line in first_lines.items():
        (folder / f"{name}.txt").write_text(f"{line}\n\nand more\n", encoding="utf-8")
    changes = remove_leftovers(tmp_path, {"kept": "worksheet", "router": "nftables"}, check_mode=False)
    assert [change.path.stem for change in changes] == ["pc1", "pc2", "router"]
    assert sorted(path.stem for path in folder.iterdir()) == ["copy", "kept", "note"]
