# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of each realm, as its sites know each other: which holds an address, and which parts of a network."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from ..basics.addresses import Address, Prefix
from ..inventory.site import Site


class RealmNetworks:
    """Which site of a realm an address lies in, found without a look at every site.

    Networks of one realm do not overlap, else the plan is refused (FXN109).
    """

    def __init__(self, sites: Iterable[Site]) -> None:
        self._networks: dict[tuple[str, int], list[tuple[Prefix, Site]]] = {}
        #: The first and last addresses of IPv4 networks, which no host has (RFC 1122, 3.2.1.3; RFC 3021).
        self.ends: set[Address] = set()
        for site in sites:
            for network in site.shown:
                key = (site.met_in(network.version), network.version)
                self._networks.setdefault(key, []).append((network, site))
            for network in (*site.networks, *site.shown) if site.mapped else site.networks:
                if network.version == 4 and network.length < 31:
                    self.ends |= {Address(4, network.first), Address(4, network.last)}
        for placed in self._networks.values():
            placed.sort(key=lambda item: item[0])
        self._firsts = {key: [network.first for network, _site in placed] for key, placed in self._networks.items()}

    def site_of(self, realm: str, address: Address) -> Site | None:
        """The site of a realm whose network holds an address; None where none does."""
        key = (realm, address.version)
        place = bisect_right(self._firsts.get(key, ()), address.value) - 1
        if place < 0:
            return None
        network, site = self._networks[key][place]
        return site if network.holds(address) else None

    def parts_of(self, realm: str, wanted: Prefix) -> Iterator[tuple[Prefix, Site]]:
        """The parts of a network that lie in networks of a realm's sites, and the site of each."""
        key = (realm, wanted.version)
        place = max(bisect_right(self._firsts.get(key, ()), wanted.first) - 1, 0)
        for network, site in self._networks.get(key, ())[place:]:
            if network.first > wanted.last:
                break
            if network.overlaps(wanted):
                yield max(network, wanted, key=lambda item: item.length), site
