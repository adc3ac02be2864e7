# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call-back ranges: which ports each client listens on when its server calls back.

A range is the same inside and outside a NAT router, and no two clients behind one public address share a port, so a
forward by port alone always reaches the client that is meant. Ranges are stable: what the lock file holds stays where
it is, and a new client's place comes from its name's hash, so it depends on nobody else while there is room.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .addresses import Address
from .catalog import CallbackRules, System
from .findings import Finding, short
from .intent import Intent, Offer, Use
from .lock import Lock
from .ports import PortRange


@dataclass(frozen=True, slots=True)
class Claim:
    """What one client (all uses of one service on one host) asks for.

    Attributes:
        uses: its uses, in order.
        addresses: every address under which its servers call it: its own, and each public address on the way.
    """

    host: str
    service: str
    transport: str
    uses: tuple[Use, ...]
    addresses: tuple[Address, ...]

    @property
    def key(self) -> str:
        """The claim's name in the lock file."""
        return f"{self.host}/{self.service}"

    @property
    def instances(self) -> int:
        """Number of clients that run at once on this address."""
        return sum(use.instances for use in self.uses)


class Grant(NamedTuple):
    """What a client gets: its mode, the ports that are opened, and the port for the fixed mode's field."""

    mode: str
    ports: PortRange
    fixed: int


class Occupied:
    """Ports taken on each address and transport, and by whom."""

    def __init__(self) -> None:
        self._taken: dict[tuple[Address, str], list[tuple[int, int, str]]] = {}

    def add(self, addresses: Iterable[Address], transport: str, ports: PortRange, owner: str) -> None:
        """Note *ports* as taken by *owner*."""
        for address in addresses:
            insort(self._taken.setdefault((address, transport), []), (ports.low, ports.high, owner))

    def holder(self, addresses: Iterable[Address], transport: str, ports: PortRange) -> tuple[Address, str] | None:
        """Return the address and owner of a range that overlaps *ports*, or None where all are free."""
        for address in addresses:
            taken = self._taken.get((address, transport))
            if not taken:
                continue
            place = bisect_left(taken, (ports.high + 1,))
            # Entries do not overlap each other unless an error is already noted, so the one before decides.
            if place and taken[place - 1][1] >= ports.low:
                return address, taken[place - 1][2]
        return None


def grant_ranges(
    intent: Intent, claims: Sequence[Claim], occupied: Occupied, lock: Lock, findings: list[Finding]
) -> tuple[dict[str, Grant], Lock]:
    """Return each claim's grant by its key, and the lock for the next run.

    First what people fixed, then what the lock holds, then the rest by name, so that nobody's wish or present range
    gives way to a newcomer.
    """
    grants: dict[str, Grant] = {}
    locked: dict[str, PortRange] = {}
    open_claims: list[tuple[Claim, CallbackRules, PortRange, int]] = []
    for claim in claims:
        rules = intent.catalog.profiles[claim.service].callback
        if rules is None or not _agrees(claim, findings):
            continue
        pool = _pool(intent, claim, rules, findings)
        wish = claim.uses[0].callback
        system = intent.system_of(claim.host, claim.service)
        if wish.mode == "fixed":
            port = _fixed(intent, claim, rules, pool, wish.port, findings)
            if port is not None and _take(claim, PortRange(port, port), occupied, findings):
                grants[claim.key] = Grant("fixed", PortRange(port, port), port)
        elif wish.low is not None:
            ports = _named(intent, claim, rules, pool, system, findings)
            if ports is not None and _take(claim, ports, occupied, findings):
                grants[claim.key] = Grant("dynamic", ports, ports.low)
        else:
            size = _size(claim, rules, findings)
            if size is not None:
                open_claims.append((claim, rules, pool, size))
    places = _Places(intent)
    waiting = []
    for claim, rules, pool, size in open_claims:
        old = lock.ranges.get(claim.key)
        if old is not None and _still_good(intent, claim, old, pool, size, places, occupied):
            occupied.add(claim.addresses, claim.transport, old, claim.key)
            grants[claim.key] = Grant("dynamic", old, old.low)
            locked[claim.key] = old
        else:
            waiting.append((claim, rules, pool, size, old))
    full: dict[tuple[object, ...], list[Claim]] = {}
    for claim, rules, pool, size, old in waiting:
        system = intent.system_of(claim.host, claim.service)
        # Ports are only ever taken here, so what had no room once has none later: thousands of clients of a full pool
        # must not each search it again, nor each say so.
        need = (claim.addresses[1:] or claim.addresses, claim.transport, pool, size, system.name)
        if need in full:
            full[need].append(claim)
            continue
        found = _place(claim, places.starts(pool, size, system), pool, size, places, system, occupied)
        if found is None:
            full[need] = [claim]
            continue
        occupied.add(claim.addresses, claim.transport, found, claim.key)
        grants[claim.key] = Grant("dynamic", found, found.low)
        locked[claim.key] = found
        if old is not None:
            findings.append(
                Finding(
                    "FXN312",
                    claim.host,
                    _variable(claim),
                    old.text,
                    f"the range had to move to {found.text}",
                    "enter the new range in the client and restart it; the settings sheet has the steps",
                )
            )
    for without_room in full.values():
        claim = without_room[0]
        rules, pool, size = next((rules, pool, size) for other, rules, pool, size in open_claims if other is claim)
        _note_exhausted(without_room, rules, pool, size, intent.system_of(claim.host, claim.service), findings)
    return grants, Lock(locked)


def _variable(claim: Claim, key: str = "") -> str:
    return f"faxnet_uses[{claim.uses[0].index}].callback{'.' if key else ''}{key}"


def _agrees(claim: Claim, findings: list[Finding]) -> bool:
    first = claim.uses[0].callback
    for use in claim.uses[1:]:
        if use.callback != first:
            findings.append(
                Finding(
                    "FXN101",
                    claim.host,
                    f"faxnet_uses[{use.index}].callback",
                    short(use.callback.mode),
                    f"differs from faxnet_uses[{claim.uses[0].index}].callback, but one installed copy has one setting",
                    f"write the same 'callback' in every use of {claim.service} on this host",
                )
            )
            return False
    return True


def _pool(intent: Intent, claim: Claim, rules: CallbackRules, findings: list[Finding]) -> PortRange:
    """The ports open at the client's servers: the ranges of their offers, intersected; else the profile's pool."""
    pool: PortRange | None = None
    for use in claim.uses:
        offer: Offer = intent.offer_of(use)
        if offer.pool is None:
            continue
        common = (
            offer.pool if pool is None else PortRange(max(pool.low, offer.pool.low), min(pool.high, offer.pool.high))
        )
        if common.low > common.high:
            findings.append(
                Finding(
                    "FXN309",
                    claim.host,
                    f"faxnet_uses[{use.index}].server",
                    use.server,
                    f"the servers of this client open call-back ranges that share no port ({offer.pool.text} here)",
                    "give the servers overlapping callback_range values",
                )
            )
            return offer.pool
        pool = common
    return pool if pool is not None else rules.pool


def _pool_is_named(intent: Intent, claim: Claim) -> bool:
    return any(intent.offer_of(use).pool is not None for use in claim.uses)


def _size(claim: Claim, rules: CallbackRules, findings: list[Finding]) -> int | None:
    wished = claim.uses[0].callback.size
    if wished is None:
        # Twice the instances: a client that restarts meets its old port still in TIME-WAIT.
        return max(rules.size, 2 * claim.instances)
    return wished if _large_enough(claim, rules, wished, "size", wished, findings) else None


def _large_enough(
    claim: Claim, rules: CallbackRules, size: int, key: str, value: object, findings: list[Finding]
) -> bool:
    needed = max(claim.instances, rules.smallest)
    if size >= needed:
        return True
    message = (
        f"{size} ports are too few for {claim.instances} instances on one address"
        if size < claim.instances
        else f"{size} ports are fewer than the smallest range, {rules.smallest}"
    )
    cure = f"make the range at least {needed} ports; about {max(rules.size, 2 * claim.instances)} are usual"
    findings.append(Finding("FXN303", claim.host, _variable(claim, key), short(value), message, cure))
    return False


def _fixed(
    intent: Intent,
    claim: Claim,
    rules: CallbackRules,
    pool: PortRange,
    wished: int | None,
    findings: list[Finding],
) -> int | None:
    port = rules.fixed_port if wished is None else wished
    variable = _variable(claim, "port" if wished is not None else "mode")
    profile = intent.catalog.profiles[claim.service]
    for use in claim.uses:
        environment = profile.environments[use.environment]
        if "fixed" not in environment.modes or claim.instances > 1:
            findings.append(
                Finding(
                    "FXN304",
                    claim.host,
                    _variable(claim, "mode"),
                    "fixed",
                    f"in environment {use.environment} several sessions share this address, "
                    "and a fixed port serves exactly one client",
                    "use mode dynamic; or environment single_user with one instance if nobody else logs on here",
                )
            )
            return None
    ports = PortRange(port, port)
    inside = not _pool_is_named(intent, claim) or pool.low <= port <= pool.high
    if not _within_bounds(claim, rules, ports, variable, findings):
        return None
    if not inside:
        _note_outside(claim, pool, variable, ports, findings)
        return None
    return port if _clear_of_well_known(intent, claim, ports, variable, findings) else None


def _named(
    intent: Intent,
    claim: Claim,
    rules: CallbackRules,
    pool: PortRange,
    system: System,
    findings: list[Finding],
) -> PortRange | None:
    wish = claim.uses[0].callback
    low = wish.low if wish.low is not None else rules.bounds.low
    high = wish.high
    if high is None:
        high = low + (wish.size or max(rules.size, 2 * claim.instances)) - 1
    if low > high:
        findings.append(
            Finding(
                "FXN301",
                claim.host,
                _variable(claim, "low"),
                f"{low}-{high}",
                f"the low port {low} is above {high}",
                "swap 'low' and 'high'",
            )
        )
        return None
    ports = PortRange(low, high)
    sound = _within_bounds(claim, rules, ports, _variable(claim, "low"), findings)
    sound = _large_enough(claim, rules, ports.size, "high", ports.text, findings) and sound
    sound = _clear_of_well_known(intent, claim, ports, _variable(claim, "low"), findings) and sound
    if sound and _pool_is_named(intent, claim) and not (pool.low <= low and high <= pool.high):
        _note_outside(claim, pool, _variable(claim, "low"), ports, findings)
        return None
    if sound and ports.overlaps(system.dynamic):
        findings.append(
            Finding(
                "FXN311",
                claim.host,
                _variable(claim, "low"),
                ports.text,
                f"{system.title} gives {system.dynamic.text} to other programs by itself",
                "choose a range outside these ports, or reserve it on the client (netsh int ipv4 add excludedportrange)",
            )
        )
    return ports if sound else None


def _note_outside(claim: Claim, pool: PortRange, variable: str, ports: PortRange, findings: list[Finding]) -> None:
    findings.append(
        Finding(
            "FXN309",
            claim.host,
            variable,
            ports.text,
            f"the server's network opens {pool.text} for call-backs",
            f"choose ports inside {pool.text}, or widen the server's callback_range",
        )
    )


def _within_bounds(
    claim: Claim, rules: CallbackRules, ports: PortRange, variable: str, findings: list[Finding]
) -> bool:
    if rules.bounds.low <= ports.low and ports.high <= rules.bounds.high:
        return True
    findings.append(
        Finding(
            "FXN302",
            claim.host,
            variable,
            ports.text,
            f"call-back ports lie from {rules.bounds.low} to {rules.bounds.high}",
            "choose ports inside these bounds",
        )
    )
    return False


def _clear_of_well_known(
    intent: Intent, claim: Claim, ports: PortRange, variable: str, findings: list[Finding]
) -> bool:
    held = sorted(port for port in intent.catalog.well_known if ports.low <= port <= ports.high)
    if not held:
        return True
    names = ", ".join(f"{port} ({intent.catalog.well_known[port]})" for port in held[:5])
    cure = "choose ports that belong to nobody"
    findings.append(Finding("FXN308", claim.host, variable, ports.text, f"holds {names}", cure))
    return False


def _take(claim: Claim, ports: PortRange, occupied: Occupied, findings: list[Finding]) -> bool:
    """Note *ports* as taken, or the finding that says by whom they are taken already."""
    conflict = occupied.holder(claim.addresses, claim.transport, ports)
    if conflict is None:
        occupied.add(claim.addresses, claim.transport, ports, claim.key)
        return True
    address, owner = conflict
    key = "port" if ports.size == 1 else "low"
    if owner.startswith(SERVER_PREFIX):
        findings.append(
            Finding(
                "FXN307",
                claim.host,
                _variable(claim, key),
                ports.text,
                f"holds the port of {owner[len(SERVER_PREFIX) :]} on {address.text}",
                "choose a range that leaves the server's port out",
            )
        )
    else:
        findings.append(
            Finding(
                "FXN305",
                claim.host,
                _variable(claim, key),
                ports.text,
                f"shares ports with {owner} on {address.text}: a call-back could reach the wrong client",
                "choose other ports for one of the two, or leave the choice to the plan (mode dynamic, no ports)",
                (owner.partition("/")[0],),
            )
        )
    return False


#: How :class:`Occupied` names ports that a server or another service listens on.
SERVER_PREFIX = "server "


class _Places:
    """Where a range of a size may begin in a pool: clear of well-known ports and of the system's own dynamic ones."""

    def __init__(self, intent: Intent) -> None:
        self._well_known = tuple(sorted(intent.catalog.well_known))
        self._starts: dict[tuple[PortRange, int, PortRange], tuple[int, ...]] = {}

    def clear(self, ports: PortRange, system: System) -> bool:
        """Whether *ports* hold no well-known and none of the system's own dynamic ports."""
        place = bisect_left(self._well_known, ports.low)
        known = place < len(self._well_known) and self._well_known[place] <= ports.high
        return not known and not ports.overlaps(system.dynamic)

    def starts(self, pool: PortRange, size: int, system: System) -> tuple[int, ...]:
        """All grid places for a range of *size* ports."""
        key = (pool, size, system.dynamic)
        found = self._starts.get(key)
        if found is None:
            grid = range(pool.low, pool.high - size + 2, size)
            found = tuple(low for low in grid if self.clear(PortRange(low, low + size - 1), system))
            self._starts[key] = found
        return found


def _still_good(
    intent: Intent, claim: Claim, old: PortRange, pool: PortRange, size: int, places: _Places, occupied: Occupied
) -> bool:
    wished = claim.uses[0].callback.size
    fits = old.size == wished if wished is not None else old.size >= max(claim.instances, 1)
    in_pool = pool.low <= old.low and old.high <= pool.high
    system = intent.system_of(claim.host, claim.service)
    free = occupied.holder(claim.addresses, claim.transport, old) is None
    return fits and in_pool and free and places.clear(old, system)


def _place(
    claim: Claim,
    starts: tuple[int, ...],
    pool: PortRange,
    size: int,
    places: _Places,
    system: System,
    occupied: Occupied,
) -> PortRange | None:
    """The first free place from the one that the claim's hash names; then any gap between the grid's places."""
    if starts:
        digest = hashlib.blake2b(claim.key.encode(), digest_size=8).digest()
        first = int.from_bytes(digest, "big") % len(starts)
        for low in (*starts[first:], *starts[:first]):
            candidate = PortRange(low, low + size - 1)
            if occupied.holder(claim.addresses, claim.transport, candidate) is None:
                return candidate
    for low in range(pool.low, pool.high - size + 2):
        candidate = PortRange(low, low + size - 1)
        free = occupied.holder(claim.addresses, claim.transport, candidate) is None
        if free and places.clear(candidate, system):
            return candidate
    return None


def _note_exhausted(
    claims: Sequence[Claim], rules: CallbackRules, pool: PortRange, size: int, system: System, findings: list[Finding]
) -> None:
    claim = claims[0]
    findings.append(
        Finding(
            "FXN306",
            claim.host,
            _variable(claim),
            f"{size} ports",
            f"no {size} free ports in a row are left in {pool.text} on "
            f"{' and '.join(address.text for address in claim.addresses)} "
            f"({system.title} keeps {system.dynamic.text} for itself)",
            f"ask for smaller ranges (callback.size, {rules.smallest} at least), widen the server's callback_range, "
            "or give the site a second public address",
            tuple(other.host for other in claims[1:]),
        )
    )


def claims_of(intent: Intent, addresses: Mapping[tuple[str, str], tuple[Address, ...]]) -> list[Claim]:
    """Return one claim for each host and service with call-backs, sorted.

    Args:
        addresses: by host and service, the addresses under which the client is called.
    """
    grouped: dict[tuple[str, str], list[Use]] = {}
    for use in intent.uses:
        grouped.setdefault((use.host, use.service), []).append(use)
    claims = []
    for (host, service), uses in sorted(grouped.items()):
        profile = intent.catalog.profiles[service]
        if profile.callback is None:
            continue
        transport = next(exchange.transport for exchange in profile.exchanges if exchange.is_callback)
        worn = addresses.get((host, service), ())
        claims.append(Claim(host, service, transport, tuple(uses), worn))
    return claims
