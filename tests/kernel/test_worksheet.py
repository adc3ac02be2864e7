# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that a person sets up by its worksheet: what the sheet says, typed in, carries exactly the planned packets.

The router is a plain one and so is the person (tools/lab/plain_router.py); no device of another maker was tried.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from tests.kernel import networks
from tests.kernel.offices import PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.networks import ports_of, two_offices
from tools.lab.plain_router import PlainRouter

CLIENTS = {"uk-ts1": "10.2.0.10", "uk-pc1": "10.2.0.21", "uk-pc2": "10.2.0.22"}

ROUTER = PlainRouter((ipaddress.IPv4Network("10.2.0.0/24"),), ipaddress.IPv4Address(PUBLIC))


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """The Internet's side, a router, an office with the clients of the plan."""
    with two_sides() as made:
        for address in CLIENTS.values():
            networks.run("ip", "-n", made.office, "address", "add", f"{address}/32", "dev", "lo")
        yield made


@pytest.mark.acceptance("NR-17", "NR-20", "NR-21")
def test_a_router_that_was_typed_in_from_its_sheet_carries_the_planned_packets_and_no_others(net: Net) -> None:
    offices = two_offices()
    offices.hosts["uk-router"]["faxnet_platform"] = "worksheet"
    made = offices.made()
    networks.load(net.router, ROUTER.typed_in(render_slice(made.slices["uk-router"])))
    for client, address in CLIENTS.items():
        low, _hyphen, high = ports_of(made.plan, client).partition("-")
        for port in sorted({int(low), int(high or low)}):
            with networks.listen(net.office, address, port) as listener:
                assert networks.connects(net.outside, PUBLIC, port, source=SERVER), f"{port} to {client}"
                listener.accept()[0].close()
                assert not networks.connects(net.outside, PUBLIC, port, source=STRANGER), f"{port} from a stranger"
        with networks.listen(net.office, address, int(high or low) + 1):
            assert not networks.connects(net.outside, PUBLIC, int(high or low) + 1, source=SERVER)
