# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sites whose routers stand in a network of another site: containers, a provider's box before one's own router.

Up to three of them in a random inventory, beside each other or one in the other.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.unit.networks import Network


def nest_sites(draw: st.DrawFn, net: Network) -> None:
    """Nest sites in those of an inventory, in about one inventory of four."""
    if draw(st.integers(0, 3)) == 0:
        nest_some_sites(draw, net)


def nest_some_sites(draw: st.DrawFn, net: Network) -> None:
    """Nest up to three sites in those of an inventory, or in each other."""
    for number in range(1, draw(st.integers(1, 3)) + 1):
        outer = draw(st.sampled_from(sorted(net.sites)))
        _nest(draw, net, outer, number)


def _nest(draw: st.DrawFn, net: Network, outer: str, number: int) -> None:
    name, router = f"nest{number}", f"nest{number}-router"
    around = net.sites[outer]["networks"]
    fours, sixes = ([item for item in around if (":" in item) == six] for six in (False, True))
    six = bool(sixes) and draw(st.booleans())
    site: dict[str, Any] = {"networks": [f"172.18.{number}.0/24"] + [f"2001:db8:7{number}::/64"] * six}
    own = [f"172.18.{number}.1"] + [f"2001:db8:7{number}::1"] * six
    leg = draw(st.sampled_from(fours)).partition("/")[0][:-1] + str(200 + number)
    worn = [leg] + [item.partition("/")[0] + f"{200 + number:x}" for item in sixes if six]
    kind = draw(st.sampled_from(("masquerade", "router", "routed", "changing", "row")))
    every = [item for other in net.sites.values() for item in other["networks"]]
    # Where several sites have that network, the router's own site says in which of them it stands.
    alone = every.count(_of(leg)) == 1
    known = alone and kind != "routed" and draw(st.booleans())
    net.hosts[router] = {"faxnet_address": own} if known else {"faxnet_site": outer, "faxnet_address": worn}
    hop: dict[str, Any] = {"host": router}
    if kind != "routed":
        hop["public_address"] = worn if draw(st.booleans()) or not six else worn[:1]
        if draw(st.integers(0, 3)) == 0:
            site["realm"] = net.sites[outer].get("realm") or name
    if kind == "changing":
        hop["public_address"] = ["dynamic", *hop["public_address"][1:]]
        hop["public_networks"] = [_of(leg)]
    inner = [{"host": f"nest{number}-inner"}] if kind == "row" else []
    for item in inner:
        net.hosts[item["host"]] = {"faxnet_address": own}
        if known:
            net.hosts[router] = {"faxnet_address": f"172.31.77.{number}"}
        if draw(st.booleans()):
            item["public_address"] = f"172.31.78.{number}"
    net.sites[name] = {**site, "gateways": [*inner, hop]}


def _of(address: str) -> str:
    """The network of an IPv4 address in these inventories."""
    return f"{address.rpartition('.')[0]}.0/24"
