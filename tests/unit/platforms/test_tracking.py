# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What flows ask of a packet filter's memory: how long it keeps a silent conversation, and helpers that read along."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.host_requirements import (
    helper_modules,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, permit, policy, router
from tests.unit.platforms.test_nftables import chain, elements

TIMEOUT = (
    "\tct timeout faxnet_idle_udp_432000 {\n\t\tprotocol udp;\n\t\tpolicy = { unreplied : 432000, replied : 432000 }\n"
)


def log_channel(**parts: Any) -> dict[str, Any]:
    """A permit for a log channel that may be silent for five days."""
    return permit("10.2.0.21", "198.51.100.10", "44337", **{"transport": "udp", "idle": 432000, **parts})


@pytest.mark.acceptance("KE-10")
def test_a_flow_that_may_be_silent_is_remembered_that_long_on_a_host_and_on_a_router() -> None:
    statement = '@faxnet_{}_udp4_idle432000 ct timeout set "faxnet_idle_udp_432000" counter accept'
    server = nft_rules(policy(input=[log_channel()]))
    assert TIMEOUT in server
    assert chain(server, "input")[-2].endswith(statement.format("input"))
    between = nft_rules(router(forward=[log_channel()]))
    assert TIMEOUT in between
    assert any(rule.endswith(statement.format("forward")) for rule in chain(between, "forward"))
    console = nft_rules(policy(output=[log_channel()]))
    assert TIMEOUT in console
    assert chain(console, "output")[0] == "type filter hook output priority filter; policy accept;"
    assert chain(console, "output")[1] == "ct state established,related counter accept"
    assert chain(console, "output")[2].endswith(statement.format("output"))


def test_only_the_flow_that_asks_is_remembered_longer() -> None:
    other = permit("10.2.0.22", "198.51.100.10", "44337", transport="udp")
    text = nft_rules(policy(input=[log_channel(), other]))
    assert elements(text, "faxnet_input_udp4_idle432000") == ["10.2.0.21 . 198.51.100.10 . 44337"]
    assert elements(text, "faxnet_input_udp4") == ["10.2.0.22 . 198.51.100.10 . 44337"]


@pytest.mark.parametrize(
    ("transport", "idle", "states"),
    [
        ("udp", 1, "unreplied : 121, replied : 121"),
        ("udp", 120, "unreplied : 121, replied : 121"),
        ("udp", 3600, "unreplied : 3600, replied : 3600"),
        ("tcp", 3600, "established : 432001"),
        ("tcp", 432000, "established : 432001"),
        ("tcp", 864000, "established : 864000"),
    ],
)
def test_an_idle_time_never_shortens_the_kernels_own(transport: str, idle: int, states: str) -> None:
    assert f"policy = {{ {states} }}" in nft_rules(policy(input=[log_channel(transport=transport, idle=idle)]))


def test_what_anybody_on_the_internet_sends_is_remembered_long_while_there_is_room() -> None:
    """Else anybody could fill the kernel's table with datagrams from made-up addresses."""
    for version, internet in ((4, "0.0.0.0/0"), (6, "::/0")):
        ends = {"version": version, "source": internet, "destination": "10.1.0.10" if version == 4 else "2001:db8::1"}
        text = nft_rules(policy(input=[{**log_channel(), **ends}]))
        name, field = f"faxnet_input_udp{version}_idle432000_anybody", "ip" if version == 4 else "ip6"
        long, plain = (rule for rule in chain(text, "input") if f"@{name} " in rule)
        room = (
            f"add @{name}_senders {{ {field} saddr ct count 1024 }} "
            f"add @{name}_servers {{ {field} daddr ct count 16384 }}"
        )
        assert long.endswith(f'@{name} {room} ct timeout set "faxnet_idle_udp_432000" counter accept')
        assert plain.endswith(f"@{name} counter accept"), "who finds no room is let in as well"
        assert TIMEOUT in text
        networks.checked_by_nft(text)
    anybody = {"source": "0.0.0.0/0"}
    tcp = nft_rules(policy(input=[{**log_channel(transport="tcp", idle=864000), **anybody}]))
    assert "policy = { established : 864000 }" in tcp
    assert "ct count" not in tcp
    named = nft_rules(policy(input=[{**log_channel(), **anybody}, log_channel()]))
    assert elements(named, "faxnet_input_udp4_idle432000") == ["10.2.0.21 . 198.51.100.10 . 44337"]
    assert len(elements(named, "faxnet_input_udp4_idle432000_anybody")) == 2
    own = nft_rules(policy(output=[{**log_channel(), **anybody}]))
    assert "ct count" not in own, "what the host starts itself is nobody's flood"


@pytest.mark.parametrize("order", [1, -1])
def test_a_named_sender_without_an_idle_time_gets_the_bounded_one_of_everybody(order: int) -> None:
    both = [{**log_channel(), "source": "0.0.0.0/0"}, log_channel(idle=None)]
    text = nft_rules(policy(input=both[::order]))
    assert set(re.findall(r"set (faxnet_input_udp4\S*_?idle\S*|faxnet_input_udp4) \{", text)) == {
        f"faxnet_input_udp4_idle432000_anybody{what}" for what in ("", "_senders", "_servers")
    }


def test_what_serves_one_packet_twice_serves_it_best() -> None:
    """Two services on one port: the longer time and the helper hold, whichever entry asked for them."""
    twice = [
        permit("10.2.0.21", "198.51.100.10", "4500-4600"),
        permit("10.2.0.21", "198.51.100.10", "4559", helper="ftp"),
        permit("10.2.0.21", "198.51.100.10", "4559", idle=500000),
    ]
    text = nft_rules(policy(input=twice))
    assert elements(text, "faxnet_input_tcp4_idle500000_ftp") == ["10.2.0.21 . 198.51.100.10 . 4559"]
    assert elements(text, "faxnet_input_tcp4") == [
        "10.2.0.21 . 198.51.100.10 . 4500-4558",
        "10.2.0.21 . 198.51.100.10 . 4560-4600",
    ]
    assert 'ct timeout set "faxnet_idle_tcp_500000" ct helper set "faxnet_helper_ftp" counter accept' in text


def test_a_set_that_asks_for_something_is_looked_up_before_the_plain_ones() -> None:
    text = nft_rules(
        policy(input=[permit("10.2.0.21", "198.51.100.10", "1-65535", transport="udp"), log_channel(source_ports="9")])
    )
    rules = [rule for rule in chain(text, "input") if "@faxnet_input" in rule]
    assert ["idle432000" in rule for rule in rules] == [True, True, False]
    assert "add @faxnet_input_udp4_from_idle432000_senders { ip saddr ct count over 4096 } counter drop" in rules[0]


def test_one_object_serves_all_chains_and_both_address_versions() -> None:
    both = [log_channel(), {**log_channel(), "version": 6, "source": "2001:db8::1", "destination": "2001:db8::2"}]
    text = nft_rules(router(forward=both, input=both, output=both))
    assert text.count("ct timeout faxnet_") == 1
    assert text.count("ct timeout set") == 6


def test_a_helper_is_set_where_the_connection_begins() -> None:
    entry = permit("10.2.0.21", "198.51.100.10", "4559", helper="ftp")
    text = nft_rules(router(forward=[entry], output=[entry]))
    assert '\tct helper faxnet_helper_ftp {\n\t\ttype "ftp" protocol tcp;\n\t}' in text
    for name in ("forward", "output"):
        assert any('ct helper set "faxnet_helper_ftp" counter accept' in rule for rule in chain(text, name))


def test_what_a_host_starts_without_asking_for_anything_needs_no_chain() -> None:
    assert nft_rules(policy(output=[permit("10.2.0.21", "198.51.100.10")])) == nft_rules(policy())


def test_a_flow_switched_off_asks_for_nothing() -> None:
    text = nft_rules(policy(output=[log_channel(enabled=False, source_ports="4644")]))
    assert "ct timeout" not in text
    assert "# switched off: output 10.2.0.21 port 4644 to 198.51.100.10 udp 44337" in text


def test_a_router_that_translates_needs_both_halves_of_a_helper() -> None:
    watched = [permit("10.2.0.10", "198.51.100.10", "4559", helper="ftp")]
    assert helper_modules(read_policy(router(forward=watched))) == ["nf_conntrack_ftp", "nf_nat_ftp"]
    assert helper_modules(read_policy(router(forward=watched, source_nat=[]))) == []
    assert helper_modules(read_policy(router(forward=[{**watched[0], "enabled": False}]))) == []
    assert helper_modules(read_policy(router())) == []
