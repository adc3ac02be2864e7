# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a plan document that are several machines, under one name: who is one of them, and one to trace packets of.

An address that a plan gives to one host is that host's, also where a network of somebody's many machines holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix

#: So many addresses of a network are looked at for a free one.
_MOST = 2**16


class Peers:
    """The several machines of one plan document.

    Attributes:
        examples: for each host that is networks alone, the address of one of its machines, made up.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._members: dict[str, list[tuple[Prefix, str]]] = {}
        self.examples: dict[str, Address] = {}
        several = {name: host for name, host in plan["hosts"].items() if host.get("stands_for")}
        if not several:
            return
        hosts = (text for host in plan["hosts"].values() for text in host["addresses"])
        gateways = (gateway for site in plan["sites"].values() for gateway in site["gateways"])
        worn = (text for gateway in gateways for text in (*gateway["public"], *gateway["outside"]))
        taken = {parse_address(text) for text in (*hosts, *worn)}
        for name, host in several.items():
            networks = [parse_prefix(text) for text in host["stands_for"]]
            self._members.setdefault(host["site"], []).extend((network, name) for network in networks)
            if not host["addresses"]:
                self.examples[name] = _free(networks[0], taken)
                taken.add(self.examples[name])

    def holder(self, site: str, address: Address) -> str | None:
        """The host of a site that one of several machines with this address is, if any."""
        return next((name for network, name in self._members.get(site, ()) if network.holds(address)), None)


def _free(network: Prefix, taken: Iterable[Address]) -> Address:
    """An address of a network that no host has; the last that was looked at where all are taken."""
    ends = 1 if network.version == 4 and network.length < 31 else 0
    # A router mostly has the first address of a network.
    first = network.first + ends + (1 if network.last - network.first > 2 * ends else 0)
    address = Address(network.version, network.first)
    for value in islice(range(first, network.last + 1 - ends), _MOST):
        address = Address(network.version, value)
        if address not in taken:
            break
    return address
