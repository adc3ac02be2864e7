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
    "exchange with a typing error": Expected("FXN102", "spelled", "faxnet_offers[0].exchanges[1]", "imup"),
    "part of an exchange by itself": Expected("FXN102", "parted", "faxnet_offers[0].exchanges[1]", "dns_tcp"),
    "no exchange": Expected("FXN103", "emptied", "faxnet_offers[0].exchanges", "exchanges: []"),
    "switch that is a word": Expected("FXN101", "switcher", "faxnet_uses[0].exchanges.alert", "alert: never"),
    "exchange that the server does not run": Expected(
        "FXN214", "hoper", "faxnet_uses[0].exchanges", "exchanges: [imap, ldap]"
    ),
    "template that fails": Expected("FXN115", "untemplated", "faxnet_offers[0].exchanges", 'exchanges: "{{'),
    "public as a text": Expected("FXN101", "public-text", "faxnet_offers[0].public", 'public: "true"'),
    "public with nothing for the public": Expected(
        "FXN215", "inside-only", "faxnet_offers[0].public", "public: true, exchanges: [web_admin]"
    ),
    "public where nobody gets in": Expected(
        "FXN401", "cellar-mail", "faxnet_sites.cellar.public_address", "cellar: {networks"
    ),
    "two public services on one port": Expected(
        "FXN404", "plant-post", "faxnet_offers", "[{public: true, service: kerio_connect"
    ),
    "IPX": Expected("FXN211", "ipx-press", "faxnet_offers[0].protocol", "protocol: ipx"),
    "port 0": Expected("FXN204", "portless", "faxnet_offers[0].port", "port: 0"),
    "range not said": Expected(
        "FXN103", "rangeless", "faxnet_offers[0].media_tcp", "{service: communigate, exchanges: [media_tcp]}"
    ),
    "range reversed": Expected("FXN204", "backward", "faxnet_offers[0].media_udp", "media_udp: 60099-60000"),
    "newline in an address": Expected(
        "FXN105", "unresolved", "faxnet_offers[0].dns_servers[0]", '"192.0.2.53\\n; accept"'
    ),
    "two services on one port": Expected(
        "FXN210", "crowded-port", "faxnet_offers[1]", "{service: kerio_connect, exchanges: [imap]}"
    ),
    "call-back settings without call-backs": Expected(
        "FXN313", "called-back", "faxnet_uses[0].callback", "callback: {size: 10}"
    ),
    "alert through NAT with nothing to ride on": Expected(
        "FXN407", "walked", "faxnet_uses[0].exchanges.tell", "{service: walker, server: walking}"
    ),
    "filter without state where a helper is needed": Expected(
        "FXN502", "helpless", "faxnet_platform", "nftables_stateless"
    ),
    "profile: idle": Expected("FXN209", "", "faxnet_services.p-idle.exchanges[0].idle", "idle: 5m"),
    "profile: helper": Expected("FXN209", "", "faxnet_services.p-helper.exchanges[0].helper", 'helper: "ftp; flush'),
    "profile: source_ports": Expected(
        "FXN209", "", "faxnet_services.p-source.exchanges[0].source_ports", "source_ports: names"
    ),
    "profile: part_of": Expected("FXN209", "", "faxnet_services.p-part.exchanges[0].part_of", "part_of: nothing"),
    "profile: rides_on": Expected("FXN209", "", "faxnet_services.p-ride.exchanges[1].rides_on", "rides_on: ask"),
    "profile: with": Expected("FXN209", "", "faxnet_services.p-with.exchanges[0].with", "with: anybody"),
    "profile: only": Expected("FXN209", "", "faxnet_services.p-only.exchanges[0].only", "only: one_house"),
    "profile: broadcast": Expected("FXN209", "", "faxnet_services.p-broadcast.broadcast.response", "response: tell"),
    "profile: mapped_ipv4": Expected("FXN209", "", "faxnet_services.p-mapped.mapped_ipv4", 'mapped_ipv4: "on"'),
    "profile: kind of a setting": Expected(
        "FXN209", "", "faxnet_services.p-kind.settings.port.kind", "kind: ports_and_addresses"
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the inventory lies."""
    return tmp_path_factory.mktemp("mistakes")


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    """One run over all of them."""
    return planned(MISTAKES, folder)


@pytest.mark.acceptance("FP-05")
@pytest.mark.parametrize("expected", EXPECTED.values(), ids=EXPECTED.keys())
def test_a_mistake_is_one_finding_with_its_place_and_a_cure(outcome: Outcome, folder: Path, expected: Expected) -> None:
    check_told(outcome, folder, expected)


def test_there_are_no_others_and_the_run_stops_there(outcome: Outcome) -> None:
    check_stopped(outcome, EXPECTED.values())


@pytest.mark.acceptance("NR-23")
def test_a_device_that_lacks_an_ability_is_refused_with_the_ability_and_who_needs_it(outcome: Outcome) -> None:
    (found,) = [item for item in errors_of(outcome) if item["code"] == "FXN502"]
    assert found["value"] == "nftables_stateless"
    assert "cannot hold the connection-tracking helper ftp" in found["message"]
    assert "hylafax.control/of-helpless>helpless needs" in found["message"]
