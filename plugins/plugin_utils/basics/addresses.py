# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 and IPv6 addresses and networks.

What people write is read once, at the edge: by the system's own inet_pton where it is written plainly, else by netaddr,
which knows more and takes more than twice as long. Inside the engine an address is a pair of ints. Comparing and
sorting such pairs costs a tenth of what address objects cost, and a plan has a hundred thousand of them.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Collection, Iterable
from typing import NamedTuple

from .named_tuples import made
from .vaulted import VaultedText

try:
    import netaddr
except ImportError as error:
    NETADDR_MISSING: ImportError | None = error
else:
    NETADDR_MISSING = None

#: Networks that the public Internet does not route: RFC 1918, RFC 6598 (carrier NAT), RFC 4193 (unique local).
UNROUTED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


#: Addresses that no host has: "this network", multicast, reserved and broadcast (RFC 6890, RFC 4291).
NO_HOSTS = ("0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8")
#: A host's own (RFC 6890, RFC 4291).
LOOPBACK = ("127.0.0.0/8", "::1/128")


#: The length of an address by IP version.
_BITS = {4: 32, 6: 128}


class AddressError(ValueError):
    """A value that is not an address or network; the message says why."""


class Address(NamedTuple):
    """One IP address: its version (4 or 6) and its value as an int."""

    version: int
    value: int

    @property
    def text(self) -> str:
        """The address as people write it (RFC 5952 for IPv6)."""
        if self.version == 4:
            return socket.inet_ntop(socket.AF_INET, self.value.to_bytes(4, "big"))
        return socket.inet_ntop(socket.AF_INET6, self.value.to_bytes(16, "big"))


class Prefix(NamedTuple):
    """One network: version, first and last address as ints, length of its prefix in bits."""

    version: int
    first: int
    last: int
    length: int

    @property
    def text(self) -> str:
        """``10.2.0.0/24``."""
        return f"{Address(self.version, self.first).text}/{self.length}"

    def holds(self, address: Address) -> bool:
        """Whether the address lies in this network."""
        return self.version == address.version and self.first <= address.value <= self.last

    def contains(self, other: Prefix) -> bool:
        """Whether all addresses of another network are in this one."""
        return self.version == other.version and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Prefix) -> bool:
        """Whether the two networks share an address."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


End = Address | Prefix
"""One end of a class of packets: an address, or a network: of all addresses of an IP version for the Internet."""


def network_of(address: Address) -> Prefix:
    """Return the network of a single address."""
    version, value = address
    return made(Prefix, (version, value, value, _BITS[version]))


def end_of(network: Prefix) -> End:
    """Return a network as an end: one of one address is that address, for rules for the two are the same rule."""
    address = first_of(network)
    return address if network == network_of(address) else network


def first_of(end: End) -> Address:
    """Return an end's first address."""
    return end if isinstance(end, Address) else Address(end.version, end.first)


def prefix_of(end: End) -> Prefix:
    """Return an end as a network."""
    return network_of(end) if isinstance(end, Address) else end


def without_host_bits(prefix: Prefix, length: int) -> Prefix:
    """Return the network of a shorter *length* that holds *prefix*."""
    rest = (1 << (_BITS[prefix.version] - length)) - 1
    return Prefix(prefix.version, prefix.first & ~rest, prefix.first | rest, length)


def parse_address(value: object) -> Address:
    """Return *value* as an address.

    Raises:
        AddressError: not a complete IPv4 or IPv6 address in its usual notation.
    """
    if not isinstance(value, str):
        raise AddressError(f"{value!r} is not an IP address")
    plain = _plain_address(value.strip())
    if plain is not None:
        return plain
    try:
        # INET_PTON: '10.1' and '010.1.1.1' are typing errors here, not the addresses that old C libraries make of them.
        parsed = netaddr.IPAddress(value.strip(), flags=netaddr.INET_PTON)
    except (netaddr.AddrFormatError, ValueError, UnicodeError) as error:
        raise AddressError(f"{value!r} is not an IP address") from error
    return Address(parsed.version, int(parsed))


def _plain_address(text: str) -> Address | None:
    """An address as inet_pton(3) reads it; None where it does not, which is not yet a mistake."""
    version, family = (6, socket.AF_INET6) if ":" in text else (4, socket.AF_INET)
    try:
        return made(Address, (version, int.from_bytes(socket.inet_pton(family, text), "big")))
    except (OSError, ValueError):  # ValueError: a null character, or a letter that ASCII does not have
        return None


def _plain_prefix(text: str) -> Prefix | None:
    """A network that is written plainly and has no host bits set, else None."""
    address_text, slash, length_text = text.partition("/")
    address = _plain_address(address_text)
    if address is None:
        return None
    bits = _BITS[address.version]
    length = bits
    if slash:
        if not (length_text.isascii() and length_text.isdigit() and len(length_text) <= 3):
            return None
        length = int(length_text)
    if length > bits:
        return None
    last = address.value | ((1 << (bits - length)) - 1)
    size = last - address.value + 1
    return Prefix(address.version, address.value, last, length) if size == 1 << (bits - length) else None


def parse_prefix(value: object) -> Prefix:
    """Return *value* (CIDR notation; a bare address is a network of one) as a network.

    Raises:
        AddressError: not a network, or with host bits set (then the message names the network that was meant).
    """
    if not isinstance(value, str):
        raise AddressError(f"{value!r} is not a network in CIDR notation")
    text = value.strip()
    plain = _plain_prefix(text)
    if plain is not None:
        return plain
    address_text, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit()):
        raise AddressError(f"{value!r} is not a network in CIDR notation such as 10.1.0.0/24")
    parse_address(address_text)
    try:
        network = netaddr.IPNetwork(text)
    except (netaddr.AddrFormatError, ValueError) as error:
        raise AddressError(f"{value!r} is not a network in CIDR notation such as 10.1.0.0/24") from error
    if int(network.ip) != network.first:
        meant = "" if isinstance(value, VaultedText) else f"; the network is {network.cidr}"
        raise AddressError(f"{value!r} has host bits set{meant}")
    return Prefix(network.version, network.first, network.last, network.prefixlen)


def collapse(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Return the same addresses in the fewest networks, IPv4 first, in ascending order.

    A network inside another goes, and two halves become their whole.
    """
    found: list[Prefix] = []
    for prefix in sorted(prefixes, key=lambda item: (item.version, item.first, item.length)):
        if found and found[-1].version == prefix.version and prefix.last <= found[-1].last:
            continue
        found.append(prefix)
        # Whoever sorts by address meets the lower half of a network before its upper half.
        while len(found) > 1 and _are_halves(*found[-2:]):
            upper, lower = found.pop(), found.pop()
            found.append(Prefix(lower.version, lower.first, upper.last, lower.length - 1))
    return tuple(found)


def _are_halves(lower: Prefix, upper: Prefix) -> bool:
    """Whether two networks in ascending order are those that one network is made of."""
    size = lower.last - lower.first + 1
    return (
        lower.version == upper.version
        and lower.length == upper.length
        and lower.last + 1 == upper.first
        and lower.first % (2 * size) == 0
    )


def except_for(network: Prefix, others: Collection[Prefix]) -> list[Prefix]:
    """Return the addresses of a network that none of *others* holds, in the fewest networks, in ascending order."""
    meeting = [other for other in others if network.overlaps(other)]
    if not meeting:
        return [network]
    if any(other.contains(network) for other in meeting):
        return []
    middle, length = (network.first + network.last) // 2, network.length + 1
    lower = Prefix(network.version, network.first, middle, length)
    upper = Prefix(network.version, middle + 1, network.last, length)
    return except_for(lower, meeting) + except_for(upper, meeting)


@functools.lru_cache(maxsize=3)
def _prefixes(texts: tuple[str, ...]) -> tuple[Prefix, ...]:
    return tuple(parse_prefix(text) for text in texts)


def is_unrouted(address: Address) -> bool:
    """Whether the public Internet does not route this address (see :data:`UNROUTED`)."""
    return any(network.holds(address) for network in _prefixes(UNROUTED))


def is_no_host(address: Address) -> bool:
    """Whether no host can have this address (see :data:`NO_HOSTS`)."""
    return any(network.holds(address) for network in _prefixes(NO_HOSTS))


def is_loopback(address: Address) -> bool:
    """Whether the address means the host itself."""
    return any(network.holds(address) for network in _prefixes(LOOPBACK))
