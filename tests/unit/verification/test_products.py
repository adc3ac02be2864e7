# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed source ports, ports that the other side chooses, mappings, the Internet, and machines that nobody manages."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Expectations, Probe
from tests.unit.networks import FIXED
from tests.unit.verification.products import ANYWHERE, products, router_slices


def expected(plan: dict[str, Any], shut: str = "") -> Expectations:
    return expectations(plan, router_slices(plan, shut=shut))


def probes_of(plan: dict[str, Any], shut: str = "", **wanted: object) -> list[Probe]:
    every = (probe for probes in expected(plan, shut).probes.values() for probe in probes)
    return [probe for probe in every if all(getattr(probe, key) == value for key, value in wanted.items())]


def ids(probes: list[Probe]) -> list[str]:
    return sorted(probe.id for probe in probes)


@pytest.fixture
def plan() -> dict[str, Any]:
    return products()


def flow_of(plan: dict[str, Any], identity: str) -> dict[str, Any]:
    found: dict[str, Any] = next(flow for flow in plan["flows"] if flow["id"] == identity)
    return found


# --- fixed source ports and any port ----------------------------------------------------------------------------------


def test_an_alert_is_sent_from_its_source_port_to_a_few_ports_all_over_the_range(plan: dict[str, Any]) -> None:
    found = probes_of(plan, target="fl-pc1", expect="through")
    assert ids(found) == [f"fl-press:4644>10.1.0.21:{port}/udp" for port in (1, 21845, 65535)]
    assert {probe.kind for probe in found} == {"call-back"}


def test_the_same_packet_from_the_port_beside_it_must_be_silent(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="another source port")
    assert ids(found) == [f"fl-press:4645>10.1.0.21:{port}/udp" for port in (1, 21845, 65535)]
    assert {probe.expect for probe in found} == {"silent"}


def test_from_the_last_port_of_all_the_one_before_is_taken(plan: dict[str, Any]) -> None:
    flow_of(plan, "faxpress.alert/fl-press>fl-pc1")["source_ports"] = "65530-65535"
    assert {probe.source_port for probe in probes_of(plan, kind="another source port")} == {65529}


def test_another_source_port_that_a_flow_of_its_own_allows_is_not_refused(plan: dict[str, Any]) -> None:
    second = dict(flow_of(plan, "faxpress.alert/fl-press>fl-pc1"), id="x", source_ports="4645", ports="1-30000")
    plan["flows"].append(second)
    found = [probe.id for probe in probes_of(plan, kind="another source port") if probe.source_port == 4645]
    assert found == ["fl-press:4645>10.1.0.21:65535/udp"]


def test_the_other_protocol_is_tried_from_the_same_source_port(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="other protocol", host="fl-press", target="fl-pc1")
    assert ids(found) == [f"fl-press:4644>10.1.0.21:{port}/tcp" for port in (1, 21845, 65535)]


def test_there_is_no_port_beside_all_ports(plan: dict[str, Any]) -> None:
    assert {probe.port for probe in probes_of(plan, kind="neighbour port")} == {
        *(4643, 4645, 44332, 44334, 24, 26),
        *(59999, 61000),
    }


def test_a_packet_from_any_port_is_not_what_a_flow_with_a_source_port_allows(plan: dict[str, Any]) -> None:
    alert = flow_of(plan, "faxpress.alert/fl-press>fl-pc1")
    plan["flows"].append(dict(alert, id="any port", source_ports=None, ports="9000"))
    found = probes_of(plan, kind="neighbour port", host="fl-press", address="10.1.0.21")
    assert {(probe.source_port, probe.port) for probe in found} == {(None, 8999), (None, 9001)}


def test_a_source_port_that_a_system_might_choose_by_itself_proves_nothing(plan: dict[str, Any]) -> None:
    alert = flow_of(plan, "faxpress.alert/fl-press>fl-pc1")
    plan["flows"].append(dict(alert, id="z", source_ports=None, ports="9000"))
    assert probes_of(plan, kind="neighbour port", host="fl-press")
    alert["source_ports"] = "40000-50000"
    assert not probes_of(plan, kind="neighbour port", host="fl-press")


def test_strangers_try_a_clients_alert_ports_from_the_servers_source_port(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="another client's range", target="fl-pc1")
    assert {(probe.host, probe.source_port, probe.address) for probe in found} == {
        ("fl-kerio", 4644, "10.1.0.21"),
        ("br-cgp", 4644, "198.51.100.10"),
    }


def test_a_switched_off_alert_must_be_silent_from_its_own_source_port(plan: dict[str, Any]) -> None:
    off = flow_of(plan, "faxpress.alert/fl-press>fl-pc1")
    off["enabled"] = False
    found = probes_of(plan, kind="switched-off flow", target="fl-pc1")
    assert ids(found) == [f"fl-press:4644>10.1.0.21:{port}/udp" for port in (1, 21845, 65535)]
    assert not probes_of(plan, target="fl-pc1", expect="through")


# --- what passes only while a client asks -----------------------------------------------------------------------------


def test_what_a_mapping_carries_is_never_expected_to_come_unasked(plan: dict[str, Any]) -> None:
    found = probes_of(plan, flow="faxpress.alert/fl-press>uk-pc1")
    assert {(probe.kind, probe.expect) for probe in found} == {("unasked answer", "silent")}
    assert {(probe.source_port, probe.address) for probe in found} == {(4644, "203.0.113.20")}


def test_nor_at_the_clients_own_address(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="unasked answer", host="fl-press", address="10.2.0.21")
    assert {(probe.source_port, probe.port) for probe in found} == {(4644, 1), (4644, 21845), (4644, 65535)}


def test_an_own_address_that_means_somebody_else_to_the_server_is_left_alone(plan: dict[str, Any]) -> None:
    plan["sites"]["florida"]["networks"].append("10.2.0.0/24")
    assert not probes_of(plan, kind="unasked answer", host="fl-press", address="10.2.0.21")


def test_from_a_datagram_servers_port_only_answers_may_come(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="unasked answer", host="fl-kerio")
    assert ids(found) == ["fl-kerio:44333>203.0.113.20:21845/udp"]


def test_a_client_without_state_cannot_tell_an_answer_and_is_not_asked_to(plan: dict[str, Any]) -> None:
    asked = {"kind": "unasked answer", "target": "fl-pc2"}
    plan["flows"].remove(flow_of(plan, "faxpress.alert/fl-press>fl-pc2"))
    assert not probes_of(plan, **asked)
    plan["hosts"]["fl-pc2"]["platform"] = "nftables"
    assert ids(probes_of(plan, **asked)) == ["fl-press:4644>10.1.0.22:21845/udp"]


def test_a_switched_off_alert_to_a_client_without_state_looks_like_an_answer(plan: dict[str, Any]) -> None:
    assert not probes_of(plan, kind="switched-off flow", target="fl-pc2")
    plan["hosts"]["fl-pc2"]["platform"] = "nftables"
    assert probes_of(plan, kind="switched-off flow", target="fl-pc2")


def test_a_client_without_state_tells_another_source_port_from_an_answer(plan: dict[str, Any]) -> None:
    flow_of(plan, "faxpress.alert/fl-press>fl-pc2")["enabled"] = True
    found = probes_of(plan, kind="another source port", target="fl-pc2")
    assert {probe.source_port for probe in found} == {4645}


# --- the Internet -----------------------------------------------------------------------------------------------------


def test_hosts_outside_the_realm_play_the_internet(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="flow", flow="communigate.smtp/internet>br-cgp")
    assert {(probe.host, probe.address, probe.port, probe.expect) for probe in found} == {
        (host, "203.0.113.30", 25, "open") for host in ("fl-kerio", "fl-pc1", "stranger", "uk-pc1")
    }


def test_nobody_is_expected_to_be_refused_where_everybody_is_let_in(plan: dict[str, Any]) -> None:
    silent = probes_of(plan, expect="silent")
    assert silent
    for probe in silent:
        assert (probe.address, probe.transport, probe.port) != ("203.0.113.30", "tcp", 25), probe
        assert (probe.address, probe.transport, probe.port) != ("10.3.0.12", "tcp", 25), probe


def test_beside_a_public_port_everybody_is_refused(plan: dict[str, Any]) -> None:
    found = probes_of(plan, kind="neighbour port", host="stranger")
    assert {(probe.port, probe.transport) for probe in found} == {
        *((24, "tcp"), (26, "tcp")),
        *((59999, "udp"), (61000, "udp")),
    }


def test_who_may_not_go_out_freely_does_not_play_the_internet(plan: dict[str, Any]) -> None:
    found = probes_of(plan, shut="fl-router", flow="communigate.smtp/internet>br-cgp", kind="flow")
    assert {probe.host for probe in found} == {"stranger", "uk-pc1"}


def test_who_has_no_routed_address_does_not_play_the_internet(plan: dict[str, Any]) -> None:
    plan["hosts"]["stranger"]["addresses"] = ["10.9.0.66"]
    found = probes_of(plan, flow="communigate.smtp/internet>br-cgp", kind="flow")
    assert "stranger" not in {probe.host for probe in found}


def test_a_private_address_behind_a_public_one_may_be_somebody_elses_in_another_site(plan: dict[str, Any]) -> None:
    plan["sites"]["florida"]["networks"].append("10.3.0.0/24")
    plan["hosts"]["fl-kerio"]["addresses"] = ["10.3.0.12"]
    admin = flow_of(plan, "kerio_control.admin/uk-pc1>fl-kerio")
    admin |= {"ports": "25", "destination_address": "10.3.0.12"}
    found = probes_of(plan, kind="another host", target="fl-kerio", transport="tcp", address="10.3.0.12")
    assert ("fl-pc1", 25) in {(probe.host, probe.port) for probe in found}


def test_without_anybody_outside_a_public_flow_is_listed_with_the_reason(plan: dict[str, Any]) -> None:
    for name in ("stranger", "uk-pc1", "fl-pc1", "fl-pc2", "fl-kerio", "fl-press"):
        plan["hosts"][name]["platform"] = "unmanaged"
    found = {item.exchange: item for item in expected(plan).not_probed}
    assert found["communigate.smtp"].flows == ("communigate.smtp/internet>br-cgp",)
    assert "nobody can play the Internet" in found["communigate.smtp"].reason


def test_what_leaves_for_the_internet_is_taken_by_an_unmanaged_host_out_there(plan: dict[str, Any]) -> None:
    found = probes_of(plan, flow="communigate.smtp_out/br-cgp>internet")
    assert {(probe.id, probe.kind, probe.expect) for probe in found} == {
        ("br-cgp>192.0.2.200:25/tcp", "flow", "through")
    }


def test_what_a_managed_router_would_keep_away_is_no_end_for_it(plan: dict[str, Any]) -> None:
    plan["hosts"]["tr-router"] = dict(plan["hosts"]["br-router"], site="trunks", addresses=["192.0.2.129"])
    plan["sites"]["trunks"]["gateways"] = [{"host": "tr-router", "public": [], **FIXED}]
    assert not probes_of(plan, flow="communigate.smtp_out/br-cgp>internet")
    missing = {item.exchange: item.reason for item in expected(plan).not_probed}
    assert missing["communigate.smtp_out"].startswith("no host of the plan that somebody else sets stands")


def test_a_flow_to_an_address_of_nobodys_is_listed_and_not_sent(plan: dict[str, Any]) -> None:
    assert not probes_of(plan, address="192.0.2.153")
    (missing,) = expected(plan).not_probed
    assert missing.as_dict() == {
        "exchange": "communigate.dns_udp",
        "reason": "192.0.2.153 is not a host of the plan, and packets to it would trouble others",
        "count": 1,
        "flows": ["communigate.dns_udp/br-cgp>192.0.2.153"],
    }


def test_an_address_that_an_unmanaged_host_has_is_tried(plan: dict[str, Any]) -> None:
    plan["hosts"]["trunk"]["addresses"] = ["192.0.2.153"]
    found = probes_of(plan, flow="communigate.dns_udp/br-cgp>192.0.2.153")
    assert {(probe.id, probe.target, probe.expect) for probe in found} == {
        ("br-cgp>192.0.2.153:53/udp", "trunk", "through")
    }
    assert not expected(plan).not_probed


def test_a_prefix_is_dialled_by_nobody(plan: dict[str, Any]) -> None:
    probes = probes_of(plan)
    assert probes
    assert not [probe for probe in probes if "/" in probe.address or ANYWHERE in probe.id]


# --- machines that nobody manages, and routers that a person sets -----------------------------------------------------


def test_an_unmanaged_host_sends_nothing_and_its_flows_are_listed(plan: dict[str, Any]) -> None:
    plan["hosts"]["fl-press"]["platform"] = "unmanaged"
    found = expected(plan)
    assert "fl-press" not in found.probes
    missing = {item.exchange: item for item in found.not_probed}
    assert missing["faxpress.alert"].reason == "no packet is sent from fl-press: the platform unmanaged sends none"
    assert missing["faxpress.alert"].flows == (
        "faxpress.alert/fl-press>fl-pc1",
        "faxpress.alert/fl-press>uk-pc1",
    )


def test_an_unmanaged_server_must_be_reached_and_need_not_run(plan: dict[str, Any]) -> None:
    plan["hosts"]["fl-press"]["platform"] = "unmanaged"
    found = probes_of(plan, kind="flow", target="fl-press")
    assert {(probe.expect, probe.foreign) for probe in found} == {("through", True)}
    assert not [probe for probe in probes_of(plan, kind="flow", target="fl-kerio") if probe.foreign]


def test_an_unmanaged_server_refuses_nothing_in_its_own_network_but_a_router_before_it_does(
    plan: dict[str, Any],
) -> None:
    plan["hosts"]["fl-press"]["platform"] = "unmanaged"
    refused = {probe.host for probe in probes_of(plan, target="fl-press", expect="silent")}
    assert refused & {"fl-pc1", "fl-pc2", "fl-kerio"} == set()
    assert {"uk-pc1", "stranger"} <= refused


def test_nothing_refuses_for_an_unmanaged_host_without_a_router(plan: dict[str, Any]) -> None:
    assert not probes_of(plan, target="trunk", expect="silent")


def test_an_unmanaged_router_refuses_nothing(plan: dict[str, Any]) -> None:
    plan["hosts"]["fl-press"]["platform"] = plan["hosts"]["fl-router"]["platform"] = "unmanaged"
    assert not probes_of(plan, target="fl-press", expect="silent")


def test_a_router_that_a_person_sets_refuses_like_any_other_and_sends_nothing(plan: dict[str, Any]) -> None:
    before = {probe.id for probe in probes_of(plan, expect="silent") if probe.host != "fl-router"}
    plan["hosts"]["fl-router"]["platform"] = "worksheet"
    assert "fl-router" not in expected(plan).probes
    after = {probe.id for probe in probes_of(plan, expect="silent")}
    assert {id_ for id_ in after if id_.startswith("uk-pc1>198.51.100.10")} == {
        id_ for id_ in before if id_.startswith("uk-pc1>198.51.100.10")
    }
    assert [id_ for id_ in after if id_.startswith("uk-pc1>198.51.100.10")]


def test_a_server_that_nobody_logs_in_to_must_be_reached_and_need_not_run(plan: dict[str, Any]) -> None:
    plan["hosts"]["fl-press"]["platform"] = "worksheet"
    found = probes_of(plan, kind="flow", target="fl-press")
    assert {(probe.expect, probe.foreign) for probe in found} == {("through", True)}
    # Unlike somebody else's machine it holds rules: its own neighbours are refused as well.
    assert {"fl-pc1", "fl-pc2", "fl-kerio"} & {p.host for p in probes_of(plan, target="fl-press", expect="silent")}


@pytest.mark.parametrize(("source_ports", "shown"), [("25", False), ("20-29", True), ("26", True)])
def test_what_leaves_over_tcp_from_a_port_that_its_sender_listens_on_is_listed(
    plan: dict[str, Any], source_ports: str, shown: bool
) -> None:
    identity = "communigate.smtp_out/br-cgp>internet"
    flow_of(plan, identity)["source_ports"] = source_ports
    assert bool(probes_of(plan, flow=identity)) == shown
    missing = {item.exchange: item.reason for item in expected(plan).not_probed}
    assert ("listens on the port that it sends from" in missing.get("communigate.smtp_out", "")) != shown
