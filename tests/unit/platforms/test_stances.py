# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's rules do with what nothing names: the three stances."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import apply_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from tests.unit.platforms.policies import nft_rules, permit, policy, router, stateless_rules

LONG = permit("192.0.2.1", "10.2.0.5", transport="udp", idle=7200)
HELD: dict[str, dict[str, Any]] = {
    "a host": policy(input=[permit("192.0.2.1", "10.1.0.10")], openings=[]),
    "a router": router(outbound="flows", reverse_path="strict", input=[LONG], forward=[LONG]),
}
RULE = re.compile(r"^\t\t(?!type |flags |elements|size |timeout |policy|protocol)(\S.*)$", re.MULTILINE)
#: Of a rule that drops, what stands for the packet; and the sets that observing alone has.
SEEN = re.compile(r"@faxnet_seen_\w+")


def rules(text: str) -> list[str]:
    """All rules of a file."""
    return RULE.findall(text[text.index("\tchain") :])


@pytest.mark.parametrize("stance", ["additive", "observe"])
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_who_refuses_nothing_has_no_rule_that_does(held: dict[str, Any], stance: str) -> None:
    text = nft_rules({**held, "stance": stance})
    assert not re.search(r"\b(drop|reject)\b", text)
    assert re.search(r"\b(drop|reject)\b", nft_rules(held)), "the same policy does when it is exclusive"


def test_without_connection_tracking_nothing_is_refused_either() -> None:
    held = {**HELD["a router"], "source_nat": [], "public": []}
    assert "drop" in stateless_rules(held)
    assert "drop" not in stateless_rules({**held, "stance": "additive"})


@pytest.mark.parametrize("stance", ["additive", "observe"])
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_what_is_accepted_and_translated_is_the_same_in_every_stance(held: dict[str, Any], stance: str) -> None:
    exclusive = [rule for rule in rules(nft_rules(held)) if not rule.endswith("drop") and " drop " not in rule]
    other = [rule for rule in rules(nft_rules({**held, "stance": stance})) if not SEEN.search(rule)]
    assert [rule for rule in other if rule in exclusive] == exclusive


def test_an_observing_host_notes_what_it_would_drop_and_decides_in_a_rule_of_its_own() -> None:
    """A rule that meets a full set ends there: a verdict in it would be lost."""
    held = {**HELD["a router"], "stance": "observe"}
    noting = [rule for rule in rules(nft_rules(held)) if SEEN.search(rule)]
    assert noting
    assert not [rule for rule in noting if re.search(r"\b(accept|drop)\b", rule)]
    dropping = sum(" drop" in rule for rule in rules(nft_rules(HELD["a router"])))
    reasons = ("invalid", "no_way_back", "limit")
    assert {reason for reason in reasons if any(f"seen_{reason}4" in rule for rule in noting)} == set(reasons)
    assert dropping > len(reasons)


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_every_set_that_is_filled_is_declared_bounded_and_forgets(held: dict[str, Any]) -> None:
    text = nft_rules({**held, "stance": "observe"})
    names = {found[1:] for rule in rules(text) for found in SEEN.findall(rule)}
    assert names
    for name in names:
        (block,) = re.findall(rf"^\tset {name} \{{\n(.*?)^\t\}}$", text, re.MULTILINE | re.DOTALL)
        assert ("size 16384" in block) is not ("size 4096" in block)
        assert "timeout 1000d" in block


@pytest.mark.parametrize(("stance", "refuses"), [("exclusive", True), ("additive", False), ("observe", False)])
def test_a_host_that_refuses_nothing_does_not_begin_to_when_its_rules_are_lost(stance: str, refuses: bool) -> None:
    part = {"host": "gw", "platform": "nftables", "policy": {**HELD["a router"], "stance": stance}}
    closed = apply_slice(part).options["closed"]
    assert ("drop" in closed) is refuses
    assert 'comment "management"' in closed
    assert "faxnet_seen" not in closed, "what is noted then would be what the lost rules name"


@pytest.mark.parametrize("render", [nft_rules, stateless_rules])
def test_a_stance_that_there_is_not_is_refused(render: Callable[[dict[str, Any]], str]) -> None:
    with pytest.raises(RefusedError, match=r"policy\.stance: 'open' is neither exclusive nor additive nor observe"):
        render(policy(stance="open"))
