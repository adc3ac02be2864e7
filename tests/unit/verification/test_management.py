# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routers let through for management is no packet to expect silence of, and what they do not is one."""

from __future__ import annotations

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.topology import Topology
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.guards import Guards
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.permitted import Candidate, Permissions
from tests.unit.networks import Made, Network

ADMINISTERED = 7489  # beside the port of fax, so that a neighbour's probe would ask for it


def two_routed_offices(hosts: int, platform: str = "nftables") -> Network:
    """Two offices of one realm; the second has so many hosts that its router's permits name its whole network."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", realm="company")
    net.site("york", "10.4.0.0/24", gateway="york-router", realm="company")
    net.server("fax", "york", "10.4.0.10").client("pc", "leeds", "10.3.0.10", "fax")
    net.hosts["fax"]["faxnet_platform"] = platform
    for number in range(hosts):
        net.host(f"host{number}", "york", f"10.4.0.{21 + 2 * number}")
        net.hosts[f"host{number}"]["ansible_port"] = ADMINISTERED
    return net


def refusable(made: Made, port: int, sender: str = "pc", target: str = "fax", worn: str = "") -> bool:
    """Whether verification expects silence of a host's packets, in its own address or another, to another's port."""
    view = view_plan(made.document)
    guards = Guards(view, Topology(made.document), made.slices)
    own, dial = (made.slices[name]["addresses"][0] for name in (sender, target))
    return Permissions(view, guards).refusable(Candidate(sender, target, worn or own, dial, port, "tcp"))


def test_a_permit_that_names_a_whole_network_lets_through_to_a_host_without_rules() -> None:
    few, many = (two_routed_offices(hosts, "unmanaged").made() for hosts in (2, 40))
    assert few.trace("pc", "fax", ADMINISTERED).reached == ""
    assert refusable(few, ADMINISTERED)
    assert many.trace("pc", "host7", ADMINISTERED).reached == "host7"
    assert not refusable(many, ADMINISTERED)
    asked = {(probe.address, probe.port) for probe in expectations(many.document, many.slices).probes["pc"]}
    assert ("10.4.0.10", ADMINISTERED - 2) in asked
    assert ("10.4.0.10", ADMINISTERED) not in asked


def test_a_host_with_rules_refuses_it_all_the_same() -> None:
    assert refusable(two_routed_offices(40).made(), ADMINISTERED)


def test_what_a_host_opens_for_another_service_is_carried_by_its_router_and_nothing_beside_it() -> None:
    net = two_routed_offices(2)
    net.hosts["fax"]["faxnet_permits"] = [{"name": "web", "ports": 80}]
    made = net.made()
    assert made.trace("pc", "fax", 80).reached == "fax"
    assert not refusable(made, 80)
    assert not refusable(made, 80, "host0")
    assert refusable(made, 81)
    assert not refusable(made, 22)


def test_named_networks_alone_are_let_through() -> None:
    net = two_routed_offices(2)
    net.hosts["fax"]["faxnet_management"] = [{"ports": 22, "sources": ["10.3.0.0/28"]}]
    net.host("pc2", "leeds", "10.3.0.77")
    made = net.made()
    assert not refusable(made, 22)
    assert refusable(made, 22, "pc2")


def test_a_router_that_lets_out_nothing_but_flows_lets_a_controller_out_and_nobody_else() -> None:
    net = two_routed_offices(2)
    net.hosts["leeds-router"]["faxnet_outbound"] = "flows"
    net.host("admin", "leeds", "10.3.0.9")
    net.controller = "admin"
    made = net.made()
    assert made.trace("pc", "fax", 22).reached == ""
    assert refusable(made, 22)
    assert made.trace("admin", "fax", 22).reached == "fax"
    assert not refusable(made, 22, "admin")


def office_behind_two_routers() -> Network:
    """An office whose inner router translates, whose outer one lets out nothing but flows; a host on the Internet."""
    net = Network().site("datacentre", "198.51.100.0/24").server("fax", "datacentre", "198.51.100.10")
    net.sites["office"] = {
        "networks": ["10.2.0.0/24"],
        "gateways": [
            {"host": "inner", "public_address": "192.168.100.2"},
            {"host": "outer", "public_address": "203.0.113.2"},
        ],
    }
    net.hosts["inner"] = {"faxnet_address": "10.2.0.1"}
    net.hosts["outer"] = {"faxnet_address": "192.168.100.102", "faxnet_outbound": "flows"}
    return net.client("pc", "office", "10.2.0.20", "fax").host("desk", "office", "10.2.0.30")


def test_a_router_beyond_one_that_translates_lets_out_nothing_but_flows_either() -> None:
    net = office_behind_two_routers()
    made = net.made()
    assert made.trace("desk", "fax", 22).reached == ""
    assert refusable(made, 22, "desk", worn="203.0.113.2")
    net.hosts["outer"]["faxnet_outbound"] = "any"
    made = net.made()
    assert made.trace("desk", "fax", 22).reached == "fax"
    assert not refusable(made, 22, "desk", worn="203.0.113.2")


def test_beyond_it_all_of_the_office_can_send_what_one_of_them_may() -> None:
    """The outer router cannot tell them apart: a flow of one to the whole Internet lets out all who look like it."""
    net = office_behind_two_routers()
    send = {"name": "send", "initiator": "server", "transport": "tcp", "ports": 22, "with": "internet", "purpose": "x"}
    net.services = {"backup": {"exchanges": [send], "sources": [{"document": "made up for this test"}]}}
    net.offers("store", "office", "10.2.0.40", "backup", public=True)
    made = net.made()
    assert made.trace("desk", "fax", 22).reached == "fax"
    assert not refusable(made, 22, "desk", worn="203.0.113.2")
    send["ports"] = 23
    made = net.made()
    assert made.trace("desk", "fax", 22).reached == ""
    assert refusable(made, 22, "desk", worn="203.0.113.2")
