# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules of ours accept of new packets, as addresses, protocols and ports: for a filter that looks at no mark.

It is read from nft's own listing. What such a filter cannot ask (an interface, a limit, the way back) is left out, so
that more is named than the rules accept, never less; and our rules, which are asked first, refuse the difference.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import fields, span
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import number_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import Rules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import HIGHEST, HIGHEST_PORT, Span

_VERSIONS = {"ip": 4, "ip6": 6}
_WITH_PORTS = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp"}
#: How the comments of rules begin that no flow, permit or management stands behind.
_NOBODYS = ("containers on ", "observed", "running sessions")


class Opened(NamedTuple):
    """Packets that are accepted.

    Attributes:
        version: their IP version; 0 for both.
        source: a network that they come from; empty for any.
        destination: a network that they are sent to; empty for any.
        elsewhere: whether they are sent to anywhere but there.
        protocol: its name where it has ports, else its number; empty for any.
        ports: a port or range that they are sent to; empty for any.
        from_ports: a port or range that they come from, where that is all that is known of ports.
    """

    version: int
    source: str
    destination: str
    elsewhere: bool
    protocol: str
    ports: str
    from_ports: str


#: What one way to a rule asks: a span for each field; of "elsewhere" whether the destination is excluded.
_Asked = dict[str, Any]


def opened(rules: Rules, hook: str) -> list[Opened]:
    """All that rules accept of new packets at a hook, sorted; but for this host's own, ICMP and established ones."""
    found: set[Opened] = set()
    for comment, conditions in rules.accepting(hook):
        if not comment.startswith(_NOBODYS):
            for asked in _ways(rules, conditions):
                found.update(_opened(asked))
    return sorted(found)


def _ways(rules: Rules, conditions: Iterable[Mapping[str, Any]]) -> Iterator[_Asked]:
    """What a rule asks, one for each combination of what it lists; none for what is not to be opened."""
    each: list[list[_Asked]] = []
    for statement in conditions:
        match = statement.get("match")
        if match is None:
            continue
        alternatives = list(_alternatives(rules, match))
        if not alternatives:
            return
        each.append(alternatives)
    for chosen in itertools.product(*each):
        asked: _Asked = {}
        for part in chosen:
            asked.update(part)
        if asked:
            yield asked


def _alternatives(rules: Rules, match: Mapping[str, Any]) -> Iterator[_Asked]:
    """What one condition asks; nothing where it is met by no packet that is to be opened."""
    left, right, operator = match["left"], match["right"], match["op"]
    names = [_name(field) for field in fields(left)]
    if names == ["state"]:
        if "new" in str(right):
            yield {}
        return
    if names in (["icmp"], ["lo"]) or (names == ["interface"] and right == "lo"):
        return
    if any(not name or name == "interface" for name in names) or (operator == "!=" and names[0][-5:] != "daddr"):
        yield {}
        return
    for spans in _rows(rules, right):
        if len(spans) == len(names):
            asked: _Asked = {}
            for name, held in zip(names, spans):
                _note(asked, name, held)
            if operator == "!=":
                asked["elsewhere"] = True
            yield asked


def _rows(rules: Rules, right: Any) -> Iterator[Sequence[Any]]:
    if isinstance(right, str) and right.startswith("@"):
        for spans, _comment, _data in rules.elements(right):
            yield spans
        return
    listed = right.get("set", [right]) if isinstance(right, dict) else right if isinstance(right, list) else [right]
    for item in listed:
        yield [span(field) for field in fields(item)]


def _name(field: Any) -> str:
    """What a condition looks at: "ip saddr", "tcp dport", "protocol", "version", "state", "interface"; or ""."""
    if not isinstance(field, dict) or len(field) != 1:
        return ""
    ((kind, content),) = field.items()
    if kind == "payload":
        protocol, name = content.get("protocol", ""), content.get("field", "")
        if protocol in ("icmp", "icmpv6"):
            return "icmp"
        if name in ("protocol", "nexthdr"):
            return "protocol"
        return f"{protocol} {name}" if name in ("saddr", "daddr", "sport", "dport") else ""
    if kind == "meta":
        key = content.get("key")
        return {"l4proto": "protocol", "nfproto": "version", "iif": "interface", "iifname": "interface"}.get(key, "")
    return "state" if kind == "ct" and content.get("key") == "state" else ""


def _note(asked: _Asked, name: str, held: Any) -> None:
    protocol, _space, part = name.partition(" ")
    if protocol in _VERSIONS:
        asked["version"] = _VERSIONS[protocol]
    elif part and protocol != "th":
        asked["protocol"] = (number_of(protocol),) * 2
    if name == "version":
        # nft writes it by the protocols of these names.
        asked["version"] = {4: 4, 41: 6}[held[0]]
    else:
        asked[part or name] = held


def _opened(asked: _Asked) -> Iterator[Opened]:
    version = asked.get("version", 0)
    low, high = asked.get("protocol", (0, 0))
    to, come_from = asked.get("dport", (0, HIGHEST_PORT)), asked.get("sport", (0, HIGHEST_PORT))
    for protocol in range(low, high + 1):
        with_ports = _WITH_PORTS.get(protocol, "")
        any_port = to[1] - to[0] >= HIGHEST_PORT - 1
        for source, destination in itertools.product(
            _networks(version, asked.get("saddr")), _networks(version, asked.get("daddr"))
        ):
            yield Opened(
                version if source or destination else asked.get("version", 0),
                source,
                destination,
                bool(asked.get("elsewhere")) and bool(destination),
                with_ports or (str(protocol) if protocol else ""),
                "" if any_port or not with_ports else _range(to),
                _range(come_from) if any_port and with_ports and come_from != (0, HIGHEST_PORT) else "",
            )


def _range(ports: Span) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _networks(version: int, held: Span | None) -> list[str]:
    """The networks that make up a span of addresses; an empty one for all addresses."""
    if held is None or not version or held == (0, HIGHEST[version]):
        return [""]
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return [str(network) for network in ipaddress.summarize_address_range(kind(held[0]), kind(held[1]))]
