# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a packet must be refused: nothing names it, and something on its way holds the plan's rules.

What may pass is read from the plan's flows and from the openings (management, and what faxnet_permits names) of the
device that holds the dialled address, and from nothing else. A packet that cannot be refused because its sender wears
an allowed host's address is noted: no rule anywhere could tell the two apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ..basics.addresses import Prefix, parse_address, parse_prefix
from ..basics.ports import ports_text
from ..plan_files.view import FlowView, PlanView, version_of
from .guards import Guards
from .outer_routers import OuterRouters
from .peers import members
from .port_permissions import Permission, PortPermissions, may_come_from
from .probes import SharedAddress


class Candidate(NamedTuple):
    """A packet that somebody might send.

    Attributes:
        sender, target: hosts.
        worn: the sender's address as the target's side sees it.
        dial: the address that the sender dials.
        source_port: None where the sender's system chooses one.
    """

    sender: str
    target: str
    worn: str
    dial: str
    port: int
    transport: str
    source_port: int | None = None


#: Address, transport, shared address, routers that could stop it, and flows for which no router stops it.
_SharedKey = tuple[str, str, str, tuple[str, ...], tuple[str, ...]]


class Permissions:
    """Who may send what in one plan."""

    def __init__(self, view: PlanView, guards: Guards) -> None:
        self._view = view
        self._guards = guards
        # By place of the sender as well: networks behind different routers may have the same private addresses.
        self._permitted: dict[tuple[str, str, str, str], PortPermissions] = defaultdict(PortPermissions)
        # From the Internet and from addresses and networks that are no host's: by the dialled address.
        self._from_outside: dict[tuple[str, str], list[tuple[Prefix, FlowView]]] = defaultdict(list)
        # What routers let out for a host, and what devices without state let back in: by host and transport.
        self._started: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
        self._received: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
        self._outer = OuterRouters(view, guards)
        self._around = {site.within for site in view.sites.values() if site.within}
        # Routers that give packets an address of theirs in a network of another site: that site, and the address.
        self._shown_in: dict[tuple[str, int], list[tuple[str, Prefix]]] = defaultdict(list)
        for site in view.sites.values():
            for gateway in site.gateways if site.within else ():
                dynamic = gateway.public_networks or view.sites[site.within].networks if gateway.dynamic else ()
                for network in map(parse_prefix, (*gateway.public, *dynamic)):
                    self._shown_in[gateway.host, network.version].append((site.within, network))
        # What wears an address of a site's network and comes from further in: by site and transport.
        self._worn_in: dict[tuple[str, str], dict[Prefix, list[FlowView]]] = defaultdict(dict)
        among = members(view)
        for flow in view.flows:
            if flow.enabled and not flow.carried_by:
                self._add(flow)
                # Whoever is among several machines may do what they may.
                for name in among.get(flow.source, ()):
                    self._add(flow._replace(source=name))
                for name in among.get(flow.destination, ()):
                    own = view.hosts[name].address(flow.version) or flow.dial
                    mapped = guards.mapped(name) if flow.dial != flow.destination_address else None
                    self._add(flow._replace(destination=name, dial=mapped or own, destination_address=own))
        # Who could get through, and as whom.
        self._shared: dict[_SharedKey, tuple[set[str], dict[int, Permission]]] = {}

    def _add(self, flow: FlowView) -> None:
        # Beyond a forward a packet wears the inner address, and a router cannot tell whether it has forwarded it
        # or whether it came so: to its own source, a flow's inner address is the same flow and proves nothing.
        addresses = dict.fromkeys((*flow.dial.split(", "), *flow.destination_address.split(", ")))
        if self._guards.stateless:
            self._received[flow.destination, flow.transport].append(flow)
        anybodys = "/" in flow.arrives_from or ", " in flow.arrives_from
        if anybodys or flow.source not in self._view.hosts:
            # From somebody outside, or from a public address that changes: whoever wears one like it may as well.
            for senders in flow.senders:
                for address in addresses | self._shown_by(flow.destination):
                    self._from_outside[address, flow.transport].append((senders, flow))
        if flow.source not in self._view.hosts:
            return
        for address in addresses if not anybodys else ():
            key = (self._place(flow.source, flow.version), address, flow.transport, flow.arrives_from)
            self._permitted[key].add(flow, inner=address not in flow.dial.split(", "))
        if self._turns(flow):
            self._add_turned(flow)
        self._started[flow.source, flow.transport].append(flow)
        for router in flow.via if self._shown_in else ():
            # Whoever is behind such a router wears its address beyond it: what others send who have it looks the same.
            shown = self._shown_in.get((router, flow.version), ())
            if shown and router in self._guards.further_out(flow.source):
                self._started[router, flow.transport].append(flow)
                for site, network in shown:
                    self._worn_in[site, flow.transport].setdefault(network, []).append(flow)
        self._outer.add(flow)

    def _add_turned(self, flow: FlowView) -> None:
        """Add what passes besides where a router turns a flow."""
        place = self._place(flow.source, flow.version)
        own = self._view.hosts[flow.source].address(flow.version)
        known = flow.destination in self._view.hosts
        shown = self._guards.shown(flow.source, flow.destination, flow.version) if known else None
        inside = self._shown_by(flow.destination)
        # Further in each router is met at its public address, by what that router itself sends as by what it turns.
        for address in inside:
            self._permitted[place, address, flow.transport, flow.arrives_from].add(flow, inner=True)
        # The router passes the same on where it comes straight, and wears what its sender shows to whoever is there.
        for worn in filter(None, dict.fromkeys((own, shown))):
            for address in (flow.destination_address, *inside) if worn != flow.arrives_from else ():
                self._permitted[place, address, flow.transport, worn].add(flow, inner=True)

    def _turns(self, flow: FlowView) -> bool:
        """Whether a router on a flow's way turns it, and gives it an address of its own as sender."""
        routers = (self._view.hosts[name] for name in flow.via if name in self._view.hosts)
        return any(flow.arrives_from in router.addresses for router in routers)

    def _place(self, host: str, version: int) -> str:
        """Where a host's addresses mean it: its realm; where sites are nested, that of the outermost.

        Nested sites share addresses: a router of one wears in the network around it what everybody behind it wears
        there, and beyond all of them whoever is behind one public address wears that.
        """
        return self._view.sites[self._view.outermost(self._view.hosts[host].site)].realm(version)

    def _shown_by(self, name: str) -> dict[str, None]:
        """What a host is met at beside its own address.

        The public addresses of its routers, for each forwards inward what the next one outside forwards to it, and what
        a VPN maps its address to.
        """
        host = self._view.hosts.get(name)
        gateways = () if host is None else self._view.sites[host.site].gateways
        mapped = self._guards.mapped(name)
        public = (address for gateway in gateways for address in gateway.public)
        return dict.fromkeys((*public, mapped) if mapped is not None else public)

    def refusable(self, candidate: Candidate) -> bool:
        """Whether a packet must be refused; notes it where it cannot be, for want of an address of its own."""
        version = version_of(candidate.dial)
        if self._is_for_everybody(candidate, version) or not self._is_guarded(candidate, version):
            return False
        if self._guards.may_lead_on(candidate.dial):
            return False
        key = (self._place(candidate.sender, version), candidate.dial, candidate.transport, candidate.worn)
        permissions = self._permitted.get(key)
        named = () if permissions is None else permissions.at(candidate.port)
        matching = [permission for permission in named if may_come_from(permission.source_ports, candidate.source_port)]
        if any(permission.inner or candidate.sender in permission.senders for permission in matching):
            return False
        if matching:
            return self._is_stopped_at_home(candidate, matching)
        return not self._is_let_in(candidate, version)

    def _is_let_in(self, candidate: Candidate, version: int) -> bool:
        """Whether the host that is dialled has an opening for the packet, and the routers on the way let it through."""
        holder = self._guards.holder(candidate.sender, candidate.dial)
        if not holder or self._guards.is_hidden_from(candidate.sender, holder, candidate.dial):
            # No router forwards management: what a hidden host opens for it counts in its own realm only.
            return False
        source = parse_address(candidate.worn)
        openings = self._view.openings(holder)
        if not any(opening.takes(candidate.transport, candidate.port, source) for opening in openings):
            return False
        # Routers let through what it names for its management and in its permits, and nothing else of it.
        on_the_way = self._guards.on_the_way(candidate.sender, holder, version)
        inside = candidate._replace(dial=self._guards.behind_a_vpn(candidate.sender, holder, candidate.dial))
        if any(name != holder and not self._passes_management(name, inside) for name in on_the_way):
            return False
        taken_for = self._own_flows_like(candidate)
        leaving = self._guards.leaves_for(candidate.sender, holder, version)
        if any(self._holds_back(gateway, candidate, taken_for) for gateway in leaving):
            return False
        sender, _target, _worn, dial, port, transport, source_port = candidate
        untranslated = self._guards.no_router_translates(sender, holder, version)
        return untranslated or not self._outer.hold_back(sender, holder, dial, transport, port, source_port)

    def shared_addresses(self) -> tuple[SharedAddress, ...]:
        """What cannot be refused, of all packets asked for so far."""
        return tuple(
            SharedAddress(
                hosts=tuple(sorted(hosts)),
                address=address,
                ports=ports_text(item for permission in permissions.values() for item in permission.ports),
                transport=transport,
                shared=shared,
                allowed=tuple(sorted({sender for permission in permissions.values() for sender in permission.senders})),
                gateways=gateways,
                flows=flows,
            )
            for (address, transport, shared, gateways, flows), (hosts, permissions) in sorted(self._shared.items())
        )

    def _is_guarded(self, candidate: Candidate, version: int) -> bool:
        """Whether something on the way holds the plan's rules and tells this packet from an answer."""
        if self._guards.everywhere:
            return True
        # A public address is its router's; what that router does not forward ends there.
        holder = self._guards.holder(candidate.sender, candidate.dial)
        end = holder if holder in self._view.gateways else candidate.target
        inside = candidate._replace(dial=self._guards.behind_a_vpn(candidate.sender, end, candidate.dial))
        guards = tuple(
            name
            for name in self._guards.on_the_way(candidate.sender, end, version)
            if name == end or not self._passes_management(name, inside)
        )
        if any(name != end for name in guards):
            # A router between two networks lets pass what looks like a flow of the sender's to the whole Internet.
            passing = self._taking_it_for_a_flow(candidate)
            guards = tuple(name for name in guards if name == end or name not in passing)
        if candidate.transport == "udp" and not any(name not in self._guards.stateless for name in guards):
            return bool(guards) and not self._looks_like_an_answer(candidate)
        return bool(guards)

    def _passes_management(self, router: str, candidate: Candidate) -> bool:
        """Whether a router lets the packet through for somebody's management."""
        worn, dial, transport, port = candidate.worn, candidate.dial, candidate.transport, candidate.port
        return self._guards.passes_management(router, worn, dial, transport, port)

    def _looks_like_an_answer(self, candidate: Candidate) -> bool:
        """Whether a device without state would take a datagram for an answer to what the target has asked."""
        worn = parse_address(candidate.worn)
        return any(
            may_come_from(flow.ports, candidate.source_port) and any(item.holds(worn) for item in flow.receivers)
            for flow in self._started.get((candidate.target, candidate.transport), ())
        )

    def _looks_like_an_answer_on_its_way_out(self, candidate: Candidate) -> bool:
        """Whether a router without state would take a datagram for its sender's answer to what it was asked."""
        if candidate.transport != "udp":
            return False
        dial = parse_address(candidate.dial)
        return any(
            may_come_from(flow.ports, candidate.source_port)
            and any(senders.holds(dial) for senders in flow.senders)
            and (not flow.source_ports or any(item.low <= candidate.port <= item.high for item in flow.source_ports))
            for flow in self._received.get((candidate.sender, candidate.transport), ())
        )

    def _is_for_everybody(self, candidate: Candidate, version: int) -> bool:
        """Whether the packet's port is open to the Internet, or to an address that the sender happens to wear."""
        named = self._from_outside.get((candidate.dial, candidate.transport))
        if not named:
            return False
        local = self._guards.is_local(candidate.sender, candidate.dial)
        worn = parse_address(candidate.worn)
        return any(
            prefix.holds(worn)
            and any(item.low <= candidate.port <= item.high for item in flow.ports)
            and may_come_from(flow.source_ports, candidate.source_port)
            and (not local or self._is_meant(candidate, flow.destination, version))
            for prefix, flow in named
        )

    def _is_meant(self, candidate: Candidate, name: str, version: int) -> bool:
        """Whether an address of networks that the sender reaches by itself is one by which it reaches a host."""
        near = self._guards.same_realm(candidate.sender, name, version)
        return near or self._guards.shown(name, candidate.sender, version) == candidate.dial

    def _is_stopped_at_home(self, candidate: Candidate, matching: Iterable[Permission]) -> bool:
        """Whether a router of the sender's own site refuses what nobody further out can tell from an allowed packet.

        Notes the packet where none does. A router that lets nothing but flows out also lets out whatever looks like a
        flow of the sender's own, be it meant for anybody else: a packet to the whole Internet from the same port.
        """
        taken_for = self._own_flows_like(candidate)
        open_routers = []
        away = self._guards.routers_away(candidate.sender, candidate.target) if self._around else ()
        for gateway in self._guards.leaves_through(candidate.sender, version_of(candidate.dial)):
            if self._around and gateway not in away:
                continue  # beyond the network in which both are, or meet
            if not self._guards.lets_only_flows_out(gateway):
                open_routers.append(gateway)
            elif self._holds_back(gateway, candidate, taken_for):
                return True
        gateways = () if taken_for else tuple(open_routers)
        key = (candidate.dial, candidate.transport, candidate.worn, gateways, taken_for)
        hosts, permissions = self._shared.setdefault(key, (set(), {}))
        hosts.add(candidate.sender)
        permissions.update((id(permission), permission) for permission in matching)
        return False

    def _holds_back(self, gateway: str, candidate: Candidate, taken_for: tuple[str, ...]) -> bool:
        """Whether a router of the sender's site lets out nothing like the packet.

        Args:
            taken_for: the sender's own flows that it would take the packet for.
        """
        if taken_for or not self._guards.lets_only_flows_out(gateway):
            return False
        if gateway in self._guards.stateless and self._looks_like_an_answer_on_its_way_out(candidate):
            return False
        own = self._view.hosts[candidate.sender].address(version_of(candidate.dial)) or candidate.worn
        return not self._passes_management(gateway, candidate._replace(worn=own))

    def _taking_it_for_a_flow(self, candidate: Candidate) -> tuple[str, ...]:
        """The routers that let a packet pass because it looks like a flow of the sender's own.

        Those of the sender's site; and those beyond which the flow's network stands, for they carry it inward.
        """
        flows = self._own_like(candidate)
        if not flows:
            return ()
        leaving = self._guards.leaves_through(candidate.sender, version_of(candidate.dial))
        return tuple(dict.fromkeys((*leaving, *(router for flow in flows for router in flow.via))))

    def _own_flows_like(self, candidate: Candidate) -> tuple[str, ...]:
        """The ids of the sender's flows that a router of its site would take a packet for, going out."""
        return tuple(flow.id for flow in self._own_like(candidate))

    def _own_like(self, candidate: Candidate) -> tuple[FlowView, ...]:
        """The flows of the sender, or of whoever may wear its address, that a router would take a packet for."""
        dial = parse_address(candidate.dial)
        flows = self._started.get((candidate.sender, candidate.transport), [])
        sender = self._view.hosts[candidate.sender]
        worn = self._worn_in.get((sender.site, candidate.transport))
        own = sender.address(version_of(candidate.dial)) if worn else None
        for network, alike in worn.items() if worn and own else ():
            if network.holds(parse_address(own or "")):
                flows = [*flows, *alike]
        return tuple(
            flow
            for flow in flows
            if any(item.low <= candidate.port <= item.high for item in flow.ports)
            and may_come_from(flow.source_ports, candidate.source_port)
            and any(item.holds(dial) for item in flow.receivers)
        )
