# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake with the products and with profiles of one's own at once: each is found, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plays.mistakes import Expected, check_stopped, check_told, errors_of, planned
from tests.plays.network import Outcome

MISTAKES = Path(__file__).parent / "inventories" / "mistakes_products.yml"

EXPECTED: dict[str, Expected] = {
    "exchange with a typing error": ("FXN102", "spelled", "faxnet_offers[0].exchanges[1]"),
    "part of an exchange by itself": ("FXN102", "parted", "faxnet_offers[0].exchanges[1]"),
    "no exchange": ("FXN103", "emptied", "faxnet_offers[0].exchanges"),
    "switch that is a word": ("FXN101", "switcher", "faxnet_uses[0].exchanges.alert"),
    "exchange that the server does not run": ("FXN214", "hoper", "faxnet_uses[0].exchanges"),
    "template that fails": ("FXN115", "untemplated", "faxnet_offers[0].exchanges"),
    "public as a text": ("FXN101", "public-text", "faxnet_offers[0].public"),
    "public with nothing for the public": ("FXN215", "inside-only", "faxnet_offers[0].public"),
    "public where nobody gets in": ("FXN401", "cellar-mail", "faxnet_sites.cellar.public_address"),
    "two public services on one port": ("FXN404", "plant-post", "faxnet_offers"),
    "IPX": ("FXN211", "ipx-press", "faxnet_offers[0].protocol"),
    "port 0": ("FXN204", "portless", "faxnet_offers[0].port"),
    "range not said": ("FXN103", "rangeless", "faxnet_offers[0].media_tcp"),
    "range reversed": ("FXN204", "backward", "faxnet_offers[0].media_udp"),
    "newline in an address": ("FXN105", "unresolved", "faxnet_offers[0].dns_servers[0]"),
    "two services on one port": ("FXN210", "crowded-port", "faxnet_offers[1]"),
    "call-back settings without call-backs": ("FXN313", "called-back", "faxnet_uses[0].callback"),
    "alert through NAT with nothing to ride on": ("FXN407", "walked", "faxnet_uses[0].exchanges.tell"),
    "filter without state where a helper is needed": ("FXN502", "helpless", "faxnet_platform"),
    "profile: idle": ("FXN209", "", "faxnet_services.p-idle.exchanges[0].idle"),
    "profile: helper": ("FXN209", "", "faxnet_services.p-helper.exchanges[0].helper"),
    "profile: source_ports": ("FXN209", "", "faxnet_services.p-source.exchanges[0].source_ports"),
    "profile: part_of": ("FXN209", "", "faxnet_services.p-part.exchanges[0].part_of"),
    "profile: rides_on": ("FXN209", "", "faxnet_services.p-ride.exchanges[1].rides_on"),
    "profile: with": ("FXN209", "", "faxnet_services.p-with.exchanges[0].with"),
    "profile: only": ("FXN209", "", "faxnet_services.p-only.exchanges[0].only"),
    "profile: broadcast": ("FXN209", "", "faxnet_services.p-broadcast.broadcast.response"),
    "profile: mapped_ipv4": ("FXN209", "", "faxnet_services.p-mapped.mapped_ipv4"),
    "profile: kind of a setting": ("FXN209", "", "faxnet_services.p-kind.settings.port.kind"),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run over all of them."""
    return planned(MISTAKES, tmp_path_factory.mktemp("mistakes"))


@pytest.mark.acceptance("FP-05")
@pytest.mark.parametrize("expected", EXPECTED.values(), ids=EXPECTED.keys())
def test_a_mistake_is_one_finding_with_a_cure(outcome: Outcome, expected: Expected) -> None:
    check_told(outcome, expected)


def test_there_are_no_others_and_the_run_stops_there(outcome: Outcome) -> None:
    check_stopped(outcome, EXPECTED.values())


@pytest.mark.acceptance("NR-23")
def test_a_device_that_lacks_an_ability_is_refused_with_the_ability_and_who_needs_it(outcome: Outcome) -> None:
    (found,) = [item for item in errors_of(outcome) if item["code"] == "FXN502"]
    assert found["value"] == "nftables_stateless"
    assert "cannot hold the connection-tracking helper ftp" in found["message"]
    assert "hylafax.control/of-helpless>helpless needs" in found["message"]
