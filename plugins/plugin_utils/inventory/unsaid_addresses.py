# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites whose public address nobody says, though their clients use servers beyond it.

So it is with a home office whose provider changes the address, or gives many customers one (CGNAT). Its packets wear
some address all the same; it is planned like one that changes, and the sites of its realm are met as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..basics.addresses import first_of, is_unrouted
from .intent import Host, Use
from .nesting import nested_anew
from .site import PublicAddress, Site

#: What is worn beyond such a site.
_UNSAID = PublicAddress(4, None, None, unsaid=True)


def with_unsaid(sites: Mapping[str, Site], hosts: Mapping[str, Host], uses: Iterable[Use]) -> dict[str, Site]:
    """Return the sites, each with an address that nobody knows where its clients need one and nobody says which."""
    found = dict(sites)
    settled: set[str] = set()  # thousands of clients may be of one site
    for use in uses:
        client = hosts[use.host]
        if client.site in settled:
            continue
        server = hosts[use.server]
        site = sites[client.site]
        # What is nested in other sites wears what the outermost of them does.
        outer = found[site.levels[-1].name]
        if any(gateway.public_of(4) is not None for gateway in outer.gateways):
            settled.add(site.name)
        elif _is_hidden(site, client) and _leads_out(site, sites[server.site], server):
            outermost = outer.gateways[-1]
            wearing = replace(outermost, public=(_UNSAID, *outermost.public))
            found[outer.name] = replace(outer, gateways=(*outer.gateways[:-1], wearing))
    return nested_anew(found)


def _is_hidden(site: Site, client: Host) -> bool:
    """Whether a client has IPv4 addresses that the Internet does not route, and no router of its site shows another."""
    ends = client.ends_of(4)
    if not site.levels[-1].gateways or not ends or any(gateway.public_of(4) is not None for gateway in site.gateways):
        return False
    return all(is_unrouted(first_of(end)) for end in ends)


def _leads_out(site: Site, other: Site, server: Host) -> bool:
    return other.name != site.name and 4 in server.versions and other.met_in(4) != site.met_in(4)
