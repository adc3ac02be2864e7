# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FaxPress: UDP only, answers by state, FaxAlert by source port or the client's mapping, enumeration by broadcast."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from tests.unit.networks import Made, Network, ids

FAX, PC, FAR, AWAY = "10.1.0.10", "10.1.0.21", "10.3.0.21", "10.2.0.21"


def faxpress(**use: Any) -> Network:
    """A FaxPress with a PC beside it, one in a routed branch, and one behind a NAT router elsewhere."""
    return (
        Network()
        .site("main", "10.1.0.0/24", gateway="router", public="198.51.100.10", realm="company")
        .site("branch", "10.3.0.0/24", gateway="branch-router", realm="company")
        .site("home", "10.2.0.0/24", gateway="home-router", public="203.0.113.20")
        .offers("fax", "main", FAX, "faxpress")
        .uses("pc", "main", PC, "faxpress", "fax", **use)
        .uses("far", "branch", FAR, "faxpress", "fax", **use)
        .uses("away", "home", AWAY, "faxpress", "fax", **use)
    )


def said(network: Network, code: str) -> list[Finding]:
    return [finding for finding in network.findings() if finding.code == code]


def permits(made: Made, host: str, section: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.policy(host)[section]
    return found


@pytest.mark.acceptance("FP-01", "FP-02", "FP-03", "FP-04")
def test_one_profile_serves_every_model_and_every_program_and_invents_no_other_port() -> None:
    profile = builtin_catalog().profiles["faxpress"]
    assert [exchange.name for exchange in profile.exchanges] == ["request", "response", "alert"]
    ports = {exchange.setting or exchange.source_setting for exchange in profile.exchanges}
    assert ports == {"port"}
    assert {name: setting.default for name, setting in profile.settings.items()} == {"port": (0x1224, 0x1224)}
    assert not [name for name in builtin_catalog().profiles if name != "faxpress" and name.startswith("faxpress")]
    (source,) = profile.sources
    for model in ("SBE", "Office Connect", "1500", "2500", "3500", "5000"):
        assert model in source["document"]


@pytest.mark.acceptance("FP-05")
@pytest.mark.parametrize("where", ["offer", "use"])
def test_ipx_is_refused(where: str) -> None:
    network = faxpress(**({"protocol": "ipx"} if where == "use" else {}))
    if where == "offer":
        network.hosts["fax"]["faxnet_offers"][0]["protocol"] = "ipx"
    (finding,) = [item for item in network.findings() if item.code == "FXN211"]
    assert finding.variable.endswith(".protocol")
    assert finding.value == "ipx"
    assert "TCP/IP only" in finding.message
    assert "set the product to TCP/IP" in finding.cure
    assert network.planned().plan is None


@pytest.mark.acceptance("FP-06", "FP-12")
def test_every_rule_of_the_service_is_udp_and_named_by_the_document() -> None:
    made = faxpress().made()
    assert {flow["transport"] for flow in made.document["flows"]} == {"udp"}
    assert {flow["exchange"] for flow in made.document["flows"]} == {"request", "response", "alert"}
    for host in made.slices:
        for section in ("input", "forward", "output", "destination_nat"):
            for entry in made.policy(host)[section]:
                if entry["flows"][0].startswith("management/"):
                    assert (section, entry["transport"], entry["ports"]) == ("forward", "tcp", "22")
                    continue
                assert entry["transport"] == "udp"
                assert entry["ports"] == "4644" or entry.get("source_ports") == "4644"


@pytest.mark.acceptance("FP-08", "FP-09")
def test_a_request_comes_from_any_port_and_its_answer_is_part_of_it() -> None:
    made = faxpress(exchanges={"alert": False}).made()
    wanted = [(entry["source"], entry["ports"], entry["source_ports"]) for entry in permits(made, "fax", "input")]
    assert sorted(wanted) == [("10.1.0.21", "4644", None), ("10.3.0.21", "4644", None), ("203.0.113.20", "4644", None)]
    # Nothing is opened for answers: the far client takes in nothing but what was switched off.
    assert [entry["enabled"] for entry in permits(made, "far", "input")] == [False]
    assert made.trace("far", "fax", 4644, "udp").passes
    assert not made.trace("fax", "far", 50000, "udp", source_port=4644).passes


@pytest.mark.acceptance("FP-10")
def test_an_alert_comes_from_the_service_port_to_any_port_of_a_routed_client() -> None:
    made = faxpress().made()
    (entry,) = permits(made, "far", "input")
    assert (entry["source"], entry["source_ports"], entry["ports"]) == (FAX, "4644", "1-65535")
    for router in ("router", "branch-router"):
        assert [item["source_ports"] for item in permits(made, router, "forward") if item["ports"] == "1-65535"] == [
            "4644"
        ]
    assert made.trace("fax", "far", 50000, "udp", source_port=4644).passes
    assert not made.trace("fax", "far", 50000, "udp", source_port=4645).passes
    assert not made.trace("fax", "far", 50000, "udp").passes
    assert not made.trace("fax", "far", 50000, "tcp", source_port=4644).passes


@pytest.mark.acceptance("FP-11")
def test_switched_off_the_alerts_rule_is_gone_everywhere() -> None:
    made = faxpress(exchanges={"alert": False}).made()
    flow = made.flow("faxpress.alert/fax>far")
    assert not flow["enabled"]
    for host in made.slices:
        for section in ("input", "forward", "output"):
            for entry in made.policy(host)[section]:
                alert = any(".alert/" in name for name in entry["flows"])
                assert not (alert and entry["enabled"] and len(entry["flows"]) == 1)
                assert not entry["idle"]
    assert not made.trace("fax", "far", 50000, "udp", source_port=4644).passes
    assert not said(faxpress(exchanges={"alert": False}), "FXN405")


@pytest.mark.acceptance("FP-10")
def test_behind_nat_an_alert_rides_on_the_requests_mapping_which_every_device_keeps() -> None:
    made = faxpress().made()
    alert, request = made.flow("faxpress.alert/fax>away"), made.flow("faxpress.request/away>fax")
    assert alert["carried_by"] == request["id"]
    assert request["idle"] == 432000
    for host, section in (("away", "output"), ("home-router", "forward"), ("router", "forward"), ("fax", "input")):
        (entry,) = [item for item in made.policy(host)[section] if request["id"] in item["flows"]]
        assert entry["idle"] == 432000
    for host in made.slices:
        for section in ("input", "forward", "output", "destination_nat"):
            assert not [item for item in made.policy(host)[section] if alert["id"] in item["flows"]]
    # Nothing is open for it by itself, on the way or at the client.
    assert not made.trace("fax", "away", 50000, "udp", source_port=4644).passes
    (finding,) = said(faxpress(), "FXN405")
    assert finding.host == "away"
    assert finding.severity == "warning"
    assert "432000 s" in finding.message
    assert "alert: false" in finding.cure


def test_a_warning_that_two_clients_share_stands_in_both_slices_and_names_each_by_itself() -> None:
    network = faxpress()
    network.hosts["away2"] = {**network.hosts["away"], "faxnet_address": "10.2.0.22"}
    made = network.made()
    (shared,) = [item for item in made.document["findings"] if item["code"] == "FXN405"]
    assert shared["hosts"] == ["away", "away2"]
    for client in shared["hosts"]:
        (own,) = [item for item in made.slices[client]["findings"] if item["code"] == "FXN405"]
        assert own == {**shared, "hosts": [client]}
    # A warning about clients is none about their server.
    assert not [item for item in made.slices["fax"]["findings"] if item["code"] == "FXN405"]


def test_only_the_request_of_a_client_behind_nat_is_kept_so_long() -> None:
    made = faxpress().made()
    assert made.flow("faxpress.request/far>fax")["idle"] is None
    assert made.flow("faxpress.request/pc>fax")["idle"] is None


def test_a_device_that_a_person_sets_gets_a_warning_of_what_it_must_be_able_to_do() -> None:
    network = faxpress()
    network.hosts["home-router"]["faxnet_platform"] = "worksheet"
    (finding,) = said(network, "FXN503")
    assert finding.host == "home-router"
    assert "432000" in finding.message
    network.hosts["away"]["faxnet_uses"][0]["exchanges"] = {"alert": False}
    assert not said(network, "FXN503")


@pytest.mark.acceptance("FP-07")
def test_beyond_its_network_a_server_is_entered_by_hand_and_the_plan_says_which_address() -> None:
    network = faxpress()
    network.hosts["fax"]["faxnet_platform"] = "unmanaged"
    findings = said(network, "FXN406")
    assert {(finding.host, finding.severity) for finding in findings} == {("away", "advice"), ("far", "advice")}
    (near,) = [finding for finding in findings if finding.host == "far"]
    assert '"Advanced" and enter the address 10.1.0.10' in near.cure
    (nat,) = [finding for finding in findings if finding.host == "away"]
    assert '"Advanced" and enter the address 198.51.100.10' in nat.cure
    made = network.made()
    texts = {host: " ".join(made.slices[host]["uses"][0]["instructions"]) for host in ("pc", "far", "away")}
    assert "finds fax where no filter drops that" in texts["pc"]
    assert 'If fax is not in the list, choose "Advanced" there and enter the address 10.1.0.10' in texts["pc"]
    assert 'choose "Advanced" and enter the address 10.1.0.10' in texts["far"]
    assert 'choose "Advanced" and enter the address 198.51.100.10' in texts["away"]


@pytest.mark.acceptance("FP-07")
@pytest.mark.parametrize(
    ("fax", "near"),
    [
        ({}, ["pc"]),
        ({"faxnet_platform": "unmanaged"}, []),
        ({"faxnet_stance": "additive"}, []),
        ({"faxnet_permits": [{"name": "list", "transport": "udp", "ports": 14644, "sources": ["10.1.0.0/24"]}]}, []),
        (
            {"faxnet_permits": [{"name": "list", "transport": "tcp", "ports": 14644, "sources": ["10.1.0.0/24"]}]},
            ["pc"],
        ),
        (
            {"faxnet_permits": [{"name": "list", "transport": "udp", "ports": 14644, "sources": ["10.3.0.0/24"]}]},
            ["pc"],
        ),
        (
            {"faxnet_permits": [{"name": "names", "transport": "udp", "ports": 5353, "sources": ["10.1.0.0/24"]}]},
            ["pc"],
        ),
    ],
    ids=["managed", "appliance", "additive", "permitted", "by tcp", "from elsewhere", "another service"],
)
def test_rules_before_a_server_drop_the_search_unless_a_permit_names_its_port(
    fax: dict[str, Any], near: list[str]
) -> None:
    network = faxpress()
    network.hosts["fax"] |= fax
    found = {finding.host: finding for finding in said(network, "FXN406")}
    assert sorted(found) == ["away", "far", *near]
    assert all("enter the address 10.1.0.10 at the client, or name the port" in found[host].cure for host in near)


@pytest.mark.acceptance("FP-07", "FP-09")
def test_answers_to_a_broadcast_get_in_within_one_network_and_nowhere_else() -> None:
    made = faxpress(exchanges={"alert": False}).made()
    assert "faxpress.response/fax>pc" in ids(made.plan.flows.flows)
    assert not [
        flow for flow in made.document["flows"] if flow["exchange"] == "response" and flow["destination"] != "pc"
    ]
    (entry,) = [item for item in permits(made, "pc", "input") if item["enabled"]]
    assert (entry["source"], entry["source_ports"], entry["ports"]) == (FAX, "4644", "1-65535")
    # The broadcast's own port is not known, and none is opened.
    assert {item["ports"] for item in permits(made, "fax", "input")} == {"4644"}


def test_one_change_of_the_port_reaches_every_rule() -> None:
    network = faxpress()
    network.hosts["fax"]["faxnet_offers"][0]["port"] = 5644
    made = network.made()
    texts = " ".join(str(made.policy(host)) for host in made.slices)
    assert "5644" in texts
    assert "4644" not in texts.replace("5644", "")


def test_a_gateway_of_mail_is_a_client_like_any_pc() -> None:
    network = faxpress()
    network.uses("mail", "main", "10.1.0.25", "faxpress", "fax", exchanges=["request"])
    made = network.made()
    assert [flow["exchange"] for flow in made.document["flows"] if "mail" in (flow["source"], flow["destination"])] == [
        "request"
    ]


def test_nothing_is_broadcast_in_ipv6() -> None:
    network = Network().site("main", "10.1.0.0/24", "2001:db8:1::/64")
    network.offers("fax", "main", [FAX, "2001:db8:1::10"], "faxpress")
    network.uses("pc", "main", [PC, "2001:db8:1::21"], "faxpress", "fax")
    network.uses("new", "main", "2001:db8:1::22", "faxpress", "fax")
    network.hosts["fax"]["faxnet_platform"] = "unmanaged"
    made = network.made()
    assert {flow["id"] for flow in made.document["flows"] if flow["exchange"] == "response"} == {
        "faxpress.response/fax>pc"
    }
    (finding,) = said(network, "FXN406")
    assert finding.host == "new"
    assert "2001:db8:1::10" in finding.cure


@pytest.mark.parametrize("exchanges", [["alert"], {"request": False}])
def test_behind_nat_an_alert_without_requests_has_nothing_to_ride_on(exchanges: Any) -> None:
    network = faxpress()
    network.hosts["away"]["faxnet_uses"][0]["exchanges"] = exchanges
    (finding,) = said(network, "FXN407")
    assert (finding.host, finding.variable) == ("away", "faxnet_uses[0].exchanges.alert")
    assert "switch request on" in finding.cure


def test_a_client_that_only_waits_for_alerts_still_knows_its_server() -> None:
    network = faxpress()
    network.hosts["far"]["faxnet_uses"][0]["exchanges"] = ["alert"]
    assert network.made().slices["far"]["uses"][0]["dial"] == FAX


def test_a_router_that_takes_alerts_itself_may_still_forward_ports() -> None:
    network = faxpress()
    network.offers("kerio", "home", "10.2.0.30", "kerio_control", version="console")
    network.uses("console", "main", "10.1.0.40", "kerio_control", "kerio")
    network.hosts["home-router"]["faxnet_uses"] = [{"service": "faxpress", "server": "fax"}]
    assert not said(network, "FXN404")
