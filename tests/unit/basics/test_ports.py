# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports and ranges: what is read, what is refused, what is merged."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import (
    PortError,
    PortRange,
    merge_ranges,
    parse_port,
    parse_range,
    parse_ranges,
    ports_text,
)


@pytest.mark.parametrize(
    ("written", "port"),
    [(1, 1), (65535, 65535), ("7488", 7488), (" 7488 ", 7488)],
)
def test_a_port_is_a_number_or_its_digits(written: object, port: int) -> None:
    assert parse_port(written) == port


@pytest.mark.parametrize(
    "written",
    [
        0,
        65536,
        -1,
        "-1",
        "",
        " ",
        "70000",
        "7488.0",
        7488.0,
        True,
        None,
        [],
        {},
        "٧٤٨٨",
        "0x1d40",
        "7_488",
        "1e3",
        b"80",
    ],
)
def test_anything_else_is_no_port(written: object) -> None:
    with pytest.raises(PortError):
        parse_port(written)


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [(7488, 7488, 7488), ("10000-10099", 10000, 10099), ("5 - 5", 5, 5), (PortRange(1, 2), 1, 2)],
)
def test_a_range_is_inclusive_at_both_ends(written: object, low: int, high: int) -> None:
    assert parse_range(written) == PortRange(low, high)
    assert parse_range(written).size == high - low + 1


@pytest.mark.parametrize("written", ["10099-10000", "1-2-3", "-", "1-", "-1", "a-b", "0-10"])
def test_a_malformed_or_reversed_range_is_refused(written: str) -> None:
    with pytest.raises(PortError):
        parse_range(written)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("25,4558-4560", "25,4558-4560"),
        ([4560, "4558-4559", 25], "25,4558-4560"),
        (["10-20", "15-30"], "10-30"),
        (["10-20", "12-13"], "10-20"),
        (["10-20", "22-30"], "10-20,22-30"),
        ([["80"], ("443", 81)], "80-81,443"),
        (PortRange(5, 6), "5-6"),
    ],
)
def test_lists_of_ports_become_the_fewest_ranges_in_order(written: object, text: str) -> None:
    assert ports_text(parse_ranges(written)) == text


def test_merging_leaves_a_gap_of_one_port_alone() -> None:
    assert merge_ranges([PortRange(1, 2), PortRange(4, 5)]) == (PortRange(1, 2), PortRange(4, 5))


def test_ranges_overlap_when_they_share_a_port() -> None:
    assert PortRange(10, 20).overlaps(PortRange(20, 30))
    assert PortRange(20, 30).overlaps(PortRange(10, 20))
    assert not PortRange(10, 20).overlaps(PortRange(21, 30))
