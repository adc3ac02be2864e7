# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login whose start is known gets in through every device on its way, or the plan is refused; never neither."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import planned
from tests.property.test_flows_pass import MANY, Roads
from tests.property.wire import Arrival, Packet
from tests.unit.networks import Made, Network

SOME = settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
PORT = 22


@SOME
@given(routed_networks(), st.data())
def test_logins_of_a_controller_and_through_jump_hosts_get_in_or_the_plan_is_refused(
    net: Network, data: st.DataObject
) -> None:
    logins_get_in(net, data)


@SOME
@given(networks(), st.data())
def test_and_between_the_usual_kinds_of_sites(net: Network, data: st.DataObject) -> None:
    logins_get_in(net, data)


@pytest.mark.slow
def test_logins_get_in_in_thousands_of_inventories() -> None:
    MANY(given(routed_networks(), st.data())(logins_get_in))()
    MANY(given(networks(), st.data())(logins_get_in))()


class Unfiltered(Roads):
    """As the devices translate and route, with nobody refusing anything."""

    def _passes(self, *_packet: object) -> bool:
        return True

    def _input(self, host: str, packet: Packet) -> Arrival | None:
        return Arrival(host, packet, by_flow=False)


def logins_get_in(net: Network, data: st.DataObject) -> None:
    """Put jump hosts before some hosts, name who may come in to some, and the controller; try each login."""
    before = planned(net)
    names = sorted(net.hosts)
    every = sorted({network for site in net.sites.values() for network in site["networks"]})
    # A login comes from one machine: of a jump host that is several the plan says that it knows nothing (FXN120).
    single = [name for name in names if "stands_for" not in before.slices[name]]
    for name in names:
        if data.draw(st.integers(0, 2)) == 0:
            net.hosts[name]["faxnet_management"] = [{"ports": PORT, "sources": [data.draw(st.sampled_from(every))]}]
        if single and data.draw(st.booleans()):
            jumps = data.draw(st.lists(st.sampled_from(single), min_size=1, max_size=2, unique=True))
            net.hosts[name]["ansible_ssh_common_args"] = f"-J {','.join(jumps)}"
            if before.slices[name]["addresses"] and data.draw(st.booleans()):
                net.hosts[name]["ansible_host"] = data.draw(st.sampled_from(before.slices[name]["addresses"]))
    net.controller = data.draw(st.none() | st.sampled_from(single) if single else st.none())
    found = net.planned()
    event(f"refused: {found.plan is None}")
    if found.plan is not None:
        made = Made.of(found.plan)
        for start, end, addresses in logins(net, made):
            routed = [address for address in addresses if is_routed(made, start, end, address)]
            if True in tried(Unfiltered(net.sites, made.slices), made, start, end, routed):
                event("a login")
                arrivals = tried(Roads(net.sites, made.slices), made, start, end, routed)
                assert True in arrivals, f"{start} does not get in to {end}: {addresses}"
        return
    assert {finding.code for finding in found.findings if finding.kind.severity == "error"} == {"FXN116"}
    # Without the plan's knowledge of jump hosts and controllers, those who are told would not get in either.
    bare = {name: {key: own[key] for key in own if key != "ansible_ssh_common_args"} for name, own in net.hosts.items()}
    made = planned(replace(net, hosts=bare, controller=None))
    refused = {host for finding in found.findings if finding.code == "FXN116" for host in finding.hosts}
    shut = set()
    for start, end, addresses in logins(net, made):
        # What a router's own packets wear is for its interfaces to say.
        wears_many = made.policy(start)["forwarding"]
        routed = [address for address in addresses if is_routed(made, start, end, address)]
        if wears_many or True not in tried(Roads(net.sites, made.slices), made, start, end, routed):
            shut.add(end)
    assert refused <= shut, [item.text() for item in found.findings if item.code == "FXN116"]


def logins(net: Network, made: Made) -> Iterator[tuple[str, str, list[str]]]:
    """Each login between two hosts: whence, whither, and the addresses that may be dialled."""
    for name, own in net.hosts.items():
        if not made.slices[name]["traits"]["logged_in"]:
            continue  # nobody goes any way to it
        *_option, way = own.get("ansible_ssh_common_args", "-J").split()
        chain = [item for item in (net.controller, *way.removeprefix("-J").split(",")) if item]
        for place, (start, end) in enumerate(zip(chain, [*chain[1:], name], strict=False), 1):
            if start != end and made.slices[end]["traits"]["logged_in"]:
                at_last = place == len(chain) and "ansible_host" in own
                # Whoever goes by a name comes to whatever address leads there: of a router that may be what it wears.
                dialled = (
                    [own["ansible_host"]] if at_last else [*made.slices[end]["addresses"], *worn_by(made, end, start)]
                )
                worn = made.slices[start]["addresses"]
                common = [item for item in dialled if any((":" in item) == (":" in other) for other in worn)]
                if common:
                    yield start, end, common


def worn_by(made: Made, router: str, start: str) -> list[str]:
    """What a router of a row wears, to those further out in it."""
    rows = [site["gateways"] for site in made.document["sites"].values()]
    names = [[gateway["host"] for gateway in row] for row in rows]
    return [
        address
        for row, hosts in zip(rows, names, strict=True)
        if router in hosts and start in hosts[hosts.index(router) :]
        for address in row[hosts.index(router)]["public"]
    ]


def is_routed(made: Made, start: str, end: str, address: str) -> bool:
    """Whether packets get there and answers back: a private address means something within its realm only."""
    version = "6" if ":" in address else "4"
    here, there = (made.document["sites"][made.slices[name]["site"]] for name in (start, end))
    if made.slices[start]["site"] == made.slices[end]["site"] or here["realm"][version] == there["realm"][version]:
        return True
    row = [gateway["host"] for gateway in here["gateways"]]
    # What routers further in wear is no address of one that stands beyond them.
    beyond = here["gateways"][row.index(start) :] if start in row else here["gateways"]
    worn = [*made.slices[start]["addresses"], *(item for gateway in beyond for item in gateway["public"])]
    return not is_private(address) and any((":" in item) == (version == "6") and not is_private(item) for item in worn)


def is_private(address: str) -> bool:
    """Whether the Internet does not route it; the networks for documentation stand for some that it does."""
    return address.startswith(("10.", "172.", "fd"))


def legs(made: Made, router: str) -> list[str]:
    """Addresses that a router may have in each network behind it."""
    sites = [site for site in made.document["sites"].values() if site["gateways"]]
    networks = [item for site in sites if site["gateways"][0]["host"] == router for item in site["networks"]]
    return [str(ipaddress.ip_network(item)[254]) for item in networks]


def tried(roads: Roads, made: Made, start: str, end: str, addresses: list[str]) -> list[Any]:
    """Whether each address leads in."""
    found = []
    for address in addresses:
        own = (*made.slices[start]["addresses"], *made.policy(start)["public"], *roads.for_a_while(start))
        for worn in (*own, *legs(made, start)):
            if (":" in worn) == (":" in address):
                arrival = roads.send(start, Packet(worn, address, "tcp", PORT))
                found.append(arrival is not None and arrival.host == end)
    return found
