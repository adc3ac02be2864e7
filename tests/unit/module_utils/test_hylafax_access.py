# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of those who may use a HylaFAX server: whom its patterns fit, and what stays of it."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.modules.hylafax_access import (
    AccessError,
    Known,
    crypted,
    entries,
    hidden,
    patterns,
)


def user(name: str, word: str = "", admin_word: str = "", sources: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "password": word or None, "admin_password": admin_word or None, "sources": sources}


def lets_in(lines: list[str], who: str) -> str | None:
    """The line that hfaxd would take for USER@ADDRESS: its fields are parted by colons."""
    return next((line for line in lines if re.search(line.split(":")[0], who)), None)


def test_users_are_let_in_from_where_they_may_come() -> None:
    lines = entries([user("alice"), user("bob", sources=["10.9.0.0/16"])], ["10.1.0.21", "2001:db8::5"], Known(""))
    for who in ("alice@10.1.0.21", "alice@2001:db8::5", "bob@10.9.200.1", "anyone@127.0.0.1", "anyone@::1"):
        assert lets_in(lines, who), who
    for who in ("alice@10.1.0.2", "alice@10.1.0.211", "alice@110.1.0.21", "alice@10a1.0.21", "malice@10.1.0.21"):
        assert lets_in(lines, who) is None, who
    for who in ("bob@10.1.0.21", "bob@10.90.0.1", "alice@2001:db8::55", "alice@12001:db8::5", "x@1::1"):
        assert lets_in(lines, who) is None, who


def test_without_users_whoever_comes_from_there_is_let_in() -> None:
    lines = entries([], ["10.1.0.21"], Known(""))
    assert lets_in(lines, "anyone@10.1.0.21") == r"^.*@10\.1\.0\.21$"
    assert lets_in(lines, "anyone@10.1.0.22") is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1))
def test_a_networks_pattern_fits_its_addresses_and_no_others(base: int, length: int, other: int) -> None:
    network = ipaddress.ip_network((base, length), strict=False)
    (pattern,) = patterns([str(network)])
    near = [int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1, other]
    for value in near:
        if 0 <= value < 2**32:
            address = ipaddress.ip_address(value)
            assert bool(re.fullmatch(pattern, str(address))) is (address in network), (pattern, address)


def test_hashes_and_numbers_stay_while_they_fit() -> None:
    first = entries([user("alice", word="one"), user("bob", admin_word="two")], ["10.1.0.21"], Known(""))
    assert first == entries(
        [user("alice", word="one"), user("bob", admin_word="two")], ["10.1.0.21"], Known("\n".join(first))
    )
    # Another user before them changes nothing of theirs; another password is another hash.
    more = entries(
        [user("carol"), user("alice", word="other"), user("bob", admin_word="two")],
        ["10.1.0.21", "10.1.0.22"],
        Known("\n".join(first)),
    )
    assert [line for line in more if line.startswith("^bob@10\\.1\\.0\\.21")] == first[-1:]
    old, new = (lets_in(lines, "alice@10.1.0.21") for lines in (first, more))
    assert old is not None
    assert new is not None
    assert old.split(":")[1] == new.split(":")[1]
    assert old.split(":")[2] != new.split(":")[2]
    assert crypted("other", new.split(":")[2]) == new.split(":")[2]
    carol = lets_in(more, "carol@10.1.0.22")
    assert carol is not None
    assert carol.split(":")[1:] == ["1002", "", ""]


def test_no_hash_is_shown() -> None:
    lines = entries([user("alice", word="one", admin_word="two")], ["10.1.0.21"], Known(""))
    assert hidden("\n".join(lines)).splitlines()[-1] == r"^alice@10\.1\.0\.21$:1000:***:***"


@pytest.mark.parametrize(
    ("users", "sources", "message"),
    [
        ([user("a b")], [], "user 'a b': a name has letters, digits, dot, dash and underscore"),
        ([user("alice"), user("alice")], [], "user 'alice' is there 2 times: name each user once"),
        ([user("alice", word="two words")], [], "user 'alice': a password without blanks"),
        ([user("alice")], ["fax.example.com"], "'fax.example.com' is no address and no network"),
        (
            [user("alice", sources=["2001:db8::/64"])],
            [],
            "2001:db8::/64 is an IPv6 network, which hosts.hfaxd has no way",
        ),
    ],
    ids=["name", "twice", "password", "host name", "network"],
)
def test_what_cannot_be_written_is_refused(users: list[dict[str, Any]], sources: list[str], message: str) -> None:
    with pytest.raises(AccessError, match=re.escape(message)) as caught:
        entries(users, sources, Known(""))
    assert "two words" not in str(caught.value)
