# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories, each in a folder: what the plan says and what each device gets, the pipeline from end to end.

A folder holds `inventory.yml` (an Ansible inventory with its purpose on top), the lock file where there was one before,
and below `expected` the findings, the plan, and for each host its slice, its rule list and its platform's own text.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice

CASES = Path(__file__).parent


def files() -> dict[str, str]:
    """Return every golden file of every case."""
    return {
        f"{folder.name}/expected/{name}": text
        for folder in sorted(path.parent for path in CASES.glob("*/inventory.yml"))
        for name, text in _case(folder.name).items()
    }


def read_case(name: str) -> dict[str, Any]:
    """Return a case's inventory: its `faxnet_sites`, its `faxnet_services` where it has any, and `hosts` by name."""
    inventory = yaml.safe_load((CASES / name / "inventory.yml").read_text(encoding="utf-8"))["all"]
    return {**inventory["vars"], "hosts": inventory["hosts"]}


def _case(name: str) -> dict[str, str]:
    case, lock = read_case(name), CASES / name / ".faxnet.lock.json"
    planned = make_plan(
        Inputs(
            sites=case["faxnet_sites"],
            services=case.get("faxnet_services"),
            hosts=case["hosts"],
            lock=lock.read_text(encoding="utf-8") if lock.exists() else "",
        )
    )
    told = "\n\n".join(finding.text() for finding in planned.findings)
    texts = {"findings.txt": told + "\n"} if told else {}
    if planned.plan is None:
        return texts
    written = PlanDocuments(planned.plan)
    texts |= {
        "plan.json": _pretty(json.loads(b"".join(written.plan))),
        ".faxnet.lock.json": planned.plan.lock.as_text(),
    }
    with tempfile.TemporaryDirectory(prefix="faxnet-golden-") as folder:
        plan = Path(folder, "plan")
        directory.write_plan(written, plan)
        for part in written.slices:
            texts[f"hosts/{part.host}.json"] = _pretty(json.loads(part.content))
            # As a host's apply step gets it.
            read = directory.read_slice(plan, part.host)
            texts[f"rules/{part.host}.json"] = _pretty(read["rules"])
            if text := render_slice(read):
                texts[f"platform/{part.host}.{'nft' if read['platform'].startswith('nftables') else 'txt'}"] = text
    return texts


def _pretty(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
