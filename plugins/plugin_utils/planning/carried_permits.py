# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits of hosts on their way: what routers carry so that what ``faxnet_permits`` lets in gets as far as the host.

As with management, each source is let through by every router on its way where packets are routed, and hosts that say
the same share what is made of it: a router has as many rules as its hosts have different permits. Where a router
translates, nothing leads to the host, and an advice says which forward would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ..basics.addresses import Address, End, Prefix, collapse, network_of
from ..basics.findings import Finding
from ..basics.ports import ports_text
from ..inventory.intent import ForwardPermit, Host, Intent, Opening
from ..inventory.permits import ANYWHERE
from ..inventory.reader import listed
from ..platforms.registry import PLATFORMS
from .management import OnTheWay, Together, Way, lacks, open_to_all

#: How names begin of what routers carry for the permits of others.
_PREFIX = "permit/"


class _Carried(OnTheWay):
    """What each router carries: destinations, by the permit and the source."""

    def __init__(self, intent: Intent) -> None:
        super().__init__(intent)
        self._hosts = intent.hosts
        self.carried: dict[str, dict[tuple[Opening, Prefix], dict[Prefix, None]]] = defaultdict(dict)
        #: By router and permit, the sources that a router without connection tracking does not carry.
        self.left: dict[tuple[str, Opening], dict[Prefix, None]] = defaultdict(dict)

    def _let(self, router: str, way: Way, source: End, _direction: str, /) -> None:
        host = self._hosts[router]
        platform = PLATFORMS.get(host.platform)
        if platform is None or lacks(host, way.source.version):
            return
        opening = way.opening._replace(sources=())
        start = source if isinstance(source, Prefix) else network_of(source)
        if platform.traits.abilities.state:
            self.carried[router].setdefault((opening, start), {})[way.destination] = None
        else:
            # Without connection tracking nothing can be told from an answer; such a router carries flows alone.
            self.left[router, opening][start] = None


def carried_permits(intent: Intent, findings: list[Finding]) -> Mapping[str, tuple[ForwardPermit, ...]]:
    """Return what each router carries for the permits of hosts beyond it, by its name; linear in hosts and permits.

    A router that cannot carry them is told in *findings*.
    """
    permitting = _permitting(intent)
    if not permitting:
        return {}
    made = _Carried(intent)
    for group, addresses in permitting.items():
        for version in (4, 6):
            own = [address for address in addresses if address.version == version]
            for opening in group.openings if own else ():
                made.add(group, opening, version, own)
    made.let_out()
    for (router, opening), sources in made.left.items():
        starts = ", ".join(source.text for source in sorted(sources))
        message = (
            f"{router} tracks no connections and carries planned flows alone: what {opening.name} lets in from "
            f"{starts} does not get through it to the hosts beyond"
        )
        cure = f"give {router} a platform that tracks connections, or let in only who is on the hosts' side of it"
        findings.append(Finding("FXN130", (router,), "faxnet_permits", opening.name, message, cure))
    return {router: tuple(sorted(_permits(held))) for router, held in made.carried.items()}


def _permits(held: Mapping[tuple[Opening, Prefix], Mapping[Prefix, None]]) -> list[ForwardPermit]:
    """Permits; sources that lead to the same destinations share one."""
    sources: dict[tuple[Opening, tuple[Prefix, ...]], list[Prefix]] = defaultdict(list)
    for (opening, source), destinations in held.items():
        sources[opening, collapse(destinations)].append(source)
    return [
        ForwardPermit(
            f"{_PREFIX}{opening.name}",
            opening.transport,
            opening.ports,
            collapse(found),
            destinations,
            *((), (), False),
        )
        for (opening, destinations), found in sources.items()
    ]


def _permitting(intent: Intent) -> dict[Together, list[Address]]:
    """The addresses of the hosts that have permits."""
    hosts = [host for host in intent.hosts.values() if host.openings]
    sites = intent.sites.values() if hosts else ()
    gateways = {gateway.host for site in sites for gateway in site.gateways}
    found: dict[Together, list[Address]] = defaultdict(list)
    for host in hosts:
        router = host.name if host.name in gateways else ""
        of_host = found[Together(host.site, router, len(host.addresses) > 1, host.openings)]
        of_host += host.addresses
        for gateway in intent.sites[host.site].gateways[:-1]:
            of_host += gateway.fixed if gateway.host == host.name else ()
    return found


def note_translated(intent: Intent, findings: list[Finding]) -> None:
    """Advise of permits for somebody beyond a router that translates: nothing leads from there to the host."""
    hosts_with_permits = [host for host in intent.hosts.values() if host.openings]
    if not hosts_with_permits:
        return
    noted: dict[tuple[str, str, str, Opening], list[str]] = defaultdict(list)
    realms: dict[tuple[str, int], list[Prefix]] = defaultdict(list)
    for site in intent.sites.values():
        for network in site.shown:
            realms[site.met_in(network.version), network.version].append(network)
    near: dict[tuple[str, Prefix], bool] = {}
    for host in hosts_with_permits:
        for opening in host.openings:
            for source in opening.sources if host.address_of(4) or host.address_of(6) else ():
                worn = _worn(intent, host, source.version) if source.length else None
                if worn is None or host.address_of(source.version) is None:
                    continue
                site = intent.sites[host.site]
                if site.mapped and any(item.overlaps(source) for item in site.networks):
                    continue
                realm = site.met_in(source.version)
                if (realm, source) not in near:
                    near[realm, source] = any(item.overlaps(source) for item in realms[realm, source.version])
                if not near[realm, source]:
                    noted[*worn, source.text, opening._replace(sources=())].append(host.name)
    for (router, public, start, opening), hosts in noted.items():
        ports = ports_text(opening.ports)
        what = f"{ports}/{opening.transport}" if ports else opening.transport
        message = f"{opening.name} is for {start}, beyond {router}, which translates: from there nothing leads to it"
        cure = (
            f"forward {what} of {public} on {router} to the host yourself, and name that in its "
            "faxnet_forward_permits (only_translated: true)"
        )
        findings.append(Finding("FXN129", tuple(hosts), "faxnet_permits", start, message, cure))


def note_open(intent: Intent, findings: list[Finding]) -> None:
    """Advise of permits without sources that routers carry: everybody is let through to the host.

    Who writes 0.0.0.0/0 for a source has named everybody, and is told nothing.
    """
    noted: dict[tuple[Opening, tuple[str, ...]], list[str]] = defaultdict(list)
    for host in intent.hosts.values():
        unnamed = [opening for opening in host.openings if opening.sources is ANYWHERE]
        # Without connection tracking a router carries no permits (FXN130).
        through = tuple(name for name in open_to_all(intent, host) if _tracks(intent.hosts[name])) if unnamed else ()
        for opening in unnamed if through else ():
            noted[opening, through].append(host.name)
    for (opening, through), hosts in noted.items():
        ports = ports_text(opening.ports)
        what = f"{ports}/{opening.transport}" if ports else opening.transport
        message = f"{opening.name} ({what}) names no sources: everybody is let through to it by {listed(through)}"
        cure = (
            "name who may come, such as sources: [192.0.2.0/28], or a host, site or group; "
            "0.0.0.0/0 among them stands for everybody"
        )
        findings.append(Finding("FXN131", tuple(hosts), "faxnet_permits", opening.name, message, cure))


def _tracks(router: Host) -> bool:
    platform = PLATFORMS.get(router.platform)
    return platform is not None and platform.traits.abilities.state


def _worn(intent: Intent, host: Host, version: int) -> tuple[str, str] | None:
    """The outermost router beyond a host that translates, and what it has outside, in words."""
    gateways = intent.sites[host.site].gateways
    place = next((index for index, item in enumerate(gateways, 1) if item.host == host.name), 0)
    for gateway in reversed(gateways[place:]):
        worn = gateway.public_of(version)
        if worn is not None:
            return gateway.host, worn.own.text if worn.own is not None else "its changing address"
    return None
