# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What texts of rules let in, told from [MS-GPFAS] 2.2.2.19 and [MS-FASP] 2.2.34 alone: no code is the engine's.

Fields of one key are "or", keys are "and", a block beats an allow, and what nothing allows does not come in.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

NUMBERS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "icmpv6": 58, "vrrp": 112, "sctp": 132}


class Packet(NamedTuple):
    """The first packet of a connection that comes in."""

    source: str
    protocol: int
    port: int | None = None
    source_port: int | None = None
    icmp: str = ""
    profile: str = "domain"
    program: str = ""


def lets_in(rules: Iterable[str], packet: Packet) -> bool:
    """Whether rules let a packet in."""
    matching = {fields["Action"][0] for fields in map(_fields, rules) if _matches(fields, packet)}
    return "Allow" in matching and "Block" not in matching


def _fields(text: str) -> dict[str, list[str]]:
    version, *fields, end = text.split("|")
    assert version.startswith("v")
    assert end == ""
    found: dict[str, list[str]] = defaultdict(list)
    for field in fields:
        key, _equals, value = field.partition("=")
        found[key].append(value)
    return found


def _matches(fields: dict[str, list[str]], packet: Packet) -> bool:
    kinds, senders = fields["ICMP4"] + fields["ICMP6"], fields["RA4"] + fields["RA6"]
    return (
        fields["Active"] == ["TRUE"]
        and fields["Dir"] == ["In"]
        and (not fields["Protocol"] or int(fields["Protocol"][0]) == packet.protocol)
        and (not fields["Profile"] or packet.profile.capitalize() in fields["Profile"])
        and (not kinds or any(packet.icmp.split(":")[0] == kind.split(":")[0] for kind in kinds))
        and (not fields["App"] or packet.program in fields["App"])
        and (not senders or any(_holds(sender, packet.source) for sender in senders))
        and _port_in(fields["LPort"] + fields["LPort2_10"], packet.port)
        and _port_in(fields["RPort"] + fields["RPort2_10"], packet.source_port)
    )


def _port_in(said: list[str], port: int | None) -> bool:
    if not said:
        return True
    ends = [item.split("-") for item in said if item[0].isdigit()]
    return port is not None and any(int(item[0]) <= port <= int(item[-1]) for item in ends)


def _holds(sender: str, address: str) -> bool:
    given = ipaddress.ip_address(address)
    if "-" in sender:
        low, high = (ipaddress.ip_address(end) for end in sender.split("-"))
        return low.version == given.version and int(low) <= int(given) <= int(high)
    return given in ipaddress.ip_network(sender)
