# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host finds an address, and what that costs on a router with many routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.forwarded import networks
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.links import Link, Route
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import address_of
from tests.unit.work import lines_run


def no_program(_argv: list[str], _text: str | None) -> Ran:
    raise AssertionError("nothing is run")


def view(folder: str, routes: Iterable[str]) -> NetworkView:
    """A host's networks with these routes, each behind a device of its own."""
    made = NetworkView(Machine(run=no_program, find=lambda _name: None, root=folder))
    made.routes = [Route(ipaddress.ip_network(text), f"lan{number}") for number, text in enumerate(routes)]
    made.links = [Link(number, f"lan{number}", "", b"", 0, True) for number in range(len(made.routes))]
    return made


def many(count: int) -> list[str]:
    """So many networks."""
    return [str(ipaddress.ip_network(((10 << 24) + (number << 8), 24))) for number in range(count)]


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), max_size=12),
    st.integers(0, 255),
)
def test_the_most_exact_route_is_found(routes: list[tuple[int, int]], host: int) -> None:
    held = [ipaddress.ip_network((f"192.0.2.{low}", length), strict=False) for low, length in routes]
    there = ipaddress.ip_address(f"192.0.2.{host}")
    lengths = [network.prefixlen for network in held if there in network]
    found = view("/nonexistent", map(str, held)).behind(str(there))
    assert (found.network.prefixlen if found else None) == max(lengths, default=None)


@pytest.mark.parametrize("address", ["10.0.0.1", "10.255.0.1"])
def test_an_address_costs_as_much_with_thousands_of_routes(address: str) -> None:
    few, much = (view("/nonexistent", many(count)) for count in (10, 3000))
    for each in (few, much):
        each.behind("10.9.9.9")  # the tables are read
    address_of(address)  # an address is read once, by whoever asks first
    assert lines_run(lambda: much.behind(address)) == lines_run(lambda: few.behind(address))


def test_a_network_costs_no_more_where_there_are_many() -> None:
    def cost(count: int) -> float:
        made = view("/nonexistent", many(count))
        made.forwards = lambda version: version == 4  # type: ignore[method-assign]  # there is no kernel to ask
        found: list[object] = []
        lines = lines_run(lambda: found.extend(networks(made, ())))
        assert len(found) == count
        return lines / count

    assert cost(400) < 1.2 * cost(100)
