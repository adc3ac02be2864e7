# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of inventory groups that a host's part of the plan puts it into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def group_names(part: Mapping[str, Any]) -> list[str]:
    """Return names of inventory groups for a host, from its slice: planned, its roles, its side of each service."""
    if not part["roles"]:
        return []
    if part["traits"]["applied_by"] == "nobody":
        # Nothing is done to somebody else's machine, so it is in none of the groups that plays are for.
        return ["faxnet_unmanaged"]
    sides = [f"{offer['service']}_server" for offer in part["offers"]]
    sides += [f"{use['service']}_client" for use in part["uses"]]
    # Group names are Python identifiers.
    names = [re.sub(r"\W", "_", side) for side in dict.fromkeys(sides)]
    return [f"faxnet_{name}" for name in ("planned", *part["roles"], *names)]
