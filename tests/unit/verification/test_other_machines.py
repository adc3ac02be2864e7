# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected beside hosts that stand for several machines, and beyond routers that carry a flow to a network."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Probe
from tests.unit.networks import Network

#: A service that sends from its media ports to any port of whom it is open to.
GATEWAY = {
    "settings": {"media": {"kind": "ports", "default": "40000-40019"}},
    "exchanges": [
        {"name": "call", "initiator": "client", "transport": "udp", "ports": 5070, "with": "everyone", "purpose": "x"},
        {
            "name": "out",
            "initiator": "server",
            "transport": "udp",
            "ports": "any",
            "source_ports": "media",
            "with": "internet",
            "purpose": "x",
        },
    ],
    "sources": [{"document": "made up for this test"}],
}


def nested() -> Network:
    """An office with a fax server and, behind a router without translation, a network of its own."""
    net = (
        Network(services={"gateway": GATEWAY})
        .site("office", "10.1.0.0/24", gateway="router", public="203.0.113.1")
        .site("inner", "172.18.1.0/24")
        .server("fax", "office", "10.1.0.10")
        .client("pc", "inner", "172.18.1.11", server="fax")
        .host("inner-router", "office", "10.1.0.201")
    )
    net.sites["inner"]["gateways"] = [{"host": "inner-router"}]
    net.hosts["pc"]["faxnet_permits"] = [{"name": "web", "ports": 80}]
    return net


def probes_of(net: Network) -> list[Probe]:
    made = net.made()
    return [probe for probes in expectations(made.document, made.slices).probes.values() for probe in probes]


def test_a_client_that_is_one_of_several_machines_is_called_back_at_none_of_them_alone() -> None:
    net = nested().client("some", "inner", ["172.18.1.231", "172.18.1.232"], server="fax")
    net.hosts["some"]["faxnet_platform"] = "unmanaged"
    found = probes_of(net)
    assert any(probe.target == "pc" and probe.kind == "call-back" for probe in found)
    assert not any(", " in probe.address for probe in found)


@pytest.mark.parametrize("stance", ["exclusive", "additive"])
def test_what_a_router_carries_inward_for_a_flow_to_its_network_it_does_not_refuse(stance: str) -> None:
    """A datagram of the system's own choice of port may leave from one of the media ports."""
    net = nested()
    net.hosts["fax"]["faxnet_offers"].append({"service": "gateway", "public": ["inner"]})
    net.hosts["pc"]["faxnet_stance"] = stance
    silent = {
        (probe.port, probe.transport)
        for probe in probes_of(net)
        if (probe.host, probe.target, probe.expect) == ("fax", "pc", "silent")
    }
    assert ((80, "udp") in silent) == (stance == "exclusive")
    assert (81, "tcp") in silent


@pytest.mark.parametrize("changes", [False, True], ids=["one address", "a changing one"])
def test_a_router_that_wears_what_its_clients_wear_cannot_be_told_from_them(changes: bool) -> None:
    """Its own flow is off, and a client's behind it is on: the router further out sees one and the same sender."""
    net = (
        Network()
        .site("office", "10.1.0.0/24", gateway="router", public="203.0.113.1")
        .site("inner", "172.18.1.0/24", gateway="inner-router", public="10.1.0.201")
        .site("other", "10.2.0.0/24", gateway="other-router", public="203.0.113.2")
        .server("fax", "other", "10.2.0.10")
        .client("pc", "inner", "172.18.1.11", server="fax")
        .client("inner-router", "office", "10.1.0.201", server="fax", enabled=False)
        .client("beside", "office", "10.1.0.21", server="fax", enabled=False)
    )
    if changes:
        net.sites["inner"] |= {"public_address": "dynamic", "public_networks": ["10.1.0.0/24"]}
    net.hosts["router"] = {**net.hosts.get("router", {}), "faxnet_outbound": "flows"}
    for name in ("pc", "inner-router", "beside"):
        net.hosts[name]["faxnet_uses"][0]["exchanges"] = {"scp": False}
    tried = {probe.host for probe in probes_of(net) if (probe.kind, probe.port) == ("switched-off flow", 7488)}
    # Where the router's address changes, it may be that of anybody in the network around it.
    assert tried == (set() if changes else {"beside"})


def test_a_router_whose_address_changes_is_not_met_at_one_of_its_own() -> None:
    net = (
        Network()
        .site("office", "10.1.0.0/24", gateway="router", public="203.0.113.1")
        .site("inner", "172.18.1.0/24", gateway="inner-router", public="dynamic")
        .site("other", "10.2.0.0/24", gateway="other-router", public="203.0.113.2")
        .offers("press", "other", "10.2.0.11", "faxpress")
    )
    net.sites["inner"]["public_networks"] = ["10.1.0.0/24"]
    net.hosts["inner-router"] = {
        "faxnet_address": "172.18.1.1",
        "faxnet_uses": [{"service": "faxpress", "server": "press", "dials": "public"}],
    }
    found = probes_of(net)
    assert any(probe.host == "inner-router" and probe.expect == "open" for probe in found)
    assert not any("/" in probe.address for probe in found)


def test_what_shares_a_nested_servers_address_is_not_expected_to_be_silent_where_a_router_turns_it() -> None:
    """The router passes on what comes straight as well, and takes all behind the nested router for the server."""
    net = (
        Network()
        .site("office", "10.1.0.0/24", gateway="router", public="203.0.113.1", realm="company")
        .site("annex", "10.1.1.0/24", gateway="router", public="203.0.113.1", realm="company")
        .site("inner", "172.18.1.0/24", gateway="inner-router", public="10.1.1.201")
        .server("fax", "inner", "172.18.1.10", callback_range="10000-19999")
        .client("neighbour", "inner", "172.18.1.12", server="fax", enabled=False)
        .client("pc", "office", "10.1.0.14", server="fax", dials="public")
    )
    net.hosts["inner-router"] = {"faxnet_site": "annex", "faxnet_address": "10.1.1.201"}
    net.hosts["pc"]["faxnet_platform"] = "unmanaged"
    made = net.made()
    flow = made.flow("netcfax.scp/fax>pc")
    port = int(flow["ports"].partition("-")[0])
    every = [probe for probes in expectations(made.document, made.slices).probes.values() for probe in probes]
    silent = {(probe.host, probe.address, probe.port) for probe in every if probe.expect == "silent"}
    assert ("neighbour", "172.18.1.10", 7488) in silent
    assert ("neighbour", "10.1.0.14", port) not in silent


def test_a_client_is_not_expected_to_miss_the_router_that_its_packets_are_turned_to() -> None:
    """The router in between passes the same on where it is sent there straight."""
    net = (
        Network()
        .site("office", "10.1.0.0/24", gateway="router", public="203.0.113.1", realm="company")
        .site("annex", "10.1.1.0/24", gateway="router", public="203.0.113.1", realm="company")
        .site("inner", "172.18.1.0/24", gateway="inner-router", public="10.1.1.201")
        .server("fax", "inner", "172.18.1.10")
        .client("pc", "office", "10.1.0.14", server="fax", dials="public")
    )
    net.hosts["inner-router"] = {"faxnet_site": "annex", "faxnet_address": "10.1.1.201", "faxnet_platform": "unmanaged"}
    silent = {(probe.host, probe.address, probe.port) for probe in probes_of(net) if probe.expect == "silent"}
    assert ("pc", "203.0.113.1", 7489) in silent
    assert ("pc", "10.1.1.201", 7488) not in silent


def test_what_goes_to_no_host_is_verified_behind_a_nested_router_that_wears_its_own_address() -> None:
    net = Network(services={"gateway": GATEWAY}).site("office", "198.51.1.0/24")
    net.site("inner", "172.18.1.0/24", gateway="inner-router", public="198.51.1.201", realm="inner")
    net.host("box", "inner", "172.18.1.10", offers=[{"service": "gateway", "public": True}])
    net.server("fax", "inner", "172.18.1.11").client("pc", "office", "198.51.1.20", server="fax")
    net.hosts["inner-router"] = {"faxnet_site": "office", "faxnet_address": "198.51.1.201"}
    assert any(flow["destination"] == "internet" for flow in net.made().document["flows"])
    assert probes_of(net)
