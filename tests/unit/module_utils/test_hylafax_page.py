# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test page says which one it is, whether it is whole, and how much of it is spoilt."""

from __future__ import annotations

import random

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax import page
from tests.unit.fax_page import drawn, pbm

MARKS = [0, 2**64 - 1, 0x0123456789ABCDEF, *(random.Random(number).getrandbits(64) for number in range(20))]  # noqa: S311, no secret


def read(rows: list[list[bool]]) -> page.Reading:
    (picture,) = page.pictures(pbm(rows))
    return page.read(picture)


@pytest.mark.parametrize("mark", MARKS, ids=hex)
def test_a_page_says_which_one_it_is(mark: int) -> None:
    assert read(drawn(page.postscript(mark, ("some words",)))) == page.Reading(mark, 0.0)


@pytest.mark.parametrize(("right", "down"), [(8, 15), (-8, -15), (5, 0)])
def test_a_page_may_lie_elsewhere_on_the_paper(right: int, down: int) -> None:
    assert read(drawn(page.postscript(MARKS[3], ()), right, down)).mark == MARKS[3]


@pytest.mark.parametrize("mark", MARKS[:4], ids=hex)
def test_a_page_that_breaks_off_is_none(mark: int) -> None:
    rows = drawn(page.postscript(mark, ()))
    for kept in range(60, 490, 30):
        cut = [*rows[:kept], *([False] * len(rows[0]) for _row in rows[kept:])]
        assert read(cut) == page.NOTHING


def test_lines_that_were_lost_are_counted() -> None:
    rows = drawn(page.postscript(MARKS[3], ()))
    spoilt = [row if number % 10 else [not dot for dot in row] for number, row in enumerate(rows)]
    assert sum(row != whole for row, whole in zip(spoilt, rows, strict=True)) == 59
    said = read(spoilt)
    assert said.mark == MARKS[3]
    assert 0.07 < said.unlike < 0.13


def test_another_picture_is_no_test_page() -> None:
    noise = random.Random(1)  # noqa: S311, no secret
    assert read([[noise.random() < 0.5 for _dot in range(400)] for _row in range(500)]) == page.NOTHING
    assert read([[True] * 400 for _row in range(500)]) == page.NOTHING
    assert read([[False] * 400 for _row in range(500)]) == page.NOTHING


def test_words_cannot_leave_their_line() -> None:
    assert r"(a \(b\) \\c) show" in page.postscript(1, ("a (b) \\c",))


def test_a_stream_that_breaks_off_has_the_whole_pictures_before() -> None:
    whole = pbm([[True] * 20] * 4)
    assert len(page.pictures(whole + whole[:-1])) == 1
    assert page.pictures(b"") == []
