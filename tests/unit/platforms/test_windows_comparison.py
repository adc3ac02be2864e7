# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that stand on a host held against those that are wanted; what is told of rules and settings of others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows import overlap
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.comparison import Comparison, compare
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.overlap import Permitted, meet
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule import Rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule_text import write_rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rules import rules_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.standing import (
    GROUP_SETTINGS,
    LOCAL_SETTINGS,
    Standing,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.wanted import NOTHING, Wanted
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.platforms.policies import opening, permit, policy
from tests.unit.platforms.windows_packets import Packet, lets_in
from tests.unit.platforms.windows_rules import rule, text

HERE = "10.1.0.9"
SERVER = "198.51.100.7"
CALLED_BACK = policy(input=[permit(SERVER, HERE, "10000-10099", flows=["netcfax.scp/a>b"])])


def wanted(held: dict[str, Any] = CALLED_BACK, **parts: Any) -> Wanted:
    """What a policy wants."""
    return Wanted(rules_of(read_policy(held), {}), **parts)


def stand(rules: Iterable[Rule]) -> dict[str, str]:
    """Rules as the registry of a Windows of today holds them."""
    return {item.name: write_rule(item).replace("v2.10|", "v2.33|") for item in rules}


def kinds(comparison: Comparison) -> list[tuple[str, str, bool]]:
    """The remarks, each by its kind, its rule, and whether it hinders."""
    return [(item.kind, item.rule, item.hinders) for item in comparison.remarks]


def test_an_empty_host_gets_everything_with_the_management_first() -> None:
    found = compare(wanted(), Standing({}))
    assert found.added == wanted().rules
    assert found.added[0].display_name == "faxnet TCP 22: management"
    assert (found.removed, found.kept, found.remarks, found.changes) == ((), (), (), True)
    assert (found.before, found.after.count("\n")) == ("", 4)


def test_what_stands_is_left_alone() -> None:
    found = compare(wanted(), Standing(stand(wanted().rules)))
    assert (found.added, found.removed, found.changes, found.remarks) == ((), (), False, ())
    assert sorted(found.kept) == sorted(item.name for item in wanted().rules)
    assert found.before == found.after


def test_another_policy_adds_its_rule_and_removes_the_old_one() -> None:
    before = stand(wanted().rules)
    after = policy(input=[permit(SERVER, HERE, "10100-10199", flows=["netcfax.scp/a>b"])])
    found = compare(wanted(after), Standing(before))
    assert [item.local_ports[0].text for item in found.added] == ["10100-10199"]
    assert [item.rule.local_ports[0].text for item in found.removed if item.rule] == ["10000-10099"]
    assert {item.name for item in found.added}.isdisjoint(before)
    assert "LPort2_10=10000-10099" in found.before
    assert "LPort2_10=10100-10199" in found.after


def test_nothing_wanted_removes_all_that_is_ours_and_says_nothing_of_others() -> None:
    foreign = {"theirs": text("Name=theirs"), "block": text(action="Block")}
    off = {"EnableFirewall": 0, "DoNotAllowExceptions": 1}
    standing = Standing(stand(wanted().rules) | foreign, local_settings={"domain": off}, active=("public",))
    found = compare(NOTHING, standing)
    assert {item.name for item in found.removed} == {item.name for item in wanted().rules}
    assert (found.added, found.remarks) == ((), ())


def test_a_rule_that_was_changed_by_hand_stays_until_the_right_one_is_there() -> None:
    called_back = wanted().rules[1]
    changed = called_back._replace(remote_addresses=())
    found = compare(wanted(), Standing(stand([*(r for r in wanted().rules if r != called_back), changed])))
    (added,) = found.added
    assert (added.content, added.name) == (called_back.content, f"{called_back.name}-2")
    assert [item.name for item in found.removed] == [called_back.name]
    assert kinds(found) == [("changed_by_hand", called_back.name, False)]
    # The next run finds it under that name, and is content.
    later = compare(wanted(), Standing(stand([*(r for r in wanted().rules if r != called_back), added])))
    assert (later.changes, later.remarks) == (False, ())


def test_what_stands_twice_goes_once() -> None:
    doubled = wanted().rules[1]._replace(name="FAXNET-copy")
    found = compare(wanted(), Standing(stand([*wanted().rules, doubled])))
    assert (found.added, len(found.removed)) == ((), 1)


def test_what_has_our_name_is_ours_without_the_group() -> None:
    other = rule("Protocol=6", "LPort=99", name="Faxnet-by-hand")
    found = compare(wanted(), Standing(stand([*wanted().rules, other])))
    assert [item.name for item in found.removed] == ["Faxnet-by-hand"]


def test_what_somebody_put_into_our_group_goes_and_is_told_with_what_cannot_come_back() -> None:
    other = rule("Protocol=6", "LPort=99", "Name=n", "EmbedCtxt=faxnet.deploy", "IFType=Wireless", name="{by-hand}")
    broken = {"faxnet-0": "v2.10|what"}
    found = compare(wanted(), Standing(stand([*wanted().rules, other]) | broken))
    assert [(item.name, item.rule is None) for item in found.removed] == [("{by-hand}", False), ("faxnet-0", True)]
    assert kinds(found) == [
        ("changed_by_hand", "{by-hand}", False),
        ("not_restorable", "{by-hand}", False),
        ("not_restorable", "faxnet-0", False),
    ]


def test_a_rule_that_cannot_be_read_is_told() -> None:
    found = compare(wanted(), Standing(stand(wanted().rules) | {"odd": "v9.9|Hue=Blue"}))
    assert kinds(found) == [("unreadable", "odd", False)]
    assert "value odd" in found.remarks[0].text


#: Blocks of others, and whether they beat the permit for call-backs: None where not, else whether for certain.
BLOCKS: list[tuple[tuple[str, ...], bool | None]] = [
    ((), True),
    (("Protocol=6",), True),
    (("Protocol=17",), None),
    (("Protocol=6", "LPort=10050"), True),
    (("Protocol=6", "LPort2_10=1-9999"), None),
    (("Protocol=6", "LPort2_10=9000-10000", "RA4=198.51.100.0/255.255.255.0"), True),
    (("Protocol=6", "LPort2_10=9000-10000", "RA4=198.51.101.0/24"), None),
    (("Protocol=6", "LPort2_10=10000-10099", "RA6=::/0"), None),
    (("Protocol=6", "LPort2_10=10000-10099", "RA4=LocalSubnet"), True),
    (("Protocol=6", "LPort2_10=10000-10099", "RPort=80"), True),
    (("Protocol=6", "LPort2_10=10000-10099", "Profile=Public"), None),
    (("Protocol=6", "LPort2_10=10000-10099", "Profile=Public", "Profile=Private"), True),
    (("Protocol=6", "LPort2_10=10000-10099", "Active=FALSE"), None),
    (("Protocol=6", "LPort2_10=10000-10099", "App=C:\\games\\game.exe"), False),
    (("Protocol=6", "LPort2_10=10000-10099", "Svc=Fax"), False),
    (("Protocol=6", "LPort2_10=10000-10099", "IFType=Wireless"), False),
    (("Protocol=6", "LPort2_10=10000-10099", "LSM=TRUE", "SkipVer=5"), True),
    (
        (
            "Protocol=6",
            "LPort=Ply2Disc",
        ),
        None,
    ),
    (
        (
            "Protocol=6",
            "LPort=RPC",
        ),
        True,
    ),
    (
        (
            "Protocol=6",
            "LPort=RPC-EPMap",
        ),
        None,
    ),
]


@pytest.mark.parametrize(("fields", "beats"), BLOCKS)
@pytest.mark.parametrize("group", [False, True])
def test_a_block_that_beats_a_permit_is_named(fields: tuple[str, ...], beats: bool | None, group: bool) -> None:
    # Apart from what everybody may do, so that nothing but the call-backs is met.
    alone = Wanted(tuple(item for item in wanted().rules if item.remote_addresses))
    active = "" if "Active=FALSE" in fields else "Active=TRUE|"
    block = f"v2.33|Action=Block|{active}Dir=In|" + "".join(f"{field}|" for field in (*fields, "Name=Evil"))
    foreign = {"evil": block}
    stands = stand(alone.rules)
    found = compare(alone, Standing(stands, group=foreign) if group else Standing(stands | foreign))
    assert kinds(found) == ([] if beats is None else [("overruled", "evil", beats)])
    for remark in found.remarks:
        assert "evil (Evil)" in remark.text
        assert "faxnet TCP 10000-10099: netcfax.scp" in remark.text
        assert ("group policy" in remark.text) == group


def test_a_block_outward_or_in_rules_that_were_accepted_is_not_told() -> None:
    foreign = {"out": text(action="Block", direction="Out"), "known": text(action="Block")}
    assert kinds(compare(wanted(), Standing(stand(wanted().rules) | foreign), accepted=["KNOWN"])) == []


def test_rules_of_others_are_switched_off_only_by_their_names() -> None:
    foreign = {"a": text(action="Block"), "b": text("Protocol=6"), "c": text(action="Block").replace("TRUE", "FALSE")}
    found = compare(wanted(), Standing(stand(wanted().rules) | foreign), disable=["A", "c", "not-there"])
    assert (found.disabled, found.changes) == (("a",), True)
    assert kinds(found) == [("opens_more", "b", False)]


#: Allows of others, and whether they open more than the policy does.
ALLOWS: list[tuple[tuple[str, ...], bool]] = [
    (("Protocol=6", "LPort=3389"), True),
    (("Protocol=6", "LPort=22"), False),
    (("Protocol=6", "LPort=22", "RA4=10.0.0.0/8", "App=C:\\ssh.exe"), False),
    (("Protocol=6", "LPort=22", "RA4=0.0.0.0-10.0.0.9"), False),
    (("Protocol=6", "LPort=22", "LPort=23"), True),
    (("Protocol=6", "LPort2_10=10010-10020", "RA4=198.51.100.7"), False),
    (("Protocol=6", "LPort2_10=10010-10020", "RA4=198.51.100.6-198.51.100.7"), True),
    (("Protocol=6", "LPort2_10=10090-10100", "RA4=198.51.100.7"), True),
    (("Protocol=6", "LPort2_10=10010-10020", "RA4=198.51.100.7", "RA6=2001:db8::1"), True),
    (("Protocol=17", "LPort=22"), True),
    ((), True),
    (("App=C:\\chat.exe",), True),
    (("Protocol=6", "LPort=3389", "Profile=Public"), False),
    (("Protocol=6", "LPort=22", "Profile=Public", "Profile=Domain"), False),
    (("Protocol=6", "LPort=RPC"), True),
    (("Protocol=17", "LPort=Teredo"), True),
    (("Protocol=1", "ICMP4=3:4"), False),
    (("Protocol=58",), False),
    (("Protocol=2",), False),
    (("Protocol=17", "LPort=68", "RPort=67"), False),
    (("Protocol=17", "LPort=546"), False),
    (("Protocol=17", "LPort=67", "LPort=68"), True),
    (("Protocol=47",), True),
]


@pytest.mark.parametrize(("fields", "more"), ALLOWS)
def test_an_allow_that_opens_more_is_named_where_nothing_else_is_to_come_in(
    fields: tuple[str, ...], more: bool
) -> None:
    standing = Standing(stand(wanted().rules) | {"theirs": text(*fields, "Name=Theirs")})
    found = compare(wanted(stance="exclusive"), standing)
    assert kinds(found) == ([("opens_more", "theirs", False)] if more else [])
    assert kinds(compare(wanted(stance="additive"), standing)) == []
    assert kinds(compare(wanted(stance="exclusive"), standing, accepted=["Theirs"])) == []


#: Settings of a kind of networks: local, of group policy; what is told in the exclusive stance, and in the additive.
SETTINGS: list[tuple[dict[str, Any], dict[str, Any], list[str], list[str]]] = [
    ({}, {}, [], []),
    ({"EnableFirewall": 1, "DefaultInboundAction": 1, "DoNotAllowExceptions": 0}, {}, [], []),
    ({"EnableFirewall": 0}, {}, ["firewall_off"], []),
    ({"enablefirewall": "0"}, {}, ["firewall_off"], []),
    ({"EnableFirewall": 0}, {"EnableFirewall": 1}, [], []),
    ({"EnableFirewall": 0}, {"ENABLEFIREWALL": 1}, [], []),
    ({"EnableFirewall": 1}, {"EnableFirewall": 0}, ["firewall_off"], []),
    ({"DefaultInboundAction": 0}, {}, ["lets_all_in"], []),
    ({"DoNotAllowExceptions": 1}, {}, ["refuses_all"], ["refuses_all"]),
    ({"DoNotAllowExceptions": 1}, {"DoNotAllowExceptions": 0}, ["refuses_all"], ["refuses_all"]),
    ({}, {"DoNotAllowExceptions": 1}, ["refuses_all"], ["refuses_all"]),
    ({}, {"AllowLocalPolicyMerge": 0}, ["local_rules_off"], ["local_rules_off"]),
    ({"AllowLocalPolicyMerge": 0}, {}, [], []),
    ({"EnableFirewall": None, "DefaultInboundAction": "x"}, {}, [], []),
]


@pytest.mark.parametrize(("local", "group", "exclusive", "additive"), SETTINGS)
def test_settings_of_a_kind_of_networks_are_told(
    local: dict[str, Any], group: dict[str, Any], exclusive: list[str], additive: list[str]
) -> None:
    for profile, ours in (("private", True), ("public", False)):
        standing = Standing(stand(wanted().rules), {}, {profile: local}, {profile: group})
        for stance, said in (("exclusive", exclusive), ("additive", additive)):
            told = [item for item in said if ours or item in ("firewall_off", "lets_all_in")]
            found = compare(wanted(stance=stance), standing)
            assert kinds(found) == [(item, "", ours) for item in told]
            assert all(f"in {profile} networks" in remark.text for remark in found.remarks)


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ({}, [("private", True), ("public", False)]),
        ({"domain": {}}, [("private", True), ("public", False)]),
        ({"public": {}}, []),
    ],
)
def test_a_group_policy_of_old_is_for_all_but_domains_where_no_newer_one_is(
    group: dict[str, Any], told: list[tuple[str, bool]]
) -> None:
    old = {"EnableFirewall": 0, "DefaultInboundAction": 0, "AllowLocalPolicyMerge": 0}
    found = compare(wanted(), Standing(stand(wanted().rules), {}, {}, group, old_group_settings=old))
    assert kinds(found) == [("firewall_off", "", hinders) for _profile, hinders in told]
    assert all(
        f"in {profile} networks" in remark.text for (profile, _h), remark in zip(told, found.remarks, strict=True)
    )


def test_local_rules_that_do_not_count_do_no_harm_where_group_policy_has_the_same() -> None:
    off = {"private": {"AllowLocalPolicyMerge": 0}}
    exported = {f"{number}": write_rule(item) for number, item in enumerate(wanted().rules)}
    assert kinds(compare(wanted(), Standing(stand(wanted().rules), exported, {}, off))) == []
    del exported["1"]
    assert kinds(compare(wanted(), Standing({}, exported, {}, off))) == [("local_rules_off", "", True)]


def test_a_network_of_a_kind_that_no_rule_is_for_is_told() -> None:
    found = compare(wanted(), Standing(stand(wanted().rules), active=("domain", "public")))
    assert kinds(found) == [("not_in_force", "", True)]
    assert "add public to faxnet_firewall_profiles" in found.remarks[0].text
    everywhere = wanted(profiles=("domain", "private", "public"))
    assert kinds(compare(everywhere, Standing(stand(everywhere.rules), active=("public",)))) == []


def test_what_hinders_is_told_first() -> None:
    foreign = {"a": text("Protocol=6", "LPort=3389"), "b": text(action="Block")}
    found = compare(wanted(), Standing(stand(wanted().rules) | foreign))
    assert [item.hinders for item in found.remarks] == [True, False]


def test_the_registry_has_a_key_for_each_kind_of_networks() -> None:
    assert LOCAL_SETTINGS["private"].endswith(r"\FirewallPolicy\StandardProfile")
    assert GROUP_SETTINGS["private"].endswith(r"\WindowsFirewall\PrivateProfile")
    assert list(LOCAL_SETTINGS) == list(GROUP_SETTINGS) == ["domain", "private", "public"]


def test_many_rules_of_others_and_of_ours_are_not_all_held_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = 0

    def counted(first: Rule, second: Rule) -> bool:
        nonlocal pairs
        pairs += 1
        return meet(first, second)

    monkeypatch.setattr(overlap, "meet", counted)
    ours = [permit(f"10.2.{n // 250}.{n % 250 + 1}", HERE, str(2000 + n)) for n in range(400)]
    held = wanted(policy(input=ours))
    assert len(held.rules) > 400
    fields = [("RA4=10.2.0.0/16", f"LPort={2000 + number}") for number in range(400)] + [("RA4=192.0.2.1",)] * 400
    foreign = {f"x{n}": text("Protocol=6", *item, action="Block") for n, item in enumerate(fields)}
    found = compare(held, Standing(stand(held.rules) | foreign))
    told = [item for item in found.remarks if item.kind == "overruled"]
    assert len(told) == len(foreign)  # the second four hundred beat what everybody may do
    assert pairs < 4 * len(foreign)


# What two rules have in common, told by packets.

_FEW_PORTS = st.sampled_from(
    ["LPort=1", "LPort=3", "LPort2_10=2-4", "LPort2_10=4-6", "RPort=1", "RPort=3", "RPort2_10=1-2"]
)
_FEW_SENDERS = st.sampled_from(["RA4=10.0.0.1", "RA4=10.0.0.0/31", "RA4=10.0.0.2-10.0.0.3", "RA6=2001:db8::1"])
_FIELDS = st.one_of(
    st.tuples(st.just("Protocol=6"), _FEW_PORTS, _FEW_SENDERS),
    st.tuples(st.just("Protocol=6"), _FEW_PORTS, _FEW_PORTS, _FEW_SENDERS, _FEW_SENDERS),
    st.tuples(st.just("Protocol=17"), _FEW_PORTS),
    st.tuples(st.sampled_from(["Protocol=6", "Profile=Public", "Profile=Domain", "RA4=10.0.0.1"])),
    st.just(()),
)
ALL_PACKETS = [
    Packet(source, protocol, port, sent_from, profile=profile)
    for source in ("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "2001:db8::1", "2001:db8::2")
    for protocol in (6, 17)
    for port in (1, 2, 3, 4, 6, 7)
    for sent_from in (1, 2, 3)
    for profile in ("domain", "public")
]


@given(_FIELDS, _FIELDS)
def test_two_rules_meet_where_one_packet_matches_both(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    both = [text(*first), text(*second)]
    shared = [packet for packet in ALL_PACKETS if all(lets_in([item], packet) for item in both)]
    assert meet(rule(*first), rule(*second)) == meet(rule(*second), rule(*first)) == bool(shared)


@given(st.lists(_FIELDS, max_size=4), _FIELDS)
def test_what_is_covered_is_let_in_and_what_is_met_shares_a_packet(
    ours: list[tuple[str, ...]], other: tuple[str, ...]
) -> None:
    held = Permitted(rule(*fields, name=f"r{number}") for number, fields in enumerate(ours))
    texts = [text(*fields) for fields in ours]
    theirs = [packet for packet in ALL_PACKETS if lets_in([text(*other)], packet)]
    let_in = [packet for packet in theirs if lets_in(texts, packet)]
    met = held.met_by(rule(*other))
    assert (met is not None) == bool(let_in)
    if held.cover(rule(*other)):
        assert let_in == theirs
    if met is not None:
        assert any(lets_in([write_rule(met)], packet) for packet in theirs)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (("Protocol=1", "ICMP4=8:*"), ("Protocol=1", "ICMP4=8:0"), True),
        (("Protocol=1", "ICMP4=8:*"), ("Protocol=1", "ICMP4=3:*"), False),
        (("Protocol=1", "ICMP4=3:4"), ("Protocol=1", "ICMP4=3:1"), False),
        (("Protocol=1", "ICMP4=3:4"), ("Protocol=1",), True),
        (("Protocol=1", "ICMP4=8:*"), (), True),
        (("App=C:\\Fax\\fax.exe",), ("App=c:\\fax\\FAX.EXE",), True),
        (("App=C:\\Fax\\fax.exe",), ("App=D:\\Fax\\fax.exe",), False),
        (("App=C:\\Fax\\fax.exe",), ("App=%ProgramFiles%\\fax.exe",), True),
        (("App=C:\\Fax\\fax.exe",), ("App=%ProgramFiles%\\chat.exe",), False),
        (("Svc=Fax",), ("Svc=fax",), True),
        (("Svc=Fax",), ("Svc=*",), True),
        (("Svc=Fax",), ("Svc=Spooler",), False),
    ],
)
def test_what_rules_have_in_common_beside_ports_and_addresses(
    first: tuple[str, ...], second: tuple[str, ...], shared: bool
) -> None:
    assert meet(rule(*first), rule(*second)) == meet(rule(*second), rule(*first)) == shared


@pytest.mark.parametrize(
    ("ours", "other", "covered"),
    [
        (("Protocol=6", "LPort=RPC"), ("Protocol=6", "LPort=RPC"), True),
        (("Protocol=6",), ("Protocol=6", "LPort=RPC"), True),
        (("Protocol=6", "LPort2_10=1024-65535"), ("Protocol=6", "LPort=RPC"), False),
        (("Protocol=6", "LPort=RPC"), ("Protocol=6", "LPort=2000"), False),
        (("Protocol=6", "LPort=RPC", "LPort=2000"), ("Protocol=6", "LPort=2000"), True),
        (("Protocol=6", "LPort=RPC", "LPort=2000"), ("Protocol=6", "LPort=2000", "LPort=RPC"), False),
        (("Protocol=6", "App=C:\\fax.exe"), ("Protocol=6",), False),
        (("Protocol=6", "App=C:\\fax.exe"), ("Protocol=6", "App=c:\\FAX.exe"), True),
        (("Protocol=6", "Svc=Fax"), ("Protocol=6",), False),
        (("Protocol=6", "RPort=5"), ("Protocol=6",), False),
        (("Protocol=6", "RPort=5"), ("Protocol=6", "RPort=5"), True),
        (("Protocol=1", "ICMP4=8:*"), ("Protocol=1",), False),
        (("Protocol=1", "ICMP4=8:*"), ("Protocol=1", "ICMP4=8:*"), True),
        (("RA4=10.0.0.0/8",), ("RA4=LocalSubnet",), False),
    ],
)
def test_what_is_let_in_for_certain(ours: tuple[str, ...], other: tuple[str, ...], covered: bool) -> None:
    assert Permitted([rule(*ours)]).cover(rule(*other)) == covered


def test_a_permit_covers_itself_and_an_opening_of_everything_covers_all() -> None:
    for item in wanted().rules:
        assert Permitted(wanted().rules).cover(item)
    all_open = Permitted(rules_of(read_policy(policy(openings=[opening("any")])), {}))
    assert all(all_open.cover(rule(*fields)._replace(profiles=("domain",))) for fields, _more in ALLOWS)
