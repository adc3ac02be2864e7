# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one device decides on one new packet, by its policy: which rule lets it in, passes it on or translates it.

The policy is that of a slice (docs/reference/plan.md). The order is that of the kernel's hooks: destination
translation, then either the device's own input or forwarding, then source translation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..basics.addresses import Address, End, Prefix
from ..basics.ports import LAST_PORT, PortRange, ports_text
from ..inventory.intent import ForwardPermit
from ..policies.policy import (
    DestinationNat,
    Permit,
    Permits,
    Policy,
    RefusedError,
    SourceNat,
    SourcePorts,
    holds,
    is_everybody,
)
from ..policies.read_policy import read_policy
from ..policies.stateless_answers import answers

#: How far from a rule's ports a packet may be to have missed it "just": further off, another rule was meant.
NEAR_PORTS = 1000
#: So many near misses are worth reading.
SHOWN_NEAR = 3
#: A port that a system gives to a sender who asked for none is one of these.
FREE_PORTS = PortRange(1024, LAST_PORT)


@dataclass(frozen=True, slots=True)
class Header:
    """What the rules look at: the addresses that a packet wears at one place, transport, ports.

    `source_port` is None for a port that the sender's system gave it: no rule for a fixed port of the sender matches.
    """

    source: Address
    destination: Address
    transport: str
    port: int
    source_port: int | None = None

    def worn(self, source: Address) -> Header:
        """The same packet from another address."""
        return replace(self, source=source)

    @property
    def text(self) -> str:
        """``10.2.0.10 -> 198.51.100.10``."""
        return f"{self.source.text} -> {self.destination.text}"


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule that decided: in words, and the flows that it serves (none where it is no flow's)."""

    rule: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What a device holds: its policy, and whether it remembers connections."""

    policy: Policy
    state: bool


def rulebook(part: Mapping[str, Any], transport: str) -> Rulebook:
    """Return the rules of a device's slice that a new packet of a transport meets.

    A device that remembers nothing has rules for answers, and a datagram that nobody asked for can look like one. The
    first packet of a TCP connection cannot: its flags tell.
    """
    try:
        policy = read_policy(part["policy"])
    except RefusedError as error:
        raise RefusedError(f"{part['host']}: {error}; run the playbook faxnet.deploy.plan again") from None
    if "state" in part["traits"]["abilities"]:
        return Rulebook(policy, True)
    if transport == "udp":
        policy = policy._replace(
            input=(*policy.input, *answers(policy.output)),
            forward=(*policy.forward, *answers(policy.forward)),
        )
    return Rulebook(policy, False)


class Translated(NamedTuple):
    """What destination translation makes of a packet.

    Attributes:
        becomes: what its source becomes on its way out, where the packet came from inside and turns; else None.
    """

    target: Address
    becomes: Address | None
    decision: Decision


def translated(policy: Policy, header: Header) -> Translated | None:
    """Return what destination translation makes of a packet, and by which entry; None where none matches."""
    inside = _in_any(policy.networks, header.source)
    for nat, flows in policy.destination_nat:
        if inside and is_everybody(nat.source):
            continue  # a forward for everybody is for everybody outside: see platforms/nftables/sets.translations
        if nat.enabled and isinstance(nat.target, Address) and not any(_misses(nat, nat.address, header)):
            return Translated(nat.target, nat.becomes, Decision(_named(nat, nat.address, "translate"), tuple(flows)))
    return None


#: What every host takes whatever the plan says (platforms/nftables/text.link_rules), by protocol and IP version.
_PING = Decision("accept pings, within limits (of other ICMP, only what a permit names)", ())
_ALWAYS = {
    ("icmp", 4): _PING,
    ("icmp", 6): _PING,
    ("icmpv6", 6): _PING,
    ("igmp", 4): Decision("accept IGMP, as every host does", ()),
}


def accepted(policy: Policy, header: Header) -> Decision | None:
    """Return the rule that lets a packet into the device itself, or None where it is refused.

    Where a flow and one of the host's own openings both let it in, the flow is named: it says why.
    """
    named = _permitted(policy.input, "accept", header)
    if named is not None:
        return named
    for opening in (*policy.management, *policy.openings):
        if opening.takes(header.transport, header.port) and _in_any(opening.sources, header.source):
            rule = " ".join(filter(None, ("accept", opening.name, opening.transport, ports_text(opening.ports))))
            return Decision(f"{rule} from {', '.join(source.text for source in opening.sources)}", ())
    return _ALWAYS.get((header.transport, header.source.version))


def forwarded(policy: Policy, header: Header) -> Decision | None:
    """Return the rule that passes a packet on (after destination, before source translation), or None."""
    named = _permitted(policy.forward, "forward", header)
    if named is not None:
        return named
    for permit in policy.forward_permits:
        # Whom other rules have translated, the plan does not know; those of the plan have permits of their own.
        if not permit.translated and permit.takes(header.transport, header.port, header.source, header.destination):
            return Decision(_carried(permit), ())
    inside = policy.networks
    if policy.outbound == "any" and _in_any(inside, header.source) and not _in_any(inside, header.destination):
        networks = ", ".join(network.text for network in inside)
        return Decision(f"forward anything that {networks} starts outward (faxnet_outbound: any)", ())
    return None


def _carried(permit: ForwardPermit) -> str:
    """A forward permit in words."""
    told = [f"forward {permit.name}: {permit.transport}", ports_text(permit.ports)]
    for word, ends in (("from", permit.sources), ("to", permit.destinations)):
        told.append(f"{word} {', '.join(end.text for end in ends)}" if ends else "")
    for word, names in (("in by", permit.from_interfaces), ("out by", permit.to_interfaces)):
        told.append(f"if it goes {word} {' or '.join(names)}" if names else "")
    return " ".join(filter(None, (*told, "(faxnet_forward_permits)")))


def masqueraded(policy: Policy, header: Header) -> SourceNat | None:
    """Return the source translation that a packet gets, or None where it keeps its address."""
    for nat in policy.source_nat:
        inside = nat.version == header.source.version and _in_any(nat.networks, header.source)
        if inside and not _in_any(nat.exempt, header.destination):
            return nat
    return None


def near_misses(policy: Policy, header: Header) -> tuple[str, ...]:
    """Return the rules that differ from a refused packet in one thing, as sentences, the nearest first."""
    found: list[tuple[int, str]] = []
    for entry, address, word in _entries(policy):
        misses = list(_misses(entry, address, header))
        if not entry.enabled:
            misses.insert(0, (0, "it is switched off"))
        if len(misses) == 1:
            distance, reason = misses[0]
            found.append((distance, f"{_named(entry, address, word)} misses: {reason}"))
    return tuple(dict.fromkeys(sentence for _distance, sentence in sorted(found)))[:SHOWN_NEAR]


def _entries(policy: Policy) -> Iterator[tuple[Permit | DestinationNat, End, str]]:
    """Every permit and translation, with the address that it is for, and what it does."""
    yield from ((nat, nat.address, "translate") for nat, _flows in policy.destination_nat)
    yield from ((permit, permit.destination, "accept") for permit, _flows in policy.input)
    yield from ((permit, permit.destination, "forward") for permit, _flows in policy.forward)


def _permitted(permits: Permits, word: str, header: Header) -> Decision | None:
    for permit, flows in permits:
        if permit.enabled and not any(_misses(permit, permit.destination, header)):
            return Decision(_named(permit, permit.destination, word), tuple(flows))
    return None


def _misses(entry: Permit | DestinationNat, address: End, header: Header) -> Iterator[tuple[int, str]]:
    """Yield what keeps a packet out of an entry: how far off it is, and a sentence."""
    if entry.transport != header.transport:
        yield NEAR_PORTS, f"it is for {entry.transport}, the packet is {header.transport}"
    if not holds(address, header.destination):
        yield 2 * NEAR_PORTS, f"it is for packets to {address.text}"
    if not holds(entry.source, header.source):
        yield 2 * NEAR_PORTS, f"it is for packets from {entry.source.text}"
    source_ports = _source_ports(entry)
    if source_ports and not _sends_from(source_ports, header.source_port):
        worn = "any port" if header.source_port is None else f"port {header.source_port}"
        yield NEAR_PORTS, f"it is for packets from port {source_ports.text}, the packet is from {worn}"
    if not _holds_port(entry.ports, header.port):
        distance = _distance(entry.ports, header.port)
        how = "just outside" if distance <= NEAR_PORTS else "outside"
        yield distance, f"port {header.port} is {how} {entry.ports.text}"


def _source_ports(entry: Permit | DestinationNat) -> SourcePorts:
    return entry.source_ports if isinstance(entry, Permit) else ()


def _sends_from(ports: PortRange, port: int | None) -> bool:
    if port is not None:
        return _holds_port(ports, port)
    return ports.low <= FREE_PORTS.low and FREE_PORTS.high <= ports.high


def _distance(ports: PortRange, port: int) -> int:
    return max(ports.low - port, port - ports.high, 0)


def _named(entry: Permit | DestinationNat, address: End, word: str) -> str:
    target = f" to {entry.target.text}" if isinstance(entry, DestinationNat) else ""
    if isinstance(entry, DestinationNat) and entry.becomes is not None:
        target += f" and wear {entry.becomes.text}"
    source_ports = _source_ports(entry)
    sender = f" port {source_ports.text}" if source_ports else ""
    where = f"from {entry.source.text}{sender} for {address.text}"
    return f"{word} {entry.transport} {entry.ports.text} {where}{target}"


def _holds_port(ports: PortRange, port: int) -> bool:
    return ports.low <= port <= ports.high


def _in_any(networks: Iterable[Prefix], address: Address) -> bool:
    return any(network.holds(address) for network in networks)
