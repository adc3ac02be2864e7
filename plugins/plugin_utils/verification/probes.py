# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes as data: one expectation, all expectations of a plan, and how many are kept where there are too many."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..basics.names import named
from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange

FORMAT = 1

#: How many names a list in a remark holds.
_MOST_NAMES = 50

OPEN = "open"
THROUGH = "through"
SILENT = "silent"

FLOW = "flow"
CALLBACK = "call-back"
PERMIT = "permit"
SWITCHED_OFF = "switched-off flow"
NEIGHBOUR = "neighbour port"
OTHER_PROTOCOL = "other protocol"
OTHER_SOURCE = "another source port"
UNASKED = "unasked answer"
OTHER_RANGE = "another client's range"
OTHER_HOST = "another host"
UNSOLICITED = "unsolicited to the LAN"
CONTROL = "control"

#: All kinds, in the order in which people read them, with one sentence each.
KINDS: Mapping[str, str] = {
    FLOW: "What the services need, from each client to its server, and from servers outward.",
    CALLBACK: "What servers start towards their clients: call-backs to both ends of each range, alerts to some ports.",
    PERMIT: "What hosts permit and routers carry for them besides the flows, between hosts of the plan.",
    SWITCHED_OFF: "Flows that are defined and switched off: nothing may pass.",
    NEIGHBOUR: "The ports just below and just above what is open: nothing may pass.",
    OTHER_PROTOCOL: "The open ports' numbers under the other protocol: nothing may pass.",
    OTHER_SOURCE: "What may come from one source port only, sent from the port beside it: nothing may pass.",
    UNASKED: "From a server's own port to a client that has not asked: only answers may come back.",
    OTHER_RANGE: "A client's call-back range, tried by somebody else than its server: nothing may pass.",
    OTHER_HOST: "A server's ports, tried by a host that does not use the server: nothing may pass.",
    UNSOLICITED: "Hosts behind a router, tried from outside without being asked: nothing may pass.",
    CONTROL: "Echo requests, to know that a silent address is alive at all. They pass no judgement.",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One packet to try and what must come of it.

    Attributes:
        host: inventory name of the host that sends.
        address: address that it dials.
        port: destination port; None for an echo request.
        transport: ``tcp``, ``udp`` or ``icmp``.
        expect: ``open`` (answered), ``through`` (answered or refused by the far end: it got there) or ``silent``.
        kind: key of :data:`KINDS`.
        target: inventory name of the host that the packet is for.
        reason: one sentence.
        flow: id of the flow that it comes from; empty where there is none.
        source_port: port to send from; None leaves it to the system.
        foreign: what receives it need not answer a datagram: somebody else's machine, or a program that the plan does
            not know.
        question: protocol in which the datagram asks (``sip``, ``iax2``); empty where it only has to come through.
    """

    host: str
    address: str
    port: int | None
    transport: str
    expect: str
    kind: str
    target: str
    reason: str
    flow: str = ""
    source_port: int | None = None
    foreign: bool = False
    question: str = ""

    @property
    def id(self) -> str:
        """``uk-ts1>198.51.100.10:7488/tcp``: unique in a plan."""
        where = f"[{self.address}]" if ":" in self.address and self.port is not None else self.address
        port = "" if self.port is None else f":{self.port}"
        origin = "" if self.source_port is None else f":{self.source_port}"
        return f"{self.host}{origin}>{where}{port}/{self.transport}"

    def as_dict(self) -> dict[str, Any]:
        """The probe as plain data, with its id."""
        return {"id": self.id, **asdict(self)}


@dataclass(frozen=True, slots=True)
class SharedAddress:
    """What no far router can refuse: hosts that wear the address of another one, which is allowed.

    Attributes:
        hosts: who could get through, sorted.
        address, ports, transport: where to.
        shared: the address that all of them wear.
        allowed: the hosts that are meant to get through, sorted.
        gateways: routers where ``faxnet_outbound: flows`` would stop the others.
        flows: ids of the others' own flows, for which their routers let these packets out whatever that variable says.
    """

    hosts: tuple[str, ...]
    address: str
    ports: str
    transport: str
    shared: str
    allowed: tuple[str, ...]
    gateways: tuple[str, ...]
    flows: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The remark as plain data, with a sentence for people; names are cut short where they are many."""
        message = (
            f"{named(self.hosts)} can reach {self.address} port {self.ports}/{self.transport} as {named(self.allowed)} "
            f"may: beyond their router all of them are {self.shared}. {self._what_helps()}"
        )
        return {
            **asdict(self),
            "hosts": list(self.hosts[:_MOST_NAMES]),
            "count": len(self.hosts),
            "allowed": list(self.allowed[:_MOST_NAMES]),
            "gateways": list(self.gateways),
            "flows": list(self.flows[:_MOST_NAMES]),
            "message": message,
        }

    def _what_helps(self) -> str:
        if self.flows:
            return (
                f"What lets the others out is {named(self.flows)}, which names these ports and that address as well; "
                "nothing stops them but fewer ports or addresses there."
            )
        if self.gateways:
            return f"Set faxnet_outbound to flows on {named(self.gateways)} to stop the others there."
        return "No router that holds the plan's rules stands before that address, so nothing stops the others."


@dataclass(frozen=True, slots=True)
class NotProbed:
    """Flows that no packet between the plan's hosts can show.

    Attributes:
        exchange: ``communigate.dns_udp``.
        reason: why not, for people.
        flows: their ids.
    """

    exchange: str
    reason: str
    flows: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data; ids are cut short where they are many."""
        return {
            "exchange": self.exchange,
            "reason": self.reason,
            "count": len(self.flows),
            "flows": list(self.flows[:_MOST_NAMES]),
        }


@dataclass(frozen=True, slots=True)
class ByReasoning:
    """What routers carry that no packet between the plan's hosts can show: its rules are all that speaks for it.

    Attributes:
        reason: why not, for people.
        permits: ``leeds-router: vpn (esp)``.
    """

    reason: str
    permits: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data; permits are cut short where they are many."""
        return {"reason": self.reason, "count": len(self.permits), "permits": list(self.permits[:_MOST_NAMES])}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was not made into probes because there was too much of it.

    Attributes:
        host: the sender; empty for a choice made over the whole network.
        possible: how many there are; ``kept``: how many are probed.
        rule: how those were chosen.
        ids: the probes left out, where they were named one by one.
    """

    host: str
    kind: str
    possible: int
    kept: int
    rule: str
    ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data."""
        return {**asdict(self), "ids": list(self.ids)}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is tried.

    Attributes:
        flows, refused: how many probes are kept for one sending host and kind, of what must pass and of what must not.
        others: how many others each host is tried against where all pairs would be too many.
        pairs: up to how many pairs everybody is tried against everybody.
    """

    flows: int = 2000
    refused: int = 200
    others: int = 4
    pairs: int = 800

    def all_pairs(self, one: int, other: int) -> bool:
        """Whether each of *one* things may be tried against each of *other*; beyond that, each is against a few."""
        return one * other <= self.pairs


@dataclass(frozen=True, slots=True)
class Expectations:
    """All probes of a plan by sending host, what was left out, and what cannot be refused or shown by its nature."""

    plan: str
    probes: Mapping[str, tuple[Probe, ...]]
    left_out: tuple[LeftOut, ...]
    shared_addresses: tuple[SharedAddress, ...]
    not_probed: tuple[NotProbed, ...] = ()
    by_reasoning: tuple[ByReasoning, ...] = ()

    def of_host(self, host: str) -> dict[str, Any]:
        """The content of ``probes/<host>.json``."""
        return {
            "format": FORMAT,
            "plan": self.plan,
            "host": host,
            "probes": [probe.as_dict() for probe in self.probes.get(host, ())],
            "left_out": [item.as_dict() for item in self.left_out if item.host == host],
        }

    def summary(self) -> dict[str, Any]:
        """The content of ``probes.json``: what is expected of the whole network."""
        counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        for probes in self.probes.values():
            for probe in probes:
                counts[probe.kind] += 1
        return {
            "format": FORMAT,
            "plan": self.plan,
            "hosts": {host: len(probes) for host, probes in self.probes.items()},
            "kinds": counts,
            "left_out": [{**item.as_dict(), "ids": []} for item in self.left_out],
            "shared_addresses": [item.as_dict() for item in self.shared_addresses],
            "not_probed": [item.as_dict() for item in self.not_probed],
            "by_reasoning": [item.as_dict() for item in self.by_reasoning],
        }


def tried_ports(ports: Iterable[PortRange]) -> tuple[int, ...]:
    """Return the ports to try: the first and the last of each range, and of all 65535 one in between as well.

    That one is a third of the way up, below the ports that systems give to programs for a while: no running client's
    own connection can answer for the rule that is tried.
    """
    found: dict[int, None] = {}
    for item in ports:
        found[item.low] = None
        if item == (FIRST_PORT, LAST_PORT):
            found[LAST_PORT // 3] = None
        found[item.high] = None
    return tuple(found)


def keep_within(probes: Iterable[Probe], limits: Limits) -> tuple[dict[str, tuple[Probe, ...]], list[LeftOut]]:
    """Return the probes by host, none twice, and what the limits leave out.

    The first of two equal questions stays. Which ones stay where a limit bites is decided by the hash of their ids:
    the same in every run, and spread over everything that there is.
    """
    groups: dict[tuple[str, str], dict[str, Probe]] = defaultdict(dict)
    seen: set[str] = set()
    for probe in probes:
        identity = probe.id
        if identity not in seen:
            seen.add(identity)
            groups[probe.host, probe.kind][identity] = probe
    kept: dict[str, list[Probe]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for (host, kind), group in sorted(groups.items()):
        limit = limits.refused if kind not in (FLOW, CALLBACK, PERMIT) else limits.flows
        chosen = group
        if len(group) > limit:
            ranked = sorted(group, key=lambda identity: hashlib.sha256(identity.encode()).digest())
            chosen = {identity: group[identity] for identity in sorted(ranked[:limit])}
            rule = "chosen by the hash of their ids"
            left_out.append(LeftOut(host, kind, len(group), limit, rule, tuple(sorted(ranked[limit:]))))
        kept[host].extend(chosen.values())
    rank = {kind: index for index, kind in enumerate(KINDS)}

    def order(probe: Probe) -> tuple[int, str, int, str]:
        return rank[probe.kind], probe.address, probe.port or 0, probe.transport

    return {host: tuple(sorted(items, key=order)) for host, items in sorted(kept.items())}, left_out
