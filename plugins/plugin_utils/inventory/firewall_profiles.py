# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the kinds of networks in which a host's rules are in force: ``faxnet_firewall_profiles``.

A machine that moves between networks tells them apart by kind, and each of its rules is for some kinds. A network that
nobody has named is a public one, so that a rule which is not for those does nothing there.
"""

from __future__ import annotations

from .reader import Reader

VARIABLE = "faxnet_firewall_profiles"
#: In the order in which they are written.
PROFILES = ("domain", "private", "public")
#: Public networks are those of which nothing is known: what is to be open there, somebody has to say.
USUAL_PROFILES = ("domain", "private")


def read_firewall_profiles(reader: Reader, raw: object) -> tuple[str, ...]:
    """Return the profiles that are named, in their order, each once; the usual ones where that is not sound."""
    if raw is None:
        return USUAL_PROFILES
    items = reader.items(raw, VARIABLE)
    if not items and isinstance(raw, (list, tuple)):
        cure = f"name some of {', '.join(PROFILES)}, or omit the variable"
        reader.note("FXN103", VARIABLE, raw, "is an empty list: no rule would ever be in force", cure)
    found = [reader.choice(item, f"{VARIABLE}[{index}]", PROFILES) for index, item in enumerate(items)]
    return tuple(name for name in PROFILES if name in found) or USUAL_PROFILES
