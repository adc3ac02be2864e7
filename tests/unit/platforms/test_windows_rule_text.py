# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a rule is written and read back; a text that is none is refused; rules of others are read as they are."""

from __future__ import annotations

import pytest
from hypothesis import given

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule import Rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule_text import (
    RuleTextError,
    listing,
    read_rule,
    write_rule,
)
from tests.unit.platforms.windows_rules import rule, rules, text


@given(rules())
def test_a_rule_that_is_written_is_read_back(given_rule: Rule) -> None:
    assert read_rule("x", write_rule(given_rule)) == given_rule


@given(rules())
def test_what_is_written_once_is_written_so_again(given_rule: Rule) -> None:
    written = write_rule(given_rule)
    assert write_rule(read_rule("y", written)) == written


#: A Windows of today writes these (public dumps of its registry); the last two are of other versions.
FOREIGN = [
    "v2.33|Action=Allow|Active=FALSE|Dir=In|Protocol=1|Profile=Private|Profile=Public|ICMP4=8:*|RA4=LocalSubnet|"
    "Name=@FirewallAPI.dll,-28543|Desc=@FirewallAPI.dll,-28547|EmbedCtxt=@FirewallAPI.dll,-28502|",
    "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=IPTLSIn|LPort2_10=IPHTTPSIn|App=System|"
    "Name=@FirewallAPI.dll,-25426|EmbedCtxt=@FirewallAPI.dll,-25000|",
    "v2.27|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=RPC-EPMap|App=%systemroot%\\system32\\wininit.exe|"
    "Name=@firewallapi.dll,-36755|EmbedCtxt=@firewallapi.dll,-36751|",
    "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort2_10=1-66|LPort2_10=69-55554|Name=TCP|EmbedCtxt=Other|",
    "v2.32|Action=Block|Active=TRUE|Dir=Out|Name=Block all|LUAuth=O:LSD:(D;;CC;;;S-1-5-80-859482183)(D;;CC;;;AC)|",
    "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|RA4=10.0.0.0/255.0.0.0|RA6=fe80::/10|Edge=TRUE|Name=w|",
    "v2.0|Action=Allow|Dir=In|Protocol=6|LPort=80|LPort=443|App=C:\\x=y.exe|Svc=DHCPServer|Name=a|",
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_rules_of_others_are_read_and_mean_the_same_when_they_are_written(foreign: str) -> None:
    read = read_rule("x", foreign)
    assert read_rule("x", write_rule(read)) == read


def test_what_a_field_says_is_where_it_belongs() -> None:
    fields = (
        "Protocol=17 Profile=Public Profile=Domain LPort=500 LPort2_10=400-499 RPort=7 RA4=10.1.0.0/24 "
        "RA4=10.1.1.0/255.255.255.0 RA6=2001:db8::1-2001:db8::3 RA4=LocalSubnet LA4=10.1.0.9 App=C:\\a.exe Svc=* "
        "Name=n Desc=d EmbedCtxt=g Edge=TRUE IFType=Lan"
    )
    read = rule(*fields.split(), action="Block", direction="Out")
    assert (read.protocol, read.profiles, read.action, read.direction) == (17, ("domain", "public"), "block", "out")
    assert [ports.text for ports in read.local_ports] == ["400-500"]
    assert [ports.text for ports in read.remote_ports] == ["7"]
    assert [(span.version, span.high - span.low + 1) for span in read.remote_addresses] == [(4, 512), (6, 3)]
    assert read.remote_words == ("RA4=LocalSubnet",)
    assert (len(read.local_addresses), read.edge, read.enabled) == (1, True, True)
    assert (read.program, read.service, read.title) == ("C:\\a.exe", "*", "foreign (n)")
    assert (read.description, read.group, read.other) == ("d", "g", (("IFType", "Lan"),))


def test_a_rule_is_active_that_says_so() -> None:
    texts = (
        "v2.10|Action=Allow|Dir=In|",
        "v2.10|Action=Allow|Dir=In|Active=FALSE|",
        "v2.10|Action=Allow|Dir=In|Active=TRUE|",
    )
    assert [read_rule("x", item).enabled for item in texts] == [False, False, True]


def test_all_addresses_of_both_versions_are_any() -> None:
    every = ("RA4=0.0.0.0-255.255.255.255", "RA6=::/0")
    assert (rule(*every).remote_addresses, rule(*every, "RA4=DNS").remote_words) == ((), ())
    assert len(rule(every[0]).remote_addresses) == 1


@pytest.mark.parametrize(
    ("malformed", "message"),
    [
        ("", "does not begin with a version"),
        ("Action=Allow|Dir=In|", "does not begin with a version"),
        ("v2|Action=Allow|Dir=In|", "does not begin with a version"),
        ("v2.10", "there is at least one"),
        ("v2.10|", "there is at least one"),
        ("v2.10|Action=Allow|Dir=In", "each field ends with a bar"),
        ("v2.10|Action=Allow||Dir=In|", "is no field"),
        ("v2.10|Action=Allow|Dir=In|Name|", "'Name' is no field"),
        ("v2.10|Action=Allow|Dir=In|=x|", "is no field"),
        ("v2.10|Dir=In|", "Action is missing"),
        ("v2.10|Action=Allow|", "Dir is missing"),
        ("v2.10|Action=Permit|Dir=In|", "Action is 'Permit'"),
        ("v2.10|Action=Allow|Dir=Sideways|", "Dir is 'Sideways'"),
        ("v2.10|Action=Allow|Dir=In|Dir=Out|", "Dir comes twice"),
        ("v2.10|Action=Allow|Dir=In|Active=YES|", "neither TRUE nor FALSE"),
        ("v2.10|Action=Allow|Dir=In|Protocol=256|", "Protocol is '256'"),
        ("v2.10|Action=Allow|Dir=In|Protocol=tcp|", "Protocol is 'tcp'"),
        ("v2.10|Action=Allow|Dir=In|Profile=Work|", "Profile is 'Work'"),
        ("v2.10|Action=Allow|Dir=In|LPort=80|", "the protocol has no such thing"),
        ("v2.10|Action=Allow|Dir=In|Protocol=6|ICMP4=8:*|", "the protocol has no such thing"),
        ("v2.10|Action=Allow|Dir=In|Protocol=1|ICMP6=8:*|", "the protocol has no such thing"),
        ("v2.10|Action=Allow|Dir=In|Protocol=1|ICMP4=8|", "no type and code"),
        ("v2.10|Action=Allow|Dir=In|Protocol=1|ICMP4=256:0|", "no type and code"),
        ("v2.10|Action=Allow|Dir=In|Protocol=6|LPort=65536|", "reversed or above 65535"),
        ("v2.10|Action=Allow|Dir=In|Protocol=6|LPort=10-20|", "neither ports nor a word"),
        ("v2.10|Action=Allow|Dir=In|Protocol=6|LPort2_10=20-10|", "reversed or above 65535"),
        ("v2.9|Action=Allow|Dir=In|Protocol=6|LPort2_10=10-20|", "of an earlier one"),
        ("v2.10|Action=Allow|Dir=In|RA4=10.0.0.300|", "RA4 is '10.0.0.300'"),
        ("v2.10|Action=Allow|Dir=In|RA4=2001:db8::1|", "no addresses of IPv4"),
        ("v2.10|Action=Allow|Dir=In|RA4=10.0.0.9-10.0.0.1|", "in ascending order"),
        ("v2.10|Action=Allow|Dir=In|RA4=10.0.0.0/255.0.255.0|", "is no mask"),
        ("v2.10|Action=Allow|Dir=In|RA4=10.0.0.1/24|", "host bits"),
        ("v2.10|Action=Allow|Dir=In|RA4=|", "RA4 is ''"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_its_field_and_value(malformed: str, message: str) -> None:
    with pytest.raises(RuleTextError) as refused:
        read_rule("x", malformed)
    assert message in str(refused.value)


@pytest.mark.parametrize("value", ["a|b", "a\nb", "a\x00", "\x7f", "a\u2028b", "\ud800"])
@pytest.mark.parametrize("field", ["display_name", "description", "group", "program", "service"])
def test_what_cannot_stand_in_a_text_is_refused(field: str, value: str) -> None:
    with pytest.raises(RuleTextError, match="cannot stand in a rule"):
        write_rule(rule()._replace(**{field: value}))


def test_a_listing_is_a_rule_a_line_sorted() -> None:
    two = [rule("Protocol=6"), rule("Protocol=17")]
    assert listing(two) == listing(reversed(two)) == "".join(sorted(f"{write_rule(item)}\n" for item in two))
    assert text("Protocol=6").count("|") == 5
