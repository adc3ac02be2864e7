# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trace: where a packet gets, which rule decides on each device, and what it just missed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing import trace
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network, two_offices


@pytest.fixture(scope="module")
def made() -> Made:
    net = two_offices()
    net.hosts["uk-ts1"]["faxnet_uses"][0]["callback"] = {"low": 10500, "high": 10599}
    return net.made()


def test_a_login_is_followed_device_by_device_with_the_addresses_that_it_wears(made: Made) -> None:
    verdict = made.trace("uk-ts1", "fl-fax", 7488)
    assert (verdict.outcome, verdict.reached, verdict.passes) == (Outcome.ARRIVES, "fl-fax", True)
    assert [(hop.device, hop.comes_as, hop.goes_as, hop.decision) for hop in verdict.hops] == [
        ("uk-router", f"10.2.0.10 -> {FLORIDA}", f"{SHEFFIELD} -> {FLORIDA}", "forward"),
        ("fl-router", f"{SHEFFIELD} -> {FLORIDA}", f"{SHEFFIELD} -> 10.1.0.10", "forward"),
        ("fl-fax", f"{SHEFFIELD} -> 10.1.0.10", f"{SHEFFIELD} -> 10.1.0.10", "accept"),
    ]
    assert "netcfax.pcp/uk-ts1>fl-fax" in verdict.hops[0].flows
    assert verdict.hops[1].translation == f"translate tcp 7488 from {SHEFFIELD} for {FLORIDA} to 10.1.0.10"
    assert verdict.near == ()


@pytest.mark.parametrize(("port", "reached"), [(10500, "uk-ts1"), (10599, "uk-ts1"), (10499, ""), (10600, "")])
def test_a_call_back_passes_to_the_last_port_of_its_range_and_no_further(made: Made, port: int, reached: str) -> None:
    verdict = made.trace("fl-fax", "uk-ts1", port)
    assert verdict.reached == reached
    if not reached:
        assert verdict.outcome is Outcome.REFUSED
        assert verdict.hops[-1].device == "uk-router"
        assert any(f"port {port} is just outside 10500-10599" in sentence for sentence in verdict.near)


@pytest.mark.parametrize(
    ("source", "destination", "port", "transport", "device", "near"),
    [
        ("stranger", "fl-fax", 7488, "tcp", "fl-router", f"packets from {SHEFFIELD}"),
        ("stranger", "uk-ts1", 10500, "tcp", "uk-router", f"packets from {FLORIDA}"),
        ("uk-ts1", "fl-fax", 7488, "udp", "fl-router", "for tcp, the packet is udp"),
        ("fl-pc1", "uk-ts1", 10500, "udp", "uk-router", "for tcp, the packet is udp"),
    ],
)
def test_a_refusal_names_the_device_and_what_is_different(
    made: Made, source: str, destination: str, port: int, transport: str, device: str, near: str
) -> None:
    verdict = made.trace(source, destination, port, transport)
    assert (verdict.outcome, verdict.hops[-1].device) == (Outcome.REFUSED, device)
    assert verdict.hops[-1].rule == "refused: no flow names it"
    assert near in verdict.near[0]


def test_the_nearest_rule_comes_first_and_only_a_few_are_told(made: Made) -> None:
    verdict = made.trace("fl-fax", "uk-ts1", 10600)
    distances = [sentence for sentence in verdict.near if "outside" in sentence]
    assert distances[0].startswith("translate tcp 10500-10599")
    assert len(verdict.near) <= 3


def test_a_name_and_the_address_that_it_means_give_the_same_answer(made: Made) -> None:
    by_name = made.trace("uk-ts1", "fl-fax", 7488)
    by_address = made.trace("10.2.0.10", FLORIDA, 7488)
    assert replace(by_address, packet="") == replace(by_name, packet="")


def test_a_machine_that_the_plan_does_not_know_is_placed_by_its_address(made: Made) -> None:
    inside = made.trace("10.2.0.200", "fl-fax", 7488)
    assert inside.reached == "fl-fax"
    assert inside.hops[0].flows == ()
    outside = made.trace("8.8.8.8", "fl-fax", 7488)
    assert outside.hops[-1].device == "fl-router"


def test_what_leaves_the_plan_and_what_is_lost_are_told_apart(made: Made) -> None:
    assert made.trace("uk-ts1", "9.9.9.9", 443).outcome is Outcome.LEAVES
    lost = made.trace("uk-ts1", "10.1.0.10", 7488)
    assert (lost.outcome, lost.passes) == (Outcome.LOST, False)
    assert "inside another realm" in lost.reason


def test_management_is_told_as_what_it_is(made: Made) -> None:
    verdict = made.trace("stranger", SHEFFIELD, 22)
    assert verdict.reached == "uk-router"
    assert verdict.hops[-1].flows == ()
    assert "management" in verdict.hops[-1].rule


def test_the_answer_reads_as_text_and_as_data(made: Made) -> None:
    verdict = made.trace("fl-fax", "uk-ts1", 10600)
    text = verdict.text()
    assert text.splitlines()[0] == f"tcp from fl-fax (10.1.0.10) to uk-ts1 ({SHEFFIELD}) port 10600"
    assert "REFUSED: uk-router refuses it: no flow names it" in text
    assert "near miss: " in text
    data = json.loads(json.dumps(verdict.as_dict()))
    assert (data["outcome"], data["passes"], data["reached"]) == ("refused", False, None)
    assert [hop["device"] for hop in data["hops"]] == ["fl-router", "uk-router"]


def test_only_slices_of_devices_on_the_way_are_read(made: Made) -> None:
    read: list[str] = []

    def slice_of(host: str) -> dict[str, object]:
        read.append(host)
        return made.slices[host]

    trace.trace(made.document, slice_of, trace.Packet("uk-pc1", "fl-fax", "tcp", "7488"))
    assert read == ["uk-router", "fl-router", "fl-fax"]


@pytest.mark.parametrize(
    ("source", "destination", "transport", "port", "message"),
    [
        ("uk-ts9", "fl-fax", "tcp", 1, "'uk-ts9' is neither a host of this plan nor an address"),
        ("uk-ts1", "fl fax", "tcp", 1, "'fl fax' is neither"),
        ("uk-ts1", "fl-fax", "icmq", 1, "is 'icmp' meant.*from 0 to 255"),
        ("uk-ts1", "fl-fax", "esp", 1, "esp has no ports; omit the port"),
        ("uk-ts1", "fl-fax", "udp", None, "udp has ports; name its port"),
        ("uk-ts1", "fl-fax", "any", None, "name one"),
        ("uk-ts1", "fl-fax", "tcp", 0, "name one port"),
        ("uk-ts1", "fl-fax", "tcp", "7488-7489", "name one port"),
        ("uk-ts1", "2001:db8::1", "tcp", 1, "no common IP version"),
        ("2001:db8::1", "fl-fax", "tcp", 1, "no common IP version"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_the_cure(
    made: Made, source: str, destination: str, transport: str, port: int | str | None, message: str
) -> None:
    with pytest.raises(trace.TraceError, match=message):
        trace.trace(made.document, made.slices.__getitem__, trace.Packet(source, destination, transport, port))


def test_an_address_that_two_offices_use_needs_a_host_name() -> None:
    net = Network().server("fl-fax", "a", "192.168.1.10")
    for name, public in (("a", FLORIDA), ("b", SHEFFIELD)):
        net.site(name, "192.168.1.0/24", gateway=f"{name}-router", public=public)
    made = net.client("pc", "b", "192.168.1.10").made()
    with pytest.raises(trace.TraceError, match="can be in the sites a, b; name a host"):
        made.trace("192.168.1.10", "fl-fax", 7488)
    assert made.trace("pc", "fl-fax", 7488).reached == "fl-fax"


def row_of_routers() -> Network:
    """Two NAT routers in a row and a client inside; each of the three uses a server of its own."""
    net = Network()
    row = [{"host": "inner", "public_address": "192.168.100.1"}, {"host": "outer", "public_address": FLORIDA}]
    net.sites["office"] = {"networks": ["10.1.0.0/24"], "gateways": row}
    net.server("inner", "office", "10.1.0.1").server("outer", "office", "192.168.100.101")
    net.hosts["inner"]["faxnet_uses"] = [{"service": "netcfax", "server": "outer"}]
    net.hosts["outer"]["faxnet_uses"] = [{"service": "netcfax", "server": "inner"}]
    return net.client("pc", "office", "10.1.0.21", server="outer")


@pytest.mark.parametrize("exchange", ["pcp", "scp"])
def test_routers_of_one_row_and_who_is_inside_meet_as_the_plan_says(exchange: str) -> None:
    made = row_of_routers().made()
    flows = [flow for flow in made.document["flows"] if flow["exchange"] == exchange]
    assert len(flows) == 3
    for flow in flows:
        verdict = made.trace(flow["source"], flow["destination"], int(flow["ports"].partition("-")[0]))
        assert (verdict.reached, flow["id"] in verdict.hops[-1].flows) == (flow["destination"], True), verdict.text()
        assert verdict.hops[0].comes_as == f"{flow['source_address']} -> {flow['dial']}"


def fax_appliance(*, translated: bool = False, **of_client: Any) -> Network:
    """A FaxPress in one office and a client in another: routed, or with NAT before the client."""
    realm = {"public": SHEFFIELD} if translated else {"realm": "corp"}
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", realm="" if translated else "corp", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", **realm)
        .host("fp", "florida", "10.1.0.9", offers=[{"service": "faxpress"}])
        .host("pc", "sheffield", "10.2.0.21", uses=[{"service": "faxpress", "server": "fp"}], **of_client)
    )


def follow(made: Made, source: str, destination: str, port: int, source_port: int | None = None) -> trace.Verdict:
    packet = trace.Packet(source, destination, "udp", port, source_port)
    return trace.trace(made.document, made.slices.__getitem__, packet)


@pytest.mark.acceptance("FP-10")
@pytest.mark.parametrize("port", [1, 1234, 65535])
def test_an_alert_arrives_from_the_servers_port_and_from_no_other(port: int) -> None:
    made = fax_appliance().made()
    alert = follow(made, "fp", "pc", port, 4644)
    assert (alert.reached, alert.hops[-1].flows) == ("pc", ("faxpress.alert/fp>pc",))
    assert alert.packet == f"udp from fp (10.1.0.9) port 4644 to pc (10.2.0.21) port {port}"
    assert "from 10.1.0.9 port 4644 for 10.2.0.21" in alert.hops[-1].rule
    for other, worn in ((4645, "port 4645"), (None, "any port")):
        refused = follow(made, "fp", "pc", port, other)
        assert refused.outcome is Outcome.REFUSED
        assert any(f"it is for packets from port 4644, the packet is from {worn}" in line for line in refused.near)


def test_a_flow_without_a_rule_of_its_own_is_explained_where_its_packet_is_refused() -> None:
    made = fax_appliance(translated=True).made()
    verdict = follow(made, "fp", SHEFFIELD, 1234, 4644)
    assert (verdict.outcome, verdict.hops[-1].device) == (Outcome.REFUSED, "uk-router")
    assert verdict.near[0] == (
        "faxpress.alert/fp>pc has no rule of its own: it passes only back to the port that faxpress.request/pc>fp came "
        "from, while the devices on the way remember that"
    )
    assert not any("no rule of its own" in line for line in follow(made, "pc", "fp", 1234).near)


def test_a_device_without_state_takes_what_looks_like_an_answer() -> None:
    console = {"service": "kerio_control", "version": "console"}
    net = Network().site("lan", "10.1.0.0/24").host("gw", "lan", "10.1.0.1", offers=[console])
    net.host("pc", "lan", "10.1.0.21", uses=[{"service": "kerio_control", "server": "gw"}])
    assert follow(net.made(), "gw", "pc", 1234, 44333).outcome is Outcome.REFUSED
    net.hosts["pc"]["faxnet_platform"] = "nftables_stateless"
    verdict = follow(net.made(), "gw", "pc", 1234, 44333)
    assert (verdict.reached, verdict.hops[-1].flows) == ("pc", ("kerio_control.log/pc>gw",))
    assert verdict.reason.endswith("replies pass by rules of their own")
    assert follow(net.made(), "gw", "pc", 1234, 44334).outcome is Outcome.REFUSED
    assert net.made().trace("gw", "pc", 1234).outcome is Outcome.REFUSED


def public_mail() -> Network:
    """A mail server that is open to the Internet, behind a NAT router."""
    smtp = [{"service": "kerio_connect", "public": True, "exchanges": {"smtp": True}}]
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .host("mail", "florida", "10.1.0.5", offers=smtp)
    )


def test_the_internet_is_some_address_that_is_nobodys() -> None:
    verdict = public_mail().made().trace("internet", "mail", 25)
    assert (verdict.reached, verdict.hops[-1].flows) == ("mail", ("kerio_connect.smtp/internet>mail",))
    assert verdict.packet == f"tcp from internet (192.0.2.1) to mail ({FLORIDA}) port 25"
    assert public_mail().made().trace("internet", "mail", 26).outcome is Outcome.REFUSED
    away = public_mail().made().trace("mail", "internet", 25)
    assert (away.outcome, away.hops[-1].goes_as) == (Outcome.LEAVES, f"{FLORIDA} -> 192.0.2.1")


def test_the_internets_address_is_none_that_the_plan_uses() -> None:
    net = public_mail().site("a", "192.0.2.0/24", gateway="a-router").site("b", "198.51.100.64/26")
    net.sites["florida"]["public_address"] = "198.51.100.1"
    assert net.made().trace("internet", "mail", 25).packet.startswith("tcp from internet (198.51.100.2) to mail")


def test_a_senders_port_must_be_one() -> None:
    with pytest.raises(trace.TraceError, match="name one port"):
        follow(fax_appliance().made(), "fp", "pc", 1234, 0)


def test_a_protocol_without_ports_is_traced_by_name_and_by_number() -> None:
    net = two_offices()
    vpn = {"name": "vpn", "protocols": ["udp", "esp"], "ports": 4500, "sources": ["10.2.0.0/24"]}
    net.hosts["uk-pc2"]["faxnet_permits"] = [vpn]
    found = net.made()
    for word in ("esp", "50", 50):
        packet = trace.Packet("uk-pc1", "uk-pc2", str(word), None)
        verdict = trace.trace(found.document, found.slices.__getitem__, packet)
        assert (verdict.packet, verdict.reached) == ("esp from uk-pc1 (10.2.0.21) to uk-pc2 (10.2.0.22)", "uk-pc2")
        assert verdict.hops[-1].rule == "accept vpn esp from 10.2.0.0/24"
    outcomes = {
        word: trace.trace(
            found.document, found.slices.__getitem__, trace.Packet("uk-pc1", "uk-pc2", word, None)
        ).outcome
        for word in ("gre", "icmp", "igmp")
    }
    assert outcomes == {"gre": trace.Outcome.REFUSED, "icmp": trace.Outcome.ARRIVES, "igmp": trace.Outcome.ARRIVES}
