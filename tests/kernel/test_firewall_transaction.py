# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed host's side against a real kernel: compared, applied, confirmed or undone, never left half way."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    RULES_FILE,
    SYSCTL_FILE,
    FirewallError,
    Machine,
    Ran,
    live_table,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import nftables
from tests.kernel import networks
from tests.unit.platforms.policies import permit, policy, router

OLD = nftables.render(policy(input=[permit("192.0.2.1", "10.1.0.10")]))
NEW = nftables.render(policy(input=[permit("192.0.2.2", "10.1.0.10", "10000-10099")]))
LONG = 60  # seconds: a timer that does not fire within a test
SHORT = 1


@dataclass(frozen=True)
class Host:
    """A managed host in a namespace of its own."""

    machine: Machine
    root: Path

    def bring(self, text: str | None, timeout: int = LONG, settings: tuple[str, ...] = ()) -> tuple[list[str], str]:
        """One run up to the confirmation: (differences found, transaction to confirm or "")."""
        wanted = ensure.Wanted(text, settings, (), tolerate_drops=False)
        with transaction.lock(self.machine, 5):
            found = ensure.compare(self.machine, wanted)
            mark = ensure.apply(self.machine, found, timeout, os.urandom(6).hex()) if found.differences else ""
        return list(found.differences), mark

    def settle(self, text: str | None, settings: tuple[str, ...] = ()) -> None:
        """A whole run, confirmed."""
        _differences, mark = self.bring(text, settings=settings)
        if mark:
            transaction.confirm(self.machine, mark)

    @property
    def live(self) -> str | None:
        """Our table as the kernel lists it."""
        return live_table(self.machine)

    @property
    def forwarding(self) -> str:
        """The kernel's switch in this namespace."""
        return Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii").strip()

    def loose_ends(self) -> list[str]:
        """Files that a run staged and did not put in place."""
        return [str(path) for path in (self.root / "etc").rglob("*") if path.is_file() and path.suffix not in KNOWN]


KNOWN = {".nft", ".conf"}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A fresh host; this process stands in its namespace."""
    with networks.namespace("host") as name, networks.inside(name):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n", encoding="ascii")
        yield Host(networks.machine(tmp_path), tmp_path)


def undone(host: Host, mark: str) -> str:
    """Wait for the roll-back; what it says."""
    return transaction.outcome(host.machine, mark)


def test_rules_in_force_and_confirmed_are_left_alone_by_the_next_run(host: Host) -> None:
    differences, mark = host.bring(NEW)
    assert differences == ["table inet faxnet", RULES_FILE]
    transaction.confirm(host.machine, mark)
    table = host.live
    assert table is not None
    assert "192.0.2.2 . 10.1.0.10 . 10000-10099" in table
    written = (host.root / RULES_FILE[1:]).stat().st_mtime_ns
    assert host.bring(NEW) == ([], "")
    assert (host.live, (host.root / RULES_FILE[1:]).stat().st_mtime_ns) == (table, written)
    assert host.loose_ends() == []


@pytest.mark.parametrize(
    "by_hand",
    [
        "add rule inet faxnet faxnet_input tcp dport 99 accept",
        "insert rule inet faxnet faxnet_input drop",
        "add element inet faxnet faxnet_input_tcp4 { 192.0.2.9 . 10.1.0.10 . 99 }",
        "delete element inet faxnet faxnet_input_tcp4 { 192.0.2.2 . 10.1.0.10 . 10000-10099 }",
        "add chain inet faxnet spare",
        "delete table inet faxnet",
        "add chain inet faxnet faxnet_input { policy accept ; }",
        "add table inet faxnet { flags dormant ; }",
        "add counter inet faxnet another",
    ],
)
@pytest.mark.parametrize("idle", [None, 432000], ids=["", "with idle times"])
def test_what_was_changed_by_hand_is_seen_and_repaired(host: Host, by_hand: str, idle: int | None) -> None:
    entry = permit("192.0.2.2", "10.1.0.10", "10000-10099")
    text = nftables.render(policy(input=[entry], output=[silent(9000, idle)]))
    host.settle(text)
    good = host.live
    networks.run("nft", by_hand)
    assert host.live != good
    differences, mark = host.bring(text)
    assert differences == ["table inet faxnet"]
    transaction.confirm(host.machine, mark)
    assert host.live == good


def test_traffic_counted_is_no_difference(host: Host) -> None:
    host.settle(NEW)
    counted = networks.run("nft", "list", "table", "inet", "faxnet")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()
    assert networks.run("nft", "list", "table", "inet", "faxnet") != counted
    assert host.bring(NEW) == ([], "")


def test_without_a_confirmation_the_old_rules_come_back_by_themselves(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    _differences, mark = host.bring(NEW, SHORT)
    assert host.live != old
    began = time.monotonic()
    assert undone(host, mark) == "the old rules are back"
    assert time.monotonic() - began < SHORT + 1
    assert host.live == old
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == OLD
    assert host.loose_ends() == []


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


def test_confirmation_and_roll_back_at_the_same_moment_have_one_winner(host: Host) -> None:
    """Both race for the same rename; whoever wins, rules and file belong together."""
    winners = set()
    for attempt in range(12):
        host.settle(OLD)
        old = host.live
        _differences, mark = host.bring(NEW)
        script = host.root / "run/faxnet/firewall" / mark / "rollback.sh"
        undo = threading.Thread(target=subprocess.run, args=(["/bin/sh", str(script)],), kwargs={"check": False})
        undo.start()
        time.sleep(0.0004 * attempt)  # a shell starts in about a millisecond: let each side win some of the races
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
    assert winners == {"confirmation", "roll-back"}


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


def test_a_run_waits_for_another_that_is_not_confirmed_yet(host: Host) -> None:
    host.settle(OLD)
    host.bring(NEW, SHORT)
    began = time.monotonic()
    differences, _mark = host.bring(OLD)
    assert 0.5 < time.monotonic() - began < SHORT + 2
    assert differences == []  # it waited until the old rules were back


def test_a_run_whose_timer_was_lost_is_undone_by_the_next(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.settle(OLD)
    monkeypatch.setattr(transaction, "_arm", lambda *_: "")
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
        if text == NEW:
            time.sleep(SHORT + 0.5)
        real(machine, text)

    monkeypatch.setattr(transaction, "load", slow)
    with pytest.raises(FirewallError, match="took longer than confirm_timeout"):
        host.bring(NEW, SHORT)
    assert host.live == old


def test_rules_that_nft_refuses_change_nothing(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    with pytest.raises(FirewallError, match="nft refuses the new rules, nothing was changed"):
        host.bring(NEW.replace("tcp dport 22", "tcp dport nonsense"))
    assert host.live == old


TRACKED = nftables.render(
    policy(
        input=[permit("192.0.2.1", "10.1.0.10", "4559", helper="ftp")],
        output=[permit("10.1.0.10", "192.0.2.1", "44337", transport="udp", idle=432000)],
    )
)


def test_rules_that_track_in_their_own_way_are_listed_as_they_were_loaded(host: Host) -> None:
    host.settle(TRACKED)
    assert host.bring(TRACKED) == ([], "")


@pytest.mark.parametrize("idle", [1, 30, 120, 121, 432000])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_rules_with_any_idle_time_can_be_rolled_back_to(host: Host, transport: str, idle: int) -> None:
    """nft lists an object that holds the kernel's defaults alone in a way that it cannot read."""
    silent = permit("192.0.2.1", "10.1.0.10", transport=transport, idle=idle)
    host.settle(nftables.render(policy(input=[silent])))
    old = host.live
    _differences, mark = host.bring(NEW)
    transaction.roll_back(host.machine, mark)
    assert host.live == old


def tracked_for(port: int) -> int:
    """For how many more seconds the kernel knows a connection to a port."""
    listed = Path("/proc/self/net/nf_conntrack").read_text(encoding="ascii").splitlines()
    (seconds,) = [int(line.split()[4]) for line in listed if f"dport={port} " in line]
    return seconds


def silent(port: int, idle: int | None = 432000) -> dict[str, Any]:
    """A permit for datagrams from this host to itself, that may be followed by silence."""
    return permit("127.0.0.1", "127.0.0.1", str(port), transport="udp", idle=idle)


@pytest.mark.acceptance("KE-10")
@pytest.mark.parametrize(
    ("later", "known"),
    [
        (policy(output=[silent(9000)], input=[permit("192.0.2.2", "10.1.0.10")]), True),
        (
            policy(output=[silent(9000), silent(9001, 7200)], input=[permit("192.0.2.2", "10.1.0.10", helper="ftp")]),
            True,
        ),
        (policy(output=[silent(9000, 7200)]), False),
        (policy(output=[]), False),
    ],
    ids=["other rules", "more objects", "another time", "no time"],
)
def test_a_change_leaves_a_silent_channel_its_time_unless_it_takes_it_away(
    host: Host, later: dict[str, Any], known: bool
) -> None:
    host.settle(nftables.render(policy(output=[silent(9000)])))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.sendto(b"identifier", ("127.0.0.1", 9000))
        assert tracked_for(9000) > 400000
        host.settle(nftables.render(later))
        console.sendto(b"still there", ("127.0.0.1", 9000))
        assert (tracked_for(9000) > 400000) == known


def test_whatever_was_there_before_the_next_run_finds_nothing_to_change(host: Host) -> None:
    """What is kept is older than what is new, and the kernel lists by age."""
    several = [
        policy(output=[silent(9000)]),
        policy(output=[silent(9000), silent(9001, 7200)], input=[permit("192.0.2.2", "10.1.0.10", helper="ftp")]),
        policy(),
        router(
            output=[silent(9001, 7200), silent(9002, 500)], forward=[permit("192.0.2.1", "10.2.0.21", helper="ftp")]
        ),
        policy(output=[silent(9002, 500), silent(9000)]),
    ]
    for first, second in itertools.permutations(several, 2):
        host.settle(nftables.render(first))
        host.settle(nftables.render(second))
        assert host.bring(nftables.render(second)) == ([], "")


def test_what_was_added_by_hand_goes_and_the_channel_stays(host: Host) -> None:
    text = nftables.render(policy(output=[silent(9000)]))
    host.settle(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.sendto(b"identifier", ("127.0.0.1", 9000))
        for by_hand in (
            "add chain inet faxnet spare",
            "add rule inet faxnet faxnet_input jump spare",
            "add map inet faxnet where { type inet_service : verdict ; elements = { 25 : goto spare } ; }",
            "add quota inet faxnet much { 25 mbytes }",
            "add rule inet faxnet faxnet_input tcp dport vmap @where",
        ):
            networks.run("nft", by_hand)
        host.settle(text)
        assert host.bring(text) == ([], "")
        console.sendto(b"still there", ("127.0.0.1", 9000))
        assert tracked_for(9000) > 400000


def test_a_table_that_cannot_be_replaced_piece_by_piece_is_replaced_as_a_whole(host: Host) -> None:
    text, other = (nftables.render(policy(output=[silent(9000), silent(port, 500)])) for port in (9001, 9002))
    host.settle(text)

    def fussy(argv: list[str], given: str | None) -> Ran:
        if given and "flush table" in given:
            return Ran(1, "", "Error: Could not process rule: Device or resource busy")
        return host.machine.run(argv, given)

    replace_host = replace(host, machine=replace(host.machine, run=fussy))
    replace_host.settle(other)
    assert host.bring(other) == ([], "")


def test_a_helper_that_the_kernel_lacks_is_named_with_its_module_and_nothing_changes(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    with pytest.raises(FirewallError, match=r"nothing was changed: .*no .*helper nosuch: .*module nf_conntrack_nosuch"):
        host.bring(TRACKED.replace('type "ftp"', 'type "nosuch"'))
    assert host.live == old
    assert host.loose_ends() == []


def test_a_kernel_without_idle_times_is_told_what_it_needs(host: Host) -> None:
    """Such a kernel's answer, given for every text that holds such an object."""

    def older(argv: list[str], text: str | None) -> Ran:
        if text and "ct timeout" in text:
            return Ran(1, "", "/dev/stdin:2:13-13: Error: Could not process rule: No such file or directory")
        return host.machine.run(argv, text)

    wanted = ensure.Wanted(TRACKED, (), (), tolerate_drops=False)
    with pytest.raises(FirewallError, match=r"nothing was changed: .*CONFIG_NF_CONNTRACK_TIMEOUT") as caught:
        ensure.compare(replace(host.machine, run=older), wanted)
    assert "helper" not in str(caught.value)


def test_a_timer_that_cannot_be_armed_stops_the_run_before_anything_changes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise FirewallError("systemd-run: no bus")

    host.settle(OLD)
    old = host.live
    monkeypatch.setattr(transaction, "_arm", refuse)
    with pytest.raises(FirewallError, match=r"nothing was changed.*no bus"):
        host.bring(NEW)
    assert host.live == old
    assert host.loose_ends() == []


def test_a_router_forwards_after_its_rules_and_not_before_and_gets_its_old_value_back(host: Host) -> None:
    settings = ("net.ipv4.ip_forward",)
    text = nftables.render(router())
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


def test_forwarding_switched_off_by_hand_is_seen_and_repaired(host: Host) -> None:
    settings = ("net.ipv4.ip_forward",)
    text = nftables.render(router())
    host.settle(text, settings)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n", encoding="ascii")
    differences, mark = host.bring(text, settings=settings)
    assert differences == ["net.ipv4.ip_forward"]
    transaction.confirm(host.machine, mark)
    assert host.forwarding == "1"


def test_absent_removes_everything_that_carries_our_name_and_nothing_else(host: Host) -> None:
    networks.run("nft", "add table inet site_own; add chain inet site_own something")
    foreign = networks.run("nft", "list", "ruleset")
    host.settle(nftables.render(router()), ("net.ipv4.ip_forward",))
    host.settle(None)
    assert networks.run("nft", "list", "ruleset") == foreign
    assert not (host.root / "etc/faxnet").exists()
    assert list((host.root / "etc/sysctl.d").iterdir()) == []
    assert host.forwarding == "0"
    assert host.bring(None) == ([], "")


def test_absent_that_is_not_confirmed_brings_the_rules_back(host: Host) -> None:
    host.settle(NEW)
    new = host.live
    _differences, mark = host.bring(None, SHORT)
    assert host.live is None
    undone(host, mark)
    assert host.live == new


def test_comparing_touches_nothing(host: Host) -> None:
    host.settle(OLD)
    before = (networks.run("nft", "list", "ruleset"), sorted(map(str, host.root.rglob("etc/**/*"))))
    found = ensure.compare(host.machine, ensure.Wanted(NEW, (), (), tolerate_drops=False))
    assert found.differences == ("table inet faxnet", RULES_FILE)
    parts = ensure.diff(host.machine, found)
    assert [part["before_header"] for part in parts] == ["table inet faxnet"]
    assert "192.0.2.1 . 10.1.0.10" in parts[0]["before"]
    assert "192.0.2.2 . 10.1.0.10" in parts[0]["after"]
    assert (networks.run("nft", "list", "ruleset"), sorted(map(str, host.root.rglob("etc/**/*")))) == before


def test_a_host_without_nft_is_told_what_to_install(host: Host) -> None:
    bare = replace(host.machine, find=lambda _name: None)
    with pytest.raises(FirewallError, match="nft is missing on this host; install the package nftables"):
        live_table(bare)


def test_a_kernel_that_gives_no_namespace_is_a_clear_refusal(host: Host) -> None:
    def stingy(argv: list[str], text: str | None) -> Ran:
        if "unshare" in argv[0]:
            return Ran(1, "", "unshare: unshare failed: Operation not permitted")
        return host.machine.run(argv, text)

    with pytest.raises(FirewallError, match=r"cannot be rehearsed.*CAP_SYS_ADMIN"):
        ensure.compare(replace(host.machine, run=stingy), ensure.Wanted(NEW, (), (), tolerate_drops=False))
