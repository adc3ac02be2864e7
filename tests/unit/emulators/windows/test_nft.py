# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same rules as text of nft. What it means to a kernel is shown where there is one."""

from __future__ import annotations

import pytest

from tests.emulators.windows.addresses import addresses
from tests.emulators.windows.errors import EmulatorError
from tests.emulators.windows.firewall import Firewall
from tests.emulators.windows.nft import Listener, text
from tests.unit.emulators.windows.test_firewall import firewall
from tests.unit.emulators.windows.world import World

HEAD = "v2.31|Action=Allow|Active=TRUE|Dir=In|"
ALWAYS = [
    "iif lo accept",
    "ct state established,related accept",
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
]


def chains(made: Firewall, *listeners: Listener, rpc_ports: tuple[int, ...] = ()) -> dict[str, list[str]]:
    """The lines of each chain, without its hook and policy."""
    found: dict[str, list[str]] = {}
    for chain in text(made, "Private", listeners, rpc_ports).split("\tchain ")[1:]:
        name, *lines = [line.strip() for line in chain.strip().splitlines()]
        found[name.removesuffix(" {")] = [line for line in lines if line not in ("}", "")][1:]
    return found


def rules(*texts: str) -> list[str]:
    """The lines for packets coming in that are the rules' own."""
    lines = chains(firewall(*texts))["input"]
    assert lines[:3] == ALWAYS
    assert lines[-1] == "drop"
    return lines[3:-1]


def test_a_whole_ruleset_replaces_the_one_before() -> None:
    assert text(firewall(f"{HEAD}Protocol=6|LPort=10000|RA4=198.51.100.7|"), "Private") == (
        "table inet emulated_windows\n"
        "delete table inet emulated_windows\n"
        "table inet emulated_windows {\n"
        "\tchain input {\n"
        "\t\ttype filter hook input priority 0; policy accept;\n"
        "\t\tiif lo accept\n"
        "\t\tct state established,related accept\n"
        f"\t\t{ALWAYS[2]}\n"
        "\t\tip saddr { 198.51.100.7 } tcp dport { 10000 } accept\n"
        "\t\tdrop\n"
        "\t}\n"
        "\tchain output {\n"
        "\t\ttype filter hook output priority 0; policy accept;\n"
        "\t\toif lo accept\n"
        "\t\tct state established,related accept\n"
        f"\t\t{ALWAYS[2]}\n"
        "\t}\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ("", ["accept"]),
        ("Protocol=47|", ["meta l4proto 47 accept"]),
        ("Protocol=17|", ["meta l4proto udp accept"]),
        ("Protocol=6|LPort=2|LPort2_10=3-9|RPort=7|", ["tcp dport { 2-9 } tcp sport { 7 } accept"]),
        ("Protocol=1|", ["meta l4proto icmp accept"]),
        ("Protocol=1|ICMP4=8:*|ICMP4=3:4|", ["icmp type 8 accept", "icmp type 3 icmp code 4 accept"]),
        ("Protocol=58|ICMP6=128:*|", ["icmpv6 type 128 accept"]),
        ("RA4=198.51.100.0/24|RA4=198.51.100.7|", ["ip saddr { 198.51.100.0-198.51.100.255 } accept"]),
        ("RA4=198.51.100.7|RA6=2001:db8::7|", ["ip saddr { 198.51.100.7 } accept", "ip6 saddr { 2001:db8::7 } accept"]),
        ("LA4=192.168.20.21|RA6=2001:db8::7|", []),
        ("RA4=198.51.100.7|LA4=192.168.20.21|", ["ip saddr { 198.51.100.7 } ip daddr { 192.168.20.21 } accept"]),
        ("RA4=LocalSubnet|", []),
        ("Profile=Public|", []),
        ("Security=Authenticate|", []),
        ("IFType=Wireless|", []),
        ("IFType=RemoteAccess|IFType=Lan|", ["accept"]),
        ("Protocol=6|LPort=RPC|", []),
        ("Protocol=6|LPort=RPC-EPMap|", ["tcp dport { 135 } accept"]),
        ("Protocol=6|App=C:\\fax.exe|", []),
    ],
)
def test_each_condition_has_its_words(fields: str, lines: list[str]) -> None:
    assert rules(HEAD + fields) == lines


def test_blocks_stand_before_allows_whatever_their_names() -> None:
    lines = rules(f"{HEAD}Protocol=6|LPort=1|", HEAD.replace("Allow", "Block") + "Protocol=6|LPort=2|")
    assert lines == ["tcp dport { 2 } drop", "tcp dport { 1 } accept"]


def test_a_rule_bound_to_a_program_holds_where_that_program_listens() -> None:
    fax = Listener(6, 10005, program="c:\\FAX.exe", service="Fax")
    bound = f"{HEAD}Protocol=6|LPort2_10=10000-10099|App=C:\\fax.exe|"
    expected = ["tcp dport { 10005 } accept"]
    assert chains(firewall(bound), fax)["input"][3:-1] == expected
    assert chains(firewall(f"{HEAD}Svc=fax|"), fax)["input"][3:-1] == expected
    assert chains(firewall(f"{HEAD}Svc=other|"), fax)["input"][3:-1] == []
    assert chains(firewall(bound), Listener(6, 9, program="C:\\fax.exe"))["input"][3:-1] == []
    assert chains(firewall(bound), Listener(17, 10005, program="C:\\fax.exe"))["input"][3:-1] == []


def test_the_ports_of_rpc_are_told() -> None:
    assert chains(firewall(f"{HEAD}Protocol=6|LPort=RPC|"), rpc_ports=(49670, 49671))["input"][3:-1] == [
        "tcp dport { 49670-49671 } accept"
    ]


def test_outgoing_rules_look_at_the_other_side() -> None:
    block = "v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|LPort=1|RPort=25|RA4=198.51.100.7|"
    assert chains(firewall(block))["output"][3:] == ["ip daddr { 198.51.100.7 } tcp sport { 1 } tcp dport { 25 } drop"]


def test_settings_of_the_profile_are_in_the_text() -> None:
    assert chains(firewall(HEAD, enabled=False)) == {"input": [], "output": []}
    assert chains(firewall(HEAD, shielded=True))["input"] == [*ALWAYS, "drop"]
    assert chains(firewall(HEAD, allow_in=True))["input"] == [*ALWAYS, "accept"]
    assert chains(firewall(HEAD, local_rules=False))["input"] == [*ALWAYS, "drop"]
    assert chains(firewall(allow_out=False))["output"][-1] == "drop"


def test_what_nft_cannot_see_is_refused() -> None:
    with pytest.raises(EmulatorError, match="'local0' looks at what nft does not see"):
        rules(f"{HEAD}LUAuth=O:LSD:(D;;CC;;;S-1-5-84)|")


def test_a_host_has_its_own_networks_in_its_text(world: World) -> None:
    world.host.set_network("Private", ["192.168.20.0/24", "fd00::/64"])
    world.host.put_rule("ours", f"{HEAD}RA4=LocalSubnet|RA6=LocalSubnet|")
    made = world.host.nft()
    assert "ip saddr { 192.168.20.0-192.168.20.255 } accept" in made
    assert "ip6 saddr { fd00::-fd00::ffff:ffff:ffff:ffff } accept" in made
    assert addresses("192.168.20.0/24", 4) in world.host.firewall().keywords["LocalSubnet"]
