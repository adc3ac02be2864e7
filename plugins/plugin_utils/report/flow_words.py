# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows in few words: ports with their protocol and source port, idle times, and the ends that are no hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange, merge_ranges, ports_text
from ..plan_files.view import INTERNET, FlowView, PlanView

MOST_PORTS = 3

#: More addresses outside than this are shown as one end.
MOST_ADDRESSES = 4

_EVERY_PORT = ((FIRST_PORT, LAST_PORT),)
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def ports_label(ports: Iterable[PortRange], most: int = MOST_PORTS) -> str:
    """Return ports as people write them, with an en dash; where they are many, how many and between which.

    Two are never many: ``993, 7488`` is no longer than the words for it.
    """
    merged = merge_ranges(ports)
    if merged == _EVERY_PORT:
        return "any port"
    if len(merged) > max(most, 2):
        what = "ports" if all(item.size == 1 for item in merged) else "ranges"
        return f"{len(merged)} {what} in {merged[0].low}\u2013{merged[-1].high}"
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


def wrapped(words: str, width: int, most: int = 3) -> tuple[str, ...]:
    """Return *words* in lines of at most *width* characters, broken after commas; beyond *most* lines it is cut."""
    lines = [""]
    for part in words.split(", "):
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines[-1] += ","
            lines.append(part)
    if len(lines) > most:
        lines[most - 1] += " \u2026"
    return tuple(cut(line, width + 2) for line in lines[:most])


def cut(words: str, most: int) -> str:
    """Return *words*, or as much of it as there is room for."""
    return words if len(words) <= most else f"{words[: most - 1]}\u2026"


def cut_name(name: str, most: int) -> str:
    """Return a host's name, or what tells it from others: of a long one the host's own part, its end included."""
    host, _dot, _domain = name.partition(".")
    if len(name) <= most or len(host) < most:
        return cut(name, most)
    return f"{host[: most - 6]}\u2026{host[-5:]}"


def idle_words(seconds: int) -> str:
    """Return a time as people say it: ``5 d``, ``2 h``, ``90 s``."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}"


def kept_open(flows: Iterable[FlowView]) -> str:
    """Return in words how long devices keep flows open though nothing passes; empty where none asks for it."""
    times = {flow.idle or 0 for flow in flows}
    longest = max(times, default=0)
    if not longest:
        return ""
    return (
        f"kept open {idle_words(longest)} idle" if len(times) == 1 else f"partly kept open {idle_words(longest)} idle"
    )


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
