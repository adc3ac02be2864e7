# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths: the devices that a flow crosses, and the addresses that it wears at each of them."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network

V6 = "2001:db8:1::"


class Way(NamedTuple):
    """A flow as its ends see it, and the devices in between."""

    source_address: str
    dial: str
    arrives_from: str
    destination_address: str
    via: list[str]


class Case(NamedTuple):
    """Where server `s` and client `c` stand, and the ways of the login and of the call-back."""

    net: Network
    login: Way
    callback: Way


def behind_nat(site: str, network: str, public: str) -> Network:
    return Network().site(site, network, gateway=f"{site}-router", public=public)


def both_behind_nat() -> Network:
    return (
        behind_nat("florida", "10.1.0.0/24", FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="sheffield-router", public=SHEFFIELD)
        .server("s", "florida", "10.1.0.10")
        .client("c", "sheffield", "10.2.0.10", "s")
    )


def server_on_the_internet() -> Network:
    return (
        behind_nat("sheffield", "10.2.0.0/24", SHEFFIELD)
        .site("datacentre", "192.0.2.0/24")
        .server("s", "datacentre", "192.0.2.10")
        .client("c", "sheffield", "10.2.0.10", "s")
    )


def client_on_the_internet() -> Network:
    return (
        behind_nat("florida", "10.1.0.0/24", FLORIDA)
        .site("home", "192.0.2.0/24", gateway="home-router")
        .server("s", "florida", "10.1.0.10")
        .client("c", "home", "192.0.2.20", "s")
    )


def one_site() -> Network:
    net = behind_nat("florida", "10.1.0.0/24", FLORIDA)
    return net.server("s", "florida", "10.1.0.10").client("c", "florida", "10.1.0.20", "s")


def one_site_of_two_networks() -> Network:
    net = Network().site("florida", "10.1.0.0/24", "10.1.1.0/24", gateway="florida-router", public=FLORIDA)
    return net.server("s", "florida", "10.1.0.10").client("c", "florida", "10.1.1.20", "s")


def site_without_gateway() -> Network:
    net = Network().site("lab", "10.1.0.0/24")
    return net.server("s", "lab", "10.1.0.10").client("c", "lab", "10.1.0.20", "s")


def one_realm() -> Network:
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="florida-router", public=FLORIDA, realm="corporate")
        .site("sheffield", "10.2.0.0/24", gateway="sheffield-router", public=SHEFFIELD, realm="corporate")
        .server("s", "florida", "10.1.0.10")
        .client("c", "sheffield", "10.2.0.10", "s")
    )


def two_sites_behind_one_router_in_one_realm() -> Network:
    net = (
        Network()
        .site("floor1", "10.1.0.0/24", gateway="router", public=FLORIDA, realm="house")
        .site("floor2", "10.2.0.0/24", gateway="router", public=FLORIDA, realm="house")
        .server("s", "floor1", "10.1.0.10")
        .client("c", "floor2", "10.2.0.10", "s")
    )
    net.hosts["router"]["faxnet_address"] = "10.1.0.1"
    return net


def double_nat() -> Network:
    net = behind_nat("florida", "10.1.0.0/24", FLORIDA).server("s", "florida", "10.1.0.10")
    net.sites["flat"] = {
        "networks": ["10.2.0.0/24"],
        "gateways": [{"host": "flat-router", "public_address": "192.168.100.2"}, {"host": "provider-router"}],
        "public_address": SHEFFIELD,
    }
    net.hosts |= {"flat-router": {"faxnet_address": "10.2.0.1"}, "provider-router": {"faxnet_address": "192.168.100.1"}}
    return net.client("c", "flat", "10.2.0.10", "s")


def server_on_its_gateway() -> Network:
    net = behind_nat("sheffield", "10.2.0.0/24", SHEFFIELD).site("florida", "10.1.0.0/24", gateway="s", public=FLORIDA)
    net.hosts["s"] |= {"faxnet_offers": [{"service": "netcfax"}]}
    return net.client("c", "sheffield", "10.2.0.10", "s")


def client_on_its_gateway() -> Network:
    net = behind_nat("florida", "10.1.0.0/24", FLORIDA).site("flat", "10.2.0.0/24", gateway="c", public=SHEFFIELD)
    net.hosts["c"] |= {"faxnet_uses": [{"service": "netcfax", "server": "s"}]}
    return net.server("s", "florida", "10.1.0.10")


def same_private_networks_in_two_realms() -> Network:
    return (
        behind_nat("florida", "192.168.1.0/24", FLORIDA)
        .site("sheffield", "192.168.1.0/24", gateway="sheffield-router", public=SHEFFIELD)
        .server("s", "florida", "192.168.1.10")
        .client("c", "sheffield", "192.168.1.10", "s")
    )


CASES = {
    "both behind NAT": Case(
        both_behind_nat(),
        Way("10.2.0.10", FLORIDA, SHEFFIELD, "10.1.0.10", ["sheffield-router", "florida-router"]),
        Way("10.1.0.10", SHEFFIELD, FLORIDA, "10.2.0.10", ["florida-router", "sheffield-router"]),
    ),
    "only the client behind NAT": Case(
        server_on_the_internet(),
        Way("10.2.0.10", "192.0.2.10", SHEFFIELD, "192.0.2.10", ["sheffield-router"]),
        Way("192.0.2.10", SHEFFIELD, "192.0.2.10", "10.2.0.10", ["sheffield-router"]),
    ),
    "only the server behind NAT": Case(
        client_on_the_internet(),
        Way("192.0.2.20", FLORIDA, "192.0.2.20", "10.1.0.10", ["home-router", "florida-router"]),
        Way("10.1.0.10", "192.0.2.20", FLORIDA, "192.0.2.20", ["florida-router", "home-router"]),
    ),
    "one site": Case(
        one_site(),
        Way("10.1.0.20", "10.1.0.10", "10.1.0.20", "10.1.0.10", []),
        Way("10.1.0.10", "10.1.0.20", "10.1.0.10", "10.1.0.20", []),
    ),
    "one site of two networks": Case(
        one_site_of_two_networks(),
        Way("10.1.1.20", "10.1.0.10", "10.1.1.20", "10.1.0.10", ["florida-router"]),
        Way("10.1.0.10", "10.1.1.20", "10.1.0.10", "10.1.1.20", ["florida-router"]),
    ),
    "a site without gateway": Case(
        site_without_gateway(),
        Way("10.1.0.20", "10.1.0.10", "10.1.0.20", "10.1.0.10", []),
        Way("10.1.0.10", "10.1.0.20", "10.1.0.10", "10.1.0.20", []),
    ),
    "one realm, routed": Case(
        one_realm(),
        Way("10.2.0.10", "10.1.0.10", "10.2.0.10", "10.1.0.10", ["sheffield-router", "florida-router"]),
        Way("10.1.0.10", "10.2.0.10", "10.1.0.10", "10.2.0.10", ["florida-router", "sheffield-router"]),
    ),
    "two sites behind one router in one realm": Case(
        two_sites_behind_one_router_in_one_realm(),
        Way("10.2.0.10", "10.1.0.10", "10.2.0.10", "10.1.0.10", ["router"]),
        Way("10.1.0.10", "10.2.0.10", "10.1.0.10", "10.2.0.10", ["router"]),
    ),
    "client behind two NAT routers in a row": Case(
        double_nat(),
        Way("10.2.0.10", FLORIDA, SHEFFIELD, "10.1.0.10", ["flat-router", "provider-router", "florida-router"]),
        Way("10.1.0.10", SHEFFIELD, FLORIDA, "10.2.0.10", ["florida-router", "provider-router", "flat-router"]),
    ),
    "server on its gateway": Case(
        server_on_its_gateway(),
        Way("10.2.0.10", FLORIDA, SHEFFIELD, FLORIDA, ["sheffield-router"]),
        Way(FLORIDA, SHEFFIELD, FLORIDA, "10.2.0.10", ["sheffield-router"]),
    ),
    "client on its gateway": Case(
        client_on_its_gateway(),
        Way(SHEFFIELD, FLORIDA, SHEFFIELD, "10.1.0.10", ["florida-router"]),
        Way("10.1.0.10", SHEFFIELD, FLORIDA, SHEFFIELD, ["florida-router"]),
    ),
    "the same private network at both ends": Case(
        same_private_networks_in_two_realms(),
        Way("192.168.1.10", FLORIDA, SHEFFIELD, "192.168.1.10", ["sheffield-router", "florida-router"]),
        Way("192.168.1.10", SHEFFIELD, FLORIDA, "192.168.1.10", ["florida-router", "sheffield-router"]),
    ),
}


def way(made: Made, flow_id: str) -> Way:
    flow = made.flow(flow_id)
    return Way(*(flow[field] for field in Way._fields))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_login_and_call_back_wear_the_right_addresses_on_the_right_devices(case: Case) -> None:
    made = case.net.made()
    assert way(made, "netcfax.pcp/c>s") == case.login
    assert way(made, "netcfax.scp/s>c") == case.callback


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_by_every_devices_own_rules_both_arrive_and_their_neighbours_do_not(case: Case) -> None:
    made = case.net.made()
    for flow_id, outside in (("netcfax.pcp/c>s", 1), ("netcfax.scp/s>c", 100)):
        flow = made.flow(flow_id)
        low = int(flow["ports"].partition("-")[0])
        arriving = made.trace(flow["source"], flow["destination"], low)
        assert (arriving.reached, arriving.hops[-1].flows) == (flow["destination"], (flow_id,))
        assert [hop.device for hop in arriving.hops] == [*flow["via"], flow["destination"]]
        assert made.trace(flow["source"], flow["dial"], low).reached == flow["destination"]
        for refused in (
            made.trace(flow["source"], flow["destination"], low - 1),
            made.trace(flow["source"], flow["destination"], low + outside),
            made.trace(flow["source"], flow["destination"], low, "udp"),
        ):
            assert not refused.reached


def test_ipv6_goes_untranslated_beside_ipv4_nat() -> None:
    net = (
        Network()
        .site("florida", "10.1.0.0/24", f"{V6}/64", gateway="florida-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", "2001:db8:2::/64", gateway="sheffield-router", public=SHEFFIELD)
        .server("s", "florida", ["10.1.0.10", f"{V6}10"])
        .client("c", "sheffield", ["10.2.0.10", "2001:db8:2::10"], "s")
    )
    made = net.made()
    routers = ["sheffield-router", "florida-router"]
    assert way(made, "netcfax.pcp/c>s") == Way("10.2.0.10", FLORIDA, SHEFFIELD, "10.1.0.10", routers)
    far, near = f"{V6}10", "2001:db8:2::10"
    assert way(made, "netcfax.pcp/c>s/6") == Way(near, far, near, far, routers)
    assert way(made, "netcfax.scp/s>c/6") == Way(far, near, far, near, routers[::-1])
    assert made.flow("netcfax.scp/s>c")["ports"] == made.flow("netcfax.scp/s>c/6")["ports"]
    for policy in (made.policy("florida-router"), made.policy("sheffield-router")):
        assert {entry["version"] for entry in policy["destination_nat"]} == {4}
        assert {entry["version"] for entry in policy["source_nat"]} == {4}
        assert {entry["version"] for entry in policy["forward"]} == {4, 6}


def test_a_router_translates_nothing_towards_its_own_realm() -> None:
    made = one_realm().made()
    (source_nat,) = made.policy("florida-router")["source_nat"]
    assert source_nat["except"] == ["10.1.0.0/24", "10.2.0.0/24"]
    assert made.policy("florida-router")["destination_nat"] == []


def test_a_realm_is_told_to_all_its_routers_in_the_fewest_networks() -> None:
    net = one_realm()
    for number in range(4, 8):
        net.site(f"branch{number}", f"10.{number}.0.0/16", gateway=f"router{number}", public=f"192.0.2.{number}")
        net.sites[f"branch{number}"]["realm"] = net.sites["florida"]["realm"]
    made = net.made()
    routers = ["florida-router", "router4", "router7"]
    for router in routers:
        (source_nat,) = made.policy(router)["source_nat"]
        assert source_nat["except"] == ["10.1.0.0/24", "10.2.0.0/24", "10.4.0.0/14"]
    # One object for all: with thousands of networks in a realm, a list for each router would be their square.
    assert len({id(made.plan.policies[router].source_nat[0].exempt) for router in routers}) == 1


@pytest.mark.parametrize(
    ("net", "code", "host"),
    [
        (
            both_behind_nat().site("florida", "10.1.0.0/24", gateway="florida-router"),
            "FXN401",
            "s",
        ),
        (
            both_behind_nat().site("sheffield", "10.2.0.0/24", gateway="sheffield-router"),
            "FXN402",
            "c",
        ),
    ],
    ids=["server without a public address", "client without a public address"],
)
def test_a_private_site_without_a_public_address_cannot_be_reached_from_another_realm(
    net: Network, code: str, host: str
) -> None:
    (finding,) = net.findings()
    assert (finding.code, finding.host) == (code, host)
    assert finding.variable.endswith(".public_address")


def test_one_missing_public_address_is_one_finding_however_many_clients_it_cuts_off() -> None:
    net = both_behind_nat().site("florida", "10.1.0.0/24", gateway="florida-router")
    for number in range(2, 7):
        net.client(f"c{number}", "sheffield", f"10.2.0.{10 + number}", "s")
    (finding,) = net.findings()
    assert finding.hosts == ("s", "c", "c2", "c3", "c4", "c5", "c6")


def test_one_router_between_two_realms_is_refused() -> None:
    net = (
        Network()
        .site("a", "10.1.0.0/24", gateway="router", public=FLORIDA)
        .site("b", "10.2.0.0/24", gateway="router", public=SHEFFIELD)
        .server("s", "a", "10.1.0.10")
        .client("c", "b", "10.2.0.10", "s")
    )
    assert [finding.code for finding in net.findings()] == ["FXN119"]


def test_a_routers_own_service_and_a_forward_cannot_share_a_public_port() -> None:
    net = both_behind_nat().client("c2", "sheffield", "10.2.0.11", "florida-router")
    net.hosts["florida-router"]["faxnet_offers"] = [{"service": "netcfax"}]
    assert [finding.code for finding in net.findings()] == ["FXN404"]
    net.hosts["florida-router"]["faxnet_offers"] = [{"service": "netcfax", "primary_port": 7489}]
    assert net.findings() == ()
