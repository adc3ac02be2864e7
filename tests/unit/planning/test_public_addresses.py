# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public addresses that a router does not have itself, or not for long: what is planned, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing import drawing
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import FLORIDA, SHEFFIELD, Network, two_offices
from tests.unit.platforms.policies import nft_rules

BOX = "192.168.178.2"
RANGES = ["203.0.113.0/25", "198.51.100.64/26"]
LOGIN, CALL_BACK = "netcfax.pcp/uk-pc1>fl-fax", "netcfax.scp/fl-fax>uk-pc1"


def one_to_one() -> Network:
    """Two offices, each router behind a box that translates its address one to one."""
    net = two_offices()
    net.sites["florida"]["outside_address"] = net.sites["sheffield"]["outside_address"] = BOX
    return net


def changing(**site: Any) -> Network:
    """A fax server behind NAT; a client without call-backs where the provider changes the address."""
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.site("sheffield", "10.2.0.0/24", gateway="uk-router", public="dynamic")
    net.sites["sheffield"].update(site)
    net.server("fl-fax", "florida", "10.1.0.10")
    return net.client("uk-pc1", "sheffield", "10.2.0.21", exchanges={"scp": False})


def entries(policy: dict[str, Any], section: str, flow: str) -> list[dict[str, Any]]:
    return [entry for entry in policy[section] if flow in entry["flows"]]


def test_a_router_behind_a_box_translates_its_own_address_and_others_dial_the_public_one() -> None:
    made = one_to_one().made()
    plain = two_offices().made()
    for host in ("fl-fax", "uk-pc1"):
        assert made.policy(host) == plain.policy(host)
    router = made.policy("uk-router")
    assert router["public"] == [BOX]
    assert [nat["address"] for nat in router["source_nat"]] == [BOX]
    (forward,) = entries(router, "destination_nat", CALL_BACK)
    assert (forward["source"], forward["address"], forward["target"]) == (FLORIDA, BOX, "10.2.0.21")
    flow = made.flow(CALL_BACK)
    assert (flow["dial"], flow["arrives_from"]) == (SHEFFIELD, FLORIDA)
    gateway = made.document["sites"]["sheffield"]["gateways"][0]
    assert (gateway["public"], gateway["outside"]) == ([SHEFFIELD], [BOX])


def test_a_service_on_such_a_router_is_met_at_the_public_address_and_listens_at_its_own() -> None:
    net = two_offices()
    net.sites["florida"]["outside_address"] = BOX
    net.hosts["fl-router"]["faxnet_offers"] = [{"service": "faxpress"}]
    net.hosts["uk-pc1"]["faxnet_uses"] += [{"service": "faxpress", "server": "fl-router"}]
    made = net.made()
    flow = made.flow("faxpress.request/uk-pc1>fl-router")
    assert (flow["dial"], flow["destination_address"]) == (FLORIDA, BOX)
    (permit,) = entries(made.policy("fl-router"), "input", flow["id"])
    assert (permit["source"], permit["destination"]) == (SHEFFIELD, BOX)
    assert made.trace("uk-pc1", "fl-router", 4644, "udp").reached == "fl-router"


def test_a_router_further_out_meets_the_public_address_of_one_behind_a_box() -> None:
    net = two_offices()
    net.sites["sheffield"] = {
        "networks": ["10.2.0.0/24"],
        "gateways": [
            {"host": "uk-inner", "public_address": "192.168.7.2", "outside_address": "172.16.0.2"},
            {"host": "uk-router", "public_address": SHEFFIELD},
        ],
    }
    net.hosts["uk-inner"] = {"faxnet_address": "10.2.0.2"}
    net.hosts["uk-router"] = {"faxnet_address": "192.168.7.1"}
    made = net.made()
    (outer,) = entries(made.policy("uk-router"), "destination_nat", CALL_BACK)
    (inner,) = entries(made.policy("uk-inner"), "destination_nat", CALL_BACK)
    assert (outer["address"], outer["target"]) == (SHEFFIELD, "192.168.7.2")
    assert (inner["address"], inner["target"]) == ("172.16.0.2", "10.2.0.21")
    assert "192.168.7.2/32" in made.policy("uk-router")["networks"]


def test_a_trace_tells_each_translation_one_to_one() -> None:
    net = one_to_one()
    made = net.made()
    port = int(made.flow(CALL_BACK)["ports"].partition("-")[0])
    verdict = made.trace("fl-fax", "uk-pc1", port)
    assert verdict.reached == "uk-pc1"
    assert f"{BOX} becomes {FLORIDA} beyond fl-router, translated one to one" in verdict.text()
    assert f"{SHEFFIELD} reaches uk-router as {BOX}, translated one to one" in verdict.text()


def test_a_changing_address_is_masqueraded_and_permitted_as_the_networks_that_are_named() -> None:
    made = changing(public_networks=RANGES).made()
    flow = made.flow(LOGIN)
    named = sorted(RANGES, reverse=True)
    assert sorted(flow["arrives_from"].split(", "), reverse=True) == named
    assert {entry["source"] for entry in entries(made.policy("fl-fax"), "input", LOGIN)} == set(RANGES)
    assert {entry["source"] for entry in entries(made.policy("fl-router"), "destination_nat", LOGIN)} == set(RANGES)
    router = made.policy("uk-router")
    assert router["public"] == []
    (permit,) = entries(router, "forward", LOGIN)
    assert (permit["source"], permit["destination"]) == ("10.2.0.21", FLORIDA)
    assert permit["flows"] == [LOGIN]
    assert "ip saddr 10.2.0.0/24 ip daddr != 10.2.0.0/24 counter masquerade" in nft_rules(router)


def test_behind_a_box_that_changes_its_address_the_router_wears_its_own() -> None:
    made = changing(public_networks=RANGES, outside_address=BOX).made()
    assert [nat["address"] for nat in made.policy("uk-router")["source_nat"]] == [BOX]
    assert made.flow(LOGIN)["arrives_from"] != BOX
    assert made.trace("uk-pc1", "fl-fax", 7488).reached == "fl-fax"


def test_a_trace_takes_an_address_that_it_may_be_and_says_so() -> None:
    verdict = changing(public_networks=RANGES).made().trace("uk-pc1", "fl-fax", 7488)
    assert verdict.reached == "fl-fax"
    assert "the public address of uk-router changes: " in verdict.text()


def test_nothing_is_sent_to_an_address_that_is_somebody_elses_by_then() -> None:
    net = changing(public_networks=RANGES).host("other", "florida", "10.1.0.11")
    made = net.made()
    expected = expectations(made.document, made.slices)
    probes = [probe for listed in expected.probes.values() for probe in listed]
    assert any(probe.host == "uk-pc1" and probe.address == FLORIDA for probe in probes)
    towards = {probe.address for probe in probes if probe.target in ("uk-pc1", "uk-router")}
    assert all(address.startswith("10.2.0.") for address in towards)


def test_what_is_open_to_any_address_is_said_unless_it_was_meant() -> None:
    made = changing().made()
    (told,) = [finding for finding in made.plan.findings if finding.code == "FXN410"]
    assert (told.severity, told.hosts) == ("advice", ("uk-pc1", "fl-fax"))
    assert told.variable == "faxnet_sites.sheffield.public_networks"
    assert "netcfax on fl-fax (7488/tcp) is open to any address" in told.message
    assert "0.0.0.0/0" in told.cure
    meant = changing(public_networks=["0.0.0.0/0"]).made()
    assert meant.document["flows"] == made.document["flows"]
    assert made.flow(LOGIN)["arrives_from"] == "0.0.0.0/0"
    assert made.trace("uk-pc1", "fl-fax", 7488).reached == "fl-fax"
    assert "FXN410" not in {finding.code for finding in meant.plan.findings}


def test_the_internet_needs_no_word() -> None:
    net = Network().site("sheffield", "10.2.0.0/24", gateway="uk-router", public="dynamic")
    made = net.host("uk-pc1", "sheffield", "10.2.0.21").made()
    assert made.policy("uk-router")["source_nat"][0]["address"] is None


@pytest.mark.parametrize(
    ("change", "hosts", "alternative"),
    [
        ("call-back", ("uk-pc1", "uk-pc2"), "exchanges: {scp: false}"),
        ("server", ("uk-fax", "fl-pc1"), "one realm over a VPN"),
        ("public offer", ("uk-mail",), "omit 'public'"),
    ],
)
def test_what_needs_a_fixed_address_is_refused_with_another_way(
    change: str, hosts: tuple[str, ...], alternative: str
) -> None:
    net = changing(public_networks=RANGES)
    if change == "call-back":
        for name, last in (("uk-pc1", 21), ("uk-pc2", 22)):
            net.client(name, "sheffield", f"10.2.0.{last}")
    elif change == "server":
        net.server("uk-fax", "sheffield", "10.2.0.10").client("fl-pc1", "florida", "10.1.0.21", "uk-fax")
    else:
        net.offers("uk-mail", "sheffield", "10.2.0.11", "kerio_connect", public=True, exchanges=["smtp"])
    (finding,) = (finding for finding in net.findings() if finding.code == "FXN154")
    assert finding.hosts == hosts
    assert (finding.variable, finding.value) == ("faxnet_sites.sheffield.public_address", "dynamic")
    assert alternative in finding.cure


def test_what_a_switched_off_client_would_need_is_no_error() -> None:
    net = changing(public_networks=RANGES).client("uk-pc2", "sheffield", "10.2.0.22", enabled=False)
    assert "FXN154" not in {finding.code for finding in net.findings()}


def test_answers_come_back_to_an_address_that_changes() -> None:
    net = changing(public_networks=RANGES).offers("fl-press", "florida", "10.1.0.12", "faxpress")
    net.uses("uk-pc2", "sheffield", "10.2.0.22", "faxpress", "fl-press", exchanges={"alert": True})
    made = net.made()
    alert = made.flow("faxpress.alert/fl-press>uk-pc2")
    assert alert["carried_by"] == "faxpress.request/uk-pc2>fl-press"
    assert set(alert["dial"].split(", ")) == set(RANGES)
    assert alert["via"] == ["fl-router", "uk-router"]
    assert expectations(made.document, made.slices).probes


@pytest.mark.parametrize(
    ("site", "code", "variable"),
    [
        ({"outside_address": "fd00::2"}, "FXN151", "outside_address"),
        ({"public_address": None, "outside_address": BOX}, "FXN151", "outside_address"),
        ({"outside_address": "10.2.0.9"}, "FXN118", "outside_address"),
        ({"outside_address": "box"}, "FXN105", "outside_address"),
        ({"public_address": SHEFFIELD, "public_networks": RANGES}, "FXN152", "public_networks"),
        ({"public_networks": ["2001:db8::/32"]}, "FXN152", "public_networks[0]"),
        ({"public_networks": []}, "FXN103", "public_networks"),
        ({"public_networks": "203.0.113.0/24"}, "FXN101", "public_networks"),
        ({"public_address": ["dynamic", SHEFFIELD]}, "FXN101", "public_address[1]"),
        ({"public_address": ["dynamic", "dynamic"]}, "FXN101", "public_address[1]"),
        ({"public_address": ["2001:db8::1", "nowhere"]}, "FXN105", "public_address[1]"),
        ({"public_adress": "dynamic"}, "FXN102", "public_adress"),
    ],
)
def test_a_mistake_is_named_where_it_stands(site: dict[str, Any], code: str, variable: str) -> None:
    found = {(finding.code, finding.variable) for finding in changing(**site).findings()}
    assert (code, f"faxnet_sites.sheffield.{variable}") in found


def test_an_inner_router_says_where_its_address_lies() -> None:
    net = changing(public_networks=RANGES)
    del net.sites["sheffield"]["gateway"], net.sites["sheffield"]["public_networks"]
    inner: dict[str, Any] = {"host": "uk-router", "public_address": "dynamic"}
    net.sites["sheffield"].update(public_address=SHEFFIELD, gateways=[inner, {"host": "uk-outer"}])
    net.hosts["uk-outer"] = {"faxnet_address": "192.168.7.1"}
    where = "faxnet_sites.sheffield.gateways[0].public_networks"
    assert ("FXN153", where) in {(finding.code, finding.variable) for finding in net.findings()}
    inner["public_networks"] = ["192.168.7.0/24"]
    made = net.made()
    (permit,) = entries(made.policy("uk-outer"), "forward", LOGIN)
    assert permit["source"] == "192.168.7.0/24"
    assert "192.168.7.0/24" in made.policy("uk-outer")["networks"]
    assert made.flow(LOGIN)["arrives_from"] == SHEFFIELD
    assert made.trace("uk-pc1", "fl-fax", 7488).reached == "fl-fax"


def test_sites_of_one_router_say_the_same_of_it() -> None:
    net = Network()
    for floor, own in ((0, BOX), (1, "192.168.178.3")):
        net.site(f"floor{floor}", f"10.2.{floor}.0/24", gateway="router", public=SHEFFIELD, realm="office")
        net.sites[f"floor{floor}"]["outside_address"] = own
    findings = [finding for finding in net.findings() if finding.code == "FXN151"]
    assert [finding.variable for finding in findings] == ["faxnet_sites.floor1.outside_address"]
    net.sites["floor1"]["outside_address"] = BOX
    assert not [finding for finding in net.findings() if finding.code == "FXN151"]


def test_the_drawing_says_who_has_which_address() -> None:
    made = changing(public_networks=RANGES).made()
    plan, slices = made.document, made.slices
    plan["sites"]["florida"]["gateways"][0]["outside"] = [BOX]
    page = str(drawing(make_scene(view_plan(plan))))
    assert "uk-router (changing address; the address changes, in " in page
    assert f"fl-router ({FLORIDA}; translated one to one: the router itself has {BOX})" in page
    assert slices["uk-router"]["policy"]["public"] == []


def test_thousands_of_changing_sites_get_an_address_each_for_a_trace() -> None:
    net = changing(public_networks=["100.64.0.0/12"])
    for number in range(300):
        net.site(f"home{number}", "10.9.0.0/24", gateway=f"home{number}-router", public="dynamic")
        net.sites[f"home{number}"]["public_networks"] = ["100.64.0.0/12"]
        net.client(f"home{number}-pc", f"home{number}", "10.9.0.21", exchanges={"scp": False})
    made = net.made()
    worn = {made.trace(f"home{number}-pc", "fl-fax", 7488).hops[-1].comes_as for number in (0, 1, 299)}
    assert len(worn) == 3


def test_a_permit_for_a_host_whose_address_changes_is_for_the_networks_that_are_named() -> None:
    net = changing(public_networks=RANGES)
    net.hosts["fl-fax"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["uk-pc1"]}]
    (opening,) = net.made().policy("fl-fax")["openings"]
    assert set(opening["sources"]) == set(RANGES)
    del net.sites["sheffield"]["public_networks"]
    (finding,) = (finding for finding in net.findings() if finding.code == "FXN127")
    assert "public_networks of site sheffield" in finding.cure


def home_office(**site: Any) -> Network:
    """The case from the field, with more said of the home office."""
    net = field_case("changing_public_address")
    net.sites["home"].update(site)
    return net


@pytest.mark.acceptance("FC-11")
def test_a_home_office_of_which_nobody_says_an_address_starts_what_it_starts_and_is_not_called() -> None:
    net = field_case("changing_public_address")
    made = net.made()
    flow = made.flow("asterisk.sip/ata>pbx")
    assert (flow["dial"], flow["arrives_from"], flow["via"]) == ("198.51.100.7", "0.0.0.0/0", ["homebox", "gw"])
    (told,) = [finding for finding in made.plan.findings if finding.code == "FXN410"]
    assert (told.severity, told.hosts, told.value) == ("advice", ("ata", "pbx"), "not set")
    assert "asterisk on pbx (5060/udp, 10000-20000/udp, 4000-4999/udp) is open to any address" in told.message
    assert made.trace("ata", "pbx", 5060, "udp").reached == "pbx"
    net.hosts["ata"]["faxnet_uses"][0]["exchanges"] = {"sip_out": True}
    net.hosts["pbx"]["faxnet_offers"][0]["exchanges"] = {"sip_out": True}
    (refused,) = [finding for finding in net.findings() if finding.severity == "error"]
    assert (refused.code, refused.host) == ("FXN402", "ata")
    assert refused.variable == "faxnet_sites.home.public_address"
    assert "Calls to a peer" in refused.message
    assert "exchanges: {sip_out: false}" in refused.cure


def test_a_providers_pool_says_where_the_address_lies_and_that_it_changes() -> None:
    made = home_office(public_networks=["203.0.113.0/25"]).made()
    assert made.flow("asterisk.sip/ata>pbx")["arrives_from"] == "203.0.113.0/25"
    assert made.document["sites"]["home"]["gateways"][0]["dynamic"]
    assert "FXN410" not in {finding.code for finding in made.plan.findings}


def test_several_clients_of_a_home_are_one_advice() -> None:
    net = home_office()
    net.hosts["ata2"] = {**net.hosts["ata"], "faxnet_address": "192.168.178.31"}
    (told,) = [finding for finding in net.findings() if finding.code == "FXN410"]
    assert told.hosts == ("ata", "ata2", "pbx")


def test_a_router_of_the_plan_masquerades_for_such_a_site_and_its_realm_meets_it_as_before() -> None:
    net = home_office()
    del net.hosts["homebox"]["faxnet_platform"]
    net.site("cellar", "192.168.179.0/24", gateway="homebox")
    net.offers("press", "cellar", "192.168.179.10", "faxpress")
    net.hosts["ata"]["faxnet_uses"].append({"service": "faxpress", "server": "press"})
    made = net.made()
    (nat,) = made.policy("homebox")["source_nat"]
    assert (nat["networks"], nat["address"]) == (["192.168.178.0/24"], None)
    assert nat["except"] == ["192.168.178.0/23"]
    assert made.flow("faxpress.request/ata>press")["arrives_from"] == "192.168.178.30"
    assert made.trace("ata", "press", 4644, "udp").reached == "press"


def test_a_login_is_let_in_from_no_address_that_nobody_named() -> None:
    net = home_office()
    net.controller = "ata"
    made = net.made()
    logins = [item for item in made.policy("gw")["forward"] if item["flows"][0].startswith("management/")]
    assert "0.0.0.0/0" not in {item["source"] for item in logins}
