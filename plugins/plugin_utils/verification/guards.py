# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routers and hosts on a packet's way hold the plan's rules, and by which addresses hosts are met.

Where a packet goes, the topology of a trace says; here is what that means for verification, with addresses as text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ..basics.addresses import Address, parse_address
from ..plan_files.view import PlanView, version_of
from ..tracing.topology import Topology


class Guards:
    """The hosts of one plan that can refuse something, and the addresses by which they are met.

    Attributes:
        stateless: hosts that hold rules and remember no connection.
        everywhere: whether every host holds rules and remembers connections, so that each refuses what it is to refuse.
    """

    def __init__(self, view: PlanView, topology: Topology, slices: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in a plan's view, its topology, and the slices of its routers, which are asked for when they matter."""
        self._view = view
        self._topology = topology
        self._slices = slices
        self._outbound: dict[str, str] = {}
        self._texts: dict[Address, str] = {}
        self._holders = _holders(view)
        self.stateless = frozenset(
            name for name, host in view.hosts.items() if host.traits.holds_rules and not host.traits.abilities.state
        )
        self.everywhere = not self.stateless and all(host.traits.holds_rules for host in view.hosts.values())

    def shown(self, host: str, other: str, version: int) -> str | None:
        """The address that *host* has where *other* stands: what that one dials, and what *host*'s packets to it wear.

        None where one of the two has no address of that IP version.
        """
        return self._text(self._topology.shown(host, other, version))

    def shown_outside(self, name: str, version: int) -> str | None:
        """The address that a host's packets wear in the Internet; None where it has none of that IP version."""
        return self._text(self._topology.public_address(name, version)) or self._view.hosts[name].address(version)

    def holder(self, sender: str, address: str) -> str:
        """The host that an address means to *sender*; empty where the plan knows none."""
        found = self._holders.get(address, ())
        near = (name for name in found if self.same_realm(sender, name, version_of(address)))
        return next(near, found[0] if found else "")

    def is_local(self, sender: str, address: str) -> bool:
        """Whether the address lies in a network of the sender's own realm, where it means somebody else."""
        return self._topology.is_local(sender, parse_address(address))

    def is_hidden(self, name: str, version: int) -> bool:
        """Whether a host stands behind a public address."""
        has_address = self._view.hosts[name].address(version) is not None
        return has_address and self._topology.public_address(name, version) is not None

    def is_hidden_from(self, sender: str, holder: str, dial: str) -> bool:
        """Whether *dial* is a host's own address, and *sender* stands outside the router that hides it."""
        version = version_of(dial)
        own = self._view.hosts[holder].address(version) == dial
        return own and self.is_hidden(holder, version) and not self.same_realm(sender, holder, version)

    def is_held_at_home(self, name: str) -> bool:
        """Whether a router of the host's own site is to let out nothing but the plan's flows."""
        return any(map(self.lets_only_flows_out, self._topology.further_out(name)))

    def on_the_way(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The hosts on the way that refuse what no flow names: routers into the target's site, the target; if they can.

        The sender's own routers are none: they let out whatever the inventory does not forbid.
        """
        return self._with_rules((*self._topology.routers_in(sender, target, version), target))

    def leaves_through(self, sender: str, version: int) -> tuple[str, ...]:
        """The routers with rules that a packet leaves through while it wears its sender's own address."""
        return self._with_rules(self._topology.routers_out(sender, version))

    def lets_only_flows_out(self, gateway: str) -> bool:
        """Whether a router is to let out nothing but the plan's flows."""
        if gateway not in self._outbound:
            self._outbound[gateway] = self._slices[gateway]["policy"]["outbound"]
        return self._outbound[gateway] == "flows"

    def realm(self, host: str, version: int) -> str:
        """The realm of a host's site."""
        return self._topology.realm(host, version)

    def same_realm(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts meet under their own addresses: in one site, or in sites of one realm."""
        return self._topology.same_realm(one, other, version)

    def _with_rules(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if self._view.hosts[name].traits.holds_rules)

    def _text(self, address: Address | None) -> str | None:
        if address is None:
            return None
        text = self._texts.get(address)
        if text is None:
            text = self._texts[address] = address.text
        return text


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
