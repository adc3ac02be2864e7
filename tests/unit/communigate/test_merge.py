# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing wanted lines into a list that others have written in too."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.lists import parse
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.merge import (
    MergeError,
    named,
    with_lines,
    without,
)
from tests.unit.work import lines_run

OFFICE = "10.0.0.0-10.0.255.255"


@pytest.mark.parametrize(
    ("held", "wanted", "merged"),
    [
        pytest.param("", f"{OFFICE}\n!10.0.5.0/24", f"{OFFICE}\n!10.0.5.0/24", id="an empty list"),
        pytest.param("10.1.0.1\n", OFFICE, f"10.1.0.1\n{OFFICE}\n", id="the line end at the end stays at the end"),
        pytest.param(f"; mine\n\n{OFFICE} ; HQ\n", OFFICE, f"; mine\n\n{OFFICE} ; HQ\n", id="it is there"),
        pytest.param(f"{OFFICE}\n", "10.0.0.0/16", f"{OFFICE}\n", id="it is there in another notation"),
        pytest.param(
            "; guests\n!10.0.9.0/24\n10.1.0.1",
            OFFICE,
            f"{OFFICE}\n; guests\n!10.0.9.0/24\n10.1.0.1",
            id="a foreign exclusion holds, and keeps its comment",
        ),
        pytest.param(
            f"!10.0.5.5\n{OFFICE}",
            f"{OFFICE}\n!10.0.5.5",
            f"{OFFICE}\n!10.0.5.5",
            id="a wanted exclusion that stands too early is moved",
        ),
        pytest.param(
            f"{OFFICE}\n10.0.5.5", "!10.0.5.5", f"{OFFICE}\n10.0.5.5\n!10.0.5.5", id="it excludes foreign lines"
        ),
        pytest.param(
            "10.0.5.5 ; hers\n!10.0.5.0/24 ; his",
            f"{OFFICE}\n!10.0.5.0/24\n10.0.5.5",
            f"{OFFICE}\n!10.0.5.0/24 ; his\n10.0.5.5 ; hers",
            id="wanted lines come in their own order, with what others noted behind them",
        ),
        pytest.param("#office", "#Office\n!#guests", "#office\n!#guests", id="references to other lists"),
        pytest.param("10.0.0.1", "2001:db8::/64", "10.0.0.1\n2001:db8::/64", id="both families"),
        pytest.param("10.0.0.1", "; a comment\n\n10.0.0.1 ; again", "10.0.0.1", id="comments are not brought in"),
    ],
)
@pytest.mark.acceptance("CG-22")
def test_wanted_lines_are_brought_in(held: str, wanted: str, merged: str) -> None:
    first = with_lines(parse(held), parse(wanted))
    assert first.text == merged
    assert with_lines(parse(first.text), parse(wanted)).text == merged


def test_a_foreign_exclusion_of_what_is_wanted_is_told() -> None:
    found = with_lines(parse(f"{OFFICE}\n!10.0.9.9 ; hers"), parse(OFFICE))
    assert [line.number for line in found.shadowed_by] == [2]


def test_an_exclusion_that_both_want_is_not_told() -> None:
    found = with_lines(parse(f"{OFFICE}\n!10.0.9.9 ; hers"), parse(f"{OFFICE}\n!10.0.9.0/24"))
    assert found.shadowed_by == ()


def test_lines_that_no_order_can_bring_together_are_named() -> None:
    held, wanted = f"{OFFICE}\n!10.0.5.0/24\n10.0.5.7", "10.0.0.0/8\n!10.0.4.0/22\n10.0.4.1\n10.0.5.9"
    with pytest.raises(MergeError, match=r"line 2 \(!10.0.5.0/24\); take these lines out, or .* mode replace"):
        with_lines(parse(held), parse(wanted))


def test_a_message_names_a_few_lines_and_counts_the_rest() -> None:
    lines = parse("\n".join(f"!10.0.0.{last}" for last in range(12))).lines
    assert named(lines).startswith("line 1 (!10.0.0.0), line 2 (!10.0.0.1), ")
    assert named(lines).endswith("line 10 (!10.0.0.9) and 2 more")
    assert named(lines[:1]) == "line 1 (!10.0.0.0)"


def test_the_work_of_merging_grows_with_the_list_and_not_with_its_square() -> None:
    def merged(size: int) -> int:
        held = "\n".join(
            f"{'!' if number % 9 == 0 else ''}10.{number % 200}.{number // 200}.7" for number in range(size)
        )
        networks = "\n".join(f"10.{second}.0.0/16" for second in range(size // 30))
        first, second = parse(held), parse(networks)
        return lines_run(lambda: with_lines(first, second))

    assert merged(1200) < 2.5 * merged(600)


@pytest.mark.parametrize(
    ("held", "unwanted", "left"),
    [
        ("; head\n10.0.0.0/24 ; old\n10.1.0.1\n", "10.0.0.0-10.0.0.255", "; head\n10.1.0.1\n"),
        ("10.0.0.1\n!10.0.0.1", "!10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.0/24"),
        ("#old\n#new", "#OLD", "#new"),
    ],
)
def test_unwanted_lines_are_taken_out_and_the_rest_stays(held: str, unwanted: str, left: str) -> None:
    assert without(parse(held), parse(unwanted)).text == left
