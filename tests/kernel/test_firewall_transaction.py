# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is confirmed or undone, by timer, reboot or the next run, and is never left half way."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import timer, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    RULES_FILE,
    SYSCTL_FILE,
    FirewallError,
    Machine,
)
from tests.kernel import networks
from tests.kernel.hosts import LONG, NEW, OLD, SHORT, Host
from tests.unit.platforms.policies import nft_rules, permit, policy, router


def undone(host: Host, mark: str) -> str:
    """Wait for the roll-back; what it says."""
    return transaction.outcome(host.machine, mark)


@pytest.mark.fault("shut out on the way", "controller dies")
def test_without_a_confirmation_the_old_rules_come_back_by_themselves(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    _differences, mark = host.bring(NEW, SHORT)
    assert host.live != old
    assert undone(host, mark) == "the old rules are back"
    assert host.live == old
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == OLD
    assert host.loose_ends() == []


@pytest.mark.fault("controller dies")
def test_a_first_run_that_is_not_confirmed_leaves_nothing(host: Host) -> None:
    _differences, mark = host.bring(NEW, SHORT)
    undone(host, mark)
    assert host.live is None
    assert not (host.root / RULES_FILE[1:]).exists()


def test_a_late_confirmation_changes_nothing_and_says_so(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    _differences, mark = host.bring(NEW, SHORT)
    undone(host, mark)
    with pytest.raises(transaction.TooLateError, match="the old rules are back"):
        transaction.confirm(host.machine, mark)
    assert host.live == old
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == OLD


def test_a_confirmation_may_be_repeated_when_its_answer_was_lost(host: Host) -> None:
    _differences, mark = host.bring(NEW)
    transaction.confirm(host.machine, mark)
    transaction.confirm(host.machine, mark)
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == NEW


@pytest.mark.fault("same moment")
def test_confirmation_and_roll_back_at_the_same_moment_have_one_winner(host: Host) -> None:
    """Both race for the same rename; whoever wins, rules and file belong together."""
    winners = set()
    for attempt in range(60):
        host.settle(OLD)
        old = host.live
        _differences, mark = host.bring(NEW)
        script = host.root / "run/faxnet/firewall" / mark / "rollback.sh"
        undo = threading.Thread(target=subprocess.run, args=(["/bin/sh", str(script)],), kwargs={"check": False})
        undo.start()
        time.sleep(
            0.0004 * attempt
        )  # a shell starts in a millisecond or some more: let each side win some of the races
        try:
            transaction.confirm(host.machine, mark)
            winners.add("confirmation")
            undo.join()
            assert host.live != old
            assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == NEW
        except transaction.TooLateError:
            winners.add("roll-back")
            undo.join()
            assert host.live == old
            assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == OLD
        if attempt > 10 and len(winners) == 2:
            break
    assert winners == {"confirmation", "roll-back"}


@pytest.mark.fault("reboot")
def test_a_reboot_before_the_confirmation_brings_the_old_rules(host: Host, tmp_path: Path) -> None:
    host.settle(OLD)
    old = host.live
    host.bring(NEW, LONG)
    with networks.namespace("rebooted") as name, networks.inside(name):
        # What the unit does at boot: load the file. /run and the kernel's rules are gone.
        networks.run("nft", "-f", str(tmp_path / RULES_FILE[1:]))
        assert host.live == old


def test_a_reboot_after_the_confirmation_brings_the_new_rules(host: Host, tmp_path: Path) -> None:
    host.settle(NEW)
    new = host.live
    with networks.namespace("rebooted") as name, networks.inside(name):
        networks.run("nft", "-f", str(tmp_path / RULES_FILE[1:]))
        assert host.live == new


@pytest.mark.fault("two runs")
def test_a_run_waits_for_another_that_is_not_confirmed_yet(host: Host) -> None:
    host.settle(OLD)
    host.bring(NEW, SHORT)
    differences, _mark = host.bring(OLD)
    assert differences == []  # it waited until the old rules were back


def test_a_run_whose_timer_was_lost_is_undone_by_the_next(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.settle(OLD)
    monkeypatch.setattr(timer, "arm", lambda *_: "")
    monkeypatch.setattr(transaction, "_MARGIN", 0.5)
    host.bring(NEW, SHORT)
    assert host.bring(OLD)[0] == []


def test_two_runs_at_once_do_not_prepare_together(host: Host) -> None:
    with (
        transaction.lock(host.machine, 5),
        pytest.raises(FirewallError, match="another run has been changing"),
        transaction.lock(host.machine, 0.2),
    ):
        pass


def test_a_roll_back_faster_than_the_loading_wins(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """nft may be so slow that the timer fires first; the new rules must not stay without a timer."""
    host.settle(OLD)
    old = host.live
    real = transaction.load

    def slow(machine: Machine, text: str) -> None:
        if "10000-10099" in text:
            time.sleep(SHORT + 0.5)
        real(machine, text)

    monkeypatch.setattr(transaction, "load", slow)
    with pytest.raises(FirewallError, match="took longer than confirm_timeout"):
        host.bring(NEW, SHORT)
    assert host.live == old


@pytest.mark.parametrize("idle", [1, 30, 120, 121, 432000])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_rules_with_any_idle_time_can_be_rolled_back_to(host: Host, transport: str, idle: int) -> None:
    """nft lists an object that holds the kernel's defaults alone in a way that it cannot read."""
    silent = permit("192.0.2.1", "10.1.0.10", transport=transport, idle=idle)
    host.settle(nft_rules(policy(input=[silent])))
    old = host.live
    _differences, mark = host.bring(NEW)
    transaction.roll_back(host.machine, mark)
    assert host.live == old


def test_a_router_forwards_after_its_rules_and_not_before_and_gets_its_old_value_back(host: Host) -> None:
    settings = ("net.ipv4.ip_forward",)
    text = nft_rules(router())
    differences, mark = host.bring(text, SHORT, settings)
    assert differences == ["table inet faxnet", "net.ipv4.ip_forward", RULES_FILE, SYSCTL_FILE]
    assert host.forwarding == "1"
    undone(host, mark)
    assert (host.forwarding, host.live) == ("0", None)
    host.settle(text, settings)
    assert host.forwarding == "1"
    assert "net.ipv4.ip_forward = 1" in (host.root / SYSCTL_FILE[1:]).read_text(encoding="ascii")
    assert host.bring(text, settings=settings) == ([], "")
    host.settle(OLD)  # no router any more
    assert host.forwarding == "0"
    assert not (host.root / SYSCTL_FILE[1:]).exists()


def test_absent_that_is_not_confirmed_brings_the_rules_back(host: Host) -> None:
    host.settle(NEW)
    new = host.live
    _differences, mark = host.bring(None, SHORT)
    assert host.live is None
    undone(host, mark)
    assert host.live == new


def test_a_held_change_outlives_its_first_timer_and_is_undone_by_its_second(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    _differences, mark = host.bring(NEW, SHORT)
    transaction.hold(host.machine, mark, 3 * SHORT)
    time.sleep(2 * SHORT)
    assert host.live != old
    assert undone(host, mark) == "the old rules are back"
    assert host.live == old
    assert host.loose_ends() == []


def test_a_held_change_can_be_held_again_and_confirmed(host: Host) -> None:
    host.settle(OLD)
    _differences, mark = host.bring(NEW, SHORT)
    transaction.hold(host.machine, mark, SHORT)
    transaction.hold(host.machine, mark, LONG)
    time.sleep(2 * SHORT)
    new = host.live
    transaction.confirm(host.machine, mark)
    assert host.live == new
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == NEW


def test_holding_comes_too_late_when_the_timer_has_fired(host: Host) -> None:
    host.settle(OLD)
    _differences, mark = host.bring(NEW, SHORT)
    undone(host, mark)
    with pytest.raises(transaction.TooLateError, match="the old rules are back"):
        transaction.hold(host.machine, mark, LONG)


@pytest.mark.fault("two runs")
def test_another_run_is_refused_while_a_change_is_held_for_long(host: Host) -> None:
    _differences, mark = host.bring(NEW, SHORT)
    transaction.hold(host.machine, mark, LONG)
    with pytest.raises(FirewallError, match=r"together with other hosts'; it ends within \d+ s"):
        host.bring(OLD)
    transaction.undo(host.machine, mark)
    assert host.bring(OLD)[0] != []


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("first", [None, OLD], ids=["none", "old"])
def test_a_change_can_be_taken_back_also_after_its_confirmation(host: Host, confirmed: bool, first: str | None) -> None:
    host.settle(first)
    before = host.picture()
    _differences, mark = host.bring(NEW, settings=("net.ipv4.ip_forward",))
    if confirmed:
        transaction.confirm(host.machine, mark)
        assert host.picture() != before
    assert transaction.undo(host.machine, mark) == "the old rules are back"
    assert host.picture() == before
    assert transaction.undo(host.machine, mark) == "the old rules are back"


def test_a_change_of_files_alone_is_held_where_other_hosts_change(host: Host) -> None:
    host.settle(OLD)
    rules = host.root / RULES_FILE[1:]
    rules.write_text("# by hand\n", encoding="utf-8")
    before = host.picture()
    differences, mark = host.bring(OLD, SHORT, together=True)
    assert differences == [RULES_FILE]
    assert rules.read_text(encoding="utf-8") == "# by hand\n"
    undone(host, mark)
    assert host.picture() == before
    _differences, mark = host.bring(OLD, together=True)
    transaction.confirm(host.machine, mark)
    assert rules.read_text(encoding="utf-8") == OLD
