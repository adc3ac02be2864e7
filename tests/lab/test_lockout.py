# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that shut the controller out are refused, or undo themselves.

What became of the host is looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.managed_box import CONTROL, Box, managed_box, managed_from
from tests.unit.platforms.policies import permit, policy

pytestmark = pytest.mark.lab

LET_IN = managed_from(CONTROL, input=[permit("192.0.2.1", "10.77.0.10")])


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One host with rules for all tests here; each leaves them as it found them, so that each may run alone."""
    with managed_box(tmp_path_factory.mktemp("lockout")) as made:
        first = made.apply(LET_IN).task
        assert (first["changed"], first["confirmed"], first["confirmed_over"]) == (True, True, "ssh")
        yield made


def test_rules_that_let_the_controller_in_are_confirmed_over_a_new_connection_and_then_left_alone(box: Box) -> None:
    other = managed_from(CONTROL, input=[permit("192.0.2.3", "10.77.0.10")])
    for wanted, source in ((other, "192.0.2.3"), (LET_IN, "192.0.2.1")):
        changed = box.apply(wanted).task
        assert (changed["changed"], changed["confirmed"], changed["confirmed_over"]) == (True, True, "ssh")
        assert f"{source} . 10.77.0.10 . 7488" in box.rules
        again = box.apply(wanted).task
        assert (again["changed"], again["differences"]) == (False, [])


def test_check_mode_over_ssh_shows_the_change_and_makes_none(box: Box) -> None:
    rules, file = box.rules, box.file
    shown = box.apply(managed_from(CONTROL, input=[permit("192.0.2.2", "10.77.0.10")]), "--check", "--diff").task
    assert shown["changed"]
    assert "192.0.2.2 . 10.77.0.10" in shown["diff"][0]["after"]
    assert (box.rules, box.file) == (rules, file)


@pytest.mark.fault("shut out")
@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["for real", "check"])
@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(managed_from("192.0.2.0/24"), id="its address"),
        pytest.param(
            policy(management=[{"transport": "tcp", "ports": "2222", "sources": [CONTROL]}]),
            id="its port",
            marks=pytest.mark.labs,
        ),
    ],
)
def test_rules_that_shut_the_controller_out_are_refused_at_once(
    box: Box, wanted: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    rules, file = box.rules, box.file
    shut = box.apply(wanted, *arguments).task
    assert (shut["failed"], shut["changed"]) == (True, False)
    assert "nothing was changed: this run's own SSH session comes from 10.77.0.1 to port 22" in shut["msg"]
    assert "faxnet_management" in shut["msg"]
    assert (box.rules, box.file) == (rules, file)
    assert not box.apply(LET_IN).task["changed"]


@pytest.mark.labs
def test_without_pipelining_the_session_is_found_too(box: Box) -> None:
    shut = box.apply(managed_from("192.0.2.0/24"), "-e", "ansible_pipelining=false").task
    assert "this run's own SSH session comes from 10.77.0.1" in shut["msg"]


@pytest.mark.labs
def test_a_session_that_a_permit_lets_in_is_let_in(box: Box) -> None:
    permitted = {"name": "ssh", "transport": "tcp", "ports": "22", "sources": [CONTROL]}
    changed = box.apply(managed_from("192.0.2.0/24", openings=[permitted])).task
    assert (changed["changed"], changed["confirmed"]) == (True, True)
    assert box.apply(LET_IN).task["confirmed"]


@pytest.mark.labs
@pytest.mark.fault("shut out on the way")
def test_where_something_else_shuts_the_controller_out_the_rules_undo_themselves(box: Box) -> None:
    """It stands for a router on the way: it shuts the port while the new rules are there."""
    rules, file = box.rules, box.file
    other = "table inet other { chain c { type filter hook input priority -10; tcp dport 22 ct state new drop; }; }"
    box.inside(
        *("systemd-run", "--quiet", "--unit=other", "--collect", "sh", "-c"),
        "new() { nft list table inet faxnet | grep -q 192.0.2.9; }; until new; do sleep 0.1; done; "
        f"nft '{other}'; while new; do sleep 0.1; done; nft delete table inet other",
    )
    shut = box.apply(managed_from(CONTROL, input=[permit("192.0.2.9", "10.77.0.10")])).task
    assert (shut["failed"], shut["changed"]) == (True, False)
    assert "no new connection to this host came about, so the old rules are back" in shut["msg"]
    assert "faxnet_management" in shut["msg"]
    assert (box.rules, box.file) == (rules, file)
    assert not box.apply(LET_IN).task["changed"]
