# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of clients that dial their server's public address although they stand behind it: a hairpin (RFC 4787, 6).

The router that wears the address turns the packets back in, and translates their source to an address of its own. Were
that left as it is, a server in the client's network would answer directly, from an address that the client never asked.
What the server starts goes the same way back: it calls whom it saw, the router, which forwards the client's ports.
"""

from __future__ import annotations

from ..basics.addresses import Address, is_unrouted
from ..inventory.intent import Host, Intent
from ..inventory.site import Gateway, PublicAddress, Site
from .obstacles import changing, unnamed
from .route import Hop, NoRoute, Route, Turn, route_through
from .routes import Routes

#: The code of a public address that a client cannot dial.
UNDIALLED = "FXN411"

#: To the server and back; for either, why there is no route.
BothWays = tuple[Route | NoRoute, Route | NoRoute]


class Hairpins:
    """Finds these ways in one intent; remembers them, for thousands of clients share one."""

    def __init__(self, intent: Intent, routes: Routes) -> None:
        self._hosts = intent.hosts
        self._sites = intent.sites
        self._routes = routes
        self._gateways = {gateway.host for site in intent.sites.values() for gateway in site.gateways}
        self._known: dict[tuple[object, ...], BothWays | None] = {}

    def of(self, client: Host, server: Host, version: int) -> BothWays | None:
        """Return the routes to the server and back for a client that dials the public address.

        None where the usual ways are the same: nobody translates the server's address, or the client stands outside.
        """
        # Of machines that are no routers, all of a site have the same ways.
        named = (host.name if host.name in self._gateways else "" for host in (client, server))
        key = (client.site, server.site, *named, version, _is_hidden(server, version))
        if key not in self._known:
            self._known[key] = self._ways(client, server, version)
        return self._known[key]

    def _ways(self, client: Host, server: Host, version: int) -> BothWays | None:
        start, end = self._sites[client.site], self._sites[server.site]
        since = _place(end, server.name)
        turning = next((item for item in reversed(end.gateways[max(since, 0) :]) if item.public_of(version)), None)
        if turning is None:
            hidden = _is_hidden(server, version)
            return _undialled(end, "nobody translates one for it") if hidden else None
        public = turning.public_of(version)
        at = _place(start, turning.host)
        if at < 0 or public is None:
            return self._from_elsewhere(client, server, version)
        reason = _why_not(start, end, client, server, turning, public)
        if reason:
            return _undialled(end, reason)
        if since >= 0 and end.gateways[since] is turning:
            return self._to_the_router(start, end, client, server, public, at)
        return self._turned(start, end, server, turning, public, version)

    def _from_elsewhere(self, client: Host, server: Host, version: int) -> BothWays | None:
        """The ways of a client in another site, which may reach the server without translation."""
        start, end = self._sites[client.site], self._sites[server.site]
        if start.met_in(version) != end.met_in(version):
            return None
        there = self._routes.over_the_internet(client.name, server.name, version)
        near = start.realm_of(version) == end.realm_of(version)  # and no VPN between them maps addresses
        if near and isinstance(there, Route) and there.worn is None and there.start_own is None:
            # Nobody translates the client: the server sees its own address, and calls that as any other of the realm.
            return there, self._routes.route(server.name, client.name, version)
        return there, self._routes.over_the_internet(server.name, client.name, version)

    def _to_the_router(
        self, start: Site, end: Site, client: Host, server: Host, public: PublicAddress, at: int
    ) -> BothWays:
        """The ways to a server that wears the address itself: nothing has to turn, and it sees who calls it."""
        if public.own != public.address:
            return _undialled(end, f"{server.name} does not have it, but the device before it")
        hops = _hops(start.gateways[:at], public.version)
        problem = unnamed(start, hops, None)
        if problem is not None:
            return problem, problem
        back = self._routes.route(server.name, client.name, public.version)
        return route_through(hops, (), None, public), back

    def _turned(
        self, start: Site, end: Site, server: Host, turning: Gateway, public: PublicAddress, version: int
    ) -> BothWays:
        """The ways through a router that turns them."""
        router = self._hosts.get(turning.host)
        own = router.address_of(version) if router is not None else None
        if router is None or own is None or public.address is None:
            return _undialled(end, f"{turning.host}, which wears it, has no address of its own for inside")
        since = _place(end, server.name)
        ours = self._outward(start, start.gateways[: _place(start, turning.host)], public.address)
        theirs = _hops(end.gateways[since + 1 : _place(end, turning.host)], version)
        shown = end.gateways[since].public_of(version) if since >= 0 else None
        to_server, to_client = Turn(turning.host, public.address, own), Turn(turning.host, own, own)
        # What the server calls is in the realm of its router: the routers between them may show it otherwise there.
        home = self._sites[router.site]
        if any(_is_near(end, item, home, version) for item in end.gateways[max(since, 0) : _place(end, turning.host)]):
            return _undialled(end, f"routers of one realm stand between it and {turning.host}")
        there = changing(end, theirs, shown) or unnamed(start, ours, None)
        back = changing(start, ours, None) or unnamed(end, theirs, shown)
        return (
            there or route_through(ours, theirs, own=shown, turn=to_server),
            back or route_through(theirs, ours, shown, turn=to_client),
        )

    def _outward(self, start: Site, gateways: tuple[Gateway, ...], dialled: Address) -> list[Hop]:
        """Gateways as packets meet them that go out to an address.

        A router leaves what goes into its own realm as it is, and so to a public address that lies in a network of it.
        """
        version = dialled.version
        realms = (_level(start, gateway).met_in(version) for gateway in gateways)
        return [
            Hop(hop.device, None) if self._routes.realms.site_of(realm, dialled) is not None else hop
            for realm, hop in zip(realms, _hops(gateways, version), strict=True)
        ]


def _why_not(start: Site, end: Site, client: Host, server: Host, turning: Gateway, public: PublicAddress) -> str:
    """Why no client behind it can dial a public address; empty where it can."""
    if client.name == turning.host:
        return f"{client.name} has it itself"
    for router, row in ((client, (*start.gateways, *end.gateways)), (server, start.gateways)):
        if router.name != turning.host and any(item.host == router.name for item in row):
            return f"{router.name} is itself a router between the two"
    return "" if public.address is not None else "it changes, and nobody knows it"


def _undialled(site: Site, reason: str) -> tuple[NoRoute, NoRoute]:
    """The same for both ways."""
    problem = NoRoute(site.name, reason, "dials", "", UNDIALLED)
    return problem, problem


def _is_hidden(host: Host, version: int) -> bool:
    """Whether a host's own address leads nobody to it from the Internet."""
    own = host.address_of(version)
    return own is None or is_unrouted(own)


def _place(site: Site, host: str) -> int:
    """A host's place in the row of a site's gateways; -1 inside."""
    return next((index for index, gateway in enumerate(site.gateways) if gateway.host == host), -1)


def _is_near(site: Site, gateway: Gateway, home: Site, version: int) -> bool:
    """Whether a router on the way out of a site leaves packets to a router that is at home further out as they are."""
    level = _level(site, gateway)
    near = level.name != home.name and level.realm_of(version) == home.realm_of(version)
    return near and gateway.public_of(version) is not None


def _level(site: Site, gateway: Gateway) -> Site:
    """The site, of those that one is nested in or itself, whose own router a gateway is."""
    return next(item for item in site.levels if gateway in item.own_gateways)


def _hops(gateways: tuple[Gateway, ...], version: int) -> list[Hop]:
    """Gateways as packets meet them that wear the public addresses."""
    return [Hop(gateway.host, gateway.public_of(version)) for gateway in gateways]
