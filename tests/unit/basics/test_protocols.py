# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP protocols: what is read, what is refused, which have ports."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import protocols as on_hosts
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.protocols import (
    ALIASES,
    ANY,
    NUMBERS,
    ProtocolError,
    is_protocol,
    matches,
    number_of,
    parse_protocol,
)


def test_managed_hosts_know_the_same_protocols_by_the_same_names() -> None:
    assert on_hosts.NUMBERS == NUMBERS
    assert {name: on_hosts.number_of(name) for name in ALIASES if ALIASES[name] != ANY} == {
        name: NUMBERS[other] for name, other in ALIASES.items() if other != ANY
    }


@pytest.mark.parametrize(
    ("written", "protocol"),
    [
        *(("esp", "esp"), (" ESP ", "esp"), (50, "esp"), ("50", "esp"), (99, "99"), ("0", "0"), (255, "255")),
        *(("ipv6-icmp", "icmpv6"), ("ospfigp", "ospf"), ("all", ANY), ("any", ANY)),
    ],
)
def test_a_protocol_is_a_name_or_a_number(written: object, protocol: str) -> None:
    assert parse_protocol(written) == protocol
    assert is_protocol(protocol)


@pytest.mark.parametrize("written", [256, -1, "-1", "", "0x32", "9999999999", 50.0, True, None, ["esp"], "\u0665"])
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(ProtocolError):
        parse_protocol(written)


def test_a_typing_error_is_told() -> None:
    with pytest.raises(ProtocolError, match="is 'vrrp' meant"):
        parse_protocol("vrpp")


def test_a_plan_holds_protocols_in_one_form() -> None:
    assert [text for text in ("ESP", "50", "ipv6-icmp", "all", "nonsense", "") if is_protocol(text)] == []


def test_icmp_is_that_of_either_ip_version() -> None:
    assert (number_of("icmp", 4), number_of("icmp", 6), number_of("icmpv6", 6)) == (1, 58, 58)
    assert matches("icmp", "icmpv6")
    assert not matches("icmpv6", "icmp")


def test_any_protocol_is_every_one() -> None:
    assert all(matches(ANY, name) for name in NUMBERS)
    assert not matches("tcp", ANY)
