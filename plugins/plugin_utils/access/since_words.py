# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan differs from the approved one in words, for terminals and pages."""

from __future__ import annotations

from collections.abc import Iterator

from .plans import Place, PlanChanges, SinceApproved
from .words import access_lines

THIS_ONE = "This is the approved plan."
NONE_APPROVED = "No plan has been approved so far."
ANOTHER = "The approved plan is another one"
UNREADABLE = "The approved plan cannot be read"

#: Of one list, so many hosts are named in a terminal.
MOST_NAMES = 12


def moment(time: str) -> str:
    """A time (ISO 8601, UTC) for people."""
    return time.replace("T", " ").replace("Z", " UTC").replace("+00:00", " UTC")


def since_lines(since: SinceApproved) -> Iterator[str]:
    """Yield whether a plan is the approved one, and what changed since, line by line."""
    when = f" (approved {moment(since.time)})" if since.time else ""
    if since.changes is not None:
        yield f"{ANOTHER}: {since.digest}{when}. Since then:"
        yield from (f"  {line}" for line in (*access_lines(since.changes.access), *host_lines(since.changes)))
    elif since.is_this:
        yield f"{THIS_ONE} It was approved {moment(since.time)}." if since.time else THIS_ONE
    else:
        yield f"{UNREADABLE}: {since.problem}." if since.problem else NONE_APPROVED


def host_lines(changes: PlanChanges) -> Iterator[str]:
    """Yield which hosts are new, gone, elsewhere, or different otherwise."""
    for words, names in (("hosts added", changes.added), ("hosts removed", changes.removed)):
        if names:
            yield f"{words}: {_named(names)}"
    for name in changes.moved:
        yield f"host moved: {moved_words(name, *changes.moved[name])}"
    if changes.others:
        yield f"their part of the plan is another one: {_named(changes.others)}"


def moved_words(name: str, old: Place, new: Place) -> str:
    """Say where a host stood, and where it stands."""
    return f"{name}: {_place(old)} becomes {_place(new)}"


def _place(place: Place) -> str:
    return f"{', '.join(place.addresses) or 'no address'} in {place.site or 'no site'}"


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
