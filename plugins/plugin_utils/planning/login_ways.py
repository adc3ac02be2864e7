# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of Ansible's logins: through which routers one goes, and what it wears at each of them and at its end.

A login comes from a host of the plan, from a machine in one of its sites' networks, or from outside of them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, is_unrouted
from ..basics.mapped_networks import Mapped, shown_as
from ..basics.vaulted import NOT_SHOWN
from ..inventory.intent import Host, Intent, Jump, Origin
from ..inventory.site import Gateway
from ..platforms.registry import PLATFORMS
from .management import plain
from .route import NoRoute, Route
from .routes import Routes


class Start(NamedTuple):
    """Where a login comes from: the jump host before it, or the controller (no jump)."""

    origin: Origin
    jump: Jump | None

    @property
    def name(self) -> str:
        """A host's name, or the text of an address or network."""
        return self.origin.host or (plain(self.origin.prefix).text if self.origin.prefix else "")

    @property
    def shown(self) -> str:
        """Its name in findings."""
        return NOT_SHOWN if self.origin.hidden else self.name

    @property
    def words(self) -> str:
        """How findings call it."""
        return f"the controller {self.shown}" if self.jump is None else f"the jump host {self.shown}"

    @property
    def variable(self) -> str:
        """The variable that names it."""
        return "faxnet_controller" if self.jump is None else self.jump.variable

    @property
    def correction(self) -> str:
        """What cures a login that is not known to come from there."""
        said = "say with faxnet_controller where logins come from"
        return said if self.jump is None else f"correct {self.jump.variable}"


class Login(NamedTuple):
    """Logins that have a way in common.

    Attributes:
        router: the gateway that is logged in to; empty for hosts inside the site.
        network: the network of the site in which the addresses are; None where they are in none.
        public: whether the router is logged in to at the address that it wears.
        named: whether it is by a name: then it is whichever address leads there.
        both: whether the hosts have addresses of both IP versions.
        nested: the router of a nested site that is logged in to where it stands: what is nested behind it meets it
            otherwise than the hosts beside it. Empty for all others.
    """

    start: Start
    site: str
    router: str
    port: int
    version: int
    network: Prefix | None
    public: bool
    named: bool
    both: bool
    nested: str = ""


class Step(NamedTuple):
    """A router on the way, and what packets come from there."""

    router: str
    source: End
    direction: str


class Way(NamedTuple):
    """A way that leads there.

    Attributes:
        steps: the routers.
        arrivals: what packets arrive from; several where a router's address changes in several networks.
        shown: what they are sent to where that is not what the host is known by.
        enters: the networks that the host's are mapped to on the way, as routers of the other site know it.
    """

    steps: tuple[Step, ...]
    arrivals: tuple[End, ...]
    shown: Address | None = None
    enters: tuple[Mapped, ...] = ()


def public_addresses(intent: Intent) -> Mapping[Address, str]:
    """The routers by the addresses that they wear."""
    gateways = (gateway for site in intent.sites.values() for gateway in site.gateways)
    return {address: gateway.host for gateway in gateways for address in gateway.fixed}


def is_ours(intent: Intent, name: str) -> bool:
    """Whether Ansible puts a device's rules into force, so that nothing passes there but what the plan says."""
    host = intent.hosts.get(name)
    platform = PLATFORMS.get(host.platform) if host is not None else None
    return platform is not None and platform.traits.applied_by == "ansible"


class Ways:
    """Finds the ways of logins in one intent.

    Args:
        origins: where logins come from; those in networks of sites are found there as if they were hosts.
    """

    def __init__(self, intent: Intent, origins: Iterable[Origin]) -> None:
        self._intent = intent
        self._public = public_addresses(intent)
        self._hosts = {**intent.hosts, **_placed(origins)}
        self._routes = Routes(replace(intent, hosts=self._hosts))

    def way(self, login: Login, target: Host, reached: Address) -> Way | str | None:
        """Return a way, or the routers that translate on it if no login gets through, or None if the plan knows none.

        Such routers stand from outside in with commas between, as ssh takes jump hosts.
        """
        origin = login.start.origin
        name = origin.host or (_placed_name(origin) if origin.site else "")
        return self._from_host(login, name, target, reached) if name else self._from_outside(login)

    def _from_host(self, login: Login, name: str, target: Host, reached: Address) -> Way | str | None:
        """The way of a host, or of a machine in a network of a site."""
        origin, version, start = login.start.origin, login.version, self._hosts[name]
        own = start.address_of(version)
        if own is None:
            return None
        worn: End = plain(origin.prefix) if origin.prefix is not None else own
        apart = self._intent.sites[start.site].common(self._intent.sites[target.site]) is None
        if login.public and apart:
            return self._to_public(login, name, worn, reached)
        route = self._routes.route(name, target.name, version)
        if isinstance(route, NoRoute):
            return self._from_further_out(login, name, worn)
        hiding = [item.device for item in route.crossings if item.translates_from is not None]
        if hiding:
            return self._if_ours(hiding)
        if route.own_public is None or login.named or login.public:
            return _along(route, worn)
        # A router's own address, of which only its neighbours know the way.
        return _along(route, worn)._replace(shown=None) if start.site == target.site else None

    def _from_further_out(self, login: Login, name: str, own: End) -> Way | str | None:
        """The way of a router to what is further inside, behind one whose public address changes: to its own."""
        gateways = self._intent.sites[login.site].gateways
        row = [gateway.host for gateway in gateways]
        if name not in row or login.router not in ("", *row):
            return None
        innermost = row.index(login.router) + 1 if login.router else 0
        if row.index(name) < innermost:
            return None
        between = gateways[innermost : row.index(name)][::-1]
        hiding = [gateway.host for gateway in between if gateway.public_of(login.version) is not None]
        if hiding:
            return self._if_ours(hiding)
        return Way(tuple(Step(gateway.host, own, "in") for gateway in between), (own,))

    def _to_public(self, login: Login, name: str, own: End, address: Address) -> Way:
        """The way to a router at its public address, from another site: that is outside, whatever the realm."""
        out = _along(self._routes.to_address(name, address).route, own)
        further = tuple(reversed(self._beyond(login)))
        beyond = (Step(gateway.host, arrival, "in") for arrival in out.arrivals for gateway in further)
        return Way((*out.steps, *beyond), out.arrivals)

    def _from_outside(self, login: Login) -> Way | str | None:
        """The way of a machine that is in no site: over the Internet, or over a network that the plan does not know."""
        prefix = login.start.origin.prefix
        if prefix is None or prefix.version != login.version:
            return None
        source, beyond = plain(prefix), self._beyond(login)
        way = Way(tuple(Step(gateway.host, source, "in") for gateway in reversed(beyond)), (source,))
        if is_unrouted(Address(prefix.version, prefix.first)):
            return way
        hiding = [gateway.host for gateway in reversed(beyond) if gateway.public_of(login.version) is not None]
        if hiding:
            return self._if_ours(hiding) or way
        worn = next((address for address, name in self._public.items() if self._is(name, address, login)), None)
        if worn is None or login.public:
            return way
        return way._replace(shown=worn) if login.named else None

    @staticmethod
    def _is(name: str, address: Address, login: Login) -> bool:
        """Whether a public address is that of the router that is logged in to."""
        return name == login.router and address.version == login.version

    def _beyond(self, login: Login) -> list[Gateway]:
        """The routers beyond the one that is logged in to, or all of the site, inside first."""
        gateways = self._intent.sites[login.site].gateways
        places = [place for place, gateway in enumerate(gateways, 1) if gateway.host == login.router]
        return list(gateways[places[0] :] if places else gateways)

    def _if_ours(self, routers: list[str]) -> str | None:
        """Routers that translate, as jump hosts; None if none has its rules from the plan: they may forward logins."""
        return ",".join(routers) if any(is_ours(self._intent, name) for name in routers) else None


def _along(route: Route, own: End) -> Way:
    """A planner's route as a way."""
    steps: dict[Step, None] = {}
    arrivals: dict[End, None] = {}
    for each in (route, *route.also):
        worn = each.start_own or own
        arrival = each.worn or shown_as(worn, each.leaves)
        for item in each.crossings:
            source = item.source or (worn if item.direction == "out" or item.becomes is not None else arrival)
            steps[Step(item.device, source, item.direction)] = None
        arrivals[arrival] = None
    return Way(tuple(steps), tuple(arrivals), route.own_public, route.enters)


def _placed_name(origin: Origin) -> str:
    """A name that no host has."""
    return f"{origin.prefix.text if origin.prefix else ''} in {origin.site}"


def _placed(origins: Iterable[Origin]) -> dict[str, Host]:
    """Machines in networks of sites that are no hosts of the plan, as if they were."""
    found = {}
    for origin in origins:
        if origin.prefix is not None and origin.site:
            name, first = _placed_name(origin), Address(origin.prefix.version, origin.prefix.first)
            found[name] = Host(name, origin.site, (first,), None, "", "any", "strict", (), ())
    return found
