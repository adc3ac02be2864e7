# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why packets cannot get somewhere: addresses that change, or that nobody outside of a site has a way to."""

from __future__ import annotations

from collections.abc import Iterable

from ..basics.addresses import Address, End, first_of, is_unrouted
from ..inventory.site import PublicAddress, Site
from .route import CHANGING, Hop, NoRoute


def changing(site: Site, inward: Iterable[Hop], own: PublicAddress | None) -> NoRoute | None:
    """Why nothing can be sent into a site: a public address on the way changes."""
    changes = _changing(site, inward, own)
    if not changes:
        return None
    level = changes[0][0].name
    if any(public.unsaid for _level, public in changes):
        code, value, said = "", "not set", f"nobody says the public address of site {level}"
    else:
        code, value = CHANGING, "dynamic"
        said = f"the public address of site {level} changes, so that nobody outside knows it"
    cure = "have the provider give the site a fixed address and name it, or put both sites into one realm over a VPN"
    return NoRoute(site.name, said, f"faxnet_sites.{level}.public_address", cure, code, value, answers=True)


def unnamed(site: Site, outward: Iterable[Hop], start: PublicAddress | None) -> NoRoute | None:
    """Why no device can permit what a site sends: its public address changes, and nobody says where it lies."""
    for level, public in _changing(site, outward, start):
        if not public.networks:
            return NoRoute(
                site.name,
                f"nobody says where the public address of site {level.name} lies",
                f"faxnet_sites.{level.name}.public_networks",
                "list the networks that the provider gives the site its address from; 0.0.0.0/0 says that any is meant",
                "FXN153",
            )
    return None


def unreachable(site: Site, shown: End | None, version: int) -> NoRoute | None:
    """Why the outside cannot reach somebody in a site by the address that is seen there; None where it can."""
    first = first_of(shown) if shown is not None else None
    if first is None or not is_unrouted(first):
        return None
    outermost = site.levels[-1].name
    return NoRoute(
        site.name,
        f"site {outermost} has no IPv{version} public_address, and {first.text} is not routed on the Internet",
        f"faxnet_sites.{outermost}.public_address",
        "set the site's public_address, or put both sites into one realm if they route to each other",
    )


def _changing(site: Site, hops: Iterable[Hop], own: PublicAddress | None) -> list[tuple[Site, PublicAddress]]:
    """The changing addresses among an end's own and those of gateways, each with the site that it is one of."""
    changes = [(site, own)] if own is not None and own.address is None else []
    changes += [(_of(site, hop), hop.public) for hop in hops if hop.public is not None and hop.public.address is None]
    return changes


def _of(site: Site, hop: Hop) -> Site:
    """The site that a router on the way out of *site* is one of: itself, or one that it is nested in."""
    found = (level for level in site.levels if any(gateway.host == hop.device for gateway in level.own_gateways))
    return next(found, site)


def unmapped(site: Site, own: Address) -> NoRoute:
    """Return why a router whose address lies in none of its site's networks is not met where those are mapped."""
    reason = f"{own.text} is in no network that is mapped for the other sites of realm {site.realm}"
    said = ", ".join(f"{item.own.text}: {item.shown.text}" for item in site.mapped)
    cure = f"give the host an address in {' or '.join(item.own.text for item in site.mapped)}"
    return NoRoute(site.name, reason, f"faxnet_sites.{site.name}.mapped_as", cure, "FXN157", said)
