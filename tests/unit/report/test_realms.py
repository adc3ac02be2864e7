# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that reach each other by a line or a VPN: drawn so, and not as if they met in the Internet."""

from __future__ import annotations

import html
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing import drawing
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.placing import lay_out
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import Scene, make_scene
from tests.unit.verification.offices import as_planned, reported

USE = {"service": "netcfax", "server": "fax"}


def company(*, far: bool = True) -> dict[str, Any]:
    """Two offices in one realm, the server in one of them; *far*: and one beyond the Internet."""
    sites: dict[str, Any] = {
        "leeds": {"networks": ["10.3.0.0/24"], "gateway": "leeds-router", "realm": "company"},
        "york": {"networks": ["10.4.0.0/24"], "gateway": "york-router", "realm": "company"},
    }
    hosts: dict[str, Any] = {
        "leeds-router": {"faxnet_site": "leeds", "faxnet_address": "10.3.0.1"},
        "york-router": {"faxnet_site": "york", "faxnet_address": "10.4.0.1"},
        "fax": {"faxnet_site": "leeds", "faxnet_address": "10.3.0.10", "faxnet_offers": [{"service": "netcfax"}]},
        "york-pc": {"faxnet_site": "york", "faxnet_address": "10.4.0.10", "faxnet_uses": [USE]},
    }
    if far:
        sites["leeds"]["public_address"] = "198.51.100.10"
        sites["hull"] = {"networks": ["10.5.0.0/24"], "gateway": "hull-router", "public_address": "203.0.113.20"}
        hosts["hull-router"] = {"faxnet_site": "hull", "faxnet_address": "10.5.0.1"}
        hosts["hull-pc"] = {"faxnet_site": "hull", "faxnet_address": "10.5.0.10", "faxnet_uses": [USE]}
    return {"faxnet_sites": sites, "hosts": hosts}


def scene(**network: bool) -> Scene:
    return make_scene(reported(company(**network), as_planned, notify=False).view)


def test_what_runs_inside_a_realm_is_told_from_what_crosses_the_internet() -> None:
    realms = {(line.source, line.target): line.realm for line in scene().trunks}
    assert realms == {
        ("york", "leeds"): "company",
        ("leeds", "york"): "company",
        ("hull", "leeds"): "",
        ("leeds", "hull"): "",
    }


def test_its_lines_lie_in_a_tunnel_of_their_own_that_bears_the_realms_name() -> None:
    layout = lay_out(scene())
    ((top, bottom, realm),) = layout.tunnels
    inside = {line.realm for line, level in layout.levels.items() if top < level < bottom}
    outside = {line.realm for line, level in layout.levels.items() if not top < level < bottom}
    assert (realm, inside, outside) == ("company", {"company"}, {""})
    words = str(drawing(scene()))
    assert '<text x="620.0"' in words
    assert words.count(">realm company</text>") == 3
    assert "Site leeds in realm company: fax (10.3.0.10); behind leeds-router" in words


def test_the_page_says_what_a_tunnel_means_and_only_where_there_is_one() -> None:
    words = "inside a realm: from site to site by a line or a VPN"
    inventory = company()
    assert words in html.unescape(report_page(reported(inventory, as_planned, notify=False)))
    for site in inventory["faxnet_sites"].values():
        site.pop("realm", None)
    inventory["faxnet_sites"]["york"]["public_address"] = "203.0.113.21"
    assert words not in html.unescape(report_page(reported(inventory, as_planned, notify=False)))


def test_where_nobody_meets_the_internet_none_is_drawn() -> None:
    assert 'class="internet"' in str(drawing(scene()))
    alone = str(drawing(scene(far=False)))
    assert 'class="internet"' not in alone
    assert 'class="tunnel"' in alone


def test_a_client_that_dials_the_public_address_meets_its_server_in_the_internet() -> None:
    net = company()
    net["faxnet_sites"]["york"]["public_address"] = "192.0.2.40"
    net["hosts"]["york-pc"]["faxnet_uses"] = [{**USE, "dials": "public"}]
    drawn = make_scene(reported(net, as_planned, notify=False).view)
    assert {trunk.realm for trunk in drawn.trunks} == {""}


def test_what_turns_in_a_router_is_told_by_its_name() -> None:
    net = company()
    near = {"faxnet_site": "leeds", "faxnet_address": "10.3.0.20"}
    net["hosts"]["leeds-pc"] = {**near, "faxnet_uses": [{**USE, "dials": "public"}]}
    words = html.unescape(str(drawing(make_scene(reported(net, as_planned, notify=False).view))))
    assert "leeds-pc connects to fax on 7488 tcp, by way of leeds-router." in words
