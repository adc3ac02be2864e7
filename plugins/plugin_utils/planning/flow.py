# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow: one class of packets, with its reason and its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..basics.ports import PortRange
from ..inventory.intent import Offer, Use
from ..policies.policy import SourcePorts
from .route import Path


class Flow(NamedTuple):
    """One class of packets: from one host to another, on one transport and one range of destination ports.

    Attributes:
        id: stable and readable, ``netcfax.pcp/uk-ts1>fl-fax``; IPv6 flows end in ``/6``.
        source: inventory name of the sender; ``internet``, an address or a network where it is not a host.
        destination: the same of the receiver.
        source_ports: ports of the sender where they are fixed; empty where any will do.
        enabled: False where the flow is switched off; it keeps its definition and gets no rule.
        idle: seconds that the devices on its way remember it without a packet; 0 leaves it to them.
        helper: connection-tracking helper that it needs; empty for none.
        carried_by: id of the flow through whose mapping it passes; empty for a flow with rules of its own.
        path: the devices on its way and its addresses there.
    """

    id: str
    service: str
    exchange: str
    source: str
    destination: str
    version: int
    transport: str
    source_ports: SourcePorts
    ports: PortRange
    callback: bool
    enabled: bool
    idle: int
    helper: str
    carried_by: str
    path: Path


class Connection(NamedTuple):
    """A use with its ways, for one IP version: client to server, and back.

    Attributes:
        back: None where only answers can come back: the client's public address changes, or it is any of a network.
    """

    use: Use
    offer: Offer
    version: int
    there: Path
    back: Path | None


def each_range(
    ends: str, source_ports: Sequence[PortRange], ports: Sequence[PortRange]
) -> Iterable[tuple[str, SourcePorts, PortRange]]:
    """Return each range that an exchange sends to, with each that it sends from: a flow has one of either.

    Args:
        ends: how the ids of its flows end: for the first of several ranges so, for the others with their ports.
    """
    if not source_ports and len(ports) == 1:
        return ((ends, (), ports[0]),)  # as most exchanges have it
    return _each_range(ends, source_ports, ports)


def _each_range(
    ends: str, source_ports: Sequence[PortRange], ports: Sequence[PortRange]
) -> Iterator[tuple[str, SourcePorts, PortRange]]:
    head = ends.removesuffix("/6")
    six = ends[len(head) :]
    first = True
    for sent_from in source_ports or ((),):
        for sent_to in ports:
            if first:
                yield ends, sent_from, sent_to
                first = False
                continue
            parts = [item.text for item in (sent_from, sent_to) if isinstance(item, PortRange)]
            yield f"{head}/{'.'.join(parts)}{six}", sent_from, sent_to
