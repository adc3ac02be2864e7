# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a plan's flows are tried before it is decided that a network keeps its new rules, and what came of them.

A flow is tried where every device that has a part in it is part of the transaction, and one of them has new rules: its
sender, its receiver, and the routers on its way. A connection is: it comes about, or the far end says that nothing
listens yet, which shows as well that it was let through. A datagram is not: that nothing comes back proves nothing, so
that a network could be taken back for a server that does not answer strangers.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..plan_files.view import FlowView, PlanView
from ..verification.probes import tried_ports

#: What the rules of a device on the way make of a connection that they do not permit (module probe's outcomes).
_HELD_UP = frozenset({"silent", "prohibited"})


@dataclass(frozen=True, slots=True)
class Try:
    """One connection to try.

    Attributes:
        host: inventory name of the host that begins it.
        address: IPv4 or IPv6 address that it dials, in text.
        flow: id of the flow that it is of.
    """

    host: str
    address: str
    port: int
    flow: str

    @property
    def packet(self) -> dict[str, Any]:
        """As module probe takes it."""
        where = f"{self.address} port {self.port}/tcp ({self.flow})"
        return {"id": where, "address": self.address, "port": self.port, "transport": "tcp"}


@dataclass(frozen=True, slots=True)
class Trials:
    """What is tried.

    Attributes:
        by_host: what each sender tries.
        flows: how many flows that is.
        possible: how many flows could be tried.
    """

    by_host: Mapping[str, tuple[Try, ...]]
    flows: int
    possible: int


def choose(view: PlanView, changed: Container[str], taking_part: Container[str], most: int) -> Trials:
    """Return what is to be tried. Linear in the plan's flows.

    Args:
        changed: hosts that have new rules.
        taking_part: hosts that are known to have the plan's rules, the changed ones among them.
        most: so many flows at most: one of each changed device by turns, routers first.
    """
    of_device: dict[str, list[FlowView]] = defaultdict(list)
    possible = 0
    for flow in view.flows:
        devices = _devices(flow)
        if not _can_be_tried(flow, view) or not all(name in taking_part for name in devices):
            continue
        theirs = [name for name in devices if name in changed]
        possible += bool(theirs)
        for name in theirs:
            of_device[name].append(flow)
    order = sorted(of_device, key=lambda name: (name not in view.gateways, _spread(name)))
    chosen: dict[str, FlowView] = {}
    for flow in _by_turns([of_device[name] for name in order]):
        if len(chosen) >= most:
            break
        chosen[flow.id] = flow
    by_host: dict[str, list[Try]] = defaultdict(list)
    for flow in chosen.values():
        by_host[flow.source] += (Try(flow.source, flow.dialled, port, flow.id) for port in tried_ports(flow.ports))
    return Trials({host: tuple(tries) for host, tries in by_host.items()}, len(chosen), possible)


#: Has hosts send, side by side; gives what module probe answered on each, or that it could not be reached.
Send = Callable[[Mapping[str, tuple[Try, ...]]], Mapping[str, Mapping[str, Any]]]


def run_trials(trials: Trials, send: Send) -> dict[str, str]:
    """Have everything tried; return, for each host from which something did not come about, a sentence.

    A host that could not be reached is asked once more: one lost packet must not take a network back.
    """
    said = dict(send(trials.by_host))
    again = {host: tries for host, tries in trials.by_host.items() if said[host].get("unreachable")}
    if again:
        said |= send(again)
    found = {host: _held_up(len(tries), said[host]) for host, tries in trials.by_host.items()}
    return {host: why for host, why in found.items() if why}


def _held_up(tries: int, said: Mapping[str, Any]) -> str:
    if "results" not in said:
        return f"it could not try the plan's flows: {said.get('msg', 'the module probe gave no answer')}"
    lost = [item["id"] for item in said["results"] if item["outcome"] in _HELD_UP]
    if not lost:
        return ""
    of = f" ({len(lost)} of its {tries} connections did not)" if tries > 1 else ""
    return (
        f"no connection to {lost[0]} came about while all new rules were in force{of}. Ask faxnet.deploy.trace what "
        "stands in its way; with faxnet_flows_tried: 0 rules are kept without a trial"
    )


def _can_be_tried(flow: FlowView, view: PlanView) -> bool:
    source = view.hosts.get(flow.source)
    return (
        flow.transport == "tcp"
        and flow.enabled
        and not flow.carried_by
        and not flow.source_ports  # a program of the sender may have that port
        and source is not None
        and source.traits.sends_probes
        and flow.destination in view.hosts
        and bool(flow.dialled)
    )


def _devices(flow: FlowView) -> Iterable[str]:
    return dict.fromkeys((flow.source, *flow.via, flow.destination))


def _spread(name: str) -> bytes:
    """The same order in every run, without regard to names."""
    return hashlib.sha256(name.encode()).digest()


def _by_turns(lists: Sequence[Sequence[FlowView]]) -> Iterator[FlowView]:
    """One of each list, then the next of each."""
    for turn in range(max(map(len, lists), default=0)):
        for flows in lists:
            if turn < len(flows):
                yield flows[turn]
