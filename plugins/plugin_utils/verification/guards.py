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

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix
from ..basics.ports import PortRange, parse_ranges
from ..inventory.intent import ForwardPermit
from ..plan_files.view import PlanView, version_of
from ..policies.policy import MANAGEMENT
from ..policies.read_policy import read_policy
from ..tracing.topology import Topology


class Guards:
    """The hosts of one plan that can refuse something, and the addresses by which they are met.

    Attributes:
        stateless: hosts that refuse what their rules do not name, and remember no connection.
        everywhere: whether every host refuses and remembers connections, so that nothing gets past any of them.
    """

    def __init__(self, view: PlanView, topology: Topology, slices: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in a plan's view, its topology, and the slices of its routers, which are asked for when they matter."""
        self._view = view
        self._topology = topology
        self._slices = slices
        self._outbound: dict[str, str] = {}
        self._forward_permits: dict[str, tuple[ForwardPermit, ...]] = {}
        self._leading: set[str] | None = None
        self._management: dict[str, list[tuple[str, tuple[PortRange, ...], Prefix, Prefix]]] = {}
        self._texts: dict[Address, str] = {}
        self._holders = _holders(view, topology)
        self._router_sites: dict[str, tuple[str, ...]] = {}
        for name, site in view.sites.items():
            for gateway in site.gateways:
                self._router_sites[gateway.host] = (*self._router_sites.get(gateway.host, ()), name)
        self.stateless = frozenset(
            name for name, host in view.hosts.items() if host.refuses and not host.traits.abilities.state
        )
        self.everywhere = not self.stateless and all(host.refuses for host in view.hosts.values())

    def shown(self, host: str, other: str, version: int) -> str | None:
        """The address that *host* has where *other* stands: what that one dials, and what *host*'s packets to it wear.

        None where one of the two has no address of that IP version.
        """
        return self._text(self._topology.shown(host, other, version))

    def shown_outside(self, name: str, version: int) -> str | None:
        """The address that a host's packets wear in the Internet; None where it has none of that IP version."""
        return self._text(self._topology.public_address(name, version)) or self._view.hosts[name].address(version)

    def mapped(self, name: str) -> str | None:
        """What the other sites of its realm know a host as, where a VPN maps its network; None of no host, and else."""
        return self._text(self._topology.mapped_address(name)) if name in self._view.hosts else None

    def is_made_up(self, address: str) -> bool:
        """Whether an address only stands for one that changes: nothing may be sent there."""
        return self._topology.is_made_up(parse_address(address))

    def worn_beyond(self, site: str, index: int, version: int) -> str | None:
        """The address that packets wear beyond a site's gateway of that index; None where it does not translate."""
        return self._text(self._topology.worn_beyond(site, index, version))

    def holder(self, sender: str, address: str) -> str:
        """The host that an address means to *sender*; empty where the plan knows none."""
        found = self._holders.get(address, ())
        if len(found) < 2:
            return found[0] if found else ""
        version = version_of(address)
        near = (name for name in found if self.same_realm(sender, name, version))
        met = (name for name in found if self.shown(name, sender, version) == address)
        return next(near, None) or next(met, found[0])

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
        own = self._view.hosts[holder].address(version) == dial != self.shown(holder, sender, version)
        return own and self.is_hidden(holder, version) and not self.same_realm(sender, holder, version)

    def is_held_at_home(self, name: str) -> bool:
        """Whether a router of the host's own site is to let out nothing but the plan's flows."""
        return any(map(self.lets_only_flows_out, self._topology.further_out(name)))

    def on_the_way(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The hosts on the way that refuse what no flow names: routers into the target's site, the target; if they can.

        The sender's own routers are none: they let out whatever the inventory does not forbid.
        """
        return self._refusing((*self._topology.routers_in(sender, target, version), target))

    def refuses(self, name: str) -> bool:
        """Whether a host or router holds the plan's rules and refuses what they do not name."""
        return name in self._view.hosts and self._view.hosts[name].refuses

    def further_out(self, name: str) -> tuple[str, ...]:
        """All routers of a host's site that stand between it and the outside, the innermost first."""
        return self._topology.further_out(name)

    def routers_away(self, sender: str, target: str) -> tuple[str, ...]:
        """The routers that a packet passes before it comes to what the sites of both are nested in, or outside."""
        return self._topology.routers_away(sender, target)

    def leaves_through(self, sender: str, version: int) -> tuple[str, ...]:
        """The routers that refuse, and that a packet leaves through while it wears its sender's own address."""
        return self._refusing(self._topology.routers_out(sender, version))

    def leaves_for(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The same of a packet to another site, but for routers that the two sites share: there it may turn."""
        if self._view.hosts[sender].site == self._view.hosts[target].site:
            return ()
        shared = {target, *self._topology.further_out(target)}
        untranslated = self.no_router_translates(sender, target, version)
        further = self._refusing(self._topology.further_out(sender))
        leaving = further if untranslated else self.leaves_through(sender, version)
        return tuple(name for name in leaving if name not in shared)

    def routers_between(self, sender: str, target: str, version: int) -> tuple[str, ...]:
        """The routers that a packet passes between two hosts that meet under their own addresses."""
        inward = self._topology.routers_in(sender, target, version)
        if self._view.hosts[sender].site == self._view.hosts[target].site:
            return inward
        outward = self._topology.routers_away(sender, target)
        for place, name in enumerate(inward):
            if name in outward:  # there it turns
                return (*outward[: outward.index(name)], *inward[: place + 1])
        return (*outward, *inward)

    def starts_freely(self, router: str, sender: str, target: str) -> bool:
        """Whether a router is of the sender's side alone, and lets that start anything outward."""
        here, there = (self._view.hosts[name].site in self._sites_at(router) for name in (sender, target))
        return here and not there and not self.lets_only_flows_out(router)

    def realms_at(self, router: str, version: int) -> tuple[str, ...]:
        """The realms of the sites that a router is a gateway of."""
        return tuple(dict.fromkeys(self._view.sites[site].realm(version) for site in self._sites_at(router)))

    def _sites_at(self, router: str) -> tuple[str, ...]:
        return self._router_sites.get(router, ())

    def lets_only_flows_out(self, gateway: str) -> bool:
        """Whether a router lets out nothing but the plan's flows."""
        if not self.refuses(gateway):
            return False
        if gateway not in self._outbound:
            self._outbound[gateway] = self._slices[gateway]["policy"]["outbound"]
        return self._outbound[gateway] == "flows"

    def passes_management(self, router: str, source: str, dial: str, transport: str, port: int) -> bool:
        """Whether a router lets such a packet through for somebody's management, or because a permit says so.

        Permits for management name networks, and may name more than the hosts that are meant. By which interfaces a
        packet goes is not known here: what a forward permit may carry, it carries.
        """
        if router not in self._management:
            self._management[router] = [
                (
                    entry["transport"],
                    parse_ranges(entry["ports"]),
                    *map(parse_prefix, (entry["source"], entry["destination"])),
                )
                for entry in self._slices[router]["policy"]["forward"]
                if any(id_.startswith(f"{MANAGEMENT}/") for id_ in entry["flows"])
            ]
        sent, worn = parse_address(dial), parse_address(source)
        if any(not permit.translated and permit.takes(transport, port, worn, sent) for permit in self.carried(router)):
            return True
        return any(
            transport == of_transport
            and any(item.low <= port <= item.high for item in ports)
            and sources.holds(worn)
            and destinations.holds(sent)
            for of_transport, ports, sources, destinations in self._management[router]
        )

    def carries(self, router: str, source: str, dial: str, transport: str, port: int) -> bool:
        """Whether a forward permit carries such a packet for sure, whichever interfaces that passes."""
        worn, sent = parse_address(source), parse_address(dial)
        return any(
            not (permit.translated or permit.from_interfaces or permit.to_interfaces)
            and permit.takes(transport, port, worn, sent)
            for permit in self.carried(router)
        )

    def carried(self, router: str) -> tuple[ForwardPermit, ...]:
        """What a router carries apart from flows and management."""
        if router not in self._forward_permits:
            policy = self._slices[router]["policy"]
            named = policy.get("forward_permits")
            self._forward_permits[router] = read_policy(policy).forward_permits if named else ()
        return self._forward_permits[router]

    def may_lead_on(self, dial: str) -> bool:
        """Whether rules that are none of the plan's may lead what is sent to a router's address on to somebody."""
        if self._leading is None:
            routers = [name for name in self._view.gateways if any(item.translated for item in self.carried(name))]
            public = (gateway for site in self._view.sites.values() for gateway in site.gateways)
            own = {address for name in routers for address in self._view.hosts[name].addresses}
            self._leading = own.union(*(gateway.public for gateway in public if gateway.host in routers))
        return dial in self._leading

    def realm(self, host: str, version: int) -> str:
        """The realm of a host's site."""
        return self._topology.realm(host, version)

    def same_realm(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts meet under their own addresses: in one site, or in sites of one realm."""
        return self._topology.same_realm(one, other, version)

    def no_router_translates(self, sender: str, target: str, version: int) -> bool:
        """Whether two hosts meet without the Internet: in one realm, or over a VPN that maps their networks."""
        return self.same_realm(sender, target, version) or self._topology.meet_mapped(sender, target, version)

    def behind_a_vpn(self, sender: str, target: str, dial: str) -> str:
        """What a packet is sent to on the target's side of a VPN: where that maps networks, the target's own."""
        version = version_of(dial)
        own = self._view.hosts[target].address(version) if target in self._view.hosts else None
        mapped = own is not None and self._topology.meet_mapped(sender, target, version)
        return own if own is not None and mapped and dial == self.mapped(target) else dial

    def _refusing(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filter(self.refuses, names))

    def _text(self, address: Address | None) -> str | None:
        if address is None:
            return None
        text = self._texts.get(address)
        if text is None:
            text = self._texts[address] = address.text
        return text


def _holders(view: PlanView, topology: Topology) -> dict[str, list[str]]:
    """Who holds each address: hosts their own and what a VPN maps it to, routers their public ones."""
    found: dict[str, list[str]] = defaultdict(list)
    for host in view.hosts.values():
        for address in host.addresses:
            found[address].append(host.name)
    mapped = {name for name, site in view.sites.items() if site.mapped_as}
    for host in view.hosts.values() if mapped else ():
        shown = topology.mapped_address(host.name) if host.site in mapped else None
        if shown is not None:
            found[shown.text].append(host.name)
    for site in view.sites.values():
        for gateway in site.gateways:
            for address in gateway.public:
                found[address].append(gateway.host)
    return found
