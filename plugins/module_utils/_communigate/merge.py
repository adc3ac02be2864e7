# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing wanted lines into a network address list that others have written in too.

Merging B(only adds): what the list held it still holds, what is wanted it holds too, and nothing else comes in. Lines
of others stay where they are, for C(!) excludes from the lines BEFORE it. So lines go to the end, and where that would
take an address out, or bring one in that a line excludes, the merge is refused with that line: whether an
administrator's exclusion or a wanted network is the mistake, nobody can tell here.

What another list holds that a line refers to is not known either. Each such list may hold an address or not, and a
merge has to be right for all of these cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .list_sets import Span, decided, spans
from .lists import AddressList, ListLine, address_text, printable

MOST_NAMED = 10  # lines in one message
#: Other lists that a merge with exclusions may refer to: each doubles the cases that have to be right.
MOST_REFERENCES = 6
_LAST = {4: (1 << 32) - 1, 6: (1 << 128) - 1}

_Key = tuple[str, bool, int, int, int, str]


class MergeError(ValueError):
    """The wanted lines can't be brought in by adding alone; the message says which lines stand against it."""


@dataclass(frozen=True)
class Merged:
    """The lines of a merged list."""

    lines: tuple[ListLine, ...]

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
    there = {key(line) for line in current.entries}
    missing = [line for line in entries if key(line) not in there]
    cases = list(_cases(current.entries, entries))
    for case in cases:
        _refuse_collisions(current.entries, entries, case)
    if missing and not all(_adds_exactly(current.entries, missing, entries, case) for case in cases):
        # A wanted line that is there already has to be said again behind one that is not: all from that one on.
        missing = entries[entries.index(missing[0]) :]
    lines = list(current.lines)
    end = len(lines) - 1 if lines and lines[-1].kind == "empty" else len(lines)  # a line end at the end stays there
    return Merged((*lines[:end], *missing, *lines[end:]))


# --- Cases: an IP version, and the other lists that hold an address ---------------------------------------------------

_Case = tuple[int, frozenset[_Key]]


def _cases(held: Sequence[ListLine], wanted: Sequence[ListLine]) -> Iterator[_Case]:
    """Every case that has to be right. Without exclusions no line takes anything away, and nothing has to be asked."""
    lines = (*held, *wanted)
    if not any(line.excluded for line in lines):
        return
    references = sorted({_name(line) for line in lines if line.name is not None})
    if len(references) > MOST_REFERENCES:
        raise MergeError(
            f"the lines refer to {len(references)} other lists and exclude as well; whether an address is lost can be"
            f" found out for {MOST_REFERENCES} at most: write the whole list with mode replace"
        )
    for size in range(len(references) + 1):
        for holding in itertools.combinations(references, size):
            for version in (4, 6):
                yield version, frozenset(holding)


def _name(line: ListLine) -> _Key:
    return key(line._replace(excluded=False))


def _in_case(lines: Iterable[ListLine], case: _Case) -> AddressList:
    """The lines with the references replaced by what they match in a case: every address, or none."""
    version, holding = case
    return AddressList(
        tuple(
            line if line.name is None else line._replace(kind="range", version=version, first=0, last=_LAST[version])
            for line in lines
            if line.version == version or (line.name is not None and _name(line) in holding)
        )
    )


def _adds_exactly(
    held: Sequence[ListLine], missing: Sequence[ListLine], wanted: Sequence[ListLine], case: _Case
) -> bool:
    """Whether the missing lines at the end give what was held and what is wanted, and nothing else."""
    version = case[0]
    both = [*spans(_in_case(held, case), version), *spans(_in_case(wanted, case), version)]
    return spans(_in_case((*held, *missing), case), version) == _joined(both)


def _refuse_collisions(held: Sequence[ListLine], wanted: Sequence[ListLine], case: _Case) -> None:
    """Raise if an address is wanted that the list excludes, or excluded by what is wanted and in the list."""
    version = case[0]
    kept_out: dict[int, tuple[ListLine, Span]] = {}
    taken_out: dict[int, tuple[ListLine, Span]] = {}
    for span, theirs, mine in _shared(_in_case(held, case), _in_case(wanted, case), version):
        if theirs.excluded and not mine.excluded:
            kept_out.setdefault(theirs.number, (theirs, span))
        elif mine.excluded and not theirs.excluded:
            taken_out.setdefault(mine.number, (mine, span))
    told = []
    if kept_out:
        told.append(
            f"{_with_addresses(kept_out.values(), version)} of the server's list keeps out what is wanted: want the"
            " same exclusion, or take it out of the server's list"
        )
    if taken_out:
        told.append(
            f"{_with_addresses(taken_out.values(), version)} of the wanted lines would take out what the server's"
            " list holds, and merging takes nothing out: take the server's lines out with mode absent, or leave this"
            " one away"
        )
    if told:
        raise MergeError("; ".join(told) + "; or write the whole list with mode replace")


def _with_addresses(found: Iterable[tuple[ListLine, Span]], version: int) -> str:
    pairs = sorted(found, key=lambda pair: pair[0].number)
    first, last = pairs[0][1]
    example = address_text(version, first) + ("" if first == last else f"-{address_text(version, last)}")
    of_others = any(line.name is not None for line, _span in pairs)
    return named([line for line, _span in pairs]) + ("" if of_others else f", {example},")


def _shared(one: AddressList, other: AddressList, version: int) -> Iterator[tuple[Span, ListLine, ListLine]]:
    """Addresses of which both lists say something, each with the lines that decide."""
    first, second = list(decided(one, version)), list(decided(other, version))
    at, to = 0, 0
    while at < len(first) and to < len(second):
        (low, high), mine = first[at]
        (begin, end), theirs = second[to]
        if max(low, begin) <= min(high, end):
            yield (max(low, begin), min(high, end)), mine, theirs
        at, to = (at + 1, to) if high < end else (at, to + 1)


def _joined(pieces: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, last in sorted(pieces):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
