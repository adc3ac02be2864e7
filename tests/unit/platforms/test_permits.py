# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits of a host as rules of nft: protocols with ports, without ports, and all of them."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from tests.unit.platforms.policies import nft_rules, opening, policy

ENDING = 'counter accept comment "permit test"'
V4, V6 = "10.1.0.0/24", "2001:db8::/64"


def rules_of(*openings: dict[str, object]) -> list[str]:
    """The rules for openings."""
    lines = (line.strip() for line in nft_rules(policy(openings=list(openings))).splitlines())
    return [line for line in lines if line.endswith(ENDING)]


@pytest.mark.parametrize(
    ("held", "rules"),
    [
        (opening("sctp", "5000-5010"), ["sctp dport 5000-5010"]),
        (opening("esp"), ["meta l4proto 50"]),
        (opening("99"), ["meta l4proto 99"]),
        (opening("esp", None, V4, V6), [f"ip saddr {V4} meta l4proto 50", f"ip6 saddr {V6} meta l4proto 50"]),
        (opening("icmp"), ["meta l4proto { 1, 58 }"]),
        (opening("icmp", None, V4, V6), [f"ip saddr {V4} meta l4proto 1", f"ip6 saddr {V6} meta l4proto 58"]),
        (opening("ah"), ["meta nfproto ipv4 meta l4proto 51", "meta nfproto ipv6 ip6 nexthdr 51"]),
        (opening("any", None, V4), [f"ip saddr {V4}"]),
        (opening("any"), [""]),
    ],
)
def test_each_protocol_is_matched_in_the_way_that_nft_can(held: dict[str, object], rules: list[str]) -> None:
    assert rules_of(held) == [f"{rule} {ENDING}".strip() for rule in rules]


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (opening("grre"), r"transport: 'grre' is not a protocol"),
        (opening("esp", "500"), r"ports: '500' are ports, and esp has none"),
        (opening("udp"), r"ports: None is not a port"),
        (opening("50"), r"transport: '50' is not a protocol"),
    ],
)
def test_what_does_not_fit_is_refused(held: dict[str, object], message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        nft_rules(policy(openings=[held]))
