# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a firewall rule: the grammar of [MS-GPFAS] 2.2.2 and nothing beside it."""

from __future__ import annotations

import pytest

from tests.emulators.windows.addresses import Addresses, addresses
from tests.emulators.windows.errors import RuleTextError
from tests.emulators.windows.rule_text import ANY_PROTOCOL, parsed, written

HEAD = "v2.10|Action=Allow|Active=TRUE|Dir=In|"
TCP = f"{HEAD}Protocol=6|"


def test_all_fields_of_a_rule_are_read() -> None:
    rule = parsed(
        "faxnet-tcp",
        f"{TCP}Profile=Private|Profile=Domain|LPort=44333|LPort=RPC|LPort2_10=10000-10099|RPort=1|LA4=192.168.20.21|"
        "RA4=198.51.100.0/255.255.255.0|RA4=198.51.100.7-198.51.100.9|RA6=LocalSubnet|App=C:\\fax.exe|Svc=Fax|"
        "IFType=Lan|Name=Fax|Desc=d|EmbedCtxt=faxnet|Edge=TRUE|",
    )
    assert (rule.id, rule.version, rule.action, rule.active) == ("faxnet-tcp", (2, 10), "Allow", True)
    assert (rule.direction, rule.protocol, rule.profiles) == ("In", 6, {"Private", "Domain"})
    assert rule.local_ports == ((44333, 44333), (10000, 10099))
    assert rule.local_port_keywords == {"RPC"}
    assert rule.remote_ports == ((1, 1),)
    assert rule.local_addresses == (addresses("192.168.20.21", 4),)
    assert [each.text() for each in rule.remote_addresses] == [
        "198.51.100.0-198.51.100.255",
        "198.51.100.7-198.51.100.9",
    ]
    assert rule.remote_keywords == {(6, "LocalSubnet")}
    assert (rule.program, rule.service, rule.interface_types) == ("C:\\fax.exe", "Fax", {"Lan"})
    assert (rule.name, rule.description, rule.group, rule.edge) == ("Fax", "d", "faxnet", "Allow")


def test_what_a_text_leaves_out_is_everything() -> None:
    rule = parsed("x", "v2.10|Action=Block|Dir=Out|")
    assert rule.profiles == {"Domain", "Private", "Public"}
    assert rule.protocol == ANY_PROTOCOL
    assert not rule.active  # "If the Active= token does not appear a Boolean value of false is assumed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Action=Allow|Dir=In|",
        "v2|Action=Allow|Dir=In|",
        "v2.256|Action=Allow|Dir=In|",
        "v2.10|",
        "v2.10|Action=Allow|Dir=In",
        "v2.10|Dir=In|",
        "v2.10|Action=Allow|",
        "v2.10|Action=allow|Dir=In|",
        "v2.10|Action=Allow|Action=Allow|Dir=In|",
        "v2.10|Action=ByPass|Dir=In|",
        f"{HEAD}Active=TRUE|",
        f"{HEAD}Nonsense=1|",
        f"{HEAD}Name=|",
        f"{HEAD}Edge=yes|",
        f"{HEAD}Profile=Home|",
        f"{HEAD}Protocol=256|",
        f"{HEAD}Protocol=tcp|",
        f"{HEAD}LPort=80|",
        f"{HEAD}LPort=80|Protocol=6|",
        f"{HEAD}Protocol=47|LPort=80|",
        f"{HEAD}Protocol=1|LPort=80|",
        f"{TCP}ICMP4=8:*|",
        f"{TCP}LPort=65536|",
        f"{TCP}LPort=10000-10099|",
        f"{TCP}LPort2_10=10000|",
        f"{TCP}LPort2_10=10099-10000|",
        f"{TCP}LPort=10000,10001|",
        f"{TCP}LPort=IPHTTPSIn|",
        f"{TCP}LPort=Teredo|",
        f"{TCP}RPort=RPC|",
        "v2.9|Action=Allow|Dir=In|Protocol=6|LPort2_10=1-2|",
        "v2.10|Action=Allow|Dir=Out|Protocol=6|LPort=RPC|",
        f"{HEAD}Protocol=17|LPort=RPC|",
        f"{HEAD}RA4=198.51.100.300|",
        f"{HEAD}RA4=198.51.100.7/32|",
        f"{HEAD}RA4=198.51.100.7/255.0.255.0|",
        f"{HEAD}RA4=198.51.100.9-198.51.100.7|",
        f"{HEAD}RA4=2001:db8::1|",
        f"{HEAD}RA6=198.51.100.7|",
        f"{HEAD}RA6=2001:db8::/128|",
        f"{HEAD}LA4=LocalSubnet|",
        f"{HEAD}RA4=localsubnet|",
        f"{HEAD}IFType=Ethernet|",
        f"{HEAD}Protocol=1|ICMP4=8|",
        f"{HEAD}Security=Maybe|",
    ],
)
def test_a_malformed_text_is_refused(text: str) -> None:
    with pytest.raises(RuleTextError, match="rule 'bad': "):
        parsed("bad", text)


@pytest.mark.parametrize(
    ("text", "version", "first", "last"),
    [
        ("198.51.100.7", 4, "198.51.100.7", "198.51.100.7"),
        ("198.51.100.7/24", 4, "198.51.100.0", "198.51.100.255"),
        ("198.51.100.7/255.255.255.255", 4, "198.51.100.7", "198.51.100.7"),
        ("128.0.0.0/1", 4, "128.0.0.0", "255.255.255.255"),
        ("2001:db8::/64", 6, "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::1-2001:db8::2", 6, "2001:db8::1", "2001:db8::2"),
    ],
)
def test_addresses_are_a_range(text: str, version: int, first: str, last: str) -> None:
    found = addresses(text, version)
    assert found.text() == (first if first == last else f"{first}-{last}")
    assert isinstance(found, Addresses)


def test_a_value_that_holds_the_grammars_own_sign_is_not_written() -> None:
    assert written("2.31", [("Action", "Allow"), ("Name", "a=b")]) == "v2.31|Action=Allow|Name=a=b|"
    for value in ("a|Active=TRUE", ""):
        with pytest.raises(RuleTextError):
            written("2.31", [("Name", value)])
