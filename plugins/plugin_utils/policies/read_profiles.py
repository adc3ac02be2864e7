# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of networks in which a policy's rules are in force, read from JSON."""

from __future__ import annotations

from ..basics.findings import shown
from ..inventory.firewall_profiles import PROFILES, USUAL_PROFILES
from .policy import RefusedError


def read_profiles(names: object) -> tuple[str, ...]:
    """Return the profiles that a policy names, in their order; the usual ones where it names none.

    Raises:
        RefusedError: it is no list of them, or an empty one: then no rule would ever be in force.
    """
    if names is None:
        return USUAL_PROFILES
    if not isinstance(names, (list, tuple)) or not names or any(name not in PROFILES for name in names):
        raise RefusedError(f"policy.profiles: {shown(names)} is no list of some of {', '.join(PROFILES)}")
    return tuple(name for name in PROFILES if name in names)
