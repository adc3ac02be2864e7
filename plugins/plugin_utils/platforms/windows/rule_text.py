# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule as text, as the registry and group policy of Windows hold it ([MS-GPFAS] 2.2.2.19): written and read.

``v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=10000-10099|RA4=198.51.100.7|Name=...|``: a version and
fields, each with a bar behind it. Rules of others may be of any version: fields that are not known here are kept as
they are. Subnets of IPv4 are written with a mask of four numbers, as Windows itself writes them; both forms are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ...basics.addresses import Address, AddressError, parse_address, parse_prefix
from ...basics.findings import shown
from ...basics.ports import LAST_PORT, PortRange, merge_ranges
from ...inventory.firewall_profiles import PROFILES
from ..ranges import BITS, addresses
from .rule import ALLOW, BLOCK, ICMP, ICMPV6, IN, OUT, TCP, UDP, Rule, Span, named_profiles, united

#: The first version that knows ranges of ports (LPort2_10).
_VERSION = "v2.10"
_RANGES_SINCE = (2, 10)

_ACTIONS = {ALLOW: "Allow", BLOCK: "Block", "bypass": "ByPass"}
_DIRECTIONS = {IN: "In", OUT: "Out"}
_PROFILES = {name: name.capitalize() for name in PROFILES}
_WORDS: Mapping[str, Mapping[str, str]] = {
    key: {text.lower(): name for name, text in words.items()}
    for key, words in (("Action", _ACTIONS), ("Dir", _DIRECTIONS), ("Profile", _PROFILES))
}
_BOOLEAN = {"TRUE": True, "FALSE": False}
_LAST_PROTOCOL = 255

_HEAD = re.compile(r"v(\d{1,3})\.(\d{1,3})\Z")
_PORT = re.compile(r"\d{1,5}\Z")
_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})\Z")
_ICMP = re.compile(r"(\d{1,3}):(\d{1,3}|\*)\Z")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")


class RuleTextError(ValueError):
    """A text that is no rule, or a rule that cannot be written as text; the message names the field and its value."""


def write_rule(rule: Rule) -> str:
    """Return the rule's text; without its name on the host, which is the name of the value that holds the text.

    Raises:
        RuleTextError: a value has a bar or a control character, which no text of a rule can hold.
    """
    return f"{_VERSION}|" + "".join(f"{key}={_plain(key, value)}|" for key, value in _fields(rule))


def listing(rules: Iterable[Rule]) -> str:
    """Return the rules' texts, sorted, a rule a line."""
    return "".join(f"{text}\n" for text in sorted(map(write_rule, rules)))


def _fields(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "Action", _ACTIONS[rule.action]
    yield "Active", "TRUE" if rule.enabled else "FALSE"
    yield "Dir", _DIRECTIONS[rule.direction]
    if rule.protocol is not None:
        yield "Protocol", str(rule.protocol)
    yield from (("Profile", _PROFILES[name]) for name in rule.profiles)
    yield from (("ICMP4" if rule.protocol == ICMP else "ICMP6", entry) for entry in rule.icmp)
    for side, ports, keywords in (
        ("L", rule.local_ports, rule.local_keywords),
        ("R", rule.remote_ports, rule.remote_keywords),
    ):
        yield from ((f"{side}Port", item.text) for item in ports if item.size == 1)
        yield from ((f"{side}Port2_10", item.text) for item in ports if item.size > 1)
        yield from ((f"{side}Port", word) for word in keywords)
    for side, spans in (("LA", rule.local_addresses), ("RA", rule.remote_addresses)):
        yield from ((f"{side}{span.version}", address_text(span, masks=True)) for span in spans)
    for field in rule.remote_words:
        key, _equals, word = field.partition("=")
        yield key, word
    named = (("App", rule.program), ("Svc", rule.service), ("Name", rule.display_name), ("Desc", rule.description))
    yield from ((key, value) for key, value in (*named, ("EmbedCtxt", rule.group)) if value)
    if rule.edge:
        yield "Edge", "TRUE"
    yield from rule.other


def address_text(span: Span, *, masks: bool = False) -> str:
    """An address, a subnet or a range. All addresses of a version are a range: a subnet cannot have no bits.

    Args:
        masks: whether the length of an IPv4 subnet is written as a mask.
    """
    if span.is_all:
        return f"{Address(span.version, span.low).text}-{Address(span.version, span.high).text}"
    text = addresses(span.version, span.range)
    network, slash, length = text.partition("/")
    if slash and masks and span.version == 4:
        return f"{network}/{Address(4, 2**32 - 2 ** (32 - int(length))).text}"
    return text


def _plain(key: str, value: str) -> str:
    bad = next((letter for letter in value if letter == "|" or not letter.isprintable()), None)
    if bad is not None:
        raise RuleTextError(f"{key} is {shown(value)}: {bad!r} cannot stand in a rule; write it without")
    return value


class _Parts(NamedTuple):
    """The fields of a text by key; those that may come several times, and those that come once."""

    version: tuple[int, int]
    several: Mapping[str, list[str]]
    once: Mapping[str, str]
    other: tuple[tuple[str, str], ...]


_SEVERAL = frozenset(
    (
        *("Profile", "ICMP4", "ICMP6", "LPort", "LPort2_10", "RPort", "RPort2_10"),
        *("LA4", "LA6", "RA4", "RA6", "RA42", "RA62"),
    )
)
_ONCE = frozenset(("Action", "Active", "Dir", "Protocol", "App", "Svc", "Name", "Desc", "EmbedCtxt", "Edge"))


def read_rule(name: str, text: str) -> Rule:
    """Return the rule that a value of the registry holds.

    Args:
        name: the value's name.
        text: its data.

    Raises:
        RuleTextError: it is no rule.
    """
    parts = _parts(text)
    once = parts.once
    for key in ("Action", "Dir"):
        if key not in once:
            raise RuleTextError(f"{key} is missing in {shown(text)}")
    protocol = _protocol(once["Protocol"]) if "Protocol" in once else None
    _check_kinds(parts, protocol)
    several = parts.several
    local, remote = (
        [*_ports(several, f"{side}Port", _port), *_ports(several, f"{side}Port2_10", _port_range)] for side in "LR"
    )
    remote_spans, words = _remote(several)
    icmp = {_icmp(key, value) for key in ("ICMP4", "ICMP6") for value in several.get(key, ())}
    return Rule(
        name=name,
        display_name=once.get("Name", ""),
        description=once.get("Desc", ""),
        group=once.get("EmbedCtxt", ""),
        direction=_word("Dir", once["Dir"]),
        action=_word("Action", once["Action"]),
        # Flags are those that a text names ([MS-FASP] 2.2.37, wFlags).
        enabled=_flag("Active", once.get("Active", "FALSE")),
        protocol=protocol,
        profiles=named_profiles(_word("Profile", value) for value in several.get("Profile", ())),
        local_ports=merge_ranges(item for item in local if isinstance(item, PortRange)),
        local_keywords=_keywords(local),
        remote_ports=merge_ranges(item for item in remote if isinstance(item, PortRange)),
        remote_keywords=_keywords(remote),
        icmp=tuple(sorted(icmp)),
        local_addresses=united(_span(key, value) for key in ("LA4", "LA6") for value in several.get(key, ())),
        remote_addresses=remote_spans,
        remote_words=words,
        program=once.get("App", ""),
        service=once.get("Svc", ""),
        edge=_flag("Edge", once.get("Edge", "FALSE")),
        other=parts.other,
    )


def _parts(text: str) -> _Parts:
    head, *fields = text.split("|")
    version = _HEAD.match(head)
    if version is None:
        raise RuleTextError(f"{shown(text)} is no rule: it does not begin with a version such as {_VERSION}|")
    if not fields or fields.pop() or not fields:
        raise RuleTextError(f"{shown(text)} is no rule: each field ends with a bar, and there is at least one")
    several: dict[str, list[str]] = {}
    once: dict[str, str] = {}
    other: list[tuple[str, str]] = []
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals or not key:
            raise RuleTextError(f"{shown(field)} is no field: it has no key and value with = between")
        if key in _SEVERAL:
            several.setdefault(key, []).append(value)
        elif key in once:
            raise RuleTextError(f"{key} comes twice in {shown(text)}")
        elif key in _ONCE:
            once[key] = value
        else:
            other.append((key, value))
    return _Parts((int(version[1]), int(version[2])), several, once, tuple(other))


def _check_kinds(parts: _Parts, protocol: int | None) -> None:
    """Refuse conditions that the rule's protocol or version does not have."""
    kinds: tuple[tuple[tuple[str, ...], frozenset[int]], ...] = (
        (("LPort", "RPort", "LPort2_10", "RPort2_10"), frozenset((TCP, UDP))),
        (("ICMP4",), frozenset((ICMP,))),
        (("ICMP6",), frozenset((ICMPV6,))),
    )
    for keys, protocols in kinds:
        for key in keys:
            if key in parts.several and protocol not in protocols:
                raise RuleTextError(f"{key} is {shown(parts.several[key][0])}, and the protocol has no such thing")
            if key.endswith("2_10") and key in parts.several and parts.version < _RANGES_SINCE:
                raise RuleTextError(f"{key} is of version 2.10, and the rule is of an earlier one")


def _word(key: str, value: str) -> str:
    found = _WORDS[key].get(value.lower())
    if found is None:
        raise RuleTextError(f"{key} is {shown(value)}, which is none of {', '.join(sorted(_WORDS[key]))}")
    return found


def _flag(key: str, value: str) -> bool:
    found = _BOOLEAN.get(value.upper())
    if found is None:
        raise RuleTextError(f"{key} is {shown(value)}, which is neither TRUE nor FALSE")
    return found


def _protocol(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 3 and int(value) <= _LAST_PROTOCOL):
        raise RuleTextError(f"Protocol is {shown(value)}, which is no number from 0 to {_LAST_PROTOCOL}")
    return int(value)


def _ports(
    several: Mapping[str, list[str]], key: str, read: Callable[[str, str], PortRange | None]
) -> Iterator[PortRange | str]:
    for value in several.get(key, ()):
        ports = read(key, value)
        if ports is None and not _WORD.match(value):
            raise RuleTextError(f"{key} is {shown(value)}, which is neither ports nor a word for some")
        yield ports or value


def _port(key: str, value: str) -> PortRange | None:
    return _between(key, value, int(value), int(value)) if value.isascii() and _PORT.match(value) else None


def _port_range(key: str, value: str) -> PortRange | None:
    ends = _RANGE.match(value) if value.isascii() else None
    return _between(key, value, int(ends[1]), int(ends[2])) if ends else None


def _between(key: str, value: str, low: int, high: int) -> PortRange:
    if not low <= high <= LAST_PORT:
        raise RuleTextError(f"{key} is {shown(value)}, which is reversed or above {LAST_PORT}")
    return PortRange(low, high)


def _keywords(ports: Iterable[PortRange | str]) -> tuple[str, ...]:
    return tuple(sorted({item for item in ports if isinstance(item, str)}))


def _icmp(key: str, value: str) -> str:
    parts = _ICMP.match(value) if value.isascii() else None
    if parts is None or any(item != "*" and int(item) > _LAST_PROTOCOL for item in parts.groups()):
        raise RuleTextError(f"{key} is {shown(value)}, which is no type and code such as 8:*")
    return f"{int(parts[1])}:{parts[2] if parts[2] == '*' else int(parts[2])}"


def _remote(several: Mapping[str, list[str]]) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    """Remote addresses, and those that are words."""
    spans: list[Span] = []
    words: set[str] = set()
    for key in ("RA4", "RA6", "RA42", "RA62"):
        for value in several.get(key, ()):
            if _WORD.match(value) and not _is_address(value):
                words.add(f"{key}={value}")
            else:
                spans.append(_span(key, value))
    found = united(spans)
    return found, () if spans and not found else tuple(sorted(words))  # beside all addresses a word says nothing


def _is_address(value: str) -> bool:
    return ":" in value  # of IPv6, which may begin with a letter


def _span(key: str, value: str) -> Span:
    """The addresses of a field: one, a range, or a subnet by its length or its mask."""
    version = int(key[2])
    try:
        low, high = _ends(value)
    except AddressError as error:
        raise RuleTextError(f"{key} is {shown(value)}: {error}") from None
    if (low.version, high.version) != (version, version) or low.value > high.value:
        raise RuleTextError(f"{key} is {shown(value)}, which are no addresses of IPv{version} in ascending order")
    return Span(version, low.value, high.value)


def _ends(value: str) -> tuple[Address, Address]:
    if "-" in value:
        first, _hyphen, last = value.partition("-")
        return parse_address(first), parse_address(last)
    network, slash, length = value.partition("/")
    if not slash:
        return parse_address(value), parse_address(value)
    if "." in length:
        mask = parse_address(length)
        host_bits = (2**32 - 1) ^ mask.value
        if host_bits & (host_bits + 1):
            raise AddressError(f"{length} is no mask")
        length = str(BITS[4] - host_bits.bit_length())
    prefix = parse_prefix(f"{network}/{length}")
    return Address(prefix.version, prefix.first), Address(prefix.version, prefix.last)
