# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification expects of any network is what devices that hold the plan do: nothing else would be a false alarm.

The probes are derived from the plan's flows alone; the simulated devices know only their policies.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import CONTROL, Probe
from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_long import LONG, ONE, WITH_CHANCE
from tests.property.test_engine_packets import QUICK, planned
from tests.property.wire import Arrival, Packet, Wire, within
from tests.unit.networks import Made, Network

#: Of the same examples, for each has hundreds of packets.
SOME = settings(QUICK, max_examples=60)

#: A port that Linux may choose where nobody chose one.
CHOSEN = 40000


class Devices(Wire):
    """As the wire has them; and whoever is not managed takes and passes on everything, whatever the plan says of it.

    What it translates is as planned: somebody has set it so by hand, or nothing of the plan would work.
    """

    def __init__(self, net: Network, made: Made) -> None:
        super().__init__(net.sites, made.slices)
        self.unguarded = {host for host, part in made.slices.items() if part["traits"]["applied_by"] == "nobody"}

    def _input(self, host: str, packet: Packet) -> Arrival | None:
        if host in self.unguarded:
            return Arrival(host, packet, by_flow=False)
        return super()._input(host, packet)

    def _passes(self, name: str, policy: dict[str, Any], packet: Packet) -> bool:
        return name in self.unguarded or super()._passes(name, policy, packet)

    def arrival(self, probe: Probe, worn: str) -> Arrival | None:
        """Where a probe gets."""
        assert probe.port is not None
        packet = Packet(worn, probe.address, probe.transport, probe.port, probe.source_port or CHOSEN)
        return self.send(probe.host, packet)


def worn_by(made: Made, probe: Probe, wire: Wire) -> str:
    """The address that a probe's sender wears when it sends: where its flow says so, that one.

    A router has two: outward it sends from the one that it shows there.
    """
    flows = [flow for flow in made.document["flows"] if flow["id"] == probe.flow and flow["source"] == probe.host]
    if flows:
        return wire.sent_as(probe.host, str(flows[0]["source_address"]))
    policy = made.slices[probe.host]["policy"]
    shown = [] if within(probe.address, policy["networks"]) else [*policy["public"], *wire.for_a_while(probe.host)]
    addresses: list[str] = [*shown, *made.slices[probe.host]["addresses"]]
    return next(address for address in addresses if (":" in address) == (":" in probe.address))


@SOME
@given(networks(), st.randoms(use_true_random=False))
def test_every_probe_meets_what_devices_do_that_hold_the_plan(net: Network, chance: random.Random) -> None:
    some = chance.sample(sorted(net.hosts), k=chance.choice((0, 0, 1, 2)) if len(net.hosts) > 2 else 0)
    hosts = {name: {**own, "faxnet_platform": "unmanaged"} if name in some else own for name, own in net.hosts.items()}
    lenient = chance.sample(sorted(net.hosts), k=chance.choice((0, 0, 1, len(net.hosts) // 2)))
    for name in lenient:
        able = hosts[name].get("faxnet_platform", "nftables") == "nftables"
        hosts[name] = {**hosts[name], "faxnet_stance": chance.choice(("additive", "observe")) if able else "additive"}
    event(f"refusing nothing: {bool(lenient)}")
    made = planned(replace(net, hosts=hosts))
    event(f"unmanaged: {bool(some)}")
    probes = assert_devices_do_as_expected(net, made)
    assume(probes)
    for probe in probes:
        event(probe.kind)


def assert_devices_do_as_expected(net: Network, made: Made) -> list[Probe]:
    """Send every probe but the echo requests through devices that hold the plan; returns them."""
    devices = Devices(net, made)
    every = [probe for probes in expectations(made.document, made.slices).probes.values() for probe in probes]
    sent = [probe for probe in every if probe.kind != CONTROL]
    for probe in sent:
        arrival = devices.arrival(probe, worn_by(made, probe, devices))
        if probe.expect == "silent":
            assert arrival is None, f"{probe.id} ({probe.kind}: {probe.reason}) arrives at {arrival}"
        else:
            assert arrival is not None, f"{probe.id} ({probe.kind}: {probe.reason}) does not arrive"
            assert arrival.host == probe.target, probe.id
    return sent


@SOME
@given(st.one_of(networks(), routed_networks()), st.data())
def test_every_probe_knows_what_is_let_through_for_management(net: Network, data: st.DataObject) -> None:
    probes_know_management(net, data)


def probes_know_management(net: Network, data: st.DataObject) -> None:
    """Send every probe of a network whose hosts are administered in all ways."""
    administer(net, data)
    for probe in assert_devices_do_as_expected(net, planned(net)):
        event(probe.kind)


def administer(net: Network, data: st.DataObject) -> None:
    """Administer hosts by the very ports that fax goes by, from here and there, some through a jump host."""
    every = sorted({network for site in net.sites.values() for network in site["networks"]})
    names = sorted(net.hosts)
    for name in names:
        if data.draw(st.booleans()):
            opening: dict[str, Any] = {"ports": data.draw(st.sampled_from(("22", "1024-65535", "7000-12000")))}
            if data.draw(st.booleans()):
                opening["sources"] = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=2, unique=True))
            where = data.draw(st.sampled_from(("faxnet_management", "faxnet_permits")))
            more = [{"ports": 22, "sources": opening["sources"]}] if "sources" in opening else [{"ports": 22}]
            net.hosts[name][where] = [{**opening, "name": "wide"}, *(more if where == "faxnet_management" else ())]
        if data.draw(st.integers(0, 3)) == 0:
            net.hosts[name]["ansible_port"] = data.draw(st.sampled_from((7487, 7489, 30001)))
            net.hosts[name].pop("faxnet_management", None)
        if data.draw(st.integers(0, 3)) == 0:
            net.hosts[name]["ansible_ssh_common_args"] = f"-J {data.draw(st.sampled_from(names))}"
        if data.draw(st.integers(0, 5)) == 0:
            net.hosts[name]["faxnet_platform"] = "unmanaged"


def exchange(name: str, initiator: str, transport: str, ports: Any, whom: str, **more: Any) -> dict[str, Any]:
    """One exchange of a service that is made up for a test."""
    found = {"name": name, "initiator": initiator, "transport": transport, "ports": ports, "with": whom}
    return found | {"purpose": "test"} | more


def fax_and_wide(transport: str) -> dict[str, Any]:
    """A service that clients ask, and one whose server starts to any port of the Internet from a few of its own."""
    return {
        "fax": {
            "exchanges": [exchange("ask", "client", transport, 4644, "clients", kind="request")],
            "sources": [{"document": "made up for these tests"}],
        },
        "wide": {
            "exchanges": [exchange("out", "server", transport, "any", "internet", source_ports="40000-40019")],
            "sources": [{"document": "made up for these tests"}],
        },
    }


def a_wide_way_out_beside_a_client(transport: str, *, six: bool = False, inner: str = "") -> Network:
    """An office whose router lets out only what flows name: a client of a far server, and a host with a wide flow.

    Both wear the router's address, so that the far server takes what goes out by the wide flow for the client's.

    Args:
        six: over IPv6 and not IPv4.
        inner: platform of a second router, which translates nothing, between the office and the other.
    """
    net = Network(services=fax_and_wide(transport))
    near, far = ("2001:db8:1::", "2001:db8:2::") if six else ("10.1.0.", "10.2.0.")
    shown = ("2001:db8:ffff::1", "2001:db8:ffff::2") if six else ("203.0.113.1", "203.0.113.2")
    suffix = "/64" if six else "0/24"
    net.site("office", near + suffix, gateway="router", public=shown[0])
    net.site("far", far + suffix, gateway="far-router", public=shown[1])
    if inner:
        del net.sites["office"]["gateway"], net.sites["office"]["public_address"]
        net.sites["office"]["gateways"] = [{"host": "inner"}, {"host": "router", "public_address": shown[0]}]
        net.host("inner", "office", near + "2", platform=inner, outbound="flows")
    net.hosts["router"]["faxnet_outbound"] = "flows"
    net.offers("fax-server", "far", far + "10", "fax")
    net.uses("client", "office", near + "11", "fax", "fax-server")
    net.offers("wide-server", "office", near + "12", "wide", public=True)
    net.host("nobody", "office", near + "13")
    return net


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("six", [False, True], ids=["four", "six"])
@pytest.mark.parametrize("inner", ["", "nftables", "nftables_stateless"])
def test_what_a_flow_to_the_internet_lets_out_is_not_expected_to_be_silent(
    transport: str, six: bool, inner: str
) -> None:
    net = a_wide_way_out_beside_a_client(transport, six=six, inner=inner)
    made = net.made()
    sent = assert_devices_do_as_expected(net, made)
    to_server = {probe.host for probe in sent if (probe.target, probe.kind) == ("fax-server", "another host")}
    assert "wide-server" not in to_server
    assert "nobody" in to_server
    (remark,) = (
        item for item in expectations(made.document, made.slices).shared_addresses if "wide-server" in item.hosts
    )
    wide = "wide.out/wide-server>internet" + ("/6" if six else "")
    assert (remark.flows, remark.gateways) == ((wide,), ())
    assert wide in remark.as_dict()["message"]


@pytest.mark.parametrize("inner", ["nftables", "nftables_stateless"])
def test_what_looks_like_an_answer_to_a_router_without_state_is_not_expected_to_be_silent(inner: str) -> None:
    net = a_wide_way_out_beside_a_client("udp", inner=inner)
    net.hosts["router"]["faxnet_outbound"] = "any"
    net.services["fax"]["exchanges"] = [exchange("ask", "client", "udp", "any", "clients", kind="request")]
    net.services["told"] = {
        "exchanges": [exchange("tell", "client", "udp", 5000, "clients", kind="request")],
        "sources": [{"document": "made up for these tests"}],
    }
    net.offers("told-server", "office", "10.1.0.14", "told")
    net.hosts["fax-server"]["faxnet_uses"] = [{"service": "told", "server": "told-server"}]
    sent = assert_devices_do_as_expected(net, net.made())
    asked = {probe.id for probe in sent if (probe.host, probe.kind) == ("told-server", "unasked answer")}
    unasked = "told-server:5000>203.0.113.2:21845/udp"
    assert asked == (set() if inner == "nftables_stateless" else {unasked})


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("platform", ["nftables", "unmanaged"])
def test_a_router_between_two_networks_lets_a_flow_to_the_internet_into_the_other(
    transport: str, platform: str
) -> None:
    net = Network(services=fax_and_wide(transport))
    for floor in (0, 1):
        net.site(f"floor{floor}", f"10.1.{floor}.0/24", gateway="router", public="203.0.113.1", realm="office")
    net.hosts["router"]["faxnet_address"] = "10.1.0.1"
    net.offers("wide-server", "floor0", "10.1.0.10", "wide", public=True)
    net.host("nobody", "floor0", "10.1.0.11")
    net.offers("fax-server", "floor1", "10.1.1.10", "fax", platform=platform)
    net.uses("client", "floor1", "10.1.1.11", "fax", "fax-server")
    sent = assert_devices_do_as_expected(net, net.made())
    strangers = {probe.host for probe in sent if (probe.target, probe.kind) == ("fax-server", "another host")}
    assert "nobody" in strangers
    assert ("wide-server" in strangers) == (platform == "nftables")


def test_a_router_that_turns_packets_may_send_what_it_turns() -> None:
    """Found by chance: the outer router of a row gives them its own address and sends them to the inner one's."""
    net = Network()
    net.sites["office"] = {
        "networks": ["10.1.0.0/24"],
        "gateways": [
            {"host": "inner", "public_address": "192.168.100.1"},
            {"host": "outer", "public_address": "203.0.113.1"},
        ],
    }
    net.host("inner", "office", "10.1.0.1").host("outer", "office", "192.168.100.101")
    net.server("server", "office", "10.1.0.10").host("other", "office", "10.1.0.12")
    net.client("pc", "office", "10.1.0.21", "server", dials="public")
    sent = assert_devices_do_as_expected(net, net.made())
    tried = {(probe.host, probe.target) for probe in sent if probe.expect == "silent"}
    assert ("other", "server") in tried
    assert ("outer", "server") not in tried


def test_whoever_is_behind_one_public_address_may_pass_for_the_client_whatever_is_nested_in_its_site() -> None:
    """Found by chance: two sites behind one router, and a third one nested in the first."""
    net = Network().site("other", "10.2.0.0/24", gateway="other-router", public="203.0.113.2")
    for number in (0, 1):
        net.site(f"floor{number}", f"10.1.{number}.0/24", gateway="router", public="203.0.113.1", realm="house")
    net.site("nest", "172.18.1.0/24", gateway="nest-router", public="10.1.0.201", realm="house")
    net.host("router", "floor0", "10.1.0.1").host("other-router", "other", "10.2.0.1")
    net.server("server", "other", "10.2.0.10").host("colleague", "floor1", "10.1.1.12")
    net.client("nest-router", "floor0", "10.1.0.201", "server")
    sent = assert_devices_do_as_expected(net, net.made())
    assert ("colleague", "server") not in {(probe.host, probe.target) for probe in sent if probe.port == 7488}


def test_whoever_is_behind_a_router_that_is_itself_a_client_may_pass_for_it() -> None:
    """Found by chance: the router stands in the Internet, as an ordinary host of a site there."""
    net = Network().site("internet", "198.51.1.0/24").site("other", "10.2.0.0/24", gateway="far", public="203.0.113.2")
    net.site("nest", "172.18.1.0/24", gateway="router", public="198.51.1.201", realm="nest")
    net.host("far", "other", "10.2.0.1").server("server", "other", "10.2.0.10").host("behind", "nest", "172.18.1.11")
    net.client("router", "internet", "198.51.1.201", "server")
    sent = assert_devices_do_as_expected(net, net.made())
    assert ("behind", "server") not in {(probe.host, probe.target) for probe in sent if probe.port == 7488}


@SOME
@given(networks())
def test_every_flow_is_probed_or_listed_or_left_out_by_name(net: Network) -> None:
    made = planned(net)
    expected = expectations(made.document, made.slices)
    probes = [probe for probes in expected.probes.values() for probe in probes]
    shown = {probe.flow for probe in probes} | {flow for item in expected.not_probed for flow in item.flows}
    asked = {(probe.host, probe.address, probe.transport, probe.source_port) for probe in probes}
    asked |= {("internet", *question[1:]) for question in asked}
    for flow in made.document["flows"]:
        if flow["enabled"] and flow["id"] not in shown:
            # An equal question of another flow stands for it.
            source_port = int(flow["source_ports"].partition("-")[0]) if flow["source_ports"] else None
            # What only answers is asked for at the address that is dialled and at the host's own.
            met_at = [flow["dial"], flow["destination_address"] if flow["carried_by"] else flow["dial"]]
            # Of several machines each is asked for at its own.
            dialled = {address for addresses in met_at for address in addresses.split(", ")}
            # For an address that is no host's own a host asks that wears it, as one does for the Internet.
            source = flow["source"] if flow["source"] in made.slices else "internet"
            same = {(source, address, flow["transport"], source_port) for address in dialled}
            assert same & asked, flow["id"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "strategies"),
    [
        (test_every_probe_meets_what_devices_do_that_hold_the_plan, WITH_CHANCE),
        (test_every_flow_is_probed_or_listed_or_left_out_by_name, ONE),
    ],
    ids=["met", "listed"],
)
def test_what_holds_for_some_networks_holds_for_thousands(
    test: Callable[..., None], strategies: tuple[st.SearchStrategy[object], ...]
) -> None:
    # Hypothesis writes it into its tests.
    LONG(given(*strategies)(test.hypothesis.inner_test))()  # type: ignore[attr-defined]
