# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intent: what the administrator meant, read from inventory variables and checked.

The words of the inventory are documented in docs/guides/inventory.md and in the argument specs of the role ``plan``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix
from ..basics.names import HostService
from ..basics.ports import PortRange, ReservedPorts
from ..basics.protocols import matches
from ..catalog.catalog import Catalog
from ..catalog.profile import Exchange, Profile, SettingValue, System
from .accepted_losses import AcceptedLoss
from .firewall_profiles import USUAL_PROFILES
from .site import Site

#: What becomes of packets that nothing names (``faxnet_stance``): refused; let pass; let pass, and senders noted.
EXCLUSIVE, ADDITIVE, OBSERVE = STANCES = ("exclusive", "additive", "observe")


#: What a use says of a client that knows its server by the public address alone, inside and outside (``dials``).
PUBLIC = "public"


class Opening(NamedTuple):
    """Inbound traffic that a host takes apart from any fax flow: management, or another service of that host.

    Attributes:
        transport: the protocol (basics/protocols.py): a transport, one without ports, or any of them.
        ports: empty for what has no ports, and for any protocol.
    """

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]

    def takes(self, transport: str, port: int) -> bool:
        """Whether it lets packets of a transport in to a port, from its sources."""
        if not matches(self.transport, transport):
            return False
        return not self.ports or any(ports.low <= port <= ports.high for ports in self.ports)


class MssClamp(NamedTuple):
    """What a router writes into the first packets of TCP connections so that their packets fit through it.

    Attributes:
        size: bytes of a segment at most; 0: what the way of the packet and of its answers holds.
        interfaces: those that such connections enter or leave by, ``ppp*`` for all that begin so; empty for all.
    """

    size: int = 0
    interfaces: tuple[str, ...] = ()


class ForwardPermit(NamedTuple):
    """What a router carries apart from any flow, by the addresses that its forward hook sees; one protocol, one way.

    Attributes:
        transport: the protocol, as in an opening.
        ports: destination ports; empty for what has no ports, and for any protocol.
        sources, destinations: empty for anybody.
        from_interfaces, to_interfaces: names, ``wg*`` for all that begin so; empty for any.
        translated: whether only packets pass whose destination was translated here, by whose rules ever.
    """

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]
    destinations: tuple[Prefix, ...]
    from_interfaces: tuple[str, ...]
    to_interfaces: tuple[str, ...]
    translated: bool

    def takes(self, transport: str, port: int, source: Address, destination: Address) -> bool:
        """Whether it carries a packet, whichever interfaces that passes and whoever translated it."""
        return (
            matches(self.transport, transport)
            and (not self.ports or any(ports.low <= port <= ports.high for ports in self.ports))
            and (not self.sources or any(network.holds(source) for network in self.sources))
            and (not self.destinations or any(network.holds(destination) for network in self.destinations))
        )


class Origin(NamedTuple):
    """A machine that logins come from: a host of the plan, or an address or network that no host of it has.

    Attributes:
        host: inventory name of a host of the plan; empty for any other machine.
        site: the site in which another machine is; empty where in none.
        prefix: the addresses of another machine; None for a host, and where nothing is known.
        hidden: whether its addresses came from a vault.
    """

    host: str = ""
    site: str = ""
    prefix: Prefix | None = None
    hidden: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the plan can tell anything of it."""
        return bool(self.host) or self.prefix is not None


class Jump(NamedTuple):
    """A jump host that logins to others go through.

    Attributes:
        address: the address at which it is logged in to itself; None where the way says a name.
        port: the port of that, if the way says so.
        variable: the variable that names it.
    """

    origin: Origin
    address: Address | None
    port: int | None
    variable: str


class Login(NamedTuple):
    """How Ansible logs in to a host over the network (ssh, winrm, psrp).

    Attributes:
        port: None where what is written is none.
        address: what it dials; None where that is a name.
        jumps: the jump hosts on the way, in order.
    """

    port: int | None
    address: Address | None
    jumps: tuple[Jump, ...] = ()


class Host(NamedTuple):
    """A host that takes part: it offers, uses, routes, or is only guarded.

    Attributes:
        login: how Ansible logs in to it; None where its connection is no login over the network.
        clamp_mss: what it writes into others' TCP connections if it is a router; None leaves them as they are.
        stance: one of `STANCES`.
        accepted_losses: what in use may stop; its apply step asks its variables, and the plan only tells of it.
        members: of several machines under one name, all addresses and networks; the first of *addresses* is dialled.
        reserved: ports that others than fax products hold on it.
        dns_names: by which its addresses were found when planning.
        firewall_profiles: the kinds of networks in which its rules are in force, where its platform tells them apart.
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
    login: Login | None = None
    clamp_mss: MssClamp | None = None
    stance: str = EXCLUSIVE
    forward_permits: tuple[ForwardPermit, ...] = ()
    accepted_losses: tuple[AcceptedLoss, ...] = ()
    members: tuple[End, ...] = ()
    reserved: tuple[ReservedPorts, ...] = ()
    dns_names: tuple[str, ...] = ()
    firewall_profiles: tuple[str, ...] = USUAL_PROFILES

    def address_of(self, version: int) -> Address | None:
        """The host's own address of an IP version."""
        for address in self.addresses:
            if address.version == version:
                return address
        return None

    @property
    def versions(self) -> tuple[int, ...]:
        """The IP versions of which it has addresses."""
        ends = self.members or self.addresses
        if len(ends) == 1:
            return (ends[0].version,)
        return tuple(dict.fromkeys([end.version for end in ends]))

    def ends_of(self, version: int) -> tuple[End, ...]:
        """All that the name stands for in an IP version."""
        return tuple([end for end in self.members or self.addresses if end.version == version])


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
        service: the service, of a named offer with its name (``netcfax-second``): flows, rules and results have it so.
        settings: the profile's settings with this server's values (``primary_port``); a setting that has no default and
            that no exchange in use needs is left out.
        pool: call-back ports that this server's network opens; None means the profile's pool.
        switches: which exchanges the server runs.
        public: whether others than clients of the inventory may use the exchanges that are meant for the Internet.
        sources: who of these may, by the addresses that they wear at the server; empty for the Internet at large.
        version: the product's version, of those that its profile tells apart; empty where it tells none.
        position: place in ``faxnet_offers``, for findings.
        addresses: those of the host's several machines that an exchange alone is with, by its name.
        product: the service of the catalogue.
        name: what tells it from the host's other offers of the product; empty for the one that needs none.
    """

    host: str
    service: str
    settings: Mapping[str, SettingValue]
    pool: PortRange | None
    enabled: bool
    switches: Switches
    public: bool
    sources: tuple[Prefix, ...]
    version: str
    position: int
    addresses: Mapping[str, tuple[End, ...]] = field(default_factory=dict)
    product: str = ""
    name: str = ""

    @property
    def key(self) -> HostService:
        """The server and the service that it offers."""
        return HostService(self.host, self.service)

    def runs(self, exchange: Exchange) -> bool | None:
        """Whether the server runs an exchange: True, False where it is switched off, None where it is not named."""
        default = exchange.default_of(self.version)
        if default is None:
            return None
        said = self.switches.say(exchange)
        return said if said is not None else (True if default and not self.switches.listed else None)


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
        service: as its offer has it, so of a named one with the name.
        client: the host and its product: one installed copy, of however many servers and offers. This and *offered* are
            kept, for planning asks for them nine times, and making them each time would take a twentieth of it.
        offered: the server and the service, by which its offer is found.
        switches: which exchanges of the server it uses.
        settings: this client's own values of settings, by name and sorted; they go before the offer's.
        dials: `PUBLIC` where the client dials the server's public address wherever it is; empty: what leads there.
        position: place in ``faxnet_uses``, for findings.
        offer: the name of its offer; empty for the one without.
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
    settings: tuple[tuple[str, SettingValue], ...]
    dials: str
    position: int
    offer: str = ""

    def seen(self, offer: Offer) -> Offer:
        """Its server's offer, with what is the client's own as this use says it."""
        return replace(offer, settings={**offer.settings, **dict(self.settings)}) if self.settings else offer

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
    """All of it. Mappings are in inventory-independent order: sorted by name.

    Attributes:
        controllers: where Ansible's logins come from: the machines that it runs on; empty where that is not known.
    """

    catalog: Catalog
    sites: Mapping[str, Site]
    hosts: Mapping[str, Host]
    offers: Mapping[HostService, Offer]
    uses: tuple[Use, ...]
    controllers: tuple[Origin, ...] = ()

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
