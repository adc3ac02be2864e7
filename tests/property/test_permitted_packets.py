# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly what permits say passes, of any protocol, with ports or without: into hosts, through routers, and so far.

What an entry says is read here from the inventory's own words, and from nothing that the engine made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing import trace
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.changing import changing_addresses
from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import planned
from tests.property.test_expectations_packets import assert_devices_do_as_expected
from tests.property.test_flows_pass import MANY
from tests.property.test_management_passes import lets_out, pairs
from tests.property.wire import PORTED, Packet, Wire, has_port, links_need, within
from tests.unit.networks import Made, Network

SOME = settings(max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)

WITHOUT_PORTS = ("esp", "ah", "gre", "vrrp", "ospf", "icmp", "icmpv6", "igmp", "ipip", "99")
PROTOCOLS = (*WITHOUT_PORTS, "sctp", "tcp", "udp")
#: No port of management or of a flow.
PORTS = (80, 500, 4500)
STRANGERS = ("192.0.2.99", "198.51.2.9", "172.16.9.9", "2001:db8:77::9")
BOTH = st.one_of(networks(), routed_networks())


class Doors(Wire):
    """What one device does with a packet that stands before it."""

    def enters(self, host: str, packet: Packet) -> bool:
        """Whether a host takes it, but for a flow."""
        arrival = self._input(host, packet)
        return arrival is not None and not arrival.by_flow

    def is_carried(self, router: str, packet: Packet) -> bool:
        """Whether a router passes it on."""
        return self._passes(router, self.policies[router], packet)


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    """What an entry says of protocols and ports."""
    names = draw(st.lists(st.sampled_from(PROTOCOLS), min_size=1, max_size=3, unique=True))
    if draw(st.integers(0, 7)) == 0:
        return {"protocols": "any"}
    said: dict[str, Any] = {"protocols": names if len(names) > 1 else names[0]}
    if set(names) & set(PORTED):
        said["ports"] = draw(st.sampled_from((80, "500,4500", "1-79,81-499")))
    return said


def permit(net: Network, data: st.DataObject) -> None:
    """Let hosts permit, and routers carry, whatever they like."""
    every = sorted({network for site in net.sites.values() for network in site["networks"]})
    ends = st.lists(st.sampled_from([*every, "172.16.0.0/12", "198.51.0.0/16"]), min_size=1, max_size=2, unique=True)
    for name in sorted(net.hosts):
        own = net.hosts[name]
        if data.draw(st.booleans()):
            said = {"name": "odd", **data.draw(services())}
            own["faxnet_permits"] = [said | ({"sources": data.draw(ends)} if data.draw(st.booleans()) else {})]
        if "faxnet_outbound" in own or "faxnet_forward_permits" in own:
            own["faxnet_outbound"] = data.draw(st.sampled_from(("any", "flows", "flows")))
            carried = {"name": "odd", **data.draw(services()), "from": data.draw(ends)}
            carried |= {"to": data.draw(ends)} if data.draw(st.booleans()) else {}
            carried |= {"both_directions": data.draw(st.booleans())}
            own["faxnet_forward_permits"] = [carried] if data.draw(st.booleans()) else []
        if data.draw(st.integers(0, 5)) == 0:
            own["faxnet_stance"] = "additive"


@st.composite
def companies(draw: st.DrawFn) -> Network:
    """Offices of one realm behind a router or two, so that much of what hosts permit is carried."""
    net = Network()
    for number in range(1, draw(st.integers(2, 3)) + 1):
        name = f"office{number}"
        net.site(name, f"10.{number}.0.0/24", gateway=f"{name}-router", realm="company")
        if draw(st.booleans()):
            del net.sites[name]["gateway"]
            net.sites[name]["gateways"] = [{"host": f"{name}-inner"}, {"host": f"{name}-router"}]
            net.hosts[f"{name}-inner"] = {"faxnet_address": f"10.{number}.0.1"}
            net.hosts[f"{name}-router"] = {"faxnet_address": f"172.20.{number}.1"}
        for router in (f"{name}-inner", f"{name}-router"):
            if router in net.hosts:
                net.hosts[router]["faxnet_outbound"] = "any"
        for host in range(10, 12):
            net.host(f"{name}-host{host}", name, f"10.{number}.0.{host}")
    net.server("fax", "office1", "10.1.0.20").client("pc", "office2", "10.2.0.20", "fax")
    return net


def says(entry: dict[str, Any], packet: Packet) -> bool:
    """Whether an entry of the inventory names a packet's protocol, and its port."""
    named = entry.get("protocols", entry.get("transport", "tcp" if "ports" in entry else "any"))
    names = [named] if isinstance(named, str) else named
    if "any" in names:
        return True
    if packet.transport in PORTED:
        listed = entry["ports"] if isinstance(entry.get("ports"), list) else [entry.get("ports", 0)]
        return packet.transport in names and has_port(",".join(map(str, listed)), packet.port)
    return packet.transport in names or (packet.transport == "icmpv6" and "icmp" in names)


def permits(own: dict[str, Any], packet: Packet) -> bool:
    """Whether a host's permits name a packet."""
    return any(
        says(entry, packet) and ("sources" not in entry or within(packet.source, _list(entry["sources"])))
        for entry in own.get("faxnet_permits", ())
    )


def carries(own: dict[str, Any], packet: Packet) -> bool:
    """Whether a router's own forward permits name a packet; which interfaces it passes, nobody says here."""
    for entry in own.get("faxnet_forward_permits", ()):
        ways = [(entry.get("from"), entry.get("to"))]
        ways += [ways[0][::-1]] if entry.get("both_directions") else []
        ended = any(
            (start is None or within(packet.source, _list(start)))
            and (end is None or within(packet.destination, _list(end)))
            for start, end in ways
        )
        if ended and not entry.get("only_translated") and says(entry, packet):
            return True
    return False


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def drawn(data: st.DataObject, made: Made, protocols: tuple[str, ...], targets: list[str]) -> Iterator[Packet]:
    """Packets between hosts and strangers."""
    every = sorted({address for part in made.slices.values() for address in part["addresses"]})
    for _packet in range(12):
        source = data.draw(st.sampled_from([*every, *STRANGERS]))
        ends = [address for address in targets if (":" in address) == (":" in source)]
        if ends:
            protocol = data.draw(st.sampled_from(protocols))
            port = data.draw(st.sampled_from(PORTS)) if protocol in PORTED else 0
            yield Packet(source, data.draw(st.sampled_from(ends)), protocol, port, 40000 if protocol in PORTED else 0)


@SOME
@given(BOTH, st.data())
def test_a_host_takes_exactly_what_its_permits_say(net: Network, data: st.DataObject) -> None:
    hosts_take_what_they_say(net, data)


def hosts_take_what_they_say(net: Network, data: st.DataObject) -> None:
    """Put packets before the hosts."""
    permit(net, data)
    made = planned(net)
    doors = Doors(net.sites, made.slices)
    for name in data.draw(st.lists(st.sampled_from(sorted(made.slices)), min_size=1, max_size=3, unique=True)):
        for packet in drawn(data, made, PROTOCOLS, made.slices[name]["addresses"]):
            lenient = net.hosts[name].get("faxnet_stance", "exclusive") != "exclusive"
            named = permits(net.hosts[name], packet)
            event(f"{'with' if packet.transport in PORTED else 'without'} ports, permitted: {named}")
            by_flow = packet.transport in ("tcp", "udp") and not doors.enters(name, packet)
            if not by_flow or not named:
                assert doors.enters(name, packet) == (lenient or named or links_need(packet)), f"{name}: {packet}"


@SOME
@given(BOTH, st.data())
def test_a_router_carries_exactly_what_permits_say(net: Network, data: st.DataObject) -> None:
    routers_carry_what_is_said(net, data)


def routers_carry_what_is_said(net: Network, data: st.DataObject) -> None:
    """Put packets of protocols without ports, which no flow has, before the routers."""
    permit(net, data)
    made = planned(net)
    doors = Doors(net.sites, made.slices)
    routers = sorted(name for name in made.slices if made.policy(name)["forwarding"])
    assume(routers)
    holders: dict[str, list[str]] = {}
    for name, part in made.slices.items():
        for address in (*part["addresses"], *part["policy"]["public"]):
            holders.setdefault(address, []).append(name)
    for router in routers[:3]:
        policy = made.policy(router)
        for packet in drawn(data, made, WITHOUT_PORTS, [*sorted(holders), *STRANGERS]):
            outward = within(packet.source, policy["networks"]) and not within(packet.destination, policy["networks"])
            free = policy["stance"] != "exclusive" or (policy["outbound"] == "any" and outward)
            sure = free or carries(net.hosts[router], packet)
            may = any(permits(net.hosts[name], packet) for name in holders.get(packet.destination, ()))
            passes = doors.is_carried(router, packet)
            event(f"named: {sure}, for another's permit: {may}, passes: {passes}")
            assert passes >= sure, f"{router} does not carry {packet}"
            assert passes <= (sure or may), f"{router} carries {packet}, and nobody said so"


@SOME
@given(BOTH, st.data())
def test_what_a_host_permits_gets_there_through_all_routers_of_its_realm(net: Network, data: st.DataObject) -> None:
    permits_get_there(net, data)


def permits_get_there(net: Network, data: st.DataObject) -> None:
    """Send each host what it permits from each other host that it meets under its own address."""
    permit(net, data)
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    assume(not any(made.policy(name)["forwarding"] for name in wire.forgetful))
    for sender, target, worn, address in pairs(made):
        own = net.hosts[target]
        named = "sources" in own.get("faxnet_permits", [{}])[0]
        here, there = (made.slices[name]["site"] for name in (sender, target))
        # What is for anybody keeps nobody's router from letting nothing but flows out.
        if not named and here != there and not lets_out(made, here):
            continue
        for protocol in PROTOCOLS:
            port = PORTS[0] if protocol in PORTED else 0
            packet = Packet(worn, address, protocol, port, 40000 if port else 0)
            if permits(own, packet):
                event(f"{'with' if port else 'without'} ports")
                arrival = wire.send(sender, packet)
                assert arrival is not None, f"{packet} of {sender} does not get to {target}"
                assert (arrival.host, arrival.packet.source) == (target, worn)


@SOME
@given(BOTH, st.data())
def test_a_trace_says_so_of_any_protocol(net: Network, data: st.DataObject) -> None:
    traces_agree(net, data)


def traces_agree(net: Network, data: st.DataObject) -> None:
    """Trace packets without ports between hosts, and send them."""
    permit(net, data)
    made = planned(net)
    wire = Wire(net.sites, made.slices)
    for router, address in changing_addresses(made.document).items():
        wire.wear(router, address.text)
    found = list(pairs(made))
    assume(found)
    for _packet in range(8):
        sender, _target, _worn, address = data.draw(st.sampled_from(found))
        protocol = data.draw(st.sampled_from(WITHOUT_PORTS))
        verdict = trace.trace(made.document, made.slices.__getitem__, trace.Packet(sender, address, protocol, None))
        own = [item for item in made.slices[sender]["addresses"] if (":" in item) == (":" in address)]
        arrival = wire.send(sender, Packet(own[0], address, protocol, 0, 0))
        event(f"arrives: {arrival is not None}")
        assert verdict.reached == ("" if arrival is None else arrival.host), verdict.text()


@SOME
@given(companies(), st.data())
def test_every_probe_of_what_routers_carry_meets_what_devices_do(net: Network, data: st.DataObject) -> None:
    probes_agree(net, data)


def probes_agree(net: Network, data: st.DataObject) -> None:
    """Send every probe of a network with such permits, some of whose devices hold no rules."""
    permit(net, data)
    for name in sorted(net.hosts):
        if data.draw(st.integers(0, 9)) == 9:
            net.hosts[name]["faxnet_platform"] = "unmanaged"
    for probe in assert_devices_do_as_expected(net, planned(net)):
        event(probe.kind)


@pytest.mark.slow
@pytest.mark.parametrize(
    "holds", [hosts_take_what_they_say, routers_carry_what_is_said, permits_get_there, traces_agree, probes_agree]
)
@pytest.mark.parametrize("nets", [BOTH, companies()], ids=["any", "offices"])
def test_and_in_thousands_of_networks(holds: Any, nets: st.SearchStrategy[Network]) -> None:
    MANY(given(nets, st.data())(holds))()
