# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as plain data, the way a slice holds them (docs/reference/plan.md) and platforms read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .addresses import Address, Prefix
from .intent import Opening
from .policy import DestinationNat, Permit, Policy
from .ports import ports_text


class Texts(dict[Address, str]):
    """Addresses as text, each made once."""

    def __missing__(self, address: Address) -> str:
        text = self[address] = address.text
        return text


def _permit(permit: Permit, ids: Iterable[str], texts: Texts) -> dict[str, Any]:
    return {
        "version": permit.version,
        "source": texts[permit.source],
        "destination": texts[permit.destination],
        "transport": permit.transport,
        "source_ports": None,
        "ports": permit.ports.text,
        "direction": permit.direction,
        "enabled": permit.enabled,
        "flows": list(ids),
    }


def _destination_nat(nat: DestinationNat, ids: Iterable[str], texts: Texts) -> dict[str, Any]:
    return {
        "version": nat.version,
        "source": texts[nat.source],
        "address": texts[nat.address],
        "transport": nat.transport,
        "ports": nat.ports.text,
        "target": texts[nat.target],
        "enabled": nat.enabled,
        "flows": list(ids),
    }


def opening_data(opening: Opening) -> dict[str, Any]:
    """One opening as plain data."""
    return {
        "name": opening.name,
        "transport": opening.transport,
        "ports": ports_text(opening.ports),
        "sources": [prefix.text for prefix in opening.sources],
    }


def policy_data(policy: Policy, texts: Texts) -> dict[str, Any]:
    """One device's policy as plain data."""

    def networks(prefixes: Iterable[Prefix]) -> list[str]:
        return [prefix.text for prefix in prefixes]

    return {
        "forwarding": policy.forwarding,
        "outbound": policy.outbound,
        "networks": networks(policy.networks),
        "public": [texts[address] for address in policy.public],
        "management": [opening_data(opening) for opening in policy.management],
        "extras": [opening_data(opening) for opening in policy.extras],
        "input": [_permit(permit, ids, texts) for permit, ids in policy.input],
        "forward": [_permit(permit, ids, texts) for permit, ids in policy.forward],
        "destination_nat": [_destination_nat(nat, ids, texts) for nat, ids in policy.destination_nat],
        "source_nat": [
            {
                "version": nat.version,
                "networks": networks(nat.networks),
                "except": networks(nat.exempt),
                "address": texts[nat.address],
            }
            for nat in policy.source_nat
        ],
    }
