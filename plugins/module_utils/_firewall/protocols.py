# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP protocols by name and number on a managed host, which may have no /etc/protocols and has nothing of the engine.

The names are those of plugin_utils/basics/protocols.py, which has their source; tests/unit/basics/test_protocols.py
holds one table to the other.
"""

from __future__ import annotations

NUMBERS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
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
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "ipcomp": 108,
    "vrrp": 112,
    "l2tp": 115,
    "isis": 124,
    "sctp": 132,
    "udplite": 136,
}
#: Other names of the same (/etc/protocols), of which nft lists one or the other.
ALIASES = {"ipv6-icmp": "icmpv6", "ospfigp": "ospf", "ipencap": "ipip", "ipv4": "ipip", "comp": "ipcomp"}
_NAMES = {number: name for name, number in NUMBERS.items()}


def number_of(text: str) -> int | None:
    """The number of a protocol's name, or of its number as text; None for what is none."""
    if text.isascii() and text.isdigit():
        return int(text)
    return NUMBERS.get(ALIASES.get(text, text))


def name_of(number: int) -> str:
    """A protocol's name, or its number as text."""
    return _NAMES.get(number, str(number))
