# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one device decides on one new packet, by its policy: which rule lets it in, passes it on or translates it.

The policy is that of a slice (docs/reference/plan.md). The order is that of the kernel's hooks: destination
translation, then either the device's own input or forwarding, then source translation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.addresses import Address, parse_address, parse_prefix
from ..basics.ports import LAST_PORT, PortRange, parse_ranges
from ..platforms.replies import reply_entries

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

    policy: Mapping[str, Any]
    state: bool


def rulebook(part: Mapping[str, Any], transport: str) -> Rulebook:
    """Return the rules of a device's slice that a new packet of a transport meets.

    A device that remembers nothing has rules for answers, and a datagram that nobody asked for can look like one. The
    first packet of a TCP connection cannot: its flags tell.
    """
    policy = part["policy"]
    if "state" in part["traits"]["abilities"]:
        return Rulebook(policy, True)
    if transport == "udp":
        answers = {
            "input": [*policy["input"], *reply_entries(policy.get("output", ()))],
            "forward": [*policy["forward"], *reply_entries(policy["forward"])],
        }
        policy = {**policy, **answers}
    return Rulebook(policy, False)


def translated(policy: Mapping[str, Any], header: Header) -> tuple[Address, Decision] | None:
    """Return the target that destination translation gives a packet, and by which entry; None where none matches."""
    inside = _in_any(policy["networks"], header.source)
    for entry in policy["destination_nat"]:
        if inside and entry["source"].endswith("/0"):
            continue  # a forward for everybody is for everybody outside: see platforms/nft_sets.translations
        if entry["enabled"] and not any(_misses(entry, "address", header)):
            rule = _named(entry, "address", "translate")
            return parse_address(entry["target"]), Decision(rule, tuple(entry["flows"]))
    return None


def accepted(policy: Mapping[str, Any], header: Header) -> Decision | None:
    """Return the rule that lets a packet into the device itself, or None where it is refused.

    Where a flow and one of the host's own openings both let it in, the flow is named: it says why.
    """
    named = _permitted(policy["input"], "accept", header)
    if named is not None:
        return named
    for kind in ("management", "extras"):
        for opening in policy[kind]:
            wanted = opening["transport"] == header.transport and _holds_port(opening["ports"], header.port)
            if wanted and _in_any(opening["sources"], header.source):
                rule = f"accept {opening['name']} {opening['transport']} {opening['ports']}"
                return Decision(f"{rule} from {', '.join(opening['sources'])}", ())
    return None


def forwarded(policy: Mapping[str, Any], header: Header) -> Decision | None:
    """Return the rule that passes a packet on (after destination, before source translation), or None."""
    named = _permitted(policy["forward"], "forward", header)
    if named is not None:
        return named
    inside, networks = policy["networks"], ", ".join(policy["networks"])
    if policy["outbound"] == "any" and _in_any(inside, header.source) and not _in_any(inside, header.destination):
        return Decision(f"forward anything that {networks} starts outward (faxnet_outbound: any)", ())
    return None


def masqueraded(policy: Mapping[str, Any], header: Header) -> Address | None:
    """Return the address that source translation gives a packet, or None where it keeps its own."""
    for entry in policy["source_nat"]:
        inside = entry["version"] == header.source.version and _in_any(entry["networks"], header.source)
        if inside and not _in_any(entry["except"], header.destination):
            return parse_address(entry["address"])
    return None


def near_misses(policy: Mapping[str, Any], header: Header) -> tuple[str, ...]:
    """Return the rules that differ from a refused packet in one thing, as sentences, the nearest first."""
    found: list[tuple[int, str]] = []
    for section, address, word in _SECTIONS:
        for entry in policy[section]:
            misses = list(_misses(entry, address, header))
            if not entry["enabled"]:
                misses.insert(0, (0, "it is switched off"))
            if len(misses) == 1:
                distance, reason = misses[0]
                found.append((distance, f"{_named(entry, address, word)} misses: {reason}"))
    return tuple(dict.fromkeys(sentence for _distance, sentence in sorted(found)))[:SHOWN_NEAR]


_SECTIONS = (
    ("destination_nat", "address", "translate"),
    ("input", "destination", "accept"),
    ("forward", "destination", "forward"),
)


def _permitted(entries: list[dict[str, Any]], word: str, header: Header) -> Decision | None:
    for entry in entries:
        if entry["enabled"] and not any(_misses(entry, "destination", header)):
            return Decision(_named(entry, "destination", word), tuple(entry["flows"]))
    return None


def _misses(entry: Mapping[str, Any], address: str, header: Header) -> Iterator[tuple[int, str]]:
    """Yield what keeps a packet out of an entry: how far off it is, and a sentence."""
    if entry["transport"] != header.transport:
        yield NEAR_PORTS, f"it is for {entry['transport']}, the packet is {header.transport}"
    if not _is_at(entry[address], header.destination):
        yield 2 * NEAR_PORTS, f"it is for packets to {entry[address]}"
    if not _is_at(entry["source"], header.source):
        yield 2 * NEAR_PORTS, f"it is for packets from {entry['source']}"
    source_ports = entry.get("source_ports")
    if source_ports and not _sends_from(source_ports, header.source_port):
        worn = "any port" if header.source_port is None else f"port {header.source_port}"
        yield NEAR_PORTS, f"it is for packets from port {source_ports}, the packet is from {worn}"
    if not _holds_port(entry["ports"], header.port):
        ports = parse_ranges(entry["ports"])
        distance = min(_distance(span, header.port) for span in ports)
        how = "just outside" if distance <= NEAR_PORTS else "outside"
        yield distance, f"port {header.port} is {how} {entry['ports']}"


def _is_at(where: str, address: Address) -> bool:
    """Whether an address is an entry's address, or in its network."""
    return where == address.text or ("/" in where and parse_prefix(where).holds(address))


def _sends_from(ports: str, port: int | None) -> bool:
    if port is not None:
        return _holds_port(ports, port)
    return any(span.low <= FREE_PORTS.low and FREE_PORTS.high <= span.high for span in parse_ranges(ports))


def _distance(ports: PortRange, port: int) -> int:
    return max(ports.low - port, port - ports.high, 0)


def _named(entry: Mapping[str, Any], address: str, word: str) -> str:
    target = f" to {entry['target']}" if address == "address" else ""
    sender = f" port {entry['source_ports']}" if entry.get("source_ports") else ""
    where = f"from {entry['source']}{sender} for {entry[address]}"
    return f"{word} {entry['transport']} {entry['ports']} {where}{target}"


def _holds_port(ports: str, port: int) -> bool:
    return any(span.low <= port <= span.high for span in parse_ranges(ports))


def _in_any(networks: list[str], address: Address) -> bool:
    return any(parse_prefix(network).holds(address) for network in networks)
