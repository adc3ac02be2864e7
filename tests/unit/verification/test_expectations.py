# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must pass and what must be refused, as derived from a plan."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Limits, Probe
from tests.unit.verification.offices import expected, two_offices


def probes_of(inventory: dict[str, Any], **wanted: object) -> list[Probe]:
    every = (probe for probes in expected(inventory).probes.values() for probe in probes)
    return [probe for probe in every if all(getattr(probe, key) == value for key, value in wanted.items())]


def targets(probes: list[Probe]) -> set[tuple[str, str, int | None]]:
    return {(probe.host, probe.address, probe.port) for probe in probes}


@pytest.fixture
def offices() -> dict[str, Any]:
    return two_offices()


def test_each_client_must_reach_its_server_where_it_dials_it(offices: dict[str, Any]) -> None:
    assert targets(probes_of(offices, kind="flow", expect="open")) == {
        ("fl-pc1", "10.1.0.10", 7488),
        ("uk-ts1", "198.51.100.10", 7488),
        ("uk-pc1", "198.51.100.10", 7488),
        ("uk-pc2", "198.51.100.10", 7488),
    }


def test_call_backs_must_get_through_to_both_ends_of_each_range(offices: dict[str, Any]) -> None:
    found = probes_of(offices, kind="call-back", target="uk-ts1")
    assert {(probe.host, probe.address, probe.expect) for probe in found} == {("fl-fax", "203.0.113.20", "through")}
    low, high = sorted(probe.port or 0 for probe in found)
    assert high - low == 99


def test_a_fixed_port_is_one_probe(offices: dict[str, Any]) -> None:
    assert targets(probes_of(offices, kind="call-back", target="uk-pc2")) == {("fl-fax", "203.0.113.20", 7485)}


def test_the_ports_beside_an_opening_must_be_silent(offices: dict[str, Any]) -> None:
    found = probes_of(offices, kind="neighbour port", host="uk-pc1")
    assert targets(found) == {("uk-pc1", "198.51.100.10", 7487), ("uk-pc1", "198.51.100.10", 7489)}
    assert {probe.expect for probe in found} == {"silent"}


def test_ports_between_two_touching_ranges_are_no_neighbours(offices: dict[str, Any]) -> None:
    uses = {"service": "netcfax", "server": "fl-fax"}
    offices["hosts"]["uk-ts1"]["faxnet_uses"] = [{**uses, "callback": {"low": 12000, "high": 12099}}]
    offices["hosts"]["uk-pc1"]["faxnet_uses"] = [{**uses, "callback": {"low": 12100, "high": 12199}}]
    ports = {probe.port for probe in probes_of(offices, kind="neighbour port", address="203.0.113.20")}
    assert {11999, 12200} <= ports
    assert not {12099, 12100} & ports


def test_the_other_protocol_must_be_silent_on_every_open_port(offices: dict[str, Any]) -> None:
    found = probes_of(offices, kind="other protocol", host="uk-pc2")
    assert [(probe.address, probe.port, probe.transport) for probe in found] == [("198.51.100.10", 7488, "udp")]


def test_a_client_is_not_let_into_another_clients_range(offices: dict[str, Any]) -> None:
    found = probes_of(offices, kind="another client's range", host="uk-pc1", target="uk-ts1")
    assert {probe.address for probe in found} == {"10.2.0.10"}
    assert {probe.expect for probe in found} == {"silent"}


def test_a_host_that_uses_nothing_is_not_let_in_to_the_server(offices: dict[str, Any]) -> None:
    found = targets(probes_of(offices, kind="another host", target="fl-fax"))
    assert found == {("stranger", "198.51.100.10", 7488), ("fl-router", "10.1.0.10", 7488)}


def test_hosts_behind_routers_are_tried_by_their_own_addresses_from_outside(offices: dict[str, Any]) -> None:
    found = targets(probes_of(offices, kind="unsolicited to the LAN", host="stranger"))
    assert {("stranger", "10.2.0.10", 22), ("stranger", "10.1.0.10", 7488)} <= found


def test_management_and_permits_are_open_and_never_probed_as_refused(offices: dict[str, Any]) -> None:
    permit = {"name": "web", "transport": "tcp", "ports": 7489, "sources": ["10.1.0.0/24"]}
    offices["hosts"]["fl-fax"]["faxnet_permits"] = [permit]
    assert targets(probes_of(offices, kind="neighbour port", host="fl-pc1")) == {("fl-pc1", "10.1.0.10", 7487)}


def test_a_switched_off_use_must_be_refused(offices: dict[str, Any]) -> None:
    offices["hosts"]["fl-pc1"]["faxnet_uses"][0]["enabled"] = False
    found = probes_of(offices, kind="switched-off flow")
    assert ("fl-pc1", "10.1.0.10", 7488) in targets(found)
    assert {probe.expect for probe in found} == {"silent"}
    assert not probes_of(offices, kind="flow", host="fl-pc1")


def test_whoever_wears_an_allowed_address_is_a_remark_and_no_probe(offices: dict[str, Any]) -> None:
    offices["hosts"]["uk-guest"] = {"faxnet_site": "sheffield", "faxnet_address": "10.2.0.99"}
    assert not probes_of(offices, host="uk-guest", address="198.51.100.10", port=7488)
    remark = next(item for item in expected(offices).shared_addresses if item.address == "198.51.100.10")
    assert remark.hosts == ("uk-guest",)
    assert remark.shared == "203.0.113.20"
    assert "faxnet_outbound to flows on uk-router" in remark.as_dict()["message"]


def test_a_router_that_lets_only_flows_out_makes_it_refusable_again(offices: dict[str, Any]) -> None:
    offices["hosts"]["uk-guest"] = {"faxnet_site": "sheffield", "faxnet_address": "10.2.0.99"}
    offices["hosts"]["uk-router"]["faxnet_outbound"] = "flows"
    assert probes_of(offices, host="uk-guest", address="198.51.100.10", port=7488, expect="silent")
    assert not [item for item in expected(offices).shared_addresses if "uk-guest" in item.hosts]


def test_private_addresses_that_two_sites_share_are_not_mixed_up(offices: dict[str, Any]) -> None:
    offices["faxnet_sites"]["sheffield"]["networks"] = ["10.1.0.0/24"]
    for name, address in (("uk-router", 1), ("uk-ts1", 110), ("uk-pc1", 121), ("uk-pc2", 122)):
        offices["hosts"][name]["faxnet_address"] = f"10.1.0.{address}"
    found = probes_of(offices, kind="unsolicited to the LAN")
    assert {probe.host for probe in found if probe.address.startswith("10.")} == {"stranger"}


def test_every_address_of_which_only_silence_is_expected_gets_an_echo_request(offices: dict[str, Any]) -> None:
    by_host = expected(offices).probes
    assert any(probe.expect == "silent" for probes in by_host.values() for probe in probes)
    for host, probes in by_host.items():
        answering = {probe.address for probe in probes if probe.expect != "silent"}
        assert {probe.address for probe in probes} <= answering, host


def test_no_question_is_asked_twice(offices: dict[str, Any]) -> None:
    ids = [probe.id for probes in expected(offices).probes.values() for probe in probes]
    assert len(ids) == len(set(ids))


def test_the_same_plan_gives_the_same_probes(offices: dict[str, Any]) -> None:
    assert expected(offices) == expected(two_offices())


def test_what_limits_leave_out_is_named_probe_by_probe(offices: dict[str, Any]) -> None:
    every = {probe.id for probe in expected(offices).probes["fl-fax"] if probe.kind == "neighbour port"}
    limited = expected(offices, Limits(flows=2000, refused=3, others=4))
    kept = {probe.id for probe in limited.probes["fl-fax"] if probe.kind == "neighbour port"}
    out = next(item for item in limited.left_out if (item.host, item.kind) == ("fl-fax", "neighbour port"))
    assert (len(kept), out.possible, out.kept) == (3, len(every), 3)
    assert kept | set(out.ids) == every


def test_up_to_as_many_pairs_as_one_sets_everybody_is_tried_against_everybody(offices: dict[str, Any]) -> None:
    offices["faxnet_sites"]["sheffield"]["networks"] = ["10.2.0.0/16"]
    uses = [{"service": "netcfax", "server": "fl-fax", "callback": {"size": 10}}]
    for index in range(20):
        own = {"faxnet_site": "sheffield", "faxnet_address": f"10.2.1.{1 + index}", "faxnet_uses": uses}
        offices["hosts"][f"pc{index:02}"] = own

    def tried(pairs: int) -> tuple[set[str], list[tuple[str, int, int]]]:
        found = expected(offices, Limits(others=2, pairs=pairs))
        probes = [
            probe for probes in found.probes.values() for probe in probes if probe.kind == "another client's range"
        ]
        out = [(item.kind, item.kept, item.possible) for item in found.left_out if not item.host]
        return {probe.target for probe in probes if probe.host == "pc00"}, out

    everybody, left_out = tried(600)
    assert {f"pc{index:02}" for index in range(1, 20)} <= everybody
    assert "another client's range" not in {kind for kind, _kept, _possible in left_out}
    some, left_out = tried(500)
    assert len(some) < 6
    (kept,) = (kept for kind, kept, possible in left_out if (kind, possible) == ("another client's range", 24 * 23))
    assert 24 * 2 <= kept <= 24 * 4


def test_a_large_site_is_probed_in_proportion_to_its_hosts(offices: dict[str, Any]) -> None:
    def total(clients: int) -> int:
        inventory = two_offices()
        inventory["faxnet_sites"]["sheffield"]["networks"] = ["10.2.0.0/16"]
        uses = [{"service": "netcfax", "server": "fl-fax", "callback": {"size": 10}}]
        for index in range(clients):
            address = f"10.2.{1 + index // 250}.{1 + index % 250}"
            inventory["hosts"][f"pc{index}"] = {"faxnet_site": "sheffield", "faxnet_address": address}
            inventory["hosts"][f"pc{index}"]["faxnet_uses"] = uses
        return sum(len(probes) for probes in expected(inventory).probes.values())

    assert total(400) < 2.3 * total(200)
