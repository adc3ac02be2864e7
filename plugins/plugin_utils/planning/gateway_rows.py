# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's gateways in a row, as packets meet them: what each wears on a way, and where two rows come together."""

from __future__ import annotations

from collections.abc import Iterable

from ..inventory.site import Gateway, PublicAddress, Site
from .route import Hop


def hops_of(site: Site, since: int, until: int, towards: Site, version: int) -> list[Hop]:
    """Some gateways on the way out of a site, as packets meet them to and from a router further out, or beside it."""
    gateways = site.gateways[since:until]
    return [Hop(gateway.host, worn_at(site, since + place, towards, version)) for place, gateway in enumerate(gateways)]


def worn_at(site: Site, place: int, towards: Site, version: int) -> PublicAddress | None:
    """What the gateway at a place of a row wears towards a router; None where it does not translate there."""
    if place < 0:
        return None
    left = len(site.gateways) - place
    level = next(item for item in reversed(site.levels) if len(item.gateways) >= left)
    # To a router of the row itself packets go as the routers in between show them, whatever the realm.
    if level.name != towards.name and level.realm_of(version) == towards.realm_of(version):
        return None
    return site.gateways[place].public_of(version)


def translating(gateways: Iterable[Gateway], version: int) -> list[Hop]:
    """Gateways as packets meet them that wear their public addresses."""
    return [Hop(gateway.host, gateway.public_of(version)) for gateway in gateways]


def bare(gateways: Iterable[Gateway]) -> list[Hop]:
    """Gateways as packets meet them that none of them translates."""
    return [Hop(gateway.host, None) for gateway in gateways]


def position_of(site: Site, host: str) -> int:
    """A host's place in the chain of its site's gateways; -1 for a host inside."""
    return next((index for index, gateway in enumerate(site.gateways) if gateway.host == host), -1)


def own_public(site: Site, host: str, version: int) -> PublicAddress | None:
    """What it wears outside, of a host that is itself a gateway of its site."""
    return next((gateway.public_of(version) for gateway in site.gateways if gateway.host == host), None)


def turn_at_shared(
    outward: tuple[Gateway, ...], inward: tuple[Gateway, ...]
) -> tuple[tuple[Gateway, ...], tuple[Gateway, ...]]:
    """Cut both chains at the first router that they share: the packet turns there and does not go further out."""
    names = [gateway.host for gateway in inward]
    for index, gateway in enumerate(outward):
        if gateway.host in names:
            return outward[: index + 1], inward[: names.index(gateway.host)]
    return outward, inward
