# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever may administer a host gets in through the rules of every device on the way, in whatever routed network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import planned
from tests.property.test_flows_pass import MANY, STRANGERS, Roads
from tests.property.wire import Packet, within
from tests.unit.networks import Made, Network

SOME = settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
PORT = 22


@SOME
@given(routed_networks())
def test_management_passes_from_the_realm_and_from_anywhere_where_nothing_is_translated(net: Network) -> None:
    anybody_gets_in(net)


@SOME
@given(networks())
def test_management_passes_between_the_usual_kinds_of_sites(net: Network) -> None:
    anybody_gets_in(net)


@SOME
@given(routed_networks(), st.data())
def test_named_networks_of_the_realm_get_in_whatever_their_routers_let_out(net: Network, data: st.DataObject) -> None:
    named_networks_get_in(net, data)


@pytest.mark.slow
def test_management_passes_in_thousands_of_inventories() -> None:
    MANY(given(routed_networks())(anybody_gets_in))()
    MANY(given(routed_networks(), st.data())(named_networks_get_in))()


def anybody_gets_in(net: Network) -> None:
    """Try the management of each host from each other host of its realm, and from a stranger."""
    made = planned(net)
    roads = Roads(net.sites, made.slices)
    for sender, target, worn, address in pairs(made):
        if (
            not lets_out(made, made.slices[sender]["site"])
            and made.slices[sender]["site"] != made.slices[target]["site"]
        ):
            continue
        assert_gets_in(roads, sender, target, worn, address)
    for target, part in made.slices.items():
        if "stands_for" in part:
            continue  # several machines, which nobody logs in to
        site = made.document["sites"][part["site"]]
        for address in part["addresses"]:
            version = 6 if ":" in address else 4
            shown = [worn for gateway in site["gateways"] for worn in worn_at(gateway)]
            translated = any((":" in worn) == (version == 6) for worn in shown)
            if not translated and not any(gateway["host"] == target for gateway in site["gateways"]):
                event("from a stranger")
                arrival = roads.from_nobody("", Packet(STRANGERS[version], address, "tcp", PORT))
                assert arrival is not None, f"no stranger gets in to {target} at {address}"
                assert arrival.host == target
    routers_are_reached_where_they_are_seen(made, roads)


def worn_at(gateway: dict[str, Any]) -> list[str]:
    """What is worn beyond a gateway; one that changes is some IPv4 address."""
    return [*gateway["public"], *(["any"] if gateway["dynamic"] else [])]


def routers_are_reached_where_they_are_seen(made: Made, roads: Roads) -> None:
    """Try the management of each router from a stranger, at the address that it wears before all others."""
    for site in made.document["sites"].values():
        for place, gateway in enumerate(site["gateways"]):
            further = [worn for beyond in site["gateways"][place + 1 :] for worn in worn_at(beyond)]
            for address in gateway["public"]:
                if not any((":" in worn) == (":" in address) for worn in further):
                    event("a router from a stranger")
                    version = 6 if ":" in address else 4
                    arrival = roads.from_nobody("", Packet(STRANGERS[version], address, "tcp", PORT))
                    assert arrival is not None, f"no stranger gets in to {gateway['host']} at {address}"
                    assert arrival.host == gateway["host"]


def named_networks_get_in(net: Network, data: st.DataObject) -> None:
    """Let each host name one network of some site, and try it from there."""
    every = sorted({network for site in net.sites.values() for network in site["networks"]})
    for name in sorted(net.hosts):
        chosen = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=2, unique=True))
        net.hosts[name]["faxnet_management"] = [{"ports": PORT, "sources": chosen}]
    made = planned(net)
    roads = Roads(net.sites, made.slices)
    for sender, target, worn, address in pairs(made):
        if within(worn, net.hosts[target]["faxnet_management"][0]["sources"]):
            event("from a named network")
            assert_gets_in(roads, sender, target, worn, address)


def pairs(made: Made) -> Iterator[tuple[str, str, str, str]]:
    """Hosts inside a site with each host inside that they meet without translation, and both addresses."""
    routers = {gateway["host"] for site in made.document["sites"].values() for gateway in site["gateways"]}
    inside = [(name, part) for name, part in made.slices.items() if name not in routers]
    for sender, here in inside:
        for target, there in inside:
            apart = sender != target and "stands_for" not in there  # nobody logs in to several machines
            for worn in here["addresses"] if apart else ():
                version = "6" if ":" in worn else "4"
                realms = {made.document["sites"][part["site"]]["realm"][version] for part in (here, there)}
                found: list[str] = [item for item in there["addresses"] if (":" in item) == (version == "6")]
                for address in found if len(realms) == 1 else ():
                    yield sender, target, worn, address


def lets_out(made: Made, site: str) -> bool:
    """Whether every router of a site lets its networks start anything outward."""
    return all(made.policy(item["host"])["outbound"] == "any" for item in made.document["sites"][site]["gateways"])


def assert_gets_in(roads: Roads, sender: str, target: str, worn: str, address: Any) -> None:
    """Send the first packet of a login."""
    arrival = roads.send(sender, Packet(worn, address, "tcp", PORT))
    assert arrival is not None, f"{sender} does not get in to {target} at {address}"
    assert (arrival.host, arrival.packet.source) == (target, worn)
