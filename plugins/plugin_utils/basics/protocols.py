# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP protocols by name or number, and which of them have ports.

A protocol is a text: a name of :data:`NUMBERS` in lower case, else its number in digits, or :data:`ANY`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .names import near_words

#: Every protocol, with ports or without.
ANY = "any"

#: IANA's protocol numbers (www.iana.org/assignments/protocol-numbers), by the names that firewalls use. Managed
#: hosts have the same in module_utils/_firewall/protocols.py, for the two sides share no code.
NUMBERS: Mapping[str, int] = {
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

#: Other names of the same (/etc/protocols).
ALIASES: Mapping[str, str] = {"ipv6-icmp": "icmpv6", "ospfigp": "ospf", "ipencap": "ipip", "all": ANY}
NAMES: Mapping[int, str] = {number: name for name, number in NUMBERS.items()}
_LAST = 255

#: Protocols with a destination port at the place where nft looks for it.
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite")

CURE = "write a name such as tcp, esp or vrrp, or a number from 0 to 255"


class ProtocolError(ValueError):
    """A value that is no protocol; the message says why."""


def parse_protocol(value: object) -> str:
    """Return *value*, a name in any case or a number, also in digits, as a protocol.

    Raises:
        ProtocolError: neither a known name nor a number from 0 to 255.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ProtocolError("is no protocol")
    text = str(value).strip().lower()
    if text.isascii() and text.isdigit():
        if len(text) > 3 or int(text) > _LAST:
            raise ProtocolError(f"is not a protocol number from 0 to {_LAST}")
        return NAMES.get(int(text), str(int(text)))
    name = ALIASES.get(text, text)
    if name != ANY and name not in NUMBERS:
        near = near_words(value, (*NUMBERS, ANY))
        raise ProtocolError("is not a known protocol" + (f" (is {near[0]!r} meant?)" if near else ""))
    return name


def is_protocol(text: str) -> bool:
    """Whether a text is a protocol in the form that :func:`parse_protocol` returns."""
    try:
        return parse_protocol(text) == text
    except ProtocolError:
        return False


def has_ports(protocol: str) -> bool:
    """Whether its packets have ports."""
    return protocol in WITH_PORTS


def number_of(protocol: str, version: int = 4) -> int:
    """The protocol's number; ``icmp`` is ICMP of either IP version. Not for :data:`ANY`."""
    if protocol == "icmp" and version == 6:
        return NUMBERS["icmpv6"]
    return NUMBERS[protocol] if protocol in NUMBERS else int(protocol)


def matches(rule: str, protocol: str) -> bool:
    """Whether a rule for a protocol is for packets of *protocol*."""
    return rule in (ANY, protocol) or (rule == "icmp" and protocol == "icmpv6")
