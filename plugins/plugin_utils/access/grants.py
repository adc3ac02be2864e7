# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's slice lets pass, each entry with its packets: flows, management, permits, and what a router carries."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..basics.addresses import Prefix, parse_prefix
from ..basics.ports import parse_ranges
from ..basics.protocols import ANY, number_of
from ..inventory.intent import EXCLUSIVE
from .packets import Box, Interval

#: Packets of which nothing is said but their IP version.
_LAST_ADDRESS = {4: (1 << 32) - 1, 6: (1 << 128) - 1}
ANY_ADDRESS = {version: Interval(0, last) for version, last in _LAST_ADDRESS.items()}
ANY_PROTOCOL = Interval(0, 255)
ANY_PORT = Interval(0, 65535)

#: What a host of a lenient stance, or a router whose networks may start anything, lets pass.
EVERYTHING = "everything"

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


class Grant(NamedTuple):
    """Something that a plan lets pass.

    Attributes:
        name: ``netcfax.pcp``, or the name of a permit.
        source, destination: a host, or networks.
        packets: protocol and ports in words; begins with :data:`EVERYTHING` where no protocol is named.
        of_flow: whether it is a flow and not a permit.
        told: False for a flow that a router carries: it is told of at its receiver, and counts here all the same.
    """

    name: str
    source: str
    destination: str
    packets: str
    boxes: tuple[Box, ...]
    of_flow: bool = False
    told: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        """What stays of an entry when its packets change: who a flow connects; of a permit the name alone."""
        return (self.name, self.source, self.destination) if self.of_flow else (self.name,)


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
        for version, crossing in ((version, crossing) for version in (4, 6) for crossing in crossings):
            everything = _boxes(version, ANY, None, None)
            words = f"{EVERYTHING}, for its stance is {policy['stance']}"
            yield Border(host, crossing, version), Grant("stance", "anybody", host, words, everything)


def _router(router: str, policy: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    for permit in policy["forward_permits"]:
        yield from _forward_permit(router, permit)
    for entry in policy["forward"]:
        if entry["enabled"]:
            yield Border(router, "through", entry["version"]), _carried(entry)
    if policy["outbound"] == "any":
        yield from _outbound(router, policy["networks"])


def _flow(flow: Mapping[str, Any]) -> Grant:
    version = flow["version"]
    boxes = tuple(
        box
        for own in _networks(flow["source_address"])
        for seen in _networks(flow["arrives_from"])
        for target in _networks(flow["destination_address"])
        for box in _boxes(
            version, flow["transport"], flow["ports"], flow["source_ports"], own=own, seen=seen, target=target
        )
    )
    name = f"{flow['service']}.{flow['exchange']}"
    packets = _packets(flow["transport"], flow["ports"], flow["source_ports"])
    return Grant(name, flow["source"], flow["destination"], packets, boxes, of_flow=True)


def _opening(host: str, opening: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    packets = _packets(opening["transport"], opening["ports"])
    for version, sources in _by_version(opening["sources"]).items():
        boxes = tuple(
            box
            for source in sources
            for box in _boxes(version, opening["transport"], opening["ports"], None, seen=_interval(source))
        )
        yield Border(host, "in", version), Grant(opening["name"], _listed(sources), host, packets, boxes)


def _forward_permit(router: str, permit: Mapping[str, Any]) -> Iterator[tuple[Border, Grant]]:
    interfaces = tuple(
        f"{word} {name}"
        for key, word in (("from_interfaces", "in by"), ("to_interfaces", "out by"))
        for name in sorted(permit[key])
    ) + (("translated",) if permit["translated"] else ())
    sources, targets = (_by_version(permit[key]) for key in ("sources", "destinations"))
    packets = _packets(permit["transport"], permit["ports"])
    for version in (4, 6):
        # An empty list is everybody; a list of the other version's networks is nobody.
        mine = sources.get(version, []) if permit["sources"] else [None]
        theirs = targets.get(version, []) if permit["destinations"] else [None]
        boxes = tuple(
            box
            for source in mine
            for target in theirs
            for box in _boxes(
                version,
                permit["transport"],
                permit["ports"],
                None,
                seen=_interval(source) if source else None,
                target=_interval(target) if target else None,
            )
        )
        if boxes:
            ends = (_listed(mine) or _ANYWHERE[version], _listed(theirs) or _ANYWHERE[version])
            border = Border(router, "through", version, interfaces)
            yield border, Grant(permit["name"], *ends, ", ".join((packets, *interfaces)), boxes)


def _carried(entry: Mapping[str, Any]) -> Grant:
    transport, ports, source_ports = entry["transport"], entry["ports"], entry["source_ports"]
    (seen,), (target,) = _networks(entry["source"]), _networks(entry["destination"])
    boxes = _boxes(entry["version"], transport, ports, source_ports, seen=seen, target=target)
    packets = _packets(transport, ports, source_ports)
    return Grant("flows", entry["source"], entry["destination"], packets, boxes, of_flow=True, told=False)


def _outbound(router: str, networks: Iterable[str]) -> Iterator[tuple[Border, Grant]]:
    for version, sources in _by_version(networks).items():
        boxes = tuple(box for source in sources for box in _boxes(version, ANY, None, None, seen=_interval(source)))
        yield (
            Border(router, "through", version),
            Grant("outbound", _listed(sources), "anywhere outward", EVERYTHING, boxes),
        )


def _boxes(
    version: int,
    transport: str,
    ports: str | None,
    source_ports: str | None,
    *,
    own: Interval | None = None,
    seen: Interval | None = None,
    target: Interval | None = None,
) -> tuple[Box, ...]:
    anybody = ANY_ADDRESS[version]
    number = 0 if transport == ANY else number_of(transport, version)
    protocol = ANY_PROTOCOL if transport == ANY else Interval(number, number)
    return tuple(
        Box(own or anybody, seen or anybody, target or anybody, protocol, leaving, arriving)
        for leaving in _port_intervals(source_ports)
        for arriving in _port_intervals(ports)
    )


@functools.lru_cache(maxsize=4096)
def _port_intervals(text: str | None) -> tuple[Interval, ...]:
    return (ANY_PORT,) if text is None else tuple(Interval(*item) for item in parse_ranges(text))


@functools.lru_cache(maxsize=4096)
def _networks(text: str) -> tuple[Interval, ...]:
    return tuple(_interval(parse_prefix(item)) for item in text.split(", "))


def _interval(network: Prefix) -> Interval:
    return Interval(network.first, network.last)


def _by_version(texts: Iterable[str]) -> dict[int, list[Prefix]]:
    found: dict[int, list[Prefix]] = {}
    for prefix in map(parse_prefix, texts):
        found.setdefault(prefix.version, []).append(prefix)
    return found


def _listed(networks: Iterable[Prefix | None]) -> str:
    return ", ".join(network.text for network in networks if network is not None)


def _packets(transport: str, ports: str | None, source_ports: str | None = None) -> str:
    if transport == ANY:
        return "any protocol"
    origin = f" from port {source_ports}" if source_ports else ""
    return f"{transport}{f' {ports}' if ports else ''}{origin}"
