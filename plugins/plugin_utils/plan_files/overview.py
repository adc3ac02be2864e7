# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole plan in words, for terminals: sites, hosts, who connects to whom, findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..basics.names import named
from .terminal_text import slice_text


def plan_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield a plan's overview, line by line."""
    yield "Sites"
    for name, site in sorted(plan["sites"].items()):
        routers = "".join(f", behind {_gateway(gateway)}" for gateway in site["gateways"])
        yield f"  {name}: {', '.join(site['networks'])}{routers}"
    yield "Hosts"
    for name, host in sorted(plan["hosts"].items()):
        stance = "" if host["stance"] == "exclusive" else f", {host['stance']}"
        yield (
            f"  {name} ({_known_as(host)}, {host['site']}): {', '.join(host['roles'])} on {host['platform']}{stance}"
        )
    yield "Who connects to whom"
    yield from (f"  {line}" for line in _flow_lines(plan["flows"]))
    yield "Also open"
    yield from (f"  {line}" for line in _opening_lines(plan))
    yield from finding_lines(plan["findings"])


def _known_as(host: Mapping[str, Any]) -> str:
    addresses = ", ".join(host.get("stands_for", host["addresses"])) or "no address"
    names = ", ".join(host.get("dns_names", ()))
    return f"{names}: {addresses}" if names else addresses


def host_lines(part: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one host's slice says, line by line."""
    yield from slice_text(part).splitlines()
    flows = [flow for flow in part["flows"] if flow["enabled"]]
    if flows:
        yield "Who connects to whom"
        yield from (f"  {line}" for line in _flow_lines(flows))
    yield from finding_lines(part["findings"])


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield findings, two lines each, under a heading; nothing where there are none."""
    if findings:
        yield "Findings"
    for finding in findings:
        who = f"{named(finding['hosts'])}: " if finding["hosts"] else ""
        yield f"  {finding['severity']} {finding['code']} {finding['title']}: {who}{finding['message']}"
        yield f"    cure: {finding['cure']}"


def _gateway(gateway: Mapping[str, Any]) -> str:
    worn = [*gateway["public"], *(["a changing address"] if gateway["dynamic"] else [])]
    return f"{gateway['host']} ({', '.join(worn)})" if worn else f"{gateway['host']}"


class _Said(NamedTuple):
    """What flows have in common that differ in their ends alone."""

    packets: str
    exchange: str
    reason: str


def _flow_lines(flows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Flows that differ in their senders alone stand in one line; those from the same senders to many, too."""
    senders: defaultdict[tuple[str, _Said], dict[str, None]] = defaultdict(dict)
    for flow in flows:
        if flow["enabled"]:
            senders[flow["destination"], _said(flow)][flow["source"]] = None
    receivers: defaultdict[tuple[tuple[str, ...], _Said], list[str]] = defaultdict(list)
    for (destination, said), sources in senders.items():
        receivers[tuple(sources), said].append(destination)
    for (names, said), destinations in receivers.items():
        yield f"{named(names)} to {named(destinations)}: {said.packets} ({said.exchange}): {said.reason}"


def _said(flow: Mapping[str, Any]) -> _Said:
    origin = f" from port {flow['source_ports']}" if flow["source_ports"] else ""
    carried = ", passes as part of another flow" if flow["carried_by"] else ""
    packets = f"{flow['transport']} {flow['ports']}{origin}{carried}"
    return _Said(packets, f"{flow['service']}.{flow['exchange']}", flow["reason"])


def _opening_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for openings in (plan["management"], plan["openings"]):
        for host, listed in sorted(openings.items()):
            for item in listed:
                ports = "" if item["ports"] is None else f" {item['ports']}"
                said = f"{item['transport']}{ports} from {', '.join(item['sources'])}"
                alike[item["name"], said].append(host)
    for (name, said), hosts in alike.items():
        yield f"{named(hosts)}: {said} ({name})"
    for router, permits in sorted(plan["forward_permits"].items()):
        for item in permits:
            ends = [", ".join(item[key]) or "anywhere" for key in ("sources", "destinations")]
            ports = "" if item["ports"] is None else f" {item['ports']}"
            yield f"through {router}: {item['transport']}{ports} from {ends[0]} to {ends[1]} ({item['name']})"
    for router, said in sorted(plan["routers"].items()):
        if said["outbound"] == "any":
            yield f"through {router}: whatever its networks start outward"
