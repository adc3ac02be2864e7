# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In any network, the topology's short answers (which address, which routers) are what a trace finds step by step."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.topology import Topology
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Packet, trace
from tests.property.inventories import networks
from tests.property.test_engine_packets import QUICK, between_hosts, ends, planned, source_port
from tests.unit.networks import Network


def turns_or_goes_round(net: Network, flow: dict[str, Any]) -> bool:
    """Whether a flow is between two hosts of which one dials the other's public address wherever it is."""
    ends = {flow["source"], flow["destination"]}
    uses = ((host, use) for host in ends for use in net.hosts[host].get("faxnet_uses", ()))
    return any("dials" in use and {host, use["server"]} == ends for host, use in uses)


@QUICK
@given(networks())
def test_addresses_and_routers_are_those_that_a_traced_packet_meets(net: Network) -> None:
    made = planned(net)
    topology = Topology(made.document)
    flows = between_hosts(made)
    assume(flows)
    for flow in flows:
        source, destination, version = flow["source"], flow["destination"], flow["version"]
        if "stands_for" in made.slices[destination]:
            continue  # the answer of a server to a broadcast: within one network
        if turns_or_goes_round(net, flow):
            continue  # who dials a public address although another one is nearer
        packet = Packet(source, flow["dial"], flow["transport"], ends(flow["ports"])[0], source_port(flow))
        verdict = trace(made.document, made.slices.__getitem__, packet)
        assert verdict.reached == destination, verdict.text()
        dialled, worn = topology.shown(destination, source, version), topology.shown(source, destination, version)
        assert dialled is not None
        assert worn is not None
        # Where no router stands before a VPN that maps networks, the first hop is beyond it.
        assert dialled.text == flow["dial"]
        assert "mapped" in verdict.hops[0].translation or verdict.hops[0].comes_as.split(" -> ")[1] == dialled.text
        assert verdict.hops[-1].comes_as.split(" -> ")[0] == worn.text
        passed = [hop.device for hop in verdict.hops[:-1]]
        inward = topology.routers_in(source, destination, version)
        outward = topology.further_out(source)
        away = topology.routers_away(source, destination)
        before = passed[: len(passed) - len(inward)]
        assert passed[len(before) :] == list(reversed(inward)), verdict.text()
        if made.document["hosts"][source]["site"] == made.document["hosts"][destination]["site"]:
            assert before == list(outward[: len(before)]), verdict.text()
        else:
            # One router may stand before both sites: a packet passes it once, or is its own.
            way = dict.fromkeys((*away, *reversed(inward)))
            assert passed == [name for name in way if name not in (source, destination)], verdict.text()
