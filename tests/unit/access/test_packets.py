# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of packets: exactly what one has and the other has not."""

from __future__ import annotations

import itertools

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.packets import Box, Interval, PacketSet, without

ALL = Interval(0, 9)


def box(**intervals: tuple[int, int]) -> Box:
    return Box(*(Interval(*intervals.get(name, ALL)) for name in Box._fields))


def numbers(boxes: tuple[Box, ...]) -> set[tuple[int, int]]:
    """Sender and port of every packet, where nothing else differs; and that no packet is in two boxes."""
    listed = [
        (own, port)
        for item in boxes
        for own, port in itertools.product(
            range(item.own.low, item.own.high + 1), range(item.ports.low, item.ports.high + 1)
        )
    ]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_what_is_left_of_a_box_shares_no_packet_with_what_was_taken() -> None:
    left = tuple(without(box(own=(2, 6), ports=(3, 8)), box(own=(4, 9), ports=(0, 5))))
    assert numbers(left) == set(itertools.product(range(2, 7), range(3, 9))) - set(
        itertools.product(range(4, 7), range(3, 6))
    )


def test_boxes_that_do_not_meet_stay_as_they_are() -> None:
    assert without(box(ports=(1, 2)), box(ports=(3, 4))) == (box(ports=(1, 2)),)


def test_several_boxes_together_hold_what_none_holds_alone() -> None:
    held = PacketSet([box(ports=(0, 4)), box(ports=(5, 9), own=(0, 5)), box(ports=(5, 9), own=(6, 9))])
    assert held.missing(box()) == ()


def test_what_a_set_lacks_is_told_exactly() -> None:
    held = PacketSet([box(own=(3, 3), ports=(2, 4)), box(own=(0, 9), ports=(8, 8)), box(own=(5, 5))])
    missing = held.missing(box(own=(3, 5)))
    wanted = set(itertools.product(range(3, 6), range(10)))
    assert numbers(missing) == {
        (own, port) for own, port in wanted if not (own == 3 and 2 <= port <= 4) and port != 8 and own != 5
    }


def test_a_single_sender_is_held_against_its_own_boxes_and_those_of_many() -> None:
    one = Interval(7, 7)
    held = PacketSet([box(own=(0, 5)), box(own=(7, 7), ports=(0, 1)), box(own=(6, 9), ports=(2, 3))])
    (left,) = held.missing(box(own=one))
    assert (left.own, left.ports) == (one, Interval(4, 9))
