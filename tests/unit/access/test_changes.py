# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gains access and who loses it, in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.changes import (
    AccessChanges,
    PlanAccess,
    access_changes,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.words import access_data, access_lines
from tests.unit.networks import FLORIDA, SHEFFIELD, Network


@pytest.fixture
def net() -> Network:
    """Two offices, a server in one and a client in the other."""
    made = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    made.site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
    made.server("fl-fax", "florida", "10.1.0.10")
    return made.client("uk-pc", "sheffield", "10.2.0.11", callback={"low": 10500, "high": 10509})


def changes(old: Network, new: Network) -> AccessChanges:
    """What changed between two inventories, from the slices that differ."""
    plans = [net.made().slices for net in (old, new)]
    gathered = [PlanAccess(plan) for plan in plans]
    for access, mine, theirs in zip(gathered, plans, reversed(plans), strict=True):
        for name, part in mine.items():
            if theirs.get(name) != part:
                access.add(part)
    return access_changes(*gathered)


def told(old: Network, new: Network) -> list[str]:
    """The lines about what changed between two inventories."""
    return list(access_lines(changes(old, new)))


def changed(net: Network, host: str, **variables: Any) -> Network:
    """The same network with other variables of one host."""
    other = copy.deepcopy(net)
    other.hosts[host] |= {f"faxnet_{key}": value for key, value in variables.items()}
    return other


def permit(name: str, ports: Any, *sources: str) -> dict[str, Any]:
    return {"name": name, "ports": ports, "sources": list(sources)}


def test_nobody_gains_or_loses_where_nothing_changes(net: Network) -> None:
    assert told(net, copy.deepcopy(net)) == ["Nobody gains or loses access."]


def test_a_new_client_gains_both_ways(net: Network) -> None:
    more = copy.deepcopy(net).client("uk-pc2", "sheffield", "10.2.0.12", callback={"low": 10600, "high": 10609})
    assert told(net, more) == [
        "gains: uk-pc2 to fl-fax: tcp 7488 (netcfax.pcp)",
        "gains: fl-fax to uk-pc2: tcp 10600-10609 (netcfax.scp)",
        "gains: 0.0.0.0/0 to uk-pc2: tcp 22 (management)",
        "gains: ::/0 to uk-pc2 by IPv6: tcp 22 (management)",
    ]
    assert told(more, net)[0] == "loses: uk-pc2 to fl-fax: tcp 7488 (netcfax.pcp)"


def test_another_port_is_told_as_moved(net: Network) -> None:
    moved = changed(net, "fl-fax", offers=[{"service": "netcfax", "primary_port": 7490}])
    assert told(net, moved) == ["moves: uk-pc to fl-fax: tcp 7488 becomes tcp 7490 (netcfax.pcp)"]


def test_of_a_wider_permit_only_what_is_new_is_gained(net: Network) -> None:
    narrow = changed(net, "fl-fax", permits=[permit("web", "80", "10.1.0.0/25")])
    wide = changed(net, "fl-fax", permits=[permit("web", "80-81", "10.1.0.0/24")])
    assert told(narrow, wide) == [
        "gains: 10.1.0.0/24 to fl-fax: of tcp 80-81: tcp 80-81 from 10.1.0.128-10.1.0.255; tcp 81 from "
        "10.1.0.0-10.1.0.127 (web)"
    ]
    assert told(wide, narrow) == [
        "loses: 10.1.0.0/24 to fl-fax: of tcp 80-81: tcp 80-81 from 10.1.0.128-10.1.0.255; tcp 81 from "
        "10.1.0.0-10.1.0.127 (web)"
    ]


def test_a_permit_for_somebody_else_is_told_as_moved(net: Network) -> None:
    old, new = (changed(net, "fl-fax", permits=[permit("web", "80", source)]) for source in ("10.1.0.7", "10.1.0.9"))
    assert told(old, new) == ["moves: 10.1.0.7/32 to fl-fax: tcp 80 becomes 10.1.0.9/32 to fl-fax: tcp 80 (web)"]


def test_what_is_let_in_already_needs_no_change(net: Network) -> None:
    wide = [permit("all", "1-1000", "10.1.0.0/24")]
    without, within = (
        changed(net, "fl-fax", permits=[*wide, *more]) for more in ([], [permit("web", "80", "10.1.0.7")])
    )
    assert told(without, within) == [
        "Nobody gains or loses access.",
        "no change necessary: 10.1.0.7/32 to fl-fax: tcp 80 (web): it is let pass already",
    ]
    assert told(within, without) == [
        "Nobody gains or loses access.",
        "still passes: 10.1.0.7/32 to fl-fax: tcp 80 (web): something else lets it pass",
    ]


def test_a_host_that_refuses_nothing_lets_everything_in(net: Network) -> None:
    lenient = changed(net, "uk-pc", stance="additive")
    assert told(net, lenient) == [
        "gains: anybody to uk-pc: everything else, for its stance is additive (stance)",
        "gains: anybody to uk-pc by IPv6: everything else, for its stance is additive (stance)",
    ]


def test_a_router_that_restricts_what_leaves_takes_it_from_its_networks(net: Network) -> None:
    shut = changed(net, "uk-router", outbound="flows")
    assert told(net, shut) == ["loses: 10.2.0.0/24 to anywhere outward through uk-router: everything else (outbound)"]


def test_a_switched_off_use_loses_what_it_had(net: Network) -> None:
    off = copy.deepcopy(net)
    off.hosts["uk-pc"]["faxnet_uses"][0]["enabled"] = False
    assert [line.partition(":")[0] for line in told(net, off)] == ["loses", "loses"]


def test_programs_get_the_same(net: Network) -> None:
    data = access_data(changes(net, changed(net, "fl-fax", offers=[{"service": "netcfax", "primary_port": 7490}])))
    entry = {"name": "netcfax.pcp", "source": "uk-pc", "destination": "fl-fax", "device": "fl-fax", "crossing": "in"}
    assert data == {
        "gained": [{**entry, "version": 4, "packets": "tcp 7490"}],
        "lost": [{**entry, "version": 4, "packets": "tcp 7488"}],
        "needless": [],
        "kept": [],
    }
