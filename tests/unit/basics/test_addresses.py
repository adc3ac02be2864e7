# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and networks: what people write, and what they mistype."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics import addresses
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import (
    AddressError,
    Prefix,
    collapse,
    except_for,
    is_unrouted,
    parse_address,
    parse_prefix,
)


@pytest.mark.parametrize(
    ("written", "text"),
    [("10.1.0.10", "10.1.0.10"), ("2001:DB8:0:0::10", "2001:db8::10"), (" 10.1.0.10 ", "10.1.0.10"), ("::", "::")],
)
def test_an_address_is_written_back_in_its_usual_form(written: str, text: str) -> None:
    assert parse_address(written).text == text


@pytest.mark.parametrize(
    "written",
    ["10.1", "010.1.1.1", "10.1.0.256", "10.1.0.10/24", "fax.example", "", "2001:db8::10%eth0", "1::2::3", 167837706,
     None, ["10.1.0.10"], "10.1.0.10\n; flush ruleset", "\uff11\uff10.1.0.10"],
)  # fmt: skip
def test_what_is_no_complete_address_is_refused(written: object) -> None:
    with pytest.raises(AddressError):
        parse_address(written)


@pytest.mark.parametrize(
    ("written", "text"),
    [("10.2.0.0/24", "10.2.0.0/24"), ("10.2.0.5", "10.2.0.5/32"), ("2001:db8::/32", "2001:db8::/32"),
     ("::1", "::1/128"), ("0.0.0.0/0", "0.0.0.0/0")],
)  # fmt: skip
def test_a_network_is_cidr_or_one_address(written: str, text: str) -> None:
    assert parse_prefix(written).text == text


@pytest.mark.parametrize(
    "written", ["10.2.0.0/33", "10.2.0.0/255.255.255.0", "10.2/16", "10.2.0.0/", "10.2.0.0/-1", "/24", "", 24, "a/b"]
)
def test_what_is_no_network_is_refused(written: object) -> None:
    with pytest.raises(AddressError):
        parse_prefix(written)


def test_host_bits_are_refused_with_the_network_that_was_meant() -> None:
    with pytest.raises(AddressError, match=r"10\.2\.0\.0/24"):
        parse_prefix("10.2.0.7/24")


def test_a_network_holds_its_own_addresses_only() -> None:
    network = parse_prefix("10.2.0.0/24")
    assert network.holds(parse_address("10.2.0.0"))
    assert network.holds(parse_address("10.2.0.255"))
    assert not network.holds(parse_address("10.2.1.0"))
    assert not network.holds(parse_address("::10.2.0.1"))


def test_networks_of_two_ip_versions_never_overlap() -> None:
    assert parse_prefix("0.0.0.0/0").overlaps(parse_prefix("10.0.0.0/8"))
    assert not parse_prefix("0.0.0.0/0").overlaps(parse_prefix("::/0"))


@pytest.mark.parametrize(
    ("address", "unrouted"),
    [("10.1.0.1", True), ("172.31.255.255", True), ("172.32.0.0", False), ("192.168.0.1", True), ("100.64.0.1", True),
     ("198.51.100.10", False), ("fd00::1", True), ("2001:db8::1", False)],
)  # fmt: skip
def test_the_internet_routes_no_private_address(address: str, unrouted: bool) -> None:
    assert is_unrouted(parse_address(address)) is unrouted


@pytest.mark.parametrize(
    ("networks", "fewest"),
    [
        (["10.1.0.0/24", "10.0.0.0/24", "10.0.1.0/24"], ["10.0.0.0/23", "10.1.0.0/24"]),
        (["10.0.1.0/24", "10.0.2.0/24"], ["10.0.1.0/24", "10.0.2.0/24"]),
        (["10.0.0.0/8", "10.2.0.0/24", "10.2.0.9/32"], ["10.0.0.0/8"]),
        (["2001:db8:0:1::/64", "2001:db8::/64"], ["2001:db8::/63"]),
        ([], []),
    ],
    ids=["halves", "neighbours that are no halves", "inside another", "IPv6", "none"],
)
def test_networks_collapse_into_the_fewest_that_hold_the_same_addresses(networks: list[str], fewest: list[str]) -> None:
    assert [network.text for network in collapse(map(parse_prefix, networks))] == fewest


#: What people write, and what comes near it: plain addresses and networks with a character changed, added or left out.
_PLAIN = st.ip_addresses().map(str) | st.ip_addresses().map(lambda item: item.exploded)
_LENGTHS = st.sampled_from(["", "/0", "/8", "/24", "/32", "/33", "/64", "/128", "/129", "/024", "/", "/a", "/-1"])
_NETWORKS = st.builds(lambda address, length: ipaddress.ip_network((address, length % (address.max_prefixlen + 1)),
                      strict=False).compressed, st.ip_addresses(), st.integers(0, 128))  # fmt: skip


@st.composite
def _written(draw: st.DrawFn) -> str:
    text = draw((_PLAIN | _NETWORKS).map(str)) + draw(st.just("") | _LENGTHS)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(["", "0", "1", ".", ":", "::", " ", "x", "%eth0", "\0", "\uff11", "/"]))
        text = text[:place] + change + text[place + draw(st.integers(0, 2)) :]
    return text


@pytest.mark.parametrize("parse", [parse_address, parse_prefix])
@given(_written())
@example("::ffff:10.1.0.10")
@example("10.1.0.10/24")
@example(" 10.1.0.0/24 ")
def test_what_is_read_the_quick_way_is_what_netaddr_makes_of_it(parse: Callable[[object], object], text: str) -> None:
    def read() -> object:
        try:
            return parse(text)
        except AddressError as error:
            return str(error)

    quick = read()
    with mock.patch.object(addresses, "_plain_address", return_value=None):
        assert read() == quick


_SMALL = st.builds(
    lambda value, length: parse_prefix(f"10.0.0.{value >> (32 - length) << (32 - length)}/{length}"),
    st.integers(0, 255),
    st.integers(24, 32),
)


@given(_SMALL, st.lists(_SMALL, max_size=4))
def test_a_network_except_for_others_is_what_none_of_them_holds(network: Prefix, others: list[Prefix]) -> None:
    left = except_for(network, [*others, parse_prefix("2001:db8::/32")])
    whole = range(network.first, network.last + 1)
    held = [value for part in left for value in range(part.first, part.last + 1)]
    assert held == [value for value in whole if not any(other.first <= value <= other.last for other in others)]
    assert list(collapse(left)) == left
