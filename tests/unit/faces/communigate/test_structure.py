# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network address lists as plain data, and back."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.communigate.network_list import (
    AddressListError,
    contains,
    parse,
    to_structure,
    to_text,
)
from tests.unit.faces.communigate.test_grammar import KEPT


@pytest.mark.acceptance("CG-22")
def test_a_structure_becomes_the_text_that_it_came_from() -> None:
    assert to_text(to_structure(parse(KEPT))) == KEPT


def test_a_structure_tells_all_of_an_entry() -> None:
    assert to_structure(parse(" !10.0.0.0/30 ; four"))[0] == {
        "line": 1,
        "kind": "prefix",
        "value": "10.0.0.0/30",
        "excluded": True,
        "comment": "four",
        "version": 4,
        "first": "10.0.0.0",
        "last": "10.0.0.3",
        "text": " !10.0.0.0/30 ; four",
    }


def test_only_the_entry_that_was_changed_is_written_anew() -> None:
    entries = to_structure(parse(KEPT))
    entries[3]["excluded"] = False
    entries[6]["comment"] = None
    changed = to_text(entries)
    before, after = KEPT.split("\n"), changed.split("\n")
    assert [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]] == [4, 7]
    assert after[3] == "10.0.2.7 ; the printer that must not relay"
    assert after[6] == "192.0.2.33"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("  10.0.0.1 ;x", "  10.0.0.1 ;x"),
        ("", ""),
        ({}, ""),
        ({"comment": "head office"}, "; head office"),
        ({"comment": ""}, ";"),
        ({"value": "10.0.0.0/8"}, "10.0.0.0/8"),
        ({"value": "10.0.0.1", "excluded": True, "comment": "printer"}, "!10.0.0.1 ; printer"),
        ({"value": "#branches", "excluded": True}, "!#branches"),
        ({"text": "10.0.0.1;x"}, "10.0.0.1;x"),
        ({"text": "10.0.0.1;x", "comment": "y"}, "10.0.0.1 ; y"),
        ({"text": "10.0.0.1", "value": "10.0.0.2"}, "10.0.0.2"),
        ({"text": "10.0.0.1;x", "value": "10.0.0.1", "comment": "x", "excluded": False, "line": 9}, "10.0.0.1;x"),
        ({"value": "10.0.0.1-10.0.0.9", "kind": "range", "first": "10.0.0.1", "last": "10.0.0.9"}, "10.0.0.1-10.0.0.9"),
    ],
)
def test_an_entry_is_written_from_what_it_says(entry: object, line: str) -> None:
    assert to_text([entry]) == line


@pytest.mark.parametrize(
    ("entry", "grammar", "line"),
    [
        ("10.0.0.0/8 ; all", "5.0", "10.0.0.0-10.255.255.255 ; all"),
        ("!10.0.0.0/8", "5.1", "!10.0.0.0-10.255.255.255"),
        ({"value": "10.0.0.0/8", "version": 4, "first": "10.0.0.0"}, "5.0", "10.0.0.0-10.255.255.255"),
        ("10.0.0.1/32", "5.0", "10.0.0.1"),
    ],
)
def test_a_network_is_a_range_where_the_server_knows_no_masks(entry: object, grammar: str, line: str) -> None:
    assert to_text([entry], grammar) == line


def test_a_list_read_under_one_grammar_can_be_written_under_an_older_one() -> None:
    entries = to_structure(parse("; x\n10.0.0.0/8"))
    assert to_text(entries, "5.0") == "; x\n10.0.0.0-10.255.255.255"


@pytest.mark.acceptance("CG-23")
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (5, r'line 2: "5" is neither a text nor a dictionary'),
        (None, r'line 2: "None" is neither a text nor a dictionary'),
        ({"valeu": "10.0.0.1"}, r'line 2: "valeu" is no key of an entry; use only: line, text, value'),
        ({"value": 5}, r'line 2: "5" is no value for value'),
        ({"excluded": "yes"}, r"line 2: \"'yes'\" is no value for excluded; write true or false"),
        ({"comment": ["x"]}, r"is no value for comment"),
        ({"text": None}, r"is no value for text"),
        ({"excluded": True}, r'line 2: "!" excludes nothing; give the entry a value'),
        ({"value": "10.0.0.1 ; x"}, r"holds a semicolon; write what follows it as the comment"),
        ({"value": "10.0.0.0/8", "first": "11.0.0.0"}, r"is not the first of the entry's value; change the value"),
        ({"value": "10.0.0.1", "version": 6}, r"is not the version of the entry's value"),
        ({"value": "10.0.0.1", "comment": "a\n10.0.0.2"}, r"is more than one line"),
        ("10.0.0.1\n10.0.0.2", r"is more than one line"),
        ("10.0.0.9-10.0.0.1", r'line 2: "10\.0\.0\.9-10\.0\.0\.1" runs backwards'),
        ({"value": "10.0.0.300"}, r'line 2: "10\.0\.0\.300" has "10\.0\.0\.300" where an address belongs'),
        ({"text": "x"}, r'line 2: "x" has "x" where an address belongs'),
    ],
)
def test_an_entry_that_says_nothing_sensible_is_named(entry: object, message: str) -> None:
    with pytest.raises(AddressListError, match=message):
        to_text(["10.0.0.1", entry])


def test_all_entries_that_cannot_be_written_come_in_one_message() -> None:
    with pytest.raises(AddressListError) as caught:
        to_text([5, "10.0.0.1", "x", {"excluded": 1, "comment": 2}])
    assert [problem.line for problem in caught.value.problems] == [1, 3, 4, 4]


@pytest.mark.parametrize("grammar", ["5.0", "5.1", "5.2"])
def test_what_an_older_server_cannot_read_is_not_written(grammar: str) -> None:
    with pytest.raises(AddressListError, match="which this version of the grammar cannot"):
        to_text(["#branches"], grammar)


@pytest.mark.parametrize("data", [None, 5, "10.0.0.1", {"value": "10.0.0.1"}])
def test_only_a_list_can_be_written(data: object) -> None:
    with pytest.raises(AddressListError, match="is not a list"):
        to_text(data)


@pytest.mark.parametrize("data", ["10.0.0.0/8\n!10.0.0.1", ["10.0.0.0/8", "!10.0.0.1"]])
def test_membership_takes_a_list_in_every_shape(data: Any) -> None:
    for shape in (data, to_structure(parse("10.0.0.0/8\n!10.0.0.1"))):
        assert contains(shape, "10.0.0.2")
        assert not contains(shape, "10.0.0.1")
