# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each device can hold what the plan asks of it: a plan that needs more is refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from ...basics.findings import Finding, short
from ...basics.names import near_words
from ...inventory.intent import Intent
from ...platforms.needs import needs, refused
from ...platforms.platform import Abilities, Platform
from ...platforms.registry import PLATFORMS
from ...policies.policy import Policy

#: Needs that a plan can have; a platform with all of these abilities holds every plan, and its policies need not be
#: looked at. No plan forwards one packet to a range of targets.
_NEEDS = tuple(field.name for field in fields(Abilities) if field.name != "target_ranges")


#: What a device that a person sets may lack, although the worksheet can ask for it.
_UNUSUAL = ("source_ports", "timeouts", "clamp_mss")


def check_platforms(intent: Intent, policies: Mapping[str, Policy], findings: list[Finding]) -> None:
    """Note what is to be said of the hosts' platforms.

    An error where one is unknown or cannot hold its policy, a warning where a person has to find out, an advice where
    rules are needed on a device that nobody here sets.
    """
    lacking = {name for name, platform in PLATFORMS.items() if _lacks_any(platform.traits.abilities)}
    for name, policy in policies.items():
        wished = intent.hosts[name].platform
        platform = PLATFORMS.get(wished)
        if platform is None:
            near = near_words(wished, PLATFORMS)
            meant = f" (is {near[0]!r} meant?)" if near else ""
            cure = f"use one of: {', '.join(sorted(PLATFORMS))}"
            findings.append(Finding("FXN501", (name,), "faxnet_platform", short(wished), f"is not known{meant}", cure))
        elif platform.traits.applied_by == "nobody":
            _check_unmanaged(name, policy, platform, findings)
        elif wished in lacking or platform.traits.applied_by == "person":
            for reason in refused(platform, policy):
                cure = "choose a platform that can hold it, or change what the host offers, uses or forwards"
                findings.append(Finding("FXN502", (name,), "faxnet_platform", short(wished), reason, cure))
            for need in needs(policy, _UNUSUAL) if platform.traits.applied_by == "person" else ():
                message = f"a person has to set {need}; not every such device can"
                cure = "look whether the device can before you rely on it; if not, do without what asks for it"
                findings.append(Finding("FXN503", (name,), "faxnet_platform", short(wished), message, cure))


def _check_unmanaged(name: str, policy: Policy, platform: Platform, findings: list[Finding]) -> None:
    """Advise of rules that a gateway needs and that nobody here puts into force."""
    forwards = sum(nat.enabled for nat, _flows in policy.destination_nat)
    permits = sum(permit.enabled for permit, _flows in policy.forward)
    if forwards or permits:
        message = (
            f"its owner has to put {permits} permits and {forwards} port forwards into force; nothing is done to it"
        )
        sheets = " or ".join(sorted(other for other in PLATFORMS if PLATFORMS[other].traits.applied_by == "person"))
        cure = f"set faxnet_platform to {sheets} for a sheet of them, or read them in the plan (hosts/{name}.json)"
        findings.append(Finding("FXN504", (name,), "faxnet_platform", platform.name, message, cure))


def _lacks_any(abilities: Abilities) -> bool:
    return not all(getattr(abilities, need) for need in _NEEDS)
