# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in a rule's text: one, a range, or a subnet ([MS-GPFAS] 2.2.2.9 to 2.2.2.12)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .errors import RuleTextError


@dataclass(frozen=True)
class Addresses:
    """A range of addresses of one version of IP, both ends included."""

    version: int
    first: int
    last: int

    def holds(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether an address lies in it."""
        return self.version == address.version and self.first <= int(address) <= self.last

    def text(self) -> str:
        """As nft writes it: an address, or a range."""
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        first, last = kind(self.first), kind(self.last)
        return str(first) if first == last else f"{first}-{last}"


def addresses(text: str, version: int) -> Addresses:
    """What one value of LA4, RA4, LA6 or RA6 holds, keywords aside.

    Raises:
        RuleTextError: It is no address, range or subnet of that version of IP.
    """
    try:
        if "/" in text:
            return _subnet(text, version)
        first, minus, last = text.partition("-")
        ends = _address(first, version), _address(last if minus else first, version)
    except ValueError as error:
        raise RuleTextError(f"no addresses of IPv{version}: {text!r} ({error})") from None
    if ends[0] > ends[1]:
        raise RuleTextError(f"the range of addresses ends before it begins: {text!r}")
    return Addresses(version, *ends)


def _address(text: str, version: int) -> int:
    return int(ipaddress.IPv4Address(text) if version == 4 else ipaddress.IPv6Address(text))


def _subnet(text: str, version: int) -> Addresses:
    address, _slash, length = text.partition("/")
    if version == 4 and "." in length:
        network: ipaddress.IPv4Network | ipaddress.IPv6Network = ipaddress.IPv4Network(
            (address, _prefix(length)), False
        )
    else:
        if not length.isascii() or not length.isdigit() or int(length) >= (32 if version == 4 else 128):
            raise ValueError("a prefix is shorter than the address")  # 2.2.2.10, 2.2.2.12
        kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
        network = kind((address, int(length)), False)
    return Addresses(version, int(network[0]), int(network[-1]))


def _prefix(mask: str) -> int:
    bits = f"{int(ipaddress.IPv4Address(mask)):032b}"
    if "01" in bits:
        raise ValueError("the mask has a hole")
    return bits.count("1")
