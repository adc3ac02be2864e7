# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of an nft file that both packet filters write: addresses, ports, comments, chains, what every host needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...policies.policy import Policy
from ...policies.read_policy import harmless
from ..ranges import Range, addresses, range_of

TABLE = "inet faxnet"

#: Bytes of a comment that nft takes (NFTNL_UDATA_COMMENT_MAXLEN, 128 with the closing zero), less some for safety.
LONGEST_COMMENT = 120

FIELD: Mapping[int, str] = {4: "ip", 6: "ip6"}
ADDRESS_TYPE: Mapping[int, str] = {4: "ipv4_addr", 6: "ipv6_addr"}

REFUSE = 'counter counter name "faxnet_refused" drop'


class Refusal(NamedTuple):
    """What an exclusive host drops, whatever else its rules say of the packet.

    Attributes:
        match: nft's words for such a packet.
        kind: ``invalid``, ``no_way_back`` or ``limit``; in the name of the set in which an observing host notes it.
        comment: of the rule; empty for none.
        versions: the IP versions that it is of.
    """

    match: str
    kind: str
    comment: str = ""
    versions: tuple[int, ...] = (4, 6)


#: What belongs to no connection, and cannot begin one.
INVALID = Refusal("ct state invalid", "invalid")

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


_PINGS = "20/second"


def link_rules() -> Iterator[str]:
    """What an input chain takes whatever the plan says: what IPv6 and multicast need to work, pings within limits."""
    yield f"icmpv6 type {{ {', '.join(_NEIGHBOURS)} }} accept"
    # What multicast listener messages are to IPv6: a switch that hears no answer stops passing groups on (RFC 4541).
    yield "ip protocol 2 accept"
    # A DHCPv6 server answers a multicast from its link-local address: conntrack sees no connection (RFC 8415, 7.2).
    # DHCPv4 clients need no such rule, they take the first answer from a packet socket.
    yield "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept"
    yield f"icmp type echo-request limit rate {_PINGS} accept"
    yield f"icmpv6 type echo-request limit rate {_PINGS} accept"


#: What stands before connection tracking's verdict: all pings with one id are one connection to it.
PING_LIMITS = (
    Refusal(f"icmp type echo-request limit rate over {_PINGS}", "limit", versions=(4,)),
    Refusal(f"icmpv6 type echo-request limit rate over {_PINGS}", "limit", versions=(6,)),
)


#: What the kernel looks up for a packet's source address (nft(8), FIB EXPRESSIONS).
_WAY_BACK = {"strict": "saddr . iif", "loose": "saddr"}


def reverse_path(policy: Policy) -> Iterator[Refusal]:
    """What a router drops because its own routes say that the source is not there (RFC 3704).

    Whoever could wear an address of the office on the provider's side would be let out under the office's own public
    address, and get at what is open to the office.
    """
    if policy.forwarding and policy.reverse_path != "off":
        match = f"fib {_WAY_BACK[policy.reverse_path]} oif missing"
        yield Refusal(match, "no_way_back", "no way back to the source")


def clamp_mss_chain(policy: Policy) -> list[str]:
    """A chain that lowers the segment size that both sides of a TCP connection name (RFC 9293, 3.7.1), or no lines.

    A size that is smaller already stays (net/netfilter/nft_exthdr.c: it is never raised). ``rt mtu`` is the smaller of
    the packet's own route and of the one back to its sender (nft_rt.c), so it helps on both sides of the narrow link.
    """
    clamp = policy.clamp_mss
    if clamp is None or not policy.forwarding:
        return []
    size = str(clamp.size) if clamp.size else "rt mtu"
    change = f"tcp flags & (syn | rst) == syn counter tcp option maxseg size set {size}"
    legs = [f'{side} "{name}" ' for name in clamp.interfaces for side in ("iifname", "oifname")]
    hook = "type filter hook forward priority mangle; policy accept;"
    return chain("clamp_mss", hook, [f"{leg}{change}" for leg in legs or ("",)])


def comment(names: Sequence[str]) -> str:
    """The first flow and how many more: whoever reads `nft list table inet faxnet` sees why the element is there."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f' comment "{harmless(names[0])[: LONGEST_COMMENT - len(more)]}{more}"'


def switched_off(policy: Policy) -> Iterator[str]:
    """Disabled entries as comments: out of force, and still there to be read and switched on again (NR-18)."""
    for section, permits in (("input", policy.input), ("forward", policy.forward), ("output", policy.output)):
        for permit, flows in permits:
            if not permit.enabled:
                ends = (addresses(permit.version, range_of(end)) for end in (permit.source, permit.destination))
                source, destination = ends
                sender = f" port {permit.source_ports.text}" if permit.source_ports else ""
                what = f"{source}{sender} to {destination} {permit.transport} {permit.ports.text}"
                yield _off(section, flows, what)
    for nat, flows in policy.destination_nat:
        if not nat.enabled:
            source, address, target = (
                addresses(nat.version, range_of(end)) for end in (nat.source, nat.address, nat.target)
            )
            yield _off("destination_nat", flows, f"{source} to {address} {nat.transport} {nat.ports.text} to {target}")


def _off(section: str, flows: Sequence[str], what: str) -> str:
    return f"# switched off: {section} {what} ({', '.join(map(harmless, flows))})"


def address_set(version: int, spans: Sequence[Range]) -> str:
    """One address, prefix or range, or an anonymous set of them."""
    texts = [addresses(version, span) for span in spans]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def port_range(span: Range) -> str:
    """``7488`` or ``10000-10099``."""
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def port_set(spans: Sequence[Range]) -> str:
    """One port or range, or an anonymous set of them."""
    return port_range(spans[0]) if len(spans) == 1 else "{ " + ", ".join(map(port_range, spans)) + " }"
