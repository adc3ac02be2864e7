# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind each router, and which of it is asked."""

from __future__ import annotations

from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.behind import MOST_ASKED, Behind, hosts_behind
from tests.unit.networks import FLORIDA, Network


def office() -> Network:
    return Network().site("florida", "10.1.0.0/16", gateway="fl-router", public=FLORIDA)


def behind(net: Network, router: str = "fl-router") -> Behind:
    return hosts_behind(net.plan().intent)[router]


def test_a_router_does_not_stand_behind_itself() -> None:
    net = office().server("s", "florida", "10.1.0.10").client("c", "florida", "10.1.0.20", "s")
    assert behind(net) == Behind(1, ("c", "s"), 2)


def test_hosts_that_nobody_logs_in_to_are_not_asked() -> None:
    net = office().offers("s", "florida", "10.1.0.10", "netcfax", platform="unmanaged")
    net.uses("c", "florida", "10.1.0.20", "netcfax", "s", platform="worksheet")
    assert behind(net) == Behind(1, (), 0)


def test_of_many_hosts_a_sample_is_asked() -> None:
    net = office().server("s", "florida", "10.1.0.10")
    for number in range(30):
        net.client(f"c{number:02}", "florida", f"10.1.1.{number}", "s")
    found = behind(net)
    assert (len(found.hosts), found.count) == (MOST_ASKED, 31)


def test_the_sample_has_hosts_of_each_site() -> None:
    net = office().server("s", "florida", "10.1.0.10")
    net.site("annex", "10.9.0.0/16", gateway="fl-router", public=FLORIDA, realm="one").sites["florida"]["realm"] = "one"
    for number in range(30):
        net.client(f"c{number:02}", "florida", f"10.1.1.{number}", "s")
    net.client("z", "annex", "10.9.0.10", "s")
    assert "z" in behind(net).hosts


def test_in_a_chain_the_inner_router_is_the_deeper_one() -> None:
    net = Network().site("lab", "10.3.0.0/24", gateway="inner").server("s", "lab", "10.3.0.10")
    net.hosts["outer"] = {"faxnet_address": "10.3.0.2"}
    net.sites["lab"] = {"networks": ["10.3.0.0/24"], "gateways": [{"host": "inner"}, {"host": "outer"}]}
    assert (behind(net, "inner").depth, behind(net, "outer").depth) == (2, 1)
