# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio's administration, servers anywhere: by a web page today, before it by one port for TCP and UDP.

The older way has a log channel that lives while nothing passes.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from tests.unit.networks import Made, Network

SERVICES = {"kerio_control": 44333, "kerio_connect": 44337}
WEB = {"kerio_control": 4081, "kerio_connect": 4040}


def consoles(service: str = "kerio_connect", server: str = "kerio", **offer: Any) -> Network:
    """The offices with a server that consoles administrate."""
    return offices(service, server, version="console", **offer)


def offices(service: str = "kerio_connect", server: str = "kerio", **offer: Any) -> Network:
    """A server behind a NAT router and a console behind another; *server* may be the router itself."""
    network = (
        Network()
        .site("main", "10.1.0.0/24", gateway="router", public="198.51.100.10")
        .site("home", "10.2.0.0/24", gateway="home-router", public="203.0.113.20")
        .uses("console", "home", "10.2.0.21", service, server)
    )
    network.hosts["home-router"]["faxnet_outbound"] = "flows"
    if server == "router":
        network.hosts["router"]["faxnet_offers"] = [{"service": service, **offer}]
        return network
    return network.offers(server, "main", "10.1.0.10", service, **offer)


def opened(made: Made, host: str, section: str) -> set[tuple[str, str, str]]:
    key = "target" if section == "destination_nat" else "destination"
    return {(entry["transport"], entry["ports"], entry[key]) for entry in made.policy(host)[section]}


@pytest.mark.acceptance("KE-01", "KE-02", "KE-03")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_one_port_serves_tcp_and_the_first_udp_message(service: str, port: int) -> None:
    exchanges = {item.name: item for item in builtin_catalog().profiles[service].exchanges}
    admin, log = exchanges["admin"], exchanges["log"]
    assert (admin.transport, log.transport) == ("tcp", "udp")
    assert (admin.initiator, log.initiator) == ("client", "client")
    assert admin.setting == log.setting == "application_port"
    assert builtin_catalog().profiles[service].settings["application_port"].default == (port, port)


@pytest.mark.acceptance("KE-08")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_a_server_behind_nat_gets_its_port_forwarded_for_both_protocols(service: str, port: int) -> None:
    made = consoles(service).made()
    both = {("tcp", str(port), "10.1.0.10"), ("udp", str(port), "10.1.0.10")}
    assert opened(made, "router", "destination_nat") == both
    assert opened(made, "router", "forward") == both
    assert opened(made, "kerio", "input") == both


@pytest.mark.acceptance("KE-08")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_a_server_on_the_firewall_host_itself_opens_it_there(service: str, port: int) -> None:
    made = consoles(service, server="router").made()
    assert opened(made, "router", "input") == {
        ("tcp", str(port), "198.51.100.10"),
        ("udp", str(port), "198.51.100.10"),
    }
    assert not made.policy("router")["destination_nat"]
    assert made.trace("console", "router", port, "udp").passes


@pytest.mark.acceptance("KE-09")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_a_console_behind_a_firewall_starts_everything_and_nothing_is_opened_inward(service: str, port: int) -> None:
    made = consoles(service).made()
    assert made.policy("console")["input"] == []
    assert made.policy("home-router")["destination_nat"] == []
    assert {entry["direction"] for entry in made.policy("home-router")["forward"]} == {"out"}
    assert opened(made, "home-router", "forward") == {
        ("tcp", str(port), "198.51.100.10"),
        ("udp", str(port), "198.51.100.10"),
    }
    assert made.trace("console", "kerio", port, "udp").passes
    assert not made.trace("console", "kerio", port + 1, "udp").passes
    assert not made.trace("kerio", "console", port, "udp", source_port=port).passes


@pytest.mark.acceptance("KE-10")
@pytest.mark.parametrize("service", SERVICES)
def test_every_device_keeps_the_log_channel_alone_as_long_as_an_idle_tcp_connection(service: str) -> None:
    made = consoles(service).made()
    for host, section in (("console", "output"), ("home-router", "forward"), ("router", "forward"), ("kerio", "input")):
        kept = {entry["transport"]: entry["idle"] for entry in made.policy(host)[section]}
        # Linux keeps an idle TCP connection for 5 days: the log lives as long as the session that it belongs to.
        assert kept["udp"] == 5 * 24 * 3600
        assert kept.get("tcp") is None


def test_a_server_opens_what_the_chosen_services_need_and_no_more() -> None:
    made = consoles(exchanges=["admin", "log", "imaps"]).made()
    assert {(item["transport"], item["ports"]) for item in made.policy("kerio")["input"]} == {
        ("tcp", "44337"),
        ("udp", "44337"),
        ("tcp", "993"),
    }
    assert made.slices["kerio"]["offers"][0]["exchanges"] == ["admin", "log", "imaps"]


def test_a_client_may_use_less_than_its_server_runs() -> None:
    network = consoles(exchanges=["admin", "log", "imaps"])
    network.hosts["console"]["faxnet_uses"][0]["exchanges"] = ["imaps"]
    assert {item["ports"] for item in network.made().policy("kerio")["input"]} == {"993"}


def test_what_the_server_does_not_run_cannot_be_used() -> None:
    network = offices()
    network.hosts["console"]["faxnet_uses"][0]["exchanges"] = ["imaps"]
    (finding,) = [item for item in network.findings() if item.code == "FXN214"]
    assert (finding.host, finding.variable, finding.value) == ("console", "faxnet_uses[0].exchanges", "imaps")
    assert "add it to 'exchanges' in the faxnet_offers of kerio" in finding.cure
    assert network.planned().plan is None


def test_a_sheet_says_nothing_of_what_the_client_does_not_use() -> None:
    network = consoles(exchanges=["admin", "log", "imaps"])
    network.hosts["console"]["faxnet_uses"][0]["exchanges"] = ["imaps"]
    told = " ".join(network.made().slices["console"]["uses"][0]["instructions"])
    assert "993" in told
    assert "44337" not in told


@pytest.mark.parametrize(("service", "port"), WEB.items())
def test_todays_server_is_administered_by_its_web_page_and_by_nothing_else(service: str, port: int) -> None:
    made = offices(service).made()
    for section in ("destination_nat", "forward"):
        assert opened(made, "router", section) == {("tcp", str(port), "10.1.0.10")}
    assert opened(made, "kerio", "input") == {("tcp", str(port), "10.1.0.10")}
    told = " ".join(made.slices["console"]["uses"][0]["instructions"])
    assert f"https://198.51.100.10:{port}/admin" in told
    assert "Console" not in told
    assert "UDP" not in told


def test_the_port_of_the_consoles_is_for_synchronisation_now() -> None:
    made = offices(exchanges=["synchronisation"]).made()
    assert opened(made, "kerio", "input") == {("tcp", "44337", "10.1.0.10")}


def test_the_first_server_with_a_web_page_had_both() -> None:
    made = consoles(exchanges={"web_admin": True}).made()
    assert {item[:2] for item in opened(made, "kerio", "input")} == {
        ("tcp", "44337"),
        ("udp", "44337"),
        ("tcp", "4040"),
    }


@pytest.mark.parametrize("version", [{}, {"version": "console"}], ids=["web", "console"])
@pytest.mark.parametrize("service", SERVICES)
def test_neither_products_administration_is_opened_to_all_of_the_internet(
    service: str, version: dict[str, str]
) -> None:
    (finding,) = offices(service, public=True, **version).findings()
    assert (finding.code, finding.host, finding.variable) == ("FXN215", "kerio", "faxnet_offers[0].public")


@pytest.mark.parametrize("version", [{}, {"version": "console"}], ids=["web", "console"])
def test_a_public_mail_server_keeps_its_administration_for_those_who_are_named(version: dict[str, str]) -> None:
    made = offices(public=True, exchanges={"smtp": True}, **version).made()
    outside = {item["ports"] for item in made.policy("router")["destination_nat"] if item["source"] == "0.0.0.0/0"}
    assert outside == {"25"}


@pytest.mark.parametrize(
    ("offer", "variable", "words"),
    [
        (
            {"exchanges": ["admin"]},
            "exchanges[0]",
            "version web of Kerio Connect does not have it; version console does",
        ),
        ({"exchanges": {"log": False}}, "exchanges.log", "version console does"),
        ({"version": "console", "exchanges": ["synchronisation"]}, "exchanges[0]", "version web does"),
        ({"version": "8"}, "version", "is not known"),
    ],
)
def test_a_thing_of_another_version_is_named_with_the_version_that_has_it(
    offer: dict[str, Any], variable: str, words: str
) -> None:
    (finding,) = offices(**offer).findings()
    assert (finding.code, finding.variable) == ("FXN102", f"faxnet_offers[0].{variable}")
    assert words in finding.message


def test_a_setting_of_another_version_is_refused_with_the_cure() -> None:
    (finding,) = offices("kerio_control", application_port=44400).findings()
    assert (finding.code, finding.variable) == ("FXN102", "faxnet_offers[0].application_port")
    assert "write 'version: console' into the offer of a Kerio Control or WinRoute Firewall" in finding.cure


def test_a_product_that_did_not_change_has_no_version_to_name() -> None:
    (finding,) = offices("netcfax", version="2").findings()
    assert (finding.code, finding.variable, finding.cure) == ("FXN102", "faxnet_offers[0].version", "omit 'version'")
