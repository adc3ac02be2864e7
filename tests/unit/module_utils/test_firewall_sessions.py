# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that would be lost, in a few lines: exact where they are few, in little memory where they are not."""

from __future__ import annotations

import ipaddress
import tracemalloc
from collections.abc import Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.links import Route
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.sessions import Session, gathered
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import FORWARD, INPUT
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet


class View:
    """A host's networks as far as they are asked for here: an office, and everybody else."""

    def __init__(self) -> None:
        self._office = Route(ipaddress.ip_network("10.2.0.0/16"), "lan0")
        self._rest = Route(ipaddress.ip_network("0.0.0.0/0"), "wan0")

    def behind(self, address: str) -> Route:
        """The route to an address."""
        return self._office if ipaddress.ip_address(address) in self._office.network else self._rest


def told(lost: Iterator[Session]) -> list[str]:
    """What is told of sessions."""
    # A stand-in has what is asked for here, and is no NetworkView.
    return [consent.in_words(use) for use in gathered(lost, View())]  # type: ignore[arg-type]


def peers(number: int) -> Iterator[str]:
    """So many addresses from all over the Internet."""
    first = int(ipaddress.ip_address("11.0.0.0"))
    return (str(ipaddress.ip_address(first + 257 * index)) for index in range(number))


def inward(source: str, port: int) -> Session:
    """A session to this host."""
    return Session(INPUT, Packet(4, "tcp", source, 40000, "203.0.113.20", port, interface="wan0"))


def test_a_few_are_told_by_their_addresses_and_ports() -> None:
    lost = [inward(source, port) for source in ("198.51.100.7", "198.51.100.8") for port in (25, 26)]
    lost.append(Session(FORWARD, Packet(4, "udp", "10.2.0.9", 5060, "198.51.100.7", 5060)))
    assert told(iter(lost)) == [
        "session tcp ports 25, 26 from 198.51.100.7/32, 198.51.100.8/32 (4 now, such as 198.51.100.7 to 203.0.113.20 "
        "port 25)",
        "session udp port 5060 from 10.2.0.0/16 to 198.51.100.7/32 (1 now, such as 10.2.0.9 to 198.51.100.7 port 5060)",
    ]


def test_thousands_are_counted_and_told_by_what_holds_them_whatever_they_are() -> None:
    lost = (inward(source, 25) for source in peers(6000))
    assert told(lost) == ["session tcp port 25 from 0.0.0.0/0 (6000 now, such as 11.0.0.0 to 203.0.113.20 port 25)"]
    outward = (
        Session(FORWARD, Packet(4, "udp", "10.2.0.9", 5060, peer, 1024 + number % 6000))
        for number, peer in enumerate(peers(6000))
    )
    (line,) = told(outward)
    assert line.startswith("session udp ports 1024-7023 from ")
    assert "(6000 now" in line


def test_memory_does_not_grow_with_the_sessions() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        try:
            told(inward(source, 25) for source in peers(number))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(12000) < 2 * peak(4000)
