# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every inventory: packets of each flow arrive and no others, ranges are disjoint and stable."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing import trace
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.changing import changing_addresses
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.peers import Peers
from tests.property.inventories import networks
from tests.property.wire import Packet, Wire, answers, has_port, within
from tests.unit.networks import Made, Network, everything

#: The same examples every time; test_engine_long.py looks at other and many more ones.
QUICK = settings(max_examples=120, derandomize=True, suppress_health_check=list(HealthCheck))


def planned(net: Network) -> Made:
    """What is made of a random inventory; those with errors are for other tests."""
    found = net.planned()
    event(f"sound: {found.plan is not None}")
    if found.plan is None:
        assert found.findings
        event(found.findings[0].code)
    assume(found.plan is not None)
    assert found.plan is not None  # mypy does not know that assume() ends a run
    return Made.of(found.plan)


def ends(ports: str) -> tuple[int, int]:
    low, _hyphen, high = ports.partition("-")
    return int(low), int(high or low)


@QUICK
@given(networks())
def test_a_packet_of_every_enabled_flow_arrives_and_its_neighbours_do_not(net: Network) -> None:
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    for flow in between_hosts(made):
        low, high = ends(flow["ports"])
        for _change in wire.changes():
            sent_as = wire.sent_as(flow["source"], flow["source_address"])
            packet = Packet(sent_as, wire.dialled(flow), flow["transport"], low, source_port(flow))
            for port in (low, (low + high) // 2, high):
                arrival = wire.send(flow["source"], replace(packet, port=port))
                assert arrival is not None, f"{flow['id']} port {port} does not arrive"
                assert arrival.host == flow["destination"]
                assert arrival.by_flow
                assert within(arrival.packet.source, flow["arrives_from"].split(", "))
                assert within(arrival.packet.destination, flow["destination_address"].split(", "))
        for stray in (
            replace(packet, port=low - 1),
            replace(packet, port=high + 1),
            replace(packet, transport={"tcp": "udp", "udp": "tcp"}[flow["transport"]]),
            replace(packet, source_port=39999),
        ):
            assert_named(made, wire.send(flow["source"], stray))


def between_hosts(made: Made) -> list[dict[str, Any]]:
    """The enabled flows with rules of their own whose ends are hosts."""
    return [
        flow
        for flow in made.document["flows"]
        if flow["enabled"] and not flow["carried_by"] and {flow["source"], flow["destination"]} <= made.slices.keys()
    ]


def dialled(flow: dict[str, Any]) -> list[str]:
    """The addresses and networks that a flow's packets are sent to, and those that they arrive at."""
    return [text for key in ("dial", "destination_address") for text in flow[key].split(", ")]


def source_port(flow: dict[str, Any]) -> int:
    """A port that a flow's sender may send from."""
    return ends(flow["source_ports"])[0] if flow["source_ports"] else 40000


@QUICK
@given(networks(), st.randoms(use_true_random=False))
def test_whatever_arrives_by_a_rule_is_what_a_flow_names(net: Network, chance: random.Random) -> None:
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    hosts = sorted(made.slices)
    edges = sorted(
        {port + step for flow in made.document["flows"] for port in ends(flow["ports"]) for step in (-1, 0, 1)}
    )
    targets = sorted(
        {text for flow in between_hosts(made) for text in dialled(flow) if "/" not in text}
        | {address for part in made.slices.values() for address in part["addresses"]}
    )
    assume(edges)
    for _packet in range(60):
        source, wanted = chance.choice(hosts), chance.choice(targets)
        transport, port = chance.choice(("tcp", "tcp", "udp")), chance.choice(edges)
        from_port = chance.choice((40000, 4644, 5644, 40005))
        for worn in made.slices[source]["addresses"]:
            if (":" in worn) == (":" in wanted):
                assert_named(made, wire.send(source, Packet(worn, wanted, transport, port, from_port)), source)


def assert_named(made: Made, arrival: Any, source: str = "") -> None:
    if arrival is None or not arrival.by_flow:
        return
    named = [
        flow
        for flow in made.document["flows"]
        if flow["enabled"]
        and (flow["destination"], flow["transport"]) == (arrival.host, arrival.packet.transport)
        and has_port(flow["ports"], arrival.packet.port)
        and within(arrival.packet.source, flow["arrives_from"].split(", "))
        and within(arrival.packet.destination, flow["destination_address"].split(", "))
        and (flow["source_ports"] is None or has_port(flow["source_ports"], arrival.packet.source_port))
    ]
    if not named and "state" not in made.slices[arrival.host]["traits"]["abilities"]:
        asked = [flow for flow in made.document["flows"] if flow["enabled"] and flow["source"] == arrival.host]
        assert any(answers(flow, arrival.packet) for flow in asked), f"{arrival} arrives and answers no flow"
        return
    assert named, f"{arrival} arrives and no flow names it"
    # Where the packet wears a host's own address, and no router's that many hosts wear, it is that host's.
    own = [
        flow["source"] in made.slices and flow["arrives_from"] in made.slices[flow["source"]]["addresses"]
        for flow in named
    ]
    if source and all(own):
        assert source in {flow["source"] for flow in named}


@QUICK
@given(networks(), st.randoms(use_true_random=False))
def test_a_trace_says_what_the_simulated_devices_do(net: Network, chance: random.Random) -> None:
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    for router, address in changing_addresses(made.document).items():
        wire.wear(router, address.text)
    wire.one_of |= {host: address.text for host, address in Peers(made.document).examples.items()}
    flows = between_hosts(made)
    assume(flows)
    for _packet in range(20):
        flow, other = chance.choice(flows), chance.choice(flows)
        port = chance.choice(ends(other["ports"])) + chance.choice((-1, 0, 0, 1))
        transport = chance.choice(("tcp", "tcp", "udp"))
        from_port = chance.choice((40000, source_port(other)))
        packet = trace.Packet(flow["source"], wire.dialled(flow), transport, min(max(port, 1), 65535), from_port)
        verdict = trace.trace(made.document, made.slices.__getitem__, packet)
        sent_as = wire.sent_as(flow["source"], flow["source_address"])
        sent = Packet(sent_as, wire.dialled(flow), transport, int(packet.port), from_port)
        arrival = wire.send(flow["source"], sent)
        assert verdict.reached == ("" if arrival is None else arrival.host), verdict.text()
        if arrival is not None:
            assert verdict.hops[-1].goes_as == f"{arrival.packet.source} -> {arrival.packet.destination}"
            assert bool(verdict.hops[-1].flows) == arrival.by_flow
        assert verdict.text()
        json.dumps(verdict.as_dict())


@QUICK
@given(networks())
def test_a_datagram_that_nobody_asked_for_passes_where_nobody_remembers_and_the_trace_says_so(net: Network) -> None:
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    for flow in between_hosts(made):
        several = wire.several.keys() & {flow["source"], flow["destination"]}
        # To a router whose address changes nobody can send unasked.
        several = several or "/" in flow["source_address"]
        if flow["transport"] == "tcp" or flow["arrives_from"] != flow["source_address"] or several:
            continue
        sender, low = flow["destination"], ends(flow["ports"])[0]
        if flow["destination_address"] not in made.slices[sender]["addresses"]:
            continue  # a router that is asked at what it wears; a trace is of what it sends by itself
        unasked = Packet(flow["destination_address"], flow["source_address"], "udp", 2000, low)
        arrival = wire.send(sender, unasked)
        packet = trace.Packet(sender, flow["source_address"], "udp", 2000, low)
        verdict = trace.trace(made.document, made.slices.__getitem__, packet)
        assert verdict.reached == ("" if arrival is None else arrival.host), verdict.text()
        forgets = "state" not in made.slices[flow["source"]]["traits"]["abilities"]
        event(f"device forgets: {forgets}, arrives: {arrival is not None}")
        if arrival is not None and arrival.by_flow and not forgets:
            assert_named(made, arrival, sender)


@QUICK
@given(networks())
def test_the_internet_gets_to_what_is_public(net: Network) -> None:
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    for flow in made.document["flows"]:
        if flow["source"] != "internet" or not flow["enabled"]:
            continue
        home = made.slices[flow["destination"]]["site"]
        realm = made.document["sites"][home]["realm"][str(flow["version"])]
        for name, site in made.document["sites"].items():
            if name == home or site["realm"][str(flow["version"])] == realm:
                continue
            for host, part in made.slices.items():
                own = [item for item in part["addresses"] if (":" in item) == (flow["version"] == 6)]
                routers = {gateway["host"] for gateway in site["gateways"]}
                lets_out = all(made.policy(router)["outbound"] == "any" for router in routers)
                if part["site"] == name and own and lets_out and host not in routers:
                    arrival = wire.send(host, Packet(own[0], flow["dial"], flow["transport"], ends(flow["ports"])[0]))
                    assert arrival is not None, f"{host} does not get to {flow['id']}"
                    assert (arrival.host, arrival.by_flow) == (flow["destination"], True)


@QUICK
@given(networks())
def test_no_two_hosts_share_a_port_of_one_address_that_is_dialled(net: Network) -> None:
    made = planned(net)
    callback = {flow["id"]: flow["callback"] for flow in made.document["flows"]}
    leading: dict[tuple[str, str], list[tuple[tuple[int, int], dict[str, Any]]]] = {}
    for host in made.slices:
        for entry in made.policy(host)["destination_nat"]:
            key = (f"{host} {entry['address']}", entry["transport"])
            leading.setdefault(key, []).append((ends(entry["ports"]), entry))
    for (address, _transport), leads in leading.items():
        for (ports, first), (others, second) in itertools.combinations(leads, 2):
            if ports[1] < others[0] or others[1] < ports[0] or first["target"] == second["target"]:
                continue
            # A server that is switched off may wait for its turn at a port that another one has; it gets no forward.
            # A client's ports are its own whether it is on or off: switching it on again must move nobody.
            assert not (first["enabled"] and second["enabled"]), f"{address} {ports} leads to two hosts"
            clients = [flow for entry in (first, second) for flow in entry["flows"] if callback[flow]]
            assert not clients, f"{address} {ports}: {clients} share ports with somebody"
            event("a switched-off server has a port that another one has too")


@QUICK
@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_the_inventory_changes_nothing(net: Network, chance: random.Random) -> None:
    made = net.planned()
    hosts, sites = list(net.hosts.items()), list(net.sites.items())
    chance.shuffle(hosts)
    chance.shuffle(sites)
    shuffled = replace(net, hosts=dict(hosts), sites=dict(sites)).planned()
    assert shuffled.findings == made.findings
    if made.plan is not None and shuffled.plan is not None:
        assert everything(PlanDocuments(shuffled.plan)) == everything(PlanDocuments(made.plan))
        assert shuffled.plan.lock == made.plan.lock


@QUICK
@given(networks())
def test_with_a_lock_nobody_moves_when_others_come_and_go(net: Network) -> None:
    before = planned(net).plan
    again = net.with_lock(before).plan()
    assert again.lock == before.lock
    assert PlanDocuments(again).digest == PlanDocuments(before).digest
    clients = sorted({client.host for client in before.lock.ranges})
    assume(clients)
    less = replace(net.with_lock(before), hosts={k: v for k, v in net.hosts.items() if k != clients[0]})
    if not clients[0].endswith(("router", "inner")):
        kept = less.planned().plan
        assert kept is not None
        gone = HostService(clients[0], "netcfax")
        assert kept.lock.ranges == {key: ports for key, ports in before.lock.ranges.items() if key != gone}
        back = replace(net, lock=kept.lock.as_text()).planned().plan
        assert back is not None
        assert {key: back.lock.ranges[key] for key in kept.lock.ranges} == kept.lock.ranges


@QUICK
@given(networks())
def test_the_text_of_a_plan_is_what_a_json_writer_would_write(net: Network) -> None:
    found = net.planned().plan
    assume(found is not None)
    assert found is not None
    written = PlanDocuments(found)
    for text in everything(written):
        assert json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False) + "\n" == text.decode()
    assert {part.host for part in written.slices} == set(found.intent.hosts)
    for part in written.slices:
        data = json.loads(part.content)
        assert (data["host"], data["digest"]) == (part.host, part.digest)
