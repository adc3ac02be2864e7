# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms: what can hold a policy, what it cannot hold, and its own configuration text for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import unmanaged, worksheet
from .abilities import Abilities, Platform, refusals
from .nftables import nftables
from .nftables import stateless as nftables_stateless
from .rules import RefusedError

__all__ = ["PLATFORMS", "Abilities", "Platform", "RefusedError", "refusals", "render_slice"]


def _nftables(part: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    return nftables.render(part["policy"], address_ranges=address_ranges)


def _stateless(part: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    return nftables_stateless.render(part["policy"], address_ranges=address_ranges)


#: Every value of `faxnet_platform`.
PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform(nftables.NAME, nftables.ABILITIES, _nftables, automatic=True),
        Platform(nftables_stateless.NAME, nftables_stateless.ABILITIES, _stateless, automatic=True),
        Platform(unmanaged.NAME, unmanaged.ABILITIES, unmanaged.render_nothing, automatic=False),
        Platform("worksheet", worksheet.ABILITIES, worksheet.render_sheet, automatic=False),
    )
}


def render_slice(part: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    """The platform's text for a slice (plan directory, hosts/<host>.json).

    Raises `RefusedError`, the message naming the host, when the platform is unknown, lacks an ability, or the policy is
    malformed.
    """
    host, name = part.get("host"), part.get("platform")
    platform = PLATFORMS.get(str(name))
    if platform is None:
        known = ", ".join(sorted(PLATFORMS))
        raise RefusedError(f"{host}: faxnet_platform is {name!r}; set it to one of {known}")
    lacking = refusals(platform.name, platform.abilities, part["policy"])
    if lacking:
        raise RefusedError(f"{host}: {'; '.join(lacking)}; choose another faxnet_platform or change what the host uses")
    try:
        return platform.render(part, address_ranges=address_ranges)
    except RefusedError as error:
        raise RefusedError(f"{host}: {error}") from None
