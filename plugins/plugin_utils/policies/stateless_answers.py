# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permits for answers, where a device remembers no connections.

The answer to a packet wears its addresses and ports the other way round: it comes from the port that was called and
goes to whatever port the caller had. Such a permit cannot tell an answer from a packet that nobody asked for; that is
what a filter without state is, and docs/guides/firewall.md says so.
"""

from __future__ import annotations

from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange
from .policy import Permits

ANY_PORT = PortRange(FIRST_PORT, LAST_PORT)
_BACK = {"in": "out", "out": "in"}


def answers(permits: Permits) -> Permits:
    """Return the permits for answers to what *permits* let through, in the same order."""
    return tuple(
        (
            permit._replace(
                source=permit.destination,
                destination=permit.source,
                source_ports=permit.ports,
                ports=permit.source_ports or ANY_PORT,
                direction=_BACK.get(permit.direction, ""),
            ),
            flows,
        )
        for permit, flows in permits
    )
