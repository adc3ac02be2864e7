# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must pass and what must be refused, derived from a plan: the probes that prove or disprove it.

What may pass is read from the plan's flows and from the openings (management, extras) of the device that holds the
dialled address, and from nothing else; everything else next to it must be silent. A candidate that something permits is
dropped. A candidate that cannot be refused because its sender wears an allowed host's address is not a probe but a
remark, for no rule anywhere could tell the two apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .addresses import Prefix, parse_address, parse_prefix
from .plan_view import FlowView, PlanView, version_of, view_plan
from .ports import FIRST_PORT, LAST_PORT, PortRange, merge_ranges, ports_text
from .probe_sets import (
    CALLBACK,
    CONTROL,
    FLOW,
    NEIGHBOUR,
    OPEN,
    OTHER_HOST,
    OTHER_PROTOCOL,
    OTHER_RANGE,
    SILENT,
    SWITCHED_OFF,
    THROUGH,
    UNSOLICITED,
    Expectations,
    Inseparable,
    LeftOut,
    Limits,
    Probe,
    keep_within,
)

_OTHER = {"tcp": "udp", "udp": "tcp"}


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
    deriver = _Deriver(view_plan(plan), slices, limits)
    probes, left_out = keep_within(deriver.probes(), limits)
    return Expectations(
        plan=str(plan.get("digest", "")),
        probes=_with_controls(probes, deriver.holder),
        left_out=(*deriver.left_out, *left_out),
        inseparable=deriver.inseparable(),
    )


class _Deriver:
    """Derives the probes of one plan; collects on the way what is left out and what cannot be refused."""

    def __init__(self, view: PlanView, slices: Mapping[str, Mapping[str, Any]], limits: Limits) -> None:
        self.left_out: list[LeftOut] = []
        # by address, transport, shared address and gateways: who could get through, who may, and on which ports
        self._alike: dict[tuple[str, str, str, tuple[str, ...]], tuple[set[str], set[str], set[PortRange]]] = {}
        self._view = view
        self._slices = slices
        self._limits = limits
        self._flows = [flow for flow in view.flows if flow.enabled]
        # By realm of the sender as well: networks behind different routers may have the same private addresses.
        self._permitted: dict[tuple[str, str, str, str], list[FlowView]] = defaultdict(list)
        for flow in self._flows:
            # Beyond a forward a packet wears the inner address, and a router cannot tell whether it has forwarded it
            # or whether it came so: to its own source, a flow's inner address is the same flow and proves nothing.
            for address in dict.fromkeys((flow.dial, flow.destination_address)):
                realm = self._realm(flow.source, flow.version)
                self._permitted[realm, address, flow.transport, flow.arrives_from].append(flow)
        self._holders: dict[str, list[str]] = defaultdict(list)
        for host in view.hosts.values():
            for address in host.addresses:
                self._holders[address].append(host.name)
        for site in view.sites.values():
            for gateway in site.gateways:
                for address in gateway.public:
                    self._holders[address].append(gateway.host)
        self._networks: dict[tuple[str, int], list[Prefix]] = defaultdict(list)
        for site in view.sites.values():
            for prefix in map(parse_prefix, site.networks):
                self._networks[site.realms[prefix.version], prefix.version].append(prefix)
        self._gateways = {gateway.host for site in view.sites.values() for gateway in site.gateways}
        self._shut: dict[str, bool] = {}

    def probes(self) -> Iterator[Probe]:
        """All probes; the first of two equal questions is the one that counts."""
        yield from self._flow_probes()
        yield from self._switched_off()
        yield from self._neighbours()
        yield from self._other_protocols()
        yield from self._other_hosts()
        yield from self._other_ranges()
        yield from self._unsolicited()

    def inseparable(self) -> tuple[Inseparable, ...]:
        """What cannot be refused, known once all probes have been taken."""
        return tuple(
            Inseparable(
                hosts=tuple(sorted(hosts)),
                address=address,
                ports=ports_text(ports),
                transport=transport,
                shared=shared,
                allowed=tuple(sorted(allowed)),
                gateways=gateways,
            )
            for (address, transport, shared, gateways), (hosts, allowed, ports) in sorted(self._alike.items())
        )

    # --- what must pass ---------------------------------------------------------------------------------------------

    def _flow_probes(self) -> Iterator[Probe]:
        for flow in self._flows:
            # A server listens on its port. Of a range, a client listens on some ports: both ends must let packets in.
            single = len(flow.ports) == 1 and flow.ports[0].size == 1
            expect = OPEN if single and not flow.callback else THROUGH
            kind = CALLBACK if flow.callback else FLOW
            for port in _ends(flow.ports):
                yield self._probe(flow, port, flow.transport, expect, kind, flow.reason, flow.source_port)

    # --- what must be refused ---------------------------------------------------------------------------------------

    def _switched_off(self) -> Iterator[Probe]:
        for flow in self._view.flows:
            if not flow.enabled:
                for port in _ends(flow.ports):
                    if self._refusable(flow.source, flow.arrives_from, flow.dial, port, flow.transport):
                        reason = f"{flow.id} is switched off"
                        yield self._probe(flow, port, flow.transport, SILENT, SWITCHED_OFF, reason, flow.source_port)

    def _neighbours(self) -> Iterator[Probe]:
        groups: dict[tuple[str, str, str], list[FlowView]] = defaultdict(list)
        for flow in self._flows:
            groups[flow.source, flow.dial, flow.transport].append(flow)
        for flows in groups.values():
            for merged in merge_ranges(item for flow in flows for item in flow.ports):
                owner = _owner(flows, merged)
                for port in (merged.low - 1, merged.high + 1):
                    if FIRST_PORT <= port <= LAST_PORT and self._refusable(
                        owner.source, owner.arrives_from, owner.dial, port, owner.transport
                    ):
                        reason = f"beside {merged.text}/{owner.transport}, which is open"
                        yield self._probe(owner, port, owner.transport, SILENT, NEIGHBOUR, reason)

    def _other_protocols(self) -> Iterator[Probe]:
        for flow in self._flows:
            other = _OTHER[flow.transport]
            for port in _ends(flow.ports):
                if self._refusable(flow.source, flow.arrives_from, flow.dial, port, other):
                    reason = f"port {port} is open for {flow.transport} and not for {other}"
                    yield self._probe(flow, port, other, SILENT, OTHER_PROTOCOL, reason)

    def _other_hosts(self) -> Iterator[Probe]:
        """Hosts that do not use a server, to the server's ports."""
        served: dict[tuple[str, str, int], set[PortRange]] = defaultdict(set)
        for flow in self._flows:
            if not flow.callback:
                served[flow.destination, flow.transport, flow.version].update(flow.ports)
        hosts = list(self._view.hosts)
        each = len(served) if self._limits.all_pairs(len(served), len(hosts)) else min(self._limits.others, len(served))
        turns: dict[int, list[str]] = defaultdict(list)
        for index, host in enumerate(hosts):
            for step in range(each):
                turns[(index + step) % len(served)].append(host)
        for index, ((server, transport, version), ports) in enumerate(sorted(served.items())):
            reason = f"uses no service of {server}"
            yield from self._refused(turns[index], server, transport, version, ports, OTHER_HOST, reason)
        if each < len(served):
            rule = f"each host tries {each} servers, in turn"
            self.left_out.append(LeftOut("", OTHER_HOST, len(served) * len(hosts), each * len(hosts), rule))

    def _other_ranges(self) -> Iterator[Probe]:
        """Each client's call-back range: other clients to it, its server to it under another client's address."""
        ranges: dict[tuple[str, str, int], set[PortRange]] = defaultdict(set)
        callers: dict[str, set[str]] = defaultdict(set)
        for flow in self._flows:
            if flow.callback:
                ranges[flow.destination, flow.transport, flow.version].update(flow.ports)
                callers[flow.destination].add(flow.source)
        clients = sorted({client for client, _transport, _version in ranges})
        servers = sorted({flow.destination for flow in self._flows if not flow.callback})
        nearby = _neighbourhoods(clients, self._view, self._limits.others)
        self._record_pairs(len(clients), sum(len(others) for others in nearby.values()))
        for (client, transport, version), ports in sorted(ranges.items()):
            senders = [*nearby[client], *(server for server in servers[: self._limits.others] if server != client)]
            strangers = [host for host in dict.fromkeys(senders) if host not in callers[client]]
            reason = f"the call-back range of {client} is for its server alone"
            yield from self._refused(strangers, client, transport, version, ports, OTHER_RANGE, reason)
        for flow in self._flows:
            if not flow.callback:
                continue
            for other in nearby[flow.destination]:
                for port in _ends(tuple(sorted(ranges.get((other, flow.transport, flow.version), ())))):
                    if self._refusable(flow.source, flow.arrives_from, flow.dial, port, flow.transport):
                        reason = f"port {port} is in the call-back range of {other}, and not of {flow.destination}"
                        yield self._probe(flow, port, flow.transport, SILENT, OTHER_RANGE, reason)

    def _unsolicited(self) -> Iterator[Probe]:
        """From outside a translating site: its hosts by their own addresses, and its public address."""
        ports_of: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for flow in self._flows:
            ports_of[flow.destination].add((flow.transport, flow.ports[0].low))
        senders = [name for name in self._view.hosts if name not in self._gateways]
        for version in (4, 6):
            hidden = [name for name in self._view.hosts if name not in self._gateways and self._hidden(name, version)]
            everybody = self._limits.all_pairs(len(senders), len(hidden))
            for index, sender in enumerate(senders):
                for target in hidden if everybody else _turn(hidden, index, self._limits.others):
                    if not self._view.same_realm(sender, target, version):
                        yield from self._knock(sender, target, version, ports_of.get(target, set()))
            if not everybody:
                rule = f"each host tries {self._limits.others} hosts behind routers, in turn"
                possible, kept = len(senders) * len(hidden), len(senders) * self._limits.others
                self.left_out.append(LeftOut("", UNSOLICITED, possible, kept, rule))

    def _knock(self, sender: str, target: str, version: int, ports: set[tuple[str, int]]) -> Iterator[Probe]:
        own = self._view.hosts[target].address(version)
        worn = self._view.worn(sender, target, version)
        public = self._view.dial(sender, target, version)
        if own is None or worn is None or public is None:
            return
        reason = f"{target} is behind a router; nobody outside may reach {own} by itself"
        doors = [(opening.transport, opening.ports[0].low) for opening in self._view.openings.get(target, ())[:1]]
        for transport, port in sorted({*ports, *doors}):
            if not self._is_local(sender, own) and self._refusable(sender, worn, own, port, transport):
                yield Probe(sender, own, port, transport, SILENT, UNSOLICITED, target, reason)
        reason = f"{sender} has no business with {target}"
        for transport, port in sorted(ports):
            if self._refusable(sender, worn, public, port, transport):
                yield Probe(sender, public, port, transport, SILENT, UNSOLICITED, target, reason)

    # --- what permits and what cannot be told apart -------------------------------------------------------------------

    def _refused(
        self,
        senders: Iterable[str],
        target: str,
        transport: str,
        version: int,
        ports: Iterable[PortRange],
        kind: str,
        reason: str,
    ) -> Iterator[Probe]:
        """Probes of *senders* to *target*'s ports, without those that something permits."""
        for sender in senders:
            if sender == target or (sender in self._gateways and not self._in_one_site(sender, target)):
                continue
            dial, worn = self._view.dial(sender, target, version), self._view.worn(sender, target, version)
            if dial is None or worn is None:
                continue
            for port in _ends(merge_ranges(ports)):
                if self._refusable(sender, worn, dial, port, transport):
                    text = f"{sender} {reason}" if kind == OTHER_HOST else reason
                    yield Probe(sender, dial, port, transport, SILENT, kind, target, text)

    def _refusable(self, sender: str, worn: str, dial: str, port: int, transport: str) -> bool:
        """Whether a packet must be refused; notes it where it cannot be, for want of an address of its own."""
        matching = [
            flow
            for flow in self._permitted.get((self._realm(sender, version_of(dial)), dial, transport, worn), ())
            if any(item.low <= port <= item.high for item in flow.ports)
        ]
        if any(flow.source == sender or flow.dial != dial for flow in matching):
            return False
        if matching:
            gateways = tuple(gateway.host for gateway in self._view.sites[self._view.hosts[sender].site].gateways)
            if any(self._lets_only_flows_out(gateway) for gateway in gateways):
                return True
            hosts, allowed, ports = self._alike.setdefault((dial, transport, worn, gateways), (set(), set(), set()))
            hosts.add(sender)
            for flow in matching:
                allowed.add(flow.source)
                ports.update(flow.ports)
            return False
        holder = self.holder(sender, dial)
        if not holder or self._is_hidden_from(sender, holder, dial):
            # A router passes no management traffic on: what a hidden host opens for it counts inside its site only.
            return True
        source = parse_address(worn)
        return not any(opening.takes(transport, port, source) for opening in self._view.openings.get(holder, ()))

    def holder(self, sender: str, address: str) -> str:
        """The host that an address means to *sender*; empty where the plan knows none."""
        found = self._holders.get(address, ())
        near = (name for name in found if self._view.same_realm(sender, name, version_of(address)))
        return next(near, found[0] if found else "")

    def _realm(self, host: str, version: int) -> str:
        return self._view.sites[self._view.hosts[host].site].realms[version]

    def _is_local(self, sender: str, address: str) -> bool:
        """Whether the address lies in a network of the sender's own realm, where it means somebody else."""
        version = version_of(address)
        parsed = parse_address(address)
        return any(prefix.holds(parsed) for prefix in self._networks[self._realm(sender, version), version])

    def _is_hidden_from(self, sender: str, holder: str, dial: str) -> bool:
        version = version_of(dial)
        own = self._view.hosts[holder].address(version) == dial
        return own and self._hidden(holder, version) and not self._view.same_realm(sender, holder, version)

    def _lets_only_flows_out(self, gateway: str) -> bool:
        if gateway not in self._shut:
            self._shut[gateway] = self._slices[gateway]["policy"]["outbound"] == "flows"
        return self._shut[gateway]

    # --- small questions --------------------------------------------------------------------------------------------

    def _probe(
        self,
        flow: FlowView,
        port: int,
        transport: str,
        expect: str,
        kind: str,
        reason: str,
        source_port: int | None = None,
    ) -> Probe:
        return Probe(
            flow.source, flow.dial, port, transport, expect, kind, flow.destination, reason, flow.id, source_port
        )

    def _in_one_site(self, one: str, other: str) -> bool:
        return self._view.hosts[one].site == self._view.hosts[other].site

    def _hidden(self, name: str, version: int) -> bool:
        host = self._view.hosts[name]
        return host.address(version) is not None and self._view.sites[host.site].public(version) is not None

    def _record_pairs(self, clients: int, kept: int) -> None:
        possible = clients * (clients - 1)
        if kept < possible:
            rule = (
                f"each range is tried by the {self._limits.others} next clients of its site and of all sites, by name"
            )
            self.left_out.append(LeftOut("", OTHER_RANGE, possible, kept, rule))


def _ends(ports: tuple[PortRange, ...]) -> tuple[int, ...]:
    """The first and the last port of each range."""
    return tuple(dict.fromkeys(port for item in ports for port in (item.low, item.high)))


def _ring(names: list[str], count: int) -> dict[str, list[str]]:
    """For each name the *count* next ones, the first ones following the last."""
    return {
        name: [names[(index + step) % len(names)] for step in range(1, min(count, len(names) - 1) + 1)]
        for index, name in enumerate(names)
    }


def _turn(names: list[str], index: int, count: int) -> list[str]:
    """*count* of *names*, others for each *index*, so that together all are tried."""
    return [names[(index + step) % len(names)] for step in range(count)] if names else []


def _neighbourhoods(clients: list[str], view: PlanView, count: int) -> dict[str, list[str]]:
    """For each client some others: of its own site (no router in between) and of the whole network."""
    sites: dict[str, list[str]] = defaultdict(list)
    for client in clients:
        sites[view.hosts[client].site].append(client)
    everywhere = _ring(clients, count)
    near = {client: others for names in sites.values() for client, others in _ring(names, count).items()}
    return {client: list(dict.fromkeys((*near[client], *everywhere[client]))) for client in clients}


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


def _owner(flows: Sequence[FlowView], merged: PortRange) -> FlowView:
    """The first of *flows* whose ports went into *merged*."""
    for flow in flows:
        if any(item.overlaps(merged) for item in flow.ports):
            return flow
    raise ValueError(f"{merged.text} was merged from none of these flows")
