# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of networks that are not one router away from the Internet: nested, mapped, with changing addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from tests.lab.test_topology import drawn, host, legs, routes
from tools.lab import vpn
from tools.lab.containers import ip_batch
from tools.lab.errors import LabError
from tools.lab.inventory import parse
from tools.lab.network import Mapping
from tools.lab.topology import INTERNET

OFFICE = {"networks": ["192.168.7.0/24"], "gateway": "box", "public_address": "203.0.113.5"}
HOSTS = {"box": host("office", "192.168.7.1"), "server": host("office", "192.168.7.10")}


def test_a_nested_router_stands_in_the_network_around() -> None:
    sites = {
        "workshop": {"networks": ["192.168.50.0/24"], "gateway": "own", "public_address": "192.168.7.254"},
        "office": OFFICE,
    }
    net = drawn(sites, {**HOSTS, "own": host("workshop", "192.168.50.1"), "pc": host("workshop", "192.168.50.21")})
    assert legs(net.node("own")) == {
        "lan0": ("workshop", ["192.168.50.1/24"]),
        "wan0": ("office", ["192.168.7.254/24"]),
    }
    assert routes(net.node("own")) == {"0.0.0.0/0": "192.168.7.1"}
    assert routes(net.node("pc")) == {"0.0.0.0/0": "192.168.50.1"}
    # Whoever is around it knows a way in, as a hostile neighbour may.
    for name in ("server", "box"):
        assert routes(net.node(name))["192.168.50.0/24"] == "192.168.7.254"
    assert routes(net.node(INTERNET))["192.168.50.0/24"] == "203.0.113.5"
    assert ("own", "203.0.113.1") not in {(reach.source, str(reach.address)) for reach in net.reaches}


def test_an_ordinary_host_may_be_the_router_of_a_network_inside_of_it() -> None:
    sites = {"office": OFFICE, "bridge": {"networks": ["172.18.0.0/16"], "gateway": "server"}}
    net = drawn(sites, {**HOSTS, "backend": host("bridge", "172.18.0.5")})
    assert legs(net.node("server")) == {
        "wan0": ("office", ["192.168.7.10/24"]),
        "lan0": ("bridge", ["172.18.0.1/16"]),
    }
    assert routes(net.node("server")) == {"0.0.0.0/0": "192.168.7.1"}
    assert routes(net.node("box"))["172.18.0.0/16"] == "192.168.7.10"


def test_a_masquerading_host_wears_its_own_address() -> None:
    sites = {
        "office": OFFICE,
        "bridge": {"networks": ["172.18.0.0/16"], "gateway": "server", "public_address": "192.168.7.10"},
    }
    node = drawn(sites, {**HOSTS, "backend": host("bridge", "172.18.0.5")}).node("server")
    assert legs(node)["wan0"] == ("office", ["192.168.7.10/24"])


def test_sites_may_be_nested_in_nested_ones() -> None:
    sites = {
        "office": OFFICE,
        "inner": {"networks": ["10.9.0.0/24"], "gateway": "second", "public_address": "192.168.50.9"},
        "workshop": {"networks": ["192.168.50.0/24"], "gateway": "own", "public_address": "192.168.7.254"},
    }
    net = drawn(sites, {**HOSTS, "own": {}, "second": {}, "pc": host("inner", "10.9.0.5")})
    assert routes(net.node("second")) == {"0.0.0.0/0": "192.168.50.1"}
    assert routes(net.node("own"))["10.9.0.0/24"] == "192.168.50.9"
    assert routes(net.node("box"))["10.9.0.0/24"] == "192.168.7.254"


def test_a_router_inside_a_site_that_stands_on_the_internet_is_met_there() -> None:
    sites = {
        "provider": {"networks": ["192.0.2.0/24"]},
        "home": {"networks": ["10.7.0.0/24"], "gateway": "router", "public_address": "192.0.2.7"},
    }
    net = drawn(sites, {"router": {}, "pc": host("home", "10.7.0.5")})
    assert legs(net.node("router"))["wan0"] == ("provider", ["192.0.2.7/24"])
    assert routes(net.node("router")) == {"0.0.0.0/0": "192.0.2.1"}
    assert routes(net.node(INTERNET)) == {"10.7.0.0/24": "192.0.2.7"}


def test_two_sites_one_behind_the_other_both_ways_cannot_be_built() -> None:
    sites = {
        "a": {"networks": ["10.1.0.0/24"], "gateway": "ra", "public_address": "10.2.0.9"},
        "b": {"networks": ["10.2.0.0/24"], "gateway": "rb", "public_address": "10.1.0.9"},
    }
    with pytest.raises(LabError, match="stands behind itself: a in b in a"):
        drawn(sites, {"ra": {}, "rb": {}})


def test_a_host_that_stands_for_a_network_is_one_of_its_machines() -> None:
    hosts = {
        **HOSTS,
        "pcs": host("office", "192.168.7.0/25"),
        "pool": host("office", "192.168.7.20", "192.168.7.64/26"),
    }
    net = drawn({"office": OFFICE}, hosts)
    taken = {str(address) for node in net.nodes for leg in node.legs for address in leg.addresses}
    assert legs(net.node("pcs")) == {"lan0": ("office", ["192.168.7.2/24"])}
    assert legs(net.node("pool")) == {"lan0": ("office", ["192.168.7.20/24", "192.168.7.65/24"])}
    assert len(taken) == sum(len(leg.addresses) for node in net.nodes for leg in node.legs)


def test_a_changing_address_is_one_of_those_that_it_may_be() -> None:
    site = {
        "networks": ["10.7.0.0/24"],
        "gateway": "router",
        "public_address": "dynamic",
        "public_networks": ["198.51.100.64/26"],
    }
    node = drawn({"home": site}, {"router": host("home", "10.7.0.1")}).node("router")
    assert legs(node)["wan0"] == ("wan-198.51.100.0", ["198.51.100.96/24"])


# ---- networks that a VPN maps

MAPPED = {
    "leeds": {
        "networks": ["192.168.1.0/24"],
        "gateway": "leeds-router",
        "public_address": "198.51.100.20",
        "mapped_as": {"192.168.1.0/24": "10.201.0.0/24"},
    },
    "york": {
        "networks": ["192.168.1.0/24"],
        "gateway": "york-router",
        "public_address": "203.0.113.30",
        "mapped_as": {"192.168.1.0/24": "10.202.0.0/24"},
    },
}
ROUTERS: dict[str, dict[str, Any]] = {"leeds-router": {}, "york-router": {}}


def test_the_internet_router_maps_what_a_vpn_maps() -> None:
    node = drawn(MAPPED, ROUTERS).node(INTERNET)
    own = ipaddress.ip_network("192.168.1.0/24")
    assert node.mappings == (
        Mapping(own, ipaddress.ip_network("10.201.0.0/24"), ipaddress.ip_address("198.51.100.20"), "net0"),
        Mapping(own, ipaddress.ip_network("10.202.0.0/24"), ipaddress.ip_address("203.0.113.30"), "net1"),
    )
    # The main table has no way to a network that is there twice: each mapped one has a table of its own.
    lines = ip_batch(node)
    assert not [line for line in lines if "192.168.1.0/24" in line and "table" not in line]
    assert lines[-4:] == [
        "route replace 192.168.1.0/24 via 198.51.100.20 table 101",
        "rule add fwmark 1 lookup 101",
        "route replace 192.168.1.0/24 via 203.0.113.30 table 102",
        "rule add fwmark 2 lookup 102",
    ]
    rules = vpn.rules(node.mappings)
    assert "ip daddr 10.201.0.0/24 meta mark set 1" in rules
    assert "iifname net1 ip saddr 192.168.1.0/24 snat ip prefix to 10.202.0.0/24" in rules


def test_nothing_is_mapped_where_nothing_is_said() -> None:
    node = drawn({"office": OFFICE}, HOSTS).node(INTERNET)
    assert node.mappings == ()
    assert vpn.rules(node.mappings) == []


def test_equal_networks_at_one_provider_cannot_be_told_apart() -> None:
    sites = {**MAPPED, "york": {**MAPPED["york"], "public_address": "198.51.100.30"}}
    with pytest.raises(LabError, match="site york: a lab cannot tell its packets from those of site leeds"):
        drawn(sites, ROUTERS)


def test_a_site_knows_what_it_is_nested_in() -> None:
    sites = {"office": OFFICE, "bridge": {"networks": ["172.18.0.0/16"], "gateway": "server"}}
    variables = {name: {"faxnet_sites": sites, **values} for name, values in HOSTS.items()}
    read = parse({"_meta": {"hostvars": variables}})
    assert {site.name: site.outer for site in read.sites} == {"office": None, "bridge": "office"}
