# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else's machine: an appliance, a provider's trunk, a name server. The plan knows it and leaves it alone.

Its flows count at the devices on the way and at the other end; it holds whatever it must, and nothing is written for
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .abilities import Abilities

NAME = "unmanaged"
ABILITIES = Abilities(**{field.name: True for field in fields(Abilities)})


def render_nothing(_part: Mapping[str, Any], *, address_ranges: bool = False) -> str:  # noqa: ARG001
    """Nothing: no text is made for such a machine."""
    return ""
