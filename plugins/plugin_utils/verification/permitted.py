# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a packet must be refused: nothing names it, and something on its way holds the plan's rules.

What may pass is read from the plan's flows and from the openings (management, and what faxnet_permits names) of the
device that holds the dialled address, and from nothing else. A packet that cannot be refused because its sender wears
an allowed host's address is noted: no rule anywhere could tell the two apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix
from ..basics.ports import PortRange, ports_text
from ..plan_files.view import FlowView, GatewayView, PlanView, version_of
from .probes import Inseparable

#: Where a system may take a source port from that nobody chose: Linux from 32768 on, others from 49152 on (RFC 6335).
_DYNAMIC = PortRange(32768, 65535)


class Packet(NamedTuple):
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
_Likeness = tuple[str, str, str, tuple[str, ...], tuple[str, ...]]


class _Right(NamedTuple):
    """Who may send to some ports, from some ports; ``inner``: to the address that a forward leads to."""

    ports: tuple[PortRange, ...]
    source_ports: tuple[PortRange, ...]
    inner: bool
    senders: set[str]


class _Rights:
    """Rights between two addresses, asked for by port: thousands of clients share a public address."""

    def __init__(self) -> None:
        self._rights: dict[tuple[tuple[PortRange, ...], tuple[PortRange, ...], bool], _Right] = {}
        self._starts: list[int] = []
        self._held: list[tuple[_Right, ...]] = []

    def add(self, flow: FlowView, *, inner: bool) -> None:
        """Add what a flow permits."""
        key = (flow.ports, flow.source_ports, inner)
        self._rights.setdefault(key, _Right(*key, set())).senders.add(flow.source)
        self._starts = []

    def at(self, port: int) -> tuple[_Right, ...]:
        """The rights that hold a destination port."""
        if not self._starts:
            self._arrange()
        return self._held[bisect_right(self._starts, port) - 1]

    def _arrange(self) -> None:
        """Cut the ports where a right begins or ends, and note for each piece what holds there."""
        begins: dict[int, list[_Right]] = defaultdict(list)
        ends: dict[int, list[_Right]] = defaultdict(list)
        for right in self._rights.values():
            for item in right.ports:
                begins[item.low].append(right)
                ends[item.high + 1].append(right)
        held: dict[int, _Right] = {}
        self._starts, self._held = [0], [()]
        for port in sorted({*begins, *ends}):
            for right in ends[port]:
                del held[id(right)]
            held.update((id(right), right) for right in begins[port])
            self._starts.append(port)
            self._held.append(tuple(held.values()))


class Rights:
    """Who may send what in one plan."""

    def __init__(self, view: PlanView, slices: Mapping[str, Mapping[str, Any]]) -> None:
        self._view = view
        self._slices = slices
        self._shut: dict[str, bool] = {}
        # By realm of the sender as well: networks behind different routers may have the same private addresses.
        self._permitted: dict[tuple[str, str, str, str], _Rights] = defaultdict(_Rights)
        # From the Internet and from addresses that are no host's: by the dialled address.
        self._from_outside: dict[tuple[str, str], list[tuple[Prefix, FlowView]]] = defaultdict(list)
        # What routers let out for a host, and what devices without state let back in: by host and transport.
        self._started: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
        self._received: dict[tuple[str, str], list[FlowView]] = defaultdict(list)
        self._networks: dict[tuple[str, int], list[Prefix]] = defaultdict(list)
        for site in view.sites.values():
            for prefix in map(parse_prefix, site.networks):
                self._networks[site.realms[prefix.version], prefix.version].append(prefix)
        self._stateless = {
            name for name, host in view.hosts.items() if host.traits.holds_rules and not host.traits.abilities.state
        }
        # Where every machine holds its rules and remembers connections, each refuses whatever it is to refuse.
        self._plain = not self._stateless and all(host.traits.holds_rules for host in view.hosts.values())
        for flow in view.flows:
            if flow.enabled and not flow.carried_by:
                self._add(flow)
        self._holders = _holders(view)
        # Who could get through, and as whom.
        self._alike: dict[_Likeness, tuple[set[str], dict[int, _Right]]] = {}

    def _add(self, flow: FlowView) -> None:
        # Beyond a forward a packet wears the inner address, and a router cannot tell whether it has forwarded it
        # or whether it came so: to its own source, a flow's inner address is the same flow and proves nothing.
        addresses = dict.fromkeys((flow.dial, flow.destination_address))
        if self._stateless:
            self._received[flow.destination, flow.transport].append(flow)
        if flow.source not in self._view.hosts:
            senders = parse_prefix(flow.arrives_from)
            for address in addresses | self._shown_by(flow.destination):
                self._from_outside[address, flow.transport].append((senders, flow))
            return
        for address in addresses:
            key = (self._realm(flow.source, flow.version), address, flow.transport, flow.arrives_from)
            self._permitted[key].add(flow, inner=address != flow.dial)
        self._started[flow.source, flow.transport].append(flow)

    def _shown_by(self, name: str) -> dict[str, None]:
        """The public addresses of a host's routers: each forwards inward what the next one outside forwards to it."""
        host = self._view.hosts.get(name)
        gateways = () if host is None else self._view.sites[host.site].gateways
        return dict.fromkeys(address for gateway in gateways for address in gateway.public)

    def refusable(self, packet: Packet) -> bool:
        """Whether a packet must be refused; notes it where it cannot be, for want of an address of its own."""
        version = version_of(packet.dial)
        if self._is_for_everybody(packet, version) or not self._is_guarded(packet, version):
            return False
        key = (self._realm(packet.sender, version), packet.dial, packet.transport, packet.worn)
        rights = self._permitted.get(key)
        named = () if rights is None else rights.at(packet.port)
        matching = [right for right in named if _may_come_from(right.source_ports, packet.source_port)]
        if any(right.inner or packet.sender in right.senders for right in matching):
            return False
        if matching:
            return self._is_stopped_at_home(packet, matching)
        holder = self.holder(packet.sender, packet.dial)
        if not holder or self._is_hidden_from(packet.sender, holder, packet.dial):
            # A router passes no management traffic on: what a hidden host opens for it counts inside its site only.
            return True
        source = parse_address(packet.worn)
        openings = self._view.openings.get(holder, ())
        return not any(opening.takes(packet.transport, packet.port, source) for opening in openings)

    def inseparable(self) -> tuple[Inseparable, ...]:
        """What cannot be refused, of all packets asked for so far."""
        return tuple(
            Inseparable(
                hosts=tuple(sorted(hosts)),
                address=address,
                ports=ports_text(item for right in rights.values() for item in right.ports),
                transport=transport,
                shared=shared,
                allowed=tuple(sorted({sender for right in rights.values() for sender in right.senders})),
                gateways=gateways,
                flows=flows,
            )
            for (address, transport, shared, gateways, flows), (hosts, rights) in sorted(self._alike.items())
        )

    def holder(self, sender: str, address: str) -> str:
        """The host that an address means to *sender*; empty where the plan knows none."""
        found = self._holders.get(address, ())
        near = (name for name in found if self._view.same_realm(sender, name, version_of(address)))
        return next(near, found[0] if found else "")

    def is_local(self, sender: str, address: str) -> bool:
        """Whether the address lies in a network of the sender's own realm, where it means somebody else."""
        version = version_of(address)
        return self._holds(self._realm(sender, version), parse_address(address))

    def is_hidden(self, name: str, version: int) -> bool:
        """Whether a host stands behind a public address."""
        host = self._view.hosts[name]
        return host.address(version) is not None and self._view.sites[host.site].public(version) is not None

    def is_held_at_home(self, name: str) -> bool:
        """Whether a router of the host's own site is to let out nothing but the plan's flows."""
        return any(self._lets_only_flows_out(gateway.host) for gateway in self._gateways_of(name))

    def guards(self, sender: str, target: str, version: int) -> tuple[str, ...]:
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

    def _in_one_network(self, one: str, other: str, version: int) -> bool:
        first, second = self._view.hosts[one].address(version), self._view.hosts[other].address(version)
        if first is None or second is None:
            return False
        here, there = parse_address(first), parse_address(second)
        prefixes = map(parse_prefix, self._view.sites[self._view.hosts[one].site].networks)
        return any(prefix.holds(here) and prefix.holds(there) for prefix in prefixes)

    def _is_guarded(self, packet: Packet, version: int) -> bool:
        """Whether something on the way holds the plan's rules and tells this packet from an answer."""
        if self._plain:
            return True
        # A public address is its router's; what that router does not forward ends there.
        holder = self.holder(packet.sender, packet.dial)
        end = holder if holder in self._view.gateways else packet.target
        guards = self.guards(packet.sender, end, version)
        if any(name != end for name in guards):
            # A router between two networks lets pass what looks like a flow of the sender's to the whole Internet.
            passing = self._seeing_the_sender(packet) if self._own_flows_like(packet) else ()
            guards = tuple(name for name in guards if name == end or name not in passing)
        if packet.transport == "udp" and not any(name not in self._stateless for name in guards):
            return bool(guards) and not self._looks_like_an_answer(packet)
        return bool(guards)

    def _looks_like_an_answer(self, packet: Packet) -> bool:
        """Whether a device without state would take a datagram for an answer to what the target has asked."""
        worn = parse_address(packet.worn)
        return any(
            _may_come_from(flow.ports, packet.source_port) and parse_prefix(flow.dial).holds(worn)
            for flow in self._started.get((packet.target, packet.transport), ())
        )

    def _looks_like_an_answer_on_its_way_out(self, packet: Packet) -> bool:
        """Whether a router without state would take a datagram for its sender's answer to what it was asked."""
        if packet.transport != "udp":
            return False
        dial = parse_address(packet.dial)
        return any(
            _may_come_from(flow.ports, packet.source_port)
            and parse_prefix(flow.arrives_from).holds(dial)
            and (not flow.source_ports or any(item.low <= packet.port <= item.high for item in flow.source_ports))
            for flow in self._received.get((packet.sender, packet.transport), ())
        )

    def _is_for_everybody(self, packet: Packet, version: int) -> bool:
        """Whether the packet's port is open to the Internet, or to an address that the sender happens to wear."""
        named = self._from_outside.get((packet.dial, packet.transport))
        if not named:
            return False
        local = self.is_local(packet.sender, packet.dial)
        worn = parse_address(packet.worn)
        return any(
            prefix.holds(worn)
            and any(item.low <= packet.port <= item.high for item in flow.ports)
            and _may_come_from(flow.source_ports, packet.source_port)
            and (not local or self._view.same_realm(packet.sender, flow.destination, version))
            for prefix, flow in named
        )

    def _is_stopped_at_home(self, packet: Packet, matching: Iterable[_Right]) -> bool:
        """Whether a router of the sender's own site refuses what nobody further out can tell from an allowed packet.

        Notes the packet where none does. A router that lets nothing but flows out also lets out whatever looks like a
        flow of the sender's own, be it meant for anybody else: a packet to the whole Internet from the same port.
        """
        taken_for = self._own_flows_like(packet)
        open_routers = []
        for gateway in self._seeing_the_sender(packet):
            if not self._lets_only_flows_out(gateway):
                open_routers.append(gateway)
            elif not taken_for and not (
                gateway in self._stateless and self._looks_like_an_answer_on_its_way_out(packet)
            ):
                return True
        gateways = () if taken_for else tuple(open_routers)
        key = (packet.dial, packet.transport, packet.worn, gateways, taken_for)
        hosts, rights = self._alike.setdefault(key, (set(), {}))
        hosts.add(packet.sender)
        rights.update((id(right), right) for right in matching)
        return False

    def _own_flows_like(self, packet: Packet) -> tuple[str, ...]:
        """The ids of the sender's flows that a router of its site would take a packet for, going out."""
        dial = parse_address(packet.dial)
        return tuple(
            flow.id
            for flow in self._started.get((packet.sender, packet.transport), ())
            if any(item.low <= packet.port <= item.high for item in flow.ports)
            and _may_come_from(flow.source_ports, packet.source_port)
            and parse_prefix(flow.dial).holds(dial)
        )

    def _seeing_the_sender(self, packet: Packet) -> tuple[str, ...]:
        """The managed routers that a packet leaves through while it wears its sender's own address."""
        version = version_of(packet.dial)
        chain = self._view.sites[self._view.hosts[packet.sender].site].gateways
        own = [gateway for gateway in chain if gateway.host == packet.sender]
        found = []
        for gateway in (*own, *self._gateways_of(packet.sender)):
            if self._view.hosts[gateway.host].traits.holds_rules and gateway.host != packet.sender:
                found.append(gateway.host)
            if any(version_of(address) == version for address in gateway.public):
                # Further out, all have this router's address: itself, and whoever stands behind it.
                break
        return tuple(found)

    def _gateways_of(self, name: str) -> tuple[GatewayView, ...]:
        """The routers that a host's packets leave its site through, inside first: for a router, those further out."""
        chain = self._view.sites[self._view.hosts[name].site].gateways
        own = next((index for index, gateway in enumerate(chain) if gateway.host == name), -1)
        return chain[own + 1 :]

    def _realm(self, host: str, version: int) -> str:
        return self._view.sites[self._view.hosts[host].site].realms[version]

    def _holds(self, realm: str, address: Address) -> bool:
        return any(prefix.holds(address) for prefix in self._networks[realm, address.version])

    def _is_hidden_from(self, sender: str, holder: str, dial: str) -> bool:
        version = version_of(dial)
        own = self._view.hosts[holder].address(version) == dial
        return own and self.is_hidden(holder, version) and not self._view.same_realm(sender, holder, version)

    def _lets_only_flows_out(self, gateway: str) -> bool:
        if gateway not in self._shut:
            self._shut[gateway] = self._slices[gateway]["policy"]["outbound"] == "flows"
        return self._shut[gateway]


def _may_come_from(source_ports: tuple[PortRange, ...], port: int | None) -> bool:
    """Whether a packet from *port* may pass; from a port that nobody chose: whether it might. No range allows any."""
    if not source_ports:
        return True
    if port is None:
        return any(item.overlaps(_DYNAMIC) for item in source_ports)
    return any(item.low <= port <= item.high for item in source_ports)


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
