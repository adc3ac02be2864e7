# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that belong together are changed together, as far as their hosts are few enough."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import PlanView, view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.transactions.groups import groups_of_hosts
from tests.unit.verification.offices import planned


def estate(*networks: tuple[str, ...], gateways: dict[str, str] | None = None) -> PlanView:
    """Networks of sites with two hosts each; the first site's server serves one client of each other site.

    Args:
        gateways: a host that stands before a site, by the site's name.
    """
    sites: dict[str, Any] = {}
    hosts: dict[str, Any] = {}
    for number, (server, *others) in enumerate(networks):
        for index, site in enumerate((server, *others)):
            network = f"10.{number}.{index}"
            sites[site] = {"networks": [f"{network}.0/24"], "realm": "wan"}
            hosts |= {
                f"{site}-{name}": {"faxnet_site": site, "ansible_host": f"{network}.{last}"}
                for name, last in (("one", 11), ("two", 12))
            }
        hosts[f"{server}-one"]["faxnet_offers"] = [{"service": "netcfax"}]
        for site in others:
            hosts[f"{site}-one"]["faxnet_uses"] = [{"service": "netcfax", "server": f"{server}-one"}]
    for site, host in (gateways or {}).items():
        sites[site]["gateways"] = [{"host": host}]
    document, _slices = planned({"faxnet_sites": sites, "hosts": hosts})
    return view_plan(document)


def sites_of(view: PlanView, most: int) -> list[list[str]]:
    hosts = list(view.hosts)
    groups = groups_of_hosts(view, hosts, most)
    assert sorted(chain.from_iterable(groups)) == sorted(hosts)
    return [sorted({view.hosts[host].site for host in group}) for group in groups]


def test_networks_without_flows_between_them_are_parted_first() -> None:
    view = estate(("a", "c"), ("b", "d"))
    assert sites_of(view, 4) == [["a", "c"], ["b", "d"]]
    assert sites_of(view, 7) == [["a", "c"], ["b", "d"]]
    assert sites_of(view, 8) == [["a", "b", "c", "d"]]


def test_a_network_that_is_too_large_is_parted_between_its_sites_beginning_with_its_servers() -> None:
    view = estate(("m", "a", "b", "c"))
    assert sites_of(view, 4) == [["a", "m"], ["b", "c"]]


def test_a_site_is_never_parted() -> None:
    assert sites_of(estate(("a", "b")), 1) == [["a"], ["b"]]


def test_a_router_and_the_site_behind_it_are_never_parted() -> None:
    view = estate(("a", "b", "c"), gateways={"c": "b-two"})
    assert sites_of(view, 2) == [["a"], ["b", "c"]]


def test_small_networks_share_a_group() -> None:
    view = estate(("a",), ("b",), ("c",))
    assert sites_of(view, 4) == [["a", "b"], ["c"]]


def test_hosts_keep_their_order_within_a_group() -> None:
    view = estate(("a",))
    assert groups_of_hosts(view, ["a-two", "a-one"], 9) == (("a-two", "a-one"),)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_without_hosts_there_is_no_group(most: int) -> None:
    assert groups_of_hosts(estate(("a",)), [], most) == ()
