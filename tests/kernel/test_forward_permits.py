# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that a router carries because a permit says so: a VPN, foreign port forwards; and nothing beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel import networks
from tests.kernel.offices import CLIENTS, PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.networks import two_offices
from tests.unit.platforms.policies import nft_rules, router

FOREIGN = f"""
table ip theirs
delete table ip theirs
table ip theirs {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    ip daddr {PUBLIC} tcp dport 8443 dnat to {CLIENTS[2]}:443
  }}
}}
"""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """A router between the Internet and an office."""
    with two_sides() as made:
        yield made


def permit(**parts: Any) -> dict[str, Any]:
    """A forward permit of a policy."""
    ends: dict[str, Any] = {key: [] for key in ("sources", "destinations", "from_interfaces", "to_interfaces")}
    return {"name": "test", "transport": "any", "ports": None, **ends, "translated": False, **parts}


def carry(net: Net, *permits: dict[str, Any]) -> None:
    """Load a router's rules that let nothing out but these."""
    networks.load(net.router, nft_rules(router(outbound="flows", source_nat=[], forward_permits=list(permits))))


def test_a_port_forward_of_somebody_else_is_kept_where_it_is_named(net: Net) -> None:
    networks.load(net.router, FOREIGN)
    with networks.listen(net.office, CLIENTS[2], 443):
        carry(net)
        assert not networks.connects(net.outside, PUBLIC, 8443, source=STRANGER)
        carry(net, permit(translated=True))
        assert networks.connects(net.outside, PUBLIC, 8443, source=STRANGER)
        assert not networks.connects(net.outside, CLIENTS[2], 443, source=STRANGER)
    networks.load(net.router, "delete table ip theirs")


@pytest.mark.parametrize("both", [False, True])
def test_two_networks_reach_each_other_as_it_is_named(net: Net, both: bool) -> None:
    ways = [("10.2.0.0/24", f"{SERVER}/32"), (f"{SERVER}/32", "10.2.0.0/24")][: 1 + both]
    carry(net, *(permit(sources=[source], destinations=[target]) for source, target in ways))
    with networks.listen(net.outside, SERVER, 445), networks.listen(net.office, CLIENTS[0], 445):
        assert networks.connects(net.office, SERVER, 445, source=CLIENTS[0])
        assert networks.connects(net.outside, CLIENTS[0], 445, source=SERVER) == both
        assert not networks.connects(net.outside, CLIENTS[0], 445, source=STRANGER)
        assert not networks.connects(net.office, STRANGER, 445, source=CLIENTS[0])


def test_the_interfaces_count(net: Net) -> None:
    legs = networks.run("ip", "-n", net.router, "-o", "-4", "address").split("\n")
    lan = next(line.split()[1] for line in legs if "10.2.0.1/" in line)
    with networks.listen(net.office, CLIENTS[0], 445):
        carry(net, permit(to_interfaces=[lan], transport="tcp", ports="445"))
        assert networks.connects(net.outside, CLIENTS[0], 445, source=STRANGER)
        carry(net, permit(from_interfaces=[lan], transport="tcp", ports="445"))
        assert not networks.connects(net.outside, CLIENTS[0], 445, source=STRANGER)
        carry(net, permit(to_interfaces=[lan[0] + "*"], transport="tcp", ports="445"))
        assert networks.connects(net.outside, CLIENTS[0], 445, source=STRANGER) == (lan[0] in "ab")


def test_nft_takes_what_an_inventory_may_say() -> None:
    net = two_offices()
    entry = {"from": ["10.9.0.0/24", "sheffield"], "to_interfaces": ["wg*", "tun0"], "protocols": ["ah", "udp", 99]}
    net.hosts["uk-router"]["faxnet_forward_permits"] = [
        {"name": "a", **entry, "ports": 500, "both_directions": True},
        {"name": "b", "to": "uk-pc1", "only_translated": True},
    ]
    networks.checked_by_nft(nft_rules(net.made().policy("uk-router")))
