# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of an nft file that both packet filters write: addresses, ports, comments, chains, what every host needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...basics.addresses import Address
from ..boxes import Range
from ..rules import EVERYBODY, Permit, Rules, Version, harmless

TABLE = "inet faxnet"

#: Bytes of a comment that nft takes (NFTNL_UDATA_COMMENT_MAXLEN, 128 with the closing zero), less some for safety.
LONGEST_COMMENT = 120

FIELD: Mapping[Version, str] = {4: "ip", 6: "ip6"}
ADDRESS_TYPE: Mapping[Version, str] = {4: "ipv4_addr", 6: "ipv6_addr"}
_BITS: Mapping[Version, int] = {4: 32, 6: 128}

REFUSE = 'counter counter name "faxnet_refused" drop'

#: Neighbour discovery and multicast listener messages. Without them IPv6 does not work at all (RFC 4890, 4.4.1).
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


def table(comments: Iterable[str], content: Iterable[str]) -> str:
    """The whole file: the table comes anew in one transaction, whether it was there or not."""
    lines = [
        "# Written by faxnet.deploy. Changes made by hand are replaced in the next run.",
        *comments,
        f"table {TABLE}",
        f"delete table {TABLE}",
        f"table {TABLE} {{",
        "\tcounter faxnet_refused {",
        "\t}",
        *content,
        "}",
        "",
    ]
    return "\n".join(lines)


def chain(name: str, hook: str, rules: Iterable[str]) -> list[str]:
    """Lines of a base chain."""
    return ["", f"\tchain faxnet_{name} {{", f"\t\t{hook}", *(f"\t\t{rule}" for rule in rules), "\t}"]


def link_rules() -> Iterator[str]:
    """What an input chain takes whatever the plan says: what IPv6 needs to work, and pings within limits."""
    yield f"icmpv6 type {{ {', '.join(_NEIGHBOURS)} }} accept"
    # A DHCPv6 server answers a multicast from its link-local address: conntrack sees no connection (RFC 8415, 7.2).
    # DHCPv4 clients need no such rule, they take the first answer from a packet socket.
    yield "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept"
    yield "icmp type echo-request limit rate 20/second accept"
    yield "icmpv6 type echo-request limit rate 20/second accept"


def permit_rules(permit: Permit, text: str) -> Iterator[str]:
    """One rule for each IP version, or one for both when it is open to all of both."""
    ports = port_set(permit.ports)
    ending = f'{permit.transport} dport {ports} counter accept comment "{text[:LONGEST_COMMENT]}"'
    everywhere = [version for version, spans in permit.sources.items() if spans == (EVERYBODY[version],)]
    if sorted(everywhere) == [4, 6]:
        yield ending
        return
    for version, spans in permit.sources.items():
        if version in everywhere:
            yield f"meta nfproto ipv{version} {ending}"
        else:
            yield f"{FIELD[version]} saddr {address_set(version, spans)} {ending}"


def comment(names: Sequence[str]) -> str:
    """The first flow and how many more: whoever reads `nft list table inet faxnet` sees why the element is there."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f' comment "{harmless(names[0])[: LONGEST_COMMENT - len(more)]}{more}"'


def switched_off(rules: Rules) -> Iterator[str]:
    """Disabled entries as comments: out of force, and still there to be read and switched on again (NR-18)."""
    for section, entries in (("input", rules.input), ("forward", rules.forward), ("output", rules.output)):
        for entry in entries:
            if not entry.enabled:
                source, destination = (addresses(entry.version, span) for span in (entry.source, entry.destination))
                sender = f" port {ranges(entry.source_ports)}" if entry.source_ports else ""
                what = f"{source}{sender} to {destination} {entry.transport} {ranges(entry.ports)}"
                yield _off(section, entry.flows, what)
    for forward in rules.destination_nat:
        if not forward.enabled:
            source, address = (addresses(forward.version, span) for span in (forward.source, forward.address))
            target = Address(forward.version, forward.target).text
            what = f"{source} to {address} {forward.transport} {ranges(forward.ports)} to {target}"
            yield _off("destination_nat", forward.flows, what)


def _off(section: str, flows: Sequence[str], what: str) -> str:
    return f"# switched off: {section} {what} ({', '.join(map(harmless, flows))})"


def addresses(version: Version, span: Range) -> str:
    """An address, a prefix or a range, whichever is exact."""
    low, high = span
    if low == high:
        return Address(version, low).text
    size = high - low + 1
    if size & (size - 1) == 0 and low % size == 0:
        return f"{Address(version, low).text}/{_BITS[version] - size.bit_length() + 1}"
    return f"{Address(version, low).text}-{Address(version, high).text}"


def address_set(version: Version, spans: Sequence[Range]) -> str:
    """One address, prefix or range, or an anonymous set of them."""
    texts = [addresses(version, span) for span in spans]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def port_range(span: Range) -> str:
    """``7488`` or ``10000-10099``."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def ranges(spans: Sequence[Range]) -> str:
    """Ports for a comment: ``25,4558-4560``."""
    return ",".join(map(port_range, spans))


def port_set(spans: Sequence[Range]) -> str:
    """One port or range, or an anonymous set of them."""
    return port_range(spans[0]) if len(spans) == 1 else "{ " + ", ".join(map(port_range, spans)) + " }"
