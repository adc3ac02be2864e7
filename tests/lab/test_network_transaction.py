# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever fails, every device of a network has its new rules in the end, or every device has its old ones."""

from __future__ import annotations

import os
import random

import pytest

from tests.lab.estate import CHANGED, CONFIRM, HOLD_ALONE, INVENTORY, MANAGED, Estate, breaking

pytestmark = [pytest.mark.lab(INVENTORY.name), pytest.mark.labs]


def test_check_mode_shows_the_change_and_makes_none(estate: Estate) -> None:
    before = estate.prepare()
    status, printed = estate.deploy("--check", "--diff")
    assert status == 0, printed
    assert "netcfax.scp/branch-fax>annex-pc" in printed
    assert estate.difference(before) == ""


#: A step of the change on a device, and what makes it fail there. The table is there before it is loaded anew, and not
#: where it is rehearsed. The first timer of systemd-run is that of the change, the next ones are those that hold it: by
#: the device's own task, and when all others hold theirs. Whoever keeps a change asks systemd for its units once more.
STEPS = {
    "load": ("nft", 'if [ "$*" = "-f -" ] && "$REAL" list table inet faxnet; then exit 1; fi; exec "$REAL" "$@"'),
    "timer": ("systemd-run", "exit 1"),
    "hold": ("systemd-run", '[ -e /run/broken ] && exit 1; touch /run/broken; exec "$REAL" "$@"'),
    "hold again": (
        "systemd-run",
        '[ -e /run/broken2 ] && exit 1; [ -e /run/broken ] && touch /run/broken2; touch /run/broken; exec "$REAL" "$@"',
    ),
    "keep": (
        "systemctl",
        'if [ "$1" = show ] && [ ! -e /run/broken ] && ls /run/faxnet/firewall/*/confirmed; then touch /run/broken; '
        'exit 1; fi; exec "$REAL" "$@"',
    ),
}


def fails(estate: Estate, host: str, step: str) -> None:
    """A device that fails in a step is named, and all have their old rules."""
    before = estate.prepare()
    with breaking(estate, host, *STEPS[step]):
        status, printed = estate.deploy()
    assert status != 0, printed
    assert host in printed
    assert (estate.difference(before), estate.waiting()) == ("", [])


@pytest.mark.fault("one fails")
@pytest.mark.slow
@pytest.mark.parametrize("host", CHANGED)
@pytest.mark.parametrize("step", STEPS)
def test_each_device_fails_once_at_each_step(estate: Estate, host: str, step: str) -> None:
    fails(estate, host, step)


@pytest.mark.slow
def test_after_all_failures_the_plan_can_be_put_in_force(estate: Estate) -> None:
    before = estate.prepare()
    status, printed = estate.deploy()
    assert status == 0, printed
    after = estate.picture
    assert {host for host in MANAGED if after[host] != before[host]} == set(CHANGED)


@pytest.mark.fault("silent router")
@pytest.mark.slow
def test_a_router_that_does_not_answer_stops_the_run_before_anything_is_changed(estate: Estate) -> None:
    before = estate.prepare()
    estate.inside("branch-router", "systemctl stop ssh")
    try:
        status, printed = estate.deploy()
    finally:
        estate.inside("branch-router", "systemctl start ssh")
    assert status != 0
    assert "branch-router cannot be reached, and is a router in this plan; nothing was changed" in printed
    assert estate.difference(before) == ""


@pytest.mark.fault("silent host")
@pytest.mark.slow
def test_a_host_that_does_not_answer_keeps_nobody_from_his_rules(estate: Estate) -> None:
    before = estate.prepare()
    estate.inside("annex-pc", "systemctl stop ssh")
    try:
        _status, printed = estate.deploy()
    finally:
        estate.inside("annex-pc", "systemctl start ssh")
    after = estate.picture
    assert {host for host in MANAGED if after[host] != before[host]} == set(CHANGED) - {"annex-pc"}, printed


def kill_at_moments(estate: Estate, moments: int) -> None:
    """Each time: all devices have their new rules in the end, or all their old ones.

    By turns the playbook's own process is killed, and all of the run's.
    """
    seed = int(os.environ.get("FAULT_SEED", "1"))
    chance = random.Random(seed)  # noqa: S311 nothing secret
    tasks, now = 0, 0
    for now in (1, 2):
        estate.plan(now)
        status, printed = estate.deploy()
        assert status == 0, printed
        estate.pictures[now], tasks = estate.picture, printed.count("TASK [")
    pictures = estate.pictures
    number, early = 0, 0
    while number < moments:
        wanted = 3 - now
        estate.plan(wanted)
        begun = chance.randint(1, tasks)
        if estate.kill("TASK", begun, chance.uniform(0, 1.5), whole=bool(number % 2)):
            number += 1
        else:
            early += 1
            assert early <= moments, "the machine is too busy: most runs end before they are killed"
        found = estate.settled(HOLD_ALONE + CONFIRM, pictures[now], pictures[wanted])
        whole = [plan for plan, picture in pictures.items() if picture == found]
        assert whole, (
            f"half changed; FAULT_SEED={seed}, kill {number} after {begun} tasks of {tasks}\n"
            + estate.difference(pictures[now])
        )
        now = whole[0]


@pytest.mark.fault("controller killed")
@pytest.mark.slow
def test_a_controller_killed_at_fifty_moments_leaves_the_network_whole(estate: Estate) -> None:
    kill_at_moments(estate, int(os.environ.get("FAULTS", "50")))
    status, printed = estate.deploy()
    assert status == 0, printed


@pytest.mark.fault("two runs")
@pytest.mark.slow
def test_of_two_controllers_at_once_none_is_harmed(estate: Estate) -> None:
    before = estate.prepare()
    with estate.start("faxnet.deploy.deploy") as first, estate.start("faxnet.deploy.deploy") as second:
        printed = [playing.communicate()[0] for playing in (first, second)]
    found = estate.settled(0, before)
    for playing, text in zip((first, second), printed, strict=True):
        assert (
            playing.returncode == 0
            or "another run is changing this host's rules" in text
            or "keeps its old rules" in text
        )
    assert len({found[host] == before[host] for host in CHANGED}) == 1, printed
    status, text = estate.deploy()
    assert status == 0, text
