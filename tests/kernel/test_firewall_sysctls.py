# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that learns its default route from router advertisements keeps it when it begins to forward IPv6."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import SYSCTL_FILE
from tests.kernel import networks
from tests.kernel.hosts import NEW, SHORT, Host

SETTINGS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
#: With a dot, as VLANs have: sysctl takes it for a separator, unless the others are slashes.
WAN = "wan0.7"
ACCEPT_RA = f"net/ipv6/conf/{WAN}/accept_ra"
ADVERTISEMENT = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)  # RFC 4861, 4.2: lifetime 1800 s


def value(name: str) -> str:
    return Path("/proc/sys", name).read_text(encoding="ascii").strip()


def default_route() -> str:
    return networks.run("ip", "-6", "route", "show", "default")


@pytest.fixture
def advertised(host: Host) -> Iterator[Host]:
    """A host that has its default route from an advertisement; this process stands in it."""
    with networks.namespace("provider") as provider:
        networks.run("ip", "link", "add", WAN, "type", "veth", "peer", "name", "far", "netns", provider)
        for name in (WAN, "far"):
            there = ["-n", provider] if name == "far" else []
            networks.run("ip", *there, "link", "set", name, "addrgenmode", "none")
            networks.run("ip", *there, "link", "set", name, "up")
            address = "fe80::1" if name == "far" else "fe80::2"
            networks.run("ip", *there, "address", "add", f"{address}/64", "dev", name, "nodad")
        with networks.inside(provider):
            sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            index = socket.if_nametoindex("far")
        with sender:
            sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            until = time.monotonic() + 10
            while "proto ra" not in default_route():
                assert time.monotonic() < until, "no default route came"
                sender.sendto(ADVERTISEMENT, ("ff02::1", 0, 0, index))
                time.sleep(0.1)
        yield host


def test_without_it_the_default_route_would_end(advertised: Host) -> None:
    assert value(ACCEPT_RA) == "1"
    Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1\n", encoding="ascii")
    assert default_route() == ""


def test_the_default_route_stays_over_run_and_roll_back_and_confirmation(advertised: Host) -> None:
    differences, mark = advertised.bring(NEW, SHORT, SETTINGS)
    assert ACCEPT_RA in differences
    assert (value(ACCEPT_RA), value("net/ipv6/conf/all/forwarding")) == ("2", "1")
    assert "proto ra" in default_route()
    assert transaction.outcome(advertised.machine, mark) == "the old rules are back"
    assert (value(ACCEPT_RA), value("net/ipv6/conf/all/forwarding")) == ("1", "0")
    assert "proto ra" in default_route()
    advertised.settle(NEW, SETTINGS)
    assert "proto ra" in default_route()
    assert advertised.bring(NEW, settings=SETTINGS)[0] == []


def test_the_file_for_the_boot_has_it_before_forwarding_and_knows_what_was(advertised: Host) -> None:
    advertised.settle(NEW, SETTINGS)
    text = advertised.machine.read(SYSCTL_FILE)
    assert text is not None
    assert text.splitlines()[2:] == [f"{ACCEPT_RA} = 2", *(f"{name} = 1" for name in SETTINGS)]
    advertised.settle(None)
    assert (value(ACCEPT_RA), value("net/ipv6/conf/all/forwarding")) == ("1", "0")
    assert advertised.machine.read(SYSCTL_FILE) is None


def test_an_interface_that_is_away_for_a_while_is_no_difference(advertised: Host) -> None:
    advertised.settle(NEW, SETTINGS)
    networks.run("ip", "link", "set", WAN, "down")
    networks.run("ip", "link", "set", WAN, "name", "away")
    assert advertised.bring(NEW, settings=SETTINGS)[0] == []


def test_an_interface_whose_advertisements_another_program_reads_is_left_alone(advertised: Host) -> None:
    Path("/proc/sys", ACCEPT_RA).write_text("0\n", encoding="ascii")
    assert ACCEPT_RA not in advertised.bring(NEW, settings=SETTINGS)[0]
    assert value(ACCEPT_RA) == "0"


def test_a_router_without_ipv6_is_left_alone(advertised: Host) -> None:
    assert ACCEPT_RA not in advertised.bring(NEW, settings=SETTINGS[:1])[0]
