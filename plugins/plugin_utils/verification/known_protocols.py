# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that ask a service in its own protocol, for it answers nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..plan_files.view import PlanView
from .probes import Probe, tried_ports


def with_questions(probes: Mapping[str, tuple[Probe, ...]], view: PlanView) -> dict[str, tuple[Probe, ...]]:
    """Have every datagram to a port of a service that can be asked whether it is there ask that, wherever from."""
    asked = {
        (service, exchange["name"]): exchange["question"]
        for service, listed in view.services.items()
        for exchange in listed
        if exchange.get("question")
    }
    at = {
        (flow.destination, port): asked[flow.service, flow.exchange]
        for flow in view.flows
        if (flow.service, flow.exchange) in asked
        for port in tried_ports(flow.ports)
    }
    if not at:
        return dict(probes)
    return {
        host: tuple(
            replace(item, question=at[item.target, item.port])
            if item.transport == "udp" and item.port is not None and (item.target, item.port) in at
            else item
            for item in items
        )
        for host, items in probes.items()
    }
