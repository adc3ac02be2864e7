# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways between a client and its server, where either may be several machines: a set of addresses and networks.

Each of the set has a way of its own; they are one path, for the flow is one. What a client starts is told apart by the
server's address, whoever of the set sends it. What is sent to the set needs an address that one machine has: nobody
can call back a network, and a router's public address leads to one machine.
"""

from __future__ import annotations

from ..basics.addresses import End, Prefix, prefix_of
from ..basics.mapped_networks import shown_as
from ..inventory.intent import Host
from .route import NoRoute, Path, Route
from .routes import Routes

#: The code of a client that nobody can call.
UNCALLED = "FXN402"
_UNREACHED = "FXN401"


def is_any(host: Host) -> bool:
    """Whether a name stands for any machine of some network, so that nobody knows whom to call."""
    return bool(host.members) and any(isinstance(end, Prefix) for end in host.members)


def way_there(
    routes: Routes, client: Host, server: Host, version: int, found: Route | NoRoute | None = None
) -> Path | NoRoute:
    """Return the way of what a client starts; both have addresses of that IP version.

    Where nobody says which networks its packets come from, there is none but :func:`way_from_anywhere`.

    Args:
        found: the route that the client takes where it is not the usual one.
    """
    path = _way(routes, client, server, version, found)
    if server.members and isinstance(path, Path) and path.route.forwards:
        cure = "give the machine that is to be reached there a host of its own, with its address"
        reason = f"{server.name} is several machines, and the public address before it leads to one"
        return _none(server, reason, cure, _UNREACHED)
    return path


def way_from_anywhere(
    routes: Routes, client: Host, server: Host, version: int, found: Route | NoRoute | None = None
) -> Path | NoRoute:
    """Return the way of what a client starts that may come from any address, as far as anybody says."""
    return _way(routes, client, server, version, found, anyway=True)


def way_back(
    routes: Routes, server: Host, client: Host, version: int, found: Route | NoRoute | None = None
) -> Path | NoRoute:
    """Return the way of what a server starts towards a client."""
    if is_any(client):
        reason = f"{client.name} is any machine of a network"
    elif client.dns_names:
        reason = f"{client.name} is known by a DNS name, whose address may be another one tomorrow"
    else:
        path = _way(routes, server, client, version, found)
        if not client.members or isinstance(path, NoRoute) or not path.route.forwards:
            return path
        reason = f"{client.name} is several machines, and the public address before it leads to one"
    cure = "give each machine that is to be called a host of its own, with a fixed address"
    return _none(client, reason, cure, UNCALLED)


def with_some(path: Path, ends: tuple[End, ...], *, of_source: bool) -> Path | None:
    """Return a path for these of several machines alone, at its start or its end; None where it leads to none."""
    found: dict[Path, None] = {}
    for each in _apart(path):
        held = prefix_of(each.leaves_as if of_source else each.arrives_at)
        for end in ends:
            if held.contains(prefix_of(end)) and of_source:
                worn = shown_as(end, each.route.leaves) if each.route.worn is None else each.arrives_from
                found[each._replace(leaves_as=end, arrives_from=worn)] = None
            elif held.contains(prefix_of(end)):
                found[each._replace(dial=shown_as(end, each.route.enters), arrives_at=end)] = None
    if not found:
        return None
    first, *others = found
    return first._replace(also=tuple(others))


def _way(
    routes: Routes,
    source: Host,
    destination: Host,
    version: int,
    found: Route | NoRoute | None = None,
    *,
    anyway: bool = False,
) -> Path | NoRoute:
    here, there = source.address_of(version), destination.address_of(version)
    if not (source.members or destination.members) and here is not None and there is not None:
        route = found or routes.route(source.name, destination.name, version)
        return Path.along(route, here, there) if isinstance(route, Route) else _along(route, here, there, anyway)
    ways = [
        _along(found or routes.of_ends(source.name, destination.name, start, end), start, end, anyway)
        for start in source.ends_of(version)
        for end in destination.ends_of(version)
    ]
    problem = next((way for way in ways if isinstance(way, NoRoute)), None)
    if problem is not None:
        return problem
    first, *others = dict.fromkeys(path for way in ways if isinstance(way, Path) for path in _apart(way))
    return first._replace(also=tuple(others))


def _along(route: Route | NoRoute, here: End, there: End, anyway: bool) -> Path | NoRoute:
    if anyway and isinstance(route, NoRoute) and route.anyway is not None:
        route = route.anyway
    return route if isinstance(route, NoRoute) else Path.along(route, here, there)


def _apart(path: Path) -> tuple[Path, ...]:
    """A path and those that stand beside it, each by itself."""
    return (path._replace(also=()), *path.also)


def _none(host: Host, reason: str, cure: str, code: str) -> NoRoute:
    value = ", ".join(host.dns_names or [end.text for end in host.members])
    return NoRoute(host.site, reason, "faxnet_address", cure, code, value, answers=code == UNCALLED)
