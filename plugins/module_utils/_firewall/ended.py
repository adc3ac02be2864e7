# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table that keeps ended sessions from coming back.

Once the kernel has forgotten a connection, the next packet of its server makes a new one: what a host sends is let out,
and the kernel takes TCP up in its middle (nf_conntrack_tcp_loose). The answer to it would be "established". So what was
ended is dropped before connection tracking sees it, by its very addresses and ports, until nobody has sent such a
packet for as long as Linux keeps a silent TCP session, or until a change of the rules permits it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, load

TABLE = "inet faxnet_ended"
#: Text that leaves no such table behind, whether there was one or not.
NO_ENDED = f"table {TABLE}\ndelete table {TABLE}\n"

_TYPES = {4: "ipv4_addr", 6: "ipv6_addr"}
_FIELDS = {4: "ip", 6: "ip6"}
_KEPT = "5d"  # nf_conntrack_tcp_timeout_established
_ANSWERS = "answers"
_ROOM = 65536  # elements, at least


class Way(NamedTuple):
    """One direction of an ended session as its packets look on the wire; `answers`: the one that did not begin it."""

    transport: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    answers: bool

    @property
    def version(self) -> int:
        """The IP version."""
        return 6 if ":" in self.source else 4


def kept_out(machine: Machine) -> list[Way] | None:
    """What the table holds; None when there is none. Raises FirewallError."""
    ran = machine.run([machine.nft(), "-j", "list", "table", *TABLE.split()], None)
    if ran.code != 0:
        if "No such file or directory" in ran.err:
            return None
        raise FirewallError(f"nft cannot list table {TABLE}: {ran.err.strip()}")
    try:
        elements = [
            element["elem"]
            for entry in json.loads(ran.out)["nftables"]
            for element in entry.get("set", {}).get("elem", ())
        ]
        return [
            Way(transport, source, source_port, destination, port, element.get("comment") == _ANSWERS)
            for element in elements
            for source, source_port, destination, port, transport in [element["val"]["concat"]]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise FirewallError(f"table {TABLE} is not as faxnet.deploy writes it; delete it: {ran.out[:80]!r}") from error


def keep_out(machine: Machine, ways: Iterable[Way]) -> None:
    """Drop packets that look so, and no longer any others. Raises FirewallError."""
    wanted = sorted(set(ways))
    load(machine, NO_ENDED + (_table(wanted) if wanted else ""))


def _table(ways: list[Way]) -> str:
    sets, rules = "", ""
    for version in sorted({way.version for way in ways}):
        elements = ",\n".join(f"\t\t\t{_element(way)}" for way in ways if way.version == version)
        address, field = _TYPES[version], _FIELDS[version]
        sets += (
            f"\tset ways{version} {{\n"
            f"\t\ttype {address} . inet_service . {address} . inet_service . inet_proto\n"
            f"\t\tsize {max(_ROOM, len(ways))}\n\t\tflags dynamic,timeout\n\t\ttimeout {_KEPT}\n"
            f"\t\telements = {{\n{elements}\n\t\t}}\n\t}}\n"
        )
        key = f"{field} saddr . th sport . {field} daddr . th dport . meta l4proto"
        rules += (
            f"\t\tmeta l4proto {{ tcp, udp }} {key} @ways{version} update @ways{version} {{ {key} }} counter drop\n"
        )
    chains = "".join(
        f"\tchain {hook} {{\n\t\ttype filter hook {hook} priority raw; policy accept;\n{rules}\t}}\n"
        for hook in ("prerouting", "output")
    )
    return f"table {TABLE} {{\n{sets}{chains}}}\n"


def _element(way: Way) -> str:
    tuples = f"{way.source} . {way.source_port} . {way.destination} . {way.destination_port} . {way.transport}"
    return tuples + (f' comment "{_ANSWERS}"' if way.answers else "")
