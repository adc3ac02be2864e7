# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each device can hold what the plan asks of it: a plan that needs more is refused with the reason."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import fields

from .findings import Finding, short
from .intent import Intent
from .platforms import PLATFORMS, refusals
from .platforms.abilities import Abilities
from .policy import Policy
from .policy_text import OpeningTexts, Texts, policy_text

#: Needs that a plan can have; a platform with all of these abilities holds every plan, and its policies need not be
#: looked at. No plan forwards one packet to a range of targets.
_NEEDS = tuple(field.name for field in fields(Abilities) if field.name != "target_ranges")


def platform_findings(intent: Intent, policies: Mapping[str, Policy]) -> list[Finding]:
    """Return an error for each host whose platform is unknown or cannot hold its policy."""
    findings = []
    texts, openings = Texts(), OpeningTexts()
    for name, policy in policies.items():
        wished = intent.hosts[name].platform
        platform = PLATFORMS.get(wished)
        if platform is None:
            near = difflib.get_close_matches(wished, list(PLATFORMS), 1)
            meant = f" (is {near[0]!r} meant?)" if near else ""
            cure = f"use one of: {', '.join(sorted(PLATFORMS))}"
            findings.append(Finding("FXN501", name, "faxnet_platform", short(wished), f"is not known{meant}", cure))
        elif _lacks_any(platform.abilities):
            needs = json.loads(policy_text(policy, texts, openings))
            for reason in refusals(platform.name, platform.abilities, needs):
                cure = "choose a platform that can hold it, or change what the host offers, uses or forwards"
                findings.append(Finding("FXN502", name, "faxnet_platform", short(wished), reason, cure))
    return findings


def _lacks_any(abilities: Abilities) -> bool:
    return not all(getattr(abilities, need) for need in _NEEDS)
