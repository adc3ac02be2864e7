# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform says what it can hold; a policy that needs more is refused with the reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import parse_prefix
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.needs import refusals
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.platform import (
    Abilities,
    ByStockModules,
    Nothing,
    OnController,
    OnDevice,
    Platform,
    Traits,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import (
    PLATFORMS,
    apply_slice,
    render_slice,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import Policy, RefusedError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.platforms.policies import forward, permit, policy, router

PORTS = "10000-10099"
FORWARD = forward("192.0.2.1", "203.0.113.20", "7485", "10.2.0.2")


def read(held: dict[str, Any]) -> Policy:
    """The policy of a slice. That a forward leads to a network is for no slice to say, so it is put in afterwards."""
    targets = [parse_prefix(entry["target"]) for entry in held["destination_nat"]]
    alone = [{**entry, "target": entry["target"].partition("/")[0]} for entry in held["destination_nat"]]
    found = read_policy({**held, "destination_nat": alone})
    nats = zip(found.destination_nat, targets, strict=True)
    wide = tuple((nat if to.first == to.last else nat._replace(target=to), flows) for (nat, flows), to in nats)
    return found._replace(destination_nat=wide)


@pytest.mark.acceptance("NR-23")
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
        ("clamp_mss", router(clamp_mss={"size": 1452}), "segment size of TCP connections (faxnet_clamp_mss)"),
        (
            "foreign_nat",
            router(forward_permits=[{"name": "web", "transport": "any", "translated": True}]),
            "only_translated in faxnet_forward_permits",
        ),
        ("observe", policy(stance="observe"), "set faxnet_stance to exclusive or additive"),
        ("helpers", policy(input=[permit("192.0.2.1", "10.1.0.1", helper="ftp")]), "helper ftp"),
        ("timeouts", policy(input=[permit("192.0.2.1", "10.1.0.1", idle=7200)]), "idle time of its own (7200 s)"),
        (
            "state",
            router(),
            "answers to whatever its networks start outward, as it remembers no connections (set faxnet_outbound",
        ),
        ("masquerade", router(), "source translation of its networks to 203.0.113.20 (public_address in faxnet_sites)"),
        (
            "masquerade",
            router(forward=[permit("10.2.0.21", "198.51.100.10", direction="out")]),
            "(public_address in faxnet_sites), which netcfax.pcp/10.2.0.21>198.51.100.10 needs",
        ),
        (
            "helpers",
            policy(output=[permit("10.1.0.1", "192.0.2.1", helper="ftp")]),
            "the connection-tracking helper ftp, which netcfax.pcp/10.1.0.1>192.0.2.1 needs",
        ),
        (
            "timeouts",
            policy(output=[permit("10.1.0.1", "192.0.2.1", transport="udp", idle=7200)]),
            "an idle time of its own (7200 s), which netcfax.pcp/10.1.0.1>192.0.2.1 needs",
        ),
        (
            "target_ranges",
            router(destination_nat=[forward("192.0.2.1", "203.0.113.20", "7485", "10.2.0.8/29")]),
            "a range of target addresses (10.2.0.8/29)",
        ),
    ],
)
def test_each_missing_ability_is_a_reason_that_names_the_need(lacking: str, held: dict[str, Any], message: str) -> None:
    everything = dict.fromkeys(Abilities.__dataclass_fields__, True)
    assert refusals("box", Abilities(**everything), read(held)) == []
    (reason,) = refusals("box", Abilities(**{**everything, lacking: False}), read(held))
    assert reason.startswith("platform box cannot hold ")
    assert message in reason


def test_every_ability_that_there_is_has_its_refusal() -> None:
    """Whoever adds an ability adds its line to the table above."""
    table = test_each_missing_ability_is_a_reason_that_names_the_need.pytestmark
    cases = next(mark for mark in table if mark.name == "parametrize").args[1]
    assert {case[0] for case in cases} == set(Abilities.__dataclass_fields__)


@pytest.mark.acceptance("NR-23")
@pytest.mark.parametrize(
    ("platform", "held", "message"),
    [
        ("nftables_stateless", router(), "remembers no connections"),
        ("nftables_stateless", router(outbound="flows"), "source translation"),
        ("nftables_stateless", router(destination_nat=[FORWARD]), "port forwards, which netcfax.scp/192.0.2.1>"),
        ("nftables_stateless", policy(input=[permit("10.1.0.1", "192.0.2.1", helper="ftp")]), "helper ftp, which"),
        ("worksheet", router(forward=[permit("10.2.0.2", "192.0.2.1", helper="ftp")]), "helper ftp, which"),
        ("worksheet", router(outbound="flows"), "faxnet_outbound: flows"),
        ("worksheet", policy(stance="observe"), "a note of whoever sends what it would refuse"),
        ("nftables_stateless", policy(stance="observe"), "a note of whoever sends what it would refuse"),
        ("worksheet", policy(input=[permit("2001:db8::1", "2001:db8::2")]), "rules for IPv6, which"),
    ],
)
def test_what_a_platform_lacks_is_refused_when_it_is_rendered(
    platform: str, held: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedError, match=f"gw: .*platform {platform} cannot hold .*{re.escape(message)}"):
        render_slice({"host": "gw", "platform": platform, "policy": held})


def test_nobodys_machine_holds_everything_and_gets_nothing() -> None:
    needy = router(
        outbound="flows",
        destination_nat=[FORWARD],
        forward=[permit("10.2.0.2", "192.0.2.1", idle=60), permit("2001:db8::1", "2001:db8::2", helper="ftp")],
    )
    part = {"host": "fp", "platform": "unmanaged", "policy": needy}
    assert render_slice(part) == ""
    assert PLATFORMS["unmanaged"].traits.applied_by == "nobody"


def test_what_every_platform_declares_is_what_the_plan_says_of_it() -> None:
    assert PLATFORMS
    for name, platform in PLATFORMS.items():
        assert name == platform.name
        assert Traits.of(json.loads(json.dumps(platform.traits.as_dict()))) == platform.traits


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_the_step_of_a_platform_is_taken_by_whom_it_says(platform: Platform) -> None:
    steps: dict[str, tuple[type, ...]] = {
        "ansible": (OnDevice,) if platform.traits.runs_python else (ByStockModules,),
        "person": (OnController,),
        "nobody": (Nothing,),
    }
    step = steps[platform.traits.applied_by]
    part = {"host": "h", "platform": platform.name, "policy": policy(), "rules": {"services": [], "rules": []}}
    assert isinstance(apply_slice(part), step)
    assert isinstance(platform.remove(), step)
    # Whoever is not logged in to runs no module, and without one nothing is applied by Ansible and no packet sent.
    assert platform.traits.logged_in or not platform.traits.runs_python
    assert platform.traits.logged_in or platform.traits.applied_by != "ansible"
    assert platform.traits.runs_python or not platform.traits.sends_probes


def test_a_sender_that_is_anybody_needs_no_rule_for_one_sender() -> None:
    open_to_all = policy(input=[permit("0.0.0.0/0", "10.1.0.1")])
    assert refusals("box", Abilities(source_restriction=False), read(open_to_all)) == []


def test_what_a_host_starts_itself_needs_no_rule_of_the_filter() -> None:
    started = permit("2001:db8::1", "2001:db8::2", PORTS, transport="udp", source_ports="4644")
    lacking = Abilities(
        filter=False, port_ranges=False, source_restriction=False, source_ports=False, ipv6=False, udp=False
    )
    assert refusals("box", lacking, read(policy(output=[started]))) == []


def test_a_rule_that_is_switched_off_needs_nothing() -> None:
    off = policy(input=[permit("2001:db8::1", "2001:db8::2", enabled=False)])
    assert refusals("box", Abilities(ipv6=False), read(off)) == []


def test_a_thousand_rules_give_one_reason() -> None:
    many = policy(input=[permit("192.0.2.1", "10.1.0.1", str(port)) for port in range(1000, 2000)])
    assert len(refusals("box", Abilities(source_restriction=False), read(many))) == 1


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    known = ", ".join(sorted(PLATFORMS))
    with pytest.raises(RefusedError, match=f"gw: faxnet_platform is 'nftable'; set it to one of {known}"):
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
    assert not PLATFORMS["worksheet"].traits.abilities.target_ranges


def test_the_guide_has_a_row_for_every_platform_and_for_no_other(root: Path) -> None:
    guide = (root / "docs/guides/firewall.md").read_text(encoding="utf-8")
    table = guide.partition("| platform | holds |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(PLATFORMS)
