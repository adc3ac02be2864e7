# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: for each inventory in `cases` the plan document, the slices, the lock file and the findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import describe
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.rule_list import rule_list

CASES = Path(__file__).parent / "cases"


def files() -> dict[str, str]:
    """Return every golden file of every case."""
    found = {}
    for path in sorted(CASES.glob("*.yml")):
        for name, text in _case(yaml.safe_load(path.read_text(encoding="utf-8"))).items():
            found[f"{path.stem}/{name}"] = text
    return found


def _case(inventory: dict[str, Any]) -> dict[str, str]:
    planned = make_plan(
        Inputs(
            sites=inventory["faxnet_sites"],
            services=inventory.get("faxnet_services"),
            hosts=inventory["hosts"],
            lock=json.dumps(inventory["lock"]) if "lock" in inventory else "",
        )
    )
    told = "\n\n".join(finding.text() for finding in planned.findings)
    texts = {"findings.txt": told + "\n"} if told else {}
    if planned.plan is None:
        return texts
    written = describe(planned.plan)
    texts |= {"plan.json": _pretty(json.loads(written.plan)), "faxnet.lock.json": planned.plan.lock.as_text()}
    for part in written.slices:
        data = json.loads(part.text)
        texts[f"hosts/{part.host}.json"] = _pretty(data)
        texts[f"rules/{part.host}.json"] = _pretty(rule_list(data))
    return texts


def _pretty(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
