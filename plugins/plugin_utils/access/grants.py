# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's slice lets pass, each entry with its packets: flows, management, permits, and what a router carries."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..basics.addresses import parse_prefix
from ..basics.ports import parse_ranges
from ..basics.protocols import ANY, number_of
from ..inventory.intent import EXCLUSIVE
from .packets import Box, Interval

#: Packets of which nothing is said but their IP version.
_LAST_ADDRESS = {4: (1 << 32) - 1, 6: (1 << 128) - 1}
ANY_ADDRESS = {version: Interval(0, last) for version, last in _LAST_ADDRESS.items()}
ANY_PROTOCOL = Interval(0, 255)
ANY_PORT = Interval(0, 65535)

#: The names of what lets everything pass: to a host of a lenient stance, and from the networks behind a router.
STANCE, OUTBOUND = "stance", "outbound"

_ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class Border(NamedTuple):
    """Where packets are let through or not: sets of packets are compared at one border only.

    Attributes:
        device: the host that takes them, carries them or starts them.
        crossing: ``in``: to the device itself; ``through``: a router carries them; ``out``: to somebody who is no host.
        interfaces: where a router tells packets by its interfaces, those words.
    """

    device: str
    crossing: str
    version: int
    interfaces: tuple[str, ...] = ()


class Packets(NamedTuple):
    """Packets as a slice names them.

    Attributes:
        own, seen, target: as those of a box; networks with commas between, empty for any.
        ports, source_ports: None where any will do, or the protocol has none.
    """

    version: int
    transport: str
    ports: str | None
    source_ports: str | None
    own: str
    seen: str
    target: str

    @property
    def words(self) -> str:
        """Protocol and ports."""
        if self.transport == ANY:
            return "any protocol"
        origin = f" from port {self.source_ports}" if self.source_ports else ""
        return f"{self.transport}{f' {self.ports}' if self.ports else ''}{origin}"

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The packets as boxes."""
        number = 0 if self.transport == ANY else number_of(self.transport, self.version)
        protocol = ANY_PROTOCOL if self.transport == ANY else Interval(number, number)
        ends = [
            _networks(text) if text else (ANY_ADDRESS[self.version],) for text in (self.own, self.seen, self.target)
        ]
        return tuple(
            Box(own, seen, target, protocol, leaving, arriving)
            for own, seen, target in itertools.product(*ends)
            for leaving in _port_intervals(self.source_ports)
            for arriving in _port_intervals(self.ports)
        )


class Grant(NamedTuple):
    """Something that a plan lets pass.

    Attributes:
        name: ``netcfax.pcp``, or the name of a permit.
        source, destination: a host, or networks.
        packets: made into boxes only where something differs.
        remark: what else is to be said of them in words.
        of_flow: whether it is a flow and not a permit.
        told: False for a flow that a router carries: it is told of at its receiver, and counts here all the same.
    """

    name: str
    source: str
    destination: str
    packets: Packets
    remark: str = ""
    of_flow: bool = False
    told: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        """What stays of an entry when its packets change: who a flow connects; of a permit the name alone."""
        return (self.name, self.source, self.destination) if self.of_flow else (self.name,)

    @property
    def is_everything(self) -> bool:
        """Whether no protocol and no end is named: a host of a lenient stance, or all that leaves a network."""
        return self.name in (STANCE, OUTBOUND) and not self.of_flow


def grants_of(part: Mapping[str, Any], hosts: Collection[str]) -> Iterator[tuple[Border, Grant]]:
    """Yield what one slice lets pass. A flow stands with its receiver; where that is no host, with its sender.

    What passes only through the mapping of another flow has no packets of its own.

    Args:
        part: a slice.
        hosts: the names of the plan's hosts.
    """
    host, policy = part["host"], part["policy"]
    for flow in part["flows"]:
        if flow["enabled"] and not flow["carried_by"]:
            if flow["destination"] == host:
                yield Border(host, "in", flow["version"]), _flow(flow)
            elif flow["source"] == host and flow["destination"] not in hosts:
                yield Border(host, "out", flow["version"]), _flow(flow)
    for kind in ("management", "openings"):
        for opening in policy[kind]:
            yield from _opening(host, opening)
    if policy["forwarding"]:
        yield from _router(host, policy)
    if policy["stance"] != EXCLUSIVE:
        crossings = ("in", "through") if policy["forwarding"] else ("in",)
        for version, crossing in itertools.product((4, 6), crossings):
            everything = Packets(version, ANY, None, None, "", "", "")
            remark = f", for its stance is {policy['stance']}"
            yield Border(host, crossing, version), Grant(STANCE, "anybody", host, everything, remark)


def _router(router: str, policy: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    for permit in policy["forward_permits"]:
        yield from _forward_permit(router, permit)
    for entry in policy["forward"]:
        if entry["enabled"]:
            version, source, target = entry["version"], entry["source"], entry["destination"]
            packets = Packets(version, entry["transport"], entry["ports"], entry["source_ports"], "", source, target)
            grant = Grant("flows", source, target, packets, of_flow=True, told=False)
            yield Border(router, "through", version), grant
    if policy["outbound"] == "any":
        for version, networks in _by_version(policy["networks"]).items():
            packets = Packets(version, ANY, None, None, "", networks, "")
            yield Border(router, "through", version), Grant(OUTBOUND, networks, "anywhere outward", packets)


def _flow(flow: Mapping[str, Any]) -> Grant:
    packets = Packets(
        flow["version"],
        flow["transport"],
        flow["ports"],
        flow["source_ports"],
        flow["source_address"],
        flow["arrives_from"],
        flow["destination_address"],
    )
    return Grant(f"{flow['service']}.{flow['exchange']}", flow["source"], flow["destination"], packets, of_flow=True)


def _opening(host: str, opening: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    for version, sources in _by_version(opening["sources"]).items():
        packets = Packets(version, opening["transport"], opening["ports"], None, "", sources, "")
        yield Border(host, "in", version), Grant(opening["name"], sources, host, packets)


def _forward_permit(router: str, permit: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    interfaces = tuple(
        f"{word} {name}"
        for key, word in (("from_interfaces", "in by"), ("to_interfaces", "out by"))
        for name in sorted(permit[key])
    ) + (("translated",) if permit["translated"] else ())
    remark = "".join(f", {word}" for word in interfaces)
    ends = [_by_version(permit[key]) for key in ("sources", "destinations")]
    for version in (4, 6):
        # An empty list is everybody; a list of the other version's networks is nobody.
        if any(end and version not in end for end in ends):
            continue
        source, target = (end.get(version, "") for end in ends)
        packets = Packets(version, permit["transport"], permit["ports"], None, "", source, target)
        said = source or _ANYWHERE[version], target or _ANYWHERE[version]
        yield Border(router, "through", version, interfaces), Grant(permit["name"], *said, packets, remark)


@functools.lru_cache(maxsize=4096)
def _port_intervals(text: str | None) -> tuple[Interval, ...]:
    return (ANY_PORT,) if text is None else tuple(Interval(*item) for item in parse_ranges(text))


@functools.lru_cache(maxsize=4096)
def _networks(text: str) -> tuple[Interval, ...]:
    networks = (parse_prefix(item) for item in text.split(", "))
    return tuple(Interval(network.first, network.last) for network in networks)


def _by_version(texts: Iterable[str]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for text in texts:
        found.setdefault(6 if ":" in text else 4, []).append(text)
    return {version: ", ".join(listed) for version, listed in found.items()}
