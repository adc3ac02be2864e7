# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disjoint elements hold the same points as the elements they come from, none of them twice."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.concatenated_ranges import (
    ConflictError,
    Element,
    absorbed,
    disjoint,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.ranges import merged

SPAN = 6
LAST = frozenset({2})
RANGES = st.tuples(st.integers(0, SPAN - 1), st.integers(0, SPAN - 1)).map(lambda pair: (min(pair), max(pair)))
BOXES = st.lists(st.builds(Element, st.tuples(RANGES, RANGES, RANGES), st.just(0), st.tuples(st.sampled_from("abc"))))


def points(elements: list[Element]) -> dict[tuple[int, ...], set[str]]:
    """Every point that an element covers, with the names of the elements that cover it."""
    found: dict[tuple[int, ...], set[str]] = {}
    for element in elements:
        for point in itertools.product(*(range(low, high + 1) for low, high in element.ranges)):
            found.setdefault(point, set()).update(element.names)
    return found


@given(BOXES, st.sampled_from([LAST, frozenset({1, 2}), frozenset({0, 1, 2})]))
def test_the_same_points_are_covered_and_none_twice(elements: list[Element], joined: frozenset[int]) -> None:
    cells = disjoint(elements, joined)
    assert points(cells).keys() == points(elements).keys()
    volume = sum((b[1] - b[0] + 1) * (c[1] - c[0] + 1) * (d[1] - d[0] + 1) for b, c, d in (x.ranges for x in cells))
    assert volume == len(points(cells))


@given(BOXES)
def test_nobody_is_named_for_a_point_beside_his_ports(elements: list[Element]) -> None:
    """Ports of one pair of addresses are joined, so names may spread along the ports, and only there."""
    before, after = points(elements), points(disjoint(elements, LAST))
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
    elements = [Element(((1, 1), (2, 2), (10, 19)), names=("b",)), Element(((1, 1), (2, 2), (20, 29)), names=("a",))]
    assert disjoint(elements, LAST) == [Element(((1, 1), (2, 2), (10, 29)), names=("a", "b"))]


def test_neighbouring_addresses_stay_apart_unless_asked() -> None:
    elements = [Element(((1, 1), (address, address), (10, 19)), names=("a",)) for address in (2, 3)]
    assert len(disjoint(elements, LAST)) == 2
    assert disjoint(elements, frozenset({1, 2})) == [Element(((1, 1), (2, 3), (10, 19)), names=("a",))]


def test_two_outcomes_for_one_point_are_a_conflict_that_names_both() -> None:
    elements = [Element(((1, 1), (10, 19)), 5, ("first",)), Element(((1, 1), (19, 30)), 6, ("second",))]
    with pytest.raises(ConflictError) as caught:
        disjoint(elements, frozenset({1}))
    assert {caught.value.first, caught.value.second} == {("first",), ("second",)}


def test_touching_ranges_of_two_outcomes_stay_apart() -> None:
    elements = [Element(((1, 1), (10, 19)), 5, ("first",)), Element(((1, 1), (20, 30)), 6, ("second",))]
    assert disjoint(elements, frozenset({1})) == elements


ANYBODY, SERVER = (0, 1000), (7, 7)


def test_a_network_that_meets_nobody_in_all_fields_is_not_cut() -> None:
    """One service is open to all, another to named clients: the clients' addresses do not cut the first."""
    everybody = Element((ANYBODY, SERVER, (25, 25)), names=("all",))
    clients = [Element(((n, n), SERVER, (44337, 44337)), names=(str(n),)) for n in range(10)]
    assert sorted(disjoint([everybody, *clients], LAST), key=repr) == sorted([everybody, *clients], key=repr)


def test_what_is_open_to_all_takes_over_the_names_of_whom_it_covers() -> None:
    everybody = Element((ANYBODY, SERVER, (25, 25)), names=("all",))
    inner = Element(((5, 9), SERVER, (25, 25)), names=("office",))
    client = Element(((6, 6), SERVER, (25, 25)), names=("client",))
    other = Element(((6, 6), SERVER, (26, 26)), names=("other",))
    (kept, alone) = absorbed([client, other, inner, everybody])
    assert (kept.ranges, set(kept.names)) == (everybody.ranges, {"all", "office", "client"})
    assert alone == other


def test_who_asks_for_more_than_everybody_stays_and_everybody_gets_the_rest() -> None:
    everybody = Element((ANYBODY, SERVER, (25, 25)), 0, ("all",))
    client = Element(((6, 6), SERVER, (25, 25)), 5, ("client",))
    cells = disjoint(absorbed([everybody, client], max), LAST, max)
    assert [(cell.ranges[0], cell.outcome) for cell in cells] == [((0, 5), 0), ((6, 6), 5), ((7, 1000), 0)]


def test_the_same_two_boxes_are_one() -> None:
    element = Element((ANYBODY, SERVER, (25, 25)), names=("a",))
    (kept,) = absorbed([element, Element(element.ranges, names=("b",))])
    assert set(kept.names) == {"a", "b"}


@given(BOXES)
def test_absorbing_changes_no_point_and_loses_no_name(elements: list[Element]) -> None:
    kept = absorbed(elements)
    assert points(kept).keys() == points(elements).keys()
    assert {name for item in kept for name in item.names} == {name for item in elements for name in item.names}
    assert len(kept) <= len(elements)
