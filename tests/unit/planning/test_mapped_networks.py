# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices with equal networks and a VPN that maps them one to one: who is met where, and who has to permit what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import render
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.networks import Made, Network

HQ, BRANCH = "10.201.0.0/24", "10.202.0.0/24"
EQUAL = "192.168.1.0/24"


def offices(**said: Any) -> Network:
    """A fax server and a PC at headquarters, and a PC in a branch; both behind NAT, and joined by a VPN."""
    net = Network()
    for name, public, shown in (("hq", "198.51.100.1", HQ), ("branch", "203.0.113.1", BRANCH)):
        net.site(name, EQUAL, gateway=f"{name}-router", public=public, realm="vpn")
        net.sites[name]["mapped_as"] = {EQUAL: shown}
    for name, value in said.items():
        net.sites[name] = {key: item for key, item in {**net.sites[name], **value}.items() if item is not None}
    net.server("fax", "hq", "192.168.1.10").client("hq-pc", "hq", "192.168.1.21", server="fax")
    return net.client("pc", "branch", "192.168.1.21", server="fax")


def ends(made: Made, flow_id: str) -> tuple[str, ...]:
    """The addresses of a flow: as it sets out, as it is dialled, whom it comes from, and where it arrives."""
    flow = made.flow(flow_id)
    return tuple(flow[key] for key in ("source_address", "dial", "arrives_from", "destination_address"))


def carried(made: Made, router: str) -> list[tuple[str, str, str, str]]:
    """What a router passes on for fax flows: direction, source, destination, ports."""
    return [
        (entry["direction"], entry["source"], entry["destination"], entry["ports"])
        for entry in made.policy(router)["forward"]
        if not entry["flows"][0].startswith("management/")
    ]


def test_each_side_is_dialled_at_and_seen_as_what_it_is_mapped_to() -> None:
    made = offices().made()
    assert ends(made, "netcfax.pcp/pc>fax") == ("192.168.1.21", "10.201.0.10", "10.202.0.21", "192.168.1.10")
    assert ends(made, "netcfax.scp/fax>pc") == ("192.168.1.10", "10.202.0.21", "10.201.0.10", "192.168.1.21")
    assert ends(made, "netcfax.pcp/hq-pc>fax") == ("192.168.1.21", "192.168.1.10", "192.168.1.21", "192.168.1.10")


def test_routers_see_their_own_hosts_as_they_are_and_others_as_they_are_mapped() -> None:
    made = offices().made()
    ports = made.flow("netcfax.scp/fax>pc")["ports"]
    assert carried(made, "branch-router") == [
        ("in", "10.201.0.10", "192.168.1.21", ports),
        ("out", "192.168.1.21", "10.201.0.10", "7488"),
    ]
    assert carried(made, "hq-router") == [
        ("in", "10.202.0.21", "192.168.1.10", "7488"),
        ("out", "192.168.1.10", "10.202.0.21", ports),
    ]
    for router in ("hq-router", "branch-router"):
        policy = made.policy(router)
        assert policy["destination_nat"] == []
        assert set(policy["source_nat"][0]["except"]) == {HQ, BRANCH, EQUAL}
    (let_in,) = [entry for entry in made.policy("fax")["input"] if "netcfax.pcp/pc>fax" in entry["flows"]]
    assert let_in["source"] == "10.202.0.21"


def test_one_side_alone_may_be_mapped() -> None:
    made = offices(branch={"networks": ["10.9.0.0/24"], "mapped_as": None})
    made.hosts["pc"]["faxnet_address"] = "10.9.0.21"
    made.hosts["branch-router"]["faxnet_address"] = "10.9.0.1"
    plan = made.made()
    assert ends(plan, "netcfax.pcp/pc>fax") == ("10.9.0.21", "10.201.0.10", "10.9.0.21", "192.168.1.10")
    assert ends(plan, "netcfax.scp/fax>pc") == ("192.168.1.10", "10.9.0.21", "10.201.0.10", "10.9.0.21")


def test_whoever_dials_the_public_address_goes_over_the_internet() -> None:
    net = offices()
    net.hosts["pc"]["faxnet_uses"][0]["dials"] = "public"
    assert ends(net.made(), "netcfax.pcp/pc>fax") == ("192.168.1.21", "198.51.100.1", "203.0.113.1", "192.168.1.10")


def test_clients_without_a_public_address_are_met_over_the_vpn() -> None:
    made = offices(branch={"public_address": None}).made()
    assert ends(made, "netcfax.pcp/pc>fax")[1] == "10.201.0.10"
    assert made.policy("branch-router")["source_nat"] == []


def test_machines_of_a_network_come_as_the_network_that_theirs_is_mapped_to() -> None:
    net = offices()
    net.offers("hylafax", "hq", "192.168.1.11", "faxpress")
    net.uses(
        "any", "branch", "192.168.1.128/25", "faxpress", "hylafax", platform="unmanaged", exchanges={"alert": False}
    )
    found = {flow["arrives_from"] for flow in net.made().document["flows"] if flow["source"] == "any"}
    assert found == {"10.202.0.128/25"}


def test_a_trace_says_where_addresses_are_mapped() -> None:
    verdict = offices().made().trace("pc", "fax", 7488)
    assert verdict.reached == "fax"
    assert [hop.comes_as for hop in verdict.hops] == [
        "192.168.1.21 -> 10.201.0.10",
        "10.202.0.21 -> 192.168.1.10",
        "10.202.0.21 -> 192.168.1.10",
    ]
    assert "mapped one to one" in verdict.hops[1].translation
    assert offices().made().trace("pc", "192.168.1.10", 7488).reached == ""


def test_probes_dial_what_is_mapped() -> None:
    made = offices().made()
    probes = expectations(made.document, made.slices).probes["pc"]
    assert {probe.address for probe in probes if probe.flow == "netcfax.pcp/pc>fax"} == {"10.201.0.10"}


def test_sheets_say_what_others_have_to_know() -> None:
    made = offices().made()
    sheets = {sheet.name: sheet.text for host in ("pc", "fax") for sheet in render(made.slices[host], definitions())}
    assert "10.201.0.10" in sheets["netcfax-client"]
    assert "Address beyond the VPN        10.201.0.10, mapped one to one" in sheets["netcfax-server"]
    assert "198.51.100.1" not in sheets["netcfax-server"]


def test_the_drawing_has_the_tunnel_of_the_realm() -> None:
    made = offices().made()
    drawn = make_scene(view_plan(made.document))
    assert {card.name: card.realm for card in drawn.cards} == {"hq": "vpn", "branch": "vpn"}
    assert {line.realm for line in drawn.trunks} == {"vpn"}


def test_management_passes_as_it_arrives() -> None:
    net = offices()
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22, "sources": ["site:hq", "fax"]}]
    made = net.made()
    assert made.policy("pc")["management"][0]["sources"] == [HQ, "10.201.0.10/32"]
    at_branch, at_hq = (
        {(entry["direction"], entry["source"], entry["destination"]) for entry in made.policy(router)["forward"]}
        for router in ("branch-router", "hq-router")
    )
    assert ("in", HQ, "192.168.1.21") in at_branch
    assert ("out", EQUAL, "10.202.0.21") in at_hq
    assert made.trace("hq-pc", "pc", 22).reached == "pc"


def test_logins_of_a_controller_on_the_other_side_pass() -> None:
    net = offices()
    net.controller = "hq-pc"
    net.hosts["pc"] |= {
        "ansible_host": "10.202.0.21",
        "faxnet_management": [{"ports": 22, "sources": ["10.201.0.21"]}],
    }
    made = net.made()
    assert made.trace("hq-pc", "pc", 22).reached == "pc"
    net.hosts["pc"]["faxnet_management"][0]["sources"] = [EQUAL]
    (finding,) = [item for item in net.findings() if item.code == "FXN116"]
    assert "10.201.0.21" in finding.message


def test_a_router_lets_logins_out_to_what_the_host_is_mapped_to() -> None:
    net = offices()
    net.controller = "hq-pc"
    net.hosts["pc"]["ansible_host"] = "10.202.0.21"
    net.hosts["hq-router"]["faxnet_outbound"] = "flows"
    assert net.made().trace("hq-pc", "pc", 22).reached == "pc"


def test_a_public_offer_names_who_comes_as_he_arrives() -> None:
    net = offices()
    net.offers("mail", "hq", "192.168.1.25", "kerio_connect", exchanges=["smtp"], public=["branch", EQUAL])
    found = {flow["source"]: flow for flow in net.made().document["flows"] if flow["exchange"] == "smtp"}
    assert found[BRANCH]["source_address"] == EQUAL
    assert found[BRANCH]["arrives_from"] == BRANCH
    assert found[EQUAL]["arrives_from"] == EQUAL


def test_a_protocol_that_speaks_of_addresses_needs_a_helper_on_the_box_that_maps() -> None:
    net = offices()
    net.offers("hyla", "hq", "192.168.1.11", "hylafax").uses("scanner", "branch", "192.168.1.30", "hylafax", "hyla")
    net.uses("near", "hq", "192.168.1.31", "hylafax", "hyla")
    (finding,) = [item for item in net.findings() if item.code == "FXN412"]
    assert (finding.hosts, finding.variable) == (("scanner",), "faxnet_uses[0].exchanges.control")
    assert "nf_nat_ftp" in finding.cure


def test_overlapping_networks_of_a_realm_are_told_the_variable() -> None:
    net = offices(hq={"mapped_as": None}, branch={"mapped_as": None})
    found = [item for item in net.findings() if item.code == "FXN109"]
    assert found
    assert all("mapped_as" in item.cure for item in found)


@pytest.mark.parametrize(
    ("said", "code", "variable", "words"),
    [
        ({"hq": {"realm": None}}, "FXN157", "hq.mapped_as", "names no realm"),
        ({"hq": {"mapped_as": {"192.168.7.0/24": HQ}}}, "FXN157", "hq.mapped_as.192.168.7.0/24", "no network of this"),
        ({"hq": {"mapped_as": {EQUAL: "10.201.0.0/25"}}}, "FXN157", f"hq.mapped_as.{EQUAL}", "another size"),
        ({"hq": {"mapped_as": {EQUAL: EQUAL}}}, "FXN157", f"hq.mapped_as.{EQUAL}", "own network"),
        ({"hq": {"mapped_as": {EQUAL: "2001:db8::/64"}}}, "FXN157", f"hq.mapped_as.{EQUAL}", "only IPv4"),
        ({"hq": {"mapped_as": {}}}, "FXN103", "hq.mapped_as", "is empty"),
        ({"hq": {"mapped_as": [HQ]}}, "FXN101", "hq.mapped_as", "is not a mapping"),
        ({"hq": {"mapped_as": {EQUAL: BRANCH}}}, "FXN109", f"hq.mapped_as.{EQUAL}", "overlaps"),
        ({"branch": {"mapped_as": None}}, "FXN109", "hq.networks[0]", "would never leave"),
        ({"branch": {"gateway": "hq-router"}}, "FXN157", "branch.mapped_as", "serves site hq too"),
    ],
)
def test_what_cannot_be_is_told(said: dict[str, Any], code: str, variable: str, words: str) -> None:
    found = [item for item in offices(**said).findings() if item.code == code]
    assert (f"faxnet_sites.{variable}", True) in [(item.variable, words in item.message) for item in found]


def test_nested_sites_are_not_mapped() -> None:
    net = offices().site("containers", "172.18.0.0/24", gateway="fax")
    assert "this one has site containers" in next(item.message for item in net.findings() if item.code == "FXN157")


def test_an_outer_router_that_is_in_no_mapped_network_is_not_met() -> None:
    row = [{"host": "inner"}, {"host": "hq-router", "public_address": "198.51.100.1"}]
    net = offices(hq={"gateway": None, "public_address": None, "gateways": row})
    net.hosts["inner"] = {"faxnet_address": "192.168.1.1"}
    net.hosts["hq-router"] = {"faxnet_address": "172.31.0.2", "faxnet_uses": [{"service": "netcfax", "server": "far"}]}
    net.server("far", "branch", "192.168.1.12")
    (finding,) = [item for item in net.findings() if item.code == "FXN157"]
    assert "172.31.0.2 is in no network that is mapped" in finding.message


def test_a_plan_document_says_what_is_mapped() -> None:
    site = json.loads(json.dumps(offices().made().document["sites"]["hq"]))
    assert site["mapped_as"] == {EQUAL: HQ}
    assert site["realm"] == {"4": "vpn", "6": "vpn"}
