# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random inventories in which addresses wander: realms, chains of up to three routers, shared ones, IPv6, no state.

Beside those of inventories.py, whose sites are each of one usual kind.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.property.inventories import add_several, address_in, offer_more, use_more, uses
from tests.property.nested_inventories import nest_sites
from tests.unit.networks import Network

REALMS = (None, None, "company", "branch")


def add_site(draw: st.DrawFn, net: Network, number: int) -> None:
    """Add a site: a row of routers, each with or without public addresses, in a realm or in none."""
    name = f"site{number}"
    dual = draw(st.booleans())
    routers = draw(st.integers(0, 3))
    realm = draw(st.sampled_from(REALMS))
    worn = [draw(st.sampled_from(((), (), (4,), (6,), (4, 6)))) for _router in range(routers)]
    private = any(4 in versions for versions in worn) or realm is not None
    networks = [f"10.{number}.{part}.0/24" if private else f"198.51.{10 * number + part}.0/24" for part in (0, 1)]
    networks = networks[: draw(st.integers(1, 2))]
    if dual:
        networks.append(f"2001:db8:{number}::/64")
    site: dict[str, Any] = {"networks": networks}
    if realm is not None:
        site["realm"] = realm
    chain = []
    for index, versions in enumerate(worn):
        # Beyond a router that translates, the next one translates once more, or the address is the Internet's.
        last = not any(4 in later for later in worn[index + 1 :])
        shown = f"203.0.113.{10 * number + index}" if last else f"172.31.{number}.{10 + index}"
        public = [shown] if 4 in versions else []
        public += [f"2001:db8:ffff:{number}::{index + 1}"] if 6 in versions else []
        host = f"{name}-router{index}"
        chain.append({"host": host, "public_address": public} if public else {"host": host})
        if public and draw(st.integers(0, 3)) == 0:
            chain[-1]["outside_address"] = [f"192.168.{200 + index}.{number}"] * (4 in versions)
            chain[-1]["outside_address"] += [f"fd77:{number}::{index + 1}"] * (6 in versions)
        if 4 in versions and draw(st.integers(0, 7)) == 0:
            public[0] = "dynamic"
            chain[-1]["public_networks"] = [f"185.{number}.{index}.0/24", f"185.{number}.{100 + index}.0/28"]
        inside = [networks[0].partition("/")[0][:-1] + "1"] if index == 0 else [f"172.31.{number}.{100 + index}"]
        if dual:
            inside.append(f"2001:db8:{number}::1" if index == 0 else f"fd00:{number}::{index + 1}")
        net.hosts[host] = {"faxnet_address": inside}
    shared = [other for other in net.sites if realm is not None and net.sites[other].get("realm") == realm]
    shared = [other for other in shared if net.sites[other].get("gateways")]
    if chain and shared and draw(st.integers(0, 3)) == 0:
        # The outermost router is another site's too; it wears the same there and here.
        del net.hosts[chain.pop()["host"]]
        chain.append(net.sites[draw(st.sampled_from(shared))]["gateways"][-1])
    if chain:
        site["gateways"] = chain
    net.sites[name] = site


def set_routers(draw: st.DrawFn, net: Network) -> None:
    """Say what each router lets out, and whether it keeps state: one that translates has to."""
    translating = {
        hop["host"] for site in net.sites.values() for hop in site.get("gateways", ()) if "public_address" in hop
    }
    for router in sorted(net.hosts):
        forgets = router not in translating and draw(st.integers(0, 3)) == 0
        outbound = "flows" if forgets else draw(st.sampled_from(("any", "flows")))
        net.hosts[router]["faxnet_outbound"] = outbound
        net.hosts[router]["faxnet_platform"] = "nftables_stateless" if forgets else "nftables"


def add_servers(draw: st.DrawFn, net: Network, most: int) -> tuple[list[str], int]:
    """Add up to three servers; return their names, and the last number that a host has.

    Args:
        most: about one of so many, and one, is a router itself.
    """
    sites, routers = sorted(net.sites), sorted(net.hosts)
    number, servers = 9, set()
    for _server in range(draw(st.integers(1, 3))):
        number += 1
        offer = {"service": "netcfax", "primary_port": draw(st.sampled_from((7488, 7489, 30000)))}
        if routers and draw(st.integers(0, most)) == 0:
            name = draw(st.sampled_from(routers))
            net.hosts[name]["faxnet_offers"] = [offer]
        else:
            name, site = f"server{number}", draw(st.sampled_from(sites))
            net.host(name, site, address_in(draw, net, site, number), offers=[offer])
        servers.add(name)
    return sorted(servers), number


@st.composite
def routed_networks(draw: st.DrawFn) -> Network:
    """A random inventory: sound in form, with or without contradictions."""
    net = Network()
    for number in range(1, draw(st.integers(1, 4)) + 1):
        add_site(draw, net, number)
    nest_sites(draw, net)
    sites, routers = sorted(net.sites), sorted(net.hosts)
    set_routers(draw, net)
    servers, number = add_servers(draw, net, 2)
    offering = offer_more(draw, net, servers)
    for _client in range(draw(st.integers(1, 4))):
        number += 1
        wanted = draw(uses(servers)) + use_more(draw, offering)
        if routers and draw(st.integers(0, 4)) == 0:
            name = draw(st.sampled_from(routers))
            net.hosts[name]["faxnet_uses"] = [use for use in wanted if use["server"] != name]
        elif draw(st.integers(0, 4)) == 0:
            add_several(draw, net, number, wanted)
        else:
            name = f"client{number}"
            site = draw(st.sampled_from(sites))
            net.host(name, site, address_in(draw, net, site, number), uses=wanted)
            if draw(st.integers(0, 3)) == 0:
                net.hosts[name]["faxnet_platform"] = "nftables_stateless"
    return net
