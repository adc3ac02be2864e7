# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are any machine of a network: what they start passes, and nobody can call them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.terminal_text import slice_text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import render
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import Network

LAN = "192.168.1.0/24"


def grave(net: Network) -> list[Finding]:
    """The errors."""
    return [item for item in net.findings() if item.severity == "error"]


def office(service: str, several: Any = LAN, *, branch: bool = False, **use: Any) -> Network:
    """A server at headquarters, and clients by network: in its own network, or in a branch behind translation."""
    net = Network().site("office", LAN, gateway="router", public="203.0.113.5")
    net.offers("server", "office", "192.168.1.10", service)
    net.site("branch", "10.7.0.0/24", "10.7.1.0/24", gateway="branch-router", public="203.0.113.7")
    net.hosts["branch-router"]["faxnet_address"] = "10.7.0.1"
    at = "branch" if branch else "office"
    return net.uses("pcs", at, several, service, "server", platform="unmanaged", **use)


@pytest.mark.acceptance("FC-13")
def test_anyone_of_a_dhcp_network_gets_in_with_the_helper_and_nobody_else() -> None:
    made = field_case("clients_of_a_dhcp_network").made()
    (permit,) = made.policy("faxbox")["input"]
    assert (permit["source"], permit["destination"], permit["ports"]) == (LAN, "192.168.1.10", "4559")
    assert permit["helper"] == "ftp"
    flow = made.flow("hylafax.control/pcs>faxbox")
    assert (flow["source_address"], flow["arrives_from"], flow["via"]) == (LAN, LAN, [])
    assert made.trace("pcs", "faxbox", 4559).reached == "faxbox"
    assert made.trace("192.168.1.77", "faxbox", 4559).reached == "faxbox"
    assert made.trace("pcs", "faxbox", 4560).outcome is Outcome.REFUSED
    assert made.trace("internet", "faxbox", 4559).outcome is Outcome.REFUSED
    assert not made.plan.findings


def test_idle_times_are_kept_for_a_network_on_every_device() -> None:
    net = office("kerio_connect", "10.7.1.0/24", branch=True)
    net.hosts["server"]["faxnet_offers"][0].update(version="console", exchanges=["admin", "log"])
    made = net.made()
    (log,) = [flow for flow in made.document["flows"] if flow["exchange"] == "log"]
    for host, section in (("server", "input"), ("router", "forward"), ("branch-router", "forward")):
        kept = [item["idle"] for item in made.policy(host)[section] if log["id"] in item["flows"]]
        assert kept == [log["idle"]]
        assert log["idle"] > 0


def test_behind_translation_a_network_wears_the_public_address() -> None:
    made = office("hylafax", "10.7.1.0/24", branch=True).made()
    flow = made.flow("hylafax.control/pcs>server")
    assert (flow["source_address"], flow["dial"], flow["arrives_from"]) == ("10.7.1.0/24", "203.0.113.5", "203.0.113.7")
    (permit,) = [item for item in made.policy("branch-router")["forward"] if item["flows"] == [flow["id"]]]
    assert (permit["source"], permit["destination"]) == ("10.7.1.0/24", "203.0.113.5")
    assert made.trace("pcs", "server", 4559).reached == "server"


def test_between_two_networks_of_a_site_the_router_lets_the_network_through() -> None:
    net = office("hylafax", "10.7.1.0/24", branch=True).offers("near", "branch", "10.7.0.10", "hylafax")
    net.hosts["pcs"]["faxnet_uses"].append({"service": "hylafax", "server": "near"})
    made = net.made()
    assert made.flow("hylafax.control/pcs>near")["via"] == ["branch-router"]
    assert made.trace("10.7.1.200", "near", 4559).reached == "near"


def test_an_ipv6_network_is_a_client_as_well() -> None:
    net = Network().site("office", "2001:db8:1::/64").offers("server", "office", "2001:db8:1::10", "hylafax")
    made = net.uses("pcs", "office", "2001:db8:1::/64", "hylafax", "server", platform="unmanaged").made()
    assert made.flow("hylafax.control/pcs>server/6")["arrives_from"] == "2001:db8:1::/64"
    assert made.trace("pcs", "server", 4559).reached == "server"


@pytest.mark.parametrize("branch", [False, True])
def test_nobody_can_call_a_network_back(branch: bool) -> None:
    several = "10.7.1.0/24" if branch else LAN
    net = office("netcfax", several, branch=branch)
    (found,) = grave(net)
    assert (found.code, found.host, found.variable, found.value) == ("FXN402", "pcs", "faxnet_address", several)
    assert "a host of its own, with a fixed address" in found.cure
    assert "exchanges: {scp: false}" in found.cure
    net.hosts["pcs"]["faxnet_uses"][0]["exchanges"] = {"scp": False}
    made = net.made()
    assert [flow["id"] for flow in made.document["flows"]] == ["netcfax.pcp/pcs>server"]
    assert not made.plan.lock.ranges


def test_what_only_answers_passes_to_a_network() -> None:
    net = office("faxpress", exchanges={"alert": True})
    made = net.made()
    alert = made.flow("faxpress.alert/server>pcs")
    assert (alert["carried_by"], alert["dial"]) == ("faxpress.request/pcs>server", LAN)
    (told,) = [item for item in made.plan.findings if item.code == "FXN405"]
    assert "any machine of a network" in told.message
    assert "FXN406" not in {item.code for item in made.plan.findings if "beyond" in item.message}


def test_a_single_host_may_stand_in_the_network_and_use_the_same() -> None:
    net = office("hylafax").uses("pc1", "office", "192.168.1.21", "hylafax", "server")
    made = net.made()
    assert {item["source"] for item in made.policy("server")["input"]} == {LAN, "192.168.1.21"}


@pytest.mark.parametrize("outbound", ["any", "flows"])
def test_verification_sends_nothing_from_a_network_and_says_so(outbound: str) -> None:
    net = (
        office("hylafax", "10.7.1.0/24", branch=True)
        .host("one", "branch", "10.7.1.21")
        .host("other", "branch", "10.7.0.21")
    )
    net.hosts["branch-router"]["faxnet_outbound"] = outbound
    made = net.made()
    expected = expectations(made.document, made.slices)
    (listed,) = expected.not_probed
    assert listed.flows == ("hylafax.control/pcs>server",)
    assert listed.reason == "pcs stands for 10.7.1.0/24: no packet is sent from there"
    probes = [probe for each in expected.probes.values() for probe in each]
    assert "pcs" not in {probe.host for probe in probes} | {probe.target for probe in probes}
    # Whoever is of the network may; whoever is not is stopped by a router that lets only flows out.
    tried = {probe.host for probe in probes if (probe.port, probe.address) == (4559, "203.0.113.5")}
    assert tried == ({"other"} if outbound == "flows" else set())


def test_text_drawing_and_sheet_name_the_network() -> None:
    made = office("netcfax", exchanges={"scp": False}).made()
    assert made.slices["pcs"]["stands_for"] == [LAN]
    assert f"address {LAN}" in slice_text(made.slices["pcs"])
    cards = make_scene(view_plan(made.document)).cards
    assert [row.subtitle for card in cards for row in card.rows if row.key == "pcs"] == [LAN]
    (sheet,) = render(made.slices["pcs"], definitions())
    assert f"of pcs, any machine of {LAN}" in sheet.text
    assert "192.168.1.10" in sheet.text


def test_a_permit_may_name_such_a_client() -> None:
    net = office("hylafax")
    net.hosts["server"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["pcs"]}]
    assert net.made().document["openings"]["server"][0]["sources"] == [LAN]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"faxnet_platform": "nftables"}, "unmanaged"),
        ({"faxnet_platform": "worksheet"}, "unmanaged"),
        ({"faxnet_offers": [{"service": "netcfax"}], "faxnet_uses": []}, "name the server's address"),
    ],
)
def test_what_only_one_machine_can_be_is_refused(change: dict[str, Any], words: str) -> None:
    net = office("hylafax")
    net.hosts["pcs"].update(change)
    (found,) = [item for item in grave(net) if item.code == "FXN160"]
    assert (found.host, found.variable, found.value) == ("pcs", "faxnet_address", LAN)
    assert words in found.cure


def test_a_network_is_no_gateway_no_jump_host_and_no_controller() -> None:
    net = office("hylafax")
    net.hosts["router"].update(faxnet_address=LAN, faxnet_platform="unmanaged")
    net.hosts["server"]["ansible_ssh_common_args"] = "-J pcs"
    net.controller = "pcs"
    found = {item.code: item for item in net.findings()}
    assert (found["FXN160"].host, found["FXN160"].variable) == ("router", "faxnet_address")
    assert "several machines" in found["FXN122"].message
    assert "several machines" in found["FXN120"].message


@pytest.mark.parametrize(
    ("several", "code", "variable"),
    [
        ("192.168.1.5/24", "FXN105", "faxnet_address"),
        ("192.168.2.0/24", "FXN108", "faxnet_address"),
        ("192.168.0.0/16", "FXN108", "faxnet_address"),
        (["192.168.1.128/25", "192.168.1.300"], "FXN105", "faxnet_address[1]"),
        (["192.168.1.128/25", "2001:db8::1"], "FXN101", "faxnet_address[1]"),
    ],
)
def test_a_mistake_is_named_where_it_stands(several: Any, code: str, variable: str) -> None:
    found = {(item.code, item.host, item.variable) for item in grave(office("hylafax", several))}
    assert (code, "pcs", variable) in found
