# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging loses no membership and moves nothing, or it is refused with the line.

What a list holds is decided here by an evaluator of its own, address by address. What another list holds that a line
refers to is not known: whatever it is, the merge has to be right.
"""

from __future__ import annotations

import functools
import itertools
import re

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.lists import parse
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.merge import (
    MergeError,
    key,
    with_lines,
    without,
)

QUICK = settings(max_examples=400, derandomize=True)
MANY = settings(max_examples=4000, derandomize=True)
#: The last numbers of the addresses that lists are about, written as IPv4 and IPv6, and the other lists' names.
NUMBERS = range(12)
PREFIXES = ("10.0.0.", "2001:db8::")
NAMES = ("guests", "branches")
ADDRESSES = [(prefix, number) for prefix in PREFIXES for number in NUMBERS]
#: What the other lists hold: each of them an address, or not.
WORLDS = [frozenset(which) for size in range(len(NAMES) + 1) for which in itertools.combinations(NAMES, size)]
LINE = re.compile(r"(!?)(?:#(\w+)|([0-9a-f.:]*[.:])(\d+)(?:-[0-9a-f.:]*[.:](\d+))?)\s*(?:;.*)?")

Address = tuple[str, int]


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A line about a few of the addresses."""
    first = draw(st.sampled_from(NUMBERS))
    last = draw(st.integers(first, NUMBERS[-1]))
    prefix = draw(st.sampled_from([*PREFIXES, PREFIXES[0]]))
    value = f"{prefix}{first}" if first == last else f"{prefix}{first}-{prefix}{last}"
    return draw(st.sampled_from(["", "", "!"])) + value + draw(st.sampled_from(["", " ; hers", ";his"]))


references = st.sampled_from([f"{mark}#{name}" for mark in ("", "!") for name in NAMES])
silent = st.sampled_from(["", "; a comment", "  "])
plain_lists = st.lists(entries() | silent, max_size=6).map("\n".join)
lists = st.lists(entries() | entries() | entries() | silent | references, max_size=6).map("\n".join)


@functools.lru_cache(maxsize=16)
def read(text: str) -> list[tuple[bool, str, str, range]]:
    """The lines that say something: whether they exclude, another list's name, or the addresses' prefix and numbers."""
    lines = []
    for line in text.split("\n"):
        found = LINE.fullmatch(line)
        assert found or not line.partition(";")[0].strip(), line
        if found:
            mark, name, prefix, first, last = found.groups()
            lines.append((bool(mark), name, prefix, range(int(first or 0), int(last or first or 0) + 1)))
    return lines


def said(text: str, address: Address, holding: frozenset[str] = frozenset()) -> bool | None:
    """What the last line that matches an address says of it; None if none does."""
    decision = None
    for excluded, name, prefix, numbers in read(text):
        if name in holding if name else prefix == address[0] and address[1] in numbers:
            decision = not excluded
    return decision


def is_merged_or_refused(held: str, wanted: str) -> None:
    """Merge two lists, and look at every address in every world."""
    cases = [(address, world) for address in ADDRESSES for world in WORLDS]
    collide = [case for case in cases if {said(held, *case), said(wanted, *case)} == {True, False}]
    if collide:
        event("refused")
        with pytest.raises(MergeError) as refused:
            with_lines(parse(held), parse(wanted))
        excluding = [line.strip() for line in (*held.split("\n"), *wanted.split("\n")) if line.startswith("!")]
        assert any(f"({line})" in str(refused.value) for line in excluding), "no line is named"
        return
    merged = with_lines(parse(held), parse(wanted))
    event("merged" if merged.text != held else "unchanged")
    for case in cases:
        before, asked, after = (said(text, *case) is True for text in (held, wanted, merged.text))
        assert after >= before, f"{case} was lost"
        assert after >= asked, f"{case} was wanted"
        assert after <= (before or asked), f"nobody asked for {case}"
    # What was there is there, in its order, and the wanted lines too; once is enough.
    following = iter(merged.text.split("\n"))
    assert all(line in following for line in held.split("\n") if line.strip()), "a line was moved or lost"
    assert {key(line) for line in merged.lines} >= {key(line) for line in parse(wanted).entries}
    assert with_lines(parse(merged.text), parse(wanted)).text == merged.text


@QUICK
@given(lists, lists)
def test_merging_loses_no_membership_and_moves_nothing(held: str, wanted: str) -> None:
    is_merged_or_refused(held, wanted)


@pytest.mark.slow
@MANY
@given(lists, lists)
def test_merging_loses_nothing_in_thousands_of_lists(held: str, wanted: str) -> None:
    is_merged_or_refused(held, wanted)


@QUICK
@given(lists, lists)
def test_what_is_taken_out_is_gone_and_nothing_else(held: str, unwanted: str) -> None:
    keys = {key(line) for line in parse(unwanted).entries}
    left = without(parse(held), parse(unwanted))
    assert [line.text for line in left.lines] == [
        line.text for line in parse(held).lines if not (line.is_entry and key(line) in keys)
    ]


@QUICK
@given(plain_lists.map(lambda text: text.replace("!", "")), plain_lists.map(lambda text: text.replace("!", "")))
def test_lists_without_exclusions_can_always_be_merged(held: str, wanted: str) -> None:
    merged = with_lines(parse(held), parse(wanted))
    for address in ADDRESSES:
        assert said(merged.text, address) == (said(held, address) or said(wanted, address))
