# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multicast groups that the host is a member of (/proc/net/igmp, /proc/net/igmp6).

What comes to a group is known of those that a protocol has to itself; of others only that it is UDP, on a port that
somebody here listens on. Groups that every host is in are left out: what they are for, the rules let in anyway.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import INPUT, Use, as_network
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet

#: All hosts, all routers, neighbour discovery, and what makes multicast itself (IANA, multicast addresses).
_EVERYBODYS = frozenset(
    (
        "224.0.0.1",
        "224.0.0.2",
        "224.0.0.22",
        "ff02::1",
        "ff01::1",
        "ff02::2",
        "ff01::2",
        "ff05::2",
        "ff02::16",
        "ff02::6a",
        "224.0.0.106",
    )
)
_SOLICITED = ipaddress.ip_network("ff02::1:ff00:0/104")
#: Groups with a protocol of their own, and with a port where it has one (IANA, as above).
_KNOWN: Mapping[str, tuple[str, int | None]] = {
    "224.0.0.5": ("ospf", None),
    "224.0.0.6": ("ospf", None),
    "224.0.0.9": ("udp", 520),
    "224.0.0.10": ("eigrp", None),
    "224.0.0.13": ("pim", None),
    "224.0.0.18": ("vrrp", None),
    "224.0.0.102": ("udp", 1985),
    "224.0.0.251": ("udp", 5353),
    "224.0.0.252": ("udp", 5355),
    "224.0.1.1": ("udp", 123),
    "239.255.255.250": ("udp", 1900),
    "ff02::5": ("ospf", None),
    "ff02::6": ("ospf", None),
    "ff02::9": ("udp", 521),
    "ff02::a": ("eigrp", None),
    "ff02::d": ("pim", None),
    "ff02::12": ("vrrp", None),
    "ff02::1:2": ("udp", 547),
    "ff05::1:3": ("udp", 547),
    "ff02::1:3": ("udp", 5355),
    "ff02::fb": ("udp", 5353),
}


def memberships(machine: Machine, listeners: Sequence[Use]) -> Iterator[Use]:
    """The groups, each with what comes to it; `listeners` are the host's."""
    ports = sorted({use.ports[0][0] for use in listeners if use.protocol == "udp" and not use.fleeting})
    found: dict[str, set[str]] = {}
    for device, group in (*_groups4(machine), *_groups6(machine)):
        if group not in _EVERYBODYS and ipaddress.ip_address(group) not in _SOLICITED and device != "lo":
            found.setdefault(group, set()).add(device)
    for group, devices in sorted(found.items()):
        version = 6 if ":" in group else 4
        known = _KNOWN.get(group)
        carried = [known] if known else [("udp", port) for port in ports]
        if carried:
            yield Use(
                kind="multicast",
                hook=INPUT,
                packets=tuple(
                    Packet(version, protocol, "", None, group, port, interface=device)
                    for protocol, port in carried
                    for device in sorted(devices)
                ),
                protocol=carried[0][0],
                ports=tuple((port, port) for _protocol, port in carried if port is not None),
                destinations=(as_network(group),),
                detail="on " + ", ".join(sorted(devices)),
            )


def _groups4(machine: Machine) -> Iterator[tuple[str, str]]:
    device = ""
    for line in (machine.read("/proc/self/net/igmp") or "").splitlines()[1:]:
        words = line.split()
        if not line.startswith("\t"):
            device = words[1]
        else:
            yield device, str(ipaddress.IPv4Address(struct.pack("=I", int(words[0], 16))))


def _groups6(machine: Machine) -> Iterator[tuple[str, str]]:
    for line in (machine.read("/proc/self/net/igmp6") or "").splitlines():
        words = line.split()
        yield words[1], str(ipaddress.IPv6Address(int(words[2], 16)))
