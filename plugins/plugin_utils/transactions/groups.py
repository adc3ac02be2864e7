# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate that is too large for one transaction, in groups of sites that belong together.

Sites belong together where a router of one stands in or before another, and, less closely, where flows go from one to
the other. Sites of the first kind are never parted, nor is a site: a router and what stands behind it have their new
rules together. Sites of the second kind are parted only where all of them together are too many.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ..plan_files.view import PlanView


def groups_of_hosts(view: PlanView, hosts: Sequence[str], most: int) -> tuple[tuple[str, ...], ...]:
    """Return hosts of a plan in groups. Linear in hosts and flows, but for the sorting of sites.

    Args:
        hosts: inventory names of the hosts to be changed; within a group they keep their order.
        most: so many hosts are in a group, but where sites that are never parted have more.
    """
    unit_of = _units(view)
    of_unit: dict[str, list[str]] = defaultdict(list)
    for host in hosts:
        of_unit[unit_of[view.hosts[host].site]].append(host)
    groups: list[list[str]] = []
    for network in _networks(_links(view, unit_of), of_unit):
        sizes = [len(of_unit[unit]) for unit in network]
        whole = sum(sizes) <= most
        if groups and len(groups[-1]) + (sum(sizes) if whole else sizes[0]) > most:
            groups.append([])
        for unit in network:
            if not groups or (groups[-1] and len(groups[-1]) + len(of_unit[unit]) > most):
                groups.append([])
            groups[-1] += of_unit[unit]
    return tuple(map(tuple, groups))


def _units(view: PlanView) -> dict[str, str]:
    """The sites that are never parted: for each site, the name that its unit has."""
    above = {name: name for name in view.sites}

    def root(name: str) -> str:
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    first_of: dict[str, str] = {}
    for site in view.sites.values():
        for gateway in site.gateways:
            host = view.hosts.get(gateway.host)
            for other in (first_of.setdefault(gateway.host, site.name), host.site if host else site.name):
                low, high = sorted((root(site.name), root(other)))
                above[high] = low
    return {name: root(name) for name in above}


def _links(view: PlanView, unit_of: Mapping[str, str]) -> dict[str, Counter[str]]:
    """How many flows go between two units."""
    links: dict[str, Counter[str]] = defaultdict(Counter)
    for flow in view.flows:
        source, destination = view.hosts.get(flow.source), view.hosts.get(flow.destination)
        if source is not None and destination is not None and flow.enabled:
            one, other = unit_of[source.site], unit_of[destination.site]
            if one != other:
                links[one][other] += 1
                links[other][one] += 1
    return links


def _networks(links: Mapping[str, Counter[str]], of_unit: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Units that flows connect, each network in an order in which those stand together that have most to say.

    Each begins with the unit that most flows come to or go from: where the servers are.
    """
    left = set(of_unit)
    for start in sorted(of_unit, key=lambda unit: (-links.get(unit, Counter()).total(), unit)):
        if start not in left:
            continue
        network, near = [], [(0, start)]
        while near:
            _flows, unit = heapq.heappop(near)
            if unit not in left:
                continue
            left.remove(unit)
            network.append(unit)
            for other, flows in links.get(unit, Counter()).items():
                heapq.heappush(near, (-flows, other))
        yield network
