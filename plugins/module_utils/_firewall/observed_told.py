# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observing host has seen, as a module's result: with times for people, programs, permits and remarks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Observed, Packets
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_permits import (
    EACH_ADDRESS,
    Lengths,
    Permits,
    permits_of,
    yaml_of,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.holders import UNKNOWN, Holder, holders
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import listening_sockets

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_STRAYS = {
    "invalid": "belong to no connection that this host sees both ways of",
    "no_way_back": "come another way than this host's routes lead back (faxnet_reverse_path)",
    "limit": "are more than the rules let one sender have",
}


def told(
    found: Observed, lengths: Lengths = EACH_ADDRESS, proc: str = "/proc", running: Sequence[Packets] = ()
) -> dict[str, Any]:
    """Return the result. *running*: what runs since before; *proc*: where the kernel's tables are."""
    programs = _programs(proc) if any(one.heard for one in found.packets) else {}
    names = {where: holder.program for where, holder in programs.items()}
    permits = permits_of(found.packets, names, lengths)
    seconds = None if found.since is None else max(0, round(time.time() - found.since))
    seen = []
    for one in found.packets:
        holder = programs.get((one.protocol, one.port or 0), UNKNOWN) if one.heard else UNKNOWN
        entry = one._asdict()
        entry.update(first_seen=_when(entry.pop("first")), last_seen=_when(entry.pop("last")), **holder._asdict())
        seen.append(entry)
    strays = []
    for stray in found.strays:
        entry = stray._asdict()
        entry.update(last_seen=_when(entry.pop("last")))
        strays.append(entry)
    return {
        "observing": found.observing,
        "watched_since": None if found.since is None else _when(found.since),
        "watched_seconds": seconds,
        "seen": seen,
        "strays": strays,
        "full": list(found.full),
        "permits": permits.permits,
        "unheard": permits.unheard,
        "forward_permits": permits.forward,
        "running": [
            {"direction": one.direction, "version": one.version, "source": one.source, "destination": one.destination}
            | {"protocol": one.protocol, "port": one.port}
            for one in running
        ],
        "yaml": yaml_of(permits, list(_remarks(found, seconds, permits)), running),
    }


def _programs(proc: str) -> Mapping[tuple[str, int], Holder]:
    """Who listens at each protocol and port that others can reach."""
    sockets = [one for one in listening_sockets(proc=proc) if not one.is_loopback]
    held = holders({one.inode for one in sockets}, proc)
    return {(one.transport, one.port): held[one.inode] for one in sockets if one.inode in held}


def _remarks(found: Observed, seconds: int | None, permits: Permits) -> Iterator[str]:
    if found.since is None or seconds is None:
        yield "This host does not observe (faxnet_stance: observe), or its rules have not been put in force yet."
        return
    since = _when(found.since)
    if found.observing:
        yield f"Watched for {_span(seconds)}, since {since}."
        yield "What comes more rarely, such as once a month, was not seen."
    else:
        yield f"Noted since {since}, until this host began to refuse."
    if not found.packets:
        yield "Nothing came that the rules would refuse."
    if permits.permits or permits.forward:
        yield "Add these to what the host's variables name already. They name what was seen: read before you paste."
    for what in found.full:
        yield f"The list of {what} is full: others passed and are not here. Permit these, and observe on."
    for reason, words in _STRAYS.items():
        strays = [one for one in found.strays if one.reason == reason]
        if strays:
            packets, most = sum(one.packets for one in strays), max(strays, key=lambda one: one.packets)
            yield (
                f"No permit helps {packets} packets that {words}; most of them are {most.protocol} from {most.source} "
                f"to {most.destination}."
            )


def _span(seconds: int) -> str:
    """Seconds in the largest unit that they fill."""
    for size, unit in _UNITS:
        number = seconds // size
        if number:
            return f"{number} {unit}" + ("s" if number > 1 else "")
    return "less than a minute"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
