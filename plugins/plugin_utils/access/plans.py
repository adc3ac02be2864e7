# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans on disk, compared: who gains and who loses access, and which hosts are new, gone or elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..basics.gc_pause import gc_pause
from ..plan_files.approved import APPROVE_AGAIN, approved_digest, approved_directory, approved_time
from ..plan_files.changes import Changed, changed_between
from ..plan_files.directory import read_plan
from ..plan_files.sealed_json import PlanFileError
from .changes import AccessChanges, PlanAccess, access_changes


class Place(NamedTuple):
    """Where a host stands: its site, and its addresses or, of several machines, all that the name stands for."""

    site: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """How two plans differ.

    Attributes:
        access: who gains and who loses access.
        added, removed: hosts that only the new plan has, or only the old one.
        moved: hosts in another site or with other addresses: where they stood, and where they stand.
        others: hosts whose part of the plan is another one for any other reason.
    """

    access: AccessChanges
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: Mapping[str, tuple[Place, Place]]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SinceApproved:
    """A plan, held against the approved one.

    Attributes:
        digest: of the approved plan; empty where no plan has been approved.
        time: when that was approved (ISO 8601, UTC); empty where nobody knows.
        is_this: whether it is the very plan.
        changes: how the plan differs from it; None where it is the same, where there is none, or it cannot be read.
        problem: why it cannot be read, with the cure; empty where it can.
    """

    digest: str = ""
    time: str = ""
    is_this: bool = False
    changes: PlanChanges | None = None
    problem: str = ""


NONE_APPROVED = SinceApproved()


def places_of(plan: Mapping[str, Any]) -> dict[str, Place]:
    """Return where each host of a plan document stands."""
    return {
        name: Place(host["site"], tuple(host.get("stands_for", host["addresses"])))
        for name, host in plan["hosts"].items()
    }


def since_approved(plan: Path, digest: str, places: Mapping[str, Place]) -> SinceApproved:
    """Hold the plan in a directory against the approved one beside it.

    Args:
        digest, places: the plan's.

    Raises:
        PlanFileError: the plan cannot be read, or the approved one.
    """
    approved = approved_digest(plan)
    time = approved_time(plan) if approved else ""
    if not approved or approved == digest:
        return SinceApproved(approved, time, is_this=bool(approved))
    kept = approved_directory(plan)
    try:
        document = read_plan(kept)
    except PlanFileError as error:
        raise PlanFileError(f"the approved plan cannot be read: {error}; or {APPROVE_AGAIN}") from error
    if document["digest"] != approved:
        raise PlanFileError(f"{kept} holds another plan than its file digest says; {APPROVE_AGAIN}")
    before = places_of(document)
    changed = _all_read(changed_between(kept, plan, before.keys(), places.keys()), kept, before.keys())
    return SinceApproved(approved, time, changes=plan_changes(before, places, changed))


def _all_read(changed: Iterable[Changed], kept: Path, hosts: Collection[str]) -> Iterator[Changed]:
    """Refuse an old slice that is spoilt: everything that its host may do would count as new."""
    for item in changed:
        if item.old is None and item.host in hosts:
            raise PlanFileError(f"the approved plan's part of {item.host} in {kept} is spoilt; {APPROVE_AGAIN}")
        yield item


def plan_changes(before: Mapping[str, Place], after: Mapping[str, Place], changed: Iterable[Changed]) -> PlanChanges:
    """Compare two plans.

    Args:
        before, after: where the hosts of each stand.
        changed: the hosts whose slices differ.
    """
    old, new = PlanAccess(before.keys()), PlanAccess(after.keys())
    names = set()
    with gc_pause():
        for item in changed:
            names.add(item.host)
            add(item, old, new)
    both = sorted(before.keys() & after.keys())
    moved = {name: (before[name], after[name]) for name in both if before[name] != after[name]}
    return PlanChanges(
        access=access_changes(old, new),
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        moved=moved,
        others=tuple(name for name in both if name in names and name not in moved),
    )


def add(changed: Changed, old: PlanAccess, new: PlanAccess) -> None:
    """Add one host's two slices, each to its plan."""
    for access, part in ((old, changed.old), (new, changed.new)):
        if part is not None:
            access.add(part)
