# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits that are rules of their own in nft: into a host, through a router, and inside one of its networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from ...basics.addresses import Prefix
from ...basics.protocols import ANY, has_ports, number_of
from ...inventory.intent import ForwardPermit, Opening
from ...policies.policy import Policy
from ..ranges import BITS, Range, by_version
from .text import FIELD, LONGEST_COMMENT, address_set, port_set

#: Extension headers of IPv6: nft's l4proto is what comes after them, so a rule names them as the first header.
_EXTENSIONS = frozenset((0, 43, 44, 51, 60))


def service_match(protocol: str, ports: Sequence[Range], version: int | None) -> str:
    """The match of a protocol and its ports, with a blank after it; empty for any protocol.

    Protocols without ports are written as numbers: releases of nft know different names for them.

    Args:
        version: the IP version of the packets; None for a rule for both.
    """
    if has_ports(protocol):
        return f"{protocol} dport {port_set(ports)} "
    if protocol == ANY:
        return ""
    numbers = {number_of(protocol, each) for each in ((4, 6) if version is None else (version,))}
    if version == 6 and numbers <= _EXTENSIONS:
        return f"ip6 nexthdr {numbers.pop()} "
    return f"meta l4proto {port_set([(number, number) for number in sorted(numbers)])} "


def opening_rules(opening: Opening, text: str) -> Iterator[str]:
    """One rule for each IP version, or one for both when it is open to all of both."""
    ending = f'counter accept comment "{text[:LONGEST_COMMENT]}"'
    sources = by_version(opening.sources)
    everywhere = [version for version, spans in sources.items() if spans == ((0, 2 ** BITS[version] - 1),)]
    if everywhere == [4, 6] and not _is_extension(opening.transport, opening.ports):
        yield service_match(opening.transport, opening.ports, None) + ending
        return
    for version, spans in sources.items():
        rule = service_match(opening.transport, opening.ports, version) + ending
        if version in everywhere:
            yield f"meta nfproto ipv{version} {rule}"
        else:
            yield f"{FIELD[version]} saddr {address_set(version, spans)} {rule}"


def forward_permit_rules(permit: ForwardPermit) -> Iterator[str]:
    """One rule for each IP version, or one for both, and each pair of interfaces: not every nft has sets of these."""
    ending = f'counter accept comment "{f"forward {permit.name}"[:LONGEST_COMMENT]}"'
    translated = "ct status dnat " if permit.translated else ""
    sources, destinations = by_version(permit.sources), by_version(permit.destinations)
    versions = [
        version
        for version in (4, 6)
        if (not sources or version in sources) and (not destinations or version in destinations)
    ]
    for inward, outward in product(permit.from_interfaces or ("",), permit.to_interfaces or ("",)):
        legs = f'iifname "{inward}" ' if inward else ""
        legs += f'oifname "{outward}" ' if outward else ""
        if not sources and not destinations and not _is_extension(permit.transport, permit.ports):
            yield legs + translated + service_match(permit.transport, permit.ports, None) + ending
            continue
        for version in versions:
            ends = _end("saddr", version, sources.get(version)) + _end("daddr", version, destinations.get(version))
            family = ends or f"meta nfproto ipv{version} "
            yield legs + family + translated + service_match(permit.transport, permit.ports, version) + ending


def _end(side: str, version: int, spans: Sequence[Range] | None) -> str:
    """The match of one end, with a blank after it; empty where it is anybody."""
    if not spans or spans == ((0, 2 ** BITS[version] - 1),):
        return ""
    return f"{FIELD[version]} {side} {address_set(version, spans)} "


def _is_extension(protocol: str, ports: Sequence[Range]) -> bool:
    return not ports and protocol != ANY and number_of(protocol) in _EXTENSIONS


#: Where a packet goes that no router passes on: to all hosts of a link, or (a daemon that routes multicast aside) to a
#: group.
_GROUPS: Mapping[int, str] = {4: "{ 224.0.0.0/4, 255.255.255.255 }", 6: "{ fe80::/10, ff00::/8 }"}


def bridged_rules(policy: Policy) -> Iterator[str]:
    """What stays inside one of a router's own networks, and comes through its forward hook all the same.

    A bridge shows its frames to the packet filter where br_netfilter is loaded, as Docker, Kubernetes and libvirt do.
    Source and destination are then both reached through the interface that the packet came from.
    """
    for version in (4, 6):
        field = FIELD[version]
        inner = _apart(network for network in policy.networks if network.version == version)
        pairs = ", ".join(f"{text} . {text}" for text in inner)
        near = f"fib daddr . iif oif exists counter accept {_INSIDE}"
        if policy.reverse_path != "strict":
            near = f"fib saddr . iif oif exists {near}"
        if len(inner) == 1:
            yield f"{field} saddr {inner[0]} {field} daddr {inner[0]} {near}"
        elif inner:
            yield f"{field} saddr . {field} daddr {{ {pairs} }} {near}"
        if inner:
            yield f"{field} daddr {_GROUPS[version]} counter accept {_INSIDE}"
            if version == 6:
                yield f"ip6 saddr fe80::/10 counter accept {_INSIDE}"


_INSIDE = 'comment "inside one network"'


def _apart(networks: Iterable[Prefix]) -> list[str]:
    """Networks of more than one address, without those that lie in others."""
    found: list[Prefix] = []
    for network in sorted(networks, key=lambda item: (item.first, item.length)):
        if network.first != network.last and (not found or found[-1].last < network.first):
            found.append(network)
    return [network.text for network in found]
