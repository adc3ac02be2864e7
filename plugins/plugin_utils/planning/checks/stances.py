# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts refuse nothing: nobody should find that out from a packet that got through."""

from __future__ import annotations

from collections.abc import Mapping

from ...basics.findings import Finding
from ...inventory.intent import ADDITIVE, OBSERVE, Intent
from ...platforms.registry import PLATFORMS

#: What such a host does, and what comes next.
_WORDS: Mapping[str, tuple[str, str]] = {
    ADDITIVE: (
        "nothing is refused here: the rules only open, forward and translate",
        "leave it so where another packet filter refuses; else set faxnet_stance to observe, then to exclusive",
    ),
    OBSERVE: (
        "nothing is refused here yet: what would be is let pass and noted",
        "look at it with faxnet.deploy.observed, permit what must go on, and set faxnet_stance to exclusive",
    ),
}


def check_stances(intent: Intent, findings: list[Finding]) -> None:
    """Advise of the hosts that hold rules and refuse nothing, each stance in one finding."""
    hosts: dict[str, list[str]] = {}
    for name, host in intent.hosts.items():
        if host.stance in _WORDS:
            platform = PLATFORMS.get(host.platform)
            if platform is not None and platform.traits.holds_rules and not platform.refuses_by_itself:
                hosts.setdefault(host.stance, []).append(name)
    for stance, names in sorted(hosts.items()):
        findings.append(Finding("FXN135", tuple(names), "faxnet_stance", stance, *_WORDS[stance]))
