# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluator: what [MS-GPFAS] and [MS-FASP] say of rules, profiles and policies, and the laws that follow."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.windows.addresses import addresses
from tests.emulators.windows.errors import EmulatorError, RuleTextError
from tests.emulators.windows.firewall import Firewall, Packet, Profile, Verdict, firewall_of
from tests.emulators.windows.registry import Registry
from tests.emulators.windows.rule_text import Rule, parsed
from tests.emulators.windows.state import GROUP_POLICY, LOCAL_POLICY
from tests.unit.emulators.windows.world import World

SERVER = ipaddress.ip_address("198.51.100.7")
CLIENT = ipaddress.ip_address("192.168.20.21")
CALL_BACK = Packet("In", 6, CLIENT, SERVER, local_port=10000, remote_port=40000, profile="Private")
OPEN = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=10000-10099|"


def firewall(*texts: str, policy: tuple[str, ...] = (), **settings_: Any) -> Firewall:
    """A firewall with these rules, and profiles that are on, block what comes in and allow what goes out."""
    shape = {"enabled": True, "shielded": False, "local_rules": True, "allow_in": False, "allow_out": True, **settings_}
    profiles = {name: Profile(name, **shape) for name in ("Domain", "Private", "Public")}
    local = tuple(parsed(f"local{number}", text) for number, text in enumerate(texts))
    return Firewall(profiles, local, tuple(parsed(f"policy{number}", text) for number, text in enumerate(policy)))


def judged(text: str, packet: Packet = CALL_BACK, **changes: Any) -> bool:
    """Whether a packet passes where one rule stands alone."""
    return firewall(text).judge(dataclasses.replace(packet, **changes)).allowed


def test_a_rule_lets_in_what_all_its_conditions_hold_for() -> None:
    text = f"{OPEN}RA4=198.51.100.7|Profile=Private|"
    verdict = firewall(text).judge(CALL_BACK)
    assert verdict.allowed
    assert verdict.rule is not None
    assert (verdict.rule.id, verdict.store) == ("local0", "local")
    assert judged(text, local_port=10099)
    assert not judged(text, local_port=10100)
    assert not judged(text, local_port=9999)
    assert not judged(text, protocol=17)
    assert not judged(text, remote=ipaddress.ip_address("198.51.100.8"))
    assert not judged(text, profile="Public")
    assert not judged(text.replace("Active=TRUE", "Active=FALSE"))
    assert not judged(text.replace("Dir=In", "Dir=Out"))


@pytest.mark.parametrize(
    ("fields", "changes", "allowed"),
    [
        ("LPort=5060|LPort=5061|", {"local_port": 5061}, True),
        ("RPort=40000|", {}, True),
        ("RPort=40001|", {}, False),
        ("LA4=192.168.20.0/24|", {}, True),
        ("LA4=192.168.21.0/24|", {}, False),
        ("RA4=10.0.0.1|RA4=198.51.100.0/24|", {}, True),
        ("RA6=2001:db8::/32|", {}, False),
        ("RA4=LocalSubnet|", {}, False),
        ("App=%ProgramFiles%\\NetCFax\\fax.exe|", {"program": "c:\\program files\\netcfax\\FAX.EXE"}, True),
        ("App=C:\\fax.exe|", {}, False),
        ("Svc=Fax|", {"service": "fax"}, True),
        ("Svc=*|", {"service": "spooler"}, True),
        ("Svc=*|", {}, False),
        ("IFType=Wireless|", {}, False),
        ("Security=Authenticate|", {}, False),
        ("Security=Authenticate|", {"authenticated": True}, True),
        ("LPort=RPC|", {"local_port": 50000}, False),
        ("LPort=RPC|", {"local_port": 50000, "keywords": frozenset({"RPC"})}, True),
        ("LPort=RPC-EPMap|", {"local_port": 135}, True),
        ("LPort=RPC|LPort=7|", {"local_port": 7}, True),
    ],
)
def test_different_fields_hold_together_and_repeated_ones_are_alternatives(
    fields: str, changes: dict[str, Any], allowed: bool
) -> None:
    assert judged(f"v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|{fields}", **changes) is allowed


def test_a_rule_without_a_protocol_holds_for_each() -> None:
    assert judged("v2.10|Action=Allow|Active=TRUE|Dir=In|", protocol=47)


@pytest.mark.parametrize(("code", "allowed"), [(0, True), (1, False)])
def test_icmp_is_told_by_type_and_code(code: int, allowed: bool) -> None:
    text = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=1|ICMP4=8:0|"
    assert judged(text, protocol=1, icmp=(8, code)) is allowed
    assert judged(text.replace("8:0", "8:*"), protocol=1, icmp=(8, code))
    assert not judged(text.replace("8:0", "8:*"), protocol=1, icmp=(13, code))


def test_a_keyword_stands_for_the_hosts_own_networks() -> None:
    subnet = dataclasses.replace(
        firewall(f"{OPEN}RA4=LocalSubnet|"), keywords={"LocalSubnet": (addresses("198.51.100.0/24", 4),)}
    )
    assert subnet.judge(CALL_BACK).allowed
    assert not subnet.judge(dataclasses.replace(CALL_BACK, remote=ipaddress.ip_address("203.0.113.9"))).allowed


def test_bypass_beats_block_and_block_beats_allow() -> None:
    block, bypass = OPEN.replace("Allow", "Block"), OPEN.replace("Allow", "ByPass") + "Security=Authenticate|"
    known = dataclasses.replace(CALL_BACK, authenticated=True)
    assert not firewall(OPEN, block).judge(CALL_BACK).allowed
    assert not firewall(OPEN, policy=(block,)).judge(CALL_BACK).allowed
    assert not firewall(OPEN, block, bypass).judge(CALL_BACK).allowed
    assert firewall(OPEN, block, bypass).judge(known).allowed
    assert "local1 blocks" in firewall(OPEN, block).judge(CALL_BACK).reason


def test_without_a_rule_the_profiles_default_decides() -> None:
    outgoing = dataclasses.replace(CALL_BACK, direction="Out")
    assert firewall().judge(CALL_BACK) == Verdict(False, "the default of the profile Private is to block")
    assert firewall().judge(outgoing).allowed
    assert firewall(allow_in=True).judge(CALL_BACK).allowed
    assert not firewall(allow_out=False).judge(outgoing).allowed


def test_a_firewall_that_is_off_blocks_nothing_and_a_shielded_one_lets_nothing_in() -> None:
    assert firewall(OPEN.replace("Allow", "Block"), enabled=False).judge(CALL_BACK).allowed
    assert not firewall(OPEN, shielded=True).judge(CALL_BACK).allowed
    assert firewall(shielded=True).judge(dataclasses.replace(CALL_BACK, direction="Out")).allowed
    assert firewall(shielded=True, enabled=False).judge(CALL_BACK).allowed


def test_local_rules_count_only_where_the_policy_lets_them() -> None:
    assert firewall(OPEN).judge(CALL_BACK).allowed
    assert not firewall(OPEN, local_rules=False).judge(CALL_BACK).allowed
    assert firewall(policy=(OPEN,), local_rules=False).judge(CALL_BACK).store == "policy"


def test_a_condition_that_is_not_weighed_is_no_guess() -> None:
    with pytest.raises(EmulatorError, match="LUAuth"):
        judged(f"{OPEN}LUAuth=O:LSD:(D;;CC;;;S-1-5-84)|")
    assert not judged(f"{OPEN}LUAuth=O:LSD:(D;;CC;;;S-1-5-84)|", local_port=1)


# ---- from the registry


def test_a_fresh_host_lets_nothing_in_and_everything_out(world: World) -> None:
    assert not world.host.judge(CALL_BACK).allowed
    assert world.host.judge(dataclasses.replace(CALL_BACK, direction="Out")).allowed


@pytest.mark.parametrize(
    ("key", "name", "number", "allowed"),
    [
        (f"{LOCAL_POLICY}\\StandardProfile", "EnableFirewall", 0, True),
        (f"{LOCAL_POLICY}\\PublicProfile", "EnableFirewall", 0, False),
        (f"{LOCAL_POLICY}\\StandardProfile", "DefaultInboundAction", 0, True),
        (f"{GROUP_POLICY}\\PrivateProfile", "EnableFirewall", 0, True),
        (f"{GROUP_POLICY}\\StandardProfile", "EnableFirewall", 0, True),
        (f"{GROUP_POLICY}\\PrivateProfile", "DefaultInboundAction", 0, True),
        (f"{GROUP_POLICY}\\DomainProfile", "DefaultInboundAction", 0, False),
        (f"{GROUP_POLICY}\\StandardProfile", "DefaultInboundAction", 0, False),
    ],
)
def test_a_setting_holds_for_its_profile(world: World, key: str, name: str, number: int, allowed: bool) -> None:
    world.set_value(key, name, number)
    assert world.host.judge(CALL_BACK).allowed is allowed


def test_the_policys_settings_win_over_local_ones(world: World) -> None:
    world.host.put_rule("ours", OPEN)
    assert world.host.judge(CALL_BACK).allowed
    world.set_value(f"{GROUP_POLICY}\\PrivateProfile", "AllowLocalPolicyMerge", 0)
    assert not world.host.judge(CALL_BACK).allowed
    world.host.put_rule("theirs", OPEN, policy=True)
    assert world.host.judge(CALL_BACK).allowed
    world.set_value(f"{GROUP_POLICY}\\PrivateProfile", "DoNotAllowExceptions", 1)
    assert "allows no exceptions" in world.host.judge(CALL_BACK).reason
    world.set_value(f"{LOCAL_POLICY}\\StandardProfile", "DoNotAllowExceptions", 1)
    world.set_value(f"{GROUP_POLICY}\\PrivateProfile", "DoNotAllowExceptions", 0)
    assert not world.host.judge(CALL_BACK).allowed  # here "on" wins


def test_the_old_policy_key_is_ignored_where_a_new_one_stands(world: World) -> None:
    world.set_value(f"{GROUP_POLICY}\\StandardProfile", "EnableFirewall", 0)
    assert world.host.judge(CALL_BACK).allowed
    world.set_value(f"{GROUP_POLICY}\\PublicProfile", "EnableFirewall", 1)
    assert not world.host.judge(CALL_BACK).allowed


def test_a_packet_is_of_the_network_that_the_host_stands_in(world: World) -> None:
    world.host.put_rule("ours", f"{OPEN}Profile=Public|RA4=LocalSubnet|")
    packet = dataclasses.replace(CALL_BACK, profile="")
    assert not world.host.judge(packet).allowed
    world.host.set_network("Public", ["198.51.100.0/24"])
    assert world.host.judge(packet).allowed
    assert not world.host.judge(CALL_BACK).allowed
    with pytest.raises(EmulatorError, match="not 'Home'"):
        world.host.set_network("Home")


def test_a_malformed_rule_in_the_registry_is_told(world: World) -> None:
    world.host.put_rule("bad", "v2.10|Action=Allow|")
    with pytest.raises(RuleTextError, match="'bad'"):
        world.host.judge(CALL_BACK)


def test_a_registry_of_nothing_is_a_firewall_with_windows_own_defaults() -> None:
    made = firewall_of(Registry({}))
    assert made.profiles["Public"] == Profile("Public", True, False, True, False, True)


# ---- laws

PORTS = st.integers(1, 8)
RANGES = st.tuples(PORTS, PORTS).map(lambda ends: tuple(sorted(ends)))
ADDRESSES = st.sampled_from(
    ["198.51.100.7", "198.51.100.0/24", "203.0.113.9", "203.0.113.1-203.0.113.20", "LocalSubnet"]
)


@st.composite
def texts(draw: st.DrawFn, actions: tuple[str, ...] = ("Allow", "Block", "ByPass")) -> str:
    """The text of a rule."""
    action = draw(st.sampled_from(actions))
    fields = [f"Action={action}", f"Active={draw(st.sampled_from(['TRUE', 'TRUE', 'FALSE']))}"]
    fields += [f"Dir={draw(st.sampled_from(['In', 'In', 'Out']))}"]
    protocol = draw(st.sampled_from([None, 6, 17, 1]))
    fields += [] if protocol is None else [f"Protocol={protocol}"]
    fields += [
        f"Profile={each}" for each in draw(st.sets(st.sampled_from(["Private", "Public", "Domain"]), max_size=2))
    ]
    if protocol in (6, 17):
        fields += [f"LPort2_10={first}-{last}" for first, last in draw(st.lists(RANGES, max_size=2))]
    fields += [f"RA4={each}" for each in draw(st.lists(ADDRESSES, max_size=2))]
    fields += ["Security=Authenticate"] if action == "ByPass" else []
    return "".join(f"{field}|" for field in ("v2.31", *fields))


PACKETS = st.builds(
    Packet,
    direction=st.sampled_from(["In", "In", "Out"]),
    protocol=st.sampled_from([6, 17, 1]),
    local=st.just(CLIENT),
    remote=st.sampled_from([SERVER, ipaddress.ip_address("203.0.113.9"), ipaddress.ip_address("192.168.20.9")]),
    local_port=PORTS,
    remote_port=PORTS,
    profile=st.sampled_from(["Private", "Public", "Domain"]),
    authenticated=st.booleans(),
)
PROFILES = st.fixed_dictionaries(
    {"enabled": st.booleans() | st.just(True), "shielded": st.booleans(), "local_rules": st.booleans(),
     "allow_in": st.booleans(), "allow_out": st.booleans()}
)  # fmt: skip
KEYWORDS = {"LocalSubnet": (addresses("192.168.20.0/24", 4),)}
QUICK = settings(max_examples=300, derandomize=True)


def made_of(local: list[Rule], policy: list[Rule], profile: dict[str, bool]) -> Firewall:
    """A firewall of rules."""
    profiles = {name: Profile(name, **profile) for name in ("Domain", "Private", "Public")}
    return Firewall(profiles, tuple(local), tuple(policy), KEYWORDS)


def rules_of(found: list[str]) -> list[Rule]:
    """Rules with names of their own."""
    return [parsed(f"r{number}", text) for number, text in enumerate(found)]


@QUICK
@given(st.lists(texts(), max_size=6), st.lists(texts(), max_size=3), PROFILES, PACKETS, st.randoms())
def test_order_never_matters(
    local: list[str], policy: list[str], profile: dict[str, bool], packet: Packet, chance: Any
) -> None:
    first = made_of(rules_of(local), rules_of(policy), profile)
    shuffled = [list(first.local), list(first.policy)]
    for rules in shuffled:
        chance.shuffle(rules)
    assert made_of(shuffled[0], shuffled[1], profile).judge(packet) == first.judge(packet)


@QUICK
@given(st.lists(texts(), max_size=6), texts(("Block",)), st.booleans(), PROFILES, PACKETS)
def test_a_block_only_narrows(
    rules: list[str], block: str, in_policy: bool, profile: dict[str, bool], packet: Packet
) -> None:
    more = [parsed("more", block)]
    before = made_of(rules_of(rules), [], profile).judge(packet).allowed
    after = made_of(rules_of(rules) + more * (not in_policy), more * in_policy, profile).judge(packet).allowed
    assert before or not after


@QUICK
@given(st.lists(texts(), max_size=6), texts(("Allow", "ByPass")), st.booleans(), PROFILES, PACKETS)
def test_an_allow_only_widens(
    rules: list[str], allow: str, in_policy: bool, profile: dict[str, bool], packet: Packet
) -> None:
    more = [parsed("more", allow)]
    before = made_of(rules_of(rules), [], profile).judge(packet).allowed
    after = made_of(rules_of(rules) + more * (not in_policy), more * in_policy, profile).judge(packet).allowed
    assert after or not before


@QUICK
@given(st.lists(texts(), max_size=6), PROFILES, PACKETS)
def test_what_a_verdict_names_is_a_rule_that_matches(
    rules: list[str], profile: dict[str, bool], packet: Packet
) -> None:
    made = made_of(rules_of(rules), [], profile)
    verdict = made.judge(packet)
    if verdict.rule is not None:
        assert verdict.rule.active
        assert made.matches(verdict.rule, packet)
        assert verdict.allowed is (verdict.rule.action != "Block")
    else:
        blocking = [rule for _store, rule in made.active(packet.profile) if made.matches(rule, packet)]
        assert blocking == [] or not profile["enabled"] or (profile["shielded"] and packet.direction == "In")
