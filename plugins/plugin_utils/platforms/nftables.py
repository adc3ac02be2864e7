# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nftables: a policy as one table, `inet faxnet`, that replaces itself in one transaction.

The shape follows measurements (docs/guides/firewall.md): established traffic first; then one look-up in a
concatenated set, its most selective field first, so that the cost of a new connection does not grow with the rules;
destination translation by one rule and one interval map. Nothing here depends on the order of the policy's entries.

Where the source of a port forward is checked: twice. The translation map holds the source, so a packet from anybody
else is not translated at all and ends in the router's own input chain, refused; and the forward chain names the
source again, so that even a packet that reaches it by another way needs a flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..addresses import Address
from .abilities import Abilities
from .boxes import Box, ConflictError, Range, disjoint, merged
from .rules import Forward, Masquerade, Opening, Permit, RefusedError, Rules, Version, harmless, read_rules

NAME = "nftables"
TABLE = "inet faxnet"
ABILITIES = Abilities()

#: Bytes of a comment that nft takes (NFTNL_UDATA_COMMENT_MAXLEN, 128 with the closing zero), less some for safety.
LONGEST_COMMENT = 120

_FIELD = {4: "ip", 6: "ip6"}
_ADDRESS = {4: "ipv4_addr", 6: "ipv6_addr"}
_BITS = {4: 32, 6: 128}
_PORTS = frozenset({2})  # index of the ports in (source, destination, ports[, source ports])
_PORTS_AND_TARGETS = frozenset({1, 2})

#: Neighbour discovery and multicast listener messages. Without them IPv6 does not work at all (RFC 4890, 4.4.1).
#: Errors such as packet-too-big belong to a connection: conntrack calls them related, and they are accepted as such.
_NEIGHBOURS = (
    "mld-listener-query",
    "mld-listener-report",
    "mld-listener-done",
    "nd-router-solicit",
    "nd-router-advert",
    "nd-neighbor-solicit",
    "nd-neighbor-advert",
    "nd-redirect",
    "mld2-listener-report",
)


@dataclass(frozen=True, slots=True)
class _Set:
    """A set or map of the table and the rule that looks things up in it."""

    name: str
    kind: str
    type: str
    elements: tuple[str, ...]
    rule: str


def render(policy: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    """The complete nft file for a slice's "policy": replaces table `inet faxnet` as a whole, touches nothing else.

    With `address_ranges`, neighbouring target addresses with the same ports share one element (NR-22). It permits the
    same packets; it is off by default because a rule for each client is easier to read and to switch off.
    Raises `RefusedError` when the policy is malformed, has no management access, or sends one packet to two targets.
    """
    rules = read_rules(policy)
    inbound = list(_filters(rules.input, "input", address_ranges))
    onward = list(_filters(rules.forward, "forward", address_ranges))
    forwards = list(_translations(rules.destination_nat))
    lines = [
        "# Written by faxnet.deploy. Changes made by hand are replaced in the next run.",
        *_switched_off(rules),
        f"table {TABLE}",
        f"delete table {TABLE}",
        f"table {TABLE} {{",
        "\tcounter faxnet_refused {",
        "\t}",
    ]
    for item in (*inbound, *onward, *forwards):
        lines += ["", f"\t{item.kind} {item.name} {{", f"\t\ttype {item.type}", "\t\tflags interval"]
        lines += ["\t\telements = {", *(f"\t\t\t{element}," for element in item.elements), "\t\t}", "\t}"]
    lines += _chain("input", "type filter hook input priority filter; policy drop;", _input(rules, inbound))
    if rules.forwarding:
        lines += _chain("forward", "type filter hook forward priority filter; policy drop;", _forward(rules, onward))
    if forwards:
        translate = [item.rule for item in forwards]
        lines += _chain("prerouting", "type nat hook prerouting priority dstnat; policy accept;", translate)
    if rules.source_nat:
        wear = [_masquerade(item) for item in rules.source_nat]
        lines += _chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", wear)
    lines += ["}", ""]
    return "\n".join(lines)


def openings(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the host itself lets in from anybody: [{"version": 4, "transport": "tcp", "ports": [[22, 22]]}, ...].

    The managed host compares its listening sockets with this.
    """
    rules = read_rules(policy)
    found: dict[tuple[int, str], list[Range]] = {(6, "udp"): [(546, 546)]}  # see _input
    for permit in (*rules.management, *rules.extras):
        for version in permit.sources:
            found.setdefault((version, permit.transport), []).extend(permit.ports)
    for opening in rules.input:
        if opening.enabled:
            found.setdefault((opening.version, opening.transport), []).extend(opening.ports)
    return [
        {
            "version": version,
            "transport": transport,
            "ports": [list(span) for span in merged(found[version, transport])],
        }
        for version, transport in sorted(found)
    ]


def forwarding_settings(policy: Mapping[str, Any]) -> list[str]:
    """The kernel settings that must be 1 for this policy: forwarding, for each IP version that it forwards."""
    rules = read_rules(policy)
    if not rules.forwarding:
        return []
    versions = {
        *rules.networks,
        *(item.version for item in rules.forward),
        *(item.version for item in rules.source_nat),
    }
    return ["net.ipv4.ip_forward"] + (["net.ipv6.conf.all.forwarding"] if 6 in versions else [])


def _chain(name: str, hook: str, rules: Iterable[str]) -> list[str]:
    return ["", f"\tchain faxnet_{name} {{", f"\t\t{hook}", *(f"\t\t{rule}" for rule in rules), "\t}"]


def _input(rules: Rules, sets: Sequence[_Set]) -> Iterator[str]:
    yield "ct state established,related counter accept"
    # Before everything that could drop a packet: whatever the rest of the policy says, Ansible gets in.
    for permit in rules.management:
        yield from _permit(permit, "management")
    yield 'iif "lo" accept'
    yield "ct state invalid counter drop"
    yield f"icmpv6 type {{ {', '.join(_NEIGHBOURS)} }} accept"
    # A DHCPv6 server answers a multicast from its link-local address: conntrack sees no connection (RFC 8415, 7.2).
    # DHCPv4 clients need no such rule, they take the first answer from a packet socket.
    yield "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept"
    yield "icmp type echo-request limit rate 20/second accept"
    yield "icmpv6 type echo-request limit rate 20/second accept"
    for permit in rules.extras:
        yield from _permit(permit, f"permit {permit.name}")
    for item in sets:
        yield item.rule
    yield 'counter counter name "faxnet_refused" drop'


def _forward(rules: Rules, sets: Sequence[_Set]) -> Iterator[str]:
    yield "ct state established,related counter accept"
    yield "ct state invalid counter drop"
    for item in sets:
        yield item.rule
    if rules.outbound == "any":
        for version, networks in rules.networks.items():
            inside = _address_set(version, networks)
            field = _FIELD[version]
            yield f'{field} saddr {inside} {field} daddr != {inside} ct state new counter accept comment "outbound any"'
    yield 'counter counter name "faxnet_refused" drop'


def _permit(permit: Permit, comment: str) -> Iterator[str]:
    """One rule for each IP version, or one for both when it is open to all of both."""
    ports = _port_set(permit.ports)
    ending = f'{permit.transport} dport {ports} counter accept comment "{comment[:LONGEST_COMMENT]}"'
    everywhere = [version for version, spans in permit.sources.items() if _is_all(version, spans)]
    if sorted(everywhere) == [4, 6]:
        yield ending
        return
    for version, spans in permit.sources.items():
        if version in everywhere:
            yield f"meta nfproto ipv{version} {ending}"
        else:
            yield f"{_FIELD[version]} saddr {_address_set(version, spans)} {ending}"


def _filters(entries: Sequence[Opening], hook: str, address_ranges: bool) -> Iterator[_Set]:
    groups: dict[tuple[Version, str, bool], list[Box]] = {}
    for entry in entries:
        if not entry.enabled:
            continue
        boxes = groups.setdefault((entry.version, entry.transport, entry.source_ports is not None), [])
        for ports in entry.ports:
            if entry.source_ports is None:
                boxes.append(Box((entry.source, entry.destination, ports), names=entry.flows))
            for source_ports in entry.source_ports or ():
                boxes.append(Box((entry.source, entry.destination, ports, source_ports), names=entry.flows))
    for version, transport, from_ports in sorted(groups):
        name = f"faxnet_{hook}_{transport}{version}{'_from' if from_ports else ''}"
        boxes = groups[version, transport, from_ports]
        cells = disjoint(boxes, _PORTS_AND_TARGETS if address_ranges else _PORTS)
        # The kernel looks fields up in order and is slow when the first is the same in thousands of elements: a
        # server's clients differ in the source, what a router lets in to them differs in the destination.
        first, second = (0, 1) if _variety(boxes, 0) >= _variety(boxes, 1) else (1, 0)
        side = ("saddr", "daddr")
        fields = [f"{_FIELD[version]} {side[first]}", f"{_FIELD[version]} {side[second]}", f"{transport} dport"]
        types = [_ADDRESS[version]] * 2 + ["inet_service"]
        if from_ports:
            fields.append(f"{transport} sport")
            types.append("inet_service")
        yield _Set(
            name=name,
            kind="set",
            type=" . ".join(types),
            elements=tuple(
                " . ".join(
                    (
                        _addresses(version, cell.ranges[first]),
                        _addresses(version, cell.ranges[second]),
                        *map(_range, cell.ranges[2:]),
                    )
                )
                + _comment(cell.names)
                for cell in cells
            ),
            rule=f"{' . '.join(fields)} @{name} counter accept",
        )


def _variety(boxes: Iterable[Box], field: int) -> int:
    return len({box.ranges[field] for box in boxes})


def _translations(entries: Sequence[Forward]) -> Iterator[_Set]:
    groups: dict[tuple[Version, str], list[Box]] = {}
    for entry in entries:
        if entry.enabled:
            boxes = groups.setdefault((entry.version, entry.transport), [])
            boxes += [Box((entry.source, entry.address, span), entry.target, entry.flows) for span in entry.ports]
    for version, transport in sorted(groups):
        name = f"faxnet_targets_{transport}{version}"
        field, address = _FIELD[version], _ADDRESS[version]
        try:
            cells = disjoint(groups[version, transport], _PORTS)
        except ConflictError as conflict:
            first, second = (", ".join(map(harmless, side[:3])) for side in (conflict.first, conflict.second))
            raise RefusedError(
                f"policy.destination_nat: {first} and {second} forward the same packets to two targets; "
                "give their clients call-back ranges of their own"
            ) from None
        # The port comes first: sources and the public address are few and the same in thousands of elements, and a
        # constant first field makes the look-up slow.
        yield _Set(
            name=name,
            kind="map",
            type=f"inet_service . {address} . {address} : {address}",
            elements=tuple(_by_port(version, cells)),
            rule=f"dnat {field} to {transport} dport . {field} daddr . {field} saddr map @{name}",
        )


def _by_port(version: Version, cells: Iterable[Box]) -> Iterator[str]:
    """Elements `ports . address . source : target` of a translation map, in the order of the ports."""
    for cell in sorted(cells, key=lambda cell: (cell.ranges[2], cell.ranges[1], cell.ranges[0])):
        source, address, ports = cell.ranges
        key = f"{_range(ports)} . {_addresses(version, address)} . {_addresses(version, source)}"
        yield f"{key}{_comment(cell.names)} : {Address(version, cell.outcome).text}"


def _comment(names: Sequence[str]) -> str:
    """The first flow and how many more: whoever reads `nft list table inet faxnet` sees why the element is there."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f' comment "{harmless(names[0])[: LONGEST_COMMENT - len(more)]}{more}"'


def _masquerade(item: Masquerade) -> str:
    field = _FIELD[item.version]
    exempt = f" {field} daddr != {_address_set(item.version, item.exempt)}" if item.exempt else ""
    inside = _address_set(item.version, item.networks)
    return f"{field} saddr {inside}{exempt} counter snat {field} to {Address(item.version, item.address).text}"


def _switched_off(rules: Rules) -> Iterator[str]:
    """Disabled entries as comments: out of force, and still there to be read and switched on again (NR-18)."""
    for section, entries in (("input", rules.input), ("forward", rules.forward)):
        for entry in entries:
            if not entry.enabled:
                source, destination = (_addresses(entry.version, span) for span in (entry.source, entry.destination))
                yield _off(section, entry.flows, f"{source} to {destination} {entry.transport} {_text(entry.ports)}")
    for forward in rules.destination_nat:
        if not forward.enabled:
            source, address = (_addresses(forward.version, span) for span in (forward.source, forward.address))
            target = Address(forward.version, forward.target).text
            what = f"{source} to {address} {forward.transport} {_text(forward.ports)} to {target}"
            yield _off("destination_nat", forward.flows, what)


def _off(section: str, flows: Sequence[str], what: str) -> str:
    return f"# switched off: {section} {what} ({', '.join(map(harmless, flows))})"


def _is_all(version: Version, spans: Sequence[Range]) -> bool:
    return tuple(spans) == ((0, 2 ** _BITS[version] - 1),)


def _addresses(version: Version, span: Range) -> str:
    """An address, a prefix or a range, whichever is exact."""
    low, high = span
    if low == high:
        return Address(version, low).text
    size = high - low + 1
    if size & (size - 1) == 0 and low % size == 0:
        return f"{Address(version, low).text}/{_BITS[version] - size.bit_length() + 1}"
    return f"{Address(version, low).text}-{Address(version, high).text}"


def _address_set(version: Version, spans: Sequence[Range]) -> str:
    texts = [_addresses(version, span) for span in spans]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def _range(span: Range) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _text(spans: Sequence[Range]) -> str:
    return ",".join(map(_range, spans))


def _port_set(spans: Sequence[Range]) -> str:
    return _range(spans[0]) if len(spans) == 1 else "{ " + ", ".join(map(_range, spans)) + " }"
