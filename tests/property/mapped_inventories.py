# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random inventories whose sites share a realm although their networks are equal: a VPN maps them one to one.

Beside those of routed_inventories.py, in which no address changes inside a realm.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.property.inventories import add_several, address_in, offer_more, use_more, uses
from tests.property.routed_inventories import add_servers, set_routers
from tests.unit.networks import Network

#: The realm, by the sites that a VPN joins; most of an inventory's are of one.
REALMS = ("vpn", "vpn", "vpn", "vpn", "vpn", "vpn", "other", None)


def add_site(draw: st.DrawFn, net: Network, number: int) -> None:
    """Add a site: in a realm or in none, with the network that everybody has or its own, mapped or not."""
    name = f"site{number}"
    realm = draw(st.sampled_from(REALMS))
    twin = draw(st.integers(0, 3)) > 0
    networks = ["192.168.1.0/24" if twin else f"10.{number}.0.0/24"]
    if draw(st.integers(0, 2)) == 0:
        networks.append("192.168.2.0/24" if draw(st.booleans()) else f"10.{number}.1.0/24")
    site: dict[str, Any] = {"networks": networks}
    if realm is not None:
        site["realm"] = realm
        chosen = [
            (index, network)
            for index, network in enumerate(networks)
            if network.startswith("192") or draw(st.integers(0, 3)) == 0
        ]
        if chosen and draw(st.integers(0, 9)):
            site["mapped_as"] = {network: f"10.{200 + number}.{index}.0/24" for index, network in chosen}
    if draw(st.integers(0, 3)) == 0:
        networks.append(f"2001:db8:{number}::/64")
    chain: list[dict[str, Any]] = []
    routers = draw(st.sampled_from(((), ("router",), ("router",), ("router",), ("inner", "router"))))
    for index, kind in enumerate(routers):
        host = f"{name}-{kind}"
        chain.append({"host": host})
        inside = networks[0].removesuffix("0/24") + "1" if index == 0 else f"172.31.{number}.{100 + index}"
        net.hosts[host] = {"faxnet_address": [inside]}
        if index == 0 and networks[-1].startswith("2001"):
            net.hosts[host]["faxnet_address"].append(f"2001:db8:{number}::1")
    if chain and (realm is None or draw(st.integers(0, 3))):
        chain[-1]["public_address"] = f"203.0.113.{number}"
        if len(chain) > 1 and draw(st.booleans()):
            chain[0]["public_address"] = f"172.31.{number}.10"
    if chain:
        site["gateways"] = chain
    net.sites[name] = site


@st.composite
def mapped_networks(draw: st.DrawFn) -> Network:
    """A random inventory: sound in form, with or without contradictions."""
    net = Network()
    for number in range(1, draw(st.integers(2, 4)) + 1):
        add_site(draw, net, number)
    sites, routers = sorted(net.sites), sorted(net.hosts)
    set_routers(draw, net)
    servers, number = add_servers(draw, net, 3)
    offering = offer_more(draw, net, servers)
    for _client in range(draw(st.integers(1, 5))):
        number += 1
        wanted = draw(uses(servers)) + use_more(draw, offering)
        if draw(st.integers(0, 3)):
            # Few have a public address that all can dial, and an inventory with a mistake shows no flow.
            wanted = [{key: said for key, said in use.items() if key != "dials"} for use in wanted]
        if routers and draw(st.integers(0, 4)) == 0:
            name = draw(st.sampled_from(routers))
            net.hosts[name]["faxnet_uses"] = [use for use in wanted if use["server"] != name]
        elif draw(st.integers(0, 5)) == 0:
            add_several(draw, net, number, wanted)
        else:
            name, site = f"client{number}", draw(st.sampled_from(sites))
            net.host(name, site, address_in(draw, net, site, number), uses=wanted)
            if draw(st.integers(0, 3)) == 0:
                net.hosts[name]["faxnet_platform"] = "nftables_stateless"
    return net
