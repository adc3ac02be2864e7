# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform says what it can hold; a policy that needs more is refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms import (
    PLATFORMS,
    Abilities,
    RefusedError,
    refusals,
    render_slice,
)
from tests.unit.platforms.policies import forward, permit, policy, router

PORTS = "10000-10099"
FORWARD = forward("192.0.2.1", "203.0.113.20", "7485", "10.2.0.2")


@pytest.mark.parametrize(
    ("lacking", "held", "message"),
    [
        (
            "forwards",
            router(destination_nat=[FORWARD]),
            "port forwards",
        ),
        ("filter", policy(input=[permit("192.0.2.1", "10.1.0.1")]), "filter rules"),
        ("port_ranges", policy(input=[permit("192.0.2.1", "10.1.0.1", PORTS)]), "a range of ports (10000-10099)"),
        ("source_restriction", policy(input=[permit("192.0.2.1", "10.1.0.1")]), "limited to one sender (192.0.2.1)"),
        ("source_ports", policy(input=[permit("192.0.2.1", "10.1.0.1", source_ports="4644")]), "source port 4644"),
        ("ipv6", policy(input=[permit("2001:db8::1", "2001:db8::2")]), "rules for IPv6"),
        ("udp", policy(input=[permit("192.0.2.1", "10.1.0.1", transport="udp")]), "rules for UDP"),
        ("outbound_flows", router(outbound="flows"), "faxnet_outbound: flows"),
        ("helpers", policy(input=[permit("192.0.2.1", "10.1.0.1", helper="ftp")]), "helper ftp"),
        ("timeouts", policy(input=[permit("192.0.2.1", "10.1.0.1", idle=7200)]), "idle time of its own (7200 s)"),
        (
            "target_ranges",
            router(destination_nat=[forward("192.0.2.1", "203.0.113.20", "7485", "10.2.0.2-10.2.0.9")]),
            "a range of target addresses (10.2.0.2-10.2.0.9)",
        ),
    ],
)
def test_each_missing_ability_is_a_reason_that_names_the_need(lacking: str, held: dict[str, Any], message: str) -> None:
    everything = dict.fromkeys(Abilities.__dataclass_fields__, True)
    assert refusals("box", Abilities(**everything), held) == []
    (reason,) = refusals("box", Abilities(**{**everything, lacking: False}), held)
    assert reason.startswith("platform box cannot hold ")
    assert message in reason


def test_a_rule_that_is_switched_off_needs_nothing() -> None:
    off = policy(input=[permit("2001:db8::1", "2001:db8::2", enabled=False)])
    assert refusals("box", Abilities(ipv6=False), off) == []


def test_a_thousand_rules_give_one_reason() -> None:
    many = policy(input=[permit("192.0.2.1", "10.1.0.1", str(port)) for port in range(1000, 2000)])
    assert len(refusals("box", Abilities(source_restriction=False), many)) == 1


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RefusedError, match=r"gw: faxnet_platform is 'nftable'; set it to one of nftables, worksheet"):
        render_slice({"host": "gw", "platform": "nftable", "policy": policy()})


def test_a_policy_that_a_platform_cannot_hold_is_refused_by_host_and_reason() -> None:
    part = {"host": "gw", "platform": "worksheet", "policy": router(forward=[permit("2001:db8::1", "2001:db8::2")])}
    with pytest.raises(RefusedError, match=r"gw: platform worksheet cannot hold rules for IPv6, which netcfax\.pcp/"):
        render_slice(part)


@pytest.mark.acceptance("NR-22")
def test_no_platform_merges_targets_by_itself() -> None:
    entries = [permit("198.51.100.10", f"10.2.0.{last}", "7485") for last in (21, 22)]
    text = render_slice({"host": "gw", "platform": "nftables", "policy": router(forward=entries)})
    assert "10.2.0.21-10.2.0.22" not in text
    assert not PLATFORMS["worksheet"].abilities.target_ranges
