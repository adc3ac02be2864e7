# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the host: each is one sentence with a cure, and what is said of the rules is true."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import RULES_FILE, FirewallError, Ran
from tests.kernel import networks
from tests.kernel.hosts import NEW, OLD, SHORT, Host


@pytest.mark.fault("killed runs")
def test_what_killed_runs_left_is_told_and_removed_by_the_next(host: Host) -> None:
    host.settle(OLD)
    left = host.root / (RULES_FILE[1:] + ".0123456789ab")
    owners = host.root / (RULES_FILE[1:] + ".bak")
    for path in (left, owners):
        path.write_text("half", encoding="ascii")
    assert host.bring(OLD) == ([RULES_FILE + ".0123456789ab"], "")
    assert (left.exists(), owners.exists()) == (False, True)
    assert host.bring(OLD) == ([], "")


@pytest.mark.fault("killed runs")
def test_a_reboot_before_the_confirmation_leaves_files_that_the_next_run_removes(host: Host) -> None:
    host.settle(OLD)
    _differences, mark = host.bring(NEW)
    script = host.root / "run/faxnet/firewall" / mark
    networks.run("rm", "-r", str(script))  # what a reboot does to /run
    differences, mark = host.bring(OLD)
    assert RULES_FILE + "." + script.name in differences
    transaction.confirm(host.machine, mark)
    assert host.loose_ends() == []


@pytest.mark.fault("roll-back fails")
@pytest.mark.parametrize(
    ("stuck", "told"),
    [
        (False, "the old rules could not be loaded again, so faxnet has none now (nft says: no memory left)"),
        (True, "and the new ones could not be taken away, so they are in force still (nft says: no memory left)"),
    ],
)
def test_a_roll_back_that_fails_says_what_the_host_has_now(host: Host, tmp_path: Path, stuck: bool, told: str) -> None:
    host.settle(OLD)
    nft = host.machine.nft()
    broken = tmp_path / "nft"
    broken.write_text(
        f'#!/bin/sh\ncase "$1 $2" in *rollback.nft|{"delete*" if stuck else "none"}) echo "no memory" >&2; '
        f'echo left >&2; exit 1;; esac\nexec {nft} "$@"\n',
        encoding="ascii",
    )
    broken.chmod(0o755)
    faulty = replace(
        host, machine=replace(host.machine, find=lambda n: str(broken) if n == "nft" else host.machine.find(n))
    )
    _differences, mark = faulty.bring(NEW, SHORT)
    new = host.live
    said = transaction.outcome(host.machine, mark)
    assert said.endswith(told), said
    assert host.live == (new if stuck else None)


def directory(path: Path) -> None:
    path.mkdir(parents=True)


def fifo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def file(path: Path) -> None:
    path.write_text("", encoding="ascii")


@pytest.mark.fault("file system")
@pytest.mark.parametrize(
    ("place", "make", "message"),
    [
        ("etc/faxnet/nftables.nft", directory, "/etc/faxnet/nftables.nft on this host is no file.* Move away"),
        ("etc/faxnet/nftables.nft", fifo, "/etc/faxnet/nftables.nft on this host is no file.* Move away"),
        ("etc/faxnet", file, "etc/faxnet.*move away the file that lies in a directory's place"),
        ("run/faxnet", file, "run/faxnet.*move away the file that lies in a directory's place"),
    ],
)
def test_what_lies_in_the_place_of_our_files_is_named_and_nothing_changes(
    host: Host, place: str, make: Callable[[Path], None], message: str
) -> None:
    make(host.root / place)
    with pytest.raises(FirewallError, match=f"(?s){message}") as caught:
        host.bring(NEW)
    assert "nothing was changed" in str(caught.value)
    assert host.live is None


def test_a_rules_file_of_other_bytes_is_repaired(host: Host) -> None:
    host.settle(OLD)
    (host.root / RULES_FILE[1:]).write_bytes(b"\xff\x00\xfe")
    assert host.bring(OLD) == ([RULES_FILE], "")
    assert (host.root / RULES_FILE[1:]).read_text(encoding="utf-8") == OLD


@pytest.mark.fault("file system")
@pytest.mark.parametrize(
    ("full", "message"),
    [("etc", "Read-only file system; mount the file system"), ("run/faxnet", "No space left on device; make room")],
)
def test_a_place_that_cannot_be_written_is_named_with_its_cure_and_nothing_changes(
    host: Host, full: str, message: str
) -> None:
    host.settle(OLD)
    old = host.live
    place = host.root / full
    if full == "etc":
        networks.run("mount", "--bind", str(place), str(place))
        networks.run("mount", "-o", "remount,bind,ro", str(place))
    else:
        networks.run("mount", "-t", "tmpfs", "-o", "size=4k", "none", str(place))
        (place / "firewall").mkdir()
        (place / "filler").write_bytes(b"x" * 4096)
    try:
        with pytest.raises(FirewallError, match=f"nothing was changed.*{message}"):
            host.bring(NEW)
        assert host.live == old
    finally:
        networks.run("umount", str(place))
    assert host.loose_ends() == []


@pytest.mark.fault("file system")
@pytest.mark.parametrize("garbage", ["", "[]", "{}", "\x00\x01 garbage", '{"nftables": '])
def test_a_listing_of_nft_that_is_garbage_is_a_sentence(host: Host, garbage: str) -> None:
    def nft(argv: list[str], text: str | None) -> Ran:
        return Ran(0, garbage, "") if "-j" in argv else host.machine.run(argv, text)

    with pytest.raises(FirewallError, match="nothing was changed; look at nft -j list ruleset"):
        replace(host, machine=replace(host.machine, run=nft)).bring(NEW)
    assert host.live is None
