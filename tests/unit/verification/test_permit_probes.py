# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routers carry besides flows is tried between hosts that can show it; what no packet shows is listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Expectations, Limits, Probe
from tests.unit.networks import Network

ROUTER = "york-router"


def offices() -> Network:
    """Two offices of one realm; the router of the second carries what its store permits."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", realm="company")
    net.site("york", "10.4.0.0/24", gateway=ROUTER, realm="company")
    net.server("fax", "york", "10.4.0.10").client("pc", "leeds", "10.3.0.10", "fax")
    return net.host("store", "york", "10.4.0.20", permits=[web()])


def web(**changes: Any) -> dict[str, Any]:
    return {"name": "web", "ports": "8080-8089", "sources": ["10.3.0.0/24"], **changes}


def expected(net: Network, limits: Limits | None = None) -> Expectations:
    made = net.made()
    return expectations(made.document, made.slices, limits)


def probes_to(net: Network, target: str) -> list[Probe]:
    """The probes of the first office's PC to a host."""
    return [probe for probe in expected(net).probes["pc"] if probe.target == target]


def told(probes: list[Probe], kind: str) -> set[tuple[int | None, str, str]]:
    return {(probe.port, probe.transport, probe.expect) for probe in probes if probe.kind == kind}


def test_what_a_host_permits_is_tried_through_its_router_and_the_ports_beside_it_are_to_be_refused() -> None:
    found = probes_to(offices(), "store")
    assert told(found, "permit") == {(8080, "tcp", "through"), (8089, "tcp", "through")}
    assert told(found, "neighbour port") == {(8079, "tcp", "silent"), (8090, "tcp", "silent")}
    assert told(found, "other protocol") == {(8080, "udp", "silent")}
    assert {
        probe.host for probes in expected(offices()).probes.values() for probe in probes if probe.kind == "permit"
    } == {"pc"}


def test_datagrams_are_tried_as_well_and_no_program_needs_to_answer_them() -> None:
    net = offices()
    net.hosts["store"]["faxnet_permits"] = [web(protocols=["tcp", "udp"])]
    permits = [probe for probe in probes_to(net, "store") if probe.kind == "permit"]
    assert {(probe.transport, probe.foreign) for probe in permits} == {("tcp", False), ("udp", True)}


def test_where_the_router_refuses_nothing_no_silence_is_expected() -> None:
    net = offices()
    for name in (ROUTER, "store"):
        net.hosts[name]["faxnet_stance"] = "observe"
    found = probes_to(net, "store")
    assert told(found, "permit") == {(8080, "tcp", "through"), (8089, "tcp", "through")}
    assert not told(found, "neighbour port")


def carrying(**permit: Any) -> Network:
    """The offices, with a permit of the router's own and nothing that the store permits but by its management."""
    net = offices()
    del net.hosts["store"]["faxnet_permits"]
    net.hosts["store"]["faxnet_management"] = [{"ports": [22, 2222], "sources": ["10.4.0.0/24"]}]
    net.hosts[ROUTER]["faxnet_forward_permits"] = [{"name": "own", "from": "10.3.0.0/24", "to": "10.4.0.20", **permit}]
    return net


def opened(net: Network) -> Network:
    net.hosts["store"]["faxnet_management"][0]["sources"].append("10.3.0.10")
    net.hosts["store"]["faxnet_permits"] = [{"name": "local", "ports": 81, "sources": ["10.3.0.0/24"]}]
    return net


def test_of_a_permit_of_all_protocols_what_the_host_lets_in_is_tried() -> None:
    found = probes_to(opened(carrying()), "store")
    assert told(found, "permit") == {(port, "tcp", "through") for port in (22, 2222, 81)}


def reasons(net: Network) -> dict[str, tuple[str, ...]]:
    return {permit: (item.reason,) for item in expected(net).by_reasoning for permit in item.permits}


UNPROVEN: dict[str, tuple[dict[str, Any], str]] = {
    "a protocol without ports": ({"protocols": "esp"}, "a protocol without ports"),
    "interfaces": ({"ports": 81, "to_interfaces": "lan0"}, "by which interfaces"),
    "what others translate": ({"ports": 81, "only_translated": True}, "which packets others translate"),
    "a network without hosts": ({"ports": 81, "to": "10.4.0.64/26"}, "no two hosts of the plan can show it"),
    "nobody who sends": ({"ports": 81, "from": "172.16.0.0/12"}, "no two hosts of the plan can show it"),
    "a port that the host refuses": ({"ports": 82}, "no two hosts of the plan can show it"),
}


@pytest.mark.parametrize(("permit", "reason"), UNPROVEN.values(), ids=UNPROVEN)
def test_what_no_packet_proves_is_listed_with_the_reason(permit: dict[str, Any], reason: str) -> None:
    net = opened(carrying(**permit))
    transport = permit.get("protocols", "tcp")
    assert reasons(net)[f"{ROUTER}: own ({transport})"][0].startswith(reason)


def unmanaged(name: str) -> Callable[[Network], None]:
    def change(net: Network) -> None:
        net.hosts[name]["faxnet_platform"] = "unmanaged"

    return change


def lets_out(net: Network) -> None:
    net.hosts["leeds-router"]["faxnet_forward_permits"] = [{"name": "own", "to": "10.4.0.20", "ports": 81}]
    del net.hosts[ROUTER]["faxnet_forward_permits"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (unmanaged("store"), f"{ROUTER}: own (tcp)"),
        (unmanaged("leeds-router"), f"{ROUTER}: own (tcp)"),
        (unmanaged("pc"), f"{ROUTER}: own (tcp)"),
        (unmanaged(ROUTER), f"{ROUTER}: own (tcp)"),
        (lets_out, "leeds-router: own (tcp)"),
    ],
    ids=["the target", "a router on the way", "the sender", "the router itself", "outward"],
)
def test_who_would_show_nothing_is_not_asked(change: Callable[[Network], None], said: str) -> None:
    net = opened(carrying(ports=81))
    assert not {item for item in reasons(net) if " own " in item}
    change(net)
    assert said in reasons(net)


def many(hosts: int) -> Network:
    net = offices()
    for number in range(hosts):
        net.host(f"desk{number:02}", "leeds", f"10.3.0.{20 + number}")
        net.host(f"store{number:02}", "york", f"10.4.0.{30 + number}", permits=[web()])
    return net


def test_of_many_hosts_some_pairs_are_tried_spread_over_all_and_it_says_so() -> None:
    found = expected(many(30), Limits(others=3))
    permits = [probe for probes in found.probes.values() for probe in probes if probe.kind == "permit"]
    assert len({(probe.host, probe.target) for probe in permits}) == 3
    assert len({probe.host for probe in permits}) == len({probe.target for probe in permits}) == 3
    (out,) = [item for item in found.left_out if item.kind == "permit"]
    assert (out.host, out.kept, out.possible) == ("", 3, 31 * 31)
    assert "each permit of a router is tried by up to 3 pairs of hosts" in out.rule


def test_of_few_hosts_all_that_can_show_it_are_tried_and_nothing_is_left_out() -> None:
    found = expected(many(1))
    permits = [probe for probes in found.probes.values() for probe in probes if probe.kind == "permit"]
    assert {(probe.host, probe.target) for probe in permits} == {
        (sender, target) for sender in ("pc", "desk00") for target in ("store", "store00")
    }
    assert not [item for item in found.left_out if item.kind == "permit"]
