# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft lists of others' tables, iptables-nft's among them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    ENDS,
    FAMILY_VERSIONS,
    GOES_ON,
    TRANSLATES_DESTINATION,
    TRANSLATES_SOURCE,
    Chain,
    Names,
    Place,
    Rule,
    Ruleset,
    in_both,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    HIGHEST,
    HIGHEST_PORT,
    Spans,
    joined,
    of_network,
    others,
)

#: Statements that say nothing of which packet is meant, and let it go on.
_SILENT = frozenset(("counter", "comment", "log", "mangle", "notrack", "ct helper", "ct timeout", "flow", "nftrace"))
_INCOMING = frozenset(("iif", "iifname"))
_OUTGOING = frozenset(("oif", "oifname"))


def read_nft(machine: Machine, ours: str) -> Ruleset:
    """What nft lists, but for the tables `inet NAME` and `inet NAME_...`, which are ours.

    Raises FirewallError when nft does not answer or answers something else.
    """
    # Ban lists may be long; of sets nothing is asked, of maps where they lead to.
    listed = _list(machine, ["-t", "list", "ruleset"])
    tables = {("nft", item["family"], item["table"]) for item in _of_kind(listed, "chain") if "hook" in item}
    maps: dict[tuple[str, str, str, str], Any] = {}
    for item in _of_kind(listed, "map"):
        if not _is_ours(item, ours) and ("nft", item["family"], item["table"]) in tables:
            whole = _list(machine, ["list", "map", item["family"], item["table"], item["name"]])
            for found in _of_kind(whole, "map"):
                maps[(item["family"], item["table"], item["name"], "")] = found.get("elem", ())
    chains = tuple(
        Chain(
            "nft",
            item["family"],
            item["table"],
            item["name"],
            item.get("type", ""),
            item["hook"],
            _number(item.get("prio")),
            item.get("policy", "accept"),
        )
        for item in _of_kind(listed, "chain")
        if "hook" in item and not _is_ours(item, ours)
    )
    rules: dict[Place, dict[str, tuple[Rule, ...]]] = {}
    for item in _of_kind(listed, "rule"):
        if not _is_ours(item, ours):
            in_table = rules.setdefault(("nft", item["family"], item["table"]), {})
            in_table[item["chain"]] = in_table.get(item["chain"], ()) + tuple(_rules(item, maps))
    return Ruleset(chains, rules)


def _list(machine: Machine, words: list[str]) -> list[Mapping[str, Any]]:
    ran = machine.run([machine.nft(), "-j", *words], None)
    if ran.code != 0:
        raise FirewallError(f"nft cannot list this host's rules: {ran.err.strip()}")
    try:
        found: list[Mapping[str, Any]] = json.loads(ran.out)["nftables"]
        return list(found)
    except (ValueError, KeyError, TypeError) as error:
        raise FirewallError(
            "nft lists this host's rules in a form that is no JSON of its own, nothing was changed; "
            f"look at nft -j list ruleset, and install nftables 0.9.8 or later: {ran.out[:80]!r}"
        ) from error


def _of_kind(listed: list[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    return (entry[kind] for entry in listed if kind in entry)


def _is_ours(item: Mapping[str, Any], ours: str) -> bool:
    return bool(item["family"] == "inet" and (item["table"] == ours or item["table"].startswith(ours + "_")))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _rules(item: Mapping[str, Any], maps: Mapping[tuple[str, str, str, str], Any]) -> Iterator[Rule]:
    """A rule of nft's JSON; one that looks something up in a map is one rule for each of the map's elements."""
    rule = Rule(item["chain"], version=FAMILY_VERSIONS.get(item["family"]), comment=item.get("comment", ""))
    found = [rule]

    def held(data: Any) -> Any:
        if isinstance(data, str):
            return maps.get((item["family"], item["table"], data[1:], ""), ())
        return data.get("set", ()) if isinstance(data, dict) else ()

    for statement in item["expr"]:
        word, content = _word_of(statement)
        asked = _asked_of_map(word, content)
        if word == "vmap":
            elements = held(content.get("data"))
            found = [made for rule in found for made in _looked_up(rule, content.get("key"), elements)]
        elif asked:
            elements = held(asked.get("data"))
            found = [made for rule in found for made in _led_by_map(_translated(rule, word, content), asked, elements)]
        else:
            found = [_stated(rule, word, content) for rule in found]
    yield from found


def _word_of(statement: Any) -> tuple[str, Any]:
    """A statement's word, and what comes with it."""
    if not isinstance(statement, dict):
        return str(statement), None
    ((word, content),) = statement.items()
    return word, content


def _looked_up(rule: Rule, key: Any, elements: Any) -> Iterator[Rule]:
    for value, verdict in _pairs(elements):
        if isinstance(verdict, dict):
            ((word, content),) = verdict.items()
            yield _stated(_matched(rule, key, "==", value), word, content)
    yield replace(rule, action="")


def _pairs(elements: Any) -> Iterator[tuple[Any, Any]]:
    """The elements of a map: what is looked up, and what it leads to."""
    for element in elements or ():
        value, data = element if isinstance(element, list) and len(element) == 2 else (element, None)
        yield value["elem"].get("val") if isinstance(value, dict) and "elem" in value else value, data


def _asked_of_map(word: str, content: Any) -> Mapping[str, Any] | None:
    """The map in which a translation looks its address or port up; None where it looks nothing up."""
    if word in TRANSLATES_SOURCE | TRANSLATES_DESTINATION and isinstance(content, dict):
        for part in (content.get("addr"), content.get("port")):
            if isinstance(part, dict) and isinstance(part.get("map"), dict):
                found: Mapping[str, Any] = part["map"]
                return found
    return None


def _led_by_map(rule: Rule, asked: Mapping[str, Any], elements: Any) -> Iterator[Rule]:
    """A translation as one for each packet that its map knows; where none is told, one for all that are meant."""
    pairs = list(_pairs(elements))
    for value, data in pairs:
        parts = data["concat"] if isinstance(data, dict) and "concat" in data else [data]
        address = next((part for part in parts if isinstance(part, str)), rule.target)
        port = next((part for part in parts if isinstance(part, int)), rule.target_port)
        # What leads to a range leads to nothing that is told.
        told = all(isinstance(part, (str, int)) for part in parts)
        yield replace(
            _matched(rule, asked.get("key"), "==", value), target=address, target_port=port, renumbers=not told
        )
    if not pairs:
        yield replace(rule, more=True)


def _stated(rule: Rule, word: str, content: Any) -> Rule:
    """A rule with one more of its statements."""
    if word in _SILENT:
        return rule
    if word == "match":
        return _matched(rule, content.get("left"), content.get("op"), content.get("right"))
    if word == "xt":
        return _extension(rule, content)
    if word in ENDS:
        return _translated(rule, word, content)
    return replace(rule, more=True)


def _translated(rule: Rule, word: str, content: Any) -> Rule:
    """A rule with its verdict, and where it leads to."""
    target = content if isinstance(content, dict) else {}
    address, port = target.get("addr"), target.get("port")
    named = target.get("target") or (address if isinstance(address, str) else "")
    told = port is None or isinstance(port, int)
    return replace(rule, action=word, target=named, target_port=_number(port), renumbers=not told)


def _extension(rule: Rule, content: Any) -> Rule:
    """An extension of iptables that nft does not translate; older nft says nothing of it at all."""
    name = content.get("name", "") if isinstance(content, dict) else ""
    kind = content.get("type", "") if isinstance(content, dict) else ""
    if kind == "match":
        return replace(
            rule, more=rule.more or name not in ("comment", "tcp", "udp"), marked=rule.marked or name == "mark"
        )
    if kind in ("target", "watcher"):
        word = name.lower()
        if word in GOES_ON:
            return rule
        return replace(rule, action=word if word in ENDS else "unknown", renumbers=True)
    # With no verdict after it, the extension is the verdict.
    return replace(rule, action=rule.action or "unknown", more=True)


def _matched(rule: Rule, left: Any, operator: Any, right: Any) -> Rule:
    """A rule with one more condition."""
    excluded = operator == "!="
    unread = replace(rule, more=True)
    if operator not in ("==", "!=", "in") or not isinstance(left, dict) or len(left) != 1:
        return unread
    ((kind, content),) = left.items()
    read = _READERS.get(kind)
    return read(rule, content, right, excluded) if read else unread


def _of_several(rule: Rule, fields: Any, right: Any, excluded: bool) -> Rule:
    """A rule with a condition on several fields at once."""
    parts = right.get("concat") if isinstance(right, dict) else None
    if isinstance(parts, list) and not excluded:
        for field, part in zip(fields, parts):
            rule = _matched(rule, field, "==", part)
        return rule
    named = any("saddr" in str(item) for item in fields) and not excluded and isinstance(right, str)
    return replace(rule, more=True, by_set=rule.by_set or (named and right.startswith("@")))


def _of_mark(rule: Rule, content: Any, _right: Any, _excluded: bool) -> Rule:
    return replace(rule, more=True, marked=rule.marked or "mark" in str(content))


def _of_route(rule: Rule, content: Any, right: Any, excluded: bool) -> Rule:
    local = not excluded and right == "local" and content == {"result": "type", "flags": ["daddr"]}
    return replace(rule, to_local=True) if local else replace(rule, more=True)


def _of_meta(rule: Rule, content: Any, right: Any, excluded: bool) -> Rule:
    key = content.get("key")
    if key in _INCOMING | _OUTGOING:
        names = _texts(right)
        if names is None:
            return replace(rule, more=True)
        return rule.by_interface(Names(names, excluded), incoming=key in _INCOMING)
    if key == "mark":
        return replace(rule, more=True, marked=True)
    if key == "nfproto" and right in ("ipv4", "ipv6") and not excluded:
        return replace(rule, version=4 if right == "ipv4" else 6)
    if key == "l4proto" and isinstance(right, str) and not excluded:
        return replace(rule, transport=right)
    return replace(rule, more=True)


def _of_payload(rule: Rule, content: Any, right: Any, excluded: bool) -> Rule:
    protocol, part = content.get("protocol"), content.get("field")
    version = FAMILY_VERSIONS.get(protocol)
    if version and part in ("saddr", "daddr"):
        return _of_address(replace(rule, version=version), version, part == "saddr", right, excluded)
    if version and part == "protocol" and isinstance(right, str) and not excluded:
        return replace(rule, version=version, transport=right)
    if protocol in ("tcp", "udp", "th") and part == "dport":
        named = rule.transport if protocol == "th" else protocol
        ports = _ports(right)
        if ports is None:
            return replace(rule, more=True, transport=named)
        ports = others(ports, HIGHEST_PORT) if excluded else ports
        return replace(rule, transport=named, ports=in_both(rule.ports, ports))
    return replace(rule, more=True)


#: What reads a condition, by the kind of expression on its left.
_READERS = {"concat": _of_several, "&": _of_mark, "fib": _of_route, "meta": _of_meta, "payload": _of_payload}


def _of_address(rule: Rule, version: int, of_source: bool, right: Any, excluded: bool) -> Rule:
    if isinstance(right, str) and right.startswith("@"):
        return replace(rule, more=True, by_set=rule.by_set or (of_source and not excluded))
    spans = _addresses(right)
    if spans is None:
        return replace(rule, more=True)
    one = of_source and not excluded and isinstance(right, str)
    spans = others(spans, HIGHEST[version]) if excluded else spans
    if of_source:
        return replace(rule, sources=in_both(rule.sources, spans), by_one=rule.by_one or one)
    return replace(rule, destinations=in_both(rule.destinations, spans))


def _alternatives(right: Any) -> list[Any]:
    if isinstance(right, dict) and "set" in right:
        return _alternatives(right["set"])
    return right if isinstance(right, list) else [right]


def _texts(right: Any) -> tuple[str, ...] | None:
    words = _alternatives(right)
    if all(isinstance(word, str) and not word.startswith("@") for word in words):
        return tuple(words)
    return None


def _addresses(right: Any) -> Spans | None:
    """The addresses on the right of a comparison; None where they cannot be read."""
    try:
        return joined(_address_span(item) for item in _alternatives(right))
    except (ValueError, KeyError, TypeError):
        return None


def _address_span(item: Any) -> tuple[int, int]:
    if isinstance(item, dict) and "prefix" in item:
        return of_network(f"{item['prefix']['addr']}/{item['prefix']['len']}")[1]
    if isinstance(item, dict) and "range" in item:
        low, high = item["range"]
        return of_network(low)[1][0], of_network(high)[1][1]
    if isinstance(item, dict) and "elem" in item:
        return _address_span(item["elem"]["val"])
    if not isinstance(item, str):
        raise TypeError(item)
    return of_network(item)[1]


def _ports(right: Any) -> Spans | None:
    try:
        return joined(_port_span(item) for item in _alternatives(right))
    except (ValueError, KeyError, TypeError):
        return None


def _port_span(item: Any) -> tuple[int, int]:
    if isinstance(item, dict) and "range" in item:
        low, high = item["range"]
        return int(low), int(high)
    if isinstance(item, dict):
        return _port_span(item["elem"]["val"])
    return int(item), int(item)
