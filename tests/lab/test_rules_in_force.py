# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in force survive what hosts do with their services and files, spare what runs, and go without a trace.

What became of the host is looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.managed_box import CONTROL, Box, managed_box, managed_from
from tests.lab.prober import knocking
from tests.lab.talkers import talking
from tests.unit.platforms.policies import permit

# It is the lab of test_lockout once more: on the same worker, one after the other.
pytestmark = [pytest.mark.lab("lockout"), pytest.mark.labs]

LET_IN = managed_from(CONTROL, input=[permit("192.0.2.1", "10.77.0.10")])


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """One host with rules for all tests here; each leaves them as it found them."""
    with managed_box(tmp_path_factory.mktemp("rules_in_force")) as made:
        assert made.apply(LET_IN).task["confirmed"]
        yield made


ADDRESS = "10.77.0.10"
DROP_IN = "/etc/systemd/system/nftables.service.d/zz-faxnet.conf"
UNIT, THEIRS = "faxnet-firewall.service", "nftables.service"
#: What a host's owner may do, and a prober that must not see a moment without rules while it is done.
EVENTS = {
    "start": [["start", THEIRS]],
    "start that changes nothing": [["start", THEIRS], ["start", THEIRS]],
    "reload": [["start", THEIRS], ["reload", THEIRS]],
    "restart": [["restart", THEIRS]],
    "stop": [["start", THEIRS], ["stop", THEIRS]],
    "ten restarts in a row": [["restart", THEIRS]] * 10,
    "ten reloads in a row": [["start", THEIRS], *[["reload", THEIRS]] * 10],
    "stop and start, ten times": [["stop", THEIRS], ["start", THEIRS]] * 10,
    "ten reloads of our own unit": [["reload", UNIT]] * 10,
}


def test_the_prober_sees_a_moment_without_rules(box: Box) -> None:
    rules = box.inside("nft", "list", "ruleset")
    with knocking(box.control, ADDRESS) as prober:
        box.inside("sh", "-c", "nft flush ruleset; sleep 0.02; nft -f /etc/faxnet/nftables.nft")
    assert "chain faxnet_input" in rules
    assert 0 < prober.answers < prober.knocks


@pytest.mark.fault("nftables.service")
@pytest.mark.parametrize("event", EVENTS)
def test_whatever_is_done_with_the_hosts_services_no_packet_meets_a_moment_without_rules(box: Box, event: str) -> None:
    """Debian's nftables.service flushes everything when it starts, reloads and stops."""
    rules = box.ours
    with knocking(box.control, ADDRESS) as prober:
        for command in EVENTS[event]:
            box.inside("systemctl", *command)
    assert (prober.answers, prober.knocks > 50) == (0, True)
    assert box.ours == rules
    assert box.inside("systemctl", "is-active", UNIT) == "active\n"
    again = box.apply(LET_IN).task
    assert (again["changed"], again["differences"]) == (False, [])


def test_the_hosts_own_rules_are_loaded_and_taken_away_by_its_own_service(box: Box) -> None:
    box.inside("systemctl", "restart", THEIRS)
    assert "table inet filter" in box.rules
    box.inside("systemctl", "stop", THEIRS)
    assert "table inet filter" not in box.rules


@pytest.mark.fault("unit")
def test_what_a_flush_by_hand_or_a_stopped_unit_took_away_the_next_run_brings_back(box: Box) -> None:
    rules = box.ours
    for by_hand, differences in (
        ("nft flush ruleset", ["table inet faxnet"]),
        (f"systemctl stop {UNIT}", ["table inet faxnet", UNIT]),
        (f"systemctl stop {UNIT}; nft -f /etc/faxnet/nftables.nft", [UNIT]),
        (f"systemctl disable --quiet {UNIT}", [f"/etc/systemd/system/sysinit.target.wants/{UNIT}"]),
        ("rm /etc/systemd/system/nftables.service.d/zz-faxnet.conf; systemctl daemon-reload", [DROP_IN]),
    ):
        box.inside("sh", "-c", by_hand)
        shown = box.apply(LET_IN, "--check", "--diff").task
        assert (shown["changed"], shown["differences"]) == (True, differences)
        made = box.apply(LET_IN).task
        assert (made["changed"], made["differences"]) == (True, differences)
        assert box.apply(LET_IN).task["differences"] == []
        assert (box.ours, box.inside("systemctl", "is-active", UNIT)) == (rules, "active\n")


@pytest.mark.fault("nftables.service")
def test_a_reboot_with_a_service_that_flushes_shows_no_moment_without_rules(box: Box) -> None:
    box.inside("systemctl", "enable", "--quiet", THEIRS)
    rules = box.ours
    with knocking(box.control, ADDRESS) as prober:
        box.reboot()
    assert (prober.answers, prober.knocks > 50) == (0, True)
    assert box.ours == rules
    assert "table inet filter" in box.rules
    assert box.inside("systemctl", "is-active", UNIT, THEIRS) == "active\nactive\n"
    box.inside("systemctl", "disable", "--quiet", "--now", THEIRS)


@pytest.mark.fault("damaged file")
@pytest.mark.parametrize("damage", ["nonsense", ""], ids=["does not parse", "empty"])
def test_a_damaged_file_leaves_management_open_and_nothing_else_and_the_next_run_says_so(box: Box, damage: str) -> None:
    box.inside("sh", "-c", f"systemctl enable --quiet {THEIRS}; echo '{damage}' > /etc/faxnet/nftables.nft")
    with knocking(box.control, ADDRESS) as prober:
        box.reboot(state="degraded")
    assert (prober.answers, prober.knocks > 50) == (0, True)
    assert "192.0.2.1 . 10.77.0.10" not in box.rules
    assert 'tcp dport 22 counter accept comment "management"' in box.ours
    said = box.inside("journalctl", "--boot", "--priority=crit", "--unit", UNIT, "--output=cat")
    assert "/etc/faxnet/nftables.nft cannot be loaded; until the next run of faxnet.deploy this host lets only" in said
    cured = box.apply(LET_IN).task
    assert cured["changed"]
    assert UNIT in cured["differences"]
    assert "since then this host lets only management in" in cured["notices"][0]
    assert box.apply(LET_IN).task["differences"] == []
    box.inside("systemctl", "disable", "--quiet", "--now", THEIRS)


def test_a_mistake_in_the_hosts_own_file_takes_nothing_from_ours(box: Box) -> None:
    rules = box.ours
    box.inside("sh", "-c", "cp /etc/nftables.conf /var/tmp; echo nonsense >> /etc/nftables.conf")
    with knocking(box.control, ADDRESS) as prober:
        box.inside("sh", "-c", f"! systemctl restart {THEIRS}")
    box.inside("sh", "-c", f"mv /var/tmp/nftables.conf /etc; systemctl reset-failed {THEIRS}")
    assert (prober.answers, box.ours) == (0, rules)


PORT, KEPT = 7000, 7001


def open_to_control(*ports: int) -> dict[str, Any]:
    """A policy that opens ports to the controller, by TCP and UDP."""
    opened = [
        {"name": "talk", "transport": transport, "ports": str(port), "sources": [CONTROL]}
        for transport in ("tcp", "udp")
        for port in ports
    ]
    return managed_from(CONTROL, openings=opened)


@pytest.mark.fault("under traffic")
def test_what_a_change_takes_away_ends_and_the_rest_lives_on(box: Box) -> None:
    box.apply(open_to_control(PORT, KEPT))
    with talking(box.control, box.container, ADDRESS, (PORT, KEPT)) as talk:
        changed = box.apply(open_to_control(KEPT)).task
        assert (changed["confirmed"], changed["ended_sessions"]) == (True, 3)
        assert box.apply(open_to_control(KEPT)).task["ended_sessions"] == 0
    assert talk.lost == [f"silent {PORT}", f"tcp {PORT}", f"udp {PORT}"]
    assert not box.apply(LET_IN).task.get("failed")


@pytest.mark.slow
@pytest.mark.fault("under traffic")
def test_fifty_changes_over_ssh_lose_nobody_a_session(box: Box) -> None:
    box.apply(open_to_control(KEPT))
    with talking(box.control, box.container, ADDRESS, (KEPT,)) as talk:
        for number in range(50):
            changed = box.apply(open_to_control(KEPT, PORT + 2 + number % 2)).task
            assert (changed["changed"], changed["confirmed"], changed["ended_sessions"]) == (True, True, 0)
    assert talk.lost == []
    assert not box.apply(LET_IN).task.get("failed")


def test_absent_leaves_nothing_of_ours(box: Box) -> None:
    gone = box.apply(managed_from(CONTROL), "-e", "state=absent").task
    assert (gone["changed"], gone["confirmed"]) == (True, True)
    assert "faxnet" not in box.rules
    found = box.inside("find", "/etc", "-name", "*faxnet*", "-not", "-name", "faxnet-lab-*")
    assert found == ""
    assert not box.apply(managed_from(CONTROL), "-e", "state=absent").task["changed"]
