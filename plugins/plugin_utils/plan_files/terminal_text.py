# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in words, for terminals: what is wrong, what there is, what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..basics.findings import Finding, Severity, errors, sort_findings
from ..catalog.profile import ANY_PORTS
from .plan_json import PlanDocuments

#: So many findings are written out; a terminal is no place for more. The task's result holds all of them.
SHOWN_FINDINGS = 100

#: Where a finding's variable stands: places in files, none where that is not known.
PlacesOf = Callable[[Finding], tuple[str, ...]]


def failure_text(findings: Iterable[Finding], places_of: PlacesOf) -> str:
    """Return the message of a plan that cannot be: every error with host, variable, value, place, problem and cure."""
    mistaken = errors(sort_findings(findings))
    mistakes = "1 mistake" if len(mistaken) == 1 else f"{len(mistaken)} mistakes"
    head = f"The inventory has {mistakes}. Nothing was changed: the plan, the lock file and all hosts are as they were."
    parts = [head, *(finding.text(places_of(finding)) for finding in mistaken[:SHOWN_FINDINGS])]
    if len(mistaken) > SHOWN_FINDINGS:
        parts.append(f"... and {len(mistaken) - SHOWN_FINDINGS} more, in the task's result under 'findings'.")
    return "\n\n".join(parts)


def remark_texts(findings: Iterable[Finding], severity: Severity, places_of: PlacesOf) -> list[str]:
    """Return the findings of a severity, a line each."""
    return [
        f"{item.code} {item.kind.title}: {item.hosts_text()}, {item.variable} = {item.value}: "
        f"{item.message}; {item.cure}{''.join(f' ({place})' for place in places_of(item))}"
        for item in sort_findings(findings)
        if item.severity is severity
    ]


def _packets(entry: Mapping[str, Any]) -> str:
    port = f" port {entry['source_ports']}" if entry.get("source_ports") else ""
    end = [
        f", remembered for {entry['idle']} s without a packet" if entry.get("idle") else "",
        f", with the helper {entry['helper']}" if entry.get("helper") else "",
        "" if entry["enabled"] else " (switched off)",
    ]
    ports = "to any port" if entry["ports"] == ANY_PORTS.text else entry["ports"]
    packets = f"{entry['transport']} {ports} from {entry['source']}{port} to {entry['destination']}"
    return packets + "".join(end)


def _offer(offer: Mapping[str, Any], exchanges: Iterable[Mapping[str, Any]]) -> str:
    """What a host offers, with the settings that its exchanges need."""
    running = [item for item in exchanges if item["service"] == offer["service"] and item["name"] in offer["exchanges"]]
    needed = {word for item in running for word in (item["ports"], item["source_ports"], item["with"])}
    settings = [f"{key} {_value(value)}" for key, value in offer["settings"].items() if key in needed and value != []]
    others = "the Internet at large" if offer["internet"] else ", ".join(offer["public_to"])
    public = f", also to {others}" if others else ""
    off = "" if offer["enabled"] else " (switched off)"
    names = ", ".join(item["name"] for item in running) or "nothing"
    said = f": {', '.join(settings)}" if settings else ""
    return f"offers {offer['service']} ({names}){said}{public}{off}"


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _opening(entry: Mapping[str, Any]) -> str:
    ports = "" if entry["ports"] is None else f" {entry['ports']}"
    return f"{entry['name']}: {entry['transport']}{ports} from {', '.join(entry['sources'])}"


def _forward_permit(entry: Mapping[str, Any]) -> str:
    told = [f"{entry['name']}: {entry['transport']}", entry["ports"] or ""]
    words = {"sources": "from", "destinations": "to", "from_interfaces": "in by", "to_interfaces": "out by"}
    told += [f"{word} {', '.join(entry[key])}" for key, word in words.items() if entry[key]]
    return " ".join(filter(None, (*told, "if translated" if entry["translated"] else "")))


def slice_text(part: Mapping[str, Any]) -> str:
    """Return a slice as lines that a person can compare: one for each thing that the host must do."""
    policy = part["policy"]
    lines = [f"{part['host']} in {part['site']}: {', '.join(part['roles'])} on {part['platform']}"]
    lines += [f"name {name}" for name in part.get("dns_names", ())]
    lines += [f"address {address}" for address in part.get("stands_for", part["addresses"])]
    if policy["forwarding"]:
        lines.append(f"routes {', '.join(policy['networks'])}; outbound: {policy['outbound']}")
    lines += [f"manage {_opening(entry)}" for entry in policy["management"]]
    lines += [f"permit {_opening(entry)}" for entry in policy["openings"]]
    lines += [f"carry {_forward_permit(entry)}" for entry in policy["forward_permits"]]
    for key, word in (("input", "accept"), ("forward", "forward"), ("output", "start")):
        for entry in policy[key]:
            lines.append(f"{word} {_packets(entry)}")
            lines += [f"    for {flow}" for flow in entry["flows"]]
    for entry in policy["destination_nat"]:
        packets = _packets({**entry, "destination": entry["address"]})
        worn = f" as {entry['becomes']}" if "becomes" in entry else ""
        lines.append(f"translate {packets}: send to {entry['target']}{worn}")
    for entry in policy["source_nat"]:
        exempt = f" except to {', '.join(entry['except'])}" if entry["except"] else ""
        worn = entry["address"] or "whatever address it has outside"
        lines.append(f"masquerade {', '.join(entry['networks'])} as {worn}{exempt}")
    lines += [_offer(offer, part["exchanges"]) for offer in part["offers"]]
    for use in part["uses"]:
        lines.append(f"uses {use['service']} of {use['server']} at {use['dial']}, {use['instances']} at a time")
        if use["callback"]:
            callback = use["callback"]
            ports = callback["fixed"] if callback["mode"] == "fixed" else f"{callback['low']}-{callback['high']}"
            lines.append(f"    call-back ports {callback['mode']} {ports}")
    return "\n".join(lines) + "\n"


def summary_of(documents: PlanDocuments, findings: Iterable[Finding]) -> dict[str, Any]:
    """Return counts and, for each role, the hosts that have it: what a play needs to choose its hosts."""
    roles: dict[str, list[str]] = {"router": [], "server": [], "client": [], "endpoint": []}
    for name, played in documents.roles.items():
        for role in played:
            roles[role].append(name)
    severities = [item.severity.value for item in findings]
    return {
        "hosts": len(documents.roles),
        "flows": documents.flow_count,
        "warnings": severities.count("warning"),
        "advice": severities.count("advice"),
        "roles": roles,
    }
