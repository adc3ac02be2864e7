# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intent: what the administrator meant, read from inventory variables and checked.

The words of the inventory are documented in docs/guides/inventory.md and in the argument specs of the role ``plan``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..basics.addresses import Address, Prefix
from ..basics.names import HostService
from ..basics.ports import PortRange
from ..catalog.catalog import Catalog
from ..catalog.profile import Exchange, Profile, SettingValue, System

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


@dataclass(frozen=True)
class Site:
    """Networks behind a chain of gateways (inside out; usually one).

    Attributes:
        realm: name that the inventory gives; None means the default of :meth:`realm_of`.
    """

    name: str
    networks: tuple[Prefix, ...]
    gateways: tuple[Gateway, ...]
    realm: str | None

    @cached_property
    def _realms(self) -> dict[int, str]:
        # Packets of an IP version may leave this site under a public address.
        translated = {address.version for gateway in self.gateways for address in gateway.public}
        own = {version: f"site {self.name}" if version in translated else INTERNET for version in (4, 6)}
        return own if self.realm is None else dict.fromkeys(own, self.realm)

    def realm_of(self, version: int) -> str:
        """The realm of an IP version: sites in one realm route to each other without translation."""
        return self._realms[version]


class Opening(NamedTuple):
    """Inbound traffic that a host takes apart from any fax flow: management, or another service of that host."""

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]


class Host(NamedTuple):
    """A host that takes part: it offers, uses, routes, or is only guarded.

    Attributes:
        logged_in: whether Ansible's connection to it is a login over the network (ssh, winrm, psrp).
        login: the address that Ansible logs in to, where it is none of the host's addresses.
    """

    name: str
    site: str
    addresses: tuple[Address, ...]
    system: str | None
    platform: str
    outbound: str
    reverse_path: str
    management: tuple[Opening, ...]
    openings: tuple[Opening, ...]
    logged_in: bool = True
    login: Address | None = None

    def address_of(self, version: int) -> Address | None:
        """The host's own address of an IP version."""
        for address in self.addresses:
            if address.version == version:
                return address
        return None


class Switches(NamedTuple):
    """What an offer or a use says of exchanges by name.

    Attributes:
        on: exchanges that are named.
        off: exchanges that are switched off: they keep their definition and get no rule.
        listed: whether *on* is all there is (``exchanges: [smtp, imap]``).
    """

    on: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    listed: bool = False

    def say(self, exchange: Exchange) -> bool | None:
        """What is said of an exchange, or None. An exchange that is part of another follows that one's switch."""
        name = exchange.part_of or exchange.name
        if name in self.off:
            return False
        return True if name in self.on else None


@dataclass(frozen=True, slots=True)
class Offer:
    """A host offers a service.

    Attributes:
        settings: the profile's settings with this server's values (``primary_port``); a setting that has no default and
            that no exchange in use needs is left out.
        pool: call-back ports that this server's network opens; None means the profile's pool.
        switches: which exchanges the server runs.
        public: whether the Internet at large may use the exchanges that are meant for it.
        position: place in ``faxnet_offers``, for findings.
    """

    host: str
    service: str
    settings: Mapping[str, SettingValue]
    pool: PortRange | None
    enabled: bool
    switches: Switches
    public: bool
    position: int

    @property
    def key(self) -> HostService:
        """The server and the service that it offers."""
        return HostService(self.host, self.service)

    def runs(self, exchange: Exchange) -> bool | None:
        """Whether the server runs an exchange: True, False where it is switched off, None where it is not named."""
        said = self.switches.say(exchange)
        return said if said is not None else (True if exchange.default and not self.switches.listed else None)


class CallbackRequest(NamedTuple):
    """What a use says of its call-back ports; None leaves it to the plan."""

    mode: str
    port: int | None
    low: int | None
    high: int | None
    size: int | None


class Use(NamedTuple):
    """A host uses a service of a named server.

    A NamedTuple, like Host: a large network has tens of thousands, and a frozen dataclass costs thrice as much.

    Attributes:
        client: the host and its service: one installed copy, of however many servers. This and *offered* are kept, for
            planning asks for them nine times, and making them each time would take a twentieth of it.
        offered: the server and the service, by which its offer is found.
        switches: which exchanges of the server it uses.
        position: place in ``faxnet_uses``, for findings.
    """

    host: str
    service: str
    server: str
    client: HostService
    offered: HostService
    environment: str
    instances: int
    callback: CallbackRequest
    enabled: bool
    switches: Switches
    position: int

    def takes(self, exchange: Exchange, offer: Offer) -> bool | None:
        """Whether it uses an exchange: True, False where either side switched it off, None where there is none.

        A use that says nothing takes what the server runs.
        """
        runs = offer.runs(exchange)
        if runs is None:
            return None
        said = self.switches.say(exchange)
        if said is None:
            return None if self.switches.listed else runs
        return said and runs


@dataclass(frozen=True, slots=True)
class Intent:
    """All of it. Mappings are in inventory-independent order: sorted by name."""

    catalog: Catalog
    sites: Mapping[str, Site]
    hosts: Mapping[str, Host]
    offers: Mapping[HostService, Offer]
    uses: tuple[Use, ...]

    @property
    def profiles(self) -> dict[str, Profile]:
        """The profiles of all services that are offered."""
        offered = sorted({key.service for key in self.offers})
        return {service: self.catalog.profiles[service] for service in offered}

    def offer_of(self, use: Use) -> Offer:
        """The offer that a use means; reading made sure that there is one."""
        return self.offers[use.offered]

    def system_of(self, host: str, service: str) -> System:
        """The operating system of a client host: its own word, else what the product's clients run on."""
        name = self.hosts[host].system or self.catalog.profiles[service].client_system
        return self.catalog.systems[name]
