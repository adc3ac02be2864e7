# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the hosts: their sites, addresses, systems, platforms, and who administers them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ..basics.addresses import Address, AddressError, End, Prefix, parse_address
from ..basics.findings import Finding, short
from ..basics.named_tuples import made
from ..basics.names import NAME_CURE, name_problem
from ..basics.ports import PortRange, ReservedPorts
from ..catalog.catalog import Catalog
from .accepted_losses import VARIABLE as ACCEPTED_LOSSES
from .accepted_losses import AcceptedLoss, read_accepted_losses
from .clamping import VARIABLE as CLAMP_MSS
from .clamping import read_clamp_mss
from .firewall_profiles import USUAL_PROFILES, read_firewall_profiles
from .firewall_profiles import VARIABLE as FIREWALL_PROFILES
from .intent import EXCLUSIVE, STANCES, ForwardPermit, Host, Login, MssClamp, Opening
from .logins import UNKNOWN, Said, leaves_login_open, login_port, plugin_of, speaks_to_windows
from .peers import Peer, read_peer
from .permit_ends import PermitEnds, Place
from .permits import ANYWHERE, Permits, read_forward_permits, read_management, read_permits
from .reader import Reader, listed
from .reserved_ports import VARIABLE as RESERVED_PORTS
from .reserved_ports import read_reserved_ports
from .site import INTERNET, Site

OUTBOUND = ("any", "flows")
REVERSE_PATH = ("strict", "loose", "off")
#: The platform of a host that names none: of one with Windows, and of any other.
WINDOWS_PLATFORM = "windows"
DEFAULT_PLATFORM = "nftables"

#: The variables that :func:`_read_rules` reads.
_SAID_OF_RULES = frozenset(
    (
        *("faxnet_system", "faxnet_platform", "faxnet_outbound", "faxnet_reverse_path", CLAMP_MSS, "faxnet_stance"),
        *("faxnet_management", "faxnet_permits", "faxnet_forward_permits", ACCEPTED_LOSSES, RESERVED_PORTS),
        FIREWALL_PROFILES,
    )
)


def read_hosts(
    variables: Mapping[str, Mapping[str, object]],
    sites: Mapping[str, Site],
    unsound_sites: frozenset[str],
    catalog: Catalog,
    findings: list[Finding],
    defaults: Mapping[str, object] = MappingProxyType({}),
    groups: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Host]:
    """Return the hosts that take part, sorted by name: those with a site, an offer, a use, or that are a gateway.

    Args:
        unsound_sites: names of sites that are in error themselves; their hosts are left out without a further word.
        defaults: what ansible.cfg and the command line say of logins (:func:`login_port`).
        groups: the members of every group of the inventory.
    """
    ends = PermitEnds(variables, sites, groups)
    gateways: dict[str, list[str]] = {}
    inner: set[str] = set()
    for site in sites.values():
        inner.update(gateway.host for gateway in site.own_gateways[:1])
        for gateway in site.own_gateways:
            gateways.setdefault(gateway.host, []).append(site.name)
    hosts: dict[str, Host] = {}
    owners = {
        (site.realm_beyond(gateway, address.version), address): (
            gateway.host,
            f"router {gateway.host} of site {site.name}",
        )
        for site in sites.values()
        for gateway in site.own_gateways
        for address in gateway.fixed
    }
    usual_login = login_port({}, defaults)
    for name in sorted(variables):
        own = variables[name]
        site_name = own.get("faxnet_site")
        takes_part = site_name is not None or own.get("faxnet_offers") or own.get("faxnet_uses")
        if not takes_part and name not in gateways:
            continue
        if isinstance(site_name, str) and site_name in unsound_sites:
            continue
        reader = Reader(name, findings)
        problem = name_problem(name)
        if problem:
            reader.note("FXN104", "inventory_hostname", name, f"the name {problem}", NAME_CURE)
            continue
        if name == INTERNET:
            message = "the name means the Internet at large in flows and reports"
            reader.note("FXN104", "inventory_hostname", name, message, "give the host another name")
            continue
        gateway_of = gateways.get(name, [])
        # An outer router of a chain stands in the network between the routers, which is none of the site's.
        inside = not gateway_of or name in inner
        login = usual_login if leaves_login_open(own) else login_port(own, defaults)
        host = _read_host(reader, own, gateway_of, inside, catalog, login, ends)
        if host is None:
            continue
        hosts[name] = host
        owner = (name, f"host {name}")
        for address in host.addresses:
            first = owners.setdefault((sites[host.site].realm_of(address.version), address), owner)
            if first[0] != name:
                reader.note(
                    "FXN112",
                    "faxnet_address",
                    address.text,
                    f"is the address of {first[1]} too",
                    "give each host its own address",
                )
    return hosts


def _read_host(
    reader: Reader,
    own: Mapping[str, object],
    gateway_of: list[str],
    inside: bool,
    catalog: Catalog,
    login: Said,
    ends: PermitEnds,
) -> Host | None:
    sites = ends.sites
    site = _site_of(reader, own.get("faxnet_site"), sites, gateway_of)
    port = None if login.value is UNKNOWN else reader.port(login.value, login.variable)
    if own.keys().isdisjoint(_SAID_OF_RULES):
        rules = _usual_rules(port, default_platform(own))  # as most hosts have them
    else:
        at = Permits(reader, ends, Place(site, reader.host if gateway_of else ""))
        rules = _read_rules(at, own, catalog, port, login.variable)
    if site is None:
        return None
    # A router between two sites has a leg in each: its address may lie in any of them.
    networks: Sequence[Prefix] = site.networks if inside else ()
    if inside and gateway_of:
        networks = [network for name in dict.fromkeys((site.name, *gateway_of)) for network in sites[name].networks]
    dialled = _dialled(own)
    peer = _addresses(reader, own, site, networks, dialled)
    return made(
        Host,
        (
            reader.host,
            site.name,
            peer.addresses,
            rules.system,
            rules.platform,
            rules.outbound,
            rules.reverse_path,
            rules.management,
            rules.openings,
            Login(port, dialled) if plugin_of(own) else None,
            rules.clamp_mss,
            rules.stance,
            rules.forward_permits,
            rules.accepted_losses,
            peer.members,
            rules.reserved,
            (),  # whoever asked for DNS names knows them
            rules.firewall_profiles,
        ),
    )


class _Rules(NamedTuple):
    """What a host says of its own rules, and of the system and platform that hold them."""

    system: str | None
    platform: str
    outbound: str
    reverse_path: str
    management: tuple[Opening, ...]
    openings: tuple[Opening, ...]
    clamp_mss: MssClamp | None
    stance: str
    forward_permits: tuple[ForwardPermit, ...]
    accepted_losses: tuple[AcceptedLoss, ...]
    reserved: tuple[ReservedPorts, ...]
    firewall_profiles: tuple[str, ...]


def default_platform(own: Mapping[str, object]) -> str:
    """The platform of a host that names none, by what its variables say of how Ansible speaks to it."""
    return WINDOWS_PLATFORM if speaks_to_windows(own) else DEFAULT_PLATFORM


@functools.cache
def _usual_rules(port: int | None, platform: str) -> _Rules:
    """The rules of all hosts that say nothing of them; *port* is that which Ansible logs in to."""
    management = _usual_management(port) if port else ()
    return _Rules(None, platform, "any", "strict", management, (), None, EXCLUSIVE, (), (), (), USUAL_PROFILES)


def _read_rules(
    at: Permits, own: Mapping[str, object], catalog: Catalog, port: int | None, port_said_by: str
) -> _Rules:
    reader = at.reader
    system = own.get("faxnet_system")
    if system is not None:
        system = reader.choice(system, "faxnet_system", catalog.systems, "FXN117")
    platform = own.get("faxnet_platform", default_platform(own))
    outbound = reader.choice(own.get("faxnet_outbound", "any"), "faxnet_outbound", OUTBOUND)
    reverse_path = reader.choice(own.get("faxnet_reverse_path", "strict"), "faxnet_reverse_path", REVERSE_PATH)
    clamp_mss = read_clamp_mss(reader, own.get(CLAMP_MSS))
    stance = reader.choice(own.get("faxnet_stance", EXCLUSIVE), "faxnet_stance", STANCES)
    management = _management(at, own, port, port_said_by)
    openings = read_permits(at, own.get("faxnet_permits"))
    forward_permits = read_forward_permits(at, own.get("faxnet_forward_permits"))
    accepted_losses = read_accepted_losses(reader, own.get(ACCEPTED_LOSSES))
    if not isinstance(platform, str):
        reader.note("FXN501", "faxnet_platform", platform, "is not a text", "name a platform")
        platform = DEFAULT_PLATFORM
    return _Rules(
        str(system) if system else None,
        platform,
        outbound or "any",
        reverse_path or "strict",
        management,
        openings,
        clamp_mss,
        stance or EXCLUSIVE,
        forward_permits,
        accepted_losses,
        read_reserved_ports(reader, own.get(RESERVED_PORTS)),
        read_firewall_profiles(reader, own.get(FIREWALL_PROFILES)),
    )


def _dialled(own: Mapping[str, object]) -> Address | None:
    """The address that Ansible logs in to; a name says nothing here."""
    said = own.get("ansible_host")
    try:
        return parse_address(said) if said is not None else None
    except AddressError:
        return None


def _site_of(reader: Reader, value: object, sites: Mapping[str, Site], gateway_of: list[str]) -> Site | None:
    if value is None and gateway_of:
        return sites[gateway_of[0]]
    if value is None:
        reader.note(
            "FXN106", "faxnet_site", "", "the host is in no site", f"set faxnet_site to one of: {listed(sites)}"
        )
        return None
    if not isinstance(value, str) or value not in sites:
        reader.note("FXN107", "faxnet_site", value, "is not a site", f"use one of: {listed(sites)}")
        return None
    return sites[value]


def _addresses(
    reader: Reader, own: Mapping[str, object], site: Site, networks: Sequence[Prefix], dialled: Address | None
) -> Peer:
    variable = "faxnet_address"
    if own.get("faxnet_address") is not None:
        peer = read_peer(reader, own["faxnet_address"], variable)
        noted = not peer.addresses
    else:
        variable, noted = "ansible_host", False
        peer = Peer(() if dialled is None else (dialled,))
    if not peer.addresses and not noted:
        reader.note(
            "FXN111",
            "faxnet_address",
            short(own.get("ansible_host", "")),
            "the host has no address",
            "set faxnet_address to its address inside the site; a host name in ansible_host is not enough",
        )
    for end in peer.members or peer.addresses:
        if isinstance(end, Address):
            around = [network for network in networks if network.holds(end)]
        else:
            around = [network for network in networks if network.contains(end)]
        if [network for network in around if _is_reserved(network, end)]:
            message = "is the network's own or its broadcast address"
            reader.note("FXN108", variable, end.text, message, "name the host's own address")
        elif networks and not around:
            inside = ", ".join(network.text for network in networks)
            reader.note(
                "FXN108",
                variable,
                end.text,
                f"is outside the networks of site {site.name} ({inside})",
                "correct the address or the site, or set faxnet_address where ansible connects to another one",
            )
    return peer


def _is_reserved(network: Prefix, end: End) -> bool:
    """Whether no host has an address of the network: the first and last one of an IPv4 network of more than two."""
    if not isinstance(end, Address):
        return False
    return network.version == 4 and network.length < 31 and end.value in (network.first, network.last)


def _management(at: Permits, own: Mapping[str, object], connects_to: int | None, said_by: str) -> tuple[Opening, ...]:
    raw = own.get("faxnet_management")
    if raw is None:
        return _usual_management(connects_to) if connects_to else ()
    openings, sound = read_management(at, raw)
    if sound and connects_to is not None and not any(_admits(opening, connects_to) for opening in openings):
        at.reader.note(
            "FXN116",
            "faxnet_management",
            raw,
            f"leaves out {connects_to}/tcp, which ansible connects to: the next run would find the host shut",
            f"add an entry with the port {connects_to}, correct {said_by}, or omit the variable",
        )
    return openings


@functools.cache
def _usual_management(port: int) -> tuple[Opening, ...]:
    """What lets ansible in from anywhere; one for all hosts that say nothing."""
    return (Opening("management", "tcp", (PortRange(port, port),), ANYWHERE),)


def _admits(opening: Opening, port: int) -> bool:
    return opening.takes("tcp", port)
