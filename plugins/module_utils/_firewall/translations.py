# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the plan has a router translate comes true: its addresses are on it, and nobody else translates first.

At the hook postrouting the first rule that translates decides, in the order of the chains' priorities; of chains of one
priority the one that was loaded last (nf_hook_entries_grow), which another order of starting turns round. And what our
rules leave as it is, a later chain may still translate. So a foreign rule is named where it can meet packets from the
plan's networks and would give them another address, or any where the plan gives none. Which packets those are is told
by addresses, and by the interfaces that this host's routes send them out through. Where none of the plan's flows leave
by an interface (a tunnel of others, a second uplink), what others translate there is left to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.admitted import Admitted
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.containers import engine_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    TRANSLATES_SOURCE,
    Chain,
    Rule,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import Interface, is_local
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import ADDRESS, TRANSLATES, Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import FAMILY
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    HIGHEST,
    Span,
    Spans,
    addresses_text,
    both,
    joined,
    networks_of,
    of_network,
    without,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import Surroundings
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.ways import (
    Ways,
    addresses_on,
    meets,
    met,
)

#: The priority of our own chain (srcnat), as number.
_OURS = 100
_HOOK = "postrouting"
_CHAIN = re.compile(r"^\t\ttype nat hook postrouting [^\n]*\n", re.MULTILINE)
#: How the comments begin of our rules that leave packets to others.
_NOTE = "left to others on"
_LEFT = re.compile(
    rf'^\t\toifname "(?P<name>[^"]+)" ip6? saddr (?P<network>\S+) counter .*comment "{_NOTE} [^"]+"\n', re.MULTILINE
)


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


class Apart(NamedTuple):
    """A link on which packets from a network of the plan keep the address that others give them.

    No flow of the plan leaves there: what does is somebody else's, and fares as it did.
    """

    version: int
    network: str
    interface: str


def leaving(text: str, apart: Iterable[Apart]) -> str:
    """The nft file `text` with rules by which it leaves the source of packets on such links to others."""
    rules = "".join(
        f'\t\toifname "{item.interface}" {FAMILY[item.version]} saddr {item.network} counter return '
        f'comment "{_NOTE} {item.interface}"\n'
        for item in sorted(set(apart))
    )
    return _CHAIN.sub(lambda found: found[0] + rules, text, count=1) if rules else text


class Rivals:
    """Foreign rules by which packets of the plan would wear another address than the plan says.

    `flows` gives the packets of the plan when it is asked; `live` is our table as the kernel lists it. `apart` are the
    links that our rules must leave to others.
    """

    def __init__(
        self,
        machine: Machine,
        around: Surroundings,
        wanted: Sequence[Translation],
        flows: Callable[[], Iterable[Admitted]],
        live: str | None,
    ) -> None:
        self._around, self._wanted, self._flows = around, wanted, flows
        self._ways = {version: Ways(machine, version) for version in (4, 6)}
        self._before = {(found["network"], found["name"]) for found in _LEFT.finditer(live or "")}
        self._carried: dict[tuple[int, Span], frozenset[str] | None] = {}
        self.apart: list[Apart] = []
        self.found = list(self._rivals())

    def _rivals(self) -> Iterator[Obstacle]:
        for chain in sorted(self._around.ruleset.at(_HOOK, kind="nat"), key=lambda chain: chain.priority):
            for item in self._wanted:
                for network in item.networks:
                    found = self._rival(chain, item, network)
                    if found:
                        yield found
                        break

    def _rival(self, chain: Chain, wanted: Translation, network: Span) -> Obstacle | None:
        """The first rule of a chain that translates packets from a network of ours in another way than wanted."""
        highest = HIGHEST[wanted.version]
        everywhere: Spans = ((0, highest),)
        passed: list[tuple[str, Spans]] = []
        for rule in self._around.ruleset.reached(chain):
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
                    end = rule.action == "accept" or rule.chain == chain.name
                    passed.append(("" if end else rule.chain, destinations))
            elif rule.action in TRANSLATES_SOURCE or rule.action == "unknown":
                said = self._contradiction(chain, rule, wanted, network, destinations)
                if said:
                    return said
        return None

    def _contradiction(
        self, chain: Chain, rule: Rule, wanted: Translation, network: Span, destinations: Spans
    ) -> Obstacle | None:
        engine = engine_of(chain.table, rule.chain)
        if engine == "Kubernetes" or (engine and rule.marked):
            return None  # they mark what their own guests send and are sent
        version, there = wanted.version, self._around.interfaces
        highest, ways = HIGHEST[version], self._ways[version]
        if rule.incoming and not meets(rule, ways.through((network,)), there, incoming=True):
            return None
        kept = both(destinations, without(wanted.exempt, (network,), highest))
        if kept and meets(rule, ways.through(kept), there):
            what = f"to {addresses_text(version, kept[0])}, which the plan leaves as they are"
            return _obstacle(chain, rule, wanted, network, what)
        return self._taken(chain, rule, wanted, network, destinations)

    def _taken(
        self, chain: Chain, rule: Rule, wanted: Translation, network: Span, destinations: Spans
    ) -> Obstacle | None:
        """Whether it takes what the plan would translate, and gives it another address."""
        version, there = wanted.version, self._around.interfaces
        bridges = self._around.bridges
        guests = (item.span for bridge in bridges for item in bridge.networks if item.version == version)
        taken = without(destinations, joined([*wanted.exempt, network, *guests]), HIGHEST[version])
        out = self._ways[version].through(taken)
        if not taken:
            return None
        if out is not None:
            # A tunnel that is down now was one when the rules in force were made.
            out = met(rule, out | self._down(version, network), there)
            out -= self._left(rule, wanted, network, out)
            if not out or _same(rule, wanted, out, there):
                return None
        if chain.priority > _OURS:
            return None
        wears = wanted.address or "the address of the interface that they leave through"
        return _obstacle(chain, rule, wanted, network, f"before the plan's rule can, by which they would wear {wears}")

    def _left(self, rule: Rule, wanted: Translation, network: Span, out: frozenset[str]) -> frozenset[str]:
        """The interfaces among `out` that none of the plan's packets from a network leave through, left to a rule."""
        there = self._around.interfaces
        known = {interface.name for interface in there} | self._down(wanted.version, network)
        carried = self._carrying(wanted.version, network)
        if carried is None or rule.action not in TRANSLATES_SOURCE:
            return frozenset()
        links = [name for name in (out - carried) & known if not _same(rule, wanted, frozenset([name]), there)]
        (text,) = networks_of(wanted.version, network)
        self.apart += [Apart(wanted.version, text, name) for name in links]
        return frozenset(links)

    def _down(self, version: int, network: Span) -> frozenset[str]:
        """The interfaces that the rules in force leave to others, and that are away."""
        here = {interface.name for interface in self._around.interfaces}
        (text,) = networks_of(version, network)
        return frozenset(name for held, name in self._before if held == text and name not in here)

    def _carrying(self, version: int, network: Span) -> frozenset[str] | None:
        """The interfaces that packets of the plan leave a network by; those to everywhere else always among them."""
        key = (version, network)
        if key not in self._carried:
            spans = joined(
                packets.destination
                for packets in self._flows()
                if packets.hook == "forward" and packets.version == version and both((packets.source,), (network,))
            )
            ways, outward = self._ways[version].through(spans), self._ways[version].outward()
            self._carried[key] = None if ways is None or outward is None else ways | outward
        return self._carried[key]


def _same(rule: Rule, wanted: Translation, out: frozenset[str] | None, there: Sequence[Interface]) -> bool:
    """Whether a rule gives just the address that the plan gives."""
    if rule.action == "snat":
        return bool(rule.target) and rule.target == wanted.address
    if rule.action != "masquerade" or out is None:
        return False
    return not wanted.address or addresses_on(out, there, wanted.version) == {wanted.address}


def _obstacle(chain: Chain, rule: Rule, wanted: Translation, network: Span, what: str) -> Obstacle:
    command = "nft -a list ruleset" if chain.program == "nft" else f"{chain.program} -S"
    given = f" to {rule.target}" if rule.target else ""
    does = "an extension of iptables" if rule.action == "unknown" else rule.action
    where = chain.who if rule.chain == chain.name else f"{chain.who} (by its chain {rule.chain})"
    network_text = addresses_text(wanted.version, network)
    return Obstacle(
        where,
        f"{where} translates the source of packets from {network_text} ({does}{given}) {what}",
        f"take that rule away ({command} shows it) or narrow it to packets that are not the plan's; set "
        "tolerate_translations where it cannot meet them",
        certain=False,
        kind=TRANSLATES,
    )
