# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for answers, where a device remembers no connections.

The answer to a packet wears its addresses and ports the other way round: it comes from the port that was called and
goes to whatever port the caller had. Such a rule cannot tell an answer from a packet that nobody asked for; that is
what a filter without state is, and docs/guides/firewall.md says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..basics.ports import FIRST_PORT, LAST_PORT

ANY_PORT = f"{FIRST_PORT}-{LAST_PORT}"
_BACK = {"in": "out", "out": "in"}


def reply_entries(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The permits for answers to what `entries` (a section of a slice's policy) permit, in the same order."""
    return [
        {
            **entry,
            "source": entry["destination"],
            "destination": entry["source"],
            "source_ports": entry["ports"],
            "ports": entry.get("source_ports") or ANY_PORT,
            "direction": _BACK.get(entry.get("direction", ""), ""),
        }
        for entry in entries
    ]
