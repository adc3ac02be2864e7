# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as a slice holds them, and their rules, for the tests of rendering and of the kernel."""

from __future__ import annotations

from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import nftables, stateless
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy

EVERYWHERE = ["0.0.0.0/0", "::/0"]


def nft_rules(held: dict[str, Any], *, address_ranges: bool = False) -> str:
    """The nft file for a policy."""
    return nftables.render(read_policy(held), address_ranges=address_ranges)


def stateless_rules(held: dict[str, Any], *, address_ranges: bool = False) -> str:
    """The same without connection tracking."""
    return stateless.render(read_policy(held), address_ranges=address_ranges)


def policy(**parts: Any) -> dict[str, Any]:
    """A host's policy with SSH open to all, changed by `parts`."""
    return {
        "forwarding": False,
        "outbound": "any",
        "networks": [],
        "public": [],
        "management": [{"transport": "tcp", "ports": "22", "sources": EVERYWHERE}],
        "openings": [],
        "input": [],
        "forward": [],
        "destination_nat": [],
        "source_nat": [],
        **parts,
    }


def router(**parts: Any) -> dict[str, Any]:
    """The policy of a router before 10.2.0.0/24 that wears 203.0.113.20, changed by `parts`."""
    worn = {"version": 4, "networks": ["10.2.0.0/24"], "except": ["10.2.0.0/24"], "address": "203.0.113.20"}
    return policy(
        **{
            "forwarding": True,
            "networks": ["10.2.0.0/24"],
            "public": ["203.0.113.20"],
            "source_nat": [worn],
            **parts,
        }
    )


def permit(source: str, destination: str, ports: str = "7488", **parts: Any) -> dict[str, Any]:
    """One entry of `input` or `forward`."""
    return {
        "version": 6 if ":" in source else 4,
        "source": source,
        "destination": destination,
        "transport": "tcp",
        "source_ports": None,
        "ports": ports,
        "enabled": True,
        "flows": [f"netcfax.pcp/{source}>{destination}"],
        **parts,
    }


def forward(source: str, address: str, ports: str, target: str, **parts: Any) -> dict[str, Any]:
    """One entry of `destination_nat`."""
    return {
        "version": 6 if ":" in source else 4,
        "source": source,
        "address": address,
        "transport": "tcp",
        "ports": ports,
        "target": target,
        "enabled": True,
        "flows": [f"netcfax.scp/{source}>{target}"],
        **parts,
    }


def opening(transport: str, ports: str | None = None, *sources: str, name: str = "test") -> dict[str, Any]:
    """One entry of `openings`, from anywhere unless sources are named."""
    return {"name": name, "transport": transport, "ports": ports, "sources": list(sources) or EVERYWHERE}
