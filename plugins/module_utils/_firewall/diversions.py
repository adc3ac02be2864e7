# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether packets of the plan get to where it sends them: nobody else leads them to another destination.

At the hook prerouting the first rule that translates decides, as at postrouting (see translations.py). What a foreign
rule takes of a port that our rules lead on never comes to our rule; what it takes of a port that they let in or through
comes somewhere else. And where our rule is the first, what the other one leads on now would stop. A rule that leads to
just where the plan does is none of these. What a rule asks of a packet and cannot be read here counts as met.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.admitted import Admitted
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.containers import engine_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    TRANSLATES_DESTINATION,
    Chain,
    Rule,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import TRANSLATES, Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    Span,
    addresses_text,
    both,
    ports_text,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import Surroundings
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.ways import Ways, meets

#: The priority of our own chain (dstnat), as number.
_OURS = -100
_HOOK = "prerouting"
#: What of a chain that does not translate leads packets away: to a program of this host.
_TAKES = frozenset(("tproxy",))
_DECIDES = frozenset(("accept", "return", *TRANSLATES_DESTINATION))
#: How the ids begin of what a router lets through for management.
_MANAGEMENT = "management/"


class _Diversion(NamedTuple):
    """A foreign rule that leads packets on; the first `place` of `decided` are rules before it that take some away."""

    chain: Chain
    rule: Rule
    decided: Sequence[Rule]
    place: int


class Diversions:
    """The foreign rules of a host that lead packets on; false where there are none."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._found = list(_diversions(around))
        single: list[tuple[int, int]] = []
        self._of_many: list[int] = []
        for number, diversion in enumerate(self._found):
            ports = diversion.rule.ports
            if ports is not None and all(low == high for low, high in ports):
                single += [(low, number) for low, _high in ports]
            else:
                self._of_many.append(number)
        self._of_one = sorted(single)

    def __bool__(self) -> bool:
        return bool(self._found)

    def obstacles(self, machine: Machine, flows: Iterable[Admitted]) -> Iterator[Obstacle]:
        """Those by which packets of the plan would come, or come no longer, to another destination."""
        ways = {version: Ways(machine, version) for version in (4, 6)}
        met: dict[int, list[Admitted]] = {}
        for packets in flows:
            # The way that the run itself goes is open.
            if packets.flows.startswith(_MANAGEMENT):
                continue
            for number in self._near(packets.ports):
                if _leads_away(self._found[number], packets, self._around, ways):
                    met.setdefault(number, []).append(packets)
        for number, taken in sorted(met.items()):
            yield _obstacle(self._found[number], taken)

    def _near(self, ports: Span) -> Iterator[int]:
        """The numbers of those that may be for one of these ports: thousands of single ports are not all looked at."""
        yield from self._of_many
        place = bisect.bisect_left(self._of_one, (ports[0], -1))
        near = set()
        while place < len(self._of_one) and self._of_one[place][0] <= ports[1]:
            near.add(self._of_one[place][1])
            place += 1
        yield from near


def _diversions(around: Surroundings) -> Iterator[_Diversion]:
    for chain in around.ruleset.at(_HOOK):
        decided: list[Rule] = []
        for rule in around.ruleset.reached(chain):
            leads = rule.action in TRANSLATES_DESTINATION or rule.action == "unknown"
            if leads if chain.kind == "nat" else rule.action in _TAKES:
                yield _Diversion(chain, rule, decided, len(decided))
            if rule.action in _DECIDES:
                decided.append(rule)


def _leads_away(diversion: _Diversion, packets: Admitted, around: Surroundings, ways: Mapping[int, Ways]) -> bool:
    """Whether a rule may meet some of the packets, and give them another destination than the plan does."""
    chain, rule, decided, place = diversion
    if not _overlap(rule, packets):
        return False
    if rule.to_local and packets.hook == "forward":
        return False  # what is let through is not for this host
    if rule.incoming and not meets(
        rule, ways[packets.version].through((packets.source,)), around.interfaces, incoming=True
    ):
        return False
    if any(_takes(earlier, chain, rule, packets) for earlier in decided[:place]):
        return False
    return not _same(rule, packets)


def _overlap(rule: Rule, packets: Admitted) -> bool:
    return (
        rule.version in (None, packets.version)
        and rule.transport in ("", packets.transport)
        and all(
            spans is None or both(spans, (span,))
            for spans, span in (
                (rule.ports, packets.ports),
                (rule.sources, packets.source),
                (rule.destinations, packets.destination),
            )
        )
    )


def _takes(earlier: Rule, chain: Chain, rule: Rule, packets: Admitted) -> bool:
    """Whether an earlier rule surely keeps all of the packets from a later one."""
    # A return of the base chain is an end, of another chain the end of that one.
    ends = earlier.action != "return" or earlier.chain in (chain.name, rule.chain)
    asks = earlier.incoming or earlier.by_set or earlier.marked or earlier.more
    local = not earlier.to_local or packets.hook != "forward"
    return bool(
        ends
        and not asks
        and local
        and earlier.version in (None, packets.version)
        and earlier.transport in ("", packets.transport)
        and all(
            spans is None or both(spans, (span,)) == (span,)
            for spans, span in (
                (earlier.ports, packets.ports),
                (earlier.sources, packets.source),
                (earlier.destinations, packets.destination),
            )
        )
    )


def _same(rule: Rule, packets: Admitted) -> bool:
    """Whether a rule leads packets to where the plan has them come."""
    if rule.renumbers or rule.action not in TRANSLATES_DESTINATION:
        return False
    if rule.target_port and packets.ports != (rule.target_port, rule.target_port):
        return False
    if packets.hook == _HOOK:
        return bool(rule.target) and rule.target == packets.target
    if rule.action == "redirect":
        return packets.hook == "input"
    return bool(rule.target) and rule.target == addresses_text(packets.version, packets.destination)


def _obstacle(diversion: _Diversion, taken: list[Admitted]) -> Obstacle:
    chain, rule, _decided, _place = diversion
    first = taken[0]
    command = "nft -a list ruleset" if chain.program == "nft" else f"{chain.program} -S"
    where = chain.who if rule.chain == chain.name else f"{chain.who} (by its chain {rule.chain})"
    does = {"unknown": "an extension of iptables", "tproxy": "tproxy"}.get(rule.action, rule.action)
    ports = both(rule.ports, (first.ports,)) if rule.ports else (first.ports,)
    word = "port" if len(ports) == 1 and ports[0][0] == ports[0][1] else "ports"
    more = f", and {len(taken) - 1} more of the plan's" if len(taken) > 1 else ""
    flows = f" ({first.flows})" if first.flows else ""
    return Obstacle(
        where,
        f"{where} leads packets to {first.transport} {word} {ports_text(ports)} of "
        f"{addresses_text(first.version, first.destination)} from {addresses_text(first.version, first.source)}"
        f"{flows}{more} on{_to(rule)} ({does}), {_against(chain, first)}",
        f"{_cure(chain, rule, command)}; set tolerate_translations where it cannot meet the plan's packets, or leads "
        "them to the very service of the plan",
        certain=False,
        kind=TRANSLATES,
    )


def _to(rule: Rule) -> str:
    port = f" port {rule.target_port}" if rule.target_port else ""
    if rule.action in ("redirect", *_TAKES):
        return f" to this host's own{port or ' port'}"
    return f" to {rule.target}{port}" if rule.target else ""


def _against(chain: Chain, packets: Admitted) -> str:
    if packets.hook == "input":
        return "so that they do not come to the service of the plan on this host"
    if packets.hook == "forward":
        return "so that they do not come to where the plan lets them through"
    if chain.priority > _OURS:
        return f"which stops when the plan's forward to {packets.target} takes them first"
    return f"before the plan's forward to {packets.target} can"


def _cure(chain: Chain, rule: Rule, command: str) -> str:
    engine = engine_of(chain.table, rule.chain)
    if engine in ("Docker", "Podman"):
        return f"publish the container's port under another port or address ({engine}'s option -p)"
    return f"take that rule away ({command} shows it) or narrow it to packets that are not the plan's"
