# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must pass and what must be refused, derived from a plan: the probes that prove or disprove it.

What must pass is each flow, between the hosts that can show it. What must be refused is everything next to it that no
flow and no opening names (permitted.py): a candidate that something permits is dropped, and one that cannot be told
from an allowed packet is a remark and no probe.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange, merge_ranges
from ..plan_files.view import FlowView, PlanView, view_plan
from ..tracing.topology import Topology
from .flow_ends import FlowEnds
from .guards import Guards
from .known_protocols import with_questions
from .permit_probes import PermitProbes
from .permitted import Candidate, Permissions
from .probes import (
    CALLBACK,
    CONTROL,
    FLOW,
    NEIGHBOUR,
    OPEN,
    OTHER_HOST,
    OTHER_PROTOCOL,
    OTHER_RANGE,
    OTHER_SOURCE,
    SILENT,
    SWITCHED_OFF,
    THROUGH,
    UNASKED,
    UNSOLICITED,
    Expectations,
    LeftOut,
    Limits,
    Probe,
    keep_within,
    tried_ports,
)
from .sampling import in_turn, neighbourhoods

_OTHER = {"tcp": "udp", "udp": "tcp"}

#: Where somebody listens: host, transport, IP version, and the port that packets to it come from.
_Listener = tuple[str, str, int, int | None]


def expectations(
    plan: Mapping[str, Any], slices: Mapping[str, Mapping[str, Any]], limits: Limits | None = None
) -> Expectations:
    """Return all probes of a plan.

    Args:
        plan: content of ``plan.json``.
        slices: contents of ``hosts/<host>.json`` by host; only those of routers are asked for.
        limits: how much to keep of it.
    """
    limits = limits or Limits()
    view = view_plan(plan)
    guards = Guards(view, Topology(plan), slices)
    permissions = Permissions(view, guards)
    ends = FlowEnds(view, guards, limits.others)
    deriver = _Deriver(view, guards, permissions, ends, limits)
    permits = PermitProbes(view, guards, permissions, limits)
    probes, left_out = keep_within(itertools.chain(deriver.probes(), permits.probes()), limits)
    return Expectations(
        plan=str(plan.get("digest", "")),
        probes=with_questions(_with_controls(probes, guards.holder), view),
        left_out=(*deriver.left_out, *permits.left_out(), *left_out),
        shared_addresses=permissions.shared_addresses(),
        not_probed=ends.not_probed(),
        by_reasoning=permits.by_reasoning(),
    )


@dataclass(frozen=True, slots=True)
class _Sending:
    """What all probes of one question have in common."""

    transport: str
    kind: str
    reason: str
    source_port: int | None = None


class _Deriver:
    """Derives the probes of one plan; collects on the way what is left out."""

    def __init__(
        self, view: PlanView, guards: Guards, permissions: Permissions, ends: FlowEnds, limits: Limits
    ) -> None:
        self.left_out: list[LeftOut] = []
        self._view = view
        self._guards = guards
        self._permissions = permissions
        self._ends = ends
        self._limits = limits
        # Each flow between hosts that can show it. A flow without a rule of its own is never sent unasked.
        self._shown: list[FlowView] = []
        self._carried: list[FlowView] = []
        self._off: list[FlowView] = []
        for flow in view.flows:
            for shown in ends.between_hosts(flow):
                kept = self._off if not flow.enabled else self._carried if flow.carried_by else self._shown
                kept.append(shown)
        # Whoever stands for the Internet is shown above; here are the flows as they are, whoever may send them.
        self._ruled = [
            flow for flow in view.flows if flow.enabled and not flow.carried_by and flow.destination in view.hosts
        ]
        self._senders = [name for name, host in view.hosts.items() if host.traits.sends_probes]

    def probes(self) -> Iterator[Probe]:
        """All probes; the first of two equal questions is the one that counts."""
        yield from self._flow_probes()
        yield from self._switched_off()
        yield from self._neighbours()
        yield from self._other_protocols()
        yield from self._other_source_ports()
        yield from self._unasked()
        yield from self._other_hosts()
        yield from self._other_ranges()
        yield from self._unsolicited()

    # --- what must pass ---------------------------------------------------------------------------------------------

    def _flow_probes(self) -> Iterator[Probe]:
        for flow in self._shown:
            kind = CALLBACK if flow.callback or (flow.from_server and self._is_client(flow)) else FLOW
            for port in tried_ports(flow.ports):
                yield Probe(
                    flow.source,
                    flow.dial,
                    port,
                    flow.transport,
                    self._answer_to(flow),
                    kind,
                    flow.destination,
                    flow.reason,
                    flow.id,
                    flow.source_port,
                    not self._view.hosts[flow.destination].traits.logged_in,
                )

    def _is_client(self, flow: FlowView) -> bool:
        return "client" in self._view.hosts[flow.destination].roles

    def _answer_to(self, flow: FlowView) -> str:
        """What must come of a flow's packet.

        A server listens on its port. Of a range, somebody listens on some ports: both ends must let packets in. What
        runs on a machine that nobody logs in to is not for the plan to say.
        """
        single = len(flow.ports) == 1 and flow.ports[0].size == 1
        return OPEN if single and not flow.callback and self._view.hosts[flow.destination].traits.logged_in else THROUGH

    # --- what must be refused ---------------------------------------------------------------------------------------

    def _switched_off(self) -> Iterator[Probe]:
        for flow in self._off:
            about = _Sending(flow.transport, SWITCHED_OFF, f"{flow.id} is switched off", flow.source_port)
            yield from self._beside(flow, tried_ports(flow.ports), about)

    def _neighbours(self) -> Iterator[Probe]:
        groups: dict[tuple[object, ...], list[FlowView]] = defaultdict(list)
        for flow in self._shown:
            groups[flow.source, flow.dial, flow.transport, flow.source_ports].append(flow)
        for flows in groups.values():
            # Whatever is merged begins where one of its parts begins.
            owners = {item.low: flow for flow in reversed(flows) for item in flow.ports}
            for merged in merge_ranges(item for flow in flows for item in flow.ports):
                owner = owners[merged.low]
                ports = [port for port in (merged.low - 1, merged.high + 1) if FIRST_PORT <= port <= LAST_PORT]
                reason = f"beside {merged.text}/{owner.transport}, which is open"
                yield from self._beside(owner, ports, _Sending(owner.transport, NEIGHBOUR, reason, owner.source_port))

    def _other_protocols(self) -> Iterator[Probe]:
        for flow in self._shown:
            other = _OTHER[flow.transport]
            for port in tried_ports(flow.ports):
                reason = f"port {port} is open for {flow.transport} and not for {other}"
                yield from self._beside(flow, [port], _Sending(other, OTHER_PROTOCOL, reason, flow.source_port))

    def _other_source_ports(self) -> Iterator[Probe]:
        for flow in self._shown:
            if flow.source_ports:
                last = flow.source_ports[-1].high
                port = last + 1 if last < LAST_PORT else flow.source_ports[0].low - 1
                allowed = ", ".join(item.text for item in flow.source_ports)
                reason = f"only packets from port {allowed} may come, and this one comes from {port}"
                about = _Sending(flow.transport, OTHER_SOURCE, reason, port)
                yield from self._beside(flow, tried_ports(flow.ports), about)

    def _unasked(self) -> Iterator[Probe]:
        """From a server's own port to its client: what passes only while the client asks, and what only answers."""
        for flow in self._carried:
            reason = f"{flow.id} has no rule: it passes only through what {flow.carried_by} keeps open"
            about = _Sending(flow.transport, UNASKED, reason, flow.source_port)
            probes = [*self._beside(flow, tried_ports(flow.ports), about), *self._directly(flow, about)]
            yield from probes
            if not probes:
                self._ends.note(flow, "only what was asked for is let in, but other rules let the same through unasked")
        every = (PortRange(FIRST_PORT, LAST_PORT),)
        port = tried_ports(every)[1]
        for flow in self._ruled:
            client, server = flow.source, flow.destination
            # Over TCP an answer is told from a beginning by its flags; a datagram has none.
            if flow.transport != "udp" or flow.from_server or client not in self._view.hosts:
                continue
            reason = f"{client} sends to this port of {server} and gets answers; nothing may come unasked"
            about = _Sending("udp", UNASKED, reason, flow.ports[0].low)
            if self._view.hosts[server].traits.sends_probes:
                yield from self._refused([server], client, flow.version, [port], about)

    def _other_hosts(self) -> Iterator[Probe]:
        """Hosts that do not use a server, to the server's ports."""
        served: dict[_Listener, set[PortRange]] = defaultdict(set)
        for flow in self._ruled:
            if not flow.from_server:
                served[flow.destination, flow.transport, flow.version, flow.source_port].update(flow.ports)
        hosts = self._senders
        each = len(served) if self._limits.all_pairs(len(served), len(hosts)) else min(self._limits.others, len(served))
        triers: dict[int, list[str]] = defaultdict(list)
        for index, host in enumerate(hosts):
            for step in range(each):
                triers[(index + step) % len(served)].append(host)
        for index, (listener, ports) in enumerate(sorted(served.items(), key=_listener_order)):
            server, transport, version, source_port = listener
            about = _Sending(transport, OTHER_HOST, f"nobody but its clients may reach {server}", source_port)
            yield from self._refused(triers[index], server, version, tried_ports(merge_ranges(ports)), about)
        if each < len(served):
            rule = f"each host tries {each} servers, in turn"
            self.left_out.append(LeftOut("", OTHER_HOST, len(served) * len(hosts), each * len(hosts), rule))

    def _other_ranges(self) -> Iterator[Probe]:
        """A client's ports for its server: others to them, and its server to them under another client's address."""
        ranges: dict[_Listener, set[PortRange]] = defaultdict(set)
        callers: dict[str, set[str]] = defaultdict(set)
        called = [flow for flow in self._ruled if flow.from_server and flow.source in self._view.hosts]
        for flow in called:
            ranges[flow.destination, flow.transport, flow.version, flow.source_port].update(flow.ports)
            callers[flow.destination].add(flow.source)
        clients = sorted({listener[0] for listener in ranges})
        servers = sorted({flow.destination for flow in self._ruled if not flow.from_server})
        servers = [name for name in servers if self._view.hosts[name].traits.sends_probes]
        all_pairs = self._limits.all_pairs(len(clients), len(clients))
        nearby = neighbourhoods(clients, self._view.hosts, len(clients) if all_pairs else self._limits.others)
        self._record_pairs(len(clients), sum(len(others) for others in nearby.values()))
        for listener, ports in sorted(ranges.items(), key=_listener_order):
            client, transport, version, source_port = listener
            near = (name for name in nearby[client] if self._view.hosts[name].traits.sends_probes)
            senders = [*near, *(server for server in servers[: self._limits.others] if server != client)]
            strangers = [host for host in dict.fromkeys(senders) if host not in callers[client]]
            reason = f"only the server of {client} may start anything towards it"
            about = _Sending(transport, OTHER_RANGE, reason, source_port)
            yield from self._refused(strangers, client, version, tried_ports(merge_ranges(ports)), about)
        for flow in called:
            if not flow.callback or not self._view.hosts[flow.source].traits.sends_probes:
                continue
            for other in nearby[flow.destination]:
                for port in tried_ports(merge_ranges(ranges.get((other, *_way_of(flow)), ()))):
                    reason = f"port {port} is in the call-back range of {other}, and not of {flow.destination}"
                    about = _Sending(flow.transport, OTHER_RANGE, reason, flow.source_port)
                    yield from self._beside(flow, [port], about)

    def _unsolicited(self) -> Iterator[Probe]:
        """From outside a translating site: its hosts by their own addresses, and its public address."""
        view, gateways = self._view, self._view.gateways
        ports_of: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for flow in self._ruled:
            ports_of[flow.destination].add((flow.transport, flow.ports[0].low))
        senders = [name for name in self._senders if name not in gateways]
        for version in (4, 6):
            hidden = [name for name in view.hosts if name not in gateways and self._guards.is_hidden(name, version)]
            everybody = self._limits.all_pairs(len(senders), len(hidden))
            for index, sender in enumerate(senders):
                for target in hidden if everybody else in_turn(hidden, index, self._limits.others):
                    if not self._guards.same_realm(sender, target, version):
                        yield from self._knock(sender, target, version, ports_of.get(target, set()))
            if not everybody:
                rule = f"each host tries {self._limits.others} hosts behind routers, in turn"
                possible, kept = len(senders) * len(hidden), len(senders) * self._limits.others
                self.left_out.append(LeftOut("", UNSOLICITED, possible, kept, rule))

    def _knock(self, sender: str, target: str, version: int, ports: set[tuple[str, int]]) -> Iterator[Probe]:
        own = self._view.hosts[target].address(version)
        public = self._guards.shown(target, sender, version)
        if own is None or public is None:
            return
        reason = f"{target} is behind a router; nobody outside may reach {own} by itself"
        named = (opening for opening in self._view.openings(target) if opening.transport in _OTHER)
        doors = [(opening.transport, opening.ports[0].low) for opening in itertools.islice(named, 1)]
        if not self._guards.is_local(sender, own):
            for transport, port in sorted({*ports, *doors}):
                yield from self._to(sender, target, own, [port], _Sending(transport, UNSOLICITED, reason))
        reason = f"{sender} has no business with {target}"
        for transport, port in sorted(ports):
            yield from self._to(sender, target, public, [port], _Sending(transport, UNSOLICITED, reason))

    # --- small steps ------------------------------------------------------------------------------------------------

    def _beside(self, flow: FlowView, ports: Iterable[int], about: _Sending) -> Iterator[Probe]:
        """Probes on a flow's way that must be silent, without those that something permits."""
        worn = flow.arrives_from
        if "/" in worn or ", " in worn:
            worn = self._guards.shown(flow.source, flow.destination, flow.version) or ""
        for port in ports if worn and flow.is_dialled else ():
            candidate = Candidate(
                flow.source, flow.destination, worn, flow.dial, port, about.transport, about.source_port
            )
            if self._permissions.refusable(candidate):
                yield _silent(candidate, about, flow.id)

    def _directly(self, flow: FlowView, about: _Sending) -> Iterator[Probe]:
        """The same to the destination's own address, where it has one, which is another one and means nobody else."""
        own = flow.destination_address
        if own != flow.dial and "/" not in own and ", " not in own and not self._guards.is_local(flow.source, own):
            yield from self._to(flow.source, flow.destination, own, tried_ports(flow.ports), about)

    def _refused(
        self, senders: Iterable[str], target: str, version: int, ports: Iterable[int], about: _Sending
    ) -> Iterator[Probe]:
        """Probes of *senders* to *target*'s ports, without those that something permits."""
        for sender in senders:
            if sender == target or (sender in self._view.gateways and not self._in_one_site(sender, target)):
                continue
            dial = self._guards.shown(target, sender, version)
            if dial is not None:
                yield from self._to(sender, target, dial, ports, about)

    def _to(self, sender: str, target: str, dial: str, ports: Iterable[int], about: _Sending) -> Iterator[Probe]:
        worn = self._guards.shown(sender, target, 6 if ":" in dial else 4)
        if worn is not None and not self._guards.is_made_up(dial):
            for port in ports:
                candidate = Candidate(sender, target, worn, dial, port, about.transport, about.source_port)
                if self._permissions.refusable(candidate):
                    yield _silent(candidate, about)

    def _in_one_site(self, one: str, other: str) -> bool:
        return self._view.hosts[one].site == self._view.hosts[other].site

    def _record_pairs(self, clients: int, kept: int) -> None:
        possible = clients * (clients - 1)
        if kept < possible:
            others = self._limits.others
            rule = f"each range is tried by the {others} next clients of its site and of all sites, by name"
            self.left_out.append(LeftOut("", OTHER_RANGE, possible, kept, rule))


def _silent(candidate: Candidate, about: _Sending, flow: str = "") -> Probe:
    return Probe(
        candidate.sender,
        candidate.dial,
        candidate.port,
        candidate.transport,
        SILENT,
        about.kind,
        candidate.target,
        about.reason,
        flow,
        candidate.source_port,
    )


def _way_of(flow: FlowView) -> tuple[str, int, int | None]:
    return flow.transport, flow.version, flow.source_port


def _listener_order(item: tuple[_Listener, object]) -> tuple[str, str, int, int]:
    host, transport, version, source_port = item[0]
    return host, transport, version, source_port or 0


def _with_controls(
    probes: Mapping[str, tuple[Probe, ...]], holder: Callable[[str, str], str]
) -> dict[str, tuple[Probe, ...]]:
    """Add an echo request to every address that a host expects silence from and nothing else."""
    complete = {}
    for host, items in probes.items():
        answering = {item.address for item in items if item.expect != SILENT}
        quiet = {item.address for item in items if item.expect == SILENT} - answering
        reason = "to know whether this address is alive"
        complete[host] = (
            *items,
            *(
                Probe(host, address, None, "icmp", OPEN, CONTROL, holder(host, address), reason)
                for address in sorted(quiet)
            ),
        )
    return complete
