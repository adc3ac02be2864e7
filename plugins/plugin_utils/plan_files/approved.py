# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approved plan: a copy that is kept when somebody has approved a plan, and what later ones are held against.

It lies beside the plan and is a plan directory like any other: it can be read, compared and put under version control.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from .directory import read_plan, written_digest
from .sealed_json import PlanFileError
from .swap import replace_folder, temporary

DIRECTORY_NAME = "approved"

_APPROVE_AGAIN = "have the plan approved that is there now (playbook faxnet.deploy.approve)"


def approved_directory(plan: Path) -> Path:
    """Return where the approved plan is kept."""
    return plan.parent / DIRECTORY_NAME


def approved_digest(plan: Path) -> str:
    """Return the digest of the approved plan; empty where none has been approved.

    Raises:
        PlanFileError: it cannot be read.
    """
    return written_digest(approved_directory(plan), _APPROVE_AGAIN)


def approve(plan: Path, *, check_mode: bool = False) -> bool:
    """Keep a copy of the plan as the approved one; return False where it is that already.

    Raises:
        PlanFileError: there is no plan, it is not as it was written, or the copy cannot be written.
    """
    read_plan(plan)
    kept = approved_directory(plan)
    if kept.exists() and not kept.is_dir():
        raise PlanFileError(f"{kept} is a file, where the approved plan is kept; move it away")
    if _contents(kept) == _contents(plan):
        return False
    if check_mode:
        return True
    try:
        around = temporary(kept)
        try:
            shutil.copytree(plan, around / "new")
            replace_folder(around / "new", kept)
        finally:
            shutil.rmtree(around, ignore_errors=True)
    except OSError as error:
        raise PlanFileError(f"{kept} cannot be written: {error}") from error
    return True


def insist_on_approved(plan: Path) -> str:
    """Return the approved plan's digest, or an empty string where no plan was ever approved.

    Raises:
        PlanFileError: the plan is not the approved one.
    """
    approved = approved_digest(plan)
    there = written_digest(plan)
    if approved and there != approved:
        raise PlanFileError(
            f"the plan in {plan} ({there[:12] or 'none'}) is not the one that was approved ({approved[:12]}); nothing "
            "was changed. See what is different (playbook faxnet.deploy.show), and have it approved (playbook "
            f"faxnet.deploy.approve); or remove {approved_directory(plan)}, if nobody has to approve plans"
        )
    return approved


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
