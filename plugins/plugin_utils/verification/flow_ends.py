# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts can show a flow: those at its ends, or some that stand for the Internet.

A flow may begin or end at "the Internet" or at an address that is not a host of the plan. Hosts outside the server's
realm can play the Internet; a host that nobody here sets can receive what leaves for it. Where nobody can, the flow is
listed with the reason, so that nobody takes it for proven.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice, takewhile, zip_longest

from ..basics.addresses import Address, is_unrouted, parse_address, parse_prefix
from ..basics.names import named
from ..basics.ports import PortRange, merge_ranges
from ..plan_files.view import INTERNET, FlowView, PlanView
from .guards import Guards
from .probes import NotProbed


class FlowEnds:
    """Finds the hosts at the ends of a plan's flows; collects the flows that nobody can show."""

    def __init__(self, view: PlanView, guards: Guards, others: int) -> None:
        self._view = view
        self._guards = guards
        self._others = others
        self._missing: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._unguarded = [
            name for name, host in view.hosts.items() if not host.traits.holds_rules and name not in view.gateways
        ]
        # Hosts that may go out freely under a routed address, by realm and version; made when it is first asked for.
        self._free: dict[int, dict[str, list[str]]] = {}
        # Whoever sends probes, by each address that it may wear where it stands or outside; made likewise.
        self._wearing: list[tuple[Address, str]] | None = None
        # Where flows over TCP are listened for, by host and IP version; made likewise.
        self._listened: dict[tuple[str, int], tuple[PortRange, ...]] | None = None

    def between_hosts(self, flow: FlowView) -> Iterator[FlowView]:
        """A flow with hosts at both ends: as it is, or once for each host that stands for the Internet.

        An enabled flow that nobody can show is noted.
        """
        if self._leaves_from_a_listener(flow):
            self.note(flow, "the sender's program listens on the port that it sends from, so nobody else can send")
            return
        found = False
        for sent in self._with_senders(flow):
            for received in self._with_receivers(sent):
                found = True
                yield received
        if not found and flow.enabled:
            self.note(flow, self._why_not(flow))

    def _leaves_from_a_listener(self, flow: FlowView) -> bool:
        """Whether a flow over TCP leaves from a port on which its sender listens: its program may, no probe can."""
        if not flow.enabled or flow.transport != "tcp" or flow.source_port is None:
            return False
        if self._listened is None:
            found: dict[tuple[str, int], list[PortRange]] = defaultdict(list)
            for other in self._view.flows:
                if other.enabled and other.transport == "tcp":
                    found[other.destination, other.version].extend(other.ports)
            self._listened = {key: merge_ranges(ports) for key, ports in found.items()}
        held = self._listened.get((flow.source, flow.version), ())
        return any(ports.low <= flow.source_port <= ports.high for ports in held)

    def note(self, flow: FlowView, reason: str) -> None:
        """Note that no probe shows a flow, and why."""
        self._missing[f"{flow.service}.{flow.exchange}", reason].append(flow.id)

    def not_probed(self) -> tuple[NotProbed, ...]:
        """The enabled flows noted so far that no probe shows."""
        return tuple(
            NotProbed(exchange, reason, tuple(flows)) for (exchange, reason), flows in sorted(self._missing.items())
        )

    def _with_senders(self, flow: FlowView) -> Iterator[FlowView]:
        host = self._view.hosts.get(flow.source)
        if host is not None:
            if host.traits.sends_probes:
                yield flow
        elif flow.source == INTERNET and flow.destination in self._view.hosts:
            for name in islice(self._outsiders(flow.destination, flow.version), self._others):
                worn = self._guards.shown(name, flow.destination, flow.version)
                if worn is not None:
                    yield flow._replace(source=name, arrives_from=worn)
        elif flow.source != INTERNET and flow.destination in self._view.hosts:
            for name, worn in islice(self._standing_in(flow), self._others):
                yield flow._replace(source=name, arrives_from=worn)

    def _standing_in(self, flow: FlowView) -> Iterator[tuple[str, str]]:
        """Hosts whose packets arrive from the network that a flow comes from, and the address that they wear then."""
        if self._wearing is None:
            self._wearing = sorted(self._worn_by_senders())
        network = parse_prefix(flow.source)
        first = bisect_left(self._wearing, (Address(network.version, network.first), ""))
        standing = takewhile(lambda item: network.holds(item[0]), islice(self._wearing, first, None))
        for name in dict.fromkeys(name for _address, name in standing):
            worn = self._guards.shown(name, flow.destination, flow.version) if name != flow.destination else None
            if worn is not None and network.holds(parse_address(worn)) and not self._guards.is_held_at_home(name):
                yield name, worn

    def _worn_by_senders(self) -> Iterator[tuple[Address, str]]:
        for name, host in self._view.hosts.items():
            for version in (4, 6) if host.traits.sends_probes and name not in self._view.gateways else ():
                mapped = self._guards.mapped(name) if version == 4 else None
                for worn in dict.fromkeys((host.address(version), self._guards.shown_outside(name, version), mapped)):
                    if worn is not None:
                        yield parse_address(worn), name

    def _with_receivers(self, flow: FlowView) -> Iterator[FlowView]:
        view = self._view
        if flow.destination in view.hosts:
            if not view.hosts[flow.destination].stands_for:
                yield flow
                return
            # Of several machines, one that is named by its address, if any, shows the way to all.
            if flow.dialled:
                yield flow._replace(dial=flow.dialled, destination_address=flow.dialled)
            return
        if flow.destination == INTERNET:
            beyond = [name for name in self._unguarded if not self._guards.same_realm(flow.source, name, flow.version)]
        else:
            wanted = parse_prefix(flow.dial)
            beyond = [
                name
                for name in self._unguarded
                if any(wanted.holds(parse_address(address)) for address in view.hosts[name].addresses)
            ]
        taking = (name for name in beyond if self._takes_everything(flow.source, name, flow.version))
        for name in islice(taking, self._others):
            address = view.hosts[name].address(flow.version) or flow.dial
            yield flow._replace(destination=name, dial=address, destination_address=address)

    def _takes_everything(self, sender: str, name: str, version: int) -> bool:
        """Whether such a host is dialled by its own address, and no device that holds rules stands before it."""
        own = self._view.hosts[name].address(version)
        if own is None or own != self._guards.shown(name, sender, version):
            return False
        return not self._guards.on_the_way(sender, name, version)

    def _outsiders(self, server: str, version: int) -> Iterator[str]:
        """Hosts outside the server's realm that can get out to the Internet, one of each realm by turns."""
        if version not in self._free:
            self._free[version] = self._going_out(version)
        own = self._guards.realm(server, version)
        others = [names for realm, names in self._free[version].items() if realm != own]
        # Whoever meets the server in a network around one of them does not come over the Internet.
        outside = self._guards.shown_outside(server, version)
        for turn in zip_longest(*others):
            yield from (name for name in turn if name and self._guards.shown(server, name, version) == outside)

    def _going_out(self, version: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name, host in self._view.hosts.items():
            worn = self._guards.shown_outside(name, version)
            free = host.traits.sends_probes and name not in self._view.gateways and host.address(version) is not None
            if free and worn is not None and not is_unrouted(parse_address(worn)):
                found[self._guards.realm(name, version)].append(name)
        return {
            realm: kept
            for realm, names in found.items()
            if (kept := [name for name in names if not self._guards.is_held_at_home(name)])
        }

    def _why_not(self, flow: FlowView) -> str:
        return self._why_not_from(flow) or self._why_not_to(flow)

    def _why_not_from(self, flow: FlowView) -> str:
        """Why nobody sends packets of a flow; empty where somebody would."""
        source = self._view.hosts.get(flow.source)
        if source is not None and source.stands_for:
            return f"{flow.source} stands for {named(source.stands_for)}: no packet is sent from there"
        if source is not None:
            sends = f"no packet is sent from {flow.source}: the platform {source.platform} sends none"
            return "" if source.traits.sends_probes else sends
        if flow.source == INTERNET:
            return "no host outside the server's realm may go out freely, so that nobody can play the Internet"
        return f"{flow.source} is no host of the plan, and none that stands there may send what it likes"

    def _why_not_to(self, flow: FlowView) -> str:
        """Why nobody receives packets of a flow that somebody would send."""
        destination = self._view.hosts.get(flow.destination)
        if destination is not None:
            return f"{flow.destination} stands for {named(destination.stands_for)}: nobody there is named by an address"
        if flow.destination == INTERNET:
            return "no host of the plan that somebody else sets stands in the Internet to take these packets"
        if self._guards.holder(flow.source, flow.dial):
            return f"{flow.destination} is a host that is not to be dialled from {flow.source} by this address"
        return f"{flow.destination} is not a host of the plan, and packets to it would trouble others"
