# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_firewall: the profiles' switches and default actions in the local store."""

from __future__ import annotations

from typing import Any

from ..registry import Registry
from ..state import LOCAL_POLICY, LOCAL_PROFILE_KEYS, PROFILES
from .task import Task

_ACTIONS = {0: "Allow", 1: "Block", None: "NotConfigured"}
_NUMBERS = {"allow": 0, "block": 1}


def firewall(task: Task) -> dict[str, Any]:
    """win_firewall."""
    registry, chosen = task.state.registry, [each.title() for each in task["profiles"]]
    result: dict[str, Any] = {"restart_required": False, "profiles": task["profiles"], "state": task["state"]}
    changed = False
    for profile in PROFILES:
        key = f"{LOCAL_POLICY}\\{LOCAL_PROFILE_KEYS[profile]}"
        enabled = registry.data(key, "EnableFirewall", 1)
        result[profile] = {"enabled": enabled == 1, "considered": profile in chosen, "currentstate": enabled}
        if profile not in chosen:
            continue
        wanted = 1 if task["state"].lower() == "enabled" else 0
        if enabled != wanted:
            changed = True
            result[profile]["enabled"] = wanted == 1
            if not task.check_mode:
                registry.write(key, "EnableFirewall", "REG_DWORD", wanted)
        if wanted:
            changed |= _default(task, registry, key, "DefaultInboundAction", task["inbound_action"])
            changed |= _default(task, registry, key, "DefaultOutboundAction", task["outbound_action"])
    return {**result, "changed": changed}


def _default(task: Task, registry: Registry, key: str, name: str, wanted: str | None) -> bool:
    if wanted is None or _ACTIONS[registry.data(key, name)].lower() == wanted.lower().replace("_", ""):
        return False
    if not task.check_mode:
        if wanted.lower() == "not_configured":
            registry.delete(key, name)
        else:
            registry.write(key, name, "REG_DWORD", _NUMBERS[wanted.lower()])
    return True
