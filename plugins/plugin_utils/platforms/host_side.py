# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the managed host needs of a policy besides the rules: what it opens, and a router's kernel settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .boxes import Range, merged
from .rules import read_rules


def openings(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the host itself lets in from anybody: [{"version": 4, "transport": "tcp", "ports": [[22, 22]]}, ...].

    The managed host compares its listening sockets with this.
    """
    rules = read_rules(policy)
    found: dict[tuple[int, str], list[Range]] = {(6, "udp"): [(546, 546)]}  # see nft_text.link_rules
    for permit in (*rules.management, *rules.extras):
        for version in permit.sources:
            found.setdefault((version, permit.transport), []).extend(permit.ports)
    for opening in rules.input:
        if opening.enabled:
            found.setdefault((opening.version, opening.transport), []).extend(opening.ports)
    return [
        {
            "version": version,
            "transport": transport,
            "ports": [list(span) for span in merged(found[version, transport])],
        }
        for version, transport in sorted(found)
    ]


def forwarding_settings(policy: Mapping[str, Any]) -> list[str]:
    """The kernel settings that must be 1 for this policy: forwarding, for each IP version that it forwards."""
    rules = read_rules(policy)
    if not rules.forwarding:
        return []
    versions = {
        *rules.networks,
        *(item.version for item in rules.forward),
        *(item.version for item in rules.source_nat),
    }
    return ["net.ipv4.ip_forward"] + (["net.ipv6.conf.all.forwarding"] if 6 in versions else [])
