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
            "10.0.0.0-10.0.0.100\n!10.0.0.10-10.0.0.20 ; hers\n10.0.0.15",
            "10.0.0.15",
            "10.0.0.0-10.0.0.100\n!10.0.0.10-10.0.0.20 ; hers\n10.0.0.15",
            id="a part of an excluded part that is there stays behind the exclusion",
        ),
        pytest.param(
            "; guests\n!10.0.9.0/24\n10.1.0.1\n",
            "10.2.0.0/16",
            "; guests\n!10.0.9.0/24\n10.1.0.1\n10.2.0.0/16\n",
            id="an exclusion of something else is not minded",
        ),
        pytest.param(
            f"{OFFICE}\n!10.0.9.0/24 ; hers",
            f"{OFFICE}\n!10.0.9.0/24",
            f"{OFFICE}\n!10.0.9.0/24 ; hers",
            id="an exclusion that both want",
        ),
        pytest.param(
            "10.1.0.0/16\n!10.0.9.0/24",
            f"{OFFICE}\n!10.0.9.0/24",
            f"10.1.0.0/16\n!10.0.9.0/24\n{OFFICE}\n!10.0.9.0/24",
            id="an exclusion that both want, and what it is from comes behind it",
        ),
        pytest.param("#guests", "#Guests\n#office", "#guests\n#office", id="references to other lists"),
        pytest.param("!#guests", "!#GUESTS", "!#guests", id="an exclusion by another list"),
        pytest.param("10.0.0.1", "2001:db8::/64", "10.0.0.1\n2001:db8::/64", id="both families"),
        pytest.param("10.0.0.1", "; a comment\n\n10.0.0.1 ; again", "10.0.0.1", id="comments are not brought in"),
    ],
)
@pytest.mark.acceptance("CG-22")
def test_wanted_lines_are_brought_in(held: str, wanted: str, merged: str) -> None:
    first = with_lines(parse(held), parse(wanted))
    assert first.text == merged
    assert with_lines(parse(first.text), parse(wanted)).text == merged


@pytest.mark.parametrize(
    ("held", "wanted", "told"),
    [
        pytest.param(
            f"{OFFICE}\n!10.0.9.9 ; hers",
            OFFICE,
            r"^line 2 \(!10\.0\.9\.9 ; hers\), 10\.0\.9\.9, of the server's list keeps out what is wanted: want",
            id="what is wanted is excluded",
        ),
        pytest.param(
            "!10.0.9.0/24\n10.1.0.1",
            OFFICE,
            r"^line 1 \(!10\.0\.9\.0/24\), 10\.0\.9\.0-10\.0\.9\.255, of the server's list keeps out",
            id="it is excluded before anything includes it",
        ),
        pytest.param(
            f"{OFFICE}\n10.0.5.5",
            "10.0.0.1\n!10.0.5.5",
            r"^line 2 \(!10\.0\.5\.5\), 10\.0\.5\.5, of the wanted lines would take out what the server's list holds",
            id="an exclusion would take out what is there",
        ),
        pytest.param(
            f"!10.0.5.5\n{OFFICE}",
            f"{OFFICE}\n!10.0.5.5",
            r"^line 2 \(!10\.0\.5\.5\).*wanted lines",
            id="it is overruled",
        ),
        pytest.param(
            f"{OFFICE}\n!10.0.9.9",
            f"{OFFICE}\n!10.0.5.5",
            r"line 2 \(!10\.0\.9\.9\).*server's list.*; line 2 \(!10\.0\.5\.5\).*wanted lines.*; or .* mode replace$",
            id="both",
        ),
        pytest.param("!#guests", OFFICE, r"^line 1 \(!#guests\) of the server", id="nobody knows whom it means"),
        pytest.param(
            "#office", "#office\n!#guests", r"^line 2 \(!#guests\) of the want", id="nor whether they are there"
        ),
        pytest.param(
            "\n".join(f"#list{number}" for number in range(7)),
            "!10.0.0.1",
            "^the lines refer to 7 other lists and exclude as well; .* 6 at most: .* mode replace",
            id="more other lists than can be thought through",
        ),
    ],
)
def test_a_merge_that_would_lose_or_overrule_something_is_refused_with_the_line(
    held: str, wanted: str, told: str
) -> None:
    with pytest.raises(MergeError, match=told):
        with_lines(parse(held), parse(wanted))


def test_a_message_names_a_few_lines_and_counts_the_rest() -> None:
    lines = parse("\n".join(f"!10.0.0.{last}" for last in range(12))).lines
    assert named(lines).startswith("line 1 (!10.0.0.0), line 2 (!10.0.0.1), ")
    assert named(lines).endswith("line 10 (!10.0.0.9) and 2 more")
    assert named(lines[:1]) == "line 1 (!10.0.0.0)"


def test_the_work_of_merging_grows_with_the_list_and_not_with_its_square() -> None:
    def merged(size: int) -> int:
        held = "\n".join(
            f"!11.0.{number // 200}.{number % 200}" if number % 9 == 0 else f"10.{number % 200}.{number // 200}.7"
            for number in range(size)
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
