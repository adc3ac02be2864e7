# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols without ports that come in: of tunnel devices, of IPsec, and of programs with raw sockets.

A tunnel that is carried by UDP (WireGuard, VXLAN, IPsec behind NAT) has a socket, and is found as a listener.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from collections.abc import Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.links import Link
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import INPUT, Use, as_network
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.netlink import attributes, dump
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import ELSEWHERE, Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import name_of
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import raw_sockets

#: Pings need no permit, and who has a socket of the last kind only sends (raw(7)); 0 is none.
_OF_NO_MATTER = (0, 1, 58, 255)

#: Devices that wrap packets in a protocol, with the IP version around it, the protocol, and in which attribute of the
#: kind the other end's address is (linux/if_tunnel.h).
_TUNNELS = {
    "gre": (4, 47, 7),
    "gretap": (4, 47, 7),
    "erspan": (4, 47, 7),
    "ip6gre": (6, 47, 7),
    "ip6gretap": (6, 47, 7),
    "ip6erspan": (6, 47, 7),
    "ipip": (4, 4, 3),
    "sit": (4, 41, 3),
    "ip6tnl": (6, 0, 3),
    "vti": (4, 50, 5),
    "vti6": (6, 50, 5),
}
#: In "ip6tnl" the protocol is an option, too (IFLA_IPTUN_PROTO); both are meant where it is none.
_CARRIED, _BOTH = 9, (4, 41)

_XFRM_FAMILY, _GET_ASSOCIATIONS = 6, 18  # NETLINK_XFRM, XFRM_MSG_GETSA
#: In struct xfrm_usersa_info (linux/xfrm.h): the destination, protocol, source and family; its length; XFRMA_ENCAP.
_DESTINATION, _PROTOCOL, _SOURCE, _FAMILY, _LENGTH, _IN_UDP = 56, 76, 80, 212, 224, 4


def portless(machine: Machine, view: NetworkView) -> Iterator[Use]:
    """What has no ports and comes in."""
    yield from _raw(machine)
    for link in view.links:
        yield from _tunnel(link)
    # A kernel without IPsec, or a host that may not look.
    with contextlib.suppress(OSError):
        yield from _ipsec(view)


def _raw(machine: Machine) -> Iterator[Use]:
    found: dict[tuple[int, int], set[str]] = {}
    for version, protocol, inode in raw_sockets(machine.path("/proc")):
        if protocol not in _OF_NO_MATTER:
            found.setdefault((version, protocol), set()).add(inode)
    for (version, protocol), inodes in sorted(found.items()):
        yield _use(version, protocol, "", detail="a raw socket", inodes=frozenset(inodes))


def _tunnel(link: Link) -> Iterator[Use]:
    if link.kind not in _TUNNELS:
        return
    version, protocol, place = _TUNNELS[link.kind]
    options = attributes(link.options)
    remote = _address(options.get(place, b""))
    carried = options.get(_CARRIED, b"\0")[0] if link.kind == "ip6tnl" else protocol
    for number in [carried] if carried else _BOTH:
        yield _use(version, number, remote, interface=link.name, detail=f"the tunnel {link.name}")


def _ipsec(view: NetworkView) -> Iterator[Use]:
    """The security associations by which something comes in."""
    for body in dump(_XFRM_FAMILY, _GET_ASSOCIATIONS, bytes(_LENGTH)):
        (family,) = struct.unpack_from("=H", body, _FAMILY)
        version, size = (4, 4) if family == socket.AF_INET else (6, 16)
        destination, source = (_address(body[start : start + size]) for start in (_DESTINATION, _SOURCE))
        wrapped = _IN_UDP in attributes(body[_LENGTH:])
        if not wrapped and destination and destination in view.own:
            yield _use(version, body[_PROTOCOL], source, detail="IPsec")


def _use(
    version: int,
    protocol: int,
    source: str,
    *,
    interface: str = "",
    detail: str = "",
    inodes: frozenset[str] = frozenset(),
) -> Use:
    name = name_of(protocol)
    return Use(
        kind="protocol",
        hook=INPUT,
        packets=(Packet(version, name, source, None, "", None, interface=ELSEWHERE),),
        protocol=name,
        sources=(as_network(source),) if source else (),
        interface=interface,
        detail=detail,
        inodes=inodes,
    )


def _address(data: bytes) -> str:
    """An address, empty for the one that is all zeros."""
    return str(ipaddress.ip_address(data)) if data and any(data) else ""
