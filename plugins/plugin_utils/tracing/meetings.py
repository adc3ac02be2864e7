# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of a plan meets whom: under which address, in which realm, and through which routers.

Told from the sites and addresses of a plan document alone, without a look at its flows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix
from ..basics.mapped_networks import Mapped, shown_address
from ..inventory.site import INTERNET
from .changing import NOBODYS
from .peers import Peers
from .plan_sites import PlanSite, plan_sites

#: So many addresses of each of nobody's networks are tried.
_TRIED = 254


class Meetings:
    """The hosts of one plan document, as they meet."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.hosts: Mapping[str, Mapping[str, Any]] = plan["hosts"]
        self._sites, changing = plan_sites(plan)
        self._peers = Peers(plan)
        self._made_up = frozenset((*changing, *self._peers.examples.values()))
        self._addresses: dict[str, dict[int, Address]] = {}
        self._positions: dict[str, list[tuple[str, int]]] = {}
        for name, site in self._sites.items():
            for index, host in enumerate(site.gateways[: site.own]):
                self._positions.setdefault(host, []).append((name, index))
        self._networks: dict[tuple[str, int], list[Prefix]] | None = None
        self._owners = {(host["site"], text): name for name, host in self.hosts.items() for text in host["addresses"]}
        for router, positions in self._positions.items():
            for text in self.hosts[router]["addresses"]:
                self._owners.update({(site, text): router for site, _index in positions})
        for site in self._sites.values():
            for around in site.levels[1:2]:
                # In the network around it, a nested site's router is a machine like others.
                router, worn = site.gateways[site.own - 1], site.public[site.own - 1]
                self._owners.update({(around, address.text): router for address in worn})

    def addresses_of(self, host: str) -> dict[int, Address]:
        """A host's own addresses by IP version, IPv4 first."""
        found = self._addresses.get(host)
        if found is None:
            found = self._addresses[host] = {}
            for address in map(parse_address, self.hosts[host]["addresses"]):
                found.setdefault(address.version, address)  # of several machines, the first is dialled
            if not found and host in self._peers.examples:
                found[self._peers.examples[host].version] = self._peers.examples[host]
        return found

    def stranger(self, version: int) -> Address | None:
        """An address that no site holds and no gateway wears: some machine of the Internet. None where all are taken.

        Plans that are made up, as in documentation, use the networks that are kept for it; so a free one is looked for.
        """
        worn = {address for site in self._sites.values() for public in site.public for address in public}
        for network in map(parse_prefix, NOBODYS):
            for value in range(network.first + 1, network.first + _TRIED + 1) if network.version == version else ():
                address = Address(version, value)
                if address not in worn and not any(site.holds(address) for site in self._sites.values()):
                    return address
        return None

    def dialled(self, site: str, host: str, version: int, sender: str = "") -> Address:
        """The address under which a machine in *site* (empty: a stranger) reaches *host*.

        Where the machine is the host *sender*, and a gateway of that site, it stands further out than what is inside.
        """
        own, home = self.addresses_of(host)[version], self.hosts[host]["site"]
        worn = self._shown_at(home, self._position(home, host), site, sender, version)
        return worn or shown_address(own, self._mapped_for(home, site))

    def worn_by(self, site: str, host: str, version: int) -> Address | None:
        """The address that packets from machines inside *site* wear at a host; None where it is their own.

        Where their network is mapped, the first of those that they wear.
        """
        mapped = self._mapped_for(site, self.hosts[host]["site"]) if version == 4 else ()
        worn = self._shown_at(site, -1, self.hosts[host]["site"], host, version)
        return worn or next((Address(4, item.shown.first) for item in mapped), None)

    def _mapped_for(self, home: str, site: str) -> tuple[Mapped, ...]:
        """What machines in *site* know the networks of another one as, where a device between the two maps them."""
        here, there = self._sites.get(site), self._sites[home]
        near = here is not None and any(self._sites[name].met_in[4] == there.met_in[4] for name in here.levels)
        return there.mapped if near and home != site else ()

    def mapped_address(self, host: str) -> Address | None:
        """What the other sites of its realm know a host's IPv4 address as; None where that is its own."""
        own, site = self.addresses_of(host).get(4), self._sites[self.hosts[host]["site"]]
        shown = shown_address(own, site.mapped) if own is not None else None
        return shown if shown != own else None

    def is_near(self, host: str, site: str, version: int) -> bool:
        """Whether a host and machines inside *site* reach each other without the Internet."""
        return self._meeting(self.hosts[host]["site"], site, version) is not None

    def _shown_at(self, home: str, place: int, site: str, other: str, version: int) -> Address | None:
        """What is worn where *other* stands in *site* by what stands at a place of a row; None for its own address."""
        there, since = self._sites[home], max(place, 0)
        until = there.gateways.index(other) if other in there.gateways else -1
        if until >= 0:
            return self._before(there, since, until, other, version) if place < until else None
        if home == site:
            return None
        meeting = self._meeting(site, home, version)
        if meeting is None:
            return there.outermost(version, since)
        return there.outermost(version, since, len(there.gateways) - len(self._sites[meeting].gateways))

    def _before(self, there: PlanSite, since: int, until: int, router: str, version: int) -> Address | None:
        """What some gateways on the way out of a site show to a router further out."""
        home = self.hosts[router]["site"]
        shown = None
        for index in range(since, until):
            level = self._level(there, index)
            # In one realm nothing is translated, but for a router of the row itself.
            if level == home or self._realm(level, version) != self._realm(home, version):
                shown = there.outermost(version, index, index + 1) or shown
        return shown

    def _level(self, site: PlanSite, index: int) -> str:
        """The site that a gateway on the way out of another one belongs to."""
        left = len(site.gateways) - index
        return next(name for name in reversed(site.levels) if len(self._sites[name].gateways) >= left)

    def _meeting(self, here: str, there: str, version: int) -> str | None:
        """The site of *there*, or around it, which machines of *here* reach without the Internet; None for none."""
        levels = self._sites[there].levels
        for inner in self._sites[here].levels if here else ():
            realm = self._met_in(inner, version)
            found = next((name for name in levels if name == inner or self._met_in(name, version) == realm), None)
            if found is not None:
                return found
        return None

    def shown(self, host: str, other: str, version: int) -> Address | None:
        """The address that *host* has where *other* stands: what that one dials, and what *host*'s packets to it wear.

        None where one of the two has no address of that IP version.
        """
        if version not in self.addresses_of(host) or version not in self.addresses_of(other):
            return None
        return self.dialled(self.hosts[other]["site"], host, version, other)

    def public_address(self, host: str, version: int) -> Address | None:
        """The address that a host's packets wear outside all routers of its site; None where none translates them."""
        home = self.hosts[host]["site"]
        return self._sites[home].outermost(version, max(self._position(home, host), 0))

    def is_made_up(self, address: Address) -> bool:
        """Whether an address stands for one that changes: nobody knows which machine has it now."""
        return address in self._made_up

    def worn_beyond(self, site: str, index: int, version: int) -> Address | None:
        """The address that packets wear beyond a site's gateway of that index; None where it does not translate."""
        return next((item for item in self._sites[site].public[index] if item.version == version), None)

    def realm(self, host: str, version: int) -> str:
        """The realm of a host's site: the sites among which addresses of that IP version are not translated."""
        return self._realm(self.hosts[host]["site"], version)

    def same_realm(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts are in one site, or in sites of one realm."""
        return self.in_realm_of(one, self.hosts[other]["site"], version)

    def in_realm_of(self, host: str, site: str, version: int) -> bool:
        """Whether a host is in *site*, or in a site of its realm: they meet under their own addresses."""
        here = self.hosts[host]["site"]
        return here == site or self._realm(here, version) == self._realm(site, version)

    def worn_outside(self, site: str, version: int) -> Address | None:
        """The address that packets from inside *site* wear outside all of its routers; None where none translates."""
        return self._sites[site].outermost(version)

    def is_local(self, host: str, address: Address) -> bool:
        """Whether an address lies in a network of the realm of a host's site, or of one that it is nested in."""
        version = address.version
        levels = self._sites[self.hosts[host]["site"]].levels
        realms = {realm(level, version) for level in levels for realm in (self._realm, self._met_in)}
        return any(network.holds(address) for realm in realms for network in self._networks_of(realm, version))

    def _networks_of(self, realm: str, version: int) -> Sequence[Prefix]:
        """The networks of all sites of a realm, as they know each other."""
        if self._networks is None:
            self._networks = {}
            for site in self._sites.values():
                shown = {item.own: item.shown for item in site.mapped}
                for network in site.networks:
                    known = {site.realm[network.version]: network}
                    known.setdefault(site.met_in[network.version], shown.get(network, network))
                    for name, item in known.items():
                        self._networks.setdefault((name, network.version), []).append(item)
        return self._networks.get((realm, version), ())

    def routers_in(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The routers of *target*'s site that a packet of *sender* to it passes, the innermost first."""
        here, home = self.hosts[sender]["site"], self.hosts[target]["site"]
        gateways, since = self._sites[home].gateways, self._position(home, target) + 1
        if sender in gateways:
            return gateways[since : gateways.index(sender)]
        common = self._common(here, home)
        if common is None:
            return gateways[since:]
        inward = gateways[since : len(gateways) - len(self._sites[common].gateways)]
        # To a router of its own site a packet goes outward; between its networks the innermost router stands.
        if (common == home and since) or target in self._sites[here].gateways:
            return inward
        nets = {self._network_at(common, name, version) for name in (sender, target)}
        turn = self._sites[common].gateways[: min(self._sites[common].own, 1)]
        return inward if len(nets) < 2 or (here != home and None in nets) else (*inward, *turn)

    def routers_away(self, sender: str, target: str) -> tuple[str, ...]:
        """The routers that a packet of *sender* to another site passes before it comes to what both sites are in."""
        outward = self.further_out(sender)
        if target in outward:
            return outward[: outward.index(target)]
        common = self._common(self.hosts[sender]["site"], self.hosts[target]["site"])
        return outward if common is None else outward[: max(len(outward) - len(self._sites[common].gateways), 0)]

    def _common(self, here: str, there: str) -> str | None:
        """The innermost site that two sites are nested in, or are; None where they meet outside of all."""
        levels = self._sites[there].levels
        return next((name for name in self._sites[here].levels if name in levels), None)

    def _network_at(self, site: str, host: str, version: int) -> Prefix | None:
        """The network of a site in which a host is, or the router that it comes through from a nested one."""
        levels = self._sites[self.hosts[host]["site"]].levels
        depth = levels.index(site)
        if depth:
            return self._standing(self._sites[levels[depth - 1]], version)
        own = self.addresses_of(host).get(version)
        return self._sites[site].network_of(own) if own is not None else None

    def _standing(self, nested: PlanSite, version: int) -> Prefix | None:
        """The network around a nested site in which its outermost router stands; None where that is not known."""
        router, around = nested.gateways[nested.own - 1], self._sites[nested.levels[1]]
        shown = [address for address in nested.public[nested.own - 1] if address.version == version]
        if not shown and self.hosts[router]["site"] == around.name:
            shown = [address for address in self.addresses_of(router).values() if address.version == version]
        return next((network for network in map(around.network_of, shown) if network is not None), None)

    def routers_out(self, sender: str, version: int) -> tuple[str, ...]:
        """The routers of its site that a packet of *sender* leaves through with its own address, the innermost first.

        Further out, everybody behind a router that translates has that router's address.
        """
        home = self.hosts[sender]["site"]
        site, since = self._sites[home], self._position(home, sender)
        found: list[str] = []
        for index in range(max(since, 0), len(site.gateways)):
            if index > since:
                found.append(site.gateways[index])
            if any(address.version == version for address in site.public[index]):
                break
        return tuple(found)

    def further_out(self, host: str) -> tuple[str, ...]:
        """All routers of a host's site that stand between it and the outside, the innermost first."""
        home = self.hosts[host]["site"]
        return self._sites[home].gateways[self._position(home, host) + 1 :]

    def _position(self, site: str, host: str) -> int:
        """Where a host stands in a site's row of gateways; -1 inside."""
        return next((index for name, index in self._positions.get(host, ()) if name == site), -1)

    def _realm(self, site: str, version: int) -> str:
        return self._sites[site].realm[version] if site else INTERNET

    def _met_in(self, site: str, version: int) -> str:
        return self._sites[site].met_in[version] if site else INTERNET

    def meet_mapped(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts meet without the Internet and a device between their sites maps addresses."""
        here, there = (self._sites[self.hosts[host]["site"]] for host in (one, other))
        mapped = version == 4 and here is not there and bool(here.mapped or there.mapped)
        return mapped and here.met_in[4] == there.met_in[4]
