# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy becomes where no connections are remembered: answers get rules of their own."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.stateless_answers import answers
from tests.unit.platforms.policies import permit, policy, router, stateless_rules
from tests.unit.platforms.test_nftables import chain, elements

REQUEST = permit("10.2.0.21", "10.3.0.9", "4644", transport="udp", flows=["faxpress.request/pc>fp"])
ALERT = permit("10.3.0.9", "10.2.0.21", "1-65535", transport="udp", source_ports="4644")
LOGIN = permit("10.2.0.21", "10.3.0.10", "7488")
NOT_THE_FIRST = "tcp flags & (ack | rst) != 0"


def bare_router(**parts: object) -> dict[str, object]:
    """A router that translates nothing and lets out what flows name."""
    return router(**{"source_nat": [], "public": [], "outbound": "flows", **parts})


def test_nothing_is_tracked_and_nothing_asks_connection_tracking() -> None:
    text = stateless_rules(bare_router(forward=[REQUEST, LOGIN], output=[REQUEST], input=[ALERT]))
    assert chain(text, "untracked_in")[1] == chain(text, "untracked_out")[1] == "notrack"
    assert "priority raw" in chain(text, "untracked_in")[0]
    assert "ct " not in text


@pytest.mark.acceptance("FP-09")
def test_the_answer_to_a_request_comes_from_the_port_that_was_called_to_any_port() -> None:
    text = stateless_rules(policy(output=[REQUEST]))
    assert elements(text, "faxnet_answers_udp4_from") == ["10.3.0.9 . 10.2.0.21 . 1-65535 . 4644"]
    assert "ip saddr . ip daddr . udp dport . udp sport @faxnet_answers_udp4_from counter accept" in chain(
        text, "input"
    )


def test_the_answer_to_a_fixed_sender_goes_to_that_port_alone() -> None:
    alert = read_policy(policy(input=[{**ALERT, "direction": "in"}])).input
    ((permit_back, flows),) = answers(alert)
    assert (permit_back.source.text, permit_back.destination.text) == ("10.2.0.21", "10.3.0.9")
    assert (permit_back.source_ports, permit_back.ports.text, permit_back.direction) == ((1, 65535), "4644", "out")
    assert flows == alert[0][1]


def test_a_router_passes_both_ways_and_tells_tcp_answers_by_their_flags() -> None:
    rules = chain(stateless_rules(bare_router(forward=[REQUEST, LOGIN])), "forward")
    (tcp,) = [rule for rule in rules if "forward_answers_tcp4" in rule]
    (udp,) = [rule for rule in rules if "forward_answers_udp4" in rule]
    assert tcp.startswith(NOT_THE_FIRST)
    assert NOT_THE_FIRST not in udp
    assert not any(NOT_THE_FIRST in rule and "@" not in rule for rule in rules), "only answers to what a flow names"


def test_what_the_host_starts_by_tcp_is_answered_and_a_first_packet_is_not_let_in() -> None:
    text = stateless_rules(policy(output=[LOGIN]))
    assert f"{NOT_THE_FIRST} counter accept" in chain(text, "input")
    assert "faxnet_answers_tcp4" not in text


def test_management_comes_first_and_what_is_left_is_counted_and_dropped() -> None:
    rules = chain(stateless_rules(policy()), "input")
    assert "management" in rules[1]
    assert rules[-1] == 'counter counter name "faxnet_refused" drop'


def test_errors_that_path_mtu_discovery_needs_pass_in_and_through() -> None:
    text = stateless_rules(bare_router())
    for name in ("input", "forward"):
        assert any("packet-too-big" in rule for rule in chain(text, name))
        assert any("destination-unreachable" in rule and rule.startswith("icmp ") for rule in chain(text, name))


def test_an_answer_to_a_flow_switched_off_is_no_rule() -> None:
    text = stateless_rules(policy(output=[{**REQUEST, "enabled": False}]))
    assert "@" not in text
    assert "# switched off: output 10.2.0.21 to 10.3.0.9 udp 4644 (faxpress.request/pc>fp)" in text


def test_an_idle_time_changes_nothing_for_who_forgets_nothing() -> None:
    silent = stateless_rules(policy(output=[{**REQUEST, "idle": 432000}]))
    assert silent == stateless_rules(policy(output=[REQUEST]))


def test_what_it_lacks_is_refused_also_without_a_plan() -> None:
    with pytest.raises(RefusedError, match=r"nftables_stateless cannot hold the connection-tracking helper ftp, which"):
        stateless_rules(policy(output=[{**LOGIN, "helper": "ftp"}]))
