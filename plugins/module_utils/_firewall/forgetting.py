# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End the sessions that a change of the rules took away.

"Established" lets a session pass for as long as the kernel remembers it, whatever the rules have become: a flow that is
switched off would go on for days. So the kernel forgets what the old rules let in or through and the new ones do not.
Where either cannot be told for sure, it is left alone; so is management, what this host started itself, and what stays
on it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack, ended, running
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.conntrack import Connection
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.ended import Way
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    FirewallError,
    Machine,
    in_words,
    live_table,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.own_addresses import OwnAddresses
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import (
    Rules,
    Verdict,
    listed,
    rehearsed,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session

#: In a change's directory, an nft file that brings back the rules before it.
OLD_RULES = "rollback.nft"
_FORGOTTEN = "forgotten"  # the sign that it has been done
#: How the comments of what lets management in or through begin.
_MANAGEMENT = "management"


@dataclass(frozen=True)
class Judge:
    """The rules in force, the host that they are on, and the session that the run works through."""

    now: Rules
    own: OwnAddresses
    session: Session | None

    def taken_away(self, before: Rules, known: Iterable[Connection]) -> list[Connection]:
        """The connections that were permitted before and are not now, with what is related to them."""
        gone, related = [], []
        for connection in known:
            if connection.ending or not self._passes_here(connection):
                continue
            if self._permitted(before, connection) and self._refused(connection):
                gone.append(connection)
            elif connection.master:
                related.append(connection)
        keys = {connection.key for connection in gone}
        return gone + [item for item in related if item.master in keys and self._refused(item)]

    def reason(self, connection: Connection) -> str:
        """The comment of the rule now that lets a connection come about that passes here; empty where none has one."""
        verdict = self._fate(self.now, connection) if self._passes_here(connection) else None
        return verdict.reason if verdict and verdict.accepted else ""

    def still_refused(self, way: Way) -> bool:
        """Whether the rules surely do not permit the session that an ended one's way belongs to."""
        one, other = (way.source, way.source_port), (way.destination, way.destination_port)
        (source, from_port), (destination, port) = (other, one) if way.answers else (one, other)
        first = Packet(way.version, way.transport, source, from_port, destination, port)
        target = self.now.target(first)
        if target is None:
            return False
        verdict = self._judged(self.now, replace(first, destination=target))
        return verdict is not None and verdict.accepted is False

    def _passes_here(self, connection: Connection) -> bool:
        """Whether it came in from another host, to one address, and is not the run's own."""
        own = self.session
        there = connection.original
        ends = (there.source, there.source_port, connection.reply.source, connection.reply.source_port)
        if own and ends == (own.source, own.source_port, own.address, own.port):
            return False
        return there.source not in self.own and not ipaddress.ip_address(there.destination).is_multicast

    def _permitted(self, rules: Rules, connection: Connection) -> bool:
        """Whether rules surely let it come about, and not for management."""
        verdict = self._fate(rules, connection)
        return verdict is not None and verdict.accepted is True and not verdict.reason.startswith(_MANAGEMENT)

    def _refused(self, connection: Connection) -> bool:
        """Whether the rules now surely would not let it come about as it is."""
        now = self._fate(self.now, connection)
        return now is not None and now.accepted is False

    def _fate(self, rules: Rules, connection: Connection) -> Verdict | None:
        """What rules do with the first packet of a connection; refused also where they send it somewhere else.

        None where they do not filter it, or where that cannot be told.
        """
        there, back = connection.original, connection.reply
        first = Packet(
            connection.version,
            connection.transport,
            there.source,
            there.source_port,
            there.destination,
            there.destination_port,
        )
        target = rules.target(first)
        if target is None:
            return None
        if (target, there.destination_port) != (back.source, back.source_port):
            return Verdict(False)
        return self._judged(rules, replace(first, destination=target))

    def _judged(self, rules: Rules, packet: Packet) -> Verdict | None:
        return rules.judge("input" if packet.destination in self.own else "forward", packet)


@dataclass(frozen=True)
class _TakenAway:
    """What a change took away: connections, and how they and earlier ones that are not permitted yet look on the wire.

    `kept_out` is whether there is a table that keeps ended sessions out.
    """

    connections: tuple[Connection, ...]
    ways: frozenset[Way]
    kept_out: bool


def forget(machine: Machine, own: str, session: Session | None) -> int:
    """End the sessions that a change took away, once; returns how many. `own` is the change's directory.

    Raises FirewallError when the kernel does not let its connections be read or changed. It will not another time.
    """
    if os.path.exists(os.path.join(own, _FORGOTTEN)):
        return 0
    try:
        taken = _taken_away(machine, own, session)
        if taken.ways or taken.kept_out:
            # First, so that no packet brings one back in between.
            ended.keep_out(machine, taken.ways)
        for connection in taken.connections:
            conntrack.forget(connection)
    except (conntrack.NoTableError, OSError) as error:
        raise FirewallError(
            f"sessions that the new rules do not permit may go on until they end by themselves: {in_words(error)}"
        ) from error
    finally:
        with open(os.path.join(own, _FORGOTTEN), "w", encoding="ascii"):
            pass
    return len(taken.connections)


def unforgotten(machine: Machine, own: str, session: Session | None) -> int:
    """How many sessions `forget` would end; none where it could not."""
    if os.path.exists(os.path.join(own, _FORGOTTEN)):
        return 0
    try:
        return len(_taken_away(machine, own, session).connections)
    except (FirewallError, conntrack.NoTableError, OSError):
        return 0


def _taken_away(machine: Machine, own: str, session: Session | None) -> _TakenAway:
    """What our table as it is does not permit and the one before the change did."""
    with open(os.path.join(own, OLD_RULES), encoding="utf-8") as file:
        before = file.read()
    kept_out = ended.kept_out(machine)
    now = listed(machine) if running.tracks(live_table(machine)) else None
    if now is None:
        return _TakenAway((), frozenset(), kept_out is not None)
    judge = Judge(now, OwnAddresses(machine), session)
    # Where nothing was tracked before, what runs is spared.
    gone = judge.taken_away(rehearsed(machine, before), conntrack.connections()) if running.tracks(before) else []
    ways = {way for way in kept_out or () if judge.still_refused(way)}
    ways.update(way for connection in gone for way in _ways(connection))
    return _TakenAway(tuple(gone), frozenset(ways), kept_out is not None)


def _ways(connection: Connection) -> Iterator[Way]:
    """How the packets of a connection look on the wire, both ways.

    Where its source was translated, what comes back is for an address of this host and a port that another connection
    may get; nothing takes it up, for it is refused as what it looks like, a new one from outside.
    """
    transport, there, back = connection.transport, connection.original, connection.reply
    yield Way(transport, there.source, there.source_port, there.destination, there.destination_port, False)
    if (back.destination, back.destination_port) == (there.source, there.source_port):
        yield Way(transport, back.source, back.source_port, back.destination, back.destination_port, True)
