# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans on disk, compared for who gains and who loses access."""

from __future__ import annotations

from pathlib import Path

from ..basics.gc_pause import gc_pause
from ..plan_files.changes import Changed, changed_between, hosts_of
from .changes import AccessChanges, PlanAccess, access_changes


def access_between(old: Path, new: Path) -> AccessChanges:
    """Compare two plan directories; only slices that differ are looked into.

    Raises:
        PlanFileError: a slice of the new one cannot be read.
    """
    hosts = hosts_of(old), hosts_of(new)
    gathered = PlanAccess(hosts[0]), PlanAccess(hosts[1])
    with gc_pause():
        for changed in changed_between(old, new, *hosts):
            add(changed, *gathered)
    return access_changes(*gathered)


def add(changed: Changed, old: PlanAccess, new: PlanAccess) -> None:
    """Add one host's two slices, each to its plan."""
    for access, part in ((old, changed.old), (new, changed.new)):
        if part is not None:
            access.add(part)
