# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_firewall_rule: properties as HNetCfg shows them, on the texts that the registry keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulators.windows.world import World

WANTED: dict[str, Any] = {
    "name": "faxnet tcp",
    "group": "faxnet",
    "protocol": "tcp",
    "localport": "10000-10099,44333",
    "remoteip": "198.51.100.7,203.0.113.0/24",
    "direction": "in",
    "action": "allow",
    "profiles": ["private", "domain"],
}


def text_of(world: World) -> str:
    """The one rule's text."""
    (text,) = world.rules().values()
    return text


def test_a_rule_is_made_once(world: World) -> None:
    result = world.thrice("win_firewall_rule", **WANTED)
    assert result["msg"] == "Firewall rule 'faxnet tcp' created."
    assert "+LocalPorts='10000-10099,44333'\n" in result["diff"]["prepared"]
    assert "+RemoteAddresses='198.51.100.7/255.255.255.255,203.0.113.0/255.255.255.0'\n" in result["diff"]["prepared"]
    assert text_of(world) == (
        "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort2_10=10000-10099|"
        "LPort=44333|RA4=198.51.100.7|RA4=203.0.113.0/255.255.255.0|Name=faxnet tcp|EmbedCtxt=faxnet|"
    )


def test_a_rule_holds_in_all_profiles_unless_they_are_named(world: World) -> None:
    world.done("win_firewall_rule", name="x", direction="in", action="allow")
    assert text_of(world) == "v2.31|Action=Allow|Active=TRUE|Dir=In|Name=x|"


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("action", "block", "Action=Block"),
        ("enabled", False, "Active=FALSE"),
        ("direction", "out", "Dir=Out"),
        ("localport", "1", "LPort=1"),
        ("remoteport", "5-9", "RPort2_10=5-9"),
        ("localip", "192.168.20.21", "LA4=192.168.20.21"),
        ("remoteip", "LocalSubnet", "RA6=LocalSubnet"),
        ("profiles", "public", "Profile=Public"),
        ("program", "%SystemRoot%\\fax.exe", "App=C:\\Windows\\fax.exe"),
        ("service", "Fax", "Svc=Fax"),
        ("description", "d", "Desc=d"),
        ("group", "g", "EmbedCtxt=g"),
        ("edge", "yes", "Edge=TRUE"),
        ("security", "authenticate", "Security=Authenticate"),
        ("interfacetypes", ["lan"], "IFType=Lan"),
    ],
)
def test_one_changed_option_is_one_changed_field(world: World, option: str, value: Any, field: str) -> None:
    world.done("win_firewall_rule", **WANTED)
    assert f"|{field}|" not in text_of(world)
    result = world.thrice("win_firewall_rule", name="faxnet tcp", protocol="tcp", **{option: value})
    assert f"|{field}|" in text_of(world)
    assert result["msg"] == "Firewall rule(s) changed 'faxnet tcp' - unchanged ''"
    assert result["diff"]["prepared"].startswith("[faxnet tcp]\n-")


@pytest.mark.parametrize(
    ("option", "value", "changed"),
    [
        ("remoteip", "203.0.113.0/24,198.51.100.7", False),  # addresses in another order are the same
        ("localport", "44333,10000-10099", True),  # ports are compared as text
        ("remoteip", "203.0.113.0/255.255.255.0,198.51.100.7/32", False),
        ("protocol", "6", False),
        ("program", "any", False),
    ],
)
def test_what_counts_as_the_same(world: World, option: str, value: str, changed: bool) -> None:
    world.done("win_firewall_rule", **WANTED)
    assert world.done("win_firewall_rule", **{**WANTED, option: value})["changed"] is changed


def test_any_takes_a_condition_away(world: World) -> None:
    world.done("win_firewall_rule", **WANTED, program="C:\\fax.exe")
    everything = {"remoteip": "any", "localport": "any", "program": "any"}
    world.thrice("win_firewall_rule", name="faxnet tcp", protocol="tcp", **everything)
    assert text_of(world) == (
        "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|Name=faxnet tcp|"
        "EmbedCtxt=faxnet|"
    )


def test_a_group_is_changed_and_removed_as_one(world: World) -> None:
    for name in ("a", "b"):
        world.done("win_firewall_rule", name=name, group="faxnet")
    world.done("win_firewall_rule", name="c")
    world.thrice("win_firewall_rule", group="FAXNET", enabled=False)
    assert sorted("Active=FALSE" in text for text in world.rules().values()) == [False, True, True]
    result = world.thrice("win_firewall_rule", group="faxnet", state="absent")
    assert "-[a]\n" in result["diff"]["prepared"]
    assert "|Name=c|" in text_of(world)
    assert world.done("win_firewall_rule", group="faxnet", state="absent")["msg"] == (
        "No firewall rules in group 'faxnet' exist."
    )
    assert not world.done("win_firewall_rule", group="faxnet", state="present")["changed"]


def test_a_rule_of_somebody_else_is_seen(world: World) -> None:
    world.host.put_rule("{X}", "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=1|ICMP4=8:*|Name=echo|Defer=App|")
    same: dict[str, Any] = {"protocol": "icmpv4", "icmp_type_code": ["8:*"], "edge": "deferapp", "direction": "in"}
    assert not world.done("win_firewall_rule", name="ECHO", **same)["changed"]
    world.thrice("win_firewall_rule", name="echo", protocol="icmpv4", icmp_type_code=["8:0"])
    assert "|ICMP4=8:0|" in text_of(world)


def test_a_protocol_that_changes_leaves_what_was_set_before(world: World) -> None:
    world.done("win_firewall_rule", **WANTED)
    result = world.run("win_firewall_rule", **{**WANTED, "protocol": "udp", "action": "block"})
    assert "put the protocol into the rule's name" in result["msg"]
    assert "Action=Block|" in text_of(world)
    assert "Protocol=6|" in text_of(world)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "Either name or group must be specified"),
        ({"name": "a|b"}, "cannot have the name 'a|b'"),
        ({"name": "ALL"}, "cannot have the name 'ALL'"),
        ({"name": "a", "protocol": "sctp"}, "Unknown protocol 'sctp'."),
        ({"name": "a", "profiles": ["home"]}, "Unknown profile 'home'."),
        ({"name": "a", "interfacetypes": ["wan"]}, "Unknown interface type 'wan'."),
        ({"name": "a", "localport": "80"}, "needs Protocol=6 or 17"),
        ({"name": "a", "protocol": "tcp", "localport": "99999"}, "The parameter is incorrect."),
        ({"name": "a", "remoteip": "fax.example.com"}, "The parameter is incorrect."),
    ],
)
def test_a_wrong_rule_is_refused(world: World, arguments: dict[str, Any], text: str) -> None:
    assert text in world.refused("win_firewall_rule", **arguments)
    assert world.rules() == {}


def test_a_malformed_rule_on_the_host_is_told(world: World) -> None:
    world.host.put_rule("bad", "v2.10|Nonsense=1|")
    assert "rule 'bad'" in world.refused("win_firewall_rule", name="x")
