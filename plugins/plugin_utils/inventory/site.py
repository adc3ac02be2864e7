# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site: networks, the routers between them and the outside, what they wear there, and what it is nested in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..basics.addresses import Address, Prefix
from ..basics.mapped_networks import Mapped

#: Realm of every site that wears its own addresses outside.
INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """What packets of an IP version wear beyond a gateway that translates them.

    Attributes:
        address: that address; None where it changes (``dynamic``) and nobody outside knows it.
        own: what the router itself has there: *address*, another one where a device beyond it translates one to one,
            None where that changes too.
        networks: where a changing address always lies, by the administrator's word; empty where nobody says.
        unsaid: whether it only follows from what the site's clients use.
    """

    version: int
    address: Address | None
    own: Address | None
    networks: tuple[Prefix, ...] = ()
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class Gateway:
    """A router between a site and the outside.

    Attributes:
        host: inventory name of the router.
        public: what the site wears beyond this router, at most one of each IP version; an IP version without one passes
            untranslated.
    """

    host: str
    public: tuple[PublicAddress, ...]

    @property
    def fixed(self) -> tuple[Address, ...]:
        """The public addresses that stay what they are: those by which others can mean this router."""
        return tuple([public.address for public in self.public if public.address is not None])

    def public_of(self, version: int) -> PublicAddress | None:
        """What an IP version wears beyond; None where this gateway does not translate it."""
        for public in self.public:
            if public.version == version:
                return public
        return None


@dataclass(frozen=True)
class Site:
    """Networks behind a chain of gateways (inside out; usually one).

    Attributes:
        gateways: all that stand between the site and the outside; of a site that is nested in another one (nesting.py),
            its own routers and then those of the other.
        realm: name that the inventory gives; None means the default of :meth:`realm_of`.
        outer: the site in whose network its own routers stand; None where they stand outside of all sites.
        mapped: those of its networks that a box beyond its outermost router maps one to one, towards the other sites of
            its realm.
    """

    name: str
    networks: tuple[Prefix, ...]
    gateways: tuple[Gateway, ...]
    realm: str | None
    outer: Site | None = None
    mapped: tuple[Mapped, ...] = ()

    @cached_property
    def own_gateways(self) -> tuple[Gateway, ...]:
        """Its own routers: those between it and the outer site, or the outside."""
        return self.gateways if self.outer is None else self.gateways[: -len(self.outer.gateways) or None]

    @cached_property
    def levels(self) -> tuple[Site, ...]:
        """The site, the one that it is nested in, and so on outward."""
        return (self,) if self.outer is None else (self, *self.outer.levels)

    def common(self, other: Site) -> Site | None:
        """The innermost site that both are nested in, or are; None where they meet outside of all sites."""
        around = {level.name for level in other.levels}
        return next((level for level in self.levels if level.name in around), None)

    def below(self, level: Site | None) -> tuple[Gateway, ...]:
        """The gateways between the site and one that it is nested in, inside first; None: and the outside of all."""
        return self.gateways if level is None else self.gateways[: len(self.gateways) - len(level.gateways)]

    @cached_property
    def _realms(self) -> dict[int, str]:
        if self.realm is not None:
            return {4: f"site {self.name}" if self.mapped else self.realm, 6: self.realm}
        # Packets of an IP version may leave this site under a public address.
        translated = {item.version for gateway in self.own_gateways for item in gateway.public if not item.unsaid}
        return {version: f"site {self.name}" if version in translated else self._outside(version) for version in (4, 6)}

    def _outside(self, version: int) -> str:
        """The realm of what its own routers stand in."""
        return INTERNET if self.outer is None else self.outer.realm_of(version)

    def realm_of(self, version: int) -> str:
        """The realm of an IP version: sites in one realm route to each other without translation.

        One whose networks are mapped is a realm of its own, and its addresses mean nobody elsewhere.
        """
        return self._realms[version]

    def met_in(self, version: int) -> str:
        """The realm in which other sites meet it without the Internet: under its addresses, or what they are mapped to.

        Two sites meet so where this is the same of both.
        """
        return self.realm if self.mapped and self.realm is not None else self.realm_of(version)

    @cached_property
    def shown(self) -> tuple[Prefix, ...]:
        """Its networks as the other sites that it meets there know them, in the order of its own."""
        known = {item.own: item.shown for item in self.mapped}
        return tuple([known.get(network, network) for network in self.networks])

    def realm_beyond(self, gateway: Gateway, version: int) -> str:
        """The realm in which one of its own routers wears its public address."""
        return self._outside(version) if gateway is self.own_gateways[-1] else INTERNET

    def standing(self, version: int) -> Prefix | None:
        """The outer site's network in which its outermost router wears its address; None where nothing tells."""
        if self.outer is None:
            return None
        public = self.own_gateways[-1].public_of(version)
        if public is None:
            return None
        places = (public.address,) if public.address is not None else ()
        firsts = (*places, *(Address(version, network.first) for network in public.networks))
        return next((network for network in self.outer.networks for item in firsts if network.holds(item)), None)
