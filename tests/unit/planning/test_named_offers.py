# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offers of one service on one host: each has ports and clients of its own, and a client of both is one client."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import read_config
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.exports import tables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import render
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.emulator_files import emulator_settings
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network
from tests.unit.verification.offices import as_planned, reported

SECOND = {"service": "netcfax", "name": "second", "primary_port": 7500}
FIRST_USE = {"service": "netcfax", "server": "fl-fax"}
SECOND_USE = {**FIRST_USE, "offer": "second"}


def offices(*offers: dict[str, Any]) -> Network:
    """A fax server with these offers behind NAT; clients of the first, of the second and of both behind another."""
    net = (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
        .server("fl-fax", "florida", "10.1.0.10")
        .host("one", "sheffield", "10.2.0.21", uses=[FIRST_USE])
        .host("two", "sheffield", "10.2.0.22", uses=[SECOND_USE])
        .host("both", "sheffield", "10.2.0.23", uses=[FIRST_USE, SECOND_USE])
    )
    net.hosts["fl-fax"]["faxnet_offers"].extend(offers)
    return net


@pytest.fixture(scope="module")
def made() -> Made:
    """The offices, planned once."""
    return offices(SECOND).made()


def test_each_offer_has_flows_of_its_own_to_its_own_port(made: Made) -> None:
    ports = {flow["id"]: flow["ports"] for flow in made.document["flows"] if not flow["callback"]}
    assert ports == {
        "netcfax.pcp/one>fl-fax": "7488",
        "netcfax.pcp/both>fl-fax": "7488",
        "netcfax-second.pcp/two>fl-fax": "7500",
        "netcfax-second.pcp/both>fl-fax": "7500",
    }


def test_a_client_reaches_the_offer_that_it_uses_and_a_trace_names_it(made: Made) -> None:
    reached = {
        (port, address): made.trace(address, FLORIDA, port).reached
        for port in (7488, 7500)
        for address in ("10.2.0.21", "10.2.0.22", "10.2.0.23")
    }
    # All of the office wear one address, so the server's router cannot tell them apart.
    assert set(reached.values()) == {"fl-fax"}
    assert not made.trace("10.2.0.21", FLORIDA, 7501).passes
    (entry,) = [item for item in made.policy("fl-router")["destination_nat"] if item["ports"] == "7500"]
    assert entry["flows"] == ["netcfax-second.pcp/both>fl-fax", "netcfax-second.pcp/two>fl-fax"]


def test_a_client_of_both_has_one_range_that_both_may_call_and_one_entry_in_the_lock_file(made: Made) -> None:
    assert set(made.plan.lock.ranges) == {HostService(name, "netcfax") for name in ("one", "two", "both")}
    called = {flow["id"]: flow["ports"] for flow in made.document["flows"] if flow["callback"]}
    assert called["netcfax.scp/fl-fax>both"] == called["netcfax-second.scp/fl-fax>both"]
    assert len({called[f"netcfax{of}.scp/fl-fax>{host}"] for of, host in (("", "one"), ("-second", "two"))}) == 2


def test_a_second_offer_moves_nobodys_range() -> None:
    net = offices(SECOND)
    net.hosts["two"]["faxnet_uses"] = net.hosts["both"]["faxnet_uses"] = [FIRST_USE]
    before = net.plan()
    net.hosts["two"]["faxnet_uses"], net.hosts["both"]["faxnet_uses"] = [SECOND_USE], [FIRST_USE, SECOND_USE]
    after = net.with_lock(before).planned()
    assert after.plan is not None
    assert after.findings == ()
    assert after.plan.lock == before.lock


def test_the_two_uses_of_a_client_say_one_thing_of_its_call_backs() -> None:
    net = offices(SECOND)
    net.hosts["both"]["faxnet_uses"] = [FIRST_USE, {**SECOND_USE, "callback": {"size": 50}}]
    (finding,) = net.findings()
    assert (finding.code, finding.host, finding.variable) == ("FXN101", "both", "faxnet_uses[1].callback")


def test_offers_and_uses_say_their_name_and_those_without_one_say_nothing(made: Made) -> None:
    for part in (made.document, made.slices["fl-fax"]):
        offers = {offer["service"]: offer for offer in part["offers"]}
        assert offers["netcfax-second"]["offer"] == "second"
        assert offers["netcfax-second"]["settings"] == {"primary_port": 7500}
        assert offers["netcfax-second"]["clients"] == ["both", "two"]
        assert "offer" not in offers["netcfax"]
        assert offers["netcfax"]["clients"] == ["both", "one"]
    uses = [(use["service"], use.get("offer")) for use in made.slices["both"]["uses"]]
    assert uses == [("netcfax", None), ("netcfax-second", "second")]
    assert set(made.document["services"]) == {"netcfax", "netcfax-second"}


def test_sheets_are_the_products_and_tell_the_offers_apart(made: Made) -> None:
    def sheet(host: str) -> str:
        (found,) = [each for each in render(made.slices[host], definitions()) if each.name.startswith("netcfax")]
        return " ".join(found.text.split())

    assert "Fax server fl-fax, offer second Server address to dial" in sheet("two")
    assert "Primary connection port 7500" in sheet("two")
    assert "Fax server fl-fax Server address to dial" in sheet("both")
    assert "Fax server fl-fax, offer second Server address to dial" in sheet("both")
    assert sheet("fl-fax").count("Primary connection port") == 2
    assert "Offer second Primary connection port 7500" in sheet("fl-fax")
    assert "Clients 2: both, two" in sheet("fl-fax")
    assert "offer" not in sheet("one").casefold()


def test_a_faxpress_sheet_has_each_offers_own_alerts() -> None:
    net = (
        Network()
        .site("lab", "10.0.0.0/24")
        .offers("press", "lab", "10.0.0.10", "faxpress")
        .uses("pc", "lab", "10.0.0.21", "faxpress", "press", exchanges={"alert": False})
    )
    net.hosts["press"]["faxnet_offers"].append({"service": "faxpress", "name": "second", "port": 5645})
    net.hosts["pc"]["faxnet_uses"].append({"service": "faxpress", "server": "press", "offer": "second"})
    made = net.made()
    (client,) = render(made.slices["pc"], definitions())
    first, second = client.text.split("FaxPress press")[1:]
    assert "off: switch it off in the program" in first
    assert "on: 10.0.0.10 sends by itself, from UDP port 5645" in second
    (server,) = render(made.slices["press"], definitions())
    told = [line.split()[2:] for line in server.text.splitlines() if "FaxAlert to" in line]
    assert told == [["0:", "none:", "it", "is", "switched", "off"], ["1:", "pc"]]


def test_emulators_of_both_offers_and_their_clients_run_beside_each_other(made: Made) -> None:
    def endpoints(host: str) -> set[str]:
        part = made.slices[host]
        return set(read_config({**part, "format": 1}).endpoints)

    assert endpoints("fl-fax") == {"fl-fax/netcfax/pcp", "fl-fax/netcfax-second/pcp"}
    assert endpoints("both") == {"both/netcfax@fl-fax/1", "both/netcfax-second@fl-fax/1"}


@pytest.mark.parametrize(
    ("broadcast", "first", "second"),
    [
        ({"faxpress": 14644}, 14644, 14644),
        ({"faxpress": 14644, "faxpress-second": 14645}, 14644, 14645),
        ({"faxpress-second": 14645}, 0, 14645),
        ({}, 0, 0),
    ],
)
def test_clients_of_a_named_offer_look_for_it_on_the_products_port_or_its_own(
    broadcast: dict[str, int], first: int, second: int
) -> None:
    net = (
        Network()
        .site("lab", "10.0.0.0/24")
        .offers("press", "lab", "10.0.0.10", "faxpress")
        .uses("pc", "lab", "10.0.0.21", "faxpress", "press")
    )
    net.hosts["press"]["faxnet_offers"].append({"service": "faxpress", "name": "second", "port": 5645})
    net.hosts["pc"]["faxnet_uses"].append({"service": "faxpress", "server": "press", "offer": "second"})
    made = net.made()
    for host in ("press", "pc"):
        config = emulator_settings(made.slices[host], broadcast=broadcast)
        endpoints = read_config(config).endpoints.values()
        ports = {item.service: vars(item)["broadcast_port"] for item in endpoints}
        assert ports == {"faxpress": first, "faxpress-second": second}


def test_verification_expects_what_each_offer_needs_and_no_more(made: Made) -> None:
    probes = [probe for sent in expectations(made.document, made.slices).probes.values() for probe in sent]
    opened = {(probe.host, probe.port) for probe in probes if probe.kind == "flow" and probe.expect == "open"}
    assert opened == {("one", 7488), ("two", 7500), ("both", 7488), ("both", 7500)}
    assert {flow.service for flow in view_plan(made.document).flows} == {"netcfax", "netcfax-second"}


def test_the_reports_tables_have_the_name_behind_the_service() -> None:
    net = offices(SECOND)
    report = reported({"faxnet_sites": net.sites, "hosts": net.hosts}, as_planned)
    assert report.verdict in ("passed", "unproven"), report.sentence
    assert not report.counts().get("failed")
    told = "".join(piece for names, steps in tables(report).items() if "ranges.csv" in names for piece, _md in steps)
    rows = [row.split(",") for row in told.splitlines()]
    services = {(row[0], row[3]) for row in rows[1:]}
    assert services == {("one", "netcfax"), ("two", "netcfax-second"), ("both", "netcfax"), ("both", "netcfax-second")}


def test_a_role_that_installs_a_product_sets_up_the_offer_without_a_name() -> None:
    def deployed(*offers: dict[str, Any]) -> list[str]:
        net = Network().site("lab", "10.0.0.0/24").host("mail", "lab", "10.0.0.10", offers=list(offers))
        return [item["role"] for item in net.made().slices["mail"]["deployment"]]

    first = {"service": "kerio_connect", "exchanges": ["imaps"]}
    second = {"service": "kerio_connect", "exchanges": ["https"], "name": "web"}
    assert deployed(first) == deployed(first, second) == ["faxnet.deploy.kerio_connect"]
    assert deployed(second) == []


def test_devices_of_one_provider_use_its_trunks_by_name_each_with_ports_of_its_own() -> None:
    net = field_case("two_devices_at_one_provider")
    (trunk,) = net.hosts["provider"]["faxnet_offers"]
    second = {"name": "backup", "sip_port": 5070, "second_sip_port": 5071, "media": "40000-40999"}
    net.hosts["provider"]["faxnet_offers"] = [trunk, {**trunk, **second}]
    first = net.hosts["pbx"]["faxnet_uses"][0]
    use = {**first, "offer": "backup", "client_sip_port": 5066, "client_media": "11000-11099"}
    net.hosts["pbx"]["faxnet_uses"] = [first, use]
    made = net.made()
    told = {item["ports"] for item in made.policy("router")["destination_nat"] if item["target"] == "192.168.1.30"}
    assert told == {"5060", "10000-10099", "5066", "11000-11099"}
    asked = {(flow["service"], flow["ports"]) for flow in made.document["flows"] if flow["source"] == "pbx"}
    assert {("t38fax_trunk", "5080"), ("t38fax_trunk-backup", "5071")} <= asked
    assert not asked & {("t38fax_trunk", "5071"), ("t38fax_trunk-backup", "5080")}


def test_two_offers_that_listen_on_one_port_are_an_error() -> None:
    (finding,) = offices({"service": "netcfax", "name": "second"}).findings()
    assert (finding.code, finding.host, finding.variable) == ("FXN210", "fl-fax", "faxnet_offers[1]")
    assert "netcfax-second and netcfax both listen on 7488/tcp" in finding.message


@pytest.mark.parametrize(
    ("offers", "use", "code", "host", "variable", "words"),
    [
        ([{"service": "netcfax", "primary_port": 7500}], None, "FXN208", "fl-fax", "faxnet_offers[1]", "name: second"),
        ([SECOND, SECOND], None, "FXN208", "fl-fax", "faxnet_offers[2]", "a name of its own"),
        ([{**SECOND, "name": "a b"}], None, "FXN104", "fl-fax", "faxnet_offers[1].name", "letters"),
        ([{**SECOND, "name": ""}], None, "FXN104", "fl-fax", "faxnet_offers[1].name", "letters"),
        ([{**SECOND, "name": "x" * 99}], None, "FXN104", "fl-fax", "faxnet_offers[1].name", "letters"),
        ([{**SECOND, "name": 2}], None, "FXN101", "fl-fax", "faxnet_offers[1].name", "letters"),
        ([SECOND], {**FIRST_USE, "offer": "third"}, "FXN203", "one", "faxnet_uses[0].offer", "use one of: second, or"),
        ([SECOND], {**FIRST_USE, "offer": ["x"]}, "FXN101", "one", "faxnet_uses[0].offer", "letters"),
        ([SECOND], {**FIRST_USE, "offer": "a/b"}, "FXN104", "one", "faxnet_uses[0].offer", "letters"),
        ([SECOND], {**FIRST_USE, "service": "netcfax-second"}, "FXN201", "one", "faxnet_uses[0].service", "netcfax"),
        (
            [SECOND],
            {"service": "netcfax", "server": "uk-router", "offer": "second"},
            "FXN203",
            "one",
            "faxnet_uses[0].server",
            "name a host that offers it: fl-fax",
        ),
    ],
)
def test_a_mistake_names_itself_and_a_cure(
    offers: list[dict[str, Any]], use: dict[str, Any] | None, code: str, host: str, variable: str, words: str
) -> None:
    net = offices(*offers)
    for name in ("two", "both"):
        del net.hosts[name]
    net.hosts["one"]["faxnet_uses"] = [use or FIRST_USE]
    found = [item for item in net.findings() if item.severity == "error"]
    assert [(item.code, item.host, item.variable) for item in found] == [(code, host, variable)]
    assert words in found[0].cure


def test_a_use_without_a_name_never_means_an_offer_that_has_one() -> None:
    net = offices()
    net.hosts["fl-fax"]["faxnet_offers"] = [SECOND]
    found = [item for item in net.findings() if item.code == "FXN203"]
    assert [(item.hosts, item.variable, item.cure) for item in found] == [
        (("both", "one"), "faxnet_uses[0].offer", "use one of: second")
    ]


def test_a_name_that_makes_another_services_name_is_an_error() -> None:
    net = offices(SECOND)
    profile = {
        "exchanges": [{"name": "a", "initiator": "client", "transport": "tcp", "ports": 7777, "purpose": "test"}],
        "sources": [{"document": "made up"}],
    }
    net.services = {"netcfax-second": profile}
    codes = {(item.code, item.host, item.variable) for item in net.findings() if item.severity == "error"}
    assert ("FXN104", "fl-fax", "faxnet_offers[1].name") in codes
