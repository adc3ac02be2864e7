# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disjoint boxes hold the same points as the boxes they come from, none of them twice."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.boxes import Box, ConflictError, disjoint, merged

SPAN = 6
LAST = frozenset({2})
RANGES = st.tuples(st.integers(0, SPAN - 1), st.integers(0, SPAN - 1)).map(lambda pair: (min(pair), max(pair)))
BOXES = st.lists(st.builds(Box, st.tuples(RANGES, RANGES, RANGES), st.just(0), st.tuples(st.sampled_from("abc"))))


def points(boxes: list[Box]) -> dict[tuple[int, ...], set[str]]:
    """Every point that a box covers, with the names of the boxes that cover it."""
    found: dict[tuple[int, ...], set[str]] = {}
    for box in boxes:
        for point in itertools.product(*(range(low, high + 1) for low, high in box.ranges)):
            found.setdefault(point, set()).update(box.names)
    return found


@given(BOXES, st.sampled_from([LAST, frozenset({1, 2}), frozenset({0, 1, 2})]))
def test_the_same_points_are_covered_and_none_twice(boxes: list[Box], joined: frozenset[int]) -> None:
    cells = disjoint(boxes, joined)
    assert points(cells).keys() == points(boxes).keys()
    volume = sum((b[1] - b[0] + 1) * (c[1] - c[0] + 1) * (d[1] - d[0] + 1) for b, c, d in (x.ranges for x in cells))
    assert volume == len(points(cells))


@given(BOXES)
def test_nobody_is_named_for_a_point_beside_his_ports(boxes: list[Box]) -> None:
    """Ports of one pair of addresses are joined, so names may spread along the ports, and only there."""
    before, after = points(boxes), points(disjoint(boxes, LAST))
    for (first, second, _port), names in after.items():
        there = {name for point, found in before.items() if point[:2] == (first, second) for name in found}
        assert names <= there


@given(st.lists(RANGES))
def test_merged_ranges_hold_the_same_numbers_and_do_not_touch(ranges: list[tuple[int, int]]) -> None:
    result = merged(ranges)
    assert {n for low, high in result for n in range(low, high + 1)} == {
        n for low, high in ranges for n in range(low, high + 1)
    }
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(result))


def test_ports_that_touch_become_one_range_and_keep_both_names() -> None:
    boxes = [Box(((1, 1), (2, 2), (10, 19)), names=("b",)), Box(((1, 1), (2, 2), (20, 29)), names=("a",))]
    assert disjoint(boxes, LAST) == [Box(((1, 1), (2, 2), (10, 29)), names=("a", "b"))]


def test_neighbouring_addresses_stay_apart_unless_asked() -> None:
    boxes = [Box(((1, 1), (address, address), (10, 19)), names=("a",)) for address in (2, 3)]
    assert len(disjoint(boxes, LAST)) == 2
    assert disjoint(boxes, frozenset({1, 2})) == [Box(((1, 1), (2, 3), (10, 19)), names=("a",))]


def test_two_outcomes_for_one_point_are_a_conflict_that_names_both() -> None:
    boxes = [Box(((1, 1), (10, 19)), 5, ("first",)), Box(((1, 1), (19, 30)), 6, ("second",))]
    with pytest.raises(ConflictError) as caught:
        disjoint(boxes, frozenset({1}))
    assert {caught.value.first, caught.value.second} == {("first",), ("second",)}


def test_touching_ranges_of_two_outcomes_stay_apart() -> None:
    boxes = [Box(((1, 1), (10, 19)), 5, ("first",)), Box(((1, 1), (20, 30)), 6, ("second",))]
    assert disjoint(boxes, frozenset({1})) == boxes
