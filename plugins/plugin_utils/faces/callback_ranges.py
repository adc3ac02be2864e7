# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens for call-backs on which ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .filter_input import InputError, keys_text, mapping


def _public_addresses(data: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """Where each client is called back, by client, service and server."""
    found: dict[tuple[str, str, str], str] = {}
    for flow in data.get("flows", ()):
        if flow["callback"]:
            # IPv4 first, where a client has both.
            key = (flow["destination"], flow["service"], flow["source"])
            if key not in found or flow["version"] == 4:
                found[key] = flow["dial"]
    return found


def callback_ranges(data: object) -> list[dict[str, Any]]:
    """Return every client's call-back ports: host, service, server, mode, low, high, instances, public_address.

    Args:
        data: a plan, or one host's slice.

    Raises:
        InputError: neither a plan nor a slice.
    """
    what = "a plan (plan.json) or a host's slice"
    plan = mapping(data, what)
    uses = plan.get("uses")
    if not isinstance(uses, list):
        raise InputError(f"{keys_text(plan)} is not {what}")
    public = _public_addresses(plan)
    ranges = []
    for use in uses:
        callback = use.get("callback")
        if not callback:
            continue
        host = use.get("host", plan.get("host"))
        fixed = callback["mode"] == "fixed"
        ranges.append(
            {
                "host": host,
                "service": use["service"],
                "server": use["server"],
                "mode": callback["mode"],
                "low": callback["fixed"] if fixed else callback["low"],
                "high": callback["fixed"] if fixed else callback["high"],
                "instances": use["instances"],
                "public_address": public.get((host, use["service"], use["server"])),
            }
        )
    return ranges
