# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a permit means: networks, and hosts, sites and groups by name, by the addresses that they wear where it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..basics.addresses import Prefix, collapse, network_of, prefix_of
from ..basics.findings import shown
from ..basics.mapped_networks import shown_as
from ..basics.names import near_words
from .peers import networks_in
from .reader import Reader
from .site import Site

KINDS = ("host", "site", "group")
_CURE = "write a network in CIDR notation, an address, or the name of a host, site or group"


class _UnknownError(ValueError):
    """A name that stands for no address; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a permit holds: in a site, and which of the site's routers it is, if it is one.

    Attributes:
        site: None where that is in error; then nothing by name can be told.
        router: inventory name; empty for a host inside the site.
    """

    site: Site | None
    router: str = ""


class PermitEnds:
    """Finds the addresses of names, each once for all hosts of a place.

    Args:
        variables: of every host of the inventory; also of those that take no part.
        groups: the members of every group, by its name.

    Attributes:
        sites: all sites, by name.
    """

    def __init__(
        self,
        variables: Mapping[str, Mapping[str, object]],
        sites: Mapping[str, Site],
        groups: Mapping[str, Sequence[str]],
    ) -> None:
        self._variables = variables
        self.sites = sites
        self._groups = groups
        self._known: dict[tuple[str, str, str, str], tuple[Prefix, ...] | _UnknownError] = {}

    @cached_property
    def _router_of(self) -> dict[str, str]:
        """The first site of each gateway; gathered when a permit first names a host, for few inventories have any."""
        found: dict[str, str] = {}
        for site in self.sites.values():
            for gateway in site.own_gateways:
                found.setdefault(gateway.host, site.name)
        return found

    def place_of(self, host: str) -> Place:
        """Where what a host says of others holds."""
        said, router_of = self._variables.get(host, {}).get("faxnet_site"), self._router_of.get(host, "")
        site = self.sites.get(said if isinstance(said, str) else router_of)
        return Place(site, host if router_of else "")

    def versions_of(self, host: str) -> frozenset[int]:
        """The IP versions of which a host has an address."""
        return frozenset(network.version for network in _networks(self._variables.get(host, {})))

    def read(self, reader: Reader, value: object, variable: str, place: Place) -> tuple[Prefix, ...] | None:
        """Return the networks of a list of ends, or of one; None where it is empty or one of them is in error."""
        items = [value] if isinstance(value, str) else reader.items(value, variable)
        if not items and isinstance(value, (list, tuple)):
            reader.note("FXN103", variable, value, "is empty", "list networks or names, or omit it")
        found: list[Prefix] = []
        sound = bool(items)
        for index, item in enumerate(items):
            where = variable if isinstance(value, str) else f"{variable}[{index}]"
            held = self._read(reader, item, where, place)
            sound = sound and held is not None
            found += held or ()
        return tuple(dict.fromkeys(found)) if sound else None

    def _read(self, reader: Reader, item: object, where: str, place: Place) -> tuple[Prefix, ...] | None:
        kind, name = _named(item)
        if not name or not (kind or any(name in held for held in (self._variables, self.sites, self._groups))):
            if isinstance(item, str) and not _looks_like_a_network(item):
                near = near_words(item, (*self.sites, *self._groups, *self._variables))
                meant = f" (is {shown(near[0])} meant?)" if near else ""
                reader.note("FXN127", where, item, f"is no host, site or group{meant}", _CURE)
                return None
            prefix = reader.prefix(item, where)
            return None if prefix is None else (prefix,)
        if place.site is None:
            return ()
        key = (place.site.name, place.router, kind, name)
        if key not in self._known:
            try:
                self._known[key] = collapse(self._of(kind, name, place.site, place.router))
            except _UnknownError as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, _UnknownError):
            reader.note("FXN127", where, item, *map(str, known.args))
            return None
        return known

    def _of(self, kind: str, name: str, site: Site, router: str) -> Iterator[Prefix]:
        held = {"host": self._variables, "site": self.sites, "group": self._groups}
        kinds = [kind] if kind else [each for each in KINDS if name in held[each]]
        if len(kinds) > 1:
            words = " and ".join(kinds)
            raise _UnknownError(f"is the name of a {words}", f"write {' or '.join(f'{each}:{name}' for each in kinds)}")
        if name not in held[kinds[0]]:
            raise _UnknownError(f"names no {kinds[0]} of this inventory", _CURE)
        if kinds[0] == "site":
            yield from self._of_site(self.sites[name], site, router)
            return
        for host in [name] if kinds[0] == "host" else self._groups[name]:
            yield from self._of_host(host, site, router)

    def _of_site(self, named: Site, site: Site, router: str) -> Iterator[Prefix]:
        for network in named.networks:
            worn = _worn(named, "", network.version, site, router)
            yield from (_known_as(network, named, site),) if worn is None else worn

    def _of_host(self, name: str, site: Site, router: str) -> Iterator[Prefix]:
        own = self._variables.get(name, {})
        networks = _networks(own)
        if not networks:
            cure = f"set faxnet_address of {name}, or name networks instead"
            raise _UnknownError(f"stands for {name}, whose address the plan does not know", cure)
        said = own.get("faxnet_site")
        home = self.sites.get(said if isinstance(said, str) else self._router_of.get(name, ""))
        for network in networks:
            worn = _worn(home, name, network.version, site, router) if home is not None else None
            yield from (_known_as(network, home, site),) if worn is None else worn


def _named(item: object) -> tuple[str, str]:
    """The kind that an end says, if it says one, and its name."""
    if not isinstance(item, str):
        return "", ""
    kind, colon, name = item.strip().partition(":")
    return (kind, name) if colon and kind in KINDS else ("", item.strip())


def _looks_like_a_network(text: str) -> bool:
    return "/" in text or ":" in text or text.strip().replace(".", "").isdigit()


def _networks(own: Mapping[str, object]) -> list[Prefix]:
    return networks_in(own["faxnet_address"] if own.get("faxnet_address") is not None else own.get("ansible_host"))


def _worn(home: Site, name: str, version: int, site: Site, router: str) -> tuple[Prefix, ...] | None:
    """What packets of a host of *home* wear at a place where it is not its own address; None where it is.

    Args:
        name: the host, which may be one of its site's routers; empty for any inside.

    Raises:
        _UnknownError: that changes, and nobody says in which networks.
    """
    places = {gateway.host: index for index, gateway in enumerate(home.gateways)}
    since, until = places.get(name, 0), len(home.below(_meeting(home, site, version)))
    if any(level.name == site.name for level in home.levels):
        until = max(until, places.get(router, 0))
    worn = [gateway.public_of(version) for gateway in home.gateways[since:until]]
    public = next((public for public in reversed(worn) if public is not None), None)
    if public is None:
        return None
    if public.address is None and not public.networks:
        cure = f"list the networks that it is in as public_networks of site {home.name}, or name networks here"
        raise _UnknownError(f"stands for site {home.name}, whose public address changes", cure)
    return public.networks if public.address is None else (network_of(public.address),)


def _known_as(network: Prefix, home: Site | None, site: Site) -> Prefix:
    """What *site* knows addresses of *home* as, between which no router translates."""
    return network if home is None or home.name == site.name else prefix_of(shown_as(network, home.mapped))


def _meeting(home: Site, site: Site, version: int) -> Site | None:
    """The site in whose realm what *home* shows is seen at *site*: it, or one that it is nested in; None: outside."""
    for inner in site.levels:
        realm = inner.met_in(version)
        found = next((level for level in home.levels if level.met_in(version) == realm), None)
        if found is not None:
            return found
    return None
