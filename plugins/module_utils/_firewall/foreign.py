# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that others have on this host, in one form whoever wrote them: nft, iptables-nft, iptables' old tables.

A rule is read as far as it can be judged: interfaces, addresses, ports, and what becomes of the packet. All else that
it asks of a packet is one word here, `more`: whether it is met cannot be told. What nft itself cannot name (an
extension of iptables that it does not translate) is more as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import Spans, both

#: What becomes of a packet, in the words of nft. "unknown": an extension of iptables decides.
TRANSLATES_SOURCE = frozenset(("masquerade", "snat"))
TRANSLATES_DESTINATION = frozenset(("dnat", "redirect"))
REFUSES = frozenset(("drop", "reject"))
LEADS_ON = frozenset(("jump", "goto"))
#: Verdicts after which no rule of the chain sees the packet.
ENDS = REFUSES | LEADS_ON | TRANSLATES_SOURCE | TRANSLATES_DESTINATION | {"accept", "return", "queue", "tproxy"}
#: Extensions of iptables that let a packet go on (iptables-extensions(8)).
GOES_ON = frozenset(
    (
        *(
            "log",
            "nflog",
            "mark",
            "connmark",
            "tcpmss",
            "ct",
            "classify",
            "notrack",
            "audit",
            "checksum",
            "connsecmark",
        ),
        *("dscp", "ecn", "hl", "hmark", "idletimer", "led", "rateest", "secmark", "set", "tee", "tos", "trace", "ttl"),
        *("tcpoptstrip", "ulog"),
    )
)
#: The IP version of what a family of tables holds, where it is one.
FAMILY_VERSIONS = {"ip": 4, "ip6": 6}
#: How many ways to one chain are told apart; after that it counts as reached by every packet.
_WAYS = 8


class Names(NamedTuple):
    """Interfaces that a rule names; a name may end in "*". `excluded`: all but these."""

    names: tuple[str, ...]
    excluded: bool = False

    def hold(self, name: str) -> bool:
        """Whether an interface is meant."""
        named = any(name == item or (item.endswith("*") and name.startswith(item[:-1])) for item in self.names)
        return named != self.excluded


@dataclass(frozen=True)
class Rule:
    """One rule, or what is asked on the whole way to it.

    `version` is None where both IP versions are meant; `sources` and `destinations` are addresses of that version, None
    for all, `ports` the ports sent to. `by_set` and `by_one`: packets are picked by the addresses of a set, or one
    address, that they come from. `marked`: by a mark that another rule has given. `to_local`: those that are sent to an
    address of this host. `target` is the chain of a jump, or the address that a translation gives, where it is told;
    `target_port` the port that it gives, 0 for the packet's own. `renumbers`: that port is not told.
    """

    chain: str
    action: str = ""
    target: str = ""
    version: int | None = None
    incoming: tuple[Names, ...] = ()
    outgoing: tuple[Names, ...] = ()
    sources: Spans | None = None
    destinations: Spans | None = None
    transport: str = ""
    ports: Spans | None = None
    by_set: bool = False
    by_one: bool = False
    marked: bool = False
    to_local: bool = False
    more: bool = False
    comment: str = ""
    target_port: int = 0
    renumbers: bool = False

    @property
    def impossible(self) -> bool:
        """Whether no packet can be meant."""
        return self.sources == () or self.destinations == () or self.ports == ()

    @property
    def for_all(self) -> bool:
        """Whether every packet is meant."""
        return self.plain and not self.by_set and self.version is None and self.sources is self.destinations is None

    def by_interface(self, names: Names, *, incoming: bool) -> Rule:
        """The rule with one more condition: where packets come in, or go out."""
        if incoming:
            return replace(self, incoming=(*self.incoming, names))
        return replace(self, outgoing=(*self.outgoing, names))

    @property
    def plain(self) -> bool:
        """Whether addresses alone decide."""
        asks = self.incoming or self.outgoing or self.ports or self.transport or self.marked or self.to_local
        return not (asks or self.more)


#: A table: what lists it, its family, its name.
Place = tuple[str, str, str]


class Chain(NamedTuple):
    """A chain at a hook. `program` is how one calls what lists it; `priority` says who is first at the hook."""

    program: str
    family: str
    table: str
    name: str
    kind: str
    hook: str
    priority: int
    policy: str

    @property
    def who(self) -> str:
        """The chain in words."""
        if self.program == "nft":
            return f"table {self.family} {self.table}, chain {self.name}"
        return self.program

    @property
    def place(self) -> Place:
        """Where its rules are."""
        return self.program, self.family, self.table


@dataclass(frozen=True)
class Ruleset:
    """Everything that filters or translates here but our own table: chains at hooks, and the rules of all chains."""

    chains: tuple[Chain, ...] = ()
    rules: Mapping[Place, Mapping[str, tuple[Rule, ...]]] = field(default_factory=dict)

    def at(self, *hooks: str, kind: str = "") -> Iterator[Chain]:
        """The chains at hooks, of one kind if it is given."""
        return (chain for chain in self.chains if chain.hook in hooks and kind in ("", chain.kind))

    def every_rule(self) -> Iterator[Rule]:
        """All rules, reached or not."""
        for chains in self.rules.values():
            for rules in chains.values():
                yield from rules

    def reached(self, base: Chain) -> Iterator[Rule]:
        """Each rule of a chain and of those that it leads to, in order, with what is asked on the way to it.

        Jumps themselves are left out. A chain that is reached in many ways is given as if every packet came there.
        """
        ways: dict[str, set[Rule]] = {}
        yield from self._through(base.place, base.name, Rule(base.name, version=FAMILY_VERSIONS.get(base.family)), ways)

    def _through(self, place: Place, name: str, way: Rule, ways: dict[str, set[Rule]]) -> Iterator[Rule]:
        seen = ways.setdefault(name, set())
        if len(seen) >= _WAYS:
            way = Rule("", version=way.version)
        asked = replace(way, chain="", action="", target="", comment="")
        if asked in seen:
            return
        seen.add(asked)
        for rule in self.rules.get(place, {}).get(name, ()):
            met = together(way, rule)
            if met.impossible:
                continue
            if rule.action in LEADS_ON:
                yield from self._through(place, rule.target, met, ways)
            else:
                yield met
            if rule.action in ENDS - {"jump"} and replace(rule, version=None).for_all:
                break


def together(way: Rule, rule: Rule) -> Rule:
    """A rule with what is asked on the way to it."""
    return replace(
        rule,
        version=rule.version or way.version,
        incoming=way.incoming + rule.incoming,
        outgoing=way.outgoing + rule.outgoing,
        sources=in_both(way.sources, rule.sources),
        destinations=in_both(way.destinations, rule.destinations),
        transport=rule.transport or way.transport,
        ports=in_both(way.ports, rule.ports),
        by_set=way.by_set or rule.by_set,
        by_one=way.by_one or rule.by_one,
        marked=way.marked or rule.marked,
        to_local=way.to_local or rule.to_local,
        more=way.more or rule.more,
    )


def in_both(one: Spans | None, other: Spans | None) -> Spans | None:
    """What both name; None names everything."""
    if one is None or other is None:
        return other if one is None else one
    return both(one, other)
