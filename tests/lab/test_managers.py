# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and routers with a packet filter of their own are spoken through, and keep it.

The tests follow each other as an administrator's days do. Each looks at every host.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.kept_filters import FORWARDING, HOSTS, PLANNED, REJECTED, RELOAD, Office, office_in, texts

pytestmark = [pytest.mark.lab, pytest.mark.labs]

#: What is open where the plan is in force.
PERMITTED = {f"{way} {version} {PLANNED}" for way in ("in", "through") for version in (4, 6)}
OPEN = {name: PERMITTED | ({f"in 4 {REJECTED}"} if name != "ufw" else set()) for name in HOSTS}
#: What somebody does who does not know what the rule is good for.
BY_HAND = {
    "ufw": "iptables -D ufw-after-input 1",
    "iptables": "iptables -D INPUT 1",
    "nftables": "nft -a list chain inet site input | sed -n 's/.*faxnet.deploy.*# handle //p' | "
    "xargs nft delete rule inet site input handle",
    "firewalld": "firewall-cmd --policy faxnet-in --list-rich-rules | grep 7488 | "
    'while read -r rule; do firewall-cmd --quiet --policy faxnet-in --remove-rich-rule "$rule" </dev/null; done',
}
NOTHING: dict[str, set[str]] = {name: set() for name in HOSTS}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("managers")) as made:
        yield made


@pytest.fixture(scope="module")
def before(office: Office) -> dict[str, str]:
    """What each host's owner has before there is anything of ours."""
    assert office.open() == NOTHING
    return office.picture()


def test_a_check_shows_the_change_and_makes_none(office: Office, before: dict[str, str]) -> None:
    shown = office.apply("--check", "--diff")
    for name, result in shown.items():
        assert result["changed"], name
        said = "/etc/firewalld/policies/faxnet-fwd.xml" if name == "firewalld" else "passages"
        assert any(difference.startswith(said[:7]) for difference in result["differences"]), result
        assert "faxnet.deploy" in next(part["after"] for part in result["diff"] if part["before_header"] == said), name
    assert office.changes(before) == {}


@pytest.mark.fault("controller dies")
def test_a_change_that_nobody_confirms_leaves_each_filter_as_it_was(office: Office, before: dict[str, str]) -> None:
    made = office.apply(texts=texts(), settings=list(FORWARDING), patience=6)
    assert {name for name, result in made.items() if result.get("transaction")} == set(HOSTS)
    until = time.monotonic() + 20
    while (changes := office.changes(before)) and time.monotonic() < until:
        time.sleep(0.5)
    assert changes == {}
    assert office.open() == NOTHING


@pytest.mark.fault("reboot")
def test_a_boot_before_the_confirmation_brings_firewalld_as_it_was(office: Office, before: dict[str, str]) -> None:
    """Its policy must be a file before it can be tried; of all others no file has changed by then."""
    office.apply("--limit", "firewalld", texts=texts(), settings=list(FORWARDING), patience=120)
    assert "faxnet-in-try" in office.inside("firewalld", "firewall-cmd --get-policies")
    office.boot("firewalld")
    assert "faxnet" not in office.inside("firewalld", "firewall-cmd --get-policies; nft list tables")
    assert office.changes(before) == {}


@pytest.mark.fault("kept filter")
def test_what_the_plan_permits_passes_on_every_host_and_nothing_else(office: Office, before: dict[str, str]) -> None:
    with office.session() as lives:
        made = office.apply()
    assert lives == dict.fromkeys(HOSTS, True)
    for name, result in made.items():
        assert (result["changed"], result.get("confirmed")) == (True, True), (name, result)
        assert result["others"] == [], name
    assert office.loose_ends() == dict.fromkeys(HOSTS, "")
    assert office.open() == OPEN
    assert set(office.changes(before)) == set(HOSTS)


@pytest.mark.fault("kept filter")
def test_each_programs_own_reload_and_a_boot_keep_the_way_open(office: Office) -> None:
    office.on_each({name: " ".join(command) for name, command in RELOAD.items()})
    assert office.open() == OPEN
    kept = office.picture()
    office.boot()
    assert office.open() == OPEN
    assert office.changes(kept) == {}


def test_another_run_changes_nothing(office: Office) -> None:
    again = office.apply()
    assert {name: result["differences"] for name, result in again.items()} == {name: [] for name in HOSTS}
    assert {name: result["changed"] for name, result in again.items()} == dict.fromkeys(HOSTS, False)


@pytest.mark.fault("kept filter", "by hand")
def test_what_somebody_takes_away_by_hand_the_next_run_brings_back(office: Office) -> None:
    kept = office.picture()
    office.on_each(BY_HAND)
    assert {name for name, found in office.open().items() if f"in 4 {PLANNED}" in found} == set()
    made = office.apply()
    assert {name: result.get("confirmed") for name, result in made.items()} == dict.fromkeys(HOSTS, True)
    assert office.open() == OPEN
    assert office.changes(kept) == {}


@pytest.mark.fault("kept filter")
def test_absent_leaves_each_filter_byte_for_byte(office: Office, before: dict[str, str]) -> None:
    gone = office.apply(state="absent")
    assert {name for name, result in gone.items() if result["confirmed"]} == set(HOSTS)
    assert office.changes(before) == {}
    assert office.open() == NOTHING
