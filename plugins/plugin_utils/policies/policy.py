# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy: what one device must permit, forward and translate, in the one form that all stages share.

Planning makes it, a slice holds it as JSON (policy_json.py), platforms render it, a trace asks it. A permit serves
flows and is nothing without one; an opening is named by the host itself, for management or another service.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix
from ..basics.ports import PortRange
from ..inventory.firewall_profiles import USUAL_PROFILES
from ..inventory.intent import ForwardPermit, MssClamp, Opening

#: The sender's ports of a flow; an empty tuple, which sorts before every range, where any port will do.
SourcePorts = PortRange | tuple[()]

Flows = Sequence[str]
"""Ids of the flows that a permit or a translation serves; never empty."""

#: How ids begin of what a router passes on for the management of others; they are in no list of flows.
MANAGEMENT = "management"


class RefusedError(ValueError):
    """A policy that cannot be read or rendered. The message names the place in it, the value and the cure."""


class Permit(NamedTuple):
    """Packets that a device lets in (input) or through (forward), by the addresses that its hook sees.

    A NamedTuple and not a dataclass: it is the key that flows with equal packets are gathered under.

    Attributes:
        source: an address; the network of all addresses for the Internet at large.
        direction: ``in`` or ``out``, seen from the device's site.
        source_ports: the sender's ports where they are fixed; empty where any will do.
        idle: seconds that the device remembers the connection without a packet; 0 leaves it to the device.
        helper: connection-tracking helper that it needs; empty for none.
    """

    version: int
    source: End
    destination: End
    transport: str
    ports: PortRange
    enabled: bool
    direction: str
    source_ports: SourcePorts
    idle: int
    helper: str


class DestinationNat(NamedTuple):
    """Packets whose destination a router translates; the port stays the same.

    Attributes:
        source: address that the packets come from, as this router sees it.
        address: the public address that they were sent to, as it reaches this router.
        target: the next address inside.
        becomes: what their source becomes as well, where they come from inside and go back there: an address of the
            router's own, through which the answers come back; None where it stays.
    """

    version: int
    source: End
    address: Address
    transport: str
    ports: PortRange
    target: End
    enabled: bool
    becomes: Address | None = None


class SourceNat(NamedTuple):
    """Packets from *networks* that leave for anywhere but *exempt* wear *address*.

    None for *address* is whatever address the interface has that they leave through.
    All routers of one realm hold one and the same tuple as *exempt*: a realm may have thousands of networks.
    """

    version: int
    networks: tuple[Prefix, ...]
    exempt: tuple[Prefix, ...]
    address: Address | None


Permits = tuple[tuple[Permit, Flows], ...]
DestinationNats = tuple[tuple[DestinationNat, Flows], ...]


class Policy(NamedTuple):
    """What one device does for its flows; every permit and translation with the ids of the flows it serves.

    A NamedTuple, like Host: a plan makes one for each of its hosts, and a frozen dataclass costs four times as much.

    Attributes:
        forwarding: whether the device is a router.
        outbound: ``any``: the networks behind it may start anything outward; ``flows``: only what a flow names.
        reverse_path: whose packets a router takes at all, by their source: ``strict``: what its routes lead back to
            through the interface that they came from; ``loose``: what any route leads back to; ``off``: everybody's.
        stance: what it does with packets that nothing here names: ``exclusive``: refuse them; ``additive``: let them
            pass; ``observe``: let them pass, and note who sends them.
        networks: networks behind it, as it sees them.
        public: fixed addresses that it has outside; behind a 1:1 translation not those that others know.
        management: openings for whoever administers it; never empty.
        openings: openings from ``faxnet_permits``.
        forward_permits: what a router carries besides, from ``faxnet_forward_permits``.
        output: what the device itself starts and has to do more for than to let it out: remember it while it is idle,
            watch it with a helper, or, where the device keeps no state, let the answers in.
        clamp_mss: what a router writes into the TCP connections that pass it; None leaves them as they are.
        profiles: the kinds of networks in which the rules are in force, where the platform tells them apart.
    """

    forwarding: bool
    outbound: str
    reverse_path: str
    stance: str
    networks: tuple[Prefix, ...]
    public: tuple[Address, ...]
    management: tuple[Opening, ...]
    openings: tuple[Opening, ...]
    input: Permits
    forward: Permits
    output: Permits
    destination_nat: DestinationNats
    source_nat: tuple[SourceNat, ...]
    clamp_mss: MssClamp | None = None
    forward_permits: tuple[ForwardPermit, ...] = ()
    profiles: tuple[str, ...] = USUAL_PROFILES


def is_everybody(end: End) -> bool:
    """Whether an end is all addresses of its IP version."""
    return isinstance(end, Prefix) and end.length == 0


def holds(end: End, address: Address) -> bool:
    """Whether an address is that end, or lies in it."""
    return end.holds(address) if isinstance(end, Prefix) else end == address
