# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's slice as the list of services and rules that people type into routers and firewalls.

A service has a name, a transport and a port or range; a rule has a name, a direction, a service, an action, who may
send, and the address that it leads to. These are the two lists that the NetCFax pages show for a NAT router.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def rule_list(part: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return ``services`` and ``rules`` of one slice, in the policy's order.

    A router's translation and the permit that goes with it are one rule, as they are on the devices' own pages. What
    the host itself starts comes last: ports are opened for two-way traffic, and a firewall that also filters what goes
    out needs these.
    """
    titles = {f"{item['service']}.{item['name']}": f"{item['service']} {item['title']}" for item in part["exchanges"]}
    found = _Found(titles, [], {})
    policy = part["policy"]
    for permit in policy["input"]:
        found.add("in", permit, permit["source"], permit["destination"])
    translated = set()
    for nat in policy["destination_nat"]:
        translated.add((nat["source"], nat["target"], nat["transport"], nat["ports"]))
        found.add("in", nat, nat["source"], nat["target"], nat["address"])
    for permit in policy["forward"]:
        if (permit["source"], permit["destination"], permit["transport"], permit["ports"]) not in translated:
            found.add(permit["direction"], permit, permit["source"], permit["destination"])
    for flow in part["flows"]:
        if flow["source"] == part["host"]:
            found.add("out", {**flow, "flows": [flow["id"]]}, flow["source_address"], flow["dial"])
    services = [{"name": name, **found.services[name]} for name in sorted(found.services)]
    return {"services": services, "rules": found.rules}


class _Found:
    """Rules found so far, and the services that they name."""

    def __init__(
        self, titles: Mapping[str, str], rules: list[dict[str, Any]], services: dict[str, dict[str, str]]
    ) -> None:
        self.titles = titles
        self.rules = rules
        self.services = services

    def add(
        self, direction: str, entry: Mapping[str, Any], source: str, target: str, public: str | None = None
    ) -> None:
        """Add the rule for one entry of a policy, or for one flow."""
        exchange, _slash, ends = entry["flows"][0].partition("/")
        title = self.titles[exchange]
        label = f"{title} {entry['ports']}"
        self.services.setdefault(label, {"transport": entry["transport"], "ports": entry["ports"]})
        destination = ends.partition(">")[2].partition("/")[0]
        self.rules.append(
            {
                "name": f"{title} {source} to {destination}",
                "direction": direction,
                "service": label,
                "transport": entry["transport"],
                "ports": entry["ports"],
                "action": "allow",
                "enabled": entry["enabled"],
                "from": source,
                "public": public,
                "target": target,
                "flows": list(entry["flows"]),
            }
        )
