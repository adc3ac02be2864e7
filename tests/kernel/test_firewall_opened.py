# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a filter is told that looks at no mark holds every new packet that the rules accept."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.opened import Opened, opened
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import rehearsed
from tests.kernel.hosts import Host
from tests.kernel.test_firewall_rules import ADMINS, some_packets, some_permits
from tests.unit.platforms.policies import nft_rules, opening, policy, router, stateless_rules


def holds(item: Opened, packet: Packet) -> bool:
    """Whether a packet is one of those that are named, word for word."""

    def within(address: str, network: str) -> bool:
        return not network or ipaddress.ip_address(address) in ipaddress.ip_network(network)

    def among(port: int | None, ports: str) -> bool:
        low, _hyphen, high = ports.partition("-")
        return not ports or (port is not None and int(low) <= port <= int(high or low))

    return (
        item.version in (0, packet.version)
        and within(packet.source, item.source)
        and within(packet.destination, item.destination) != item.elsewhere
        and item.protocol in ("", packet.transport)
        and among(packet.destination_port, item.ports)
        and among(packet.source_port, item.from_ports)
    )


@pytest.mark.parametrize("render", [nft_rules, stateless_rules])
@pytest.mark.parametrize("seed", range(6))
def test_all_that_rules_accept_is_named(host: Host, seed: int, render: Callable[..., str]) -> None:
    dice = random.Random(seed)  # noqa: S311 nothing secret
    openings = [opening("tcp", "1050", "192.0.2.0/24"), opening("udp", "1000-1099", "10.1.0.0/16")]
    held = {"management": ADMINS, "openings": openings, "input": some_permits(dice)}
    text = render(router(**held, forward=some_permits(dice)) if render is nft_rules else policy(**held))
    rules = rehearsed(host.machine, text)
    for hook in ("input", "forward"):
        named = opened(rules, hook)
        packets = some_packets(dice)
        assert packets
        for packet in packets:
            verdict = rules.judge(hook, packet)
            if verdict and verdict.accepted:
                assert any(holds(item, packet) for item in named), (packet, verdict)
