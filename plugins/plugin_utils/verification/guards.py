# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a packet's way: whose address it dials, which routers and hosts there hold the plan's rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ..basics.addresses import Prefix, parse_address, parse_prefix
from ..plan_files.view import GatewayView, PlanView, version_of


class Guards:
    """The hosts of one plan that can refuse something, and the addresses by which they are met.

    Attributes:
        stateless: hosts that hold rules and remember no connection.
        everywhere: whether every host holds rules and remembers connections, so that each refuses what it is to refuse.
    """

    def __init__(self, view: PlanView, slices: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in a plan's view and the slices of its routers, which are asked for when they matter."""
        self._view = view
        self._slices = slices
        self._outbound: dict[str, str] = {}
        self._networks: dict[tuple[str, int], list[Prefix]] = defaultdict(list)
        for site in view.sites.values():
            for prefix in map(parse_prefix, site.networks):
                self._networks[site.realms[prefix.version], prefix.version].append(prefix)
        self._holders = _holders(view)
        self.stateless = frozenset(
            name for name, host in view.hosts.items() if host.traits.holds_rules and not host.traits.abilities.state
        )
        self.everywhere = not self.stateless and all(host.traits.holds_rules for host in view.hosts.values())

    def holder(self, sender: str, address: str) -> str:
        """The host that an address means to *sender*; empty where the plan knows none."""
        found = self._holders.get(address, ())
        near = (name for name in found if self._view.same_realm(sender, name, version_of(address)))
        return next(near, found[0] if found else "")

    def is_local(self, sender: str, address: str) -> bool:
        """Whether the address lies in a network of the sender's own realm, where it means somebody else."""
        version = version_of(address)
        wanted = parse_address(address)
        return any(prefix.holds(wanted) for prefix in self._networks[self.realm(sender, version), version])

    def is_hidden(self, name: str, version: int) -> bool:
        """Whether a host stands behind a public address."""
        host = self._view.hosts[name]
        return host.address(version) is not None and self._view.sites[host.site].public(version) is not None

    def is_hidden_from(self, sender: str, holder: str, dial: str) -> bool:
        """Whether *dial* is a host's own address, and *sender* stands outside the router that hides it."""
        version = version_of(dial)
        own = self._view.hosts[holder].address(version) == dial
        return own and self.is_hidden(holder, version) and not self._view.same_realm(sender, holder, version)

    def is_held_at_home(self, name: str) -> bool:
        """Whether a router of the host's own site is to let out nothing but the plan's flows."""
        return any(self.lets_only_flows_out(gateway.host) for gateway in self._gateways_of(name))

    def on_the_way(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The hosts on the way that refuse what no flow names: routers into the target's site, the target; if they can.

        The sender's own routers are none: they let out whatever the inventory does not forbid.
        """
        view = self._view
        here, there = view.hosts[sender], view.hosts[target]
        chain = [gateway.host for gateway in view.sites[there.site].gateways]
        inner = chain.index(target) + 1 if target in chain else 0
        if sender in chain:
            inward = chain[inner : chain.index(sender)]
        elif here.site != there.site:
            inward = chain[inner:]
        else:
            # To a router of its own site a packet goes outward; between its networks the innermost router stands.
            inward = [] if inner or self._in_one_network(sender, target, version) else chain[:1]
        return tuple(name for name in (*inward, target) if view.hosts[name].traits.holds_rules)

    def leaves_through(self, sender: str, version: int) -> tuple[str, ...]:
        """The routers with rules that a packet leaves through while it wears its sender's own address."""
        chain = self._view.sites[self._view.hosts[sender].site].gateways
        own = [gateway for gateway in chain if gateway.host == sender]
        found = []
        for gateway in (*own, *self._gateways_of(sender)):
            if self._view.hosts[gateway.host].traits.holds_rules and gateway.host != sender:
                found.append(gateway.host)
            if any(version_of(address) == version for address in gateway.public):
                # Further out, all have this router's address: itself, and whoever stands behind it.
                break
        return tuple(found)

    def lets_only_flows_out(self, gateway: str) -> bool:
        """Whether a router is to let out nothing but the plan's flows."""
        if gateway not in self._outbound:
            self._outbound[gateway] = self._slices[gateway]["policy"]["outbound"]
        return self._outbound[gateway] == "flows"

    def realm(self, host: str, version: int) -> str:
        """The realm of a host's site."""
        return self._view.sites[self._view.hosts[host].site].realms[version]

    def _in_one_network(self, one: str, other: str, version: int) -> bool:
        first, second = self._view.hosts[one].address(version), self._view.hosts[other].address(version)
        if first is None or second is None:
            return False
        here, there = parse_address(first), parse_address(second)
        prefixes = map(parse_prefix, self._view.sites[self._view.hosts[one].site].networks)
        return any(prefix.holds(here) and prefix.holds(there) for prefix in prefixes)

    def _gateways_of(self, name: str) -> tuple[GatewayView, ...]:
        """The routers that a host's packets leave its site through, inside first: for a router, those further out."""
        chain = self._view.sites[self._view.hosts[name].site].gateways
        own = next((index for index, gateway in enumerate(chain) if gateway.host == name), -1)
        return chain[own + 1 :]


def _holders(view: PlanView) -> dict[str, list[str]]:
    """Who holds each address: hosts their own, routers their public ones."""
    found: dict[str, list[str]] = defaultdict(list)
    for host in view.hosts.values():
        for address in host.addresses:
            found[address].append(host.name)
    for site in view.sites.values():
        for gateway in site.gateways:
            for address in gateway.public:
                found[address].append(gateway.host)
    return found
