# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables lists: the kernel's old tables, which nft does not see, and translations that nft does not name."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    ENDS,
    GOES_ON,
    LEADS_ON,
    Chain,
    Names,
    Place,
    Rule,
    Ruleset,
    in_both,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    HIGHEST,
    HIGHEST_PORT,
    joined,
    of_network,
    others,
)

_PROGRAMS = (("ip_tables_names", "iptables-legacy", "ip"), ("ip6_tables_names", "ip6tables-legacy", "ip6"))
_VERSIONS = {"ip": 4, "ip6": 6}
#: The priority of each table's chains (include/uapi/linux/netfilter_ipv4.h).
_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_NAT_PRIORITIES = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}
#: Extensions that ask nothing by themselves; their options do.
_SILENT_MATCHES = frozenset(("tcp", "udp", "comment", "multiport", "set", "mark", "addrtype"))

#: Translations that are an extension of iptables, of which nft says no more than the name.
_NAMELESS = frozenset(("snat", "dnat", "redirect", "unknown"))


class Unreadable(NamedTuple):
    """Tables that the kernel holds and nobody can list, for the program is not there."""

    program: str
    tables: tuple[str, ...]


def read_legacy(machine: Machine) -> tuple[Ruleset, list[Unreadable]]:
    """The tables that the kernel holds, and those that cannot be listed."""
    chains: list[Chain] = []
    rules: dict[Place, dict[str, tuple[Rule, ...]]] = {}
    unreadable = []
    for names, program, family in _PROGRAMS:
        tables = [
            table
            for table in (machine.read("/proc/self/net/" + names) or "").split()
            if table == "nat" or table in _PRIORITIES
        ]
        found = machine.find(program)
        if tables and not found:
            unreadable.append(Unreadable(program, tuple(tables)))
            continue
        for table in tables:
            listed = machine.run([str(found), "-t", table, "-S"], None).out.splitlines()
            called = f"{program} -t {table}"
            chains += _chains(listed, called, family, table)
            rules[called, family, table] = _in_chains(listed, family)
    return Ruleset(tuple(chains), rules), unreadable


def read_by_iptables(machine: Machine, ruleset: Ruleset) -> dict[Place, dict[str, tuple[Rule, ...]]]:
    """Tables in nft whose translations nft cannot name, because iptables-nft made them, as that lists them."""
    found = {}
    for family, program in (("ip", "iptables-nft"), ("ip6", "ip6tables-nft")):
        place = ("nft", family, "nat")
        rules = (rule for rules in ruleset.rules.get(place, {}).values() for rule in rules)
        unnamed = any(rule.renumbers and rule.action in _NAMELESS for rule in rules)
        listed = machine.run([program, "-t", "nat", "-S"], None) if unnamed and machine.find(program) else None
        # It refuses a table that holds rules of nft, too.
        if listed and listed.code == 0 and listed.out:
            found[place] = _in_chains(listed.out.splitlines(), family)
    return found


def _chains(listed: Iterable[str], called: str, family: str, table: str) -> Iterator[Chain]:
    for line in listed:
        words = line.split()
        if len(words) == 3 and words[0] == "-P":
            hook = words[1].lower()
            kind = "nat" if table == "nat" else "filter"
            priority = _NAT_PRIORITIES[hook] if table == "nat" else _PRIORITIES[table]
            yield Chain(called, family, table, words[1], kind, hook, priority, words[2].lower())


def _in_chains(listed: Iterable[str], family: str) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, list[Rule]] = {}
    chains = set()
    for line in listed:
        if line.startswith(("-P ", "-N ")):
            chains.add(line.split()[1])
        if line.startswith("-A "):
            rule = _rule(shlex.split(line), _VERSIONS[family])
            if rule.action in LEADS_ON and rule.target not in chains:
                rule = replace(rule, action="unknown", target="")
            found.setdefault(rule.chain, []).append(rule)
    return {name: tuple(rules) for name, rules in found.items()}


def _rule(words: list[str], version: int) -> Rule:
    """A rule as -S prints it: "-A CHAIN", pairs of options and words, some of them after "!"."""
    rule = Rule(words[1], version=version)
    excluded = False
    place = 2
    while place < len(words):
        option, word = words[place], words[place + 1] if place + 1 < len(words) else ""
        if option == "!":
            excluded = True
            place += 1
            continue
        if option == "--match-set":
            senders = place + 2 < len(words) and words[place + 2].partition(",")[0] == "src" and not excluded
            rule = replace(rule, more=True, by_set=rule.by_set or senders)
        else:
            rule = _stated(rule, option, word, excluded, version)
        excluded = False
        # What follows an option that is not known is passed over up to the next one.
        place += 1
        while place < len(words) and words[place] != "!" and not words[place].startswith("-"):
            place += 1
    return rule


def _stated(rule: Rule, option: str, word: str, excluded: bool, version: int) -> Rule:
    """A rule with one more of its options."""
    if option in ("-i", "-o"):
        named = Names((word[:-1] + "*" if word.endswith("+") else word,), excluded)
        return rule.by_interface(named, incoming=option == "-i")
    if option in ("-s", "-d"):
        return _of_address(rule, option == "-s", word, excluded, version)
    if option in ("--dport", "--dports"):
        return _of_port(rule, word, excluded)
    if option in ("-j", "-g"):
        return _led(rule, option, word)
    if option in ("--to-source", "--to-destination", "--to-ports"):
        return _translated(rule, word) if option != "--to-ports" else _renumbered(rule, word)
    return _said(rule, option, word, excluded)


def _said(rule: Rule, option: str, word: str, excluded: bool) -> Rule:
    if option == "-p" and not excluded:
        return replace(rule, transport=word)
    if option == "--comment":
        return replace(rule, comment=word)
    if option == "--mark":
        return replace(rule, more=True, marked=True)
    if option == "--dst-type" and word == "LOCAL" and not excluded:
        return replace(rule, to_local=True)
    # After the target its own options come, which ask nothing of the packet.
    silent = rule.action or (option == "-m" and word in _SILENT_MATCHES)
    return rule if silent else replace(rule, more=True)


def _of_address(rule: Rule, of_source: bool, word: str, excluded: bool, version: int) -> Rule:
    spans = joined([of_network(word)[1]])
    one = of_source and not excluded and spans[0][0] == spans[0][1]
    spans = others(spans, HIGHEST[version]) if excluded else spans
    if of_source:
        return replace(rule, sources=in_both(rule.sources, spans), by_one=rule.by_one or one)
    return replace(rule, destinations=in_both(rule.destinations, spans))


def _of_port(rule: Rule, word: str, excluded: bool) -> Rule:
    try:
        spans = joined(_port_span(item) for item in word.split(","))
    except ValueError:
        return replace(rule, more=True)
    return replace(rule, ports=in_both(rule.ports, others(spans, HIGHEST_PORT) if excluded else spans))


def _led(rule: Rule, option: str, word: str) -> Rule:
    if word.lower() in ENDS and word.isupper():
        return replace(rule, action=word.lower())
    if word.isupper() and word.lower() in GOES_ON:
        return rule
    return replace(rule, action="jump" if option == "-j" else "goto", target=word)


def _translated(rule: Rule, word: str) -> Rule:
    """A rule with where a translation leads to: ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, each of them a range."""
    address, port = word, ""
    if word.startswith("["):
        address, _bracket, port = word[1:].partition("]")
    elif word.count(":") == 1:
        address, _colon, port = word.partition(":")
    return _renumbered(replace(rule, target=address), port.strip(":"))


def _renumbered(rule: Rule, port: str) -> Rule:
    return replace(rule, target_port=int(port) if port.isdigit() else 0, renumbers=bool(port) and not port.isdigit())


def _port_span(text: str) -> tuple[int, int]:
    low, _colon, high = text.partition(":")
    return int(low), int(high or low)
