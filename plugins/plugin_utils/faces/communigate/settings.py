# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CommuniGate Pro server has to be told about the network around it, computed from the plan.

Source of every rule here: CommuniGate Pro guide, chapter Network (LAN Addresses, NATed Addresses, WAN Addresses, Media
Proxy, IPv6 Support). The server's ports are the plan's; this module knows none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...basics.addresses import Address, Prefix, is_unrouted, parse_address, parse_prefix
from ...basics.findings import short
from ...catalog.catalog import builtin_catalog
from ...plan_files.view import HostView, PlanView, SiteView, version_of, view_plan
from ...planning.checks.systems import unmapped
from ...tracing.topology import Topology
from ..filter_input import InputError
from .network_list import GRAMMARS, AddressListError, from_structure, network_text

#: The grammar of the computed lists unless another is asked for: addresses and ranges, which every server reads.
OLDEST_GRAMMAR = "5.0"
IPV6_MODES = ("auto", "on", "off")
#: Where the NATed addresses come from: the sites of named clients, or the private networks as well.
NATED = ("clients", "private")
#: What networks behind NAT have (RFC 1918, 3), of which nobody can know more where anybody may call.
PRIVATE = tuple(parse_prefix(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
#: Profile of the catalogue, its settings, and the exchange whose ports are those of FTP's passive mode.
SERVICE = "communigate"
_MEDIA_UDP = "media_udp"
_MEDIA_TCP = "media_tcp"
_DNS_SERVERS = "dns_servers"
_FTP_DATA = "ftp_data"
_SIP = ("sip_udp", "sip_tcp", "sips")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server.

    Attributes:
        lan_ips: lines of the LAN IPs list: networks whose hosts meet the server untranslated, and which the Internet
            cannot reach directly.
        client_ips: lines of the Client IPs list; empty unless LAN hosts shall relay.
        nated_ips: lines of the NATed IPs list: networks behind remote NAT devices from which hosts use the server.
        debug_ips: lines of the Debug IPs list, as they were given.
        server_lan_address: the server's own address on the LAN; None where it stands on none.
        wan_address: the address that a NAT relays to the server, IPv4 before IPv6; None where none does.
        wan_addresses: the same for each IP version.
        media_udp, media_tcp: the media ports, ``60000-60099``; None where the offer has none.
        ftp_passive: the ports of FTP's passive mode; None where FTP does not run.
        dns_servers: the servers of the Resolver's custom list; empty means a resolver of the server's own host.
        warnings: what an administrator should know.
    """

    host: str
    lan_ips: list[str]
    client_ips: list[str]
    nated_ips: list[str]
    debug_ips: list[str]
    server_lan_address: str | None
    wan_address: str | None
    wan_addresses: dict[str, str | None]
    media_udp: str | None
    media_tcp: str | None
    ftp_passive: str | None
    dns_servers: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the plan cannot know.

    Attributes:
        clients_relay: whether LAN hosts may relay through the server, so that the LAN's lines are client lines too.
        debug_ips: lines of the Debug IPs list.
        grammar: grammar of network address lists that the server reads.
        ipv6: start option: ``auto``, ``on`` or ``off``.
        nated: one of :data:`NATED`.
    """

    clients_relay: bool = False
    debug_ips: object = ()
    grammar: str = OLDEST_GRAMMAR
    ipv6: str = "auto"
    nated: str = "clients"


def communigate_settings(plan: object, host: object, wishes: Wishes | None = None) -> dict[str, Any]:
    """Return the settings of the server *host* as plain data; see :class:`Settings`.

    Args:
        plan: the plan document, as ``files.read_plan`` returns it.
        host: inventory name of the server.
        wishes: what the plan cannot know.

    Raises:
        InputError: *plan* is no plan, *host* no CommuniGate Pro server of it, or a wish cannot be had.
    """
    wishes = wishes if wishes is not None else Wishes()
    if wishes.ipv6 not in IPV6_MODES:
        raise InputError(f"{short(wishes.ipv6)!r} is no mode of IPv6; use one of: {', '.join(IPV6_MODES)}")
    if wishes.nated not in NATED:
        raise InputError(f"{short(wishes.nated)!r} names no NATed networks; use one of: {', '.join(NATED)}")
    if wishes.grammar not in GRAMMARS:
        raise InputError(f"{short(wishes.grammar)!r} is no grammar of address lists; use one of: {', '.join(GRAMMARS)}")
    try:
        view = view_plan(plan)  # type: ignore[arg-type]  # whatever it is; what is no plan fails here
        topology = Topology(plan)  # type: ignore[arg-type]  # the same
        # The same again.
        exchanges = {item["name"]: item["ports"] for item in plan["services"].get(SERVICE, ())}  # type: ignore[index]
    except (KeyError, TypeError, ValueError, AttributeError):
        # From None: what is missing first in something else than a plan tells nobody anything.
        raise InputError(
            f"{short(plan, 40)!r} is not a plan; pass a plan's folder, or the content of its file plan.json"
        ) from None
    return asdict(_settings(view, topology, _offer(view, host), exchanges, wishes))


def _offer(view: PlanView, host: object) -> Mapping[str, Any]:
    offers = {offer["host"]: offer for offer in view.offers if offer["service"] == SERVICE}
    if isinstance(host, str) and host in offers and host in view.hosts:
        return offers[host]
    servers = ", ".join(sorted(offers)) or "none"
    raise InputError(
        f"{short(host)!r} offers no {SERVICE} in this plan (its servers: {servers}); add it to faxnet_offers of the "
        "host and plan again"
    )


def _settings(
    view: PlanView, topology: Topology, offer: Mapping[str, Any], exchanges: Mapping[str, str], wishes: Wishes
) -> Settings:
    server = view.hosts[offer["host"]]
    networks = [(site, network) for site in view.sites.values() for network in _prefixes(site)]
    lan = [(site, network) for site, network in networks if _is_lan(topology, server, site, network)]
    users = _client_sites(view, server)
    remote = [
        (site, network)
        for site, network in networks
        if site.name in users and _is_behind_nat(topology, server, site, network)
    ]
    private = PRIVATE if wishes.nated == "private" else ()
    nated = [_noted(network, "private network (RFC 1918)", wishes.grammar) for network in private]
    nated += [_line(network, site.name, wishes.grammar) for site, network in remote]
    listed = [*private, *(network for _site, network in remote)]
    lan_lines = [_line(network, site.name, wishes.grammar) for site, network in lan]
    wan = {str(version): _wan_address(view, server, version) for version in (4, 6)}
    settings = offer["settings"]
    # The catalogue ties the data of FTP's passive mode to the media's TCP ports (CG-11); a user's profile may differ.
    passive = exchanges.get(_FTP_DATA, "") if _FTP_DATA in offer["exchanges"] else ""
    return Settings(
        host=server.name,
        lan_ips=lan_lines,
        client_ips=lan_lines if wishes.clients_relay else [],
        nated_ips=nated,
        debug_ips=_debug_lines(wishes),
        server_lan_address=_lan_address(server, [network for _site, network in lan]),
        wan_address=wan["4"] or wan["6"],
        wan_addresses=wan,
        media_udp=_text(settings.get(_MEDIA_UDP)),
        media_tcp=_text(settings.get(_MEDIA_TCP)),
        ftp_passive=_text(settings.get(passive, passive or None)),
        dns_servers=[str(address) for address in settings.get(_DNS_SERVERS, ())],
        warnings=[
            *_ambiguous(lan, remote),
            *_mistaken(topology, view, server, users, listed),
            *_unlisted(offer, nated),
            *_ipv6_warnings(server, wishes.ipv6),
        ],
    )


def _prefixes(site: SiteView) -> Iterator[Prefix]:
    return (parse_prefix(network) for network in site.networks)


def _line(network: Prefix, site: str, grammar: str) -> str:
    return _noted(network, f"site {site}", grammar)


def _noted(network: Prefix, note: str, grammar: str) -> str:
    return f"{network_text(network.version, network.first, network.last, grammar)} ; {note}"


def _is_lan(topology: Topology, server: HostView, site: SiteView, network: Prefix) -> bool:
    """Whether the server meets a network untranslated, while the Internet cannot reach it directly (CG-03)."""
    version = network.version
    hidden = topology.worn_outside(site.name, version) is not None or (
        is_unrouted(Address(version, network.first)) and is_unrouted(Address(version, network.last))
    )
    near = topology.is_near(server.name, site.name, version)
    return hidden and near and topology.worn_by(site.name, server.name, version) is None


def _client_sites(view: PlanView, server: HostView) -> frozenset[str]:
    """The sites whose hosts use the server."""
    return frozenset(
        view.hosts[use["host"]].site
        for use in view.uses
        if use["server"] == server.name and use["service"] == SERVICE and use["enabled"]
    )


def _is_behind_nat(topology: Topology, server: HostView, site: SiteView, network: Prefix) -> bool:
    """Whether the hosts of a network wear another address when they meet the server (CG-05)."""
    return topology.worn_by(site.name, server.name, network.version) is not None


def _wan_address(view: PlanView, server: HostView, version: int) -> str | None:
    """The address that a NAT relays to the server (CG-09)."""
    # What a VPN maps a server's address to is no address of the Internet.
    public = {address for gateway in view.sites[server.site].gateways for address in gateway.public}
    relayed = {
        flow.dial: flow.source in view.hosts and view.hosts[flow.source].site == server.site
        for flow in view.flows
        if flow.destination == server.name
        and flow.service == SERVICE
        and flow.version == version
        and flow.enabled
        and flow.dial != flow.destination_address
        and flow.dial in public
    }
    # Between two routers in a chain the inner one's address is dialled; everybody else dials the outermost one's.
    return min(relayed, key=lambda dial: (relayed[dial], dial), default=None)


def _lan_address(server: HostView, lan: list[Prefix]) -> str | None:
    """The server's own address by which it meets the LAN (CG-04), IPv4 before IPv6."""
    own = sorted(server.addresses, key=version_of)
    return next((text for text in own if any(network.holds(parse_address(text)) for network in lan)), None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _debug_lines(wishes: Wishes) -> list[str]:
    debug: Any = wishes.debug_ips
    try:
        lines = from_structure(debug.split("\n") if isinstance(debug, str) else debug, wishes.grammar).lines
    except AddressListError as error:
        raise InputError(f"the debug addresses cannot be read: {error}") from error
    return [line.text for line in lines if line.is_entry]


def _ambiguous(lan: Iterable[tuple[SiteView, Prefix]], remote: Iterable[tuple[SiteView, Prefix]]) -> Iterator[str]:
    """Warn where a remote network has addresses of the LAN: by those the server tells who is behind a NAT."""
    near = list(lan)
    for site, network in remote:
        for own, other in near:
            if network.overlaps(other):
                yield (
                    f"the network {network.text} behind the NAT of {site.name} has addresses of the LAN {other.text} "
                    f"of {own.name}: the server takes a client for remote by its address, so give one of the sites "
                    "other addresses"
                )


def _mistaken(
    topology: Topology, view: PlanView, server: HostView, users: Iterable[str], listed: Iterable[Prefix]
) -> Iterator[str]:
    """Warn of clients whose requests arrive from a NATed address: those the server does not take for NATed (CG-06)."""
    networks = list(listed)
    for name in sorted(users):
        site = view.sites[name]
        for version in (4, 6):
            worn = topology.worn_by(name, server.name, version)
            found = next((network for network in networks if worn is not None and network.holds(worn)), None)
            if worn is not None and found is not None:
                yield (
                    f"the clients of {site.name} come from {worn.text}, which lies in {found.text} of the NATed IPs "
                    "list: the server takes only those for NATed that come from an address outside of it, and will not "
                    f"reach them; give {site.name} a public_address that no network behind a NAT has, or those hosts "
                    "other networks"
                )


def _unlisted(offer: Mapping[str, Any], nated: Iterable[str]) -> Iterator[str]:
    """Warn where anybody may call, and no network is listed by which the server could tell who is behind a NAT."""
    if offer["public"] and any(name in offer["exchanges"] for name in _SIP) and not list(nated):
        yield (
            f"{offer['host']}: anybody on the Internet may call (public: true), and no client behind a NAT is named in "
            "faxnet_uses, so the NATed IPs list is empty: the server will not know telephones behind routers, and "
            "cannot reach them; list the private networks (communigate_nated: private; nated='private' of the filter)"
        )


def _ipv6_warnings(server: HostView, ipv6: str) -> Iterator[str]:
    """Warn of systems on which a server with IPv6 sockets does not meet IPv4 (CG-20), where the plan cannot know.

    Of a server with addresses of both versions the plan itself warns (FXN216); it knows nothing of the start option.
    """
    catalog = builtin_catalog()
    system = catalog.systems.get(server.system)
    # The server takes IPv6 as on where the system has it and a local IPv6 address exists (CG-19).
    ipv4_address, ipv6_address = server.address(4), server.address(6)
    said = ipv4_address is not None and ipv6_address is not None
    if said or system is None or ipv6 == "off" or (ipv6 == "auto" and ipv6_address is None):
        return
    remark = unmapped(catalog.profiles[SERVICE], system)
    if remark:
        message, cure = remark
        yield f"{server.name}: {message}; {cure}"
