# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways between a host and machines of a network that are no hosts of the inventory.

A network may lie in several sites of the host's realm, and beyond them: each part has a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, end_of, is_unrouted
from .route import NoRoute, Path
from .routes import Routes


class Meeting(NamedTuple):
    """How a host and the machines of *end* meet.

    Attributes:
        inward: their way to it, or why there is none.
        outward: its way to them where they are near; None where it can only answer, or they are anywhere outside.
        near: whether they are in the host's own realm.
    """

    end: End
    inward: Path | NoRoute
    outward: Path | None
    near: bool


def meetings(routes: Routes, host: str, network: Prefix) -> Iterator[Meeting]:
    """Yield each part of a network that has a way of its own to a host, which has an address of that IP version."""
    inner = routes.inner_networks(host, network)
    if inner is not None:
        for part in inner:
            yield Meeting(end_of(part), routes.from_inside(host, part), None, near=True)
        return
    parts = list(routes.parts_of(host, network))
    for part, site in parts:
        end = end_of(part)
        yield Meeting(end, routes.from_near(site, end, host), routes.to_near(host, site, end), near=True)
    if any(part == network for part, _site in parts):
        return
    if not any(is_unrouted(Address(network.version, value)) for value in (network.first, network.last)):
        end, inward = end_of(network), routes.from_outside(host, network.version)
        # Nothing translates the sender on a way from the Internet.
        some = inward if isinstance(inward, NoRoute) else inward._replace(leaves_as=end, arrives_from=end)
        yield Meeting(end, some, None, near=False)
    elif not parts:
        reason = (
            f"{network.text} is in no site that reaches the host under its own addresses, nor routed on the Internet"
        )
        problem = NoRoute("", reason, "", "name the addresses that they wear at the server", "FXN408", network.text)
        yield Meeting(end_of(network), problem, None, near=False)
