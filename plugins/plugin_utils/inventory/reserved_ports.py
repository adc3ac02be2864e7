# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the ports that others hold on a host: ``faxnet_reserved_ports``."""

from __future__ import annotations

from collections.abc import Mapping

from ..basics.findings import short
from ..basics.ports import ReservedPorts
from ..catalog.profile import TRANSPORTS
from .reader import Reader

VARIABLE = "faxnet_reserved_ports"
KEYS = ("ports", "transport", "reason")
#: So many letters of a reason stand in a finding.
_LONGEST_REASON = 60


def read_reserved_ports(reader: Reader, raw: object) -> tuple[ReservedPorts, ...]:
    """Return the entries of the variable that are sound, one for each range and transport."""
    found: list[ReservedPorts] = []
    for index, item in enumerate(reader.items(raw, VARIABLE)):
        where = f"{VARIABLE}[{index}]"
        entry = reader.mapping(item, where, KEYS) if isinstance(item, Mapping) else {"ports": item}
        if entry is None:
            continue
        if "ports" not in entry:
            reader.note(
                "FXN103", f"{where}.ports", "", "an entry needs ports", "name a port, a range, or a list of these"
            )
            continue
        place = f"{where}.ports" if isinstance(item, Mapping) else where
        ports = reader.ports(entry["ports"], place) or ()
        transports: tuple[str, ...] = TRANSPORTS
        if "transport" in entry:
            said = reader.choice(entry["transport"], f"{where}.transport", TRANSPORTS)
            transports = (said,) if said is not None else ()
        reason = entry.get("reason", "")
        if not isinstance(reason, str):
            reader.note("FXN101", f"{where}.reason", reason, "is not a text", "say in a few words who holds the ports")
            continue
        held = short(reason, _LONGEST_REASON) if reason else ""
        found += (ReservedPorts(transport, item, held, where) for transport in transports for item in ports)
    return tuple(found)
