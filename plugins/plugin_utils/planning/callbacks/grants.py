# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call-back ranges: which ports each client listens on when its server calls back.

A range is the same inside and outside a NAT router, and no two clients behind one public address share a port, so a
forward by port alone always reaches the client that is meant. Ranges are stable: what the lock file holds stays where
it is, and a new client's place comes from its name's hash, so it depends on nobody else while there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...basics.findings import Finding
from ...basics.ports import PortRange
from ...catalog.catalog import Catalog
from .lock import Lock
from .port_space import Holder, Occupied, Places
from .request_checks import fixed_port, named_range, wished_size
from .requests import Claim


class Grant(NamedTuple):
    """What a client gets: its mode, the ports that are opened, and the port for the fixed mode's field."""

    mode: str
    ports: PortRange
    fixed: int


class _Request(NamedTuple):
    """A claim that leaves the choice to the plan: so many ports, and the range that the lock holds for it."""

    claim: Claim
    size: int
    old: PortRange | None


def grant_ranges(
    catalog: Catalog, claims: Sequence[Claim], occupied: Occupied, lock: Lock, findings: list[Finding]
) -> tuple[dict[str, Grant], Lock]:
    """Return each claim's grant by its key, and the lock for the next run.

    First what people named, then what the lock holds, then the rest by name, so that nobody's wish or present range
    gives way to a newcomer.
    """
    grants: dict[str, Grant] = {}
    requests: list[_Request] = []
    for claim in claims:
        if claim.wish.mode == "fixed" or claim.wish.low is not None:
            named = fixed_port(claim, findings) if claim.wish.mode == "fixed" else named_range(claim, findings)
            if named is not None and _take(claim, named, occupied, findings):
                grants[claim.key] = Grant(claim.wish.mode, named, named.low)
        else:
            size = wished_size(claim, findings)
            if size is not None:
                requests.append(_Request(claim, size, lock.ranges.get(claim.key)))
    places = Places(catalog)
    kept = _keep(requests, places, occupied)
    chosen = _choose([item for item in requests if item.claim.key not in kept], places, occupied, findings)
    locked = {**kept, **chosen}
    grants.update((key, Grant("dynamic", ports, ports.low)) for key, ports in locked.items())
    return grants, Lock(locked)


def _keep(requests: Sequence[_Request], places: Places, occupied: Occupied) -> dict[str, PortRange]:
    """The ranges of the lock that still serve."""
    kept = {}
    for claim, _size, old in requests:
        if old is None:
            continue
        fits = old.size >= claim.instances if claim.wish.size is None else old.size == claim.wish.size
        in_pool = claim.pool.low <= old.low and old.high <= claim.pool.high
        free = occupied.holder(claim.spots, claim.transport, old) is None
        if fits and in_pool and free and places.clear(old, claim.system):
            occupied.add(claim.spots, claim.transport, old, Holder(claim.key, False))
            kept[claim.key] = old
    return kept


def _choose(
    requests: Sequence[_Request], places: Places, occupied: Occupied, findings: list[Finding]
) -> dict[str, PortRange]:
    """New ranges for those who have none, or none that still serves."""
    chosen = {}
    # Ports are only ever taken here, so what had no room once has none later: thousands of clients of a full pool must
    # not each search it again, nor each say so.
    without_room: dict[tuple[object, ...], list[_Request]] = {}
    for request in requests:
        claim, size, old = request
        shared = claim.public or claim.own
        need = (shared, claim.transport, claim.pool, size, claim.system.name)
        if need in without_room:
            without_room[need].append(request)
            continue
        found = places.find(claim.key, claim.spots, claim.transport, claim.pool, size, claim.system, occupied)
        if found is None:
            full = places.find(claim.key, shared, claim.transport, claim.pool, size, claim.system, occupied) is None
            without_room[need if full else (claim.key,)] = [request]
            continue
        occupied.add(claim.spots, claim.transport, found, Holder(claim.key, False))
        chosen[claim.key] = found
        if old is not None:
            findings.append(
                Finding(
                    "FXN312",
                    (claim.host,),
                    claim.variable(),
                    old.text,
                    f"the range had to move to {found.text}",
                    "enter the new range in the client and restart it; the settings sheet has the steps",
                )
            )
    findings.extend(_exhausted(together) for together in without_room.values())
    return chosen


def _take(claim: Claim, ports: PortRange, occupied: Occupied, findings: list[Finding]) -> bool:
    """Note *ports* as taken, or the finding that says by whom they are taken already."""
    conflict = occupied.holder(claim.spots, claim.transport, ports)
    if conflict is None:
        occupied.add(claim.spots, claim.transport, ports, Holder(claim.key, False))
        return True
    spot, holder = conflict
    variable = claim.variable("port" if claim.wish.mode == "fixed" else "low")
    if holder.is_server:
        message = f"holds the port of {holder.name} on {spot.address.text}"
        cure = "choose ports that leave the server's port out"
        findings.append(Finding("FXN307", (claim.host,), variable, ports.text, message, cure))
    else:
        message = f"shares ports with {holder.name} on {spot.address.text}: a call-back could reach the wrong client"
        cure = "choose other ports for one of the two, or leave the choice to the plan (mode dynamic, no ports)"
        hosts = (claim.host, holder.name.partition("/")[0])
        findings.append(Finding("FXN305", hosts, variable, ports.text, message, cure))
    return False


def _exhausted(requests: Sequence[_Request]) -> Finding:
    claim, size, _old = requests[0]
    addresses = " and ".join(spot.address.text for spot in claim.spots)
    return Finding(
        "FXN306",
        tuple(request.claim.host for request in requests),
        claim.variable(),
        f"{size} ports",
        f"no {size} free ports in a row are left in {claim.pool.text} on {addresses} "
        f"({claim.system.title} keeps {claim.system.dynamic.text} for itself)",
        f"ask for smaller ranges (callback.size, {claim.rules.smallest} at least), widen the server's callback_range, "
        "or give the site a second public address",
    )
