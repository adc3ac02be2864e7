# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake at once: each is found, with its cure, and nothing of what there was is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plays.mistakes import Expected, check_stopped, check_told, planned
from tests.plays.network import Network, Outcome, tree

MISTAKES = Path(__file__).parent / "inventories" / "mistakes.yml"

EXPECTED: dict[str, Expected] = {
    "unknown service": Expected("FXN201", "unknown-service", "faxnet_uses[0].service", "service: netcfaks"),
    "unknown server": Expected("FXN202", "unknown-server", "faxnet_uses[0].server", "server: fl-fx"),
    "host in no site": Expected("FXN106", "homeless", "faxnet_site", "homeless:"),
    "address outside its site": Expected("FXN108", "outside", "faxnet_address", "10.9.0.13"),
    "overlapping sites": Expected("FXN109", "", "faxnet_sites.york.networks[0]", "10.3.0.128/25"),
    "range below 1025": Expected("FXN302", "below", "faxnet_uses[0].callback.low", "low: 1024"),
    "range above 65000": Expected("FXN302", "above", "faxnet_uses[0].callback.low", "low: 64950"),
    "reversed range": Expected("FXN301", "reversed", "faxnet_uses[0].callback.low", "low: 9100"),
    "server's range below 1025": Expected(
        "FXN302", "fl-low", "faxnet_offers[0].callback_range", "callback_range: {low: 1000"
    ),
    "server's range reversed": Expected(
        "FXN301", "fl-back", "faxnet_offers[0].callback_range", "callback_range: {low: 30000"
    ),
    "range smaller than the instances": Expected("FXN303", "crowded", "faxnet_uses[0].callback.size", "size: 20"),
    "fixed port with remote desktop": Expected("FXN304", "fixed-rdp", "faxnet_uses[0].callback.mode", 'mode: "fixed"'),
    "two fixed clients behind one address": Expected(
        "FXN305", "fixed-two", "faxnet_uses[0].callback.port", "callback: {mode: fixed}"
    ),
    "pool exhausted": Expected(
        "FXN306", "pool-two", "faxnet_uses[0].callback", "{service: netcfax, server: fl-narrow, instances: 1}"
    ),
    "primary port inside a call-back range": Expected(
        "FXN307", "both-ends", "faxnet_uses[0].callback.low", "low: 9500"
    ),
    "server that nobody can reach": Expected(
        "FXN401", "cellar-fax", "faxnet_sites.cellar.public_address", "cellar: {networks"
    ),
    "well-known port": Expected("FXN205", "fl-mail", "faxnet_offers[0].primary_port", "primary_port: 25"),
    "text where a port belongs": Expected("FXN204", "fl-text", "faxnet_offers[0].primary_port", "primary_port: seven"),
    "text where a range's end belongs": Expected("FXN204", "numbers", "faxnet_uses[0].callback.low", "low: ten"),
    "text where a number belongs": Expected("FXN101", "wordy", "faxnet_uses[0].instances", "instances: many"),
    "newline in an address": Expected("FXN105", "newline", "faxnet_address", '"10.2.0.27\\n10.2.0.28"'),
    "quotes and braces in a site's name": Expected("FXN104", "", 'faxnet_sites.inject" { drop }', '"inject'),
    "nft syntax in a name": Expected("FXN104", "quoting", "faxnet_permits[0].name", "name: 'web"),
    "semicolon in a host's name": Expected("FXN104", "semi;colon", "inventory_hostname", '"semi;colon"'),
    "template that fails": Expected("FXN115", "untemplated", "faxnet_address", '"10.2.0.{{ nowhere }}"'),
    "variable with a typing error": Expected("FXN102", "typo", "faxnet_ofers", "[]"),
    "router between two realms": Expected("FXN119", "", "faxnet_sites.yard.realm", "realm: yard"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the inventory lies."""
    return tmp_path_factory.mktemp("mistakes")


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    """One run over all of them."""
    return planned(MISTAKES, folder)


@pytest.mark.parametrize("expected", EXPECTED.values(), ids=EXPECTED.keys())
def test_a_mistake_is_one_finding_with_its_place_and_a_cure(outcome: Outcome, folder: Path, expected: Expected) -> None:
    check_told(outcome, folder, expected)


def test_there_are_no_others_and_the_run_stops_there(outcome: Outcome) -> None:
    check_stopped(outcome, EXPECTED.values())


@pytest.mark.fault("inventory")
def test_plan_and_lock_file_stay_as_they_were(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    network.planned()
    before = tree(network.folder / ".faxnet"), network.lock.read_bytes(), network.lock.stat().st_mtime_ns
    assert before[0]
    network.write(MISTAKES.read_text(encoding="utf-8"))
    assert network.run("faxnet.deploy.plan", "--diff").code != 0
    assert (tree(network.folder / ".faxnet"), network.lock.read_bytes(), network.lock.stat().st_mtime_ns) == before


@pytest.mark.fault("inventory")
def test_no_host_is_touched_by_the_site_playbook(network: Network) -> None:
    network.write(MISTAKES.read_text(encoding="utf-8"))
    outcome = network.run("faxnet.deploy.site")
    assert outcome.code != 0
    assert set(outcome.changed) == {"localhost"}
    assert "PLAY [Plan the network]" in outcome.text
    assert "PLAY [Sort hosts by their part of the plan]" not in outcome.text


def test_an_unreadable_lock_file_stops_the_run_and_stays(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    network.lock.write_text('{"format": 1, "callback_ranges": {"uk-pc1/netcfax": "high"}}')
    outcome = network.run("faxnet.deploy.plan")
    assert [item["code"] for item in outcome.plan["findings"]] == ["FXN314"]
    assert "high" in network.lock.read_text()


def test_an_inventory_without_hosts_is_said_to_be_one(network: Network) -> None:
    network.write("all: {}\n")
    outcome = network.run("faxnet.deploy.plan")
    assert outcome.code != 0
    assert "The inventory holds no host" in outcome.text
