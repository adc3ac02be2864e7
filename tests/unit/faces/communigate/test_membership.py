# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a network address list contains: exclusions, order, references."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.list_sets import holds, spans
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.lists import AddressListError, parse
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.communigate.network_list import contains

#: The list, an address, and whether it is in there.
TABLE = [
    ("10.0.0.1", "10.0.0.1", True),
    ("10.0.0.1", "10.0.0.2", False),
    ("10.0.0.1-10.0.0.9", "10.0.0.9", True),
    ("10.0.0.1-10.0.0.9", "10.0.0.10", False),
    ("10.0.0.0/8", "10.255.255.255", True),
    ("10.0.0.0/8", "11.0.0.0", False),
    ("2001:db8::/32", "2001:db8:ffff::", True),
    ("2001:db8::/32", "2001:db9::", False),
    ("10.0.0.0/8\n2001:db8::/32", "2001:db8::1", True),
    # An exclusion takes away from the lines before it, and from those alone.
    ("10.0.0.0/8\n!10.0.0.1", "10.0.0.1", False),
    ("!10.0.0.1\n10.0.0.0/8", "10.0.0.1", True),
    ("10.0.0.0/8\n!10.0.0.0/16\n10.0.0.1", "10.0.0.1", True),
    ("10.0.0.0/8\n!10.0.0.0/16\n10.0.0.1", "10.0.0.2", False),
    ("10.0.0.0/8\n!10.0.0.0/16\n10.0.0.1\n!10.0.0.1", "10.0.0.1", False),
    ("10.0.0.0/8 ; !10.0.0.1", "10.0.0.1", True),
    ("; 10.0.0.1", "10.0.0.1", False),
    ("", "10.0.0.1", False),
    # The same number is another address in the other family.
    ("0.0.0.1", "::1", False),
    ("::1", "0.0.0.1", False),
    # A server with IPv6 sockets sees IPv4 clients under mapped addresses.
    ("10.0.0.0/8", "::ffff:10.0.0.1", True),
    ("10.0.0.0/8\n!::ffff:10.0.0.1", "::ffff:10.0.0.1", False),
    ("::ffff:10.0.0.1", "10.0.0.1", False),
]


@pytest.mark.acceptance("CG-22")
@pytest.mark.parametrize(("text", "address", "inside"), TABLE)
def test_the_last_line_that_matches_decides(text: str, address: str, inside: bool) -> None:
    assert holds(parse(text), address) is inside


LISTS = {
    "Branches": "10.1.0.0/16\n!10.1.9.0/24",
    "all": "#branches\n#guests",
    "guests": "10.9.0.0/16",
    "loop": "10.7.0.1\n#Knot",
    "knot": "#loop",
    "partly": "10.8.0.0/16\n#nowhere",
}


@pytest.mark.parametrize(
    ("text", "address", "inside"),
    [
        ("#branches", "10.1.2.3", True),
        ("#BRANCHES", "10.1.9.3", False),
        ("#all", "10.9.0.1", True),
        ("10.0.0.0/8\n!#all", "10.1.2.3", False),
        ("10.0.0.0/8\n!#all", "10.1.9.3", True),
        # What decides later needs nothing of what stands before.
        ("#nowhere\n10.0.0.1", "10.0.0.1", True),
        ("#loop\n!10.0.0.1", "10.0.0.1", False),
        ("#@*.example.org\n10.0.0.1", "10.0.0.1", True),
    ],
)
def test_references_are_followed(text: str, address: str, inside: bool) -> None:
    assert contains(text, address, LISTS) is inside


@pytest.mark.acceptance("CG-23")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "10.0.0.1\n#nowhere",
            r'^line 2: "#nowhere" is a list that is not given here; give it too; given: all, branches',
        ),
        ("#partly", r'^line 2: "#nowhere" is a list that is not given here \(a line of the list partly\)'),
        ("#loop", r'^line 1: "#loop" leads back to itself, loop -> knot -> loop \(a line of the list knot\)'),
        (
            "#@*.example.org",
            r'^line 1: "#@\*\.example\.org" depends on the address\'s domain name; only the server can',
        ),
    ],
)
def test_a_reference_that_decides_and_leads_nowhere_is_named(text: str, message: str) -> None:
    with pytest.raises(AddressListError, match=message):
        contains(text, "10.2.3.4", LISTS)


def test_a_long_chain_of_references_is_refused() -> None:
    lists = {f"list{number}": f"#list{number + 1}" for number in range(5000)}
    with pytest.raises(AddressListError, match="ends a chain of more than 50 lists"):
        contains("#list0", "10.0.0.1", lists)


def test_references_to_one_list_are_followed_once() -> None:
    lists = {f"list{number}": f"#list{number + 1}\n#list{number + 1}" for number in range(40)} | {"list40": "10.0.0.1"}
    assert contains("#list0", "10.0.0.1", lists)
    assert not contains("#list0", "10.0.0.2", lists)


@pytest.mark.parametrize("address", ["10.0.0", "10.0.0.0/8", "", None, 5, "mail.example.org"])
def test_only_an_address_can_be_asked_for(address: object) -> None:
    with pytest.raises(AddressListError, match="is not an IP address; give one"):
        contains("10.0.0.1", address)


def test_a_mistake_in_another_list_names_that_list() -> None:
    with pytest.raises(AddressListError, match=r'line 2: "x" .* \(in the list guests\)'):
        contains("#guests", "10.0.0.1", {"guests": "10.0.0.1\nx"})


def test_a_list_is_given_once_however_its_name_is_written() -> None:
    with pytest.raises(AddressListError, match='"GUESTS" is given twice; give each list once'):
        contains("#guests", "10.0.0.1", {"guests": "10.0.0.1", "GUESTS": "10.0.0.2"})


def test_other_lists_come_by_name() -> None:
    with pytest.raises(AddressListError, match="is not a dictionary of lists; give the lists by their names"):
        contains("10.0.0.1", "10.0.0.1", ["10.0.0.0/8"])


def test_the_addresses_of_a_list_are_counted_through_references() -> None:
    lists = {name: parse(text) for name, text in LISTS.items()}
    low, high = 0x0A010000, 0x0A01FFFF
    assert spans(parse("#all\n!10.1.255.255\n!10.9.0.0/16"), 4, lists) == [(low, 0x0A0108FF), (0x0A010A00, high - 1)]
    assert spans(parse("#all"), 6, lists) == []
    with pytest.raises(AddressListError, match="leads back to itself"):
        spans(parse("10.0.0.1\n#loop"), 4, lists)
