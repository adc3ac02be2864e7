# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that a host takes packets for itself under, read from the kernel's own tables."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import address_of

#: In /proc/net/fib_trie: an address, and under it the kinds of routes to it, each with its prefix length.
_ROUTES = re.compile(r"^ *\|-- (?P<address>\S+)\n(?P<kinds>(?: +/\d+ \S+ \S+[^\n]*\n)+)", re.MULTILINE)
#: In /proc/net/ipv6_route the flag of what is this host's own (RTF_LOCAL in linux/ipv6_route.h).
_LOCAL = 0x80000000
_OWN = re.compile(r"/(\d+) \S+ (?:LOCAL|BROADCAST)")


class OwnAddresses:
    """What a host takes for itself: its addresses, and the broadcast addresses of its networks."""

    def __init__(self, machine: Machine) -> None:
        self._networks = [
            ipaddress.ip_network(f"{found['address']}/{length}", strict=False)
            for found in _ROUTES.finditer(machine.read("/proc/self/net/fib_trie") or "")
            for length in _OWN.findall(found["kinds"])
        ]
        for line in (machine.read("/proc/self/net/if_inet6") or "").splitlines():
            self._networks.append(ipaddress.ip_network(bytes.fromhex(line.split()[0])))
        for line in (machine.read("/proc/self/net/ipv6_route") or "").splitlines():
            # The destination, the length of its prefix, ..., flags, the device.
            words = line.split()
            if int(words[8], 16) & _LOCAL:
                self._networks.append(ipaddress.ip_network((bytes.fromhex(words[0]), int(words[1], 16))))
        self._single = {network.network_address for network in self._networks if network.num_addresses == 1}
        self._networks = [network for network in self._networks if network.num_addresses != 1]

    def __contains__(self, address: str) -> bool:
        found = address_of(address)
        return found in self._single or any(found in network for network in self._networks)
