# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the plan has a router translate comes true: its addresses are on it, and nobody else translates first.

At the hook postrouting the first rule that translates decides, in the order of the chains' priorities; of chains of one
priority the one that was loaded last (nf_hook_entries_grow), which another order of starting turns round. And what our
rules leave as it is, a later chain may still translate. So a foreign rule is named where it can meet packets from the
plan's networks and would give them another address, or any where the plan gives none. Which packets those are is told
by addresses, and by the interfaces that this host's routes send them out through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.containers import engine_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    TRANSLATES_SOURCE,
    Chain,
    Rule,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import Interface, is_local, routes
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import ADDRESS, TRANSLATES, Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    HIGHEST,
    Span,
    Spans,
    both,
    joined,
    of_network,
    without,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import Surroundings

#: The priority of our own chain (srcnat), as number.
_OURS = 100
#: A router of the Internet's core has a million routes; its interfaces are not told apart here.
_MANY_ROUTES = 5000
_HOOK = "postrouting"


@dataclass(frozen=True)
class Translation:
    """Packets from `networks` wear `address` on their way to anywhere but `exempt`; "" is that of the interface."""

    version: int
    networks: tuple[Span, ...]
    exempt: Spans
    address: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Translation:
        """The translation that a step of the plan names. Raises ValueError for networks that are none."""
        return cls(
            data["version"],
            tuple(of_network(text)[1] for text in data["networks"]),
            joined(of_network(text)[1] for text in data["exempt"]),
            data["address"],
        )


def absent(machine: Machine, addresses: Sequence[str]) -> Iterator[Obstacle]:
    """The addresses that the plan has this router wear and that it does not have."""
    for address in addresses:
        if not is_local(machine, address):
            yield Obstacle(
                address,
                f"{address} is not an address of this router, so that nothing that is sent there may ever come here",
                "give the address to an interface, or correct public_address of the site; where a device before this "
                "router translates one to one, name what the router has itself as outside_address; where the provider "
                f"routes {address} here, say so with: ip address add {address} dev lo; where another router has it now "
                "(VRRP), set tolerate_absent_address",
                certain=False,
                kind=ADDRESS,
            )


def rivals(machine: Machine, around: Surroundings, wanted: Sequence[Translation]) -> Iterator[Obstacle]:
    """Foreign rules by which packets of the plan would wear another address than the plan says."""
    chains = sorted(around.ruleset.at(_HOOK, kind="nat"), key=lambda chain: chain.priority)
    if not chains or not wanted:
        return
    ways = {version: _Ways(machine, version) for version in {item.version for item in wanted}}
    for chain in chains:
        for item in wanted:
            for network in item.networks:
                found = _rival(around, chain, item, network, ways[item.version])
                if found:
                    yield found
                    break


class _Ways:
    """Through which interfaces packets of one IP version leave, by their destination."""

    def __init__(self, machine: Machine, version: int) -> None:
        found: dict[Span, set[str]] = {}
        for span, name in routes(machine, version):
            found.setdefault(span, set()).add(name)
        self._routes = list(found.items()) if len(found) <= _MANY_ROUTES else None  # the narrowest first, as listed
        self._version = version

    def through(self, destinations: Spans) -> frozenset[str] | None:
        """The names of the interfaces; None where that is not known."""
        if self._routes is None:
            return None
        names: set[str] = set()
        left = destinations
        for span, devices in self._routes:
            if both(left, (span,)):
                names |= devices
                left = without(left, (span,), HIGHEST[self._version])
        return frozenset(names)


def _rival(around: Surroundings, chain: Chain, wanted: Translation, network: Span, ways: _Ways) -> Obstacle | None:
    """The first rule of a chain that translates packets from a network of ours in another way than wanted."""
    highest = HIGHEST[wanted.version]
    everywhere: Spans = ((0, highest),)
    passed: list[tuple[str, Spans]] = []
    for rule in around.ruleset.reached(chain):
        if rule.version not in (None, wanted.version):
            continue
        sources = both((network,), rule.sources or ((0, highest),))
        if not sources:
            continue
        destinations = both(rule.destinations or everywhere, everywhere)
        for where, spans in passed:
            if where in ("", rule.chain):
                destinations = without(destinations, spans, highest)
        if rule.action in ("accept", "return"):
            # A return of the base chain is an end, of another chain the end of that one.
            if rule.plain and not rule.by_set and sources == (network,):
                passed.append(("" if rule.action == "accept" or rule.chain == chain.name else rule.chain, destinations))
        elif rule.action in TRANSLATES_SOURCE or rule.action == "unknown":
            said = _contradiction(around, chain, rule, wanted, network, destinations, ways)
            if said:
                return said
    return None


def _contradiction(
    around: Surroundings,
    chain: Chain,
    rule: Rule,
    wanted: Translation,
    network: Span,
    destinations: Spans,
    ways: _Ways,
) -> Obstacle | None:
    engine = engine_of(chain.table, rule.chain)
    if engine == "Kubernetes" or (engine and rule.marked):
        return None  # they mark what their own guests send and are sent
    highest = HIGHEST[wanted.version]
    if rule.incoming and not _meets(rule, ways.through((network,)), around.interfaces, incoming=True):
        return None
    kept = both(destinations, without(wanted.exempt, (network,), highest))
    if kept and _meets(rule, ways.through(kept), around.interfaces):
        return _obstacle(
            chain, rule, wanted, network, f"to {_text(wanted.version, kept[0])}, which the plan leaves as they are"
        )
    guests = (item.span for bridge in around.bridges for item in bridge.networks if item.version == wanted.version)
    taken = without(destinations, joined([*wanted.exempt, network, *guests]), highest)
    if chain.priority > _OURS or not taken:
        return None
    out = ways.through(taken)
    if not _meets(rule, out, around.interfaces) or _same(rule, wanted, out, around.interfaces):
        return None
    wears = wanted.address or "the address of the interface that they leave through"
    return _obstacle(chain, rule, wanted, network, f"before the plan's rule can, by which they would wear {wears}")


def _meets(rule: Rule, names: frozenset[str] | None, there: Sequence[Interface], *, incoming: bool = False) -> bool:
    """Whether packets through these interfaces can be the rule's. An interface that is away now may come (PPPoE)."""
    if names is None:
        return True
    sides = rule.incoming if incoming else rule.outgoing
    here = {interface.name for interface in there}
    away = {name for side in sides if not side.excluded for name in side.names if name not in here}
    return any(all(side.hold(name) for side in sides) for name in names | away)


def _same(rule: Rule, wanted: Translation, out: frozenset[str] | None, there: Sequence[Interface]) -> bool:
    """Whether a rule gives just the address that the plan gives."""
    if rule.action == "snat":
        return bool(rule.target) and rule.target == wanted.address
    if rule.action != "masquerade" or out is None:
        return False
    if not wanted.address:
        return True
    leaving = [item for item in there if item.name in out and all(side.hold(item.name) for side in rule.outgoing)]
    return bool(leaving) and all(_first_address(item, wanted.version) == wanted.address for item in leaving)


def _first_address(interface: Interface, version: int) -> str:
    """The address that a masquerade gives, "" where several networks on the interface leave that open."""
    found = [network for network in interface.networks if network.version == version]
    one_network = all(item.span == found[0].span or item.span[0] == item.span[1] for item in found)
    return found[0].own if found and one_network else ""


def _obstacle(chain: Chain, rule: Rule, wanted: Translation, network: Span, what: str) -> Obstacle:
    command = "nft -a list ruleset" if chain.program == "nft" else f"{chain.program} -S"
    given = f" to {rule.target}" if rule.target else ""
    does = "an extension of iptables" if rule.action == "unknown" else rule.action
    where = chain.who if rule.chain == chain.name else f"{chain.who} (by its chain {rule.chain})"
    return Obstacle(
        where,
        f"{where} translates the source of packets from {_text(wanted.version, network)} ({does}{given}) {what}",
        f"take that rule away ({command} shows it) or narrow it to packets that are not the plan's; set "
        "tolerate_translations where it cannot meet them",
        certain=False,
        kind=TRANSLATES,
    )


def _text(version: int, span: Span) -> str:
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    first, last = kind(span[0]), kind(span[1])
    networks = list(ipaddress.summarize_address_range(first, last))
    return str(networks[0]) if len(networks) == 1 else f"{first}-{last}"
