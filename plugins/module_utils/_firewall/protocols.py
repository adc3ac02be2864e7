# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols by name and number, as nft writes them (IANA's protocol numbers; a host may have no /etc/protocols)."""

from __future__ import annotations

NUMBERS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "ipencap": 4,
    "ipv4": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "eigrp": 88,
    "ospf": 89,
    "ospfigp": 89,
    "pim": 103,
    "ipcomp": 108,
    "comp": 108,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
#: The first name of each number, which is the one in the inventory's variables.
_NAMES = {number: name for name, number in reversed(NUMBERS.items())}


def number_of(text: str) -> int | None:
    """The number of a protocol's name, or of its number as text; None for what is none."""
    if text.isascii() and text.isdigit():
        return int(text)
    return NUMBERS.get(text)


def name_of(number: int) -> str:
    """A protocol's name, or its number as text."""
    return _NAMES.get(number, str(number))
