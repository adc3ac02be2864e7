# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trace: would this packet get there, and which rule decides, on each device of the way?

A trace reads what the devices hold, not the flows that it was made from: it asks each device on the way, by the policy
in its slice, and so agrees with the plan's own paths only where both are right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ..basics.addresses import Address, AddressError, parse_address, parse_prefix
from ..basics.findings import short
from ..basics.ports import PortError, parse_port
from ..basics.protocols import ANY, ProtocolError, has_ports, parse_protocol
from ..basics.protocols import CURE as PROTOCOL_CURE
from ..inventory.intent import EXCLUSIVE, OBSERVE
from ..inventory.site import INTERNET
from ..policies.policy import Policy
from .decisions import Decision, Header, Rulebook, accepted, forwarded, masqueraded, near_misses, rulebook, translated
from .topology import Place, Topology

#: A packet that meets more devices than this runs in a circle (the time-to-live of real packets ends that).
LONGEST_WAY = 32

SliceOf = Callable[[str], Mapping[str, Any]]


class TraceError(ValueError):
    """A packet that cannot be traced as it was described; the message names the value and the cure."""


class Outcome(StrEnum):
    """How a packet ends."""

    ARRIVES = "arrives"
    REFUSED = "refused"
    #: It left every network of the plan, or reached a machine that the plan does not know: no rule stopped it.
    LEAVES = "leaves"
    #: No device knows a way to that address.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Packet:
    """The question: the first packet of a connection.

    Attributes:
        source: a host of the plan, or an address; ``internet``: some address outside all sites.
        destination: a host of the plan (meant is the address that the source would dial), or an address, or
            ``internet``.
        transport: a protocol by name or number (basics/protocols.py), such as ``tcp`` or ``esp``.
        port: destination port; None where the protocol has none.
        source_port: the sender's port; None for one that its system gives it, which no rule for a fixed port matches.
    """

    source: str
    destination: str
    transport: str
    port: int | str | None
    source_port: int | str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One device on the way.

    Attributes:
        device: the host's name.
        comes_as: ``source -> destination`` as the packet comes in.
        goes_as: the same as it goes out, after translation; equal to *comes_as* where nothing is translated.
        decision: ``accept``, ``forward`` or ``refuse``; ``observe`` or ``let_pass`` where no rule names the packet and
            the device refuses nothing (``faxnet_stance``).
        rule: the rule that decided, in words.
        flows: the flows that the rule serves; empty where it serves none (management, outbound any, a refusal).
        translation: the destination translation that applied, in words; empty without.
    """

    device: str
    comes_as: str
    goes_as: str
    decision: str
    rule: str
    flows: tuple[str, ...]
    translation: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        packet: the question, with addresses.
        outcome: how it ends.
        reached: the host that it arrives at; empty otherwise.
        reason: one sentence.
        hops: the devices on the way, in order, the last one deciding.
        near: rules of the refusing device that it just misses, nearest first.
    """

    packet: str
    outcome: Outcome
    reached: str
    reason: str
    hops: tuple[Hop, ...]
    near: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether no rule of the plan stops the packet."""
        return self.outcome in (Outcome.ARRIVES, Outcome.LEAVES)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "packet": self.packet,
            "outcome": self.outcome.value,
            "passes": self.passes,
            "reached": self.reached or None,
            "reason": self.reason,
            "hops": [
                {
                    "device": hop.device,
                    "comes_as": hop.comes_as,
                    "goes_as": hop.goes_as,
                    "decision": hop.decision,
                    "rule": hop.rule,
                    "flows": list(hop.flows),
                    "translation": hop.translation or None,
                }
                for hop in self.hops
            ],
            "near_misses": list(self.near),
        }

    def text(self) -> str:
        """The verdict for a terminal."""
        lines = [self.packet]
        for number, hop in enumerate(self.hops, 1):
            lines.append(f"  {number}. {hop.device}: {hop.comes_as}")
            if hop.translation:
                lines.append(f"       {hop.translation}")
            lines.append(f"       {hop.rule}")
            lines += [f"         for {flow}" for flow in hop.flows]
            if hop.goes_as != hop.comes_as:
                lines.append(f"       goes on as {hop.goes_as}")
        lines.append(f"{self.outcome.value.upper()}: {self.reason}")
        lines += [f"  near miss: {sentence}" for sentence in self.near]
        return "\n".join(lines)


def trace(plan: Mapping[str, Any], slice_of: SliceOf, packet: Packet) -> Verdict:
    """Follow a packet through a plan.

    Args:
        plan: the plan document (plan.json).
        slice_of: returns a host's slice; called for the devices on the way only.

    Raises:
        TraceError: the packet is not described well: unknown host, no address, no port, ambiguous address.
    """
    try:
        protocol = parse_protocol(packet.transport)
    except ProtocolError as error:
        raise TraceError(f"transport {short(packet.transport)!r} {error}; {PROTOCOL_CURE}") from error
    if protocol == ANY:
        raise TraceError("transport 'any' is every protocol; name one")
    if has_ports(protocol) == (packet.port is None) or not (has_ports(protocol) or packet.source_port is None):
        cure = "name its port" if has_ports(protocol) else "omit the port"
        raise TraceError(f"{protocol} has {'ports' if has_ports(protocol) else 'no ports'}; {cure}")
    try:
        port = 0 if packet.port is None else parse_port(packet.port)
        source_port = None if packet.source_port is None else parse_port(packet.source_port)
    except PortError as error:
        raise TraceError(f"{error}; name one port from 1 to 65535") from error
    topology = Topology(plan)
    source, place, destination = _ends(topology, packet)
    header = Header(source, destination, protocol, port, source_port)
    sender = _shown(packet.source, source) + ("" if source_port is None else f" port {source_port}")
    told = f"{protocol} from {sender} to {_shown(packet.destination, destination)}" + (f" port {port}" if port else "")
    return _Walk(topology, slice_of, told, _carried(plan, header)).follow(header, place)


def _carried(plan: Mapping[str, Any], header: Header) -> tuple[str, ...]:
    """Sentences about flows that have no rule of their own, and that this packet would be of."""

    def is_of(flow: Mapping[str, Any]) -> bool:
        # A public address that changes is some networks there.
        wanted = (parse_prefix(text) for text in flow["dial"].split(", "))
        return (flow["source_address"], flow["transport"]) == (header.source.text, header.transport) and any(
            prefix.holds(header.destination) for prefix in wanted
        )

    return tuple(
        f"{flow['id']} has no rule of its own: it passes only back to the port that {flow['carried_by']} came from, "
        "while the devices on the way remember that"
        for flow in plan["flows"]
        if flow.get("carried_by") and is_of(flow)
    )


def _shown(name: str, address: Address) -> str:
    return name if name == address.text else f"{name} ({address.text})"


def _ends(topology: Topology, packet: Packet) -> tuple[Address, Place, Address]:
    """The packet's source address as it sets out, where that is, and the address that it is sent to."""
    offered, taken = _addresses(topology, packet.source), _addresses(topology, packet.destination)
    version = next((version for version in offered if version in taken), None)
    if version is None:
        message = f"{packet.source} and {packet.destination} have no common IP version"
        raise TraceError(f"{message}; name two ends that have one")
    # A host is met at the address that the sender dials, which is not always its own.
    wanted = None if packet.destination in topology.hosts else taken[version]
    if packet.source in topology.hosts:
        site = topology.hosts[packet.source]["site"]
        wanted = wanted or topology.dialled(site, packet.destination, version, packet.source)
        return (*topology.departure(packet.source, wanted), wanted)
    source = offered[version]
    holders = topology.holders(source)
    sites = sorted({holder.site for holder in holders})
    if len(sites) > 1:
        raise TraceError(f"{source.text} can be in the sites {', '.join(sites)}; name a host instead of the address")
    place = holders[0] if holders else Place.outside()
    return source, place, wanted or topology.dialled(place.site, packet.destination, version)


def _addresses(topology: Topology, name: str) -> dict[int, Address]:
    """What an end of a packet can wear, by IP version, IPv4 first."""
    if name in topology.hosts:
        return topology.addresses_of(name)
    if name == INTERNET:
        strangers = (topology.stranger(version) for version in (4, 6))
        return {address.version: address for address in strangers if address is not None}
    address = _address(name)
    if address is None:
        raise TraceError(_unknown(name))
    return {address.version: address}


def _address(text: str) -> Address | None:
    try:
        return parse_address(text)
    except AddressError:
        return None


def _unknown(name: str) -> str:
    return (
        f"{short(name)!r} is neither a host of this plan nor an address nor {INTERNET!r}; "
        "a host is planned when it has faxnet_site"
    )


def _not_refused(stance: str) -> tuple[str, Decision]:
    """What a device that refuses nothing does with a packet that no rule names: one word, and all of it."""
    if stance == OBSERVE:
        return "observe", Decision(
            "no flow names it: it would be refused, but is observed (faxnet_stance: observe)", ()
        )
    return "let_pass", Decision("no flow names it: nothing is refused here (faxnet_stance: additive)", ())


class _Walk:
    """One packet's way, device by device."""

    def __init__(self, topology: Topology, slice_of: SliceOf, told: str, carried: tuple[str, ...]) -> None:
        self._topology = topology
        self._slice_of = slice_of
        self._told = told
        self._carried = carried
        self._hops: list[Hop] = []

    def follow(self, header: Header, place: Place) -> Verdict:
        """Ask each device in turn, until one keeps the packet, refuses it, or there is no way on."""
        for _step in range(LONGEST_WAY):
            place, source, destination = self._topology.mapped(place, header.source, header.destination)
            steps = []
            if (source, destination) != (header.source, header.destination):
                mapped = replace(header, source=source, destination=destination)
                steps.append(f"{header.text} becomes {mapped.text} on the way, mapped one to one by the VPN")
                header = mapped
            device = self._topology.next_device(place, header.destination)
            if device is None:
                return self._gone(header, place)
            book = rulebook(self._slice_of(device.host), header.transport)
            policy = book.policy
            came = header
            reached = self._topology.inward(device.host, place, header.destination)
            if reached != header.destination:
                steps.append(
                    f"{header.destination.text} reaches {device.host} as {reached.text}, translated one to one"
                )
                header = replace(header, destination=reached)
            moved = translated(policy, header) if device.forwards else None
            if moved is not None:
                steps.append(moved.decision.rule)
                header = replace(header, destination=moved.target)
            translation = "; ".join(steps)
            if header.destination in device.addresses:
                return self._ends_at(device.host, book, came, header, translation)
            decision = forwarded(policy, header)
            word = "forward"
            if decision is None:
                if policy.stance == EXCLUSIVE:
                    return self._refused(device.host, policy, came, header, translation)
                word, decision = _not_refused(policy.stance)
            onward = self._topology.beyond(device, place, header.destination)
            # Only what leaves towards the outside passes the interface that translates sources.
            turned = moved.becomes if moved is not None else None
            gone = self._leaving(device.host, place, policy, header, steps) if turned is None else header.worn(turned)
            translation = "; ".join(steps)
            self._add(device.host, came, gone, word, decision, translation)
            header, place = gone, onward
        return self._verdict(Outcome.LOST, "", f"the packet runs in a circle: {LONGEST_WAY} devices were not enough")

    def _leaving(self, host: str, place: Place, policy: Policy, header: Header, steps: list[str]) -> Header:
        """A packet after source translation by a router, and beyond it one to one; notes what is worth a word."""
        nat = masqueraded(policy, header)
        if nat is None:
            return header
        worn = nat.address or self._topology.masqueraded(host, place, header.source.version)
        if worn is None:
            return header
        shown = self._topology.outward(host, place, worn)
        if self._topology.is_made_up(shown):
            steps.append(f"the public address of {host} changes: {shown.text} is one that it may be")
        if shown != worn:
            steps.append(f"{worn.text} becomes {shown.text} beyond {host}, translated one to one")
        return replace(header, source=shown)

    def _ends_at(self, host: str, book: Rulebook, came: Header, header: Header, translation: str) -> Verdict:
        decision = accepted(book.policy, header)
        if decision is None:
            if book.policy.stance == EXCLUSIVE:
                return self._refused(host, book.policy, came, header, translation)
            word, decision = _not_refused(book.policy.stance)
            self._add(host, came, header, word, decision, translation)
            near = (*self._carried, *near_misses(book.policy, header))
            return self._verdict(Outcome.ARRIVES, host, f"{host} takes it although {decision.rule}", near)
        self._add(host, came, header, "accept", decision, translation)
        why = f"for {', '.join(decision.flows[:3])}" if decision.flows else "by a rule that is no flow's"
        replies = "as part of the connection" if book.state else "by rules of their own"
        return self._verdict(Outcome.ARRIVES, host, f"{host} takes it {why}; replies pass {replies}")

    def _refused(self, host: str, policy: Policy, came: Header, header: Header, translation: str) -> Verdict:
        self._add(host, came, header, "refuse", Decision("refused: no flow names it", ()), translation)
        near = (*self._carried, *near_misses(policy, header))
        return self._verdict(Outcome.REFUSED, "", f"{host} refuses it: no flow names it", near)

    def _gone(self, header: Header, place: Place) -> Verdict:
        wanted = header.destination.text
        if self._topology.is_stray(place, header.destination):
            reason = f"nobody routes {wanted} there: it is inside another realm, or nowhere"
            return self._verdict(Outcome.LOST, "", reason)
        return self._verdict(Outcome.LEAVES, "", f"it goes on to {wanted}, which is not a host of this plan")

    def _add(self, host: str, came: Header, gone: Header, word: str, decision: Decision, translation: str) -> None:
        self._hops.append(Hop(host, came.text, gone.text, word, decision.rule, decision.flows, translation))

    def _verdict(self, outcome: Outcome, reached: str, reason: str, near: tuple[str, ...] = ()) -> Verdict:
        return Verdict(self._told, outcome, reached, reason, tuple(self._hops), near)
