# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared with the kernel's own listing: equal is left alone, whatever differs is seen, and repaired."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import RULES_FILE
from tests.kernel import networks
from tests.kernel.hosts import NEW, OLD, TRACKED, Host, silent
from tests.unit.platforms.policies import nft_rules, permit, policy, router


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


@pytest.mark.fault("by hand")
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
    text = nft_rules(policy(input=[entry], output=[silent(9000, idle)]))
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


def test_rules_that_track_in_their_own_way_are_listed_as_they_were_loaded(host: Host) -> None:
    host.settle(TRACKED)
    assert host.bring(TRACKED) == ([], "")


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
    pairs = list(itertools.permutations(several, 2))
    assert len(pairs) == 20
    for first, second in pairs:
        host.settle(nft_rules(first))
        host.settle(nft_rules(second))
        assert host.bring(nft_rules(second)) == ([], "")


def test_forwarding_switched_off_by_hand_is_seen_and_repaired(host: Host) -> None:
    settings = ("net.ipv4.ip_forward",)
    text = nft_rules(router())
    host.settle(text, settings)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n", encoding="ascii")
    differences, mark = host.bring(text, settings=settings)
    assert differences == ["net.ipv4.ip_forward"]
    transaction.confirm(host.machine, mark)
    assert host.forwarding == "1"


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


def test_a_host_without_systemd_is_told_that_nothing_loads_the_rules_at_boot(host: Host) -> None:
    there, absent = (
        ensure.compare(host.machine, ensure.Wanted(text, (), (), tolerate_drops=False)) for text in (NEW, None)
    )
    assert [notice[:24] for notice in there.notices] == ["this host has no systemd"]
    assert absent.notices == ()


def test_absent_removes_everything_that_carries_our_name_and_nothing_else(host: Host) -> None:
    networks.run("nft", "add table inet site_own; add chain inet site_own something")
    foreign = networks.run("nft", "list", "ruleset")
    host.settle(nft_rules(router()), ("net.ipv4.ip_forward",))
    host.settle(None)
    assert networks.run("nft", "list", "ruleset") == foreign
    assert not (host.root / "etc/faxnet").exists()
    assert list((host.root / "etc/sysctl.d").iterdir()) == []
    assert host.forwarding == "0"
    assert host.bring(None) == ([], "")
