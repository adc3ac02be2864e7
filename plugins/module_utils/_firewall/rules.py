# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table of ours does with the first packet of a connection, judged over nft's own listing of it.

The packet comes from another host and has a way back, and no limit is reached. What an expression that is not known
here would do is left open: the answer is then "unknown", unless the packet fares the same either way.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    TABLE,
    FirewallError,
    Machine,
    rehearse,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import (
    ABSENT,
    FAMILY,
    UNKNOWN,
    WILD,
    Packet,
    Span,
    compared,
    fields,
    span,
    value,
    words,
)

_LISTING = "-j"


class Verdict(NamedTuple):
    """`accepted` is None where that cannot be told. `reason` is the comment of the rule or element that decided."""

    accepted: bool | None
    reason: str = ""


class LookedUp(NamedTuple):
    """The fields that a rule looks up, and the elements of its set or map: spans or words, a comment, a map's data."""

    fields: Sequence[Any]
    elements: Sequence[tuple[Sequence[Any], str, Any]]


class _Match(NamedTuple):
    """Whether a packet matches (None: unknown), and the comment of the element of a set in which it was found."""

    met: bool | None
    comment: str = ""


_NO, _YES, _OPEN = _Match(False), _Match(True), _Match(None)
_VERDICTS = {"accept": True, "drop": False, "reject": False}
#: Statements that let a packet go on to the next one.
_PASSING = frozenset(
    (
        *("counter", "comment", "notrack", "log", "ct timeout", "ct helper", "mangle"),
        *("dnat", "snat", "masquerade", "redirect"),
    )
)
#: Statements that do not let every packet go on.
_ASKING = frozenset(("match", "limit", "ct count", "vmap"))
#: The comment of the rule by which a router's networks start what they want. Where everybody is meant, it names nobody.
OUTWARD = "outbound any"
_OPERATORS = frozenset(("==", "!=", "in"))
#: Statements that end no chain, whether their packet meets them or not.
_ENDING_NOTHING = _PASSING | {"match", "limit", "ct count", "set"}


class _Set:
    """The elements of a set or map: a closed span or a word for each field, the comment, what a map has for them."""

    def __init__(self, elements: Iterable[Any]) -> None:
        self._elements = [_element(element) for element in elements]
        self._known: dict[tuple[tuple[int, Any], ...], dict[tuple[Any, ...], tuple[str, Any]]] = {}
        #: Words have no order, so there all elements are looked at.
        self._ordered = not any(isinstance(held, str) for spans, _comment, _data in self._elements for held in spans)
        if self._ordered:
            self._elements.sort(key=lambda element: element[0][0])
            self._lows = [spans[0][0] for spans, _comment, _data in self._elements]
            #: Up to where the first field of an element or of one before it reaches.
            reach = itertools.accumulate((int(spans[0][1]) for spans, _comment, _data in self._elements), max)
            self._reach = list(reach)

    @property
    def elements(self) -> Sequence[tuple[Sequence[Any], str, Any]]:
        """All of them."""
        return self._elements

    def find(self, values: Sequence[Any]) -> tuple[_Match, Any]:
        """Whether an element holds these values (spans or words), its comment and data."""
        if self._ordered and all(not isinstance(there, str) and there[0] == there[1] for there in values):
            return self._find_one(values)
        found = _NO
        for held, (comment, data) in self._alike(values).items():
            if len(held) != len(values):
                continue
            matches = [
                compared(part, there) if isinstance(part, (tuple, str)) else part for part, there in zip(held, values)
            ]
            if all(matches):
                return _Match(True, comment), data
            if False not in matches:
                found = _OPEN
        return found, None

    def _find_one(self, values: Sequence[Span]) -> tuple[_Match, Any]:
        first = values[0][0]
        number = bisect.bisect_right(self._lows, first) - 1
        while number >= 0 and self._reach[number] >= first:
            spans, comment, data = self._elements[number]
            if len(spans) == len(values) and all(low <= there[0] <= high for (low, high), there in zip(spans, values)):
                return _Match(True, comment), data
            number -= 1
        return _NO, None

    def _alike(self, values: Sequence[Any]) -> dict[tuple[Any, ...], tuple[str, Any]]:
        """The elements, one for all that say the same of what is asked: thousands differ in an address that is open.

        Of a field in which anything goes is kept only whether the element holds all of it.
        """
        wide = {
            place: there
            for place, there in enumerate(values)
            if not isinstance(there, str) and there[1] - there[0] >= 0xFFFF
        }
        key = tuple(wide.items())
        if key not in self._known:
            found: dict[tuple[Any, ...], tuple[str, Any]] = {}
            for spans, comment, data in self._elements:
                alike = tuple(
                    compared(held, wide[place]) if place in wide else held for place, held in enumerate(spans)
                )
                found.setdefault(alike, (comment, data))
            self._known[key] = found
        return self._known[key]


def _element(element: Any) -> tuple[Sequence[Any], str, Any]:
    key, data = element if isinstance(element, list) else (element, None)
    comment = ""
    if isinstance(key, dict) and "elem" in key:
        key, comment = key["elem"]["val"], key["elem"].get("comment", "")
    return [span(field) for field in fields(key)], comment, data


class Rules:
    """A table, read from nft's JSON. Raises FirewallError for what is none."""

    def __init__(self, listing: str) -> None:
        try:
            entries = json.loads(listing)["nftables"]
            self._rules: dict[str, list[Mapping[str, Any]]] = {}
            self._chains = {entry["chain"]["name"]: entry["chain"] for entry in entries if "chain" in entry}
            self._elements: dict[str, Sequence[Any]] = {}
            self._sets: dict[str, _Set] = {}
            self._of_rules: dict[int, _Set] = {}
            for entry in entries:
                held = entry.get("set") or entry.get("map")
                if held:
                    self._elements[held["name"]] = held.get("elem", ())
                elif "rule" in entry:
                    self._rules.setdefault(entry["rule"]["chain"], []).append(entry["rule"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FirewallError(
                f"nft lists table {TABLE} in a form that is no JSON of its own; look at nft -j list table {TABLE}: "
                f"{listing[:80]!r}"
            ) from error

    def judge(self, hook: str, packet: Packet) -> Verdict | None:
        """What they do with a packet at the hook input, forward or output; None where they do not filter there."""
        packet = replace(packet, hook=hook)
        for chain in self._at(hook, "filter"):
            if self._only_changes(chain["name"]):
                continue  # what comes through there meets the next chain of the hook
            verdict = self._through(self._rules.get(chain["name"], ()), packet)
            return verdict or Verdict(chain.get("policy", "accept") == "accept")
        return None

    def _only_changes(self, chain: str) -> bool:
        """Whether each rule of a chain does nothing but to change something in packets."""
        rules = self._rules.get(chain, ())
        return bool(rules) and all("mangle" in rule["expr"][-1] for rule in rules)

    def closed(self, hook: str) -> bool:
        """Whether what no rule takes is refused at a hook, in the end: by the policy, or by a last rule for all."""
        return any(map(self._refuses_the_rest, self._at(hook, "filter")))

    def _refuses_the_rest(self, chain: Mapping[str, Any]) -> bool:
        rules = self._rules.get(chain["name"], ())
        words = [word for statement in rules[-1]["expr"] for word in statement] if rules else []
        if words and words[-1] in _VERDICTS and not set(words) & _ASKING:
            return not _VERDICTS[words[-1]]
        return bool(chain.get("policy") == "drop")

    def target(self, packet: Packet) -> str | None:
        """The address that they send a packet on to that comes in; its own destination where they do not.

        None where that cannot be told.
        """
        for chain in self._at("prerouting", "nat"):
            for rule in self._rules.get(chain["name"], ()):
                *conditions, last = rule["expr"]
                if "dnat" not in last:
                    if self._met(rule["expr"], packet).met is False:
                        continue
                    return None
                met = self._met(conditions, packet).met
                if met is False:
                    continue
                found = self._translated(last["dnat"], packet)
                if found is not ABSENT:
                    return str(found) if met and isinstance(found, str) else None
        return packet.destination

    def looked_up(self, hook: str, kind: str) -> Iterator[LookedUp]:
        """What the rules at a hook that accept or translate look up in sets and maps of the table, in order."""
        for chain in self._at(hook, kind):
            for rule in self._rules.get(chain["name"], ()):
                *conditions, last = rule["expr"]
                asked = (last.get("dnat") or {}).get("addr") if "dnat" in last else None
                mapped = asked.get("map") if isinstance(asked, dict) else None
                pairs = [(mapped.get("key"), mapped.get("data"))] if mapped else []
                if "accept" in last:
                    pairs = [
                        (content["left"], content["right"])
                        for word, content in (item for statement in conditions for item in statement.items())
                        if word == "match" and content.get("op") == "=="
                    ]
                for left, right in pairs:
                    if isinstance(right, str) and right.startswith("@"):
                        with contextlib.suppress(ValueError, KeyError, TypeError):
                            yield LookedUp(fields(left), self._named(right).elements)

    def accepting(self, hook: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """The comment and the conditions of each rule at a hook that accepts, in order."""
        for chain in self._at(hook, "filter"):
            for rule in self._rules.get(chain["name"], ()):
                if "accept" in rule["expr"][-1]:
                    yield rule.get("comment", ""), rule["expr"][:-1]

    def elements(self, reference: str) -> Sequence[tuple[Sequence[Any], str, Any]]:
        """The elements of a set of the table by its name with an @: spans or words, a comment, a map's data."""
        return self._named(reference).elements

    def _at(self, hook: str, kind: str) -> Iterator[Mapping[str, Any]]:
        return (chain for chain in self._chains.values() if (chain.get("hook"), chain.get("type")) == (hook, kind))

    def _through(self, rules: Sequence[Mapping[str, Any]], packet: Packet) -> Verdict | None:
        """What rules decide, in order; None when they let the packet fall through."""
        for number, rule in enumerate(rules):
            if rule.get("comment") == OUTWARD and not packet.source:
                continue
            decided = [word for statement in rule["expr"] for word in statement if word in _VERDICTS]
            conditions = [statement for statement in rule["expr"] if not _VERDICTS.keys() & statement.keys()]
            match = self._met(conditions, packet)
            if match.met is False or (not decided and (match.met or _ends_nothing(rule))):
                continue
            verdict = Verdict(_VERDICTS[decided[0]], match.comment or rule.get("comment", "")) if decided else None
            if match.met:
                return verdict
            otherwise = self._through(rules[number + 1 :], packet)
            if verdict and otherwise and verdict.accepted == otherwise.accepted:
                return otherwise
            return Verdict(None)
        return None

    def _met(self, statements: Iterable[Mapping[str, Any]], packet: Packet) -> _Match:
        """Whether all conditions among statements are met."""
        found = _YES
        for statement in statements:
            match = self._condition(statement, packet)
            if match.met is False:
                return _NO
            found = _Match(None if match.met is None else found.met, match.comment or found.comment)
        return found

    def _condition(self, statement: Mapping[str, Any], packet: Packet) -> _Match:
        ((word, content),) = statement.items()
        if word in _PASSING:
            return _YES
        if word in ("limit", "ct count"):
            # "over" is written as inv: who keeps within a limit does not meet it.
            return _NO if content.get("inv") else _YES
        if word == "set":
            return self._met(content.get("stmt", ()), packet)
        if word != "match" or content["op"] not in _OPERATORS:
            return _OPEN
        return self._compared(content["left"], content["op"], content["right"], packet)

    def _compared(self, left: Any, operator: str, right: Any, packet: Packet) -> _Match:
        if "fib" in left and left["fib"].get("result") != "type":
            return self._way(left["fib"], operator, right)
        values = [value(field, packet) for field in fields(left)]
        if any(there is ABSENT for there in values):
            return _NO  # not even met where it is negated: nft asks first whether the packet has such a field
        if values == [UNKNOWN]:
            # All that is known of the interface is that it is not the loopback's.
            return _Match(operator == "!=") if right == "lo" and _names_interface(left) else _OPEN
        match = self._found([WILD if there is UNKNOWN else there for there in values], operator, right)
        return match if operator != "!=" or match.met is None else _Match(not match.met)

    @staticmethod
    def _way(asked: Mapping[str, Any], operator: str, right: Any) -> _Match:
        """Whether the kernel's routes are such: the way back to the source is there, any other is not known."""
        if "saddr" not in asked.get("flags", ()):
            return _OPEN
        return _Match((right is True) == (operator != "!="))

    def _found(self, values: Sequence[Any], operator: str, right: Any) -> _Match:
        """Whether values are among those on the right of a comparison."""
        if isinstance(values[0], frozenset):  # flags: "in" asks for any of them
            return _Match(bool(words(right) & values[0]) if operator == "in" else words(right) == values[0])
        try:
            held = self._named(right) if isinstance(right, str) and right.startswith("@") else self._anonymous(right)
        except (ValueError, KeyError, TypeError):
            return _OPEN
        return held.find(values)[0]

    def _named(self, reference: str) -> _Set:
        """A set or map of the table, read when a rule first looks something up in it: what observing fills may be long.

        Raises ValueError, KeyError or TypeError where there is none, or its elements cannot be read.
        """
        name = reference[1:]
        if name not in self._sets:
            self._sets[name] = _Set(self._elements[name])
        return self._sets[name]

    def _anonymous(self, right: Any) -> _Set:
        """What a rule itself lists. Raises ValueError, KeyError or TypeError for what are no numbers."""
        if id(right) not in self._of_rules:
            self._of_rules[id(right)] = _Set(_alternatives(right))
        return self._of_rules[id(right)]

    def _translated(self, statement: Mapping[str, Any], packet: Packet) -> Any:
        """The address that a translation gives; ABSENT where it does not meet the packet."""
        family = statement.get("family")
        if family and family != FAMILY[packet.version]:
            return ABSENT
        address = statement.get("addr")
        if not isinstance(address, dict):
            return address
        mapping = address.get("map") or {}
        values = [value(field, packet) for field in fields(mapping.get("key"))]
        if any(there is ABSENT for there in values):
            return ABSENT
        if any(there is UNKNOWN for there in values):
            return UNKNOWN
        try:
            held = self._named(str(mapping.get("data")))
        except (ValueError, KeyError, TypeError):
            return UNKNOWN
        match, target = held.find(values)
        return {True: target, None: UNKNOWN, False: ABSENT}[match.met]


def listed(machine: Machine) -> Rules | None:
    """Our table as it is in force; None when there is none."""
    ran = machine.run([machine.nft(), _LISTING, "list", "table", *TABLE.split()], None)
    if ran.code == 0:
        return Rules(ran.out)
    if "No such file or directory" in ran.err:
        return None
    raise FirewallError(f"nft cannot list table {TABLE}: {ran.err.strip()}")


def rehearsed(machine: Machine, text: str) -> Rules:
    """Our table as it would be with the nft file `text`. Raises FirewallError, also where that leaves none."""
    ran = rehearse(machine, text, _LISTING)
    if ran.code != 0:
        raise FirewallError(f"nft refuses the rules, nothing was changed: {ran.err.strip()}")
    return Rules(ran.out)


def _ends_nothing(rule: Mapping[str, Any]) -> bool:
    """Whether the next rule is asked after this one, whatever becomes of its conditions."""
    return all(word in _ENDING_NOTHING for statement in rule["expr"] for word in statement)


def _names_interface(expression: Any) -> bool:
    return isinstance(expression, dict) and (expression.get("meta") or {}).get("key") in ("iif", "iifname")


def _alternatives(right: Any) -> Sequence[Any]:
    if isinstance(right, dict) and "set" in right:
        return _alternatives(right["set"])
    return right if isinstance(right, list) else [right]
