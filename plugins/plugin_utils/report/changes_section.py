# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section about the approved plan: whether this is it, and else who gains and who loses what since then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..access.plans import Place, PlanChanges, SinceApproved
from ..access.since_words import ANOTHER, NONE_APPROVED, THIS_ONE, UNREADABLE, moment, moved_words
from ..access.words import GAINS, LOSES, MOVES, NEEDLESS, NOTHING_CHANGES, STAYS, Told, told_changes
from ..basics.names import named
from ..plan_files.signature import Signed
from .approval_section import SIGNED
from .exports import CHANGES
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge, file_links, number, section, table

#: Of each kind of change; the files have all of them.
MOST_ROWS = 100

#: So many hosts of one list stand in its sentence; the others are folded away below it.
MOST_NAMES = 12

#: Title, the badge's style, and how to read it.
_KINDS = {
    GAINS: ("Who gains access", "doubt", "The approved plan lets none of this pass."),
    LOSES: ("Who loses access", "bad", "The approved plan lets this pass, and this one does not."),
    MOVES: ("What moves", "untested", "The same access, in other packets or for somebody else."),
    STAYS: ("What stays though its entry is gone", "good", "Something else in this plan lets the same packets pass."),
    NEEDLESS: (
        "No change necessary",
        "good",
        "New entries that let pass only what the approved plan does: it is let pass already.",
    ),
}


def changes_section(report: Report) -> Markup:
    """Which plan was approved, and what is different in this one."""
    since, changes = report.source.since, report.source.since.changes
    content: list[Content] = [_state(since), _plans(report), _signed(report)]
    if changes is not None:
        content += [_access(changes), _hosts(changes)]
        content.append(file_links("All changes of access", f"{CHANGES}.csv", f"{CHANGES}.md"))
    return section("approved", "Since the approved plan", None, content)


def _state(since: SinceApproved) -> Markup:
    if since.problem:
        return tag("p", badge("not known", "bad"), f" {UNREADABLE}: {since.problem}.", class_="state")
    if since.is_this:
        return tag("p", badge("the same", "good"), f" {THIS_ONE}", class_="state")
    if since.changes is None:
        return tag("p", badge("none", "untested"), f" {NONE_APPROVED}", class_="state")
    words = f" {ANOTHER}. Below stands what changed since then."
    return tag("p", badge("another plan", "doubt"), words, class_="state")


def _plans(report: Report) -> Markup:
    since = report.source.since
    items: list[Content] = [tag("dt", "This plan"), tag("dd", tag("code", report.view.digest))]
    if since.digest:
        when = tag("time", moment(since.time), datetime=since.time) if since.time else "nobody noted when"
        items += [tag("dt", "Approved plan"), tag("dd", tag("code", since.digest))]
        items += [tag("dt", "Approved"), tag("dd", when)]
    return tag("dl", items, class_="digests")


def _signed(report: Report) -> Markup | None:
    """The signature in a sentence; where it stands, and what it says, is the approval's own section."""
    signature = report.signature
    if signature.signed is Signed.NOTHING:
        return None
    link = tag("a", "Approval", href="#approval")
    return tag("p", badge(*SIGNED[signature.signed]), f" {signature.sentence} ", link, class_="state")


def _access(changes: PlanChanges) -> list[Content]:
    kinds: defaultdict[str, list[Told]] = defaultdict(list)
    for told in told_changes(changes.access):
        kinds[told.change].append(told)
    found: list[Content] = [] if changes.access else [tag("p", tag("strong", NOTHING_CHANGES))]
    return [*found, *(_kind(kind, kinds[kind]) for kind in _KINDS if kinds[kind])]


def _kind(kind: str, items: Sequence[Told]) -> list[Content]:
    title, style, intro = _KINDS[kind]
    becomes = ("Becomes",) if kind == MOVES else ()
    rows = [_row(told, becomes=bool(becomes)) for told in items[:MOST_ROWS]]
    more = tag("p", f"{len(items) - MOST_ROWS:,} more are in {CHANGES}.csv.") if len(items) > MOST_ROWS else None
    listed = table(("From", "To", "Packets", *becomes, "By"), rows, names={0, 1}, label=title, stacked=True)
    heading = tag("h3", title, " ", badge(f"{len(items):,}", style))
    return [heading, tag("p", intro, class_="intro"), listed, more]


def _row(told: Told, *, becomes: bool) -> tuple[Content, ...]:
    through = f" through {told.through}" if told.through else ""
    version = " by IPv6" if told.version == 6 else ""
    new = (told.becomes,) if becomes else ()
    return tag("strong", told.source), f"{told.destination}{through}{version}", told.packets, *new, told.entry


def _hosts(changes: PlanChanges) -> list[Content]:
    """Hosts that came, went or moved, and those of which something else is different."""
    lists: list[tuple[str, Iterable[str]]] = [
        ("Added", changes.added),
        ("Removed", changes.removed),
        ("Moved", _moved(changes.moved)),
        ("With another part of the plan", changes.others),
    ]
    items = [(tag("dt", words), tag("dd", _folded(list(names)))) for words, names in lists]
    shown = [item for item, (_words, names) in zip(items, lists, strict=True) if names]
    return [tag("h3", "Hosts"), tag("dl", shown, class_="hosts")] if shown else []


def _moved(moved: Mapping[str, tuple[Place, Place]]) -> list[str]:
    return [moved_words(name, *places) for name, places in moved.items()]


def _folded(names: list[str]) -> list[Content]:
    if len(names) <= MOST_NAMES + 1:
        return ["; ".join(names) if any(" " in name for name in names) else ", ".join(names)]
    whole = tag("details", tag("summary", number(len(names), "host")), tag("p", "; ".join(names)))
    return [named(names, MOST_NAMES), whole]
