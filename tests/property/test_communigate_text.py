# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data format, whatever comes: every value returns from its text, and no text or byte raises anything but its own
error. The emulator's codec was written apart; the two have to agree."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.text import (
    Address,
    DataError,
    TimeStamp,
    decoded,
    dictionary_text,
    parse,
    to_text,
    value_texts,
)
from tests.emulators.communigate.data_format import as_text, values

QUICK = settings(max_examples=400, derandomize=True)

strings = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
addresses = st.builds(
    Address, st.ip_addresses().map(lambda ip: str(ipaddress.ip_address(ip))), st.none() | st.integers(0, 65535)
)
times = st.datetimes(datetime.datetime(1000, 1, 1)).map(lambda at: TimeStamp(f"{at:%d-%m-%Y_%H:%M:%S}"))
leaves = st.none() | strings | st.integers(-(2**63), 2**63) | st.binary(max_size=20) | addresses | times
data = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4), max_leaves=12
)
#: Text that is almost data: made of what data is made of.
almost = st.lists(
    st.sampled_from([*'(){}[]=;,#"\\ \r\nab', "#NULL#", "#I[", "#T1-1-2", "\\e", "\\u'", "//", "/*", "*/", "é", "\0"]),
    max_size=30,
).map("".join)


@QUICK
@given(data)
def test_a_value_returns_from_its_text(value: Any) -> None:
    # A line end in a string has one form when it is read, and \\e is how it is written.
    assert parse(to_text(value)) == value
    assert "\n" not in to_text(value)
    assert "\r" not in to_text(value)


@QUICK
@given(data)
def test_the_emulator_reads_what_the_modules_write_and_the_other_way_round(value: Any) -> None:
    (read,) = values(to_text(value))
    for indent in (None, ""):
        assert parse(as_text(read, indent)) == value


@QUICK
@given(st.dictionaries(strings, data, max_size=5))
def test_a_dictionary_is_taken_apart_and_put_together(value: dict[str, Any]) -> None:
    texts = value_texts(to_text(value))
    assert list(texts) == list(value)
    assert dictionary_text(texts) == to_text(value)


def complaint(read: Callable[[Any], object], given_: Any) -> Exception | None:
    """What a reader has against its input, if it is what it may raise."""
    try:
        read(given_)
    except DataError as error:
        return error
    except ValueError as error:  # the emulator's codec has no error of its own
        assert read is values
        return error
    return None


@QUICK
@example("(" * 100_000)
@example("{a=" * 100_000)
@example('"' + "\\" * 99_999)
@example("#" + "9" * 100_000)
@example("/*" * 50_000)
@example("//" * 50_000)
@example("[" + "A" * 100_000)
@given(almost | st.text(max_size=40))
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    for read in (parse, value_texts):
        error = complaint(read, text)
        if isinstance(error, DataError):
            assert 0 <= error.position <= len(text)
            assert error.problem.isprintable()


@QUICK
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_their_own_error(raw: bytes) -> None:
    error = complaint(lambda given_: parse(decoded(given_)), raw)
    assert error is None or isinstance(error, DataError)


@QUICK
@given(almost)
def test_no_text_makes_the_emulator_raise_anything_but_a_value_error(text: str) -> None:
    error = complaint(values, text)
    assert error is None or str(error)
