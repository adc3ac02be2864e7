# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows in few words: ports with their protocol and source port, idle times, and the ends that are no hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..plan_view import INTERNET, FlowView, PlanView
from ..ports import FIRST_PORT, LAST_PORT, PortRange, merge_ranges, ports_text

MOST_PORTS = 3

#: More addresses outside than this are shown as one end.
MOST_ADDRESSES = 4

_EVERY_PORT = ((FIRST_PORT, LAST_PORT),)
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def ports_label(ports: Iterable[PortRange], most: int = MOST_PORTS) -> str:
    """Return ports as people write them, with an en dash; where they are many, how many and between which."""
    merged = merge_ranges(ports)
    if merged == _EVERY_PORT:
        return "any port"
    if len(merged) > most:
        return f"{len(merged)} ranges in {merged[0].low}\u2013{merged[-1].high}"
    return dashes(ports_text(merged, ", "))


def dashes(ports: str) -> str:
    """Return ports in text with an en dash between the ends of a range."""
    return ports.replace("-", "\u2013")


def port_words(flows: Iterable[FlowView], most: int = MOST_PORTS) -> str:
    """Return the ports of flows: ``44333 tcp+udp``, ``any port udp from 4644``, ``25 tcp, 60000\u201360999 udp``."""
    transports: dict[tuple[tuple[PortRange, ...], PortRange], set[str]] = defaultdict(set)
    for flow in flows:
        for item in flow.ports:
            transports[flow.source_ports, item].add(flow.transport)
    alike: dict[tuple[tuple[PortRange, ...], str], list[PortRange]] = defaultdict(list)
    for (source_ports, item), names in sorted(transports.items()):
        alike[source_ports, "+".join(sorted(names))].append(item)
    return ", ".join(
        f"{ports_label(ports, most)} {names}" + (f" from {ports_label(source_ports)}" if source_ports else "")
        for (source_ports, names), ports in alike.items()
    )


def idle_words(seconds: int) -> str:
    """Return a time as people say it: ``5 d``, ``2 h``, ``90 s``."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}"


def longest_idle(flows: Iterable[FlowView]) -> str:
    """Return the longest idle time of flows in words; empty where none has one of its own."""
    times = [flow.idle for flow in flows if flow.idle]
    return idle_words(max(times)) if times else ""


def outside_ends(view: PlanView) -> dict[str, str]:
    """Return the ends of enabled flows that are no hosts, and as what each is shown: the Internet last."""
    ends = {end for flow in view.flows if flow.enabled for end in (flow.source, flow.destination)} - set(view.hosts)
    addresses = sorted(ends - {INTERNET})
    shown = {address: address for address in addresses}
    if len(addresses) > MOST_ADDRESSES:
        shown = dict.fromkeys(addresses, f"{len(addresses)} addresses")
    if INTERNET in ends:
        shown[INTERNET] = "the Internet"
    return shown
