# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's devices and routes as the kernel has them (rtnetlink(7)), in all of its routing tables."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.netlink import attributes, dump

IPNetwork = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_ROUTE_FAMILY = 0  # NETLINK_ROUTE
_GET_LINKS, _GET_ROUTES = 18, 26
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_DEVICE_UP, _LOOPBACK = 0x1, 0x8  # IFF_UP, IFF_LOOPBACK
_NAME, _MASTER, _INFO, _CARRIER = 3, 10, 18, 33  # IFLA_...
_INFO_KIND, _INFO_DATA = 1, 2  # IFLA_INFO_...
_DESTINATION, _DEVICE, _SEVERAL = 1, 4, 9  # RTA_...
_UNICAST = 1  # RTN_UNICAST
_DEAD = 0x1 | 0x10  # RTNH_F_DEAD, RTNH_F_LINKDOWN: nobody is there


@dataclass(frozen=True)
class Link:
    """A device that is up.

    Attributes:
        kind: what made it: ``bridge``, ``gre``, ``wireguard``, ...; empty for a network card.
        options: of that kind, as the kernel writes them.
        master: the index of the bridge that it is a port of; 0 for none.
        carries: whether anybody is at the other end of its cable.
    """

    index: int
    name: str
    kind: str
    options: bytes
    master: int
    carries: bool


@dataclass(frozen=True)
class Route:
    """A network and the device that it is behind."""

    network: IPNetwork
    device: str

    @property
    def default(self) -> bool:
        """Whether it is the way to whatever has no route of its own."""
        return self.network.prefixlen == 0


def links() -> list[Link]:
    """The devices that are up, without the loopback. Raises OSError."""
    found = []
    for body in dump(_ROUTE_FAMILY, _GET_LINKS, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)):
        _family, _pad, _type, index, flags, _change = struct.unpack_from("=BBHiII", body)
        held = attributes(body[16:])
        if not flags & _DEVICE_UP or flags & _LOOPBACK:
            continue
        info = attributes(held.get(_INFO, b""))
        found.append(
            Link(
                index=index,
                name=_text(held[_NAME]),
                kind=_text(info.get(_INFO_KIND, b"")),
                options=info.get(_INFO_DATA, b""),
                master=int.from_bytes(held.get(_MASTER, b""), "little" if _LITTLE else "big"),
                carries=held.get(_CARRIER, b"\1") != b"\0",
            )
        )
    return found


def routes(there: list[Link]) -> list[Route]:
    """The routes to other hosts behind these devices, each once. Raises OSError."""
    names = {link.index: link.name for link in there}
    found: dict[Route, None] = {}
    for version, family in _FAMILIES.items():
        for body in dump(_ROUTE_FAMILY, _GET_ROUTES, struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)):
            found.update((route, None) for route in _routes(version, body, names))
    return list(found)


def _routes(version: int, body: bytes, names: dict[int, str]) -> Iterator[Route]:
    _family, length, _source, _tos, _table, _by, _scope, kind, flags = struct.unpack_from("=BBBBBBBBI", body)
    if kind != _UNICAST or flags & _DEAD:
        return
    held = attributes(body[12:])
    size = 4 if version == 4 else 16
    network: IPNetwork = ipaddress.ip_network((held.get(_DESTINATION, bytes(size)), length), strict=False)
    if network.is_link_local or network.is_multicast:
        return
    for index in _devices(held):
        if index in names:
            yield Route(network, names[index])


def _devices(held: dict[int, bytes]) -> Iterator[int]:
    if _DEVICE in held:
        yield struct.unpack("=i", held[_DEVICE])[0]
    hops = held.get(_SEVERAL, b"")
    while len(hops) >= 8:
        length, _flags, _hops, index = struct.unpack_from("=HBBi", hops)
        yield index
        hops = hops[max(8, (length + 3) & ~3) :]


_LITTLE = struct.pack("=H", 1) == b"\1\0"


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "replace")
