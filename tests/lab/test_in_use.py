# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing in use stops unless the user said so by name: an office that does much beside fax gets its rules.

The tests follow each other as an administrator's day does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.lab.office_in_use import ATTEMPTS, Office, office_in

pytestmark = [pytest.mark.lab, pytest.mark.labs]

_EVERYTHING = {f"{place}: {name}" for place, attempts in ATTEMPTS.items() for name in attempts}
#: What each host must say of itself: a piece of the line on which a loss stands.
_NAMED = {
    "office-router": (
        *("udp port 51821", "gre", "vrrp", "udp port 67", "udp port 53", "8443", "8080"),
        *("10.91.2.0/24", "10.99.0.0/24", "fd91:1::/64"),
    ),
    "office-fax": ("tcp port 9100", "udp port 5140", "udp port 51820", "udp port 53", "8081"),
}
#: What the administrator gives up on each host: what its permit would say, and what the loss says. Each attempt at it
#: is a connection of its own; one that runs on is spared by a first activation, as a call should be.
_GIVEN_UP: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "office-router": ({"protocols": ["udp"], "ports": [53]}, {"protocol": "udp", "ports": [53]}),
    "office-fax": ({"protocols": ["udp"], "ports": [5140]}, {"protocol": "udp", "ports": [5140]}),
}
_STOPPED = {"guest: names from the router", "neighbour: datagrams of the fax server"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("office")) as made:
        yield made


def refusals(printed: str) -> dict[str, str]:
    """The message by which each host refused its own rules."""
    found = re.finditer(r"^fatal: \[([^\]]+)\]: FAILED! => ", printed, re.MULTILINE)
    said = [(each[1], json.JSONDecoder().raw_decode(printed, each.end())[0]["msg"]) for each in found]
    return {host: message for host, message in said if message.startswith("nothing was changed")}


def blocks(message: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """What a refusal gives to paste: to keep, and to give up."""
    _listed, keep, give_up = re.split(r"\n\n(?=faxnet_)", message)
    return yaml.safe_load(keep.split("\n\n")[0]), yaml.safe_load(give_up)


def lost(found: dict[str, tuple[int, int, str]]) -> dict[str, str]:
    """What did not come about at some time, with the reason."""
    assert set(found) == _EVERYTHING
    return {name: why for name, (_passed, failed, why) in found.items() if failed}


def test_everything_comes_about_before_there_are_rules(office: Office) -> None:
    with office.probing() as found:
        pass
    assert lost(found) == {}


def test_a_check_lists_what_would_stop_and_changes_nothing(office: Office) -> None:
    office.plan()
    before = [office.inside(host, "nft list ruleset | grep -v counter") for host in _NAMED]
    with office.probing() as found:
        _status, printed = office.play("faxnet.deploy.deploy", "--check")
    for host, pieces in _NAMED.items():
        assert [piece for piece in pieces if piece not in printed] == [], (host, printed)
    assert [office.inside(host, "nft list ruleset | grep -v counter") for host in _NAMED] == before
    assert lost(found) == {}


def test_without_consent_a_run_ends_and_nothing_stops(office: Office) -> None:
    with office.probing() as found:
        status, printed = office.play("faxnet.deploy.deploy")
    assert status != 0
    # The fax server says what it would lose though its router, which comes first, has refused already.
    for host, pieces in _NAMED.items():
        assert [piece for piece in pieces if piece not in printed] == [], (host, printed)
    assert "office-router" in refusals(printed)
    assert "office-fax: in a run, nothing was changed" in printed
    assert lost(found) == {}
    for host in _NAMED:
        assert "table inet faxnet" not in office.inside(host, "nft list tables")


def consent(office: Office, host: str, message: str) -> None:
    """Paste what a refusal gives, but for one use of the host, which is given up."""
    keep, give_up = blocks(message)
    permit, loss = _GIVEN_UP[host]
    chosen = {
        variable: [entry for entry in entries if not permit.items() <= entry.items()]
        for variable, entries in keep.items()
    }
    assert sum(map(len, keep.values())) - sum(map(len, chosen.values())) == 1
    accepted = [entry for entry in give_up["faxnet_accepted_losses"] if loss.items() <= entry.items()]
    assert len(accepted) == 1
    office.paste(host, {**chosen, "faxnet_accepted_losses": accepted})


def test_with_consent_exactly_what_was_given_up_stops(office: Office) -> None:
    asked = set()
    for _round in range(1 + len(_GIVEN_UP)):
        office.plan()
        with office.probing() as found:
            status, printed = office.play("faxnet.deploy.deploy")
        if status == 0:
            break
        # The network tries new rules, and takes them back when one host refuses its own.
        assert set(lost(found)) <= _STOPPED
        for host in _GIVEN_UP.keys() & refusals(printed).keys():
            consent(office, host, refusals(printed)[host])
            asked.add(host)
    assert status == 0, printed
    assert asked == set(_GIVEN_UP)
    assert set(lost(found)) == _STOPPED
    assert set(office.cut()) == _STOPPED


def test_another_run_finds_nothing_to_change_and_asks_for_nothing(office: Office) -> None:
    with office.probing() as found:
        status, printed = office.play("faxnet.deploy.deploy")
    assert status == 0, printed
    assert re.findall(r"changed=[1-9]\d*", printed) == []
    assert set(lost(found)) == _STOPPED


def test_what_was_given_up_comes_back_once_it_is_permitted(office: Office) -> None:
    for number, (host, (permit, _loss)) in enumerate(_GIVEN_UP.items()):
        office.paste(host, {"faxnet_permits": [{"name": f"wanted-after-all-{number}", **permit}]})
    office.plan()
    with office.probing() as found:
        status, printed = office.play("faxnet.deploy.deploy")
    assert status == 0, printed
    assert set(lost(found)) == _STOPPED
    assert office.cut() == {}
