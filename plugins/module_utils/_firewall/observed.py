# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observing host has seen: read from the sets in which its kernel notes it.

An element of a set of first packets lives from its first packet on, one of last packets from its last: what is left of
its life says when that was (platforms/nftables/stances.py makes the rules). nft tells it in whole seconds.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    SEEN,
    TABLE,
    FirewallError,
    Machine,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import name_of, number_of

#: input, unheard (no socket), protocol (without ports), forward, forward_protocol; or a reason, which has one set.
_NAME = re.compile(rf"{SEEN}(?P<what>[a-z_]+?)(?P<version>[46])(?:_(?P<which>first|last))?")
_SINCE = SEEN + "since"
_THROUGH = "forward"


class Packets(NamedTuple):
    """Packets of one kind that nothing names.

    Attributes:
        direction: ``input``: for the host itself; ``forward``: through it.
        version: the IP version.
        source: who sends them.
        destination: for whom, of those that pass through; else empty.
        protocol: its name, or its number where it has none.
        port: destination port; None where the protocol has none.
        heard: whether the host had a socket for them; None where that cannot be told.
        first, last: when they came first and last, in seconds since the epoch.
    """

    direction: str
    version: int
    source: str
    destination: str
    protocol: str
    port: int | None
    heard: bool | None
    first: float
    last: float


class Stray(NamedTuple):
    """Packets that no permit would help.

    Attributes:
        reason: ``invalid``: they belong to no connection; ``no_way_back``: the routes know their sender elsewhere;
            ``limit``: too many of one sender.
        packets: how many there were.
        last: when the last came, in seconds since the epoch.
    """

    reason: str
    version: int
    source: str
    destination: str
    protocol: str
    packets: int
    last: float


class Observed(NamedTuple):
    """What a host has seen.

    Attributes:
        observing: whether its rules note what they let pass, now.
        since: since when it has been noting (seconds since the epoch); None where it never did, or nobody knows.
        packets: by direction, protocol, port and addresses.
        strays: the same.
        full: what has as many entries as it can hold, so that others passed unnoted: ``input IPv4`` and the like.
    """

    observing: bool
    since: float | None
    packets: tuple[Packets, ...]
    strays: tuple[Stray, ...]
    full: tuple[str, ...]


def observed(machine: Machine) -> Observed:
    """Return what the host has seen. Raises FirewallError where nft does not say."""
    ran = machine.run([machine.nft(), "-j", "list", "table", *TABLE.split()], None)
    now = time.time()
    if ran.code != 0 and "No such file or directory" in ran.err:
        return Observed(False, None, (), (), ())
    if ran.code != 0:
        raise FirewallError(f"nft cannot list table {TABLE}: {ran.err.strip()}")
    try:
        return _read(json.loads(ran.out)["nftables"], now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FirewallError(
            f"nft lists table {TABLE} in a form that is not known here ({type(error).__name__}: {error}); "
            f"look at nft -j list table {TABLE}"
        ) from error


#: What packets of one kind have in common, and when they came first and last.
_Key = tuple[str, int, tuple[Any, ...]]


def _read(entries: list[dict[str, Any]], now: float) -> Observed:
    since: float | None = None
    times: dict[_Key, dict[str, float]] = {}
    strays: list[Stray] = []
    full: dict[str, None] = {}
    for held in (entry["set"] for entry in entries if "set" in entry):
        if held["name"] == _SINCE:
            since = next((came for _fields, came, _element in _elements(held, now)), None)
        name = _NAME.fullmatch(held["name"])
        if not name:
            continue
        what, version, which = name["what"], int(name["version"]), name["which"]
        if len(held.get("elem", ())) >= held.get("size", 1 << 32):
            full[f"{what} IPv{version}"] = None
        for fields, came, element in _elements(held, now):
            if which:
                times.setdefault((what, version, fields), {})[which] = came
            else:
                strays.append(_stray(what, version, fields, came, element))
    packets = [_packets(key, found) for key, found in times.items()]
    return Observed(
        any(_notes(entry["rule"]) for entry in entries if "rule" in entry),
        since,
        tuple(sorted(packets, key=_order)),
        tuple(sorted(strays)),
        tuple(full),
    )


def _elements(held: Mapping[str, Any], now: float) -> Iterator[tuple[tuple[Any, ...], float, Mapping[str, Any]]]:
    """The fields of each element, when its life began, and all of it."""
    for item in held.get("elem", ()):
        element = item["elem"]
        key = element["val"]
        life = element.get("timeout", held.get("timeout"))
        fields = key["concat"] if isinstance(key, dict) else [key]
        yield tuple(fields), now - (life - element["expires"]), element


def _notes(rule: Mapping[str, Any]) -> bool:
    return any(str(statement.get("set", {}).get("set", "")).startswith("@" + SEEN) for statement in rule["expr"])


def _packets(key: _Key, times: Mapping[str, float]) -> Packets:
    what, version, fields = key
    through = what.startswith(_THROUGH)
    addresses = fields[: 2 if through else 1]
    protocol, *ports = fields[len(addresses) :]
    first, last = times.get("first", times.get("last", 0.0)), times.get("last", times.get("first", 0.0))
    return Packets(
        direction="forward" if through else "input",
        version=version,
        source=addresses[0],
        destination=addresses[1] if through else "",
        protocol=_protocol(protocol),
        port=int(ports[0]) if ports else None,
        heard={"input": True, "unheard": False}.get(what) if _has_sockets(protocol) else None,
        first=first,
        last=max(first, last),
    )


def _stray(reason: str, version: int, fields: tuple[Any, ...], came: float, element: Mapping[str, Any]) -> Stray:
    source, destination, protocol = fields
    packets = element.get("counter", {}).get("packets", 0)
    return Stray(reason, version, source, destination, _protocol(protocol), packets, came)


def _protocol(held: object) -> str:
    """A protocol as nft writes it, by its name here: /etc/protocols of the host may have another, or none."""
    number = number_of(str(held))
    return str(held) if number is None else name_of(number)


def _has_sockets(protocol: object) -> bool:
    return _protocol(protocol) in ("tcp", "udp")


def _order(packets: Packets) -> tuple[Any, ...]:
    return packets.direction != "input", packets.protocol, packets.port or 0, packets.source, packets.destination
