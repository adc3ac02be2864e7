# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers that were written as a row and stand side by side, each with a provider of its own.

In a row, packets pass all routers, and each translates once more. Two ways out of one network are another thing: a plan
that took them for a row would forward on neither what comes from its provider. The Internet routes no address to a
router that stands behind another one's translation, so whoever wears such an address has a provider of its own.
"""

from __future__ import annotations

from ..basics.addresses import is_unrouted
from .reader import Reader
from .site import Gateway, Site

_ONE_WAY_OUT = (
    "name as gateway the router that the site's hosts have as theirs; the plan knows one way out of a site: forward on "
    "the other by hand what its provider brings. In a row, name what the inner router wears between the two"
)


def check_side_by_side(reader: Reader, site: Site) -> None:
    """Note routers of a site's row that do not stand behind the ones after them."""
    for place, gateway in enumerate(site.own_gateways[:-1]):
        worn = gateway.public_of(4)
        if worn is None or worn.address is None or is_unrouted(worn.address):
            continue
        outer = next((item for item in site.own_gateways[place + 1 :] if _translates(item)), None)
        if outer is not None:
            message = (
                f"is an address of the Internet, and {outer.host} after {gateway.host} in the row would translate it "
                "once more: they are side by side"
            )
            variable = f"faxnet_sites.{site.name}.gateways[{place}].public_address"
            reader.note("FXN155", variable, worn.address.text, message, _ONE_WAY_OUT)


def _translates(gateway: Gateway) -> bool:
    return gateway.public_of(4) is not None
