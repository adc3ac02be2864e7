# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing wanted lines into a network address list that others have written in too.

The order of a list's lines matters, because C(!) excludes from the lines BEFORE it. So lines can't simply be appended:
an included network at the end would take back an exclusion that an administrator made by hand. The rule here is that
B(an exclusion holds, whoever wrote it): an address is in the merged list if a wanted or a foreign line includes it, and
neither the wanted nor the foreign lines exclude it. Foreign lines, comments and their order are kept as they are.

Where a line goes is not guessed: of the possible places the first is taken whose list, computed address by address,
holds exactly what the rule says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .list_sets import Span, spans
from .lists import AddressList, ListLine, printable

MOST_NAMED = 10  # lines in one message
MOST_PLACES = 50  # tried for one line: each costs a look at the whole list

_Key = tuple[str, bool, int, int, int, str]


class MergeError(ValueError):
    """No order of lines does what the wanted and the foreign lines ask for; the message says which lines collide."""


@dataclass(frozen=True)
class Merged:
    """The lines of a merged list, and the foreign lines that keep a part of what is wanted out of it."""

    lines: tuple[ListLine, ...]
    shadowed_by: tuple[ListLine, ...] = ()

    @property
    def text(self) -> str:
        """The list's text."""
        return AddressList(self.lines).text


def key(line: ListLine) -> _Key:
    """What an entry says, however it is written: 10.0.0.0/24 and 10.0.0.0-10.0.0.255 say the same."""
    if line.name is not None:
        return line.kind, line.excluded, 0, 0, 0, line.name.lower()
    return "", line.excluded, line.version or 0, line.first or 0, line.last or 0, ""


def named(lines: Sequence[ListLine]) -> str:
    """Lines as a message names them: number and text of the first ones, and how many more there are."""
    shown = ", ".join(f"line {line.number} ({printable(line.text.strip())})" for line in lines[:MOST_NAMED])
    return shown + (f" and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else "")


def without(current: AddressList, unwanted: AddressList) -> Merged:
    """The list without the entries of another; their comments at the end of the line go with them."""
    gone = {key(line) for line in unwanted.entries}
    return Merged(tuple(line for line in current.lines if not (line.is_entry and key(line) in gone)))


def with_lines(current: AddressList, wanted: AddressList) -> Merged:
    """The list with the entries of another, by the rule at the top of this file. Raises L(MergeError).

    Lines of C(wanted) that are no entries are left out: a comment belongs to the list of the one who wrote it.
    """
    # Of lines that say the same the last one counts, for what stands between them may say otherwise.
    entries = list({key(line): line for line in reversed(wanted.entries)}.values())[::-1]
    keys = {key(line) for line in entries}
    foreign = [line for line in current.entries if key(line) not in keys]
    shadowing = tuple(line for line in foreign if line.excluded and any(_meet(line, entry) for entry in entries))
    should = {version: _should_hold(entries, foreign, version) for version in (4, 6)}
    for lines in _candidates(current.lines, entries, keys):
        if all(_included(lines, version) == held for version, held in should.items()):
            return Merged(tuple(lines), tuple(line for line in shadowing if not _also_excluded(line, entries)))
    raise MergeError(
        "the wanted lines can't be brought in without changing what others have written: "
        + (named(shadowing) or "lines that overlap")
        + "; take these lines out, or write the whole list with mode replace"
    )


def _candidates(current: Sequence[ListLine], entries: Sequence[ListLine], keys: set[_Key]) -> Iterator[list[ListLine]]:
    """Lists that hold all wanted entries, the least changed one first."""
    there = {key(line): line for line in current if line.is_entry}
    missing = [line for line in entries if key(line) not in there]
    yield from _placed(list(current), missing)
    # In the order in which they are wanted; what an administrator noted behind a line stays behind it.
    rest = [line for line in current if not (line.is_entry and key(line) in keys)]
    yield from _placed(rest, [there.get(key(line), line) for line in entries])


def _placed(lines: list[ListLine], missing: Sequence[ListLine]) -> Iterator[list[ListLine]]:
    """The lines with the missing ones: inclusions before some exclusion or at the end, all from the first exclusion
    on at the end."""
    cut = next((place for place, line in enumerate(missing) if line.excluded), len(missing))
    head, tail = list(missing[:cut]), list(missing[cut:])
    end = len(lines) - 1 if lines and lines[-1].kind == "empty" else len(lines)  # a line end at the end stays there
    places = [place for place, line in enumerate(lines) if line.excluded and any(_meet(line, each) for each in head)]
    # Before the first such exclusion is right, unless it is a wanted one that stands there already: then a later place.
    for place in [end, *places[:1], *reversed(places[1:MOST_PLACES])]:
        begin = place
        while begin < end and begin > 0 and lines[begin - 1].kind == "comment":  # it speaks of the line below it
            begin -= 1
        yield lines[:begin] + head + lines[begin:end] + tail + lines[end:]


def _should_hold(entries: Sequence[ListLine], foreign: Sequence[ListLine], version: int) -> list[Span]:
    """What a merged list has to hold, by the rule at the top of this file."""
    wanted_in, wanted_out = _included(entries, version), _excluded(entries, version)
    foreign_in, foreign_out = _included(foreign, version), _excluded(foreign, version)
    return _joined(_minus(wanted_in, foreign_out), _minus(foreign_in, wanted_out))


def _included(lines: Iterable[ListLine], version: int) -> list[Span]:
    """Addresses of which the last line that matches them is an inclusion; references to other lists match none."""
    return spans(AddressList(tuple(line for line in lines if line.version == version)), version)


def _excluded(lines: Iterable[ListLine], version: int) -> list[Span]:
    """Addresses of which the last line that matches them is an exclusion."""
    return _included((line._replace(excluded=not line.excluded) for line in lines), version)


def _joined(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, last in sorted([*one, *other]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _minus(spans_: Sequence[Span], away: Sequence[Span]) -> list[Span]:
    left: list[Span] = []
    place = 0
    for first, last in spans_:
        begin = first
        while place < len(away) and away[place][1] < begin:
            place += 1
        look = place
        while look < len(away) and away[look][0] <= last:
            if begin < away[look][0]:
                left.append((begin, away[look][0] - 1))
            begin = away[look][1] + 1
            look += 1
        if begin <= last:
            left.append((begin, last))
    return left


def _meet(line: ListLine, other: ListLine) -> bool:
    """Whether one of two entries includes an address that the other excludes; of references nobody knows."""
    if line.excluded == other.excluded or line.version != other.version or None in (line.first, other.first):
        return False
    return (line.first or 0) <= (other.last or 0) and (other.first or 0) <= (line.last or 0)


def _also_excluded(line: ListLine, entries: Sequence[ListLine]) -> bool:
    """Whether the wanted lines keep all of a foreign exclusion out too: then nobody has to be told."""
    span = [(line.first or 0, line.last or 0)]
    return not line.version or not _minus(span, _excluded(entries, line.version))
