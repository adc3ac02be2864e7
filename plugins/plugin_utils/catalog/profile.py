# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One product's network behaviour as data: a service profile with its exchanges.

Profiles are written in YAML (``products/*.yml``, or a user's ``faxnet_services``) and read by read_profile.py. What
each key means to the people who write profiles is told in docs/guides/catalog.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..basics.addresses import Address
from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange, ReservedPorts

TRANSPORTS = ("tcp", "udp")
INITIATORS = ("client", "server")
#: How an emulator and a verifier treat an exchange: a session that the client opens; a connection back to a port that
#: the client reported; a datagram with an answer; a datagram that the server sends by itself; a channel that the client
#: opens with one datagram and the server writes to; sound, pictures or pages; a listener and nothing more.
EXCHANGE_KINDS = ("login", "callback", "request", "alert", "log_channel", "media", "listener")
CALLBACK_PORTS = "callback"
#: Ports of an exchange that the receiving side chooses and nobody announces.
ANY_PORTS = PortRange(FIRST_PORT, LAST_PORT)
ANY_WORD = "any"
#: Connection-tracking helpers that an exchange may need: the kernel's own names.
HELPERS = ("ftp",)
#: Protocols in which a server can be asked whether it is there, for a datagram that it does not know gets no answer.
QUESTIONS = ("sip", "iax2")
#: What of Windows' RPC listens: whatever port that gave out, or its endpoint mapper.
RPC_LISTENERS = ("dynamic", "mapper")

#: Between whom an exchange passes: the inventory's clients and the server; the Internet at large and the server, where
#: the offer is public; both; clients and no others of the Internet than an offer names. Any other word is a setting
#: with the addresses that the server itself talks to.
CLIENTS, INTERNET, EVERYONE, NAMED = "clients", "internet", "everyone", "named"
PARTIES = (CLIENTS, INTERNET, EVERYONE, NAMED)

#: What a setting holds: one port, one range of ports, or a list of IP addresses.
PORT, PORTS, ADDRESSES = "port", "ports", "addresses"
SETTING_KINDS = (PORT, PORTS, ADDRESSES)

#: Ports of either kind are a range, or several; a single port has two equal ends.
SettingValue = PortRange | tuple[PortRange, ...] | tuple[Address, ...]


def ranges_of(value: SettingValue | None) -> tuple[PortRange, ...]:
    """The ranges of ports that a setting holds; none for addresses, and where it holds nothing."""
    if isinstance(value, PortRange):
        return (value,)
    return tuple(item for item in value or () if isinstance(item, PortRange))


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that an administrator may change: the server's, or a client's own.

    Attributes:
        kind: one of :data:`SETTING_KINDS`.
        default: the product's own; None where the product has none that is documented: then an offer must say it.
        well_known: whether well-known and system ports may be chosen for it (a mail or web server's).
        picks_free: whether it is a pool that the product takes free ports from, and so may hold another service's port.
        of_client: whether it is the client's own; then each use may say it, and an offer says it for those that do not.
    """

    name: str
    title: str
    kind: str
    default: SettingValue | None
    well_known: bool
    picks_free: bool = False
    of_client: bool = False


class Listener(NamedTuple):
    """Who listens, for a packet filter that goes by that as well as by ports; empty texts where nothing is known.

    Attributes:
        rpc: one of :data:`RPC_LISTENERS`.
        program: path of the program.
        service: short name of the service.
    """

    rpc: str = ""
    program: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange of a product.

    Attributes:
        name: short name, unique in the profile (``pcp``).
        title: the vendor's name for it (``PCP``).
        initiator: ``client`` or ``server``: who sends the first packet.
        transport: ``tcp`` or ``udp``.
        setting: the named setting that holds the destination ports, or None.
        ports: the destination ports where they are not a setting, or None. With neither it is a call-back: the port
            is the one that the client reported.
        source_setting: the named setting that holds the ports of the sender, or None.
        source_ports: the sender's ports where they are fixed and no setting, or None.
        kind: one of :data:`EXCHANGE_KINDS`.
        optional: whether the product works without it.
        default: whether it is on unless an offer or a use says otherwise, in the product's present version.
        versions: versions of the product that have it, and whether it is on there; empty where all have it.
        part_of: exchange that switches this one on and off; empty where it has a switch of its own.
        rides_on: for datagrams of the server to ports that the client chose: exchange of the client whose mapping lets
            them through a NAT; empty where there is none.
        parties: one of :data:`PARTIES`, or the name of a setting with addresses.
        one_network: whether it passes only where client and server share a network.
        untranslated: whether it passes only where no NAT stands before the client.
        idle: seconds without a packet after which the devices on the way may forget it; 0 leaves it to them.
        helper: connection-tracking helper that it needs; empty for none.
        question: one of :data:`QUESTIONS`: what whoever listens answers without knowing who asks; empty for none.
        listener: who listens.
        purpose: one sentence for people.
        advice: what to do about it at firewalls and NAT, for people; may be empty.
    """

    name: str
    title: str
    initiator: str
    transport: str
    setting: str | None
    ports: PortRange | None
    source_setting: str | None
    source_ports: PortRange | None
    kind: str
    optional: bool
    default: bool
    versions: tuple[tuple[str, bool], ...]
    part_of: str
    rides_on: str
    parties: str
    one_network: bool
    untranslated: bool
    idle: int
    helper: str
    question: str
    listener: Listener
    purpose: str
    advice: str

    @property
    def is_callback(self) -> bool:
        """Whether the destination port is one that the client reported."""
        return self.setting is None and self.ports is None

    @property
    def to_any_port(self) -> bool:
        """Whether the receiving side chooses the destination port and nobody announces it."""
        return self.ports == ANY_PORTS

    @property
    def with_clients(self) -> bool:
        """Whether it passes between the inventory's clients and the server."""
        return self.parties in (CLIENTS, EVERYONE, NAMED)

    @property
    def with_internet(self) -> bool:
        """Whether it passes between the Internet at large and the server, where an offer is public."""
        return self.parties in (INTERNET, EVERYONE)

    @property
    def with_named(self) -> bool:
        """Whether addresses of the Internet that an offer names take part in it."""
        return self.parties in (INTERNET, EVERYONE, NAMED)

    def default_of(self, version: str) -> bool | None:
        """Whether it is on in a version of the product unless somebody says otherwise; None: that has no such thing."""
        return dict(self.versions).get(version) if self.versions else self.default

    @property
    def ports_word(self) -> str:
        """The destination ports as a profile writes them: a setting's name, ``callback``, ``any``, or numbers."""
        if self.to_any_port:
            return ANY_WORD
        return self.setting or (CALLBACK_PORTS if self.ports is None else self.ports.text)

    @property
    def source_word(self) -> str:
        """The sender's ports as a profile writes them; empty where any will do."""
        return self.source_setting or ("" if self.source_ports is None else self.source_ports.text)


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """The bounds of a product's call-back ports.

    Attributes:
        title: the vendor's name (``Secondary Connection Port (SCP)``).
        fixed_port: default of the fixed mode.
        bounds: lowest and highest port that the product takes.
        size: number of ports in a range unless the inventory says otherwise.
        smallest: fewest ports in a range.
        pool: where ranges are placed unless the inventory says otherwise.
    """

    title: str
    fixed_port: int
    bounds: PortRange
    size: int
    smallest: int
    pool: PortRange


@dataclass(frozen=True, slots=True)
class Broadcast:
    """How clients find their server by broadcast: within one network, and nowhere else.

    Attributes:
        title: the vendor's name for it.
        response: exchange that carries the server's answers: no connection tracking knows them as answers.
        near: instruction for a client in the server's own network.
        far: instruction for every other client.
    """

    title: str
    response: str
    near: str
    far: str


class Instruction(NamedTuple):
    """A line of a client's sheet, and the exchange that it belongs to; empty where it is for every client."""

    line: str
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that a client can run in: its title, whether several instances share the address, its modes."""

    name: str
    title: str
    many: bool
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideRole:
    """The Ansible role for one side of a product.

    Attributes:
        name: full name of the role.
        installs_from: variable that names the product's package, where the role installs it; such a role is played only
            where the variable is set, and never beside emulators. Empty for a role that writes settings down.
    """

    name: str
    installs_from: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One product's network behaviour.

    Attributes:
        client_system: operating system of its clients unless a host says otherwise.
        mapped_ipv4: whether its server, where it has IPv6, serves IPv4 through IPv6 sockets.
        versions: name and title of the versions that differ on the network, the present one first; empty where none do.
        roles: by side (``server``, ``client``), the role that provides it.
    """

    name: str
    title: str
    client_system: str
    mapped_ipv4: bool
    versions: Mapping[str, str]
    settings: Mapping[str, Setting]
    callback: CallbackRules | None
    broadcast: Broadcast | None
    environments: Mapping[str, Environment]
    exchanges: tuple[Exchange, ...]
    instructions: tuple[Instruction, ...]
    mode_instructions: Mapping[str, str]
    sources: tuple[Mapping[str, str], ...]
    roles: Mapping[str, SideRole]

    @property
    def present_version(self) -> str:
        """The version that an offer means that names none; empty where versions do not differ."""
        return next(iter(self.versions), "")

    def exchanges_of(self, version: str) -> tuple[Exchange, ...]:
        """The exchanges that a version has."""
        return tuple(exchange for exchange in self.exchanges if exchange.default_of(version) is not None)

    def exchange(self, name: str) -> Exchange:
        """The exchange of that name; raises KeyError where there is none."""
        for exchange in self.exchanges:
            if exchange.name == name:
                return exchange
        raise KeyError(name)


class Step(NamedTuple):
    """Something to do on a machine: what it is for, and the line to type or to enter.

    Names in braces stand in both: ``ip`` (``ipv4``, ``ipv6``: such a step is done for each that the machine has),
    ``transport``, and the range's ``low``, ``high`` and ``count``.
    """

    words: str
    line: str

    @property
    def text(self) -> str:
        """Both, the line last, so that it can be copied."""
        return f"{self.words}: {self.line}"


@dataclass(frozen=True, slots=True)
class System:
    """An operating system.

    Attributes:
        dynamic: ports that it hands out to clients by itself.
        reserved: ports that its own services hold.
        reserving: how ports are kept from other programs on it, the last step being the one that does it; empty where
            no document says how.
        environments: what it can run for clients.
        mapped_ipv4: whether an IPv6 socket serves IPv4 too: ``by_default``, ``by_setting`` of its administrator,
            ``on_request`` of each program, ``never``.
    """

    name: str
    title: str
    dynamic: PortRange
    environments: tuple[str, ...]
    mapped_ipv4: str
    reserved: tuple[ReservedPorts, ...] = ()
    reserving: tuple[Step, ...] = ()
