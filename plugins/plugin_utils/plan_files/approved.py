# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approved plan: a copy that is kept when somebody has approved a plan, and what later ones are held against.

It lies beside the plan and is a plan directory like any other: it can be read, compared and put under version control.
One file more says when it was approved: the times of files get lost there.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from .directory import read_plan, write_text, written_digest
from .sealed_json import PlanFileError
from .swap import replace_folder, temporary

DIRECTORY_NAME = "approved"
TIME_FILE = "approved_at"

#: How to get a good copy.
APPROVE_AGAIN = "have the plan approved that is there now (playbook faxnet.deploy.approve)"


def approved_directory(plan: Path) -> Path:
    """Return where the approved plan is kept."""
    return plan.parent / DIRECTORY_NAME


def approved_digest(plan: Path) -> str:
    """Return the digest of the approved plan; empty where none has been approved.

    Raises:
        PlanFileError: it cannot be read.
    """
    return written_digest(approved_directory(plan), APPROVE_AGAIN)


def approved_time(plan: Path) -> str:
    """Return when the approved plan was approved (ISO 8601, UTC); empty where nothing good says so."""
    try:
        text = (approved_directory(plan) / TIME_FILE).read_text(encoding="ascii").strip()
        return text if datetime.datetime.fromisoformat(text).tzinfo else ""
    except (OSError, ValueError):  # what cannot be decoded is a ValueError, too
        return ""


def approve(plan: Path, time: str, *, check_mode: bool = False) -> bool:
    """Keep a copy of the plan as the approved one; return False where it is that already.

    Args:
        time: when it is approved (ISO 8601, UTC).

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
            write_text(f"{time}\n", around / "new" / TIME_FILE)
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
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != TIME_FILE}
