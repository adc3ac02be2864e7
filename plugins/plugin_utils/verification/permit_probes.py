# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of what routers carry besides flows: between hosts that can show it, and of what lies beside it.

A permit is shown where a host that sends probes stands at its one end, and at its other end one with rules that lets
the packets in, so that whatever comes back shows that the router carried them. Whatever else a permit names (protocols
without ports, interfaces, what others translate, networks without such hosts) is listed with the reason: the plan has
rules for it, and no packet proves them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..basics.addresses import Prefix, parse_address
from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange
from ..basics.protocols import ANY, matches
from ..inventory.intent import ForwardPermit
from ..plan_files.view import OpeningView, PlanView
from .guards import Guards
from .permitted import Candidate, Permissions
from .probes import (
    NEIGHBOUR,
    OTHER_PROTOCOL,
    PERMIT,
    SILENT,
    THROUGH,
    ByReasoning,
    LeftOut,
    Limits,
    Probe,
    tried_ports,
)

_OTHER = {"tcp": "udp", "udp": "tcp"}

#: So many hosts at each end of a permit are looked at for such that can show it, and so many ports of each are tried.
_LOOKED_AT = 8
_MOST_PORTS = 4

_EVERY_PORT = (PortRange(FIRST_PORT, LAST_PORT),)

_NO_PORTS = "a protocol without ports: probes are TCP and UDP only"
_TRANSLATED = "which packets others translate is not in the plan"
_INTERFACES = "by which interfaces a packet passes is not in the plan"
_NO_RULES = "the router holds no rules of the plan"
_NOBODY = (
    "no two hosts of the plan can show it: one behind each side of the router, met under its own address, that sends "
    "probes here, and there has rules that let the packets in"
)
_OUTWARD = "its hosts may start anything outward, so that a packet would show nothing of it"


class _Place(NamedTuple):
    """A host's address in a realm."""

    value: int
    host: str


class _Pair(NamedTuple):
    """Two hosts that can show a permit, and what the second one lets in of it."""

    sender: str
    target: str
    version: int
    openings: tuple[OpeningView, ...]


class PermitProbes:
    """Derives the probes of what routers carry; collects what is left out, and what no packet proves."""

    def __init__(self, view: PlanView, guards: Guards, permissions: Permissions, limits: Limits) -> None:
        self._view = view
        self._guards = guards
        self._permissions = permissions
        self._most = limits.others
        self._possible = self._kept = 0
        self._reasons: dict[str, dict[str, None]] = defaultdict(dict)
        # Hosts by realm and IP version, in the order of their addresses; made when a permit is there.
        self._hosts: dict[tuple[str, int], list[_Place]] | None = None

    def probes(self) -> Iterator[Probe]:
        """All probes, of each router and permit."""
        for router in self._view.forward_permits:
            for permit in self._guards.carried(router):
                yield from self._of_permit(router, permit)

    def left_out(self) -> tuple[LeftOut, ...]:
        """What of the permits asked for so far would have been too much."""
        if self._kept == self._possible:
            return ()
        rule = f"each permit of a router is tried by up to {self._most} pairs of hosts, spread over its two ends"
        return (LeftOut("", PERMIT, self._possible, self._kept, rule),)

    def by_reasoning(self) -> tuple[ByReasoning, ...]:
        """What of them no packet proves."""
        return tuple(ByReasoning(reason, tuple(permits)) for reason, permits in sorted(self._reasons.items()))

    def _of_permit(self, router: str, permit: ForwardPermit) -> Iterator[Probe]:
        reason = self._why_not(router, permit)
        found: list[_Pair] = []
        if not reason:
            found, reason = self._pairs(router, permit)
        if not found:
            self._reasons[reason][f"{router}: {permit.name} ({permit.transport})"] = None
        for pair in found:
            yield from self._of_pair(router, permit, pair)

    def _why_not(self, router: str, permit: ForwardPermit) -> str:
        """Why no packet can prove a permit, whatever hosts there are; empty where one might."""
        if not self._view.hosts[router].traits.holds_rules:
            return _NO_RULES
        if not any(matches(permit.transport, transport) for transport in _OTHER):
            return _NO_PORTS
        if permit.translated:
            return _TRANSLATED
        return _INTERFACES if permit.from_interfaces or permit.to_interfaces else ""

    # --- who can show a permit --------------------------------------------------------------------------------------

    def _pairs(self, router: str, permit: ForwardPermit) -> tuple[list[_Pair], str]:
        """Some pairs of hosts that can show a permit; or none, and why."""
        found: list[_Pair] = []
        reason, possible = _NOBODY, 0
        for version in (4, 6):
            senders, sending = self._at(router, version, permit.sources)
            targets, taking = self._at(router, version, permit.destinations)
            whole = max(sending, taking) <= _LOOKED_AT
            before = len(found)
            for sender, target in _in_turn(senders, targets):
                pair, outward = self._pair(router, permit, sender, target, version)
                reason = _OUTWARD if outward else reason
                if pair is not None:
                    possible += 1
                    found += [pair] if len(found) - before < self._most else ()
                    if not whole and len(found) - before == self._most:
                        break
            possible += 0 if whole or len(found) == before else sending * taking - (len(found) - before)
        self._possible += possible
        self._kept += len(found)
        return found, reason

    def _at(self, router: str, version: int, networks: Sequence[Prefix]) -> tuple[list[str], int]:
        """Some hosts at one end of a permit, spread over it, and how many there are; no network is anybody."""
        if self._hosts is None:
            self._hosts = self._by_address()
        found: list[_Place] = []
        count = 0
        for realm in self._guards.realms_at(router, version):
            held = self._hosts.get((realm, version), [])
            parts = [(0, len(held))] if not networks else []
            for network in networks:
                if network.version == version:
                    ends = (_Place(network.first, ""), _Place(network.last + 1, ""))
                    parts.append((bisect_left(held, ends[0]), bisect_left(held, ends[1])))
            for first, last in parts:
                count += last - first
                found += [held[index] for index in _spread(first, last)]
        return [place.host for place in (found[index] for index in _spread(0, len(found)))], count

    def _by_address(self) -> dict[tuple[str, int], list[_Place]]:
        found: dict[tuple[str, int], list[_Place]] = defaultdict(list)
        for name, host in self._view.hosts.items():
            for version in (4, 6) if name not in self._view.gateways else ():
                own = host.address(version)
                if own is not None:
                    place = _Place(parse_address(own).value, name)
                    found[self._guards.realm(name, version), version].append(place)
        for held in found.values():
            held.sort()
        return found

    def _pair(
        self, router: str, permit: ForwardPermit, sender: str, target: str, version: int
    ) -> tuple[_Pair | None, bool]:
        """The two hosts if they can show a permit; and whether the sender may start such packets anyway."""
        hosts, guards = self._view.hosts, self._guards
        if sender == target or not hosts[sender].traits.sends_probes or sender in guards.stateless:
            return None, False
        if not hosts[target].traits.holds_rules or not guards.same_realm(sender, target, version):
            return None, False
        openings = self._let_in(permit, sender, target, version)
        between = guards.routers_between(sender, target, version) if openings else ()
        if router not in between:
            return None, False
        if guards.starts_freely(router, sender, target):
            return None, True
        source, dial = hosts[sender].address(version) or "", hosts[target].address(version) or ""
        able = all(hosts[name].traits.holds_rules and name not in guards.stateless for name in between)
        kept = tuple(
            opening
            for opening in openings
            if able and all(self._passes(name, permit, opening, sender, target, source, dial) for name in between)
        )
        return (_Pair(sender, target, version, kept) if kept else None), False

    def _let_in(self, permit: ForwardPermit, sender: str, target: str, version: int) -> tuple[OpeningView, ...]:
        """What the target lets in from the sender of what the permit carries."""
        source = parse_address(self._view.hosts[sender].address(version) or "")
        return tuple(
            opening
            for opening in self._view.openings(target)
            if any(network.holds(source) for network in opening.sources)
            and any(_ports_of(permit, opening, transport) for transport in _OTHER)
        )

    def _passes(
        self,
        router: str,
        permit: ForwardPermit,
        opening: OpeningView,
        sender: str,
        target: str,
        source: str,
        dial: str,
    ) -> bool:
        """Whether a router on the way lets all that is tried of a permit pass."""
        if not self._guards.refuses(router) or self._guards.starts_freely(router, sender, target):
            return True
        return all(
            self._guards.carries(router, source, dial, transport, port)
            for transport in _OTHER
            for port in _some_ports(permit, opening, transport)
        )

    # --- what is sent -----------------------------------------------------------------------------------------------

    def _of_pair(self, router: str, permit: ForwardPermit, pair: _Pair) -> Iterator[Probe]:
        sender, target, version, openings = pair
        worn, dial = (self._view.hosts[name].address(version) or "" for name in (sender, target))
        for opening in openings:
            for transport, other in _OTHER.items():
                ports = _some_ports(permit, opening, transport)
                said = f"{target} lets it in ({opening.name}), and {router} carries it ({permit.name})"
                for port in ports:
                    # A program need not answer a datagram that it does not know; the plan says nothing of programs.
                    foreign = transport == "udp"
                    yield Probe(sender, dial, port, transport, THROUGH, PERMIT, target, said, foreign=foreign)
                for beside in _beside(permit, opening, transport):
                    reason = f"beside what {router} carries ({permit.name}) over {transport}"
                    yield from self._silent(Candidate(sender, target, worn, dial, beside, transport), NEIGHBOUR, reason)
                for port in ports[:1]:
                    reason = f"{router} carries port {port} ({permit.name}) over {transport}, and not over {other}"
                    yield from self._silent(Candidate(sender, target, worn, dial, port, other), OTHER_PROTOCOL, reason)

    def _silent(self, candidate: Candidate, kind: str, reason: str) -> Iterator[Probe]:
        if self._permissions.refusable(candidate):
            sender, target, _worn, dial, port, transport, _source_port = candidate
            yield Probe(sender, dial, port, transport, SILENT, kind, target, reason)


def _spread(first: int, last: int) -> list[int]:
    """Some numbers from *first* to before *last*, evenly spread."""
    size = last - first
    if size <= _LOOKED_AT:
        return list(range(first, last))
    return [first + step * size // _LOOKED_AT for step in range(_LOOKED_AT)]


def _in_turn(senders: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """All pairs, so that the first ones are of as many different hosts as there are."""
    for step in range(len(targets)):
        for index, sender in enumerate(senders):
            yield sender, targets[(index + step) % len(targets)]


def _ports_of(permit: ForwardPermit, opening: OpeningView, transport: str) -> tuple[PortRange, ...]:
    """The ports of a transport that a router carries and a host lets in."""
    if not (matches(permit.transport, transport) and matches(opening.transport, transport)):
        return ()
    return tuple(
        PortRange(max(one.low, other.low), min(one.high, other.high))
        for one in permit.ports or _EVERY_PORT
        for other in opening.ports or _EVERY_PORT
        if one.overlaps(other)
    )


def _some_ports(permit: ForwardPermit, opening: OpeningView, transport: str) -> tuple[int, ...]:
    return tried_ports(_ports_of(permit, opening, transport))[:_MOST_PORTS]


def _beside(permit: ForwardPermit, opening: OpeningView, transport: str) -> list[int]:
    """The ports just below and just above what a router carries of what a host lets in; none beside any protocol."""
    if permit.transport == ANY:
        return []
    ends = [port for item in _ports_of(permit, opening, transport) for port in (item.low - 1, item.high + 1)]
    return [port for port in ends if FIRST_PORT <= port <= LAST_PORT][:_MOST_PORTS]
