# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host takes packets for itself under: its addresses, and what local routes lead to it, of both IP versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import is_local
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.own_addresses import OwnAddresses
from tests.kernel import networks


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A host with an address of each IP version, and networks that local routes lead to it."""
    with networks.namespace("host") as name, networks.inside(name):
        networks.run("ip", "link", "add", "e0", "type", "veth", "peer", "name", "e1")
        networks.run("ip", "link", "set", "e0", "up")
        networks.run("ip", "address", "add", "203.0.113.20/24", "dev", "e0")
        networks.run("ip", "address", "add", "2001:db8:1::20/64", "dev", "e0", "nodad")
        networks.run("ip", "route", "add", "local", "198.51.100.16/28", "dev", "lo")
        networks.run("ip", "-6", "route", "add", "local", "2001:db8:7::/64", "dev", "lo")
        yield networks.machine(tmp_path)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("203.0.113.20", True),
        ("198.51.100.17", True),
        ("2001:db8:1::20", True),
        ("2001:db8:7::9", True),
        ("203.0.113.21", False),
        ("198.51.100.32", False),
        ("2001:db8:1::21", False),
        ("2001:db8:8::1", False),
    ],
)
def test_a_hosts_own_are_its_addresses_and_what_local_routes_lead_to_it(
    machine: Machine, address: str, own: bool
) -> None:
    assert (address in OwnAddresses(machine)) == own
    assert is_local(machine, address) == own


def test_the_broadcast_address_of_a_network_is_the_hosts_too(machine: Machine) -> None:
    assert "203.0.113.255" in OwnAddresses(machine)
