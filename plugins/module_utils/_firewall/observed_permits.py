# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observing host has seen, as permits: exactly what came, and nothing beside it.

Packets for a port on which the host has no socket become no permit: nothing has answered them, and to permit them would
open what is shut. They are given apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Packets

#: So many connections are shown; all of them are in the result.
_MOST_RUNNING = 50
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+|\.(?=\.)")


class Lengths(NamedTuple):
    """Prefix lengths to which senders' addresses are gathered, by IP version; 32 and 128 name each address."""

    ipv4: int = 32
    ipv6: int = 128


EACH_ADDRESS = Lengths()

#: The program that listens at a protocol and port; empty where nobody knows.
Programs = Mapping[tuple[str, int], str]


class Permits(NamedTuple):
    """Entries of ``faxnet_permits`` and ``faxnet_forward_permits``.

    Attributes:
        permits: what came in and found a socket, or has no ports.
        unheard: the same of what found none.
        forward: what passed through.
    """

    permits: list[dict[str, Any]]
    unheard: list[dict[str, Any]]
    forward: list[dict[str, Any]]


def permits_of(packets: Iterable[Packets], programs: Programs, lengths: Lengths = EACH_ADDRESS) -> Permits:
    """Return the permits that let all of these packets pass."""
    incoming: dict[tuple[bool, str, int | None], set[str]] = {}
    passing: dict[tuple[str, str, int | None], set[str]] = {}
    for one in packets:
        source = _network(one.source, lengths)
        if one.direction == "input":
            incoming.setdefault((one.heard is False, one.protocol, one.port), set()).add(source)
        else:
            passing.setdefault((one.destination, one.protocol, one.port), set()).add(source)
    permits: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for (unheard, protocol, port), sources in sorted(incoming.items(), key=_order):
        program = "" if port is None else programs.get((protocol, port), "")
        permits[unheard].append({**_what(program, protocol, port), "sources": _sorted(sources)})
    # What goes to many destinations from the same senders is one permit.
    through: dict[tuple[tuple[str, ...], str, int | None], list[str]] = {}
    for (destination, protocol, port), sources in passing.items():
        through.setdefault((tuple(_sorted(sources)), protocol, port), []).append(destination)
    forward = [
        {**_what("", protocol, port), "from": list(sources), "to": _sorted(map(_single, destinations))}
        for (sources, protocol, port), destinations in sorted(through.items(), key=_order)
    ]
    for entries in (permits[False], permits[True], forward):
        _tell_apart(entries)
    return Permits(permits[False], permits[True], forward)


def _tell_apart(entries: Iterable[dict[str, Any]]) -> None:
    """Number the names that several entries have."""
    times: dict[str, int] = {}
    for entry in entries:
        name = entry["name"]
        times[name] = times.get(name, 0) + 1
        if times[name] > 1:
            entry["name"] = f"{name}-{times[name]}"


def _order(item: tuple[tuple[Any, str, int | None], object]) -> tuple[str, int, Any]:
    first, protocol, port = item[0]
    return protocol, port or 0, first


def _what(program: str, protocol: str, port: int | None) -> dict[str, Any]:
    name = "-".join(filter(None, ("seen", _NOT_IN_A_NAME.sub("_", program), protocol, str(port or ""))))
    what: dict[str, Any] = {"name": name, "protocols": [protocol]}
    if port is not None:
        what["ports"] = [port]
    return what


def _network(address: str, lengths: Lengths) -> str:
    parsed = ipaddress.ip_address(address)
    length = lengths.ipv4 if parsed.version == 4 else lengths.ipv6
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


def _single(address: str) -> str:
    return str(ipaddress.ip_network(address))


def _sorted(networks: Iterable[str]) -> list[str]:
    found = map(ipaddress.ip_network, networks)
    return [str(network) for network in sorted(found, key=lambda one: (one.version, int(one.network_address)))]


def yaml_of(permits: Permits, remarks: Sequence[str], running: Sequence[Packets] = ()) -> str:
    """The permits as YAML to paste, after lines of remarks; as comments the unheard ones and what runs since before."""
    lines = [f"# {remark}" for remark in remarks]
    for variable, entries in (("faxnet_permits", permits.permits), ("faxnet_forward_permits", permits.forward)):
        if entries:
            lines += [f"{variable}:", *map(_line, entries)]
    if permits.unheard:
        lines.append("# Nothing on this host had a socket for these; permit what should be answered:")
        lines += ["# " + _line(entry) for entry in permits.unheard]
    if running:
        lines.append(
            "# These connections began before this host observed, and nothing names them; who began each is not sure:"
        )
        lines += [f"#   {_connection(one)}" for one in running[:_MOST_RUNNING]]
        if len(running) > _MOST_RUNNING:
            lines.append(f"#   and {len(running) - _MOST_RUNNING} more")
    return "\n".join(lines) + "\n"


def _connection(one: Packets) -> str:
    target = f" to {one.destination}" if one.destination else ""
    return f"{one.protocol} from {one.source}{target} port {one.port}"


def _line(entry: Mapping[str, Any]) -> str:
    return "  - {" + ", ".join(f"{key}: {_value(held)}" for key, held in entry.items()) + "}"


def _value(held: object) -> str:
    if isinstance(held, list):
        return "[" + ", ".join(map(_value, held)) + "]"
    # In a flow of YAML an address of IPv6 could be read as a mapping.
    return f'"{held}"' if ":" in str(held) else str(held)
