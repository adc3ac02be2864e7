# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data format: the guide's own examples, and where each mistake is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.text import (
    Address,
    DataError,
    TimeStamp,
    decoded,
    dictionary_text,
    opened,
    parse,
    to_text,
    value_texts,
)
from tests.emulators.communigate.data_format import as_text, values

EXAMPLES: list[tuple[str, Any]] = [
    ("MyName", "MyName"),
    ('"My Name with spaces and the . symbol"', "My Name with spaces and the . symbol"),
    (r'"a \"string\" within string"', 'a "string" within string'),
    (r'"Single \\ backslash"', "Single \\ backslash"),
    (r'"Line1\eLine2"', "Line1\nLine2"),
    (r'"TEXT3\rTEXT67\nTEXT78"', "TEXT3\rTEXT67\nTEXT78"),
    (r'"Line1:\tField1\tField2"', "Line1:\tField1\tField2"),
    (r'"Using the \012 symbol"', "Using the \x0c symbol"),
    (r"""  "\u'20AC' 5"  """, "\u20ac 5"),
    ("[HcqHfHI=]", b"\x1d\xca\x87\x7c\x72"),
    ("[Hcq\r\n HfHI=]", b"\x1d\xca\x87\x7c\x72"),
    ("#-234657", -234657),
    ("#0x17EF", 0x17EF),
    ("#-0b1000111000", -0b1000111000),
    ("#0o45374", 0o45374),
    ("#T22-10-2009_15:24:45", TimeStamp("22-10-2009_15:24:45")),
    ("#T22-10-2009", TimeStamp("22-10-2009")),
    ("#TPAST", TimeStamp("PAST")),
    ("#I[10.0.44.55]:25", Address("10.0.44.55", 25)),
    ("#I[2001:470:1f01:2565::a:80f]:25", Address("2001:470:1f01:2565::a:80f", 25)),
    ("#I[127.127.127.127]", Address("127.127.127.127")),
    ("#NULL#", None),
    (
        '(Element1 , ("Sub Element1", SubElement2) , "Element 3")',
        ["Element1", ["Sub Element1", "SubElement2"], "Element 3"],
    ),
    ("()", []),
    ("{}", {}),
    (
        '{Key1=(Elem1,Elem2);  "$Key2" ={Sub1="XXX 1"; Sub2=X245 ;};}',
        {"Key1": ["Elem1", "Elem2"], "$Key2": {"Sub1": "XXX 1", "Sub2": "X245"}},
    ),
    ("(mail.servername.com, client1.com)", ["mail.servername.com", "client1.com"]),
    ("{ // where it listens\r\n Port /* TCP */ = #25;\r\n}", {"Port": 25}),
    ('("first " "second")', ["first second"]),
]


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_the_guides_examples_are_read(text: str, value: Any) -> None:
    assert parse(text) == value
    assert parse(to_text(value)) == value


@pytest.mark.parametrize(
    ("text", "told", "position"),
    [
        ("", "a value was expected, and there is the end", 0),
        ("a b", "behind the value there is 'b'", 2),
        ('"open', "no closing quotation mark", 0),
        ('"\\q"', "begins nothing that is known", 1),
        ('"a\\000"', "no character has the code 0", 2),
        ('"\\999"', "no character has the code 999", 1),
        ("\"\\u'D800'\"", "no character has the code 55296", 1),
        ('"two\r\nlines"', "begins nothing that is known", 4),
        ("(a b)", "a comma or the end of the array", 3),
        ("(a,)", "a value was expected, and there is ')'", 3),
        ("(a", "a comma or the end of the array was expected, and there is the end", 2),
        ("{a=b}", "';' was expected behind the value of 'a'", 4),
        ("{a;}", "'=' was expected behind the key 'a'", 2),
        ("{a=b; a=c;}", "the key 'a' is there twice", 6),
        ("{a=b;", "a value was expected, and there is the end", 5),
        ("[HcqHfHI]", "not Base64", 0),
        ("[a", "closing bracket", 0),
        ("#", "'#' begins neither", 0),
        ("#12x", "'#' begins neither", 0),
        ("#" + "9" * 50, "a number of 50 digits", 0),
        ("#I[10.0.0.256]", "'10.0.0.256' is no IP address", 0),
        ("#I[10.0.0.1]:65536", "65536 is no port", 0),
        ("#T31-02-2020", "no time that there can be", 0),
        ("#T22-10-2009_25:00:00", "no time that there can be", 0),
        ("(" * 65, "nested more than 64 deep", 64),
        ("=", "a value was expected, and there is '='", 0),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, told: str, position: int) -> None:
    with pytest.raises(DataError) as caught:
        parse(text)
    assert told in caught.value.problem
    assert caught.value.position == position
    assert str(caught.value).endswith(f"(character {position + 1})")


def test_text_that_is_too_long_is_not_even_looked_at() -> None:
    with pytest.raises(DataError, match="longer than"):
        parse("(" * (4 * 1024 * 1024 + 1))


def test_bytes_that_are_no_text_are_refused_at_their_place() -> None:
    with pytest.raises(DataError, match="byte 3 is not UTF-8"):
        decoded(b"ab\xe9c")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.0.0.1\n10.0.0.2", r'"10.0.0.1\e10.0.0.2"'),
        ("tab\tbell\x07", r'"tab\tbell\007"'),
        ("é", '"é"'),
        ("", '""'),
        (True, "YES"),
        (7488, "#7488"),
        (["a", {"b": None}], "(a,{b=#NULL#;})"),
    ],
)
def test_values_are_written_in_one_line(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize("value", [1.5, "a\0b", "\ud800", {1: "a"}, object()])
def test_what_has_no_representation_is_refused(value: Any) -> None:
    with pytest.raises(DataError):
        to_text(value)


def test_a_list_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(DataError, match="nested more than"):
        to_text(endless)


def test_what_is_not_changed_goes_back_as_it_came() -> None:
    held = '{ Mask=#0xFF; "Old Text" = "a\\nb"; List = (a, b); Sub={\r\n  x = y;\r\n}; }'
    texts = value_texts(held)
    assert texts == {"Mask": "#0xFF", "Old Text": '"a\\nb"', "List": "(a, b)", "Sub": "{x=y;}"}
    assert parse(dictionary_text(texts)) == parse(held)


@pytest.mark.parametrize("text", ["(a)", "{a=b;} c", ""])
def test_only_a_dictionary_has_values(text: str) -> None:
    with pytest.raises(DataError):
        value_texts(text)


@pytest.mark.parametrize(
    ("line", "count"), [("{", 1), ('  a = "}})";', 0), ("b = (c, {", 2), ("});", -2), ('"\\"("', 0), ("[AAAA", 1)]
)
def test_brackets_are_counted_outside_of_strings(line: str, count: int) -> None:
    assert opened(line) == count


@pytest.mark.parametrize("text", [text for text, _value in EXAMPLES if "/*" not in text and "first" not in text])
def test_the_emulators_own_codec_agrees(text: str) -> None:
    (value,) = values(text)
    assert parse(as_text(value)) == parse(text)
    assert parse(as_text(value, "")) == parse(text)
