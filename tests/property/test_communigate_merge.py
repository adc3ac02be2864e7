# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merged lists hold what the rule says, address by address; the emulator, written apart, decides what a list holds."""

from __future__ import annotations

import ipaddress

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.lists import parse
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.merge import (
    MergeError,
    key,
    with_lines,
    without,
)
from tests.emulators.communigate import address_lists

QUICK = settings(max_examples=400, derandomize=True)
ADDRESSES = [ipaddress.ip_address(f"10.0.0.{last}") for last in range(12)]
NEWEST = "6.4"


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A line about a few of the twelve addresses."""
    first = draw(st.integers(0, 11))
    last = draw(st.integers(first, 11))
    comment = draw(st.sampled_from(["", " ; hers", ";his"]))
    return draw(st.sampled_from(["", "", "!"])) + f"10.0.0.{first}-10.0.0.{last}" + comment


lists = st.lists(entries() | st.sampled_from(["", "; a comment", "  "]), max_size=6).map("\n".join)


def said(text: str, address: object) -> bool | None:
    """What the last entry that matches an address says of it; None if none does."""
    found = None
    for entry in address_lists.entries(text, NEWEST):
        if entry.first <= address <= entry.last:
            found = not entry.excluded
    return found


@QUICK
@given(lists, lists)
def test_an_exclusion_holds_whoever_wrote_it(held: str, wanted: str) -> None:
    keys = {key(line) for line in parse(wanted).entries}
    foreign = [line.text for line in parse(held).lines if not (line.is_entry and key(line) in keys)]
    try:
        merged = with_lines(parse(held), parse(wanted))
    except MergeError:
        event("refused")
        assert any(line.excluded for line in (*parse(held).entries, *parse(wanted).entries))
        return
    event("merged" if merged.text != held else "unchanged")
    for address in ADDRESSES:
        mine, theirs = said(wanted, address), said("\n".join(foreign), address)
        assert address_lists.listed(merged.text, address, NEWEST) == (
            (mine or theirs) is True and False not in (mine, theirs)
        )
    # Foreign lines, comments and empty ones are all there, in their order.
    kept = [line.text for line in merged.lines if not (line.is_entry and key(line) in keys)]
    assert kept == foreign
    assert {key(line) for line in merged.lines if line.is_entry} >= keys
    assert with_lines(parse(merged.text), parse(wanted)).text == merged.text


@QUICK
@given(lists, lists)
def test_what_is_taken_out_is_gone_and_nothing_else(held: str, unwanted: str) -> None:
    keys = {key(line) for line in parse(unwanted).entries}
    left = without(parse(held), parse(unwanted))
    assert [line.text for line in left.lines] == [
        line.text for line in parse(held).lines if not (line.is_entry and key(line) in keys)
    ]


@QUICK
@given(lists, lists)
def test_lists_without_exclusions_can_always_be_merged(held: str, wanted: str) -> None:
    assume("!" not in held + wanted)
    merged = with_lines(parse(held), parse(wanted))
    following = iter(merged.lines)
    assert all(line in following for line in parse(held).lines), "a line was moved or lost"
