# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses that a kernel without the module cannot show: tunnels and IPsec, from messages as the kernel writes them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent, portless
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.links import Link
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import ELSEWHERE, Packet

OWN, PEER = "10.1.0.1", "192.0.2.7"


class View:
    """A host's networks as far as they are asked for here."""

    def __init__(self, *links: Link) -> None:
        self.links = links
        self.own = {OWN, "2001:db8::1"}


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute of a netlink message."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(kind: str, *options: tuple[int, bytes]) -> Link:
    """A device of a kind that is up."""
    return Link(7, "tun7", kind, b"".join(attribute(*option) for option in options), 0, True)


def nothing(_argv: list[str], _text: str | None) -> Ran:
    """No program is there."""
    raise AssertionError("nothing is run")


@pytest.fixture
def machine(tmp_path: Any) -> Machine:
    """A host without raw sockets."""
    net = tmp_path / "proc/self/net"
    net.mkdir(parents=True)
    for name in ("raw", "raw6"):
        (net / name).write_text("  sl  local_address\n", encoding="ascii")
    return Machine(run=nothing, find=lambda _name: None, root=str(tmp_path))


def found(machine: Machine, *links: Link) -> list[Use]:
    """What is found on a host with these devices."""
    # A stand-in has what is asked for here, and is no NetworkView.
    return list(portless.portless(machine, View(*links)))  # type: ignore[arg-type]


REMOTE = socket.inet_aton(PEER)
REMOTE6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7")


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        # Numbers of linux/if_tunnel.h: IFLA_GRE_REMOTE, IFLA_IPTUN_REMOTE, IFLA_IPTUN_PROTO, IFLA_VTI_REMOTE.
        ("gre", [(7, REMOTE)], [f"protocol gre from {PEER}/32"]),
        ("gretap", [(7, REMOTE)], [f"protocol gre from {PEER}/32"]),
        ("gre", [(7, bytes(4))], ["protocol gre"]),
        ("ip6gre", [(7, REMOTE6)], ["protocol gre from 2001:db8::7/128"]),
        ("ipip", [(3, REMOTE)], [f"protocol ipip from {PEER}/32"]),
        ("sit", [(3, REMOTE)], [f"protocol ipv6 from {PEER}/32"]),
        ("ip6tnl", [(3, REMOTE6), (9, b"\x04")], ["protocol ipip from 2001:db8::7/128"]),
        ("ip6tnl", [(3, REMOTE6)], ["protocol ipip from 2001:db8::7/128", "protocol ipv6 from 2001:db8::7/128"]),
        ("vti", [(5, REMOTE)], [f"protocol esp from {PEER}/32"]),
        ("wireguard", [], []),
        ("bridge", [], []),
        ("", [], []),
    ],
)
def test_a_tunnel_that_is_up_brings_its_protocol(
    machine: Machine, kind: str, options: list[tuple[int, bytes]], told: list[str]
) -> None:
    assert [consent.in_words(use).partition(" (")[0] for use in found(machine, link(kind, *options))] == told


def association(source: str, destination: str, *more: bytes, protocol: int = 50) -> bytes:
    """A security association as the kernel writes it: struct xfrm_usersa_info (linux/xfrm.h), then attributes."""
    address = socket.inet_aton
    selector = bytes(56)
    identity = address(destination).ljust(16, b"\0") + struct.pack(">I", 1) + bytes([protocol]) + bytes(3)
    body = selector + identity + address(source).ljust(16, b"\0") + bytes(64 + 32 + 12 + 4 + 4)
    return (body + struct.pack("=H", socket.AF_INET)).ljust(224, b"\0") + b"".join(more)


def test_ipsec_is_told_where_it_comes_in_and_udp_does_not_carry_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [
        association(OWN, PEER),
        association("192.0.2.8", OWN, attribute(4, bytes(24))),
        association(PEER, OWN),
        association(PEER, OWN, protocol=51),
    ]

    def dumped(_protocol: int, _kind: int, _body: bytes) -> Iterator[bytes]:
        yield from there

    monkeypatch.setattr(portless, "dump", dumped)
    assert [use.packets for use in found(machine)] == [
        (Packet(4, protocol, PEER, None, "", None, interface=ELSEWHERE),) for protocol in ("esp", "ah")
    ]


def test_a_kernel_without_ipsec_has_none(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_protocol: int, _kind: int, _body: bytes) -> Iterator[bytes]:
        raise OSError(93, "Protocol not supported")

    monkeypatch.setattr(portless, "dump", refused)
    assert found(machine) == []
