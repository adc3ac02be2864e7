# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that passes into a host or through it today, with the packets that stand for it."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet

INPUT, FORWARD = "input", "forward"

#: The kinds of uses, each with what it is.
KINDS = {
    "listener": "a program, or the kernel itself, listens on a port of this host",
    "protocol": "a protocol without ports comes in: a tunnel's, IPsec's, or one that a program has a raw socket for",
    "multicast": "this host is a member of a multicast group",
    "published": "another table leads packets for this host on, as Docker, Podman and port forwards do",
    "network": "this host forwards for a network",
    "bridge": "the filter sees what passes between the ports of a bridge",
    "session": "somebody has a connection to this host, or through it, now",
}


@dataclass(frozen=True)
class Use:
    """Something in use. It would be lost when the rules refuse every one of its packets.

    Attributes:
        kind: one of KINDS.
        hook: where its packets are judged, INPUT or FORWARD.
        protocol: by name or number; empty for any.
        ports: destination ports as ranges; empty where there are none, or where all are meant.
        sources: addresses or networks that it comes from; empty for everybody.
        destinations: where it goes; empty for anywhere, and for this host.
        interface: the device that it belongs to; empty where that does not matter.
        detail: what it is beyond that, for people.
        inodes: of the sockets that it is held by.
        program: who holds them, as far as that is known.
        fleeting: whether it may be a client's that waits for an answer, and is gone in a moment.
    """

    kind: str
    hook: str
    packets: tuple[Packet, ...]
    protocol: str = ""
    ports: tuple[tuple[int, int], ...] = ()
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    interface: str = ""
    detail: str = ""
    inodes: frozenset[str] = frozenset()
    program: str = ""
    fleeting: bool = False


#: Two addresses that are nobody's (RFC 5737, RFC 3849): they stand for what no rule names by its address.
NOBODYS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}


def as_network(address: str) -> str:
    """An address or network in CIDR notation, as the inventory's lists have it."""
    if "/" in address:
        return address
    return address + ("/128" if ":" in address else "/32")
