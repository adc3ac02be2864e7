# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CommuniGate Pro's network address lists: what may stand in one, and what its lines mean."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.lists import (
    GRAMMARS,
    AddressListError,
    network_text,
    parse,
)

#: A list as an administrator keeps it: the guide's kinds of lines, comments of both sorts, empty lines, odd blanks.
KEPT = (
    "; Head office, both floors\n"
    "10.0.0.0-10.0.3.255\n"
    "\n"
    "!10.0.2.7 ; the printer that must not relay\n"
    "  10.0.2.0/28\t;lab\n"
    ";\n"
    "192.0.2.33;no blank\n"
    "2001:DB8::1 - 2001:db8::00ff\n"
    "#branches\n"
    "!#@*.dial.example.org\n"
    "\n"
)


@pytest.mark.acceptance("CG-22")
def test_a_list_is_written_back_as_it_was_read() -> None:
    assert parse(KEPT).text == KEPT


@pytest.mark.acceptance("CG-22")
def test_every_kind_of_line_is_understood() -> None:
    lines = parse(KEPT).lines
    assert [(line.number, line.kind, line.value, line.excluded, line.comment) for line in lines] == [
        (1, "comment", None, False, "Head office, both floors"),
        (2, "range", "10.0.0.0-10.0.3.255", False, None),
        (3, "empty", None, False, None),
        (4, "address", "10.0.2.7", True, "the printer that must not relay"),
        (5, "prefix", "10.0.2.0/28", False, "lab"),
        (6, "comment", None, False, ""),
        (7, "address", "192.0.2.33", False, "no blank"),
        (8, "range", "2001:db8::1-2001:db8::ff", False, None),
        (9, "name", "#branches", False, None),
        (10, "template", "#@*.dial.example.org", True, None),
        (11, "empty", None, False, None),
        (12, "empty", None, False, None),
    ]
    assert [line.number for line in parse(KEPT).entries] == [2, 4, 5, 7, 8, 9, 10]


@pytest.mark.parametrize("text", ["", "\n", "10.0.0.1", "10.0.0.1\n", "10.0.0.1\r\n!10.0.0.1\r\n", "\n\n; x\n \t"])
def test_ends_of_lines_are_kept(text: str) -> None:
    assert parse(text).text == text


def test_a_carriage_return_before_the_line_feed_belongs_to_neither_value_nor_comment() -> None:
    address, note = parse("10.0.0.1\r\n; note\r").lines
    assert (address.value, note.comment) == ("10.0.0.1", "note")


#: Lines that need a version of the grammar, and the first one that has them.
NEEDS = [
    ("10.0.0.1", "5.0"),
    ("10.0.0.1-10.0.0.9", "5.0"),
    ("; comment", "5.0"),
    ("!10.0.0.1", "5.1"),
    ("!10.0.0.1-10.0.0.9", "5.1"),
    ("10.0.0.0/8", "5.2"),
    ("2001:db8::/32", "5.2"),
    ("!10.0.0.0/8", "5.2"),
    ("#branches", "6.4"),
    ("#@*.example.org", "6.4"),
]


@pytest.mark.parametrize(("line", "since"), NEEDS)
@pytest.mark.parametrize("grammar", GRAMMARS)
def test_each_version_reads_what_came_before_it_and_refuses_what_came_later(
    line: str, since: str, grammar: str
) -> None:
    if list(GRAMMARS).index(grammar) >= list(GRAMMARS).index(since):
        assert parse(line, grammar).text == line
    else:
        with pytest.raises(AddressListError, match="which this version of the grammar cannot"):
            parse(line, grammar)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(AddressListError, match=r'"7\.0" is not a known grammar; use one of: 5\.0, 5\.1, 5\.2, 6\.4'):
        parse("", "7.0")


#: What a person may get wrong: the line, what is said of it, what to do.
MISTAKES = [
    ("10.0.0.300", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("10.0.0", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("010.0.0.1", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("fe80::1%eth0", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("mail.example.org", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("10.0.0.1, 10.0.0.2", "it is not an IP address", "write a whole IPv4 or IPv6 address"),
    ("10.0.0.1 # printer", "it is not an IP address", "comments begin with a semicolon"),
    ("10.0.0.1-", "lacks an address", "write a whole"),
    ("-10.0.0.1", "lacks an address", "write a whole"),
    ("10.0.0.9-10.0.0.1", "runs backwards", "write the lower address first: 10.0.0.1-10.0.0.9"),
    ("2001:db8::2-2001:db8::1", "runs backwards", "write the lower address first: 2001:db8::1-2001:db8::2"),
    ("10.0.0.1-2001:db8::1", "mixes IPv4 and IPv6", "write one line for each of them"),
    ("10.0.0.1-10.0.0.5-10.0.0.9", "it is not an IP address", "write a whole"),
    ("10.0.0.1/24", "has bits set behind its mask", "the network is 10.0.0.0/24"),
    ("10.0.0.0/0", "has no mask that an IPv4 address can have", "1 to 32"),
    ("10.0.0.0/33", "has no mask that an IPv4 address can have", "1 to 32"),
    ("10.0.0.0/255.0.0.0", "has no mask that an IPv4 address can have", "1 to 32"),
    ("2001:db8::/129", "has no mask that an IPv6 address can have", "1 to 128"),
    ("10.0.0.0/8-11.0.0.0", "has no mask that an IPv4 address can have", "1 to 32"),
    ("!", "excludes nothing", "write the address to exclude"),
    ("!!10.0.0.1", "it is not an IP address", "write a whole"),
    ("10.0.0.1!", "it is not an IP address", "write a whole"),
    ("#", "is no name of a list", "write letters, digits"),
    ("#head office", "is no name of a list", "write letters, digits"),
    ("#@", "is no template for domain names", "write one after #@"),
    ("10.0.0.1\x00", "holds a control character", "a line for each entry"),
    ("; a\rb", "holds a control character", "a line for each entry"),
    ("٣.0.0.1", "it is not an IP address", "write a whole"),
]


@pytest.mark.acceptance("CG-23")
@pytest.mark.parametrize(("line", "problem", "cure"), MISTAKES)
def test_a_line_that_cannot_be_read_is_named_with_what_is_wrong_and_what_to_do(
    line: str, problem: str, cure: str
) -> None:
    with pytest.raises(AddressListError) as caught:
        parse(f"10.0.0.1\n\n{line}\n10.0.0.2")
    message = str(caught.value)
    assert message.startswith('line 3: "')
    assert problem in message
    assert cure in message
    assert message.isprintable()


@pytest.mark.acceptance("CG-23")
def test_all_mistakes_of_a_list_come_in_one_message() -> None:
    text = "\n".join(line for line, _problem, _cure in MISTAKES)
    with pytest.raises(AddressListError) as caught:
        parse(text)
    assert [problem.line for problem in caught.value.problems] == list(range(1, len(MISTAKES) + 1))
    assert len(str(caught.value).split("\n")) == len(MISTAKES)


@pytest.mark.parametrize("value", [None, 7, ["10.0.0.1"], b"10.0.0.1"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(AddressListError, match="is not a text; give the list as one text"):
        parse(value)


@pytest.mark.parametrize(
    ("network", "grammar", "text"),
    [
        ("10.0.0.0/8", "6.4", "10.0.0.0/8"),
        ("10.0.0.0/8", "5.1", "10.0.0.0-10.255.255.255"),
        ("10.0.0.1-10.0.0.9", "6.4", "10.0.0.1-10.0.0.9"),
        ("10.0.0.2-10.0.0.3", "6.4", "10.0.0.2/31"),
        ("10.0.0.1-10.0.0.2", "6.4", "10.0.0.1-10.0.0.2"),
        ("0.0.0.0-255.255.255.255", "6.4", "0.0.0.0-255.255.255.255"),
        ("10.0.0.1/32", "6.4", "10.0.0.1"),
        ("2001:db8::/128", "5.0", "2001:db8::"),
        ("2001:db8::/64", "5.0", "2001:db8::-2001:db8::ffff:ffff:ffff:ffff"),
    ],
)
def test_addresses_are_written_as_the_grammar_has_them(network: str, grammar: str, text: str) -> None:
    (line,) = parse(network).lines
    assert line.version is not None
    assert line.first is not None
    assert line.last is not None
    assert network_text(line.version, line.first, line.last, grammar) == text
