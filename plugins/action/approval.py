# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a plan as the approved one, or insists that the plan is that one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.inventory.approval import LEAST_DIGITS
from ..plugin_utils.plan_files.approved import approve, approved_digest, insist_on_approved
from ..plugin_utils.plan_files.directory import DIGEST_FILE, written_digest
from ..plugin_utils.plan_files.sealed_json import PlanFileError

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "state": {"type": "str", "choices": ["given", "required"], "required": True},
    "digest": {"type": "str"},
}


class ActionModule(EngineAction):
    """The face of the approved plan for plays."""

    argument_spec = ARGUMENTS
    BYPASS_HOST_LOOP = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Approve, or insist."""
        directory = self.locations(options, variables).plan
        if options["state"] == "required":
            approved, there = insist_on_approved(directory), written_digest(directory)
            signature = self.signature(variables, there) if there else None
            return {
                "approved": approved or None,
                "digest": there or None,
                "written": _time(directory),
                "signature": (signature.sentence if signature is not None else "") or None,
            }
        wanted = options["digest"]
        there = written_digest(directory)
        if wanted is not None and (len(wanted) < LEAST_DIGITS or not there.startswith(wanted)):
            raise PlanFileError(
                f"the plan in {directory} has the digest {there or 'of no plan'}, which does not begin with {wanted!r} "
                f"(at least {LEAST_DIGITS} digits); nothing was approved. Look at the plan that is there now (playbook "
                "faxnet.deploy.show)"
            )
        before = _approved_before(directory)
        changed = approve(directory, _now(), check_mode=self.check_mode)
        result: dict[str, Any] = {"changed": changed, "approved": written_digest(directory)}
        if self.diff and changed:
            result["diff"] = {
                "before_header": "approved plan",
                "after_header": "approved plan",
                "before": f"{before}\n" if before else "",
                "after": f"{result['approved']}\n",
            }
        return result


def _approved_before(plan: Path) -> str:
    """The digest of the approved plan; one that is spoilt is mended by approving again, and is none."""
    try:
        return approved_digest(plan)
    except PlanFileError:
        return ""


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(plan: Path) -> str | None:
    """When a plan was written; None where there is none."""
    try:
        written = (plan / DIGEST_FILE).stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None
    return datetime.datetime.fromtimestamp(written, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
