# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's policy as the list of services and rules that people type into routers (NetCFax: "services" and "rules").

A service has a name, a transport and a port or range; a rule has a name, a service, allow, who may send, and the
address that it leads to.
"""

from __future__ import annotations

from typing import Any

from .intent import Intent
from .policy import Policy
from .policy_data import Texts


def rule_list(intent: Intent, policy: Policy, texts: Texts) -> dict[str, Any]:
    """Return ``services`` and ``rules`` of one device, in the policy's order.

    A router's translation and the permit that goes with it are one rule, as they are on the devices' own pages.
    """
    services: dict[str, dict[str, str]] = {}
    rules: list[dict[str, Any]] = []

    def add(direction: str, entry: Any, target: str, public: str | None, ids: tuple[str, ...]) -> None:
        service, exchange = _exchange_of(intent, ids[0])
        ports = entry.ports.text
        label = f"{service} {exchange} {ports}"
        services.setdefault(label, {"name": label, "transport": entry.transport, "ports": ports})
        source = texts[entry.source]
        rules.append(
            {
                "name": f"{service} {exchange} {source} to {_destination_of(ids[0])}",
                "direction": direction,
                "service": label,
                "transport": entry.transport,
                "ports": ports,
                "action": "allow",
                "enabled": entry.enabled,
                "from": source,
                "public": public,
                "target": target,
                "flows": list(ids),
            }
        )

    for permit, ids in policy.input:
        add("in", permit, texts[permit.destination], None, ids)
    translated = set()
    for nat, ids in policy.destination_nat:
        translated.add((nat.source, nat.target, nat.transport, nat.ports))
        add("in", nat, texts[nat.target], texts[nat.address], ids)
    for permit, ids in policy.forward:
        if (permit.source, permit.destination, permit.transport, permit.ports) not in translated:
            add(permit.direction, permit, texts[permit.destination], None, ids)
    return {"services": [services[name] for name in sorted(services)], "rules": rules}


def _exchange_of(intent: Intent, flow_id: str) -> tuple[str, str]:
    service, _dot, rest = flow_id.partition("/")[0].rpartition(".")
    profile = intent.catalog.profiles[service]
    return service, next(exchange.title for exchange in profile.exchanges if exchange.name == rest)


def _destination_of(flow_id: str) -> str:
    return flow_id.partition(">")[2].partition("/")[0]
