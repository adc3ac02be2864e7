# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nested sites are drawn inside the site around them: what meets there does not seem to cross the Internet."""

from __future__ import annotations

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import Scene, make_scene
from tests.unit.networks import Network


def scene() -> Scene:
    net = Network().site("office", "192.168.7.0/24", gateway="box", public="203.0.113.5")
    net.site("workshop", "192.168.50.0/24", gateway="own", public="192.168.7.2")
    net.site("bridge", "172.18.0.0/16", gateway="server").site(
        "far", "10.9.0.0/24", gateway="far-box", public="203.0.113.9"
    )
    net.host("box", "office", "192.168.7.1").server("server", "office", "192.168.7.10")
    net.host("own", "workshop", "192.168.50.1").host("far-box", "far", "10.9.0.1")
    net.client("pc", "workshop", "192.168.50.21", "server").client("backend", "bridge", "172.18.0.5", "server")
    net.client("far-pc", "far", "10.9.0.21", "server")
    return make_scene(view_plan(net.made().document))


def test_a_nested_sites_hosts_and_router_are_rows_of_the_card_around() -> None:
    cards = {card.name: card for card in scene().cards}
    assert set(cards) == {"office", "far"}
    rows = {row.key: row.note for row in cards["office"].rows}
    assert set(rows) == {"server", "backend", "own", "pc"}
    assert rows["own"] == "router of workshop"
    assert rows["backend"].startswith("in bridge, called back on ")
    assert rows["server"].startswith("router of bridge, serves 7488")
    assert [door.host for door in cards["office"].doors] == ["box"]


def test_only_what_crosses_the_internet_is_drawn_there() -> None:
    drawn = scene()
    assert {(line.source, line.target) for line in drawn.trunks} == {("far", "office"), ("office", "far")}
    assert ("pc", "server") in {(line.source, line.target) for line in drawn.lines}
