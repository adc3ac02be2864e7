# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a policy to few rules: what has the same condition but for one is gathered, and nothing is ever widened.

First everything with the same protocol, ports and listener gets the union of its senders; then what has the same
senders gets the union of its local ports, and at last what differs in the sender's ports alone the union of these. In
each step the conditions that stay apart are equal, so the union is exactly the packets of its parts. A terminal server
with forty call-back ranges has one rule; where every sender has ports of its own there are as many rules as senders.

A rule's name on the host is a digest of what it says. So what changes is another rule, which comes before the old one
goes: no permit that is in both is missing for a moment.

No rule names an address of the host itself. A planned host has one of each IP version, and its rules are for whatever
comes to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ...basics.addresses import End
from ...basics.ports import FIRST_PORT, LAST_PORT, PortRange, merge_ranges, ports_text
from ...basics.protocols import ANY, NAMES, NUMBERS, has_ports, number_of
from ...inventory.intent import Opening
from ...policies.policy import Permit, Permits, Policy, is_everybody
from ...policies.read_policy import harmless
from ...policies.stateless_answers import answers
from ..ranges import range_of
from .rule import ALLOW, GROUP, ICMP, ICMPV6, IN, PREFIX, RPC, RPC_MAPPER, Rule, Span, named_profiles, united
from .rule_text import write_rule

#: Exchanges by ``service.exchange``, as a slice holds them.
Exchanges = Mapping[str, Mapping[str, Any]]

_KEYWORDS = {"dynamic": RPC, "mapper": RPC_MAPPER}
_ALL_PORTS = PortRange(FIRST_PORT, LAST_PORT)

#: Echo requests, which each host answers as it does with the other packet filters. Windows has no limit for them.
_PINGS = ((ICMP, "8:*"), (ICMPV6, "128:*"))

#: As Windows spells them.
_SPELT = {ICMP: "ICMPv4", ICMPV6: "ICMPv6"}

#: Letters of names and descriptions, so that lists of rules stay readable; their reasons are in the plan.
_LONGEST_NAME = 80
_LONGEST_DESCRIPTION = 160
_DIGITS = 16


class Listener(NamedTuple):
    """What a rule may say of who listens there, by the exchange of the product.

    Attributes:
        keyword: `RPC` or `RPC_MAPPER` in place of port numbers; empty where the ports are numbers.
    """

    keyword: str = ""
    program: str = ""
    service: str = ""


_ANYBODY = Listener()


class _Packets(NamedTuple):
    """Packets of one class that come in, and why; empty tuples are any port."""

    protocol: int | None
    listener: Listener
    local_ports: tuple[PortRange, ...]
    keywords: tuple[str, ...]
    remote_ports: tuple[PortRange, ...]
    sources: tuple[Span, ...]
    reasons: tuple[str, ...]


def rules_of(policy: Policy, exchanges: Exchanges) -> tuple[Rule, ...]:
    """Return the rules of a host: those for its management first, each part sorted.

    Args:
        exchanges: of the services that the policy's flows are of; empty for a policy without a plan.
    """
    management = [packets for opening in policy.management for packets in _of_opening(opening, "management")]
    others = [packets for opening in policy.openings for packets in _of_opening(opening, f"permit {opening.name}")]
    others += _of_permits(policy.input, exchanges, "")
    # Who listens is said of the side that is called: of who asked nothing is known.
    others += _of_permits(answers(_silent(policy.output)), {}, "answers to ")
    profiles = named_profiles(policy.profiles)
    pings = [_rule(protocol, profiles, reasons=("ping",), icmp=(kind,)) for protocol, kind in _PINGS]
    gathered = (sorted(_gathered(part), key=_in_order) for part in (management, others))
    return (*(_of_packets(packets, profiles) for part in gathered for packets in part), *pings)


def _silent(permits: Permits) -> Permits:
    """What the host starts by UDP that may say nothing for long, and is then written to by the other side.

    No rule of Windows says how long it remembers a connection. So what the other side sends is let in by itself, from
    the address and the port that were called. An idle TCP session is the host's own: it is remembered as long as its
    socket is there.
    """
    return tuple((permit, flows) for permit, flows in permits if permit.transport == "udp" and permit.idle)


def _of_opening(opening: Opening, reason: str) -> Iterator[_Packets]:
    for protocol, versions in _numbers(opening.transport):
        sources = tuple(_span(source) for source in opening.sources if source.version in versions)
        for ports in opening.ports if sources and has_ports(opening.transport) else ():
            local = () if protocol not in _PORTED else (ports,)
            yield _Packets(protocol, _ANYBODY, local, (), (), sources, (reason,))
        if sources and not has_ports(opening.transport):
            yield _Packets(protocol, _ANYBODY, (), (), (), sources, (reason,))


_PORTED = frozenset((NUMBERS["tcp"], NUMBERS["udp"]))


def unheld_ports(opening: Opening) -> str:
    """The ports of an opening that no rule of Windows can name, as text; empty where there are none.

    Its rules know ports of TCP and UDP; all ports of another protocol are that protocol.
    """
    if opening.transport in ("tcp", "udp") or opening.ports in ((), (_ALL_PORTS,)):
        return ""
    return ports_text(opening.ports)


def _numbers(transport: str) -> tuple[tuple[int | None, tuple[int, ...]], ...]:
    """The numbers of a protocol, each with the IP versions that it is of."""
    if transport == ANY:
        return ((None, (4, 6)),)
    if transport == "icmp":
        return ((ICMP, (4,)), (ICMPV6, (6,)))
    number = number_of(transport)
    return ((number, (6,) if number == ICMPV6 else (4, 6)),)


def _of_permits(permits: Permits, exchanges: Exchanges, before: str) -> Iterator[_Packets]:
    for permit, flows in permits:
        if permit.enabled:
            names = tuple(dict.fromkeys(_exchange_of(flow) for flow in flows))
            listener = _listener(names, exchanges)
            local = () if permit.ports == _ALL_PORTS else (permit.ports,)
            yield _Packets(
                protocol=NUMBERS[permit.transport],
                listener=listener._replace(keyword=""),
                local_ports=() if listener.keyword else local,
                keywords=(listener.keyword,) if listener.keyword else (),
                remote_ports=(permit.source_ports,) if permit.source_ports else (),
                sources=(_span(permit.source),),
                reasons=tuple(f"{before}{name}" for name in names),
            )


def _exchange_of(flow: str) -> str:
    return flow.partition("/")[0]


def _listener(names: Iterable[str], exchanges: Exchanges) -> Listener:
    """Who listens, where all exchanges that share a permit say the same of that; else nobody in particular."""
    said = {_said(exchanges.get(name, {}).get("listener") or {}) for name in names}
    return said.pop() if len(said) == 1 else _ANYBODY


def _said(listener: Mapping[str, str]) -> Listener:
    keyword = _KEYWORDS.get(listener.get("rpc", ""), "")
    return Listener(keyword, listener.get("program", ""), listener.get("service", ""))


def _span(end: End) -> Span:
    return Span(end.version, *range_of(end))


def _gathered(packets: Iterable[_Packets]) -> list[_Packets]:
    """The same packets in few classes; see above."""
    found = _joined(packets, lambda item: item._replace(sources=(), reasons=()), _same_but_for_sources)
    found = _joined(found, lambda item: item._replace(local_ports=(), keywords=(), reasons=()), _same_but_for_ports)
    return _joined(found, lambda item: item._replace(remote_ports=(), reasons=()), _same_but_for_senders_ports)


def _joined(
    packets: Iterable[_Packets],
    alike: Callable[[_Packets], Hashable],
    join: Callable[[Sequence[_Packets]], _Packets],
) -> list[_Packets]:
    groups: dict[Hashable, list[_Packets]] = {}
    for item in packets:
        groups.setdefault(alike(item), []).append(item)
    return [join(items)._replace(reasons=_together(item.reasons for item in items)) for items in groups.values()]


def _same_but_for_sources(items: Sequence[_Packets]) -> _Packets:
    return items[0]._replace(sources=united(span for item in items for span in item.sources))


def _same_but_for_ports(items: Sequence[_Packets]) -> _Packets:
    if any(not item.local_ports and not item.keywords for item in items):
        return items[0]._replace(local_ports=(), keywords=())
    return items[0]._replace(
        local_ports=merge_ranges(ports for item in items for ports in item.local_ports),
        keywords=_together(item.keywords for item in items),
    )


def _same_but_for_senders_ports(items: Sequence[_Packets]) -> _Packets:
    any_port = any(not item.remote_ports for item in items)
    ports = merge_ranges(ports for item in items for ports in item.remote_ports)
    return items[0]._replace(remote_ports=() if any_port else ports)


_Item = TypeVar("_Item", bound=Any)


def _together(parts: Iterable[Iterable[_Item]]) -> tuple[_Item, ...]:
    return tuple(sorted({item for part in parts for item in part}))


def _in_order(packets: _Packets) -> tuple[Any, ...]:
    return (-1 if packets.protocol is None else packets.protocol, *packets[1:])


def _of_packets(packets: _Packets, profiles: tuple[str, ...]) -> Rule:
    return _rule(
        packets.protocol,
        profiles,
        reasons=packets.reasons,
        local_ports=packets.local_ports,
        local_keywords=packets.keywords,
        remote_ports=packets.remote_ports,
        remote_addresses=packets.sources,
        program=packets.listener.program,
        service=packets.listener.service,
    )


def _rule(protocol: int | None, profiles: tuple[str, ...], *, reasons: Sequence[str], **conditions: Any) -> Rule:
    rule = Rule(
        name="",
        display_name="",
        description=_listed("Serves ", reasons, _LONGEST_DESCRIPTION),
        group=GROUP,
        direction=IN,
        action=ALLOW,
        enabled=True,
        protocol=protocol,
        profiles=profiles,
        **conditions,
    )
    head = " ".join(filter(None, ("faxnet", _protocol_name(protocol), _port_words(rule))))
    return _named(rule._replace(display_name=_listed(f"{head}: ", reasons, _LONGEST_NAME)))


def _named(rule: Rule) -> Rule:
    """The rule under the name that goes with what it says."""
    digest = hashlib.sha256(write_rule(rule.content).encode()).hexdigest()
    return rule._replace(name=f"{PREFIX}{digest[:_DIGITS]}")


def is_as_named(rule: Rule) -> bool:
    """Whether a rule says what its name on the host is the digest of, so that nobody has changed it.

    A number behind the digest is of a rule whose own name was taken when it came.
    """
    name, _hyphen, number = rule.name.lower().removeprefix(PREFIX).partition("-")
    return f"{PREFIX}{name}" == _named(rule).name and (not number or number.isdigit())


def _protocol_name(protocol: int | None) -> str:
    if protocol is None:
        return "any protocol"
    return _SPELT.get(protocol) or NAMES.get(protocol, f"protocol {protocol}").upper()


def _port_words(rule: Rule) -> str:
    words = [*(item.text for item in rule.local_ports), *rule.local_keywords]
    if not words:
        sent_from = rule.remote_ports[:1]
        return f"from port {sent_from[0].text}" if sent_from else ""
    return words[0] + (f" and {len(words) - 1} more" if len(words) > 1 else "")


def _listed(before: str, reasons: Sequence[str], longest: int) -> str:
    """As many of the reasons as there is room for, and how many more there are."""
    names = [_harmless_words(reason) for reason in reasons]
    for count in range(len(names), 0, -1):
        more = f" and {len(names) - count} more" if count < len(names) else ""
        text = f"{before}{', '.join(names[:count])}{more}"
        if len(text) <= longest:
            return text
    return f"{before}{names[0]}"[:longest]


def _harmless_words(text: str) -> str:
    """A text of which each word is in the alphabet of flow ids."""
    return " ".join(harmless(word) for word in text.split())


def several_destinations(policy: Policy) -> str:
    """The host's own addresses that permits of one IP version differ by, as text; empty where there is one of each."""
    for version in (4, 6):
        ends = sorted({permit.destination for permit, _flows in policy.input if _counts(permit, version)})
        if len(ends) > 1:
            return f"{ends[0].text} and {ends[1].text}"
    return ""


def _counts(permit: Permit, version: int) -> bool:
    return permit.enabled and permit.version == version and not is_everybody(permit.destination)
