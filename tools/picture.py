# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/two_offices.svg, the README's picture: the report's own drawing of the example inventory's plan.

`make docs` writes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.made import ROOT, Generator

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report import drawing_file, scene

COLLECTIONS = ROOT / ".build" / "collections"
PICTURE = ROOT / "docs" / "two_offices.svg"
INVENTORY = ROOT / "inventories" / "two_offices"


def plan_of(inventory: Path) -> dict[str, Any]:
    """Plan an inventory with the playbook that a user runs; return the plan document."""
    with tempfile.TemporaryDirectory(prefix="faxnet-picture-") as folder:
        places = {"faxnet_directory": folder, "faxnet_lock": f"{folder}/.faxnet.lock.json"}
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            f"--inventory={inventory}",
            f"--extra-vars={json.dumps(places)}",
            str(ROOT / "playbooks" / "plan.yml"),
        ]
        settings = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(ROOT / ".build" / "ansible")}
        subprocess.run(command, check=True, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
        document: dict[str, Any] = json.loads(Path(folder, "plan", "plan.json").read_text(encoding="utf-8"))
        return document


def drawn(document: dict[str, Any]) -> str:
    """Return a plan's drawing as an SVG file of its own, with the report's light colours."""
    return drawing_file.drawing_file(scene.make_scene(view_plan(document)))


def _picture() -> dict[str, str]:
    return {PICTURE.relative_to(ROOT).as_posix(): drawn(plan_of(INVENTORY))}


GENERATOR = Generator(_picture)
