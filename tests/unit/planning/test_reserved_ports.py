# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that others hold on a host: no range is chosen there, one that was there moves, what cannot is told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Severity, errors
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Plan
from tests.unit.field_cases import field_case
from tests.unit.networks import FLORIDA, SHEFFIELD, Network
from tests.unit.work import lines_run


def office(clients: int = 1, **use: Any) -> Network:
    """A server behind NAT, and so many clients behind one public address."""
    net = (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/16", gateway="uk-router", public=SHEFFIELD)
        .server("fl-fax", "florida", "10.1.0.10")
    )
    for number in range(clients):
        net.client(f"pc{number}", "sheffield", f"10.2.{1 + number // 200}.{1 + number % 200}", **use)
    return net


def reserving(net: Network, host: str, *entries: Any) -> Network:
    """The network, with ports that others hold on a host."""
    net.hosts[host]["faxnet_reserved_ports"] = list(entries)
    return net


def range_of(plan: Plan, host: str = "pc0") -> PortRange:
    (ports,) = [grant.ports for client, grant in plan.flows.callback_ranges.items() if client.host == host]
    return ports


@pytest.mark.parametrize("host", ["pc0", "uk-router"])
@pytest.mark.parametrize(
    "entry", ["10000-32600", {"ports": ["10000-20000", "20001-32600"], "transport": "tcp", "reason": "Hyper-V"}]
)
def test_no_range_is_chosen_where_the_client_or_its_router_has_reserved_ports(host: str, entry: Any) -> None:
    assert range_of(office().plan()).high <= 32600
    assert range_of(reserving(office(), host, entry).plan()).low > 32600


@pytest.mark.parametrize(
    ("host", "entry"),
    [
        ("pc0", {"ports": "10000-32600", "transport": "udp"}),
        ("pc1", "10000-32600"),
        ("fl-router", "10000-32600"),
        ("fl-fax", "10000-32600"),
    ],
)
def test_another_transport_and_another_machine_are_in_nobodys_way(host: str, entry: Any) -> None:
    net = office(2)
    usual = range_of(net.plan())
    assert range_of(reserving(net, host, entry).plan()) == usual


def test_each_router_on_the_way_that_holds_the_port_is_kept_clear_of() -> None:
    def chain() -> Network:
        outer = {"host": "outer", "public_address": SHEFFIELD}
        inner = {"host": "inner", "public_address": "192.168.1.2"}
        net = office(0)
        net.sites["branch"] = {"networks": ["10.3.0.0/24"], "gateways": [inner, outer]}
        net.host("outer", "branch", "192.168.1.1").host("inner", "branch", "10.3.0.1")
        del net.sites["sheffield"], net.hosts["uk-router"]
        return net.client("pc0", "branch", "10.3.0.21")

    assert range_of(chain().plan()).high <= 32600
    for router in ("inner", "outer"):
        assert range_of(reserving(chain(), router, "10000-32600").plan()).low > 32600


@pytest.mark.parametrize("host", ["pc0", "uk-router"])
def test_a_locked_range_moves_away_from_reserved_ports_and_nobody_elses(host: str) -> None:
    net = office(3)
    before = net.plan()
    old = range_of(before)
    entry = {"ports": old.low + 7, "transport": "tcp", "reason": "Hyper-V"}
    planned = reserving(net.with_lock(before), host, entry).planned()
    assert planned.plan is not None
    (moved,) = planned.findings
    assert (moved.code, moved.host, moved.value) == ("FXN312", "pc0", old.text)
    new = range_of(planned.plan)
    wanted = f"the range had to move to {new.text}: {old.low + 7}/tcp (Hyper-V) is in faxnet_reserved_ports of {host}"
    assert moved.message == wanted
    assert host in moved.hosts
    assert not new.overlaps(old)
    assert range_of(planned.plan, "pc1") == range_of(before, "pc1")
    assert range_of(planned.plan, "pc2") == range_of(before, "pc2")


def test_a_range_that_moves_for_another_reason_names_none() -> None:
    net = office()
    before = net.plan()
    net = reserving(net.with_lock(before), "pc0", "40000-40099")
    net.hosts["pc0"]["faxnet_uses"][0]["callback"] = {"size": 50}
    (moved,) = net.findings()
    assert moved.code == "FXN312"
    assert "faxnet_reserved_ports" not in moved.message


@pytest.mark.parametrize("host", ["pc0", "uk-router"])
@pytest.mark.parametrize(
    ("callback", "key", "value"),
    [
        ({"low": 20000, "high": 20099}, "low", "20000-20099"),
        ({"mode": "fixed", "port": 20010}, "port", "20010"),
    ],
)
def test_ports_that_a_person_chose_are_refused_where_they_are_reserved(
    host: str, callback: dict[str, Any], key: str, value: str
) -> None:
    net = reserving(office(callback=callback), host, {"ports": "20010-20020", "reason": "Hyper-V"})
    (finding,) = net.findings()
    assert (finding.code, finding.host, finding.value) == ("FXN315", "pc0", value)
    assert finding.variable == f"faxnet_uses[0].callback.{key}"
    assert f"20010-20020/tcp (Hyper-V) on {'10.2.1.1' if host == 'pc0' else SHEFFIELD}" in finding.message
    assert f"faxnet_reserved_ports of {host}" in finding.cure
    assert net.planned().plan is None


@pytest.mark.parametrize("callback", [{"low": 5356, "high": 5365}, {"mode": "fixed", "port": 5357}])
def test_ports_of_the_systems_own_services_are_refused_on_that_system_alone(callback: dict[str, Any]) -> None:
    (finding,) = office(system="windows", callback=callback).findings()
    assert finding.code == "FXN315"
    assert "5357-5358/tcp (Web Services on Devices)" in finding.message
    assert office(system="linux", callback=callback).findings() == ()


def test_no_range_is_chosen_on_ports_of_the_systems_own_services() -> None:
    net = office(system="windows")
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "5350-5459"}]
    net.hosts["pc0"]["faxnet_uses"][0]["callback"] = {"size": 10}
    assert range_of(net.plan()).low > 5358
    net.hosts["pc0"]["faxnet_system"] = "linux"
    assert range_of(net.plan()).size == 10


def test_where_reserved_ports_leave_no_room_the_finding_names_them() -> None:
    net = office()
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "20000-20199"}]
    assert net.findings() == ()
    reserving(net, "uk-router", {"ports": [20050, 20150], "transport": "tcp", "reason": "a VPN"})
    (finding,) = net.findings()
    assert (finding.code, finding.host) == ("FXN306", "pc0")
    assert "20050/tcp (a VPN) on uk-router, 20150/tcp (a VPN) on uk-router" in finding.message
    assert "faxnet_reserved_ports" in finding.cure


def test_a_full_pool_of_one_client_takes_nobody_elses_room() -> None:
    # What a client's own host has reserved says nothing of others behind the same address.
    net = reserving(office(3), "pc0", "10000-32767")
    (finding,) = net.findings()
    assert (finding.code, finding.hosts) == ("FXN306", ("pc0",))


@pytest.mark.parametrize(
    ("service", "offer", "entry", "variable", "value"),
    [
        ("netcfax", {}, 7488, "primary_port", "7488/tcp"),
        ("netcfax", {"primary_port": 9001}, "9000-9009", "primary_port", "9001/tcp"),
        ("iax2", {}, {"ports": 4569, "transport": "udp"}, "iax_port", "4569/udp"),
    ],
)
def test_a_service_on_a_port_that_its_host_has_reserved_is_an_error(
    service: str, offer: dict[str, Any], entry: Any, variable: str, value: str
) -> None:
    def offering(*reserved: Any) -> Network:
        net = Network().site("lab", "10.0.0.0/24").offers("server", "lab", "10.0.0.10", service, **offer)
        net.uses("pc", "lab", "10.0.0.20", service, "server")
        return reserving(net, "server", *reserved)

    assert offering().findings() == ()
    (finding,) = offering(entry).findings()
    assert (finding.code, finding.host, finding.value) == ("FXN220", "server", value)
    assert finding.variable == f"faxnet_offers[0].{variable}"
    assert variable in finding.cure
    assert "faxnet_reserved_ports of server" in finding.cure


def test_a_service_that_is_switched_off_may_wait_on_reserved_ports() -> None:
    net = reserving(office(), "fl-fax", 7488)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "enabled": False}]
    assert net.findings() == ()


def test_a_pool_that_a_product_takes_free_ports_from_is_warned_of_only() -> None:
    net = (
        Network()
        .site("lab", "10.0.0.0/24")
        .offers("pbx", "lab", "10.0.0.10", "asterisk", rtp="10000-20000")
        .uses("pc", "lab", "10.0.0.20", "asterisk", "pbx")
    )
    reserving(net, "pbx", {"ports": ["15000", "15010"], "transport": "udp", "reason": "a VPN"})
    (finding,) = [one for one in net.findings() if one.code.startswith("FXN22")]
    assert (finding.code, finding.severity, finding.host) == ("FXN221", Severity.WARNING, "pbx")
    assert "15000/udp (a VPN), faxnet_reserved_ports[0], 15010/udp (a VPN)" in finding.message
    assert net.planned().plan is not None


@pytest.mark.parametrize(
    ("said", "entry", "variable"),
    [
        ({"client_sip_port": 5090, "client_media": "5092-5093"}, 5090, "client_sip_port"),
        ({"client_sip_port": 5090, "client_media": "5092-5093"}, {"ports": 5093, "transport": "udp"}, "client_media"),
    ],
)
def test_a_devices_own_ports_are_held_against_what_its_host_has_reserved(
    said: dict[str, Any], entry: Any, variable: str
) -> None:
    net = field_case("two_devices_at_one_provider")
    assert not errors(net.findings())
    net.hosts["faxbox"]["faxnet_uses"][0].update(said)
    (found,) = [one for one in reserving(net, "faxbox", entry).findings() if one.code in ("FXN220", "FXN221")]
    assert (found.host, found.variable) == ("faxbox", f"faxnet_uses[0].{variable}")


def test_a_forward_of_a_port_that_the_router_has_reserved_is_an_error() -> None:
    net = reserving(office(), "fl-router", {"ports": "7480-7490", "transport": "tcp", "reason": "its own page"})
    (finding,) = net.findings()
    assert (finding.code, finding.hosts) == ("FXN409", ("fl-fax", "fl-router"))
    assert (finding.variable, finding.value) == ("faxnet_offers", "7488/tcp")
    assert "7480-7490/tcp (its own page)" in finding.message
    assert "faxnet_reserved_ports of fl-router" in finding.cure


def test_a_router_may_reserve_ports_that_it_forwards_for_nobody() -> None:
    assert reserving(office(), "fl-router", 8443, {"ports": 7488, "transport": "udp"}).findings() == ()


@pytest.mark.parametrize(
    ("entry", "code", "variable"),
    [
        (0, "FXN204", "[0]"),
        ("5-4", "FXN204", "[0]"),
        (None, "FXN204", "[0]"),
        ([], "FXN103", "[0]"),
        ({}, "FXN103", "[0].ports"),
        ({"ports": []}, "FXN103", "[0].ports"),
        ({"ports": 65536}, "FXN204", "[0].ports"),
        ({"ports": 1, "transport": "sctp"}, "FXN101", "[0].transport"),
        ({"ports": 1, "transport": ["tcp"]}, "FXN101", "[0].transport"),
        ({"ports": 1, "reason": 7}, "FXN101", "[0].reason"),
        ({"ports": 1, "port": 7}, "FXN102", "[0].port"),
    ],
)
def test_a_mistake_names_itself_and_a_cure(entry: Any, code: str, variable: str) -> None:
    (finding,) = reserving(office(), "pc0", entry).findings()
    assert (finding.code, finding.host, finding.variable) == (code, "pc0", f"faxnet_reserved_ports{variable}")
    assert finding.cure


def test_a_reason_of_many_letters_or_of_none_that_print_is_shown_as_one_short_line() -> None:
    net = office(callback={"low": 20000, "high": 20099})
    reserving(net, "pc0", {"ports": 20050, "transport": "tcp", "reason": "a\nb" + "c" * 200})
    (finding,) = net.findings()
    assert finding.message.isprintable()
    assert len(finding.message) < 160


def test_the_cost_of_reserved_ports_does_not_grow_with_those_of_others() -> None:
    def work(clients: int) -> int:
        net = office(clients, system="windows")
        for number in range(clients):
            reserving(net, f"pc{number}", "40000-40099", {"ports": "50000-50059", "transport": "tcp"})
        return lines_run(net.plan)

    few, many = work(40), work(160)
    assert many < 5 * few
