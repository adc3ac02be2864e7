# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call-back ranges: which ports each client listens on when its server calls back.

A range is the same inside and outside a NAT router, and no two clients behind one public address share a port, so a
forward by port alone always reaches the client that is meant. Ranges are stable: what the lock file holds stays where
it is, and a new client's place comes from its name's hash, so it depends on nobody else while there is room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...basics.findings import Finding
from ...basics.named_tuples import made
from ...basics.names import HostService
from ...basics.ports import PortRange
from ...catalog.catalog import Catalog
from ...inventory.reader import listed
from .lock import Lock
from .port_space import PortOwner, PortSpace, TakenPorts
from .request_checks import fixed_port, named_range, wanted_size
from .requests import ClientRequest


class CallbackRange(NamedTuple):
    """What a client gets: its mode, the ports that are opened, and the port for the fixed mode's field."""

    mode: str
    ports: PortRange
    fixed: int


class _Undecided(NamedTuple):
    """A request that leaves the choice to the plan: so many ports, and the range that the lock holds for it."""

    request: ClientRequest
    size: int
    old: PortRange | None


def choose_ranges(
    catalog: Catalog, requests: Sequence[ClientRequest], taken_ports: TakenPorts, lock: Lock, findings: list[Finding]
) -> tuple[dict[HostService, CallbackRange], Lock]:
    """Return each client's range, and the lock for the next run.

    First what people named, then what the lock holds, then the rest by name, so that nobody's named or present range
    gives way to a newcomer.
    """
    ranges: dict[HostService, CallbackRange] = {}
    undecided: list[_Undecided] = []
    for request in requests:
        wanted = request.wanted
        if wanted.mode == "fixed" or wanted.low is not None:
            named = fixed_port(request, findings) if wanted.mode == "fixed" else named_range(request, findings)
            if named is not None and _take(request, named, taken_ports, findings):
                ranges[request.client] = CallbackRange(wanted.mode, named, named.low)
        else:
            size = wanted_size(request, findings)
            if size is not None:
                undecided.append(made(_Undecided, (request, size, lock.ranges.get(request.client))))
    space = PortSpace(catalog)
    kept, reserved = _keep(undecided, space, taken_ports)
    left = [item for item in undecided if item.request.client not in kept] if kept else undecided
    chosen = _choose(left, space, taken_ports, reserved, findings)
    locked = {**kept, **chosen}
    for client, ports in locked.items():
        ranges[client] = made(CallbackRange, ("dynamic", ports, ports.low))
    return ranges, Lock(locked)


def _keep(
    undecided: Sequence[_Undecided], space: PortSpace, taken_ports: TakenPorts
) -> tuple[dict[HostService, PortRange], dict[HostService, PortOwner]]:
    """The ranges of the lock that still serve; and what others have reserved of those that do not."""
    kept = {}
    reserved = {}
    for request, _size, old in undecided:
        if old is None:
            continue
        fits = old.size >= request.instances if request.wanted.size is None else old.size == request.wanted.size
        in_pool = request.pool.low <= old.low and old.high <= request.pool.high
        conflict = taken_ports.owner(request.addresses, request.transport, old)
        if conflict is not None and conflict[1].reserved_on:
            reserved[request.client] = conflict[1]
        if fits and in_pool and conflict is None and space.clear(old, request.transport, request.system):
            taken_ports.add(request.addresses, request.transport, old, PortOwner(request.client.text, request.client))
            kept[request.client] = old
    return kept, reserved


def _choose(
    undecided: Sequence[_Undecided],
    space: PortSpace,
    taken_ports: TakenPorts,
    reserved: Mapping[HostService, PortOwner],
    findings: list[Finding],
) -> dict[HostService, PortRange]:
    """New ranges for those who have none, or none that still serves."""
    chosen = {}
    # Ports are only ever taken here, so what had no room once has none later: thousands of clients of a full pool must
    # not each search it again, nor each say so.
    without_room: dict[tuple[object, ...], list[_Undecided]] = {}
    for item in undecided:
        request, size, old = item
        client, addresses = request.client, request.addresses
        shared = request.public or request.own
        need = (shared, request.transport, request.pool, size, request.system.name)
        if without_room and need in without_room:
            without_room[need].append(item)
            continue
        found = space.find(client, addresses, request.transport, request.pool, size, request.system, taken_ports)
        if found is None:
            full = (
                space.find(client, shared, request.transport, request.pool, size, request.system, taken_ports) is None
            )
            without_room[need if full else (client,)] = [item]
            continue
        taken_ports.add(addresses, request.transport, found, made(PortOwner, (client.text, client, "")))
        chosen[client] = found
        if old is not None:
            findings.append(_moved(request, old, found, reserved.get(client)))
    findings.extend(_exhausted(together, taken_ports) for together in without_room.values())
    return chosen


def _moved(request: ClientRequest, old: PortRange, new: PortRange, reserved: PortOwner | None) -> Finding:
    message = f"the range had to move to {new.text}"
    hosts = {request.host: None}
    if reserved is not None:
        message = f"{message}: {reserved.name} is in faxnet_reserved_ports of {reserved.reserved_on}"
        hosts[reserved.reserved_on] = None
    cure = "enter the new range in the client and restart it; the settings sheet has the steps"
    return Finding("FXN312", tuple(hosts), request.variable(), old.text, message, cure)


def _take(request: ClientRequest, ports: PortRange, taken_ports: TakenPorts, findings: list[Finding]) -> bool:
    """Note *ports* as taken, or the finding that says by whom they are taken already."""
    conflict = taken_ports.owner(request.addresses, request.transport, ports)
    if conflict is None:
        taken_ports.add(request.addresses, request.transport, ports, PortOwner(request.client.text, request.client))
        return True
    where, owner = conflict
    variable = request.variable("port" if request.wanted.mode == "fixed" else "low")
    if owner.reserved_on:
        message = f"holds {owner.name} on {where.address.text}, which {owner.reserved_on} has reserved for others"
        cure = (
            "choose other ports, leave the choice to the plan (mode dynamic, no ports), "
            f"or correct faxnet_reserved_ports of {owner.reserved_on}"
        )
        hosts = tuple(dict.fromkeys((request.host, owner.reserved_on)))
        findings.append(Finding("FXN315", hosts, variable, ports.text, message, cure))
    elif owner.client is None:
        message = f"holds the port of {owner.name} on {where.address.text}"
        cure = "choose ports that leave the server's port out"
        findings.append(Finding("FXN307", (request.host,), variable, ports.text, message, cure))
    else:
        message = f"shares ports with {owner.name} on {where.address.text}: a call-back could reach the wrong client"
        cure = "choose other ports for one of the two, or leave the choice to the plan (mode dynamic, no ports)"
        hosts = (request.host, owner.client.host)
        findings.append(Finding("FXN305", hosts, variable, ports.text, message, cure))
    return False


def _exhausted(undecided: Sequence[_Undecided], taken_ports: TakenPorts) -> Finding:
    request, size, _old = undecided[0]
    addresses = " and ".join(each.address.text for each in request.addresses)
    reserved = taken_ports.reserved(request.addresses, request.transport, request.pool)
    others = listed([f"{owner.name} on {owner.reserved_on}" for owner in reserved])
    return Finding(
        "FXN306",
        tuple(item.request.host for item in undecided),
        request.variable(),
        f"{size} ports",
        f"no {size} free ports in a row are left in {request.pool.text} on {addresses} "
        f"({request.system.title} keeps {request.system.dynamic.text} for itself"
        + (f"; faxnet_reserved_ports holds {others})" if others else ")"),
        f"ask for smaller ranges (callback.size, {request.rules.smallest} at least), "
        "widen the server's callback_range, or give the site a second public address"
        + ("; or correct faxnet_reserved_ports" if others else ""),
    )
