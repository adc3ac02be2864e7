# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call-back ranges: disjoint on each public address, stable, clear of other people's ports, sized by instances."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.callbacks.lock import Lock
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Plan
from tests.unit.networks import FLORIDA, SHEFFIELD, Network, ports_of, two_offices
from tests.unit.work import lines_run


def office(clients: int, **use: Any) -> Network:
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


def granted(plan: Plan) -> dict[str, PortRange]:
    return {client.host: grant.ports for client, grant in plan.flows.callback_ranges.items()}


def assert_disjoint(ranges: list[PortRange]) -> None:
    for first, second in itertools.pairwise(sorted(ranges)):
        assert first.high < second.low


@pytest.mark.acceptance("NR-12")
def test_a_range_has_a_hundred_ports_unless_the_inventory_says_otherwise() -> None:
    plan = office(1).plan()
    assert granted(plan)["pc0"].size == 100


@pytest.mark.acceptance("NR-12")
@pytest.mark.parametrize(
    ("use", "size"),
    [
        ({"callback": {"size": 10}}, 10),
        ({"callback": {"low": 20000, "high": 20009}}, 10),
        ({"callback": {"low": 20000, "size": 25}}, 25),
        ({"callback": {"low": 20000}}, 100),
        ({"environment": "terminal_server", "instances": 40}, 100),
        ({"environment": "terminal_server", "instances": 51}, 102),
        ({"environment": "terminal_server", "instances": 200, "callback": {"size": 200}}, 200),
    ],
)
def test_the_size_follows_the_wish_and_the_number_of_instances(use: dict[str, Any], size: int) -> None:
    assert granted(office(1, **use).plan())["pc0"].size == size


@pytest.mark.acceptance("NR-12")
@pytest.mark.parametrize(
    "use",
    [
        {"callback": {"size": 9}},
        {"callback": {"low": 20000, "high": 20008}},
        {"callback": {"low": 20000, "size": 9}},
        {"callback": {"size": 39}, "environment": "terminal_server", "instances": 40},
    ],
)
def test_a_range_below_the_smallest_or_below_its_instances_is_refused(use: dict[str, Any]) -> None:
    (finding,) = office(1, **use).findings()
    assert finding.code == "FXN303"


def test_instances_of_all_uses_of_one_host_count_together() -> None:
    net = office(0).server("fl-fax2", "florida", "10.1.0.11", primary_port=7489)
    uses = [{"service": "netcfax", "server": server, "environment": "terminal_server", "instances": 60}
            for server in ("fl-fax", "fl-fax2")]  # fmt: skip
    plan = net.host("ts", "sheffield", "10.2.0.10", uses=uses).plan()
    assert granted(plan)["ts"].size == 240


@pytest.mark.acceptance("NP-12")
def test_clients_behind_one_address_never_share_a_port() -> None:
    ranges = granted(office(150).plan())
    assert len(ranges) == 150
    assert_disjoint(list(ranges.values()))


def test_clients_with_addresses_of_their_own_may_have_the_same_ports() -> None:
    net = Network().site("lab", "10.0.0.0/24").server("fl-fax", "lab", "10.0.0.10")
    for number in (1, 2):
        net.client(f"pc{number}", "lab", f"10.0.0.{20 + number}", callback={"low": 20000, "high": 20099})
    ranges = granted(net.plan())
    assert ranges["pc1"] == ranges["pc2"]


def test_one_private_address_in_two_realms_is_two_machines() -> None:
    net = office(0)
    for number, public in ((1, "203.0.113.31"), (2, "203.0.113.32")):
        net.site(f"home{number}", "192.168.1.0/24", gateway=f"home{number}-router", public=public)
        net.client(f"home-pc{number}", f"home{number}", "192.168.1.10", callback={"mode": "fixed"})
    assert granted(net.plan()) == {"home-pc1": PortRange(7485, 7485), "home-pc2": PortRange(7485, 7485)}


def test_a_client_of_two_servers_has_one_range_that_both_may_call() -> None:
    net = office(0).server("fl-fax2", "florida", "10.1.0.11", primary_port=7489)
    uses = [{"service": "netcfax", "server": server} for server in ("fl-fax", "fl-fax2")]
    made = net.host("pc", "sheffield", "10.2.0.10", uses=uses).made()
    ports = {flow["id"]: flow["ports"] for flow in made.document["flows"] if flow["callback"]}
    assert len(ports) == 2
    assert len(set(ports.values())) == 1
    (entry,) = made.policy("uk-router")["destination_nat"]
    assert entry["flows"] == sorted(ports)


@pytest.mark.acceptance("NR-16")
@pytest.mark.parametrize("system", ["windows", "windows_xp_pro", "linux"])
def test_ranges_stay_clear_of_everything_well_known_and_of_the_systems_own_dynamic_ports(system: str) -> None:
    catalog = builtin_catalog()
    net = office(150, system=system)
    ranges = granted(net.plan())
    assert len(ranges) == 150
    for ports in ranges.values():
        assert not [port for port in catalog.well_known if ports.low <= port <= ports.high]
        assert not ports.overlaps(catalog.systems[system].dynamic)
        assert ports.low >= catalog.reserved_below


@pytest.mark.acceptance("NR-16")
def test_a_range_is_not_placed_over_a_well_known_port_even_where_room_is_short() -> None:
    # NDMP and others hold ports below 10100, memcached holds 11211: eleven hundreds are left between them.
    net = office(11)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "10000-11299"}]
    assert sorted(ports.low for ports in granted(net.plan()).values()) == list(range(10100, 11200, 100))
    assert [finding.code for finding in _one_more(net).findings()] == ["FXN306"]


def _one_more(net: Network) -> Network:
    return net.client("one-more", "sheffield", "10.2.9.9")


@pytest.mark.acceptance("NP-02")
@pytest.mark.parametrize(
    ("system", "pool", "refused"),
    [
        ("windows_xp_pro", "2000-4999", True),
        ("windows_xp_pro", "50000-50999", False),
        ("windows", "2000-4999", False),
        ("windows", "50000-50999", True),
        ("linux", "40000-40999", True),
        ("linux", "61000-61999", False),
    ],
)
def test_a_pool_inside_the_dynamic_ports_of_the_clients_system_holds_no_range(
    system: str, pool: str, refused: bool
) -> None:
    net = office(1, system=system)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": pool}]
    assert [finding.code for finding in net.findings()] == (["FXN306"] if refused else [])


@pytest.mark.acceptance("NP-02")
@pytest.mark.parametrize(
    ("system", "callback", "dynamic"),
    [
        ("windows", {"low": 50000, "high": 50099}, "49152-65535"),
        ("windows_98", {"low": 4000, "high": 4099}, "1024-5000"),
        ("windows_server_2003", {"low": 4950, "high": 5049}, "1024-5000"),
        ("windows", {"mode": "fixed", "port": 50000}, "49152-65535"),
        ("windows", {"low": 4000, "high": 4099}, None),
        ("windows_98", {"low": 50000, "high": 50099}, None),
    ],
)
def test_ports_that_the_system_gives_away_by_itself_are_warned_of(
    system: str, callback: dict[str, Any], dynamic: str | None
) -> None:
    planned = office(1, system=system, callback=callback).planned()
    assert planned.plan is not None
    assert [finding.code for finding in planned.findings] == (["FXN311"] if dynamic else [])
    assert dynamic is None or dynamic in planned.findings[0].message


def test_a_range_avoids_what_the_client_host_itself_keeps_open() -> None:
    net = office(1)
    net.hosts["pc0"]["faxnet_permits"] = [{"name": "a", "ports": "10000-32000"}, {"name": "b", "ports": 10500}]
    assert granted(net.plan())["pc0"].low > 32000


def test_a_range_avoids_the_ports_of_servers_behind_the_same_address() -> None:
    net = two_offices().server("uk-fax", "sheffield", "10.2.0.50", primary_port=20150)
    net.client("fl-pc2", "florida", "10.1.0.52", "uk-fax")
    net.hosts["uk-pc1"]["faxnet_uses"][0]["server"] = "fl-fax"
    for number in range(150):
        net.client(f"pc{number}", "sheffield", f"10.2.0.{100 + number}")
    ranges = [ports for name, ports in granted(net.plan()).items() if name.startswith(("uk-", "pc"))]
    assert len(ranges) > 150
    assert not [ports for ports in ranges if ports.low <= 20150 <= ports.high]


@pytest.mark.acceptance("NR-14")
def test_all_clients_of_a_server_stay_inside_the_range_that_its_network_opens() -> None:
    net = office(9)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": {"low": 20000, "high": 20999}}]
    ranges = granted(net.plan())
    assert all(ports.low >= 20000 and ports.high <= 20999 for ports in ranges.values())
    assert_disjoint(list(ranges.values()))


@pytest.mark.acceptance("NR-14")
@pytest.mark.parametrize(
    "callback", [{"low": 20950, "high": 21049}, {"low": 19950, "high": 20049}, {"mode": "fixed", "port": 7485}]
)
def test_a_client_outside_the_range_that_its_servers_network_opens_is_refused(callback: dict[str, Any]) -> None:
    net = office(1, callback=callback)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "20000-20999"}]
    (finding,) = net.findings()
    assert (finding.code, finding.host) == ("FXN309", "pc0")
    assert "20000-20999" in finding.message


def test_servers_whose_ranges_share_no_port_cannot_share_a_client() -> None:
    net = office(0)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "20000-20999"}]
    net.server("fl-fax2", "florida", "10.1.0.11", primary_port=7489, callback_range="21000-21999")
    uses = [{"service": "netcfax", "server": server} for server in ("fl-fax", "fl-fax2")]
    net.host("pc", "sheffield", "10.2.0.10", uses=uses)
    assert [finding.code for finding in net.findings()] == ["FXN309"]


@pytest.mark.acceptance("NR-06")
def test_fixed_ports_are_for_those_clients_that_ask_for_one_and_changeable() -> None:
    net = office(1)
    net.client("fix-default", "sheffield", "10.2.0.101", callback={"mode": "fixed"})
    net.client("fix-other", "sheffield", "10.2.0.102", callback={"mode": "fixed", "port": 7499})
    plan = net.plan()
    modes = {client.text: (grant.mode, grant.ports.text) for client, grant in plan.flows.callback_ranges.items()}
    assert modes["fix-default/netcfax"] == ("fixed", "7485")
    assert modes["fix-other/netcfax"] == ("fixed", "7499")
    assert modes["pc0/netcfax"] == ("dynamic", granted(plan)["pc0"].text)


def test_a_fixed_port_does_not_serve_the_clients_of_two_servers_at_once() -> None:
    net = office(0).server("fl-fax2", "florida", "10.1.0.11", primary_port=7489)
    uses = [{"service": "netcfax", "server": server, "callback": {"mode": "fixed"}} for server in ("fl-fax", "fl-fax2")]
    (finding,) = net.host("pc", "sheffield", "10.2.0.10", uses=uses).findings()
    assert (finding.code, finding.host) == ("FXN304", "pc")


@pytest.mark.acceptance("NR-11")
def test_what_is_opened_for_dynamic_ports_is_a_range_and_never_everything() -> None:
    opened = [flow["ports"] for flow in two_offices().made().document["flows"] if flow["callback"]]
    assert any("-" in ports for ports in opened)
    for ports in opened:
        low, _hyphen, high = ports.partition("-")
        assert int(high or low) - int(low) < 200


def test_the_same_inventory_gives_the_same_ranges_whatever_its_order() -> None:
    net = office(40)
    shuffled = replace(net, hosts=dict(reversed(net.hosts.items())), sites=dict(reversed(net.sites.items())))
    assert granted(shuffled.plan()) == granted(net.plan())


def test_without_a_lock_a_newcomer_takes_the_place_of_at_most_one() -> None:
    net = office(40)
    before = granted(net.plan())
    after = granted(net.client("aaa-newcomer", "sheffield", "10.2.9.9").plan())
    assert len([name for name in before if before[name] != after[name]]) <= 1


def test_a_newcomer_moves_nobody_while_there_is_a_lock() -> None:
    net = office(120)
    before = net.plan()
    net.client("aaa-newcomer", "sheffield", "10.2.9.9").client("zzz-newcomer", "sheffield", "10.2.9.10")
    after = granted(net.with_lock(before).plan())
    assert {name: after[name] for name in granted(before)} == granted(before)
    assert_disjoint(list(after.values()))


def test_who_leaves_gives_the_range_back_and_moves_nobody() -> None:
    net = office(120)
    before = net.plan()
    del net.hosts["pc7"]
    after = net.with_lock(before).plan()
    assert granted(after) == {name: ports for name, ports in granted(before).items() if name != "pc7"}
    assert HostService("pc7", "netcfax") not in after.lock.ranges


def test_a_range_moves_only_when_it_must_and_then_says_so() -> None:
    net = office(2)
    before = net.plan()
    old = granted(before)["pc0"]
    net.client("named", "sheffield", "10.2.9.9", callback={"low": old.low + 50, "high": old.low + 99})
    planned = net.with_lock(before).planned()
    assert planned.plan is not None
    (finding,) = planned.findings
    assert (finding.code, finding.host, finding.value) == ("FXN312", "pc0", old.text)
    assert granted(planned.plan)["pc0"] != old
    assert granted(planned.plan)["pc1"] == granted(before)["pc1"]
    assert granted(planned.plan)["pc0"].text in finding.message


@pytest.mark.parametrize(
    ("use", "moves"),
    [
        ({}, False),
        ({"environment": "terminal_server", "instances": 100}, False),
        ({"environment": "terminal_server", "instances": 101}, True),
        ({"callback": {"size": 100}}, False),
        ({"callback": {"size": 50}}, True),
    ],
)
def test_a_lock_holds_while_the_range_is_large_enough(use: dict[str, Any], moves: bool) -> None:
    before = office(1).plan()
    planned = office(1, **use).with_lock(before).planned()
    assert planned.plan is not None
    assert [finding.code for finding in planned.findings] == (["FXN312"] if moves else [])
    assert (granted(planned.plan) != granted(before)) is moves


@pytest.mark.parametrize("locked", ["1000-1099", "64990-65089", "3300-3399", "50000-50099"])
def test_a_locked_range_that_no_client_may_have_any_more_is_moved(locked: str) -> None:
    low, high = map(int, locked.split("-"))
    net = replace(office(1), lock=Lock({HostService("pc0", "netcfax"): PortRange(low, high)}).as_text())
    planned = net.planned()
    assert planned.plan is not None
    assert [finding.code for finding in planned.findings] == ["FXN312"]


def test_a_full_pool_names_everybody_who_got_nothing_once() -> None:
    net = office(20, callback={"size": 100})
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "20000-20999"}]
    (finding,) = net.findings()
    assert finding.code == "FXN306"
    assert len(set(finding.hosts)) == 10


def test_gaps_between_odd_sizes_are_used_before_a_pool_counts_as_full() -> None:
    net = office(0)
    net.hosts["fl-fax"]["faxnet_offers"] = [{"service": "netcfax", "callback_range": "20000-20299"}]
    net.client("odd", "sheffield", "10.2.0.20", callback={"low": 20050, "high": 20149})
    net.client("pc1", "sheffield", "10.2.0.21", callback={"size": 150})
    net.client("pc2", "sheffield", "10.2.0.22", callback={"size": 50})
    ranges = granted(net.plan())
    assert ranges["pc1"] == PortRange(20150, 20299)
    assert ranges["pc2"] == PortRange(20000, 20049)


def test_a_clients_own_full_host_is_nobody_elses_trouble() -> None:
    net = office(2)
    net.hosts["pc0"]["faxnet_permits"] = [{"name": "everything", "ports": "10000-32767"}]
    (finding,) = net.findings()
    assert (finding.code, finding.hosts) == ("FXN306", ("pc0",))


def test_clients_for_whom_the_pool_has_no_room_are_told_without_searching_it_for_each() -> None:
    def told(clients: int) -> int:
        net = office(clients)
        findings: list[Finding] = []
        work = lines_run(lambda: findings.extend(net.findings()))
        (finding,) = findings
        assert finding.code == "FXN306"
        assert len(finding.hosts) > clients - 250
        return work

    assert told(1600) < 2.5 * told(800)


@pytest.mark.parametrize("client", ["uk-ts1", "uk-pc1", "uk-pc2", "fl-pc1"])
@pytest.mark.acceptance("NP-06")
def test_what_the_client_is_told_equals_what_is_open_on_every_device(client: str) -> None:
    made = two_offices().made()
    (use,) = made.slices[client]["uses"]
    low, high = use["callback"]["low"], use["callback"]["high"]
    told = str(low) if low == high else f"{low}-{high}"
    flow = made.flow(f"netcfax.scp/fl-fax>{client}")
    assert flow["ports"] == told == ports_of(made.plan, client)
    for device in (*flow["via"], client):
        section = "input" if device == client else "forward"
        assert [entry["ports"] for entry in made.policy(device)[section] if flow["id"] in entry["flows"]] == [told]
    for device in flow["via"][1:]:
        assert [item["ports"] for item in made.policy(device)["destination_nat"] if flow["id"] in item["flows"]] == [
            told
        ]
