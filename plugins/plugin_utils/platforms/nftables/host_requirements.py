# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Linux host needs of a policy besides the rules: which ports it opens, and a router's kernel settings."""

from __future__ import annotations

from typing import Any

from ...policies.policy import Policy
from .ranges import Range, merged


def open_ports(policy: Policy) -> list[dict[str, Any]]:
    """The host's own ports that are open to somebody: [{"version": 4, "transport": "tcp", "ports": [[22, 22]]}, ...].

    The managed host compares its listening sockets with this.
    """
    found: dict[tuple[int, str], list[Range]] = {(6, "udp"): [(546, 546)]}  # see text.link_rules
    for opening in (*policy.management, *policy.openings):
        for version in {source.version for source in opening.sources}:
            found.setdefault((version, opening.transport), []).extend(opening.ports)
    for permit, _flows in policy.input:
        if permit.enabled:
            found.setdefault((permit.version, permit.transport), []).append(permit.ports)
    return [
        {
            "version": version,
            "transport": transport,
            "ports": [list(span) for span in merged(found[version, transport])],
        }
        for version, transport in sorted(found)
    ]


def forwarding_settings(policy: Policy) -> list[str]:
    """The kernel settings that must be 1 for this policy: forwarding, for each IP version that it forwards."""
    if not policy.forwarding:
        return []
    versions = {
        *(network.version for network in policy.networks),
        *(permit.version for permit, _flows in policy.forward),
        *(nat.version for nat in policy.source_nat),
    }
    return ["net.ipv4.ip_forward"] + (["net.ipv6.conf.all.forwarding"] if 6 in versions else [])
