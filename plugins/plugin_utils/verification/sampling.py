# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is tried against whom where all pairs would be too many: a few each, so that everybody has a turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..plan_files.view import HostView


def in_turn(names: Sequence[str], index: int, count: int) -> list[str]:
    """*count* of *names*, others for each *index*, so that together all are tried."""
    return [names[(index + step) % len(names)] for step in range(count)] if names else []


def neighbourhoods(clients: Sequence[str], hosts: Mapping[str, HostView], count: int) -> dict[str, list[str]]:
    """For each client some others: of its own site (no router in between) and of the whole network."""
    sites: dict[str, list[str]] = defaultdict(list)
    for client in clients:
        sites[hosts[client].site].append(client)
    everywhere = _ring(clients, count)
    near = {client: others for names in sites.values() for client, others in _ring(names, count).items()}
    return {client: list(dict.fromkeys((*near[client], *everywhere[client]))) for client in clients}


def _ring(names: Sequence[str], count: int) -> dict[str, list[str]]:
    """For each name the *count* next ones, the first ones following the last."""
    return {
        name: [names[(index + step) % len(names)] for step in range(1, min(count, len(names) - 1) + 1)]
        for index, name in enumerate(names)
    }
