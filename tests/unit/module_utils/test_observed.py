# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observing host has seen, read from nft and told as permits."""

from __future__ import annotations

import ipaddress
import json
import shutil
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Observed, Packets, Stray, observed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_permits import (
    Lengths,
    Permits,
    permits_of,
    yaml_of,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_told import told
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import name_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics import protocols
from tests.unit.networks import two_offices

NOW = 1_800_000_000.0
LIFE = 86_400_000


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still."""
    monkeypatch.setattr(time, "time", lambda: NOW)


def came(source: str, protocol: str = "tcp", port: int | None = 8080, **more: Any) -> Packets:
    """Packets for the host itself that found a socket."""
    direction, destination = ("forward", more["to"]) if "to" in more else ("input", "")
    heard = more.get("heard", True if direction == "input" and port is not None else None)
    return Packets(direction, 6 if ":" in source else 4, source, destination, protocol, port, heard, NOW, NOW)


def listed(*sets: dict[str, Any], rules: tuple[dict[str, Any], ...] = ()) -> str:
    """A table as nft lists it."""
    return json.dumps(
        {"nftables": [*({"set": item} for item in sets), *({"rule": {"expr": [rule]}} for rule in rules)]}
    )


def a_set(name: str, *elements: tuple[list[Any], int], size: int = 16384, **more: Any) -> dict[str, Any]:
    """A set with elements of some age in seconds."""
    held = [{"elem": {"val": {"concat": fields}, "expires": LIFE - age, **more}} for fields, age in elements]
    return {"name": f"faxnet_seen_{name}", "size": size, "timeout": LIFE, "elem": held}


def said(answer: Ran) -> Observed:
    """What is read of an answer of nft's."""
    return observed(Machine(run=lambda _argv, _text: answer, find=shutil.which))


def test_elements_become_packets_with_times_of_the_first_and_the_last() -> None:
    since = {"name": "faxnet_seen_since", "elem": [{"elem": {"val": 1, "timeout": LIFE, "expires": LIFE - 500}}]}
    found = said(
        Ran(
            0,
            listed(
                since,
                a_set("input4_first", (["10.1.0.21", "tcp", 8080], 400)),
                a_set("input4_last", (["10.1.0.21", "tcp", 8080], 30)),
                a_set("unheard6_first", (["2001:db8::1", 17, 53], 9)),
                a_set("forward4_last", (["10.1.0.21", "10.2.0.1", "udp", 514], 7)),
                a_set("forward_protocol4_first", (["10.1.0.21", "10.2.0.1", "icmpv6"], 7), size=1),
                a_set("no_way_back4", (["10.9.0.1", "10.2.0.1", "tcp"], 5), counter={"packets": 12, "bytes": 700}),
                {"name": "faxnet_input_tcp4", "elem": ["whatever"]},
                rules=({"set": {"op": "add", "set": "@faxnet_seen_input4_first"}},),
            ),
            "",
        )
    )
    assert found.observing
    assert found.since == NOW - 500
    assert found.full == ("forward_protocol IPv4",)
    first, *others = found.packets
    assert first[:7] == ("input", 4, "10.1.0.21", "", "tcp", 8080, True)
    assert (first.first, first.last) == (NOW - 400, NOW - 30)
    assert [one[:7] for one in others] == [
        ("input", 6, "2001:db8::1", "", "udp", 53, False),
        ("forward", 4, "10.1.0.21", "10.2.0.1", "icmpv6", None, None),
        ("forward", 4, "10.1.0.21", "10.2.0.1", "udp", 514, None),
    ]
    assert [stray[:6] for stray in found.strays] == [("no_way_back", 4, "10.9.0.1", "10.2.0.1", "tcp", 12)]


def test_where_there_is_no_table_nothing_was_seen() -> None:
    assert said(Ran(1, "", "Error: No such file or directory")) == Observed(False, None, (), (), ())


@pytest.mark.parametrize(
    "answer",
    [
        Ran(1, "", "Operation not permitted"),
        Ran(0, "garbage", ""),
        Ran(0, "[]", ""),
        Ran(
            0,
            json.dumps({"nftables": [{"set": {"name": "faxnet_seen_input4_first", "elem": [{"elem": {"val": 1}}]}}]}),
            "",
        ),
        Ran(0, json.dumps({"nftables": [{"set": {"name": "faxnet_seen_input4_first", "elem": ["10.1.0.1"]}}]}), ""),
    ],
)
def test_an_answer_that_is_none_is_a_sentence(answer: Ran) -> None:
    with pytest.raises(FirewallError, match="nft"):
        said(answer)


def test_senders_of_one_port_are_one_permit_and_programs_give_it_its_name() -> None:
    packets = [
        came("10.1.0.22"),
        came("10.1.0.21"),
        came("2001:db8::5"),
        came("10.1.0.21", "udp", 514),
        came("10.1.0.9", "esp", None),
    ]
    found = permits_of(packets, {("tcp", 8080): "java (x)"})
    assert found.permits == [
        {"name": "seen-esp", "protocols": ["esp"], "sources": ["10.1.0.9/32"]},
        {
            "name": "seen-java_x_-tcp-8080",
            "protocols": ["tcp"],
            "ports": [8080],
            "sources": ["10.1.0.21/32", "10.1.0.22/32", "2001:db8::5/128"],
        },
        {"name": "seen-udp-514", "protocols": ["udp"], "ports": [514], "sources": ["10.1.0.21/32"]},
    ]


def test_what_found_no_socket_opens_nothing() -> None:
    found = permits_of([came("203.0.113.9", port=23, heard=False)], {})
    assert (found.permits, [entry["name"] for entry in found.unheard]) == ([], ["seen-tcp-23"])
    text = yaml_of(found, [])
    assert yaml.safe_load(text) is None
    assert "#   - {name: seen-tcp-23" in text


def test_what_passed_through_is_gathered_by_its_senders() -> None:
    packets = [came("10.1.0.21", to=to) for to in ("10.2.0.2", "10.2.0.1")]
    packets += [came("10.1.0.22", to="10.2.0.1"), came("10.1.0.21", "gre", None, to="10.2.0.1")]
    assert permits_of(packets, {}).forward == [
        {"name": "seen-gre", "protocols": ["gre"], "from": ["10.1.0.21/32"], "to": ["10.2.0.1/32"]},
        {
            "name": "seen-tcp-8080",
            "protocols": ["tcp"],
            "ports": [8080],
            "from": ["10.1.0.21/32"],
            "to": ["10.2.0.2/32"],
        },
        {
            "name": "seen-tcp-8080-2",
            "protocols": ["tcp"],
            "ports": [8080],
            "from": ["10.1.0.21/32", "10.1.0.22/32"],
            "to": ["10.2.0.1/32"],
        },
    ]


def test_senders_can_be_gathered_to_networks() -> None:
    packets = [came("10.1.0.21"), came("10.1.0.22"), came("2001:db8::5"), came("2001:db8::6")]
    (permit,) = permits_of(packets, {}, Lengths(24, 64)).permits
    assert permit["sources"] == ["10.1.0.0/24", "2001:db8::/64"]


@given(program=st.text(max_size=20), addresses=st.lists(st.ip_addresses().map(str), min_size=1, max_size=4))
@example(program="..", addresses=["10.1.0.21"])
def test_what_is_pasted_is_what_was_meant_and_the_plan_takes_it(program: str, addresses: list[str]) -> None:
    packets = [came(address, port=1) for address in addresses]
    found = permits_of(packets, {("tcp", 1): program})
    pasted = yaml.safe_load(yaml_of(found, [f"a remark: {number}" for number in range(2)]))
    assert pasted == {"faxnet_permits": found.permits}
    net = two_offices()
    net.hosts["fl-fax"] |= pasted
    opening = net.made().policy("fl-fax")["openings"][0]
    assert (opening["transport"], opening["ports"]) == ("tcp", "1")
    assert networks(opening["sources"]) == networks(addresses)


def networks(texts: list[str]) -> set[Any]:
    """What texts mean: an address may be written in several ways."""
    return {ipaddress.ip_network(text) for text in texts}


def test_every_protocol_has_a_name_that_a_permit_takes() -> None:
    for number in range(256):
        assert protocols.number_of(protocols.parse_protocol(name_of(number))) == number


def test_the_remarks_say_how_long_it_was_watched_and_what_was_not_seen() -> None:
    stray = Stray("no_way_back", 4, "10.9.0.1", "10.1.0.10", "tcp", 31, NOW)
    text = told(Observed(True, NOW - 4 * 86400 - 60, (came("10.1.0.21"),), (stray,), ("input IPv4",)))["yaml"]
    assert text.startswith("# Watched for 4 days, since ")
    assert "# What comes more rarely, such as once a month, was not seen.\n" in text
    assert "# The list of input IPv4 is full: others passed and are not here." in text
    assert "# No permit helps 31 packets that come another way than this host's routes lead back" in text
    assert "tcp from 10.9.0.1 to 10.1.0.10" in text


def test_a_host_that_refuses_by_now_and_one_that_never_observed_say_so() -> None:
    assert "until this host began to refuse" in told(Observed(False, time.time(), (), (), ()))["yaml"]
    result = told(Observed(False, None, (), (), ()))
    assert "This host does not observe" in result["yaml"]
    assert (result["watched_since"], result["watched_seconds"], result["permits"]) == (None, None, [])


def test_nothing_seen_is_no_permit() -> None:
    assert yaml_of(Permits([], [], []), ["Nothing came."]) == "# Nothing came.\n"
