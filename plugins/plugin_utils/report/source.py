# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is made of: a plan and what a run found, as their files hold them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..access.plans import NONE_APPROVED, Place, SinceApproved, places_of, since_approved
from ..basics.findings import Finding
from ..inventory.approval import UNSAID, Approval
from ..plan_files.directory import read_plan, read_slice
from ..plan_files.sealed_json import PlanFileError
from ..plan_files.view import PlanView, view_plan
from ..verification.run_files import Results, read_summary
from ..verification.sent_pages import SentPage, Unread, read_sent_pages


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is made of.

    Attributes:
        view: the plan.
        slices: contents of ``hosts/<host>.json``; each is read whenever it is asked for, and not kept.
        expected: content of ``probes.json``; None before anything was expected.
        results: each tested host's result document; each may be read when it is asked for, and PlanFileError says that
            it cannot be.
        time: when the report is made (ISO 8601, UTC).
        versions: names and versions of what took part.
        since: the plan, held against the approved one.
        approval: what the inventory says of an approval.
        mistakes: what is wrong with that.
        sent_pages: the newest test page of each call.
        unread_pages: records of test pages that cannot be read.
    """

    view: PlanView
    slices: Mapping[str, Mapping[str, Any]]
    expected: Mapping[str, Any] | None
    results: Mapping[str, Mapping[str, Any]]
    time: str
    versions: Mapping[str, str]
    since: SinceApproved = NONE_APPROVED
    approval: Approval = UNSAID
    mistakes: tuple[Finding, ...] = ()
    sent_pages: tuple[SentPage, ...] = ()
    unread_pages: tuple[Unread, ...] = ()


class _Slices(Mapping[str, Mapping[str, Any]]):
    """A plan directory's slices by host: a report goes through them all, and holds one at a time."""

    def __init__(self, plan: Path, hosts: Collection[str]) -> None:
        self._plan = plan
        self._hosts = hosts

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        """Read one host's slice."""
        if host not in self._hosts:
            raise KeyError(host)
        return read_slice(self._plan, host)

    def __contains__(self, host: object) -> bool:
        """Whether the plan has such a host; nothing is read."""
        return host in self._hosts

    def __iter__(self) -> Iterator[str]:
        """Iterate over the hosts' names."""
        return iter(self._hosts)

    def __len__(self) -> int:
        """Return the number of hosts."""
        return len(self._hosts)


def read_source(
    plan: Path,
    time: str,
    versions: Mapping[str, str],
    approval: Approval = UNSAID,
    mistakes: Iterable[Finding] = (),
) -> Source:
    """Return what a report of the plan in a directory, and of the last run beside it, is made of.

    Of a large network the plan document is several times as large as the view of it, so it is not kept.

    Args:
        time, versions, approval, mistakes: as :class:`Source` has them.

    Raises:
        PlanFileError: the plan, or what is expected of it, cannot be read.
    """
    document = read_plan(plan)
    view, places = view_plan(document), places_of(document)
    del document
    base = plan.parent
    pages, unread = read_sent_pages(base)
    return Source(
        view=view,
        slices=_Slices(plan, view.hosts),
        expected=read_summary(base, view.digest),
        results=Results(base),
        time=time,
        versions=versions,
        since=_since(plan, view.digest, places),
        approval=approval,
        mistakes=tuple(mistakes),
        sent_pages=pages,
        unread_pages=unread,
    )


def _since(plan: Path, digest: str, places: Mapping[str, Place]) -> SinceApproved:
    """An approved plan that cannot be read is told on the page: what was tested is worth a report all the same."""
    try:
        return since_approved(plan, digest, places)
    except PlanFileError as error:
        return SinceApproved(problem=str(error))
