# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One route: the devices on it, and the addresses that packets wear at each of them.

A packet leaves its site through the site's gateways, inside first; where one of them has a public address, the packet's
source becomes that address. It enters the other site through that site's gateways, outermost first; where one of them
has a public address, the packet was sent to that address and its destination becomes the next one inside.

Where a device beyond a gateway translates one to one, the gateway itself has another address than others know: packets
reach it under that one, and become the public one when they have left it. A public address that changes is one of some
networks to whoever gets packets from it, and nothing that packets could be sent to.

A route may turn (hairpins.py): packets go outward to a router and back in through it. It translates their destination,
and their source as well: to its own address, else the answers would not come back through it.

Between two sites whose networks a VPN maps one to one, the sender's address becomes the one that it is mapped to, and
the address that was dialled the receiver's own: beyond all routers of the one and before all of the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix
from ..basics.mapped_networks import Mapped, shown_as
from ..basics.named_tuples import made
from ..inventory.site import PublicAddress

#: The code of what cannot be sent because a public address changes.
CHANGING = "FXN154"

#: The Internet at large, by IP version.
ANYWHERE = {4: Prefix(4, 0, 2**32 - 1, 0), 6: Prefix(6, 0, 2**128 - 1, 0)}


class Crossing(NamedTuple):
    """One device on a route, and what packets wear in its forward hook; None for the end's own.

    Attributes:
        device: the router's name.
        source: after destination translation, before source translation.
        destination: after destination translation.
        translates_from: the address that this device translates to *destination*, as it reaches it, or None.
        direction: ``out`` where the packet leaves the device's site here, ``in`` where it enters.
        becomes: what the source becomes where the packet turns here; None where it stays, or leaves outward.
    """

    device: str
    source: End | None
    destination: Address | None
    translates_from: Address | None
    direction: str
    becomes: Address | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The way between two hosts, for one IP version, which thousands of hosts of two sites share.

    Attributes:
        crossings: the devices on the way, in order.
        devices: their names.
        dialled: the address that the source sends to; None where it is the destination's own.
        worn: the address that packets arrive from; None where it is the source's own.
        met_at: the public addresses that packets are sent to, one router after the other.
        start_own: what packets set out with where the source is itself a translating gateway.
        own_public: the destination's own public address where the destination is itself a translating gateway.
        reached_as: that address as it reaches the destination.
        forwards: whether a router on the way translates the destination.
        also: the same way once more for each other network that a changing public address on it may be in.
        leaves: the networks that the source's are mapped to between the routers outward and those inward.
        enters: the same of the destination's.
    """

    crossings: tuple[Crossing, ...]
    devices: tuple[str, ...]
    dialled: Address | None
    worn: End | None
    met_at: tuple[Address, ...]
    start_own: End | None
    own_public: Address | None
    reached_as: Address | None
    forwards: bool
    also: tuple[Route, ...] = ()
    leaves: tuple[Mapped, ...] = ()
    enters: tuple[Mapped, ...] = ()

    def mapped(self, leaves: tuple[Mapped, ...], enters: tuple[Mapped, ...]) -> Route:
        """The same way through a VPN that maps networks."""
        also = tuple([other.mapped(leaves, enters) for other in self.also])
        return replace(self, also=also, leaves=leaves, enters=enters)


class Hop(NamedTuple):
    """A gateway, and what packets wear beyond it; None where it does not translate on this route."""

    device: str
    public: PublicAddress | None


class Turn(NamedTuple):
    """A router at which packets from inside turn back in.

    Attributes:
        dialled: the address that they are sent to, as it comes to the router.
        worn: the router's own address, which they wear from there on.
    """

    device: str
    dialled: Address
    worn: Address


class _Shown(NamedTuple):
    """What packets wear beyond a translating gateway, and what its own packets set out with."""

    worn: End
    own: End


#: Where nothing is translated.
_UNCHANGED: tuple[_Shown | None, ...] = (None,)


def _shown(public: PublicAddress | None) -> Sequence[_Shown | None]:
    """What packets may wear beyond a gateway: one address, or one of several networks."""
    if public is None:
        return _UNCHANGED
    if public.address is not None:
        return (made(_Shown, (public.address, public.own or public.address)),)
    return [_Shown(network, public.own or network) for network in public.networks or (ANYWHERE[public.version],)]


def route_through(
    outward: Sequence[Hop],
    inward: Sequence[Hop],
    start: PublicAddress | None = None,
    own: PublicAddress | None = None,
    turn: Turn | None = None,
) -> Route:
    """Return the route through gateways outward, inside first, and then inward, outermost last.

    Args:
        start: what the source wears outside where it is itself a translating gateway.
        own: the same of the destination.
        turn: the router between the two rows where packets turn in it.
    """
    choices = itertools.product(_shown(start), *[_shown(hop.public) for hop in outward])
    first, *others = [_one_route(outward, inward, shown, own, turn) for shown in choices]
    return replace(first, also=tuple(others)) if others else first


def _one_route(
    outward: Sequence[Hop],
    inward: Sequence[Hop],
    shown: Sequence[_Shown | None],
    own: PublicAddress | None,
    turn: Turn | None,
) -> Route:
    """The same for one choice of what the source and each gateway outward show."""
    # Built from the far end: each translating gateway is met at its public address and hands over to the next.
    own_public = own.address if own is not None else None
    inner = own_public if own is not None and own.own != own_public else None
    met_at = [own_public] if own_public is not None else []
    entered: list[tuple[str, Address | None, Address | None]] = []
    forwards = False
    for device, public in inward:
        if public is None:
            entered.append((device, inner, None))
            continue
        entered.append((device, inner, public.own))
        forwards = forwards or public.own is not None
        if public.address is not None:
            inner = public.address
            met_at.append(inner)
    crossings = []
    start = shown[0]
    dialled = turn.dialled if turn is not None else inner
    worn = start.worn if start is not None and start.own != start.worn else None
    for hop, beyond in zip(outward, shown[1:], strict=True):
        crossings.append(made(Crossing, (hop.device, worn, dialled, None, "out", None)))
        worn = beyond.worn if beyond is not None else worn
    if turn is not None:
        crossings.append(Crossing(turn.device, worn, inner, turn.dialled, "in", turn.worn))
        worn, forwards = turn.worn, True
        met_at.append(turn.dialled)
    for device, inside, translates_from in reversed(entered):
        crossings.append(made(Crossing, (device, worn, inside, translates_from, "in", None)))
    return Route(
        tuple(crossings),
        tuple([crossing.device for crossing in crossings]),
        dialled,
        worn,
        tuple(reversed(met_at)),
        start.own if start is not None else None,
        own_public,
        own.own if own is not None else None,
        forwards,
    )


#: Between neighbours of one network, or without any router.
STRAIGHT = route_through((), ())


@dataclass(frozen=True, slots=True)
class NoRoute:
    """Why packets cannot get there: the site at fault, a sentence, the variable to change, and what to set it to.

    Attributes:
        code: of the finding; empty where whoever notes it knows better.
        value: what the variable holds.
        answers: whether what only answers gets there all the same.
        anyway: the route where whole networks may be let in, of which nobody has said so; None where there is none.
    """

    site: str
    reason: str
    variable: str
    cure: str
    code: str = ""
    value: str = "not set"
    answers: bool = False
    anyway: Route | None = None


class Path(NamedTuple):
    """A flow's whole way for one IP version.

    A NamedTuple, like Flow: a plan has a hundred thousand, and a frozen dataclass costs thrice as much.

    Attributes:
        leaves_as: the source's own address.
        dial: destination address as the source sees it.
        arrives_from: source address as the destination sees it.
        arrives_at: destination address as the destination sees it.
        route: the routers in between.
        also: the same way with other addresses, where a router on it wears a changing one of several networks.

    An end that is the Internet at large is the network of all addresses; one whose public address changes is the
    network that it is in.
    """

    leaves_as: End
    dial: End
    arrives_from: End
    arrives_at: End
    route: Route
    also: tuple[Path, ...] = ()

    @classmethod
    def along(cls, route: Route, source: End, destination: End) -> Path:
        """Return the way of packets between two ends on a route; what an end wears outside goes before its own."""
        leaves_as, arrives_at = route.start_own or source, route.reached_as or destination
        dial, arrives_from = route.dialled or arrives_at, route.worn or leaves_as
        if route.leaves or route.enters:
            dial = route.dialled or shown_as(arrives_at, route.enters)
            arrives_from = route.worn or shown_as(leaves_as, route.leaves)
        also = tuple([cls.along(other, source, destination) for other in route.also]) if route.also else ()
        return made(cls, (leaves_as, dial, arrives_from, arrives_at, route, also))

    def answering(self) -> Path:
        """The way of what comes back through the mappings that packets of this path leave behind."""
        devices = self.route.devices[::-1]
        route = replace(STRAIGHT, devices=devices)
        also = tuple(other.answering() for other in self.also)
        return Path(self.arrives_at, self.arrives_from, self.dial, self.leaves_as, route, also)
