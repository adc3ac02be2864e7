# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind each router: whoever changes a router's rules asks there whether management still gets through.

A router that answers itself proves nothing of the hosts behind it: its input and its forwarding are other rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..inventory.intent import Intent
from ..platforms.registry import PLATFORMS

#: So many hosts are asked for each router; each is a login, while the router's timer runs.
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind one router.

    Attributes:
        depth: routers on the way out of its site, itself included: 1 stands at the edge. A router in several chains has
            the depth of the longest.
        hosts: the hosts to ask, at most `MOST_ASKED`: as many of each site as of the others, by name.
        count: how many hosts stand there that Ansible logs in to.
    """

    depth: int
    hosts: tuple[str, ...]
    count: int


def hosts_behind(intent: Intent) -> Mapping[str, Behind]:
    """Return what stands behind each gateway, by the gateway's name. Linear in hosts and gateways."""
    in_site: dict[str, list[str]] = {}
    for name in sorted(intent.hosts):
        host = intent.hosts[name]
        if PLATFORMS[host.platform].traits.logged_in:
            in_site.setdefault(host.site, []).append(name)
    depths: dict[str, int] = {}
    sites: dict[str, list[list[str]]] = {}
    for site in intent.sites.values():
        for place, gateway in enumerate(site.gateways):
            depth = len(site.gateways) - place
            depths[gateway.host] = max(depth, depths.get(gateway.host, 0))
            sites.setdefault(gateway.host, []).append(in_site.get(site.name, []))
    return {router: _behind(router, depths[router], lists) for router, lists in sites.items()}


def _behind(router: str, depth: int, sites: list[list[str]]) -> Behind:
    asked: list[str] = []
    for name in _by_turns(sites):
        if len(asked) == MOST_ASKED:
            break
        if name != router:
            asked.append(name)
    count = sum(len(names) for names in sites) - sum(router in names for names in sites)
    return Behind(depth, tuple(asked), count)


def _by_turns(lists: list[list[str]]) -> Iterator[str]:
    """One of each list, then the next of each; no more of a list than can be asked."""
    for turn in range(MOST_ASKED + 1):  # the router itself may be one of them
        for names in lists:
            if turn < len(names):
                yield names[turn]
