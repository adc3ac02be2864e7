# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets two rules of Windows have in common, and what a set of rules lets in.

What a rule says in words is only as well known here as the words are: a word for addresses may be any of them, RPC any
dynamic port, a condition that is not known may be met. Where it is not known whether two rules meet, they do.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from ntpath import basename
from typing import NamedTuple

from ...basics.ports import LAST_PORT
from ..ranges import BITS, Range, merged
from .rule import RPC, RPC_MAPPER, Rule

_ANY_PORT: Range = (0, LAST_PORT)
#: Where words for ports may lie: the endpoint mapper at its own ([C706], appendix H), what RPC gives out above the
#: well-known ones. Ports of other words are none that a plan names.
_PORTS_OF = {RPC: (1024, LAST_PORT), RPC_MAPPER: (135, 135)}


def meet(first: Rule, second: Rule) -> bool:
    """Whether a packet may match both rules, whatever they do with it."""
    return (
        first.direction == second.direction
        and (first.protocol is None or second.protocol is None or first.protocol == second.protocol)
        and (not first.profiles or not second.profiles or not set(first.profiles).isdisjoint(second.profiles))
        and _share(_local_ports(first), _local_ports(second))
        and _share(_remote_ports(first), _remote_ports(second))
        and (not first.icmp or not second.icmp or _icmp_meets(first.icmp, second.icmp))
        # Which of the host's own addresses a packet comes to is not known.
        and any(_share(_remote(first, version), _remote(second, version)) for version in BITS)
        and _programs_meet(first.program, second.program)
        and _services_meet(first.service, second.service)
    )


def _local_ports(rule: Rule) -> tuple[Range, ...]:
    if not rule.local_ports and not rule.local_keywords:
        return (_ANY_PORT,)
    words = [_PORTS_OF[word] for word in rule.local_keywords if word in _PORTS_OF]
    return merged([*words, *rule.local_ports])


def _remote_ports(rule: Rule) -> tuple[Range, ...]:
    return (_ANY_PORT,) if rule.remote_keywords or not rule.remote_ports else tuple(rule.remote_ports)


def _remote(rule: Rule, version: int) -> tuple[Range, ...]:
    """The remote addresses of an IP version that a rule may be for: of words all."""
    everybody = not rule.remote_addresses and not rule.remote_words
    if everybody or any(word.startswith(f"RA{version}") for word in rule.remote_words):
        return ((0, 2 ** BITS[version] - 1),)
    return tuple(span.range for span in rule.remote_addresses if span.version == version)


def _share(first: Sequence[Range], second: Sequence[Range]) -> bool:
    """Whether sorted ranges that do not overlap among themselves share a number with others of the kind."""
    here = there = 0
    while here < len(first) and there < len(second):
        if first[here][1] < second[there][0]:
            here += 1
        elif second[there][1] < first[here][0]:
            there += 1
        else:
            return True
    return False


def _within(inner: Iterable[Range], outer: Sequence[Range]) -> bool:
    """Whether all numbers of ranges are in others, which are sorted and do not touch each other."""
    for low, high in inner:
        place = bisect.bisect_right(outer, (low, high)) - 1
        # An outer range with the same beginning stands behind it where it ends later.
        around = outer[max(place, 0) : place + 2]
        if not any(first <= low and high <= last for first, last in around):
            return False
    return True


def _icmp_meets(first: Iterable[str], second: Iterable[str]) -> bool:
    theirs = [item.partition(":") for item in second]
    return any(
        kind == other and (code == theirs_code or "*" in (code, theirs_code))
        for kind, _colon, code in (item.partition(":") for item in first)
        for other, _colon, theirs_code in theirs
    )


def _programs_meet(first: str, second: str) -> bool:
    if not first or not second:
        return True
    first, second = first.lower(), second.lower()
    if "%" in first + second:  # a variable of the host's environment: what it stands for is not known
        return basename(first) == basename(second)
    return first == second


def _services_meet(first: str, second: str) -> bool:
    return not first or not second or "*" in (first, second) or first.lower() == second.lower()


class _Held(NamedTuple):
    """A rule at some ports; *certain* where its numbers say so, and not a word that may stand for them."""

    rule: Rule
    certain: bool


class Permitted:
    """What rules of ours let in, to be asked of many rules of others.

    A look at the union of all addresses comes first, and then only rules are looked at that are for the same ports. So
    of thousands of rules on both sides few pairs are.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.enabled]
        self._everybody = {v: merged(span for rule in self._rules for span in _remote(rule, v)) for v in BITS}
        self._known: dict[int | None, tuple[list[int], list[list[_Held]]]] = {}

    def _pieces_of(self, protocol: int | None) -> tuple[list[int], list[list[_Held]]]:
        """The ports of a protocol cut where a rule begins or ends: where each piece begins, and the rules for it."""
        if protocol not in self._known:
            spans = [
                (low, high, _Held(rule, certain=ports is not _WORDS))
                for rule in self._rules
                if None in (protocol, rule.protocol) or rule.protocol == protocol
                for ports in (_NUMBERS, _WORDS)
                for low, high in _ports_by(rule, ports)
            ]
            starts = sorted({0, *(low for low, _high, _held in spans), *(high + 1 for _low, high, _held in spans)})
            pieces: list[list[_Held]] = [[] for _start in starts]
            for low, high, held in spans:
                for place in range(bisect.bisect_left(starts, low), bisect.bisect_left(starts, high + 1)):
                    pieces[place].append(held)
            self._known[protocol] = starts, pieces
        return self._known[protocol]

    def _at(self, other: Rule) -> Iterator[list[_Held]]:
        """The rules for each piece of the ports that a rule is for."""
        starts, pieces = self._pieces_of(other.protocol)
        for low, high in _local_ports(other):
            first = bisect.bisect_right(starts, low) - 1
            yield from pieces[first : bisect.bisect_left(starts, high + 1)]

    def met_by(self, other: Rule) -> Rule | None:
        """Return a rule for packets that *other* is for as well; None where there is none."""
        if not any(_share(_remote(other, version), self._everybody[version]) for version in BITS):
            return None
        seen: set[str] = set()
        for piece in self._at(other):
            for rule, _certain in piece:
                if rule.name not in seen and meet(rule, other):
                    return rule
                seen.add(rule.name)
        return None

    def cover(self, other: Rule) -> bool:
        """Whether the rules let in, for certain, all that *other* does."""
        if other.local_keywords:
            words = set(other.local_keywords)
            same = [item for item in self._rules if words <= set(item.local_keywords) or _is_for_any_port(item)]
            return not other.local_ports and _covered(other, same)
        return all(_covered(other, [rule for rule, certain in piece if certain]) for piece in self._at(other))


_NUMBERS, _WORDS = "numbers", "words"


def _ports_by(rule: Rule, said: str) -> Sequence[Range]:
    if said == _WORDS:
        return [_PORTS_OF[word] for word in rule.local_keywords if word in _PORTS_OF]
    return (_ANY_PORT,) if _is_for_any_port(rule) else rule.local_ports


def _is_for_any_port(rule: Rule) -> bool:
    return not rule.local_ports and not rule.local_keywords


def _covered(other: Rule, rules: Iterable[Rule]) -> bool:
    """Whether rules for the same ports let in all the rest of what *other* does."""
    letting = [
        rule
        for rule in rules
        if rule.protocol in (None, other.protocol)
        and (not rule.profiles or (bool(other.profiles) and set(rule.profiles) >= set(other.profiles)))
        and _within(_remote_ports(other), _remote_ports(rule))
        and (not rule.icmp or (bool(other.icmp) and set(rule.icmp) >= set(other.icmp)))
        and rule.program.lower() in ("", other.program.lower())
        and rule.service.lower() in ("", other.service.lower())
    ]
    return all(
        _within(_remote(other, version), merged(span for rule in letting for span in _remote(rule, version)))
        for version in BITS
    )
