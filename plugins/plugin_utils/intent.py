# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intent: what the administrator meant, read from inventory variables and checked.

The words of the inventory are documented in docs/guides/inventory.md and in the argument specs of the role ``plan``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .addresses import Address, Prefix
from .catalog import Catalog, System
from .ports import PortRange

#: Realm of every site that wears its own addresses outside.
INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A router between a site and the outside.

    Attributes:
        host: inventory name of the router.
        public: addresses that the site wears beyond this router, at most one of each IP version; an IP version without
            one passes untranslated.
    """

    host: str
    public: tuple[Address, ...]

    def public_of(self, version: int) -> Address | None:
        """The public address of an IP version, or None where this gateway does not translate it."""
        for address in self.public:
            if address.version == version:
                return address
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """Networks behind a chain of gateways (inside out; usually one).

    Attributes:
        realm: name that the inventory gives; None means the default of :meth:`realm_of`.
    """

    name: str
    networks: tuple[Prefix, ...]
    gateways: tuple[Gateway, ...]
    realm: str | None

    def translates(self, version: int) -> bool:
        """Whether packets of an IP version leave this site under a public address."""
        return any(gateway.public_of(version) is not None for gateway in self.gateways)

    def realm_of(self, version: int) -> str:
        """The realm of an IP version: sites in one realm route to each other without translation."""
        if self.realm is not None:
            return self.realm
        return f"site {self.name}" if self.translates(version) else INTERNET


@dataclass(frozen=True, slots=True)
class Opening:
    """Inbound traffic that a host takes apart from any fax flow: management, or another service of that host."""

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A host that takes part: it offers, uses, routes, or is only guarded."""

    name: str
    site: str
    addresses: tuple[Address, ...]
    system: str | None
    platform: str
    outbound: str
    management: tuple[Opening, ...]
    extras: tuple[Opening, ...]

    def address_of(self, version: int) -> Address | None:
        """The host's own address of an IP version."""
        for address in self.addresses:
            if address.version == version:
                return address
        return None


@dataclass(frozen=True, slots=True)
class Offer:
    """A host offers a service.

    Attributes:
        settings: the profile's settings with this server's values (``primary_port``).
        pool: call-back ports that this server's network opens; None means the profile's pool.
        index: position in ``faxnet_offers``, for findings.
    """

    host: str
    service: str
    settings: Mapping[str, int]
    pool: PortRange | None
    enabled: bool
    index: int


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """What a use says of its call-back ports; None leaves it to the plan."""

    mode: str
    port: int | None
    low: int | None
    high: int | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Use:
    """A host uses a service of a named server.

    Attributes:
        off: names of exchanges that are switched off.
        index: position in ``faxnet_uses``, for findings.
    """

    host: str
    service: str
    server: str
    environment: str
    instances: int
    callback: CallbackWish
    enabled: bool
    off: frozenset[str]
    index: int


@dataclass(frozen=True, slots=True)
class Intent:
    """All of it. Mappings are in inventory-independent order: sorted by name."""

    catalog: Catalog
    sites: Mapping[str, Site]
    hosts: Mapping[str, Host]
    #: by host and service
    offers: Mapping[tuple[str, str], Offer]
    uses: tuple[Use, ...]

    def offer_of(self, use: Use) -> Offer:
        """The offer that a use means; reading made sure that there is one."""
        return self.offers[(use.server, use.service)]

    def system_of(self, host: str, service: str) -> System:
        """The operating system of a client host: its own word, else what the product's clients run on."""
        name = self.hosts[host].system or self.catalog.profiles[service].client_system
        return self.catalog.systems[name]
