# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy becomes as rules of Windows: few of them, never more than the policy permits, never less."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import parse_address
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.platform import ByStockModules
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import apply_slice, render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule import Rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rules import is_as_named, rules_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.wanted import (
    NOTHING,
    as_options,
    read_options,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import Policy, RefusedError, holds
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.networks import Network
from tests.unit.platforms.policies import opening, permit, policy, router
from tests.unit.platforms.windows_packets import NUMBERS, Packet, lets_in

HERE = {4: "10.1.0.9", 6: "2001:db8:9::9"}


def texts(held: dict[str, Any]) -> list[str]:
    """The rules of a policy as their texts."""
    return render_slice({"host": "pc", "platform": "windows", "policy": held}).splitlines()


def beside(held: dict[str, Any]) -> list[str]:
    """The same without those that every host has: for management and for pings."""
    usual = set(texts(policy()))
    return [text for text in texts(held) if text not in usual]


def conditions(text: str) -> str:
    """A rule's text without what all rules of these policies have in common, and without its words for people."""
    return (
        text.removeprefix("v2.10|Action=Allow|Active=TRUE|Dir=In|")
        .partition("|Name=")[0]
        .replace("Profile=Domain|Profile=Private|", "")
    )


MANAGED = [
    "Protocol=1|ICMP4=8:*",
    "Protocol=58|ICMP6=128:*",
    "Protocol=6|LPort=22",
]


def test_every_host_has_its_management_and_answers_pings() -> None:
    assert [conditions(text) for text in texts(policy())] == MANAGED
    assert texts(policy())[2] == (
        "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=22|"
        "Name=faxnet TCP 22: management|Desc=Serves management|EmbedCtxt=faxnet.deploy|"
    )


@pytest.mark.parametrize(
    ("held", "rules"),
    [
        pytest.param(
            {"input": [permit("198.51.100.7", HERE[4], f"{low}-{low + 9}") for low in range(10000, 10400, 10)]},
            ["Protocol=6|LPort2_10=10000-10399|RA4=198.51.100.7"],
            id="forty ranges from one server are one rule, and neighbours one range",
        ),
        pytest.param(
            {"input": [permit(f"10.1.0.{last}", HERE[4]) for last in (24, 20, 21, 22, 23, 30)]},
            ["Protocol=6|LPort=7488|RA4=10.1.0.20-10.1.0.24|RA4=10.1.0.30"],
            id="many clients of one port are one rule, and neighbours one span",
        ),
        pytest.param(
            {"input": [permit(f"10.1.0.{last}", HERE[4], port) for last in (20, 30) for port in ("7488", "25")]},
            ["Protocol=6|LPort=25|LPort=7488|RA4=10.1.0.20|RA4=10.1.0.30"],
            id="the same clients of two ports are one rule",
        ),
        pytest.param(
            {"input": [permit("10.1.0.20", HERE[4], "7488"), permit("10.1.0.30", HERE[4], "25")]},
            ["Protocol=6|LPort=25|RA4=10.1.0.30", "Protocol=6|LPort=7488|RA4=10.1.0.20"],
            id="two clients with a port each stay two rules",
        ),
        pytest.param(
            {"input": [permit("10.1.0.20", HERE[4]), permit("2001:db8::20", HERE[6])]},
            ["Protocol=6|LPort=7488|RA4=10.1.0.20|RA6=2001:db8::20"],
            id="both IP versions are one rule",
        ),
        pytest.param(
            {"input": [permit("10.1.0.20", HERE[4], transport="udp", source_ports="4644", ports="1-65535")]},
            ["Protocol=17|RPort=4644|RA4=10.1.0.20"],
            id="a sender's port, and any port of the receiver",
        ),
        pytest.param(
            {"input": [permit("0.0.0.0/0", HERE[4], "25"), permit("::/0", HERE[6], "25")]},
            ["Protocol=6|LPort=25"],
            id="everybody of both versions is anybody",
        ),
        pytest.param(
            {"input": [permit("0.0.0.0/0", HERE[4], "25")]},
            ["Protocol=6|LPort=25|RA4=0.0.0.0-255.255.255.255"],
            id="everybody of one version is not",
        ),
        pytest.param(
            {"input": [permit("10.1.0.20", HERE[4], enabled=False)]}, [], id="what is switched off is not there"
        ),
        pytest.param(
            {"openings": [opening("tcp", "80,443", "10.1.0.0/24", "10.1.1.0/24"), opening("udp", "53", "10.1.0.0/23")]},
            [
                "Protocol=17|LPort=53|RA4=10.1.0.0/255.255.254.0",
                "Protocol=6|LPort=80|LPort=443|RA4=10.1.0.0/255.255.254.0",
            ],
            id="openings by ports, neighbouring networks joined",
        ),
        pytest.param(
            {"openings": [opening("esp", None, "10.1.0.1", "2001:db8::1"), opening("any", None, "10.1.0.2")]},
            ["RA4=10.1.0.2", "Protocol=50|RA4=10.1.0.1|RA6=2001:db8::1"],
            id="openings of a protocol without ports, and of every protocol",
        ),
        pytest.param(
            {"openings": [opening("icmp", None, "10.1.0.1", "2001:db8::1")]},
            ["Protocol=1|RA4=10.1.0.1", "Protocol=58|RA6=2001:db8::1"],
            id="ICMP is another protocol in each version",
        ),
        pytest.param(
            {"output": [permit(HERE[4], "198.51.100.7", "44333", transport="udp", idle=432000, direction="out")]},
            ["Protocol=17|RPort=44333|RA4=198.51.100.7"],
            id="what the other side sends after a long silence is let in by its port",
        ),
        pytest.param(
            {"output": [permit(HERE[4], "198.51.100.7", "7488", idle=432000, direction="out")]},
            [],
            id="an idle TCP session is the host's own",
        ),
        pytest.param(
            {"output": [permit(HERE[4], "198.51.100.7", "53", transport="udp", direction="out")]},
            [],
            id="what is answered at once is an answer",
        ),
        pytest.param(
            {"input": [permit("10.1.0.20", HERE[4], ports, source_ports="99") for ports in ("25", "1-65535")]},
            ["Protocol=6|RPort=99|RA4=10.1.0.20"],
            id="any port is more than one",
        ),
    ],
)
def test_a_policy_is_few_rules(held: dict[str, Any], rules: list[str]) -> None:
    assert [conditions(text) for text in beside(policy(**held))] == rules


def test_kinds_of_networks_are_those_that_the_host_names() -> None:
    public, everywhere = texts(policy(profiles=["public"])), texts(policy(profiles=["domain", "private", "public"]))
    assert len(public) == len(everywhere) == len(MANAGED)
    assert all("|Profile=Public|" in text for text in public)
    assert not any("Profile=" in text for text in everywhere)


@pytest.mark.parametrize("said", [[], "public", ["work"], [["public"]], {"public": 1}])
def test_kinds_of_networks_that_are_none_are_refused(said: object) -> None:
    with pytest.raises(RefusedError, match=r"pc: policy\.profiles: .* is no list of some of domain, private, public"):
        texts(policy(profiles=said))


@pytest.mark.parametrize("stance", ["exclusive", "additive"])
def test_both_stances_have_the_same_rules(stance: str) -> None:
    assert texts(policy(stance=stance)) == texts(policy())


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (router(), "cannot hold a router's part, as it decides of what comes to itself alone"),
        (policy(stance="observe"), "a note of whoever sends what it would refuse"),
        (policy(input=[permit("10.1.0.20", HERE[4], helper="ftp")]), "the connection-tracking helper ftp"),
        (policy(output=[permit(HERE[4], "10.1.0.20", helper="ftp")]), "the connection-tracking helper ftp"),
        (policy(openings=[opening("sctp", "80")]), "a rule for ports of sctp (80, test)"),
        (
            policy(input=[permit("10.1.0.20", HERE[4]), permit("10.1.0.20", "10.1.0.8")]),
            "rules that differ by the host's own address (10.1.0.8 and 10.1.0.9)",
        ),
    ],
)
def test_what_windows_cannot_hold_is_refused_with_the_reason(held: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError) as refused:
        texts(held)
    assert message in str(refused.value)
    assert str(refused.value).startswith("pc: platform windows cannot hold ")


def test_all_ports_of_another_protocol_are_that_protocol() -> None:
    (text,) = beside(policy(openings=[opening("sctp", "1-65535", "10.1.0.1")]))
    assert conditions(text) == "Protocol=132|RA4=10.1.0.1"


def windows_fax() -> Network:
    """A fax server and a client of Windows Fax."""
    net = (
        Network().site("office", "10.1.0.0/24").offers("fax", "office", "10.1.0.10", "windows_fax", platform="windows")
    )
    return net.uses("pc", "office", "10.1.0.21", "windows_fax", "fax", platform="windows")


def test_windows_fax_goes_by_the_words_for_rpc() -> None:
    made = windows_fax().made()
    server = [conditions(text) for text in render_slice(made.slices["fax"]).splitlines()]
    assert [text for text in server if text not in MANAGED] == [
        "Protocol=6|LPort=445|LPort=RPC|LPort=RPC-EPMap|RA4=10.1.0.21"
    ]
    client = [conditions(text) for text in render_slice(made.slices["pc"]).splitlines()]
    assert [text for text in client if text not in MANAGED] == ["Protocol=6|LPort=RPC|RA4=10.1.0.10"]


def test_a_usual_server_has_at_most_ten_rules_whatever_the_number_of_its_clients() -> None:
    services = ("netcfax", "kerio_connect", "windows_fax", "faxpress")
    net = Network().site("office", "10.1.0.0/16").host("fax", "office", "10.1.0.10", platform="windows")
    net.hosts["fax"]["faxnet_offers"] = [{"service": service} for service in services]
    counts = []
    for clients in (1, 120):
        for number in range(clients):
            uses = [{"service": service, "server": "fax"} for service in services]
            net.host(f"pc{number}", "office", f"10.1.1.{number + 1}", platform="windows", uses=uses)
        made = net.made()
        counts.append([len(render_slice(made.slices[name]).splitlines()) for name in ("fax", "pc0")])
        assert len(made.slices["fax"]["policy"]["input"]) >= 5 * clients
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 10


def test_numbers_stay_where_another_exchange_has_the_same_permit() -> None:
    held = read_policy(policy(input=[permit("10.1.0.20", HERE[4], flows=["a.rpc/x>y", "b.other/x>y"])]))
    rpc, mapper = ({"listener": {"rpc": kind}} for kind in ("dynamic", "mapper"))
    for other in ({}, mapper):
        (both,) = [rule for rule in rules_of(held, {"a.rpc": rpc, "b.other": other}) if rule.remote_addresses]
        assert (both.local_keywords, [ports.text for ports in both.local_ports]) == ((), ["7488"])
    (alone,) = [rule for rule in rules_of(held, {"a.rpc": rpc, "b.other": rpc}) if rule.remote_addresses]
    assert (alone.local_keywords, alone.local_ports) == (("RPC",), ())


def test_a_rule_is_for_the_program_that_the_profile_names() -> None:
    held = read_policy(policy(input=[permit("10.1.0.20", HERE[4], port) for port in ("7488", "7489")]))
    (rule,) = [
        rule
        for rule in rules_of(held, {"netcfax.pcp": {"listener": {"program": "C:\\fax.exe", "service": "fax"}}})
        if rule.remote_addresses
    ]
    assert (rule.program, rule.service) == ("C:\\fax.exe", "fax")


def test_the_program_of_who_is_called_is_not_that_of_who_calls() -> None:
    silent = permit(HERE[4], "198.51.100.7", "44333", transport="udp", idle=600, direction="out", flows=["a.log/x>y"])
    exchanges = {"a.log": {"listener": {"program": "C:\\server.exe"}}}
    (rule,) = [rule for rule in rules_of(read_policy(policy(output=[silent])), exchanges) if rule.remote_addresses]
    assert (rule.program, rule.display_name) == ("", "faxnet UDP from port 44333: answers to a.log")


def test_a_slice_whose_program_would_be_more_than_a_path_is_refused() -> None:
    part = {
        "host": "pc",
        "platform": "windows",
        "policy": policy(input=[permit("10.1.0.20", HERE[4])]),
        "exchanges": [{"service": "netcfax", "name": "pcp", "ports": "x", "listener": {"program": "a|Action=Block"}}],
    }
    with pytest.raises(RefusedError, match=r"pc: exchanges: App is 'a\|Action=Block'"):
        render_slice(part)


def test_names_are_digests_of_what_rules_say_and_tell_who_needs_them() -> None:
    held = policy(input=[permit("10.1.0.20", HERE[4], flows=[f"fax{n:02}.scp/a>b" for n in range(40)])])
    rules = {rule.local_ports: rule for rule in rules_of(read_policy(held), {})}
    again = rules_of(read_policy(held), {})
    assert tuple(rules.values()) != ()
    assert {rule.name for rule in rules.values()} <= {rule.name for rule in again}
    assert all(is_as_named(rule) and rule.name.startswith("faxnet-") for rule in again)
    changed = again[1]._replace(profiles=("public",))
    assert not is_as_named(changed)
    (long,) = [rule for rule in again if rule.remote_addresses]
    assert long.display_name.startswith("faxnet TCP 7488: fax00.scp, fax01.scp")
    assert " more" in long.display_name
    assert len(long.display_name) <= 80
    assert len(long.description) <= 160


def test_names_from_elsewhere_are_cut_down_to_harmless_letters() -> None:
    hostile = "x'; Remove-Item C:\\ |Action=Block|\n.y/a>b"
    held = policy(input=[permit("10.1.0.20", HERE[4], flows=[hostile])], openings=[opening("tcp", "80", name=hostile)])
    cut = beside(held)
    assert len(cut) == 2
    for text in cut:
        assert text.count("Action=") == 1 + text.count("_Action=")
        assert text.startswith("v2.10|Action=Allow|")
        assert not set("';\n\\") & set(text)


def test_the_step_hands_over_all_that_is_to_stand() -> None:
    net = Network().site("office", "10.1.0.0/24", "2001:db8:1::/64").server("fax", "office", "10.1.0.10")
    net.client("pc", "office", ["10.1.0.21", "2001:db8:1::21"], server="fax").hosts["pc"]["ansible_connection"] = (
        "winrm"
    )
    part = net.made().slices["pc"]
    step = apply_slice(part)
    assert isinstance(step, ByStockModules)
    wanted = read_options(step.options)
    assert as_options(wanted) == step.options
    assert wanted.rules[0].display_name == "faxnet TCP 5986: management"
    (reserved,) = wanted.reservations
    callback = part["uses"][0]["callback"]
    assert reserved == ("tcp", callback["low"], callback["high"], (4, 6))
    assert read_options({}) == NOTHING


# What random policies let in.

ADDRESSES = st.sampled_from([f"10.1.0.{last}" for last in range(1, 9)] + [f"2001:db8::{last}" for last in range(1, 5)])
NETWORKS = st.sampled_from(["10.1.0.0/30", "10.1.0.4/31", "10.0.0.0/8", "2001:db8::/126", "0.0.0.0/0", "::/0"])
PORTS = st.tuples(st.integers(1, 12), st.integers(0, 3)).map(lambda item: f"{item[0]}-{item[0] + item[1]}")


@st.composite
def permits(draw: st.DrawFn) -> dict[str, Any]:
    """A permit for the host, of few addresses and ports, so that permits meet."""
    source = draw(st.one_of(ADDRESSES, NETWORKS))
    return permit(
        source,
        HERE[6 if ":" in source else 4],
        draw(PORTS),
        transport=draw(st.sampled_from(["tcp", "udp"])),
        source_ports=draw(st.one_of(st.none(), PORTS)),
        enabled=draw(st.integers(0, 9)) > 0,
        idle=draw(st.sampled_from([None, 600])),
    )


@st.composite
def openings(draw: st.DrawFn) -> dict[str, Any]:
    """An opening of any protocol."""
    protocol = draw(st.sampled_from(["tcp", "udp", "icmp", "icmpv6", "esp", "any", "vrrp"]))
    sources = draw(st.lists(st.one_of(ADDRESSES, NETWORKS), min_size=1, max_size=3))
    return opening(protocol, draw(PORTS) if protocol in ("tcp", "udp") else None, *sources)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """A packet for the host."""
    source = draw(st.one_of(ADDRESSES, st.sampled_from(["10.9.9.9", "192.0.2.1", "2001:db8:7::1"])))
    protocol = draw(st.sampled_from(["tcp", "udp", "icmpv6" if ":" in source else "icmp", "esp", "gre"]))
    ported = protocol in ("tcp", "udp")
    ports = (draw(st.integers(1, 17)), draw(st.integers(1, 17))) if ported else (None, None)
    return Packet(source, NUMBERS[protocol], *ports, icmp=draw(st.sampled_from(["8:0", "3:4", "128:0"])))


def permitted(held: Policy, packet: Packet) -> bool:
    """Whether a policy lets a packet in, told from the policy itself."""
    names = {number: name for name, number in NUMBERS.items()}
    source, name = parse_address(packet.source), names[packet.protocol]
    if (packet.protocol, packet.icmp) in ((1, "8:0"), (58, "128:0")):
        return True
    for opened in (*held.management, *held.openings):
        if opened.takes(name, packet.port or 0) and any(network.holds(source) for network in opened.sources):
            return True
    taken = [(item.source, item.source_ports, item.ports, item) for item, _flows in held.input]
    # What the other side of a silent channel sends: from the port that was called, to the one that called it.
    silent = (item for item, _flows in held.output if item.transport == "udp")
    taken += [(item.destination, item.ports, item.source_ports, item) for item in silent]
    return any(
        item.enabled
        and item.transport == name
        and holds(end, source)
        and (not sent_from or sent_from[0] <= (packet.source_port or 0) <= sent_from[1])
        and (not ports or ports[0] <= (packet.port or 0) <= ports[1])
        for end, sent_from, ports, item in taken
    )


@given(
    st.lists(permits(), max_size=12),
    st.lists(permits().filter(lambda item: item["idle"]), max_size=2),
    st.lists(openings(), max_size=3),
    st.lists(packets(), min_size=1, max_size=30),
)
def test_the_rules_let_in_exactly_what_the_policy_permits(
    taken: list[dict[str, Any]], started: list[dict[str, Any]], opened: list[dict[str, Any]], sent: list[Packet]
) -> None:
    outward = [{**item, "source": item["destination"], "destination": item["source"]} for item in started]
    held = policy(input=taken, output=outward, openings=opened)
    rules, read = texts(held), read_policy(held)
    for packet in sent:
        assert lets_in(rules, packet) == permitted(read, packet), packet


@given(st.lists(permits(), max_size=12), st.randoms())
def test_the_order_of_a_policy_makes_no_difference(taken: list[dict[str, Any]], random: Any) -> None:
    shuffled = random.sample(taken, len(taken))
    assert texts(policy(input=shuffled)) == texts(policy(input=taken))


@given(st.lists(permits(), max_size=12), permits())
def test_another_permit_touches_no_rule_for_management(taken: list[dict[str, Any]], more: dict[str, Any]) -> None:
    def first(held: list[dict[str, Any]]) -> Rule:
        return rules_of(read_policy(policy(input=held)), {})[0]

    assert first([*taken, more]) == first(taken)
    assert "management" in first(taken).display_name
