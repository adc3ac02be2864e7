# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's slice as the list of services and rules that people type into routers and firewalls.

A service has a name, a transport, a port or range and, where the product has one, the sender's own port; a rule has a
name, a direction, a service, an action, who may send, and the address that it leads to. These are the two lists that
the NetCFax pages show for a NAT router. What a device must do besides letting packets through stands in the rule as
well: how long it keeps a connection on which nothing passes, and the helper that reads along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..policies.policy import MANAGEMENT

#: The sender of a rule that anybody may use, as rules' names say it.
_ANYBODY = {"0.0.0.0/0": "anyone", "::/0": "anyone (IPv6)"}

#: What a permit may say besides address and port; a translation does not.
_BEYOND_PORTS = ("source_ports", "idle", "helper")


def rule_list(part: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return ``services`` and ``rules`` of one slice, in the policy's order.

    A router's translation and the permit that goes with it are one rule, as they are on the devices' own pages. What
    the host itself starts comes last: ports are opened for two-way traffic, and a firewall that also filters what goes
    out needs these.
    """
    titles = {f"{item['service']}.{item['name']}": f"{item['service']} {item['title']}" for item in part["exchanges"]}
    titles[MANAGEMENT] = MANAGEMENT
    found = _Found(titles, [], {})
    policy = part["policy"]
    for permit in policy["input"]:
        found.add("in", permit, permit["source"], permit["destination"])
    permits: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for permit in policy["forward"]:
        permits.setdefault(_identity(permit, permit["destination"]), []).append(permit)
    translated = set()
    for nat in policy["destination_nat"]:
        identity = _identity(nat, nat["target"])
        translated.add(identity)
        for permit in permits.get(identity, [nat]):
            beyond = {key: permit.get(key) for key in _BEYOND_PORTS}
            found.add("in", {**nat, **beyond}, nat["source"], nat["target"], nat["address"], nat.get("becomes"))
    for identity, listed in permits.items():
        for permit in listed if identity not in translated else ():
            found.add(permit["direction"], permit, permit["source"], permit["destination"])
    for permit in policy.get("forward_permits", ()):
        found.carry(permit)
    for flow in part["flows"]:
        if flow["source"] == part["host"]:
            found.add("out", {**flow, "flows": [flow["id"]]}, flow["source_address"], flow["dial"])
    services = [{"name": name, **found.services[name]} for name in sorted(found.services)]
    return {"services": services, "rules": found.rules}


def _identity(entry: Mapping[str, Any], target: str) -> tuple[str, ...]:
    """What a translation and its permit have in common."""
    return entry["source"], target, entry["transport"], entry["ports"]


def _ends(networks: list[str], interfaces: list[str], way: str) -> str | None:
    """One end of what a router carries besides; None where it is anybody."""
    by = f"{way} {' or '.join(interfaces)}" if interfaces else ""
    return " ".join(filter(None, (", ".join(networks), by))) or None


class _Found:
    """Rules found so far, and the services that they name."""

    def __init__(
        self, titles: Mapping[str, str], rules: list[dict[str, Any]], services: dict[str, dict[str, Any]]
    ) -> None:
        self.titles = titles
        self.rules = rules
        self.services = services

    def add(
        self,
        direction: str,
        entry: Mapping[str, Any],
        source: str,
        target: str,
        public: str | None = None,
        becomes: str | None = None,
    ) -> None:
        """Add the rule for one entry of a policy, or for one flow."""
        exchange, _slash, ends = entry["flows"][0].partition("/")
        title = self.titles[exchange]
        source_ports = entry.get("source_ports")
        label = f"{title} {entry['ports']}" + (f" from {source_ports}" if source_ports else "")
        service = {"transport": entry["transport"], "source_ports": source_ports, "ports": entry["ports"]}
        self.services.setdefault(label, service)
        destination = ends.partition(">")[2].partition("/")[0]
        worn = {"becomes": becomes} if becomes else {}
        seen = f", seen as {becomes}" if becomes else ""
        self.rules.append(
            {
                "name": f"{title} {_ANYBODY.get(source, source)} to {destination}{seen}",
                "direction": direction,
                "service": label,
                "transport": entry["transport"],
                "source_ports": source_ports,
                "ports": entry["ports"],
                "idle": entry.get("idle"),
                "helper": entry.get("helper"),
                "action": "allow",
                "enabled": entry["enabled"],
                "from": source,
                "public": public,
                "target": target,
                "flows": list(entry["flows"]),
                **worn,
            }
        )

    def carry(self, entry: Mapping[str, Any]) -> None:
        """Add the rule for what a router carries apart from flows."""
        label = " ".join(filter(None, (entry["name"], entry["transport"], entry["ports"])))
        ports = entry["ports"] or "any"
        self.services.setdefault(label, {"transport": entry["transport"], "source_ports": None, "ports": ports})
        self.rules.append(
            {
                "name": f"{entry['name']} (faxnet_forward_permits)",
                "direction": "through",
                "service": label,
                "transport": entry["transport"],
                "source_ports": None,
                "ports": ports,
                "idle": None,
                "helper": None,
                "action": "allow",
                "enabled": True,
                "from": _ends(entry["sources"], entry["from_interfaces"], "in by"),
                "public": None,
                "target": _ends(entry["destinations"], entry["to_interfaces"], "out by"),
                "flows": [],
            }
        )
