# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test pages: packets of a host's flows, and what came of a call."""

from __future__ import annotations

from typing import Any

from ..verification.canary import flow_packets, judge
from .filter_input import InputError, keys_text, mapping


def flow_probes(data: object) -> list[dict[str, Any]]:
    """Return packets of the flows that a host starts, as module probe takes them.

    Args:
        data: the host's slice.

    Raises:
        InputError: it is no slice.
    """
    part = mapping(data, "a host's slice")
    if "host" not in part:
        raise InputError(f"{keys_text(part)} is not a host's slice")
    return flow_packets(part)


def canary_verdict(evidence: object) -> dict[str, Any]:
    """Return what came of a call: delivered, blame, text, cure.

    Args:
        evidence: what was found on both sides, as role canary gathers it.

    Raises:
        InputError: something is missing.
    """
    found = mapping(evidence, "what was found of a call")
    missing = [key for key in ("sent", "unlike", "seconds") if key not in found]
    if missing:
        raise InputError(f"{keys_text(found)} lacks {', '.join(missing)}")
    return judge(found)._asdict()
