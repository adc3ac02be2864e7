# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy becomes as nftables text, and what is refused instead."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.host_requirements import (
    forwarding_settings,
    own_addresses,
    source_translations,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import apply_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.kernel import networks
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router, stateless_rules

#: What changes a router's policy into one that a filter without connection tracking can hold.
UNTRANSLATED: dict[str, Any] = {"outbound": "flows", "public": [], "source_nat": []}


def elements(text: str, name: str) -> list[str]:
    """The elements of a set or map without their comments."""
    body = re.search(rf"(?:set|map) {name} {{.*?elements = {{\n(.*?)\n\t\t}}", text, re.DOTALL)
    return [re.sub(r' comment "[^"]*"', "", line.strip().rstrip(",")) for line in body[1].splitlines()] if body else []


def chain(text: str, name: str) -> list[str]:
    """The rules of a chain."""
    body = re.search(rf"chain faxnet_{name} {{\n(.*?)\n\t}}", text, re.DOTALL)
    return [line.strip() for line in body[1].splitlines()] if body else []


def test_management_comes_before_anything_that_drops() -> None:
    rules = chain(nft_rules(policy()), "input")
    management = next(number for number, rule in enumerate(rules) if "management" in rule)
    assert rules[management - 1].startswith("ct state established,related")
    # Pings are no way in.
    assert all("echo-request limit rate over" in rule for rule in rules[1 : management - 1])


SYN = "tcp flags & (syn | rst) == syn counter tcp option maxseg size set"


@pytest.mark.parametrize(
    ("wish", "held"),
    [
        (None, []),
        ({"size": None, "interfaces": []}, [f"{SYN} rt mtu"]),
        (
            {"size": 1300, "interfaces": ["ppp*", "wg0"]},
            [f'{side} "{name}" {SYN} 1300' for name in ("ppp*", "wg0") for side in ("iifname", "oifname")],
        ),
    ],
)
def test_the_segment_size_is_lowered_before_anything_is_decided(wish: Any, held: list[str]) -> None:
    for text in (nft_rules(router(clamp_mss=wish)), stateless_rules(router(clamp_mss=wish, **UNTRANSLATED))):
        networks.checked_by_nft(text)
        hook = ["type filter hook forward priority mangle; policy accept;"] if held else []
        assert chain(text, "clamp_mss") == [*hook, *held]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (True, "policy.clamp_mss: True is not a mapping"),
        ({"bytes": 1}, "policy.clamp_mss.bytes is not known"),
        ({"size": 1}, "policy.clamp_mss.size: 1 is not a number of bytes"),
        ({"interfaces": ['a" drop']}, "policy.clamp_mss.interfaces[0]"),
    ],
)
def test_a_segment_size_that_cannot_be_is_refused(wish: Any, message: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(message)):
        nft_rules(router(clamp_mss=wish))
    with pytest.raises(RefusedError, match="only a router can"):
        nft_rules(policy(clamp_mss={"size": None}))


@pytest.mark.parametrize(
    ("reverse_path", "looked_up"),
    [("strict", "fib saddr . iif oif missing"), ("loose", "fib saddr oif missing"), ("off", None)],
)
def test_a_router_takes_only_what_it_could_answer_and_management_before(
    reverse_path: str, looked_up: str | None
) -> None:
    text = nft_rules(router(reverse_path=reverse_path))
    for name, before in (("input", '"management"'), ("forward", "ct state invalid")):
        rules = chain(text, name)
        found = [number for number, rule in enumerate(rules) if "missing" in rule]
        assert [rules[number].partition(" counter")[0] for number in found] == ([looked_up] if looked_up else [])
        last = next(number for number, rule in enumerate(rules) if before in rule)
        assert all(number == last + 1 or (name == "input" and number > last) for number in found)


def test_a_host_asks_for_no_way_back() -> None:
    assert "fib" not in nft_rules(policy())


def test_management_open_to_some_is_open_to_them_alone() -> None:
    ports = [{"transport": "tcp", "ports": "22,2222", "sources": ["192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32"]}]
    rules = "\n".join(chain(nft_rules(policy(management=ports)), "input"))
    assert "ip saddr 192.0.2.0/24 tcp dport { 22, 2222 } counter accept" in rules
    assert "ip6 saddr 2001:db8::/32 tcp dport { 22, 2222 } counter accept" in rules


def test_one_address_version_alone_can_be_open_to_all() -> None:
    ports = [{"transport": "tcp", "ports": "22", "sources": ["0.0.0.0/0"]}]
    assert "meta nfproto ipv4 tcp dport 22 counter accept" in nft_rules(policy(management=ports))


@pytest.mark.parametrize("management", [[], None])
def test_a_policy_without_management_access_is_refused(management: Any) -> None:
    with pytest.raises(RefusedError, match=r"management is empty.*faxnet_management"):
        nft_rules(policy(management=management))


def test_management_without_sources_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"policy\.management\[0\]\.sources is empty"):
        nft_rules(policy(management=[{"transport": "tcp", "ports": "22", "sources": []}]))


def test_nothing_is_opened_that_no_flow_names() -> None:
    with pytest.raises(RefusedError, match=r"policy\.input\[0\]\.flows is empty: nothing is opened that no flow names"):
        nft_rules(policy(input=[permit("192.0.2.1", "10.1.0.10", flows=[])]))


def test_a_host_that_is_no_router_has_no_forward_chain() -> None:
    text = nft_rules(policy(input=[permit("192.0.2.1", "10.1.0.10")]))
    assert "hook forward" not in text
    assert " nat " not in text


def test_a_host_that_is_no_router_cannot_forward() -> None:
    with pytest.raises(RefusedError, match="only a router can"):
        nft_rules(policy(forward=[permit("192.0.2.1", "10.1.0.10")]))


@pytest.mark.acceptance("NR-18")
def test_a_rule_that_is_switched_off_is_a_comment_and_no_rule() -> None:
    off = {"enabled": False, "flows": ["netcfax.scp/fl-fax>uk-pc1"]}
    text = nft_rules(
        router(
            input=[permit("192.0.2.7", "10.2.0.1", **off)],
            forward=[permit("192.0.2.7", "10.2.0.21", "10000-10099", **off)],
            destination_nat=[forward("192.0.2.7", "203.0.113.20", "10000-10099", "10.2.0.21", **off)],
        )
    )
    in_force = [line for line in text.splitlines() if not line.startswith("#")]
    assert not any("192.0.2.7" in line or "10.2.0.21" in line for line in in_force)
    comments = [line for line in text.splitlines() if line.startswith("# switched off")]
    assert len(comments) == 3
    assert all("192.0.2.7" in line and "netcfax.scp/fl-fax>uk-pc1" in line for line in comments)
    assert "to 203.0.113.20 tcp 10000-10099 to 10.2.0.21" in comments[2]


@pytest.mark.acceptance("NR-20", "NR-21")
def test_each_client_behind_a_router_has_a_forward_of_its_own_with_ports_and_target() -> None:
    clients = {"10.2.0.21": "10000-10099", "10.2.0.22": "10100-10199", "10.2.0.23": "7485"}
    forwards = [forward("198.51.100.10", "203.0.113.20", ports, target) for target, ports in clients.items()]
    assert elements(nft_rules(router(destination_nat=forwards)), "faxnet_targets_tcp4") == [
        "7485 . 203.0.113.20 . 198.51.100.10 : 10.2.0.23",
        "10000-10099 . 203.0.113.20 . 198.51.100.10 : 10.2.0.21",
        "10100-10199 . 203.0.113.20 . 198.51.100.10 : 10.2.0.22",
    ]


def test_forwards_that_send_one_packet_to_two_targets_are_refused_by_name() -> None:
    clash = [
        forward("198.51.100.10", "203.0.113.20", "10000-10099", "10.2.0.21"),
        forward("198.51.100.10", "203.0.113.20", "10099-10150", "10.2.0.22"),
    ]
    with pytest.raises(RefusedError, match=r"10\.2\.0\.21 and .*10\.2\.0\.22 forward the same packets to two targets"):
        nft_rules(router(destination_nat=clash))


def test_two_servers_may_reach_different_clients_through_one_port() -> None:
    forwards = [
        forward("198.51.100.10", "203.0.113.20", "10000", "10.2.0.21"),
        forward("198.51.100.11", "203.0.113.20", "10000", "10.2.0.22"),
    ]
    assert len(elements(nft_rules(router(destination_nat=forwards)), "faxnet_targets_tcp4")) == 2


@pytest.mark.acceptance("NR-22")
def test_neighbouring_targets_share_an_element_only_when_asked() -> None:
    entries = [permit("198.51.100.10", f"10.2.0.{last}", "7485") for last in (21, 22, 23)]
    single = elements(nft_rules(router(forward=entries)), "faxnet_forward_tcp4")
    assert len(single) == 3
    together = elements(nft_rules(router(forward=entries), address_ranges=True), "faxnet_forward_tcp4")
    assert together == ["10.2.0.21-10.2.0.23 . 198.51.100.10 . 7485"]


def test_the_order_of_the_entries_changes_nothing() -> None:
    entries = [permit(f"192.0.2.{n}", "10.1.0.10", f"{7000 + n}") for n in range(1, 9)]
    assert nft_rules(policy(input=entries)) == nft_rules(policy(input=entries[::-1]))


def test_the_field_with_the_most_values_is_looked_up_first() -> None:
    server = policy(input=[permit(f"192.0.2.{n}", "10.1.0.10") for n in range(1, 9)])
    assert "ip saddr . ip daddr . tcp dport @faxnet_input_tcp4" in nft_rules(server)
    gateway = router(forward=[permit("192.0.2.1", f"10.2.0.{n}") for n in range(1, 9)])
    assert "ip daddr . ip saddr . tcp dport @faxnet_forward_tcp4" in nft_rules(gateway)


def test_a_source_port_is_looked_up_together_with_the_sender() -> None:
    entry = permit("10.1.0.9", "10.1.0.21", "1024-65535", transport="udp", source_ports="4644")
    text = nft_rules(policy(input=[entry]))
    assert elements(text, "faxnet_input_udp4_from") == ["10.1.0.9 . 10.1.0.21 . 1024-65535 . 4644"]
    assert "ip saddr . ip daddr . udp dport . udp sport @faxnet_input_udp4_from counter accept" in text


def test_any_lets_the_networks_out_and_flows_does_not() -> None:
    outward = 'ip saddr 10.2.0.0/24 ip daddr != 10.2.0.0/24 ct state new counter accept comment "outbound any"'
    assert outward in chain(nft_rules(router()), "forward")
    assert not any("outbound" in rule for rule in chain(nft_rules(router(outbound="flows")), "forward"))


def test_both_chains_end_by_counting_and_dropping_what_is_left() -> None:
    text = nft_rules(router())
    for name in ("input", "forward"):
        assert chain(text, name)[0].endswith("policy drop;")
        assert chain(text, name)[-1] == 'counter counter name "faxnet_refused" drop'


def test_a_service_that_is_open_to_all_is_one_element_and_one_forward() -> None:
    clients = [f"192.0.2.{last}" for last in range(1, 9)]
    text = nft_rules(
        router(
            forward=[permit(source, "10.2.0.5", "25") for source in ("0.0.0.0/0", *clients)],
            destination_nat=[forward(source, "203.0.113.20", "25", "10.2.0.5") for source in (*clients, "0.0.0.0/0")],
        )
    )
    assert elements(text, "faxnet_forward_tcp4") == ["0.0.0.0/0 . 10.2.0.5 . 25"]
    assert elements(text, "faxnet_targets_tcp4") == ["25 . 203.0.113.20 . 0.0.0.0/0 : 10.2.0.5"]
    assert "and 8 more" in text
    networks.checked_by_nft(text)


def test_a_sender_who_gets_another_target_than_everybody_is_refused_by_name() -> None:
    clash = [
        forward("0.0.0.0/0", "203.0.113.20", "25", "10.2.0.5"),
        forward("192.0.2.1", "203.0.113.20", "25", "10.2.0.6"),
    ]
    with pytest.raises(RefusedError, match="forward the same packets to two targets"):
        nft_rules(router(destination_nat=clash))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"idle": 0}, r"policy\.input\[0\]\.idle: 0 is not a number of seconds from 1 to 2147483"),
        ({"idle": -1}, "idle"),
        ({"idle": 2147484}, "idle: 2147484"),
        ({"idle": "3600"}, "idle: '3600'"),
        ({"idle": True}, "idle: True"),
        ({"helper": "sip"}, r"policy\.input\[0\]\.helper: 'sip' is not known; use one of ftp"),
        ({"helper": "ftp", "transport": "udp"}, "helper: ftp reads tcp, the entry is udp"),
        ({"source": "192.0.2.300"}, r"policy\.input\[0\]\.source.*192\.0\.2\.300"),
        ({"source": "2001:db8::1"}, r"source: 2001:db8::1 is not of the entry's version, 4"),
        ({"source": None}, r"policy\.input\[0\]\.source"),
        ({"destination": '10.1.0.10" accept'}, r"policy\.input\[0\]\.destination"),
        ({"ports": "7488; flush ruleset"}, r"policy\.input\[0\]\.ports"),
        ({"ports": "0"}, r"policy\.input\[0\]\.ports"),
        ({"ports": "65536"}, r"policy\.input\[0\]\.ports"),
        ({"ports": "20-10"}, r"reversed"),
        ({"ports": ["7488"]}, r"policy\.input\[0\]\.ports"),
        ({"transport": "sctp"}, r"transport: 'sctp' is neither tcp nor udp"),
        ({"version": 5}, r"version: 5 is neither 4 nor 6"),
        ({"enabled": "no"}, r"enabled: 'no' is neither true nor false"),
        ({"source_ports": "x"}, r"policy\.input\[0\]\.source_ports"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_place_and_value(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        nft_rules(policy(input=[{**permit("192.0.2.1", "10.1.0.10"), **entry}]))


def test_a_router_forwards_the_versions_that_it_has_networks_of() -> None:
    assert forwarding_settings(read_policy(policy())) == []
    assert forwarding_settings(read_policy(router())) == ["net.ipv4.ip_forward"]
    both = router(networks=["10.2.0.0/24", "2001:db8:2::/64"])
    assert forwarding_settings(read_policy(both)) == ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"]


HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("\"'`$;{}#\\\n\r\t\x00 @,"), st.characters(exclude_categories=["Cs"])),
    max_size=300,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, HOSTILE, st.booleans())
def test_no_name_becomes_syntax(flow: str, name: str, enabled: bool) -> None:
    """Whatever names say, nft reads exactly the rules that harmless names give."""

    def text(flow: str, name: str) -> str:
        return nft_rules(
            router(
                openings=[{"name": name, "transport": "udp", "ports": "53", "sources": ["10.2.0.0/24"]}],
                input=[permit("192.0.2.1", "10.2.0.1", flows=[flow, flow + "x"], enabled=enabled)],
                destination_nat=[forward("192.0.2.1", "203.0.113.20", "9", "10.2.0.9", flows=[flow], enabled=enabled)],
            )
        )

    without = re.compile(r' comment "[^"\n]*"|^#[^\n]*$', re.MULTILINE)
    assert without.sub("", text(flow, name)) == without.sub("", text("a", "b"))
    networks.checked_by_nft(text(flow, name))


def test_a_part_of_a_policy_that_nobody_knows_is_refused_and_not_passed_over() -> None:
    with pytest.raises(RefusedError, match=r"policy\.permits is not known; use forwarding, outbound, .*source_nat"):
        nft_rules(policy(permits=[]))


def test_when_the_rules_are_lost_management_is_let_in_and_nothing_else() -> None:
    """What is loaded in the place of a damaged file."""
    opened = {"transport": "udp", "ports": "53", "sources": ["0.0.0.0/0"], "name": "names"}
    inbound = [permit("192.0.2.1", "10.1.0.10"), permit("192.0.2.1", "10.1.0.10", "21", helper="ftp")]
    held = router(
        input=inbound,
        forward=[permit("192.0.2.1", "10.2.0.21", idle=500)],
        output=[permit("10.1.0.10", "192.0.2.1", transport="udp", idle=500)],
        destination_nat=[forward("192.0.2.1", "203.0.113.20", "7485", "10.2.0.2")],
        openings=[opened],
    )
    closed = apply_slice({"host": "uk-router", "platform": "nftables", "policy": held}).options["closed"]
    networks.checked_by_nft(closed)
    rules = nft_rules(router(outbound="flows", source_nat=[], reverse_path="off"))
    assert closed == rules
    assert re.findall(r"^\tchain (\S+)", closed, re.MULTILINE) == ["faxnet_input", "faxnet_forward"]
    # A bridge between machines is none of what is let in.
    assert set(re.findall(r'comment "(.*)"', closed)) == {"management", "inside one network"}


def test_the_addresses_that_a_router_must_have_are_those_of_its_translations() -> None:
    held = [
        forward("198.51.100.10", "203.0.113.21", "10000-10099", "10.2.0.10"),
        forward("198.51.100.10", "203.0.113.22", "10100-10199", "10.2.0.11", enabled=False),
    ]
    assert own_addresses(read_policy(router(destination_nat=held))) == ["203.0.113.20", "203.0.113.21"]
    assert own_addresses(read_policy(policy())) == []
    assert source_translations(read_policy(router())) == [
        {"version": 4, "networks": ["10.2.0.0/24"], "exempt": ["10.2.0.0/24"], "address": "203.0.113.20"}
    ]
