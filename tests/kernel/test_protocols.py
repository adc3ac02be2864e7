# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of protocols without ports, into a host: those that a permit names, and no others."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, opening, policy, stateless_rules

PEER, STRANGER, HOST = "192.0.2.7", "192.0.2.66", "192.0.2.1"
PEER6, HOST6 = "2001:db8::7", "2001:db8::1"
GRE, ESP, AH, VRRP, NOTHING = 47, 50, 51, 112, 253


class Link(NamedTuple):
    """Namespaces."""

    host: str
    peer: str


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    """A host and its peer."""
    with networks.namespace("host") as host, networks.namespace("peer") as peer:
        networks.link(*(host, [f"{HOST}/24", f"{HOST6}/64"]), *(peer, [f"{PEER}/24", f"{STRANGER}/24", f"{PEER6}/64"]))
        yield Link(host, peer)


def authenticated(payload: bytes) -> bytes:
    """An authentication header (RFC 4302) before a payload of no protocol."""
    return bytes([NOTHING, 4, 0, 0]) + bytes(20) + payload


def arrives(link: Link, protocol: int, *, source: str = PEER, target: str = HOST) -> bool:
    """Whether the host's rules let a packet of a protocol in."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with networks.inside(link.host):
        before = refused()
    with networks.inside(link.peer), socket.socket(family, socket.SOCK_RAW, protocol) as sender:
        sender.bind((source, 0))
        sender.sendto(authenticated(b"x") if protocol == AH else b"\0" * 24, (target, 0))
    with networks.inside(link.host):
        return refused() == before


def refused() -> str:
    """How many packets the host has refused."""
    return networks.run("nft", "list", "counter", "inet", "faxnet", "faxnet_refused")


@pytest.mark.parametrize("render", [nft_rules, stateless_rules])
@pytest.mark.parametrize("named", ["gre", "esp", "ah", "vrrp", "253"])
def test_a_protocol_comes_from_whom_the_permit_names(
    link: Link, named: str, render: Callable[[dict[str, Any]], str]
) -> None:
    number = {"gre": GRE, "esp": ESP, "ah": AH, "vrrp": VRRP, "253": NOTHING}[named]
    networks.load(link.host, render(policy(openings=[opening(named, None, f"{PEER}/32", f"{PEER6}/128")])))
    assert arrives(link, number)
    assert arrives(link, number, source=PEER6, target=HOST6)
    assert not arrives(link, number, source=STRANGER)
    assert not arrives(link, GRE if number != GRE else ESP)


def test_any_protocol_comes_from_whom_the_permit_names(link: Link) -> None:
    networks.load(link.host, nft_rules(policy(openings=[opening("any", None, f"{PEER}/32")])))
    assert [number for number in (GRE, ESP, AH, VRRP, NOTHING) if not arrives(link, number)] == []
    assert not arrives(link, GRE, source=STRANGER)
    with networks.listen(link.host, HOST, 9999):
        assert networks.connects(link.peer, HOST, 9999, source=PEER)
        assert not networks.connects(link.peer, HOST, 9999, source=STRANGER)


@pytest.mark.parametrize("render", [nft_rules, stateless_rules])
def test_a_host_that_is_in_a_group_hears_who_asks_for_members(
    link: Link, render: Callable[[dict[str, Any]], str]
) -> None:
    networks.load(link.host, render(policy()))
    with networks.inside(link.host):
        before = refused()
    with networks.inside(link.peer), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as router:
        router.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(PEER))
        router.sendto(bytes([0x11, 100]) + b"\xee\x9b" + bytes(4), ("224.0.0.1", 0))
    with networks.inside(link.host):
        assert refused() == before
