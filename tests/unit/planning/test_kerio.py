# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio's administration: one port for TCP and UDP, a log channel that lives while nothing passes, servers anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from tests.unit.networks import Made, Network

SERVICES = {"kerio_control": 44333, "kerio_connect": 44337}


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
    made = offices(service).made()
    both = {("tcp", str(port), "10.1.0.10"), ("udp", str(port), "10.1.0.10")}
    assert opened(made, "router", "destination_nat") == both
    assert opened(made, "router", "forward") == both
    assert opened(made, "kerio", "input") == both


@pytest.mark.acceptance("KE-08")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_a_server_on_the_firewall_host_itself_opens_it_there(service: str, port: int) -> None:
    made = offices(service, server="router").made()
    assert opened(made, "router", "input") == {
        ("tcp", str(port), "198.51.100.10"),
        ("udp", str(port), "198.51.100.10"),
    }
    assert not made.policy("router")["destination_nat"]
    assert made.trace("console", "router", port, "udp").passes


@pytest.mark.acceptance("KE-09")
@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_a_console_behind_a_firewall_starts_everything_and_nothing_is_opened_inward(service: str, port: int) -> None:
    made = offices(service).made()
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
    made = offices(service).made()
    for host, section in (("console", "output"), ("home-router", "forward"), ("router", "forward"), ("kerio", "input")):
        kept = {entry["transport"]: entry["idle"] for entry in made.policy(host)[section]}
        # Linux keeps an idle TCP connection for 5 days: the log lives as long as the session that it belongs to.
        assert kept["udp"] == 5 * 24 * 3600
        assert kept.get("tcp") is None


def test_a_server_opens_what_the_chosen_services_need_and_no_more() -> None:
    made = offices(exchanges=["admin", "log", "imaps"]).made()
    assert {(item["transport"], item["ports"]) for item in made.policy("kerio")["input"]} == {
        ("tcp", "44337"),
        ("udp", "44337"),
        ("tcp", "993"),
    }
    assert made.slices["kerio"]["offers"][0]["exchanges"] == ["admin", "log", "imaps"]


def test_a_client_may_use_less_than_its_server_runs() -> None:
    network = offices(exchanges=["admin", "log", "imaps"])
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
    network = offices(exchanges=["admin", "log", "imaps"])
    network.hosts["console"]["faxnet_uses"][0]["exchanges"] = ["imaps"]
    told = " ".join(network.made().slices["console"]["uses"][0]["instructions"])
    assert "993" in told
    assert "44337" not in told
